//! Negatives that are heard as a detector hears them.

use std::process::Command as Process;

use super::*;

/// Steps of a stream: far below the threshold, with bursts above it.
fn stream(steps: usize, bursts: &[(usize, usize)]) -> Vec<f32> {
    let quiet = rows(11, steps.div_ceil(STEPS), -1.5);
    let mut stream = quiet[..steps * SIZE].to_vec();
    for (from, to) in bursts {
        stream[from * SIZE..to * SIZE]
            .iter_mut()
            .for_each(|x| *x += 4.0);
    }
    stream
}

/// The windows at which alarms are, by a detector that is deaf for so many windows
/// after one.
fn alarms(stream: &[f32], threshold: f64, deaf: usize) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    for (window, values) in stream.windows(ROW).step_by(SIZE).enumerate() {
        let hears = found.last().is_none_or(|last| window >= last + deaf);
        if hears && score(values) >= threshold {
            found.push(window);
        }
    }
    found
}

/// When a window has been heard, in seconds.
fn heard_at(window: usize) -> f64 {
    (window + 15) as f64 * 0.08 + 0.782
}

impl Bench {
    fn hears(&self, negatives: &Path, more: &[&str]) -> Value {
        let mut command = self.command(&[]);
        command.arg("--negatives").arg(negatives).args(more);
        command.assert().success();
        self.figures("hey")["wakemill"]["heard"].clone()
    }
}

#[test]
fn steps_of_others_are_one_recording() {
    let bench = Bench::new();
    assert!(bench.run(&[])["wakemill"]["heard"].is_null());
    let stream = stream(1500, &[(100, 130), (135, 150), (700, 900), (1499, 1500)]);
    let path = bench.path("theirs.npy");
    fs::write(&path, npy("<f4", "(1500, 96)", &floats(&stream))).unwrap();
    for (more, deaf) in [
        (&[][..], 25),
        (&["--refractory", "0"], 1),
        (&["--refractory", "0.9"], 12),
        (&["--refractory", "60"], 750),
    ] {
        let heard = bench.hears(&path, more);
        assert_close(number(&heard["hours"]), 1500.0 * 0.08 / 3600.0, 1e-9);
        assert_eq!(heard["windows"], 1485);
        for row in heard["thresholds"].as_array().unwrap() {
            let expected = alarms(&stream, number(&row["threshold"]), deaf).len();
            assert_eq!(row["false_alarms"], expected, "{more:?}: {row}");
            let rate = expected as f64 / number(&heard["hours"]);
            assert_close(number(&row["per_hour"]["value"]), rate, 1e-6);
        }
        let expected = alarms(&stream, 0.5, deaf);
        assert!(!expected.is_empty());
        let worst = &heard["worst"][0];
        assert_eq!(worst["recording"], "theirs");
        assert_eq!(worst["false_alarms"], expected.len());
        let times = worst["seconds"].as_array().unwrap();
        assert_eq!(times.len(), expected.len().min(10));
        for (time, window) in times.iter().zip(&expected) {
            assert_close(number(time), heard_at(*window), 0.006);
        }
    }
    // Rows that overlap are heard as the steps they are cut from.
    let overlapping: Vec<f32> = stream
        .windows(ROW)
        .step_by(5 * SIZE)
        .flatten()
        .copied()
        .collect();
    let count = overlapping.len() / ROW;
    let path = bench.path("rows.npy");
    fs::write(
        &path,
        npy("<f4", &format!("({count}, 16, 96)"), &floats(&overlapping)),
    )
    .unwrap();
    let heard = bench.hears(&path, &[]);
    let steps = (count - 1) * 5 + 16;
    assert_close(number(&heard["hours"]), steps as f64 * 0.08 / 3600.0, 1e-9);
    let expected = alarms(&stream[..steps * SIZE], 0.5, 25);
    assert_eq!(heard["fixed"]["false_alarms"], expected.len());
}

