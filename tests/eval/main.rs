//! `wakemill eval`, through the program: its files, its figures, and what it
//! says about input that cannot be evaluated.

#![allow(clippy::unwrap_used)]

mod heard;

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use tempfile::TempDir;

use wakemill::classifier;
use wakemill::dataset::npy::NpyWriter;
use wakemill::onnx::{
    Attribute, DimensionValue, Graph, Model, Node, StringEntry, Tensor, ValueInfo,
};

const STEPS: usize = 16;
const SIZE: usize = 96;
const ROW: usize = STEPS * SIZE;

/// The keys of livekit-wakeword, in its order.
const LIVEKIT_KEYS: [&str; 11] = [
    "aut",
    "fpph",
    "recall",
    "accuracy",
    "threshold",
    "optimal_threshold",
    "optimal_recall",
    "optimal_fpph",
    "n_positive",
    "n_negative",
    "validation_hours",
];

/// A folder with a configuration, features and a classifier.
struct Bench(TempDir);

impl Bench {
    /// 60 positives and 90 negatives in two files, told apart well but not
    /// always, by `hey.onnx`.
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(bench.output()).unwrap();
        fs::create_dir_all(bench.path("data/features")).unwrap();
        bench.configure("");
        bench.features("positive_features_test", &rows(1, 60, 0.35));
        bench.features("negative_features_test", &rows(2, 50, -0.35));
        bench.features("background_noise_features_test", &rows(3, 40, -0.6));
        bench.model("hey", &line(["n".into(), "16".into(), "96".into()]));
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn output(&self) -> PathBuf {
        self.path("out/hey")
    }

    fn configure(&self, more: &str) {
        let text = format!(
            "model_name: hey\ntarget_phrases: [hey]\noutput_dir: ./out\ndata_dir: ./data\n{more}\n"
        );
        fs::write(self.path("config.yaml"), text).unwrap();
    }

    fn features(&self, name: &str, rows: &[f32]) {
        let path = self.output().join(format!("{name}.npy"));
        let mut file = NpyWriter::create(&path, [STEPS, SIZE]).unwrap();
        file.append(rows).unwrap();
        file.finish().unwrap();
    }

    fn model(&self, name: &str, model: &Model) -> PathBuf {
        let path = self.output().join(format!("{name}.onnx"));
        fs::write(&path, model.to_bytes()).unwrap();
        path
    }

    fn command(&self, models: &[&Path]) -> Command {
        let mut command = Command::cargo_bin("wakemill").unwrap();
        command
            .current_dir(self.0.path())
            .args(["eval", "config.yaml"]);
        for model in models {
            command.arg("--model").arg(model);
        }
        command
    }

    fn run(&self, models: &[&Path]) -> Value {
        self.command(models).assert().success();
        self.figures("hey")
    }

    fn figures(&self, name: &str) -> Value {
        let path = self.output().join(format!("{name}_eval.json"));
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    /// Expects a refusal that says all of this.
    fn refuses(&self, models: &[&Path], code: i32, says: &[&str]) {
        let mut assert = self.command(models).assert().code(code);
        for text in says {
            assert = assert.stderr(contains(*text));
        }
        assert.stderr(contains("panicked").not());
    }
}

/// Rows of noise around a mean.
fn rows(seed: u64, count: usize, mean: f32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut noise = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    };
    let mut rows = Vec::new();
    for _ in 0..count {
        let level = mean + 0.8 * noise();
        rows.extend((0..ROW).map(|_| level + noise()));
    }
    rows
}

/// The score that [`line`] gives a row: the logistic function of four times
/// its mean.
fn score(row: &[f32]) -> f64 {
    let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / ROW as f64;
    1.0 / (1.0 + (-4.0 * mean).exp())
}

fn dims<const N: usize>(dims: [String; N]) -> Vec<DimensionValue> {
    let dim = |text: String| match text.parse() {
        Ok(number) => DimensionValue::Value(number),
        Err(_) => DimensionValue::Param(text),
    };
    dims.into_iter().map(dim).collect()
}

