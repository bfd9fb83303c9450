//! The whole program on real clips, in rows per second, by worker count.
//!
//! Runs the release binary on the quickstart clips with enough rounds that
//! start-up does not matter.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const ROUNDS: u64 = 20;
const CLIPS: u64 = 24;

fn build(output: &Path, set: &[String]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_wakemill"));
    command
        .args([
            "run",
            "pipelines/quickstart.toml",
            "--overwrite",
            "--progress",
            "none",
        ])
        .args(["--set", &format!("augment.rounds={ROUNDS}")])
        .args(["--set", &format!("output={}", output.display())])
        .current_dir(root);
    for set in set {
        command.args(["--set", set]);
    }
    assert!(command.status().unwrap().success());
}

fn pipeline(criterion: &mut Criterion) {
    let output = tempfile::tempdir().unwrap();
    let mut group = criterion.benchmark_group("quickstart, rows");
    group
        .throughput(Throughput::Elements(CLIPS * ROUNDS))
        .sample_size(10)
        .measurement_time(Duration::from_secs(20));
    for workers in [1, 2] {
        let set = ["augment", "embed"].map(|stage| format!("stages.{stage}.workers={workers}"));
        group.bench_function(format!("{workers} workers a stage"), |bencher| {
            bencher.iter(|| build(output.path(), &set));
        });
    }
    group.finish();
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