#[test]
fn recordings_are_put_together_again() {
    let bench = Bench::new();
    for (name, seconds) in [("a", 20.0), ("b", 9.3), ("c", 33.0), ("d", 1.0)] {
        record(&bench.path(&format!("rec/{name}.wav")), seconds);
    }
    fs::write(bench.path("without.txt"), "rec/c.wav\t14\t15\n").unwrap();
    let heard = |name: &str, keys: &str| {
        let text = format!(
            "output = '{name}'\n[[split]]\nname = 'neg'\nkind = 'recordings'\ninput = 'rec'\n\
             exclude = 'without.txt'\ndtype = 'float32'\n{keys}\n[augment]\nenabled = false\n"
        );
        fs::write(bench.path("neg.toml"), text).unwrap();
        let mut run = Process::new(env!("CARGO_BIN_EXE_wakemill"));
        let run = run.args(["run", "neg.toml", "--progress", "none"]);
        assert!(run.current_dir(bench.0.path()).status().unwrap().success());
        let mut heard = bench.hears(&bench.path(&format!("{name}/neg.npy")), &[]);
        for of in heard["worst"].as_array_mut().unwrap() {
            of["file"].take();
        }
        heard
    };
    let steps = heard("steps", "interleave = 1\nlayout = 'steps'");
    assert_eq!(heard("rows", "interleave = 3"), steps);
    // Of the same audio, but for the end of each recording.
    let close = heard("close", "interleave = 2\nhop_seconds = 0.32");
    assert!(number(&close["hours"]) > number(&steps["hours"]));

    // Of 20, 9.3 and 33 seconds 15, 6 and 25 rows, of which two meet what is excluded;
    // of one second none. No window is over what is left out.
    assert_eq!(steps["recordings"], 3);
    assert_close(number(&steps["hours"]), 44.0 * 1.28 / 3600.0, 1e-9);
    assert_eq!(steps["windows"], 44 * 16 - 4 * 15);
}

/// A WAV of a hum that swells over a hiss.
fn record(path: &Path, seconds: f64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).unwrap();
    let mut noise = 1_u32;
    for n in 0..(seconds * 16_000.0) as u32 {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let t = f64::from(n) / 16_000.0;
        let hum = (t * 900.0).sin() * (t * 0.7).sin().powi(2);
        let sample = 9000.0 * hum + f64::from(noise >> 16) / 64.0 - 512.0;
        file.write_sample(sample as i16).unwrap();
    }
    file.finalize().unwrap();
}

#[test]
fn what_cannot_be_heard_is_refused_or_counted_alone() {
    let bench = Bench::new();
    // Rows of which nobody knows what continues what.
    let path = bench.output().join("more.npy");
    bench.features("more", &rows(9, 30, -0.4));
    assert!(bench.hears(&path, &[]).is_null());
    assert_eq!(bench.figures("hey")["n_negative"], 120);
    for (args, code, says) in [
        (&["--negatives", "none.npy"][..], 2, "there is no file"),
        (&["--refractory", "100000"], 2, "0 to 86400"),
    ] {
        let mut command = bench.command(&[]);
        command
            .args(args)
            .assert()
            .code(code)
            .stderr(contains(says));
    }
    // An index that is of other rows.
    record(&bench.path("rec/a.wav"), 8.0);
    let text = "output = 'neg'\n[[split]]\nname = 'neg'\nkind = 'recordings'\ninput = 'rec'\n\
                [augment]\nenabled = false\n";
    fs::write(bench.path("neg.toml"), text).unwrap();
    let mut run = Process::new(env!("CARGO_BIN_EXE_wakemill"));
    run.args(["run", "neg.toml", "--progress", "none"]);
    assert!(run.current_dir(bench.0.path()).status().unwrap().success());
    let index = npy("<i4", "(1, 2)", &[0; 8]);
    fs::write(bench.path("neg/neg.index.npy"), index).unwrap();
    let mut command = bench.command(&[]);
    command.args(["--negatives", "neg/neg.npy"]);
    command
        .assert()
        .code(2)
        .stderr(contains("it has 1 rows, and neg.npy has 5"));
}

#[test]
fn features_made_in_two_ways_are_told_of() {
    let bench = Bench::new();
    record(&bench.path("rec/a.wav"), 8.0);
    for (name, floor) in [("one", "clip"), ("two", "stream")] {
        let text = format!(
            "output = '{name}'\n[[split]]\nname = 'neg'\nkind = 'recordings'\ninput = 'rec'\n\
             [augment]\nenabled = false\n[features]\nfloor = '{floor}'\n"
        );
        fs::write(bench.path("neg.toml"), text).unwrap();
        let mut run = Process::new(env!("CARGO_BIN_EXE_wakemill"));
        run.args(["run", "neg.toml", "--progress", "none"]);
        assert!(run.current_dir(bench.0.path()).status().unwrap().success());
    }
    let mut command = bench.command(&[]);
    let negatives = ["--negatives", "one/neg.npy", "--negatives", "two/neg.npy"];
    let said = "were not made alike";
    command
        .args(negatives)
        .assert()
        .success()
        .stderr(contains(said));
    let mut command = bench.command(&[]);
    command
        .args(&negatives[..2])
        .assert()
        .success()
        .stderr(contains(said).not());
}
