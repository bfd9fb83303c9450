//! Both networks as kernels, one thread, one clip of 2 s.
//!
//! The folder with the published models is named by `WAKEMILL_TEST_MODELS`.

#![allow(clippy::expect_used)]

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, criterion_group, criterion_main};
use wakemill::models::native::{EmbedKernel, EmbedScratch, Isa, MelKernel};
use wakemill::models::onnx::Model;

fn native(criterion: &mut Criterion) {
    let Some(folder) = std::env::var_os("WAKEMILL_TEST_MODELS").map(PathBuf::from) else {
        eprintln!("WAKEMILL_TEST_MODELS names no folder with the models: nothing to measure");
        return;
    };
    let model = |name| Model::read(&folder.join(name)).expect("a model");
    let isa = Isa::detect();
    let mel = MelKernel::from_model(isa, &model("melspectrogram.onnx")).expect("the mel network");
    let embed = EmbedKernel::from_model(isa, &model("embedding_model.onnx"))
        .expect("the embedding network");

    // A chirp under noise: neither quiet nor regular.
    let audio: Vec<f32> = (0..32_000_u32)
        .map(|i| {
            let noise = i.wrapping_mul(2_654_435_761) >> 16;
            let time = i as f32 / 16_000.0;
            0.3 * (400.0 * time * time).sin() + noise as f32 / 655_360.0
        })
        .collect();
    let (mut mel_scratch, mut embed_scratch) = (mel.scratch(), EmbedScratch::new());
    let (mut frames, mut embeddings) = (Vec::new(), Vec::new());
    mel.run(&mut mel_scratch, &audio, &mut frames);

    let mut group = criterion.benchmark_group("native");
    group.bench_function("embed", |bencher| {
        bencher.iter(|| embed.run(&mut embed_scratch, black_box(&frames), &mut embeddings));
    });
    group.bench_function("mel", |bencher| {
        bencher.iter(|| mel.run(&mut mel_scratch, black_box(&audio), &mut frames));
    });
    group.finish();
}

criterion_group!(benches, native);
criterion_main!(benches);