/// A linear classifier of an input of that shape.
fn line<const N: usize>(input: [String; N]) -> Model {
    let batch = input[0].clone();
    classifier_model(dims(input), 1, dims([batch, "1".into()]))
}

fn classifier_model(
    input: Vec<DimensionValue>,
    outputs: usize,
    output: Vec<DimensionValue>,
) -> Model {
    let size = |dim: &DimensionValue| match dim {
        DimensionValue::Value(size) => *size as usize,
        DimensionValue::Param(_) => 1,
    };
    let row: usize = input[1..].iter().map(size).product();
    let weight = vec![4.0 / row as f32; row * outputs];
    let graph = Graph {
        name: "line".to_owned(),
        node: vec![
            Node::new("Flatten", &["x"], "flat", vec![Attribute::int("axis", 1)]),
            Node::new("MatMul", &["flat", "w"], "sum", vec![]),
            Node::new("Sigmoid", &["sum"], "score", vec![]),
        ],
        initializer: vec![Tensor::floats("w", &[row as i64, outputs as i64], &weight)],
        input: vec![ValueInfo::float_tensor("x", input)],
        output: vec![ValueInfo::float_tensor("score", output)],
        ..Graph::default()
    };
    Model::new(graph)
}

/// The bytes of an `.npy` file.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    while (10 + header.len()) % 64 != 0 {
        header.insert(header.len() - 1, ' ');
    }
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[track_caller]
fn assert_close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} {expected}");
}

#[test]
fn the_figures_are_those_of_the_scores() {
    let bench = Bench::new();
    let found = bench.run(&[]);
    let scores = |rows: Vec<f32>| rows.chunks(ROW).map(score).collect::<Vec<_>>();
    let positives = scores(rows(1, 60, 0.35));
    let mut negatives = scores(rows(2, 50, -0.35));
    negatives.extend(scores(rows(3, 40, -0.6)));

    let keys: Vec<_> = found.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), LIVEKIT_KEYS.len() + 1);
    assert!(LIVEKIT_KEYS.iter().all(|key| found[*key].is_number()));
    assert_eq!(found["n_positive"], 60);
    assert_eq!(found["n_negative"], 90);
    assert_eq!(found["validation_hours"], 0.05);
    let above = |scores: &[f64]| scores.iter().filter(|&&score| score >= 0.5).count() as f64;
    assert_close(number(&found["recall"]), above(&positives) / 60.0, 1e-9);
    assert_close(number(&found["fpph"]), above(&negatives) / 0.05, 1e-6);

    // The area under the curve is the share of pairs in the wrong order.
    let wrong = positives
        .iter()
        .flat_map(|p| negatives.iter().map(move |n| n > p))
        .filter(|&wrong| wrong)
        .count();
    assert_close(number(&found["aut"]), wrong as f64 / 5400.0, 0.01);
    assert!((0.02..0.4).contains(&number(&found["aut"])));

    let honest = &found["wakemill"];
    assert_close(
        number(&honest["negative_hours"]),
        90.0 * 1.28 / 3600.0,
        1e-9,
    );
    let optimal = &honest["optimal"];
    assert!(number(&optimal["recall"]["low"]) < number(&optimal["recall"]["value"]));
    // At the equal error rate as many are missed as are false, but for ties.
    let threshold = number(&honest["equal_error"]["threshold"]);
    let rate = number(&honest["equal_error"]["rate"]);
    let missed = positives.iter().filter(|&&score| score < threshold).count() as f64;
    let false_positives = negatives
        .iter()
        .filter(|&&score| score >= threshold)
        .count() as f64;
    assert_close(rate, missed / 60.0, 1.5 / 60.0);
    assert_close(rate, false_positives / 90.0, 1.5 / 60.0);
}

