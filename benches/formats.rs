//! What reading and writing a clip costs.
//!
//! Two seconds of audio in each format, one row of features, one line of JSON.
//! The compressed clips are made from the quickstart's, so that nothing but
//! this repository is needed; their length is in the name.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wakemill::audio::wav;
use wakemill::audio::{Limits, probe, read, read_range};
use wakemill::dataset::jsonl::JsonlWriter;
use wakemill::dataset::npy::NpyWriter;

const LIMITS: Limits = Limits { max_seconds: 60.0 };

fn quickstart(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("pipelines/quickstart")
        .join(name)
}

fn reading(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let two_seconds = folder.path().join("two_seconds.wav");
    let samples: Vec<i16> = (0..32_000).map(|i| (i * 37 % 20_011) as i16).collect();
    wav::write(&two_seconds, 16_000, &samples).unwrap();

    let mut group = criterion.benchmark_group("read");
    let mut out = Vec::new();
    for (name, path) in [
        ("wav_16k_2s", two_seconds.clone()),
        ("wav_44k_stereo_1s", quickstart("wake/03_female_us.wav")),
        ("flac_16k_1.5s", quickstart("other/06_thriller.flac")),
        ("mp3_22k_0.8s", quickstart("wake/07_new_york.mp3")),
        ("ogg_22k_0.9s", quickstart("wake/09_west_midlands.ogg")),
        ("m4a_22k_1.1s", quickstart("wake/10_female_rp.m4a")),
        ("aiff_16k_1.2s", quickstart("wake/11_low_us.aiff")),
    ] {
        read(&path, LIMITS, &mut out).unwrap();
        group.throughput(Throughput::Elements(out.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| read(black_box(&path), LIMITS, &mut out).unwrap());
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("read_range_0.1s");
    for (name, path) in [
        ("wav", two_seconds.clone()),
        ("flac_at_2.5s", quickstart("noise/rain.flac")),
        ("ogg_at_2.5s", quickstart("noise/babble.ogg")),
    ] {
        let start = if name == "wav" { 16_000 } else { 40_000 };
        group.bench_function(name, |bencher| {
            bencher.iter(|| read_range(black_box(&path), start, 1600, &mut out).unwrap());
        });
    }
    group.finish();

    criterion.bench_function("probe/wav", |bencher| {
        bencher.iter(|| probe(black_box(&two_seconds)).unwrap());
    });
    criterion.bench_function("probe/ogg", |bencher| {
        let path = quickstart("noise/babble.ogg");
        bencher.iter(|| probe(black_box(&path)).unwrap());
    });
}

fn writing(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let row: Vec<f32> = (0..16 * 96).map(|i| i as f32).collect();
    // Begun anew now and then, so that the file stays in memory.
    const ROWS: u64 = 10_000;

    criterion.bench_function("write/npy_row", |bencher| {
        let path = folder.path().join("features.npy");
        let mut writer = NpyWriter::create(&path, [16, 96]).unwrap();
        bencher.iter(|| {
            if writer.rows() == ROWS {
                writer = NpyWriter::create(&path, [16, 96]).unwrap();
            }
            writer.append(black_box(&row)).unwrap();
        });
    });
    criterion.bench_function("write/jsonl_line", |bencher| {
        let path = folder.path().join("rows.jsonl");
        let mut writer = JsonlWriter::create(&path).unwrap();
        let line = [black_box(0.123_f64); 28];
        bencher.iter(|| writer.append(&line).unwrap());
    });
    criterion.bench_function("write/wav_2s", |bencher| {
        let path = folder.path().join("clip_000000_r0.wav");
        let samples = vec![123_i16; 32_000];
        bencher.iter(|| wav::write(&path, 16_000, black_box(&samples)).unwrap());
    });
}

criterion_group!(benches, reading, writing);
criterion_main!(benches);