#[test]
fn each_file_of_negatives_has_its_own_line() {
    let bench = Bench::new();
    let stream = rows(4, 3, -1.0);
    // Three rows and half a one.
    let data = floats(&[&stream[..], &stream[..8 * SIZE]].concat());
    let path = bench.path("data/features/validation_set_features.npy");
    fs::write(path, npy("<f4", "(56, 96)", &data)).unwrap();
    bench
        .command(&[])
        .assert()
        .success()
        .stderr(contains("the last 8 of 56 embeddings are left out"))
        .stdout(contains("validation_set"));
    let found = bench.figures("hey");
    assert_eq!(found["n_negative"], 93);
    let files = found["wakemill"]["negatives"].as_array().unwrap();
    let rows: Vec<_> = files.iter().map(|file| number(&file["rows"])).collect();
    assert_eq!(rows, [50.0, 40.0, 3.0]);
    let false_positives: f64 = files
        .iter()
        .map(|file| number(&file["false_positives"]))
        .sum();
    assert_eq!(
        false_positives,
        number(&found["wakemill"]["fixed"]["false_positives"])
    );
    assert_close(number(&files[2]["hours"]), 3.0 * 1.28 / 3600.0, 1e-9);
}

#[test]
fn overlapping_rows_count_the_seconds_that_they_add() {
    let bench = Bench::new();
    let stream = rows(5, 4, -1.0);
    // A window every 4 embeddings.
    let windows = stream.windows(ROW).step_by(4 * SIZE).collect::<Vec<_>>();
    assert_eq!(windows.len(), 13);
    bench.features("negative_features_test", &windows.concat());
    let found = bench.run(&[]);
    let file = &found["wakemill"]["negatives"][0];
    assert_close(number(&file["row_seconds"]), 0.32, 1e-9);
    assert_close(number(&file["hours"]), 13.0 * 0.32 / 3600.0, 1e-9);
}

#[test]
fn half_precision_features_give_nearly_the_same() {
    let bench = Bench::new();
    let expected = bench.run(&[]);
    // Multiples of 1/64 in this range are exact in half precision.
    let coarse: Vec<f32> = rows(1, 60, 0.35)
        .iter()
        .map(|x| (x * 64.0).round() / 64.0)
        .collect();
    let half = |x: &f32| -> [u8; 2] {
        let bits = x.to_bits();
        let exponent = (bits >> 23 & 0xFF) as i32 - 127 + 15;
        let magnitude = match *x {
            0.0 => 0,
            _ => (exponent as u32) << 10 | (bits >> 13 & 0x3FF),
        };
        ((bits >> 16 & 0x8000 | magnitude) as u16).to_le_bytes()
    };
    let data: Vec<u8> = coarse.iter().flat_map(half).collect();
    let path = bench.output().join("positive_features_test.npy");
    fs::write(path, npy("<f2", "(60, 16, 96)", &data)).unwrap();
    let found = bench.run(&[]);
    assert_eq!(found["n_positive"], 60);
    assert_close(number(&found["aut"]), number(&expected["aut"]), 0.005);
}

#[test]
fn baked_and_flat_models_agree_with_the_dynamic_one() {
    let bench = Bench::new();
    let expected = bench.run(&[]);
    let baked = bench.model("baked", &line(["1".into(), "16".into(), "96".into()]));
    let mut mixing = line(["1".into(), "16".into(), "96".into()]);
    let graph = mixing.graph.as_mut().unwrap();
    // Of a batch of 1, all is the first row.
    graph.node[0].attribute = vec![Attribute::int("axis", 0)];
    let mixing = bench.model("mixing", &mixing);
    let seven = bench.model("seven", &line(["7".into(), "16".into(), "96".into()]));
    let flat = bench.model("flat", &line(["n".into(), "1536".into()]));
    bench
        .command(&[&baked, &mixing, &seven, &flat])
        .assert()
        .success()
        .stderr(contains(
            "baked.onnx: a batch of 1 is baked into the model; it runs rewritten",
        ))
        .stderr(contains(
            "mixing.onnx: a batch of 1 is baked into the model; it runs with that (its Flatten",
        ))
        .stderr(contains(
            "seven.onnx: a batch of 7 is baked into the model; it runs with that",
        ))
        .stdout(contains("flat"));
    let batches = [
        ("baked", 128, Some((1, true))),
        ("mixing", 1, Some((1, false))),
        ("seven", 7, Some((7, false))),
        ("flat", 128, None),
    ];
    for (name, batch, baked) in batches {
        let found = bench.figures(name);
        assert_eq!(found["wakemill"]["batch"], batch);
        let told = &found["wakemill"]["baked_batch"];
        let told = told["rows"]
            .as_u64()
            .zip(told["rewrite"]["applied"].as_bool());
        assert_eq!(told, baked, "{name}");
        for key in LIVEKIT_KEYS {
            assert_close(number(&found[key]), number(&expected[key]), 1e-9);
        }
    }
    assert!(bench.output().join("hey_det.png").is_file());
}

#[test]
fn scores_do_not_depend_on_the_batch() {
    let bench = Bench::new();
    let path = bench.output().join("hey.onnx");
    let cpu = ["cpu".to_owned()];
    let loaded = classifier::load(&[path], &cpu, None, &mut |_| {}).unwrap();
    let rows = rows(6, 100, 0.0);
    let scores = |batch| {
        let mut scores = Vec::new();
        let mut scorer = loaded.all[0].open(STEPS, batch).unwrap();
        scorer.score(&rows, &mut scores).unwrap();
        scores
    };
    let expected: Vec<f64> = rows.chunks(ROW).map(score).collect();
    for batch in [1, 7, 64, 100, 1000] {
        let scores = scores(batch);
        assert_eq!(scores.len(), 100);
        for (found, expected) in scores.iter().zip(&expected) {
            assert_close(f64::from(*found), *expected, 1e-6);
        }
    }
}

#[test]
fn figures_do_not_depend_on_batch_or_workers() {
    let bench = Bench::new();
    // More than one block.
    bench.features("negative_features_test", &rows(7, 1_300, -0.5));
    let mut expected = bench.run(&[]);
    for settings in [
        "eval: {batch_size: 1, n_workers: 1}",
        "eval: {batch_size: 33, n_workers: 5}",
        "eval: {batch_size: 5000, n_workers: 2}",
    ] {
        bench.configure(settings);
        let mut found = bench.run(&[]);
        assert!(found["wakemill"]["batch"].take().is_number());
        expected["wakemill"]["batch"].take();
        assert_eq!(found, expected, "{settings}");
    }
}

#[test]
fn the_plot_is_a_picture_with_a_falling_curve() {
    let bench = Bench::new();
    bench.run(&[]);
    let file = fs::File::open(bench.output().join("hey_det.png")).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (1200, 1050 + 3 * 30));
    assert_eq!(info.color_type, png::ColorType::Rgb);
    // The highest pixel of the curve's color in each column that has one, above
    // the axis.
    let width = info.width as usize;
    let blue = |x: usize, y: usize| pixels[3 * (y * width + x)..][..3] == [0x25, 0x63, 0xEB];
    let tops: Vec<usize> = (0..width)
        .filter_map(|x| (0..960).find(|&y| blue(x, y)))
        .collect();
    assert!(tops.len() > 800, "{} columns", tops.len());
    assert!(
        tops.windows(2).all(|pair| pair[1] + 3 >= pair[0]),
        "it rises"
    );
    assert!(tops[tops.len() - 1] - tops[0] > 500, "it is flat");
}

#[test]
fn features_that_cannot_be_evaluated_are_refused() {
    let bench = Bench::new();
    let positives = bench.output().join("positive_features_test.npy");
    let negatives = bench.output().join("negative_features_test.npy");
    let refused = |path: &Path, bytes: &[u8], says: &[&str]| {
        let before = fs::read(path).unwrap();
        fs::write(path, bytes).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        bench.refuses(&[], 2, &[&[name], says].concat());
        fs::write(path, before).unwrap();
    };
    let row = floats(&rows(1, 1, 0.0));
    refused(
        &negatives,
        &npy("<f4", "(1, 96, 16)", &row),
        &["shape [1, 96, 16]", "expected (N, 16, 96)"],
    );
    refused(
        &positives,
        &npy("<f4", "(16, 96)", &row),
        &["shape [16, 96]"],
    );
    refused(
        &negatives,
        &npy("<f4", "(1, 8, 96)", &row[..row.len() / 2]),
        &["shape [1, 8, 96]", "as the model takes it"],
    );
    refused(
        &negatives,
        &npy("<f8", "(1, 8, 96)", &row),
        &["not float32 ('<f4') or float16"],
    );
    refused(
        &negatives,
        &npy("<f4", "(2, 16, 96)", &row),
        &["the header says"],
    );
    refused(&negatives, b"junk", &["not an .npy file"]);
    refused(
        &positives,
        &npy("<f4", "(0, 16, 96)", &[]),
        &["holds no rows"],
    );
    bench.run(&[]);

    fs::remove_file(&positives).unwrap();
    bench.refuses(&[], 2, &["no positives", "does not exist", "wakemill run"]);
}

#[test]
fn negatives_may_be_missing_but_not_all() {
    let bench = Bench::new();
    let empty = npy("<f4", "(0, 16, 96)", &[]);
    fs::write(
        bench.output().join("background_noise_features_test.npy"),
        &empty,
    )
    .unwrap();
    bench
        .command(&[])
        .assert()
        .success()
        .stderr(contains("background_noise_features_test.npy holds no rows"));
    assert_eq!(bench.figures("hey")["n_negative"], 50);
    fs::remove_file(bench.output().join("negative_features_test.npy")).unwrap();
    bench.refuses(&[], 2, &["no negatives", "validation_set_features.npy"]);
}

#[test]
fn a_score_that_is_no_number_names_file_and_row() {
    let bench = Bench::new();
    let mut rows = rows(2, 50, -0.35);
    rows[41 * ROW + 5] = f32::NAN;
    bench.features("negative_features_test", &rows);
    bench.refuses(
        &[],
        1,
        &[
            "negative_features_test.npy",
            "the score NaN for row 41",
            "the features hold NaN",
        ],
    );
    assert!(!bench.output().join("hey_eval.json").exists());

    // Good features, but a root of what is negative at times.
    let bench = Bench::new();
    let mut model = line(["n".into(), "16".into(), "96".into()]);
    model.graph.as_mut().unwrap().node[2].op_type = "Sqrt".to_owned();
    let root = bench.model("root", &model);
    bench
        .command(&[&root])
        .assert()
        .code(1)
        .stderr(contains("root.onnx gives the score NaN for row"))
        .stderr(contains("the features hold NaN").not());
}

#[test]
fn what_is_no_classifier_is_refused() {
    let bench = Bench::new();
    let refused = |name: &str, model: &Model, says: &str| {
        let path = bench.model(name, model);
        let file = format!("{name}.onnx");
        bench.refuses(&[&path], 2, &[&file, "not a wake-word classifier", says]);
    };
    let n = || DimensionValue::Param("n".into());
    let size = DimensionValue::Value;
    let input = || vec![n(), size(16), size(96)];
    refused(
        "timer",
        &classifier_model(input(), 7, vec![n(), size(7)]),
        "its first output has shape (?, 7)",
    );
    refused(
        "mel",
        &classifier_model(vec![n(), size(16), size(32)], 1, vec![n(), size(1)]),
        "its input has shape (?, 16, 32)",
    );
    let mut two = line(["n".into(), "16".into(), "96".into()]);
    let graph = two.graph.as_mut().unwrap();
    graph
        .input
        .push(ValueInfo::float_tensor("state", vec![n()]));
    refused("two", &two, "more than one input");

    // What it does not declare is found out when it runs.
    let open_ended = vec![n(), DimensionValue::Param("k".into())];
    let liar = bench.model("liar", &classifier_model(input(), 7, open_ended));
    bench.refuses(
        &[&liar],
        1,
        &["liar.onnx", "it gives 420 values for 60 rows"],
    );

    let path = bench.path("junk.onnx");
    fs::write(&path, b"not a model at all").unwrap();
    bench.refuses(&[&path], 2, &["junk.onnx", "not an ONNX model"]);
    let path = bench.path("nowhere.onnx");
    bench.refuses(&[&path], 2, &["nowhere.onnx", "cannot be read"]);
}

#[test]
fn models_that_do_not_go_together_are_refused() {
    let bench = Bench::new();
    let hey = bench.output().join("hey.onnx");
    let other = bench.path("hey.onnx");
    fs::copy(&hey, &other).unwrap();
    bench.refuses(&[&hey, &other], 2, &["both write hey_eval.json"]);
    let n = || DimensionValue::Param("n".into());
    let size = DimensionValue::Value;
    let long = vec![n(), size(22), size(96)];
    let long = bench.model("long", &classifier_model(long, 1, vec![n(), size(1)]));
    bench.refuses(&[&hey, &long], 2, &["evaluate them apart"]);
    bench.refuses(&[&long], 2, &["expected (N, 22, 96)"]);
}

#[test]
fn a_pipeline_is_no_evaluation() {
    let bench = Bench::new();
    fs::write(
        bench.path("p.toml"),
        wakemill::config::starter(None).unwrap(),
    )
    .unwrap();
    Command::cargo_bin("wakemill")
        .unwrap()
        .current_dir(bench.0.path())
        .args(["eval", "p.toml"])
        .assert()
        .code(2)
        .stderr(contains(
            "eval reads configurations of livekit-wakeword and openWakeWord",
        ));
}

#[test]
fn files_that_no_evaluation_wrote_are_kept() {
    for name in ["hey_eval.json", "hey_det.png"] {
        let bench = Bench::new();
        let path = bench.output().join(name);
        for own in ["my own", "{\"aut\": \"of my car\"}"] {
            fs::write(&path, own).unwrap();
            let refused = bench.command(&[]).assert().code(2);
            refused.stderr(contains(name).and(contains("--overwrite")));
            assert_eq!(fs::read_to_string(&path).unwrap(), own);
        }
        bench.command(&[]).arg("--overwrite").assert().success();
        // Those of an evaluation are replaced without a word.
        bench.command(&[]).assert().success();
    }
}

/// Moves a model's weights into a file, after `offset` other bytes; gives what
/// belongs into the file.
fn outside(model: &mut Model, location: &str, offset: usize) -> Vec<u8> {
    let entry = |key: &str, value: String| StringEntry {
        key: key.to_owned(),
        value,
    };
    let mut data = vec![7; offset];
    for tensor in &mut model.graph.as_mut().unwrap().initializer {
        let raw = tensor.raw_data.take().unwrap();
        tensor.external_data = vec![
            entry("location", location.to_owned()),
            entry("offset", data.len().to_string()),
            entry("length", raw.len().to_string()),
        ];
        tensor.data_location = Some(1);
        data.extend(raw);
    }
    data
}

#[test]
fn weights_beside_the_model_are_its_own() {
    let bench = Bench::new();
    let mut expected = bench.run(&[]);
    let shape = || ["n".into(), "16".into(), "96".into()];
    for (offset, baked) in [(0, false), (4096, false), (64, true)] {
        let mut input: [String; 3] = shape();
        if baked {
            input[0] = "1".into();
        }
        let mut model = line(input);
        let data = outside(&mut model, "m.onnx.data", offset);
        let path = bench.model("m", &model);
        fs::write(bench.output().join("m.onnx.data"), data).unwrap();
        let mut found = bench.run(&[&path]);
        for figures in [&mut found, &mut expected] {
            figures["wakemill"] = Value::Null;
        }
        assert_eq!(found, expected, "{offset}");
    }
}

#[test]
fn weights_that_cannot_be_had_are_named() {
    let bench = Bench::new();
    let model = |location: &str, change: fn(&mut Tensor)| {
        let mut model = line(["n".into(), "16".into(), "96".into()]);
        let data = outside(&mut model, location, 0);
        change(&mut model.graph.as_mut().unwrap().initializer[0]);
        (bench.model("m", &model), data)
    };
    let keep: fn(&mut Tensor) = |_| {};
    let (path, data) = model("m.onnx.data", keep);
    bench.refuses(&[&path], 2, &["tensor 'w'", "m.onnx.data cannot be read"]);
    let file = bench.output().join("m.onnx.data");
    fs::write(&file, &data[1..]).unwrap();
    bench.refuses(
        &[&path],
        2,
        &["m.onnx.data holds 6143 bytes, and should hold 6144"],
    );
    fs::write(&file, &data).unwrap();
    for location in ["../m.onnx.data", "/etc/passwd", "a/../../b", ""] {
        let (path, _) = model(location, keep);
        bench.refuses(&[&path], 2, &["leads out of the model's folder"]);
    }
    for (change, says) in [
        (
            (|tensor| tensor.dims[0] += 1) as fn(&mut Tensor),
            "6144 bytes of",
        ),
        (|tensor| tensor.dims[0] = i64::MAX, "its shape asks for"),
        (
            |tensor| tensor.external_data[1].value = "-1".to_owned(),
            "its offset is no number",
        ),
        (
            |tensor| tensor.external_data[1].value = u64::MAX.to_string(),
            "and should hold",
        ),
        (|tensor| tensor.external_data.clear(), "no file is named"),
        (|tensor| tensor.data_type = 8, "elements of type 8"),
    ] {
        let (path, _) = model("m.onnx.data", change);
        bench.refuses(&[&path], 2, &["tensor 'w'", says]);
    }
}

#[test]
fn scores_that_are_no_probabilities_are_said_to_be_none() {
    let bench = Bench::new();
    let said = bench.command(&[]).assert().success();
    said.stdout(contains("no probabilities").not());
    let figures = bench.figures("hey");
    let scores = &figures["wakemill"]["scores"];
    assert!(number(&scores[0]) >= 0.0 && number(&scores[1]) <= 1.0);

    // Without the sigmoid, the last node; its logarithm; in percent.
    let logits = |_: &mut Graph| ();
    let logarithms = |graph: &mut Graph| {
        graph
            .node
            .push(Node::new("Sigmoid", &["score"], "p", vec![]));
        graph.node.push(Node::new("Log", &["p"], "log", vec![]));
    };
    let percent = |graph: &mut Graph| {
        graph
            .node
            .push(Node::new("Sigmoid", &["score"], "p", vec![]));
        graph
            .node
            .push(Node::new("Mul", &["p", "hundred"], "all", vec![]));
        graph
            .initializer
            .push(Tensor::floats("hundred", &[1], &[100.0]));
    };
    type Change = fn(&mut Graph);
    for (name, change, expected) in [
        ("logits", logits as Change, [true, true]),
        ("logarithms", logarithms, [true, false]),
        ("percent", percent, [false, true]),
    ] {
        let mut model = line(["n".into(), "16".into(), "96".into()]);
        let graph = model.graph.as_mut().unwrap();
        graph.node.pop();
        graph.node[1].output = vec!["score".to_owned()];
        change(graph);
        graph.output[0].name = graph.node.last().unwrap().output[0].clone();
        let path = bench.model(name, &model);
        let said = bench.command(&[&path]).assert().success();
        said.stdout(contains("warning: the scores go from ").and(contains("no probabilities")));
        let figures = bench.figures("hey");
        let scores = &figures["wakemill"]["scores"];
        let outside = [number(&scores[0]) < 0.0, number(&scores[1]) > 1.0];
        assert_eq!(outside, expected, "{name}: {scores}");
    }
}
