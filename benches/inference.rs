//! The two networks on one 2 s clip, one thread: published graphs against the
//! rewritten ones.
//!
//! Runtime and models are fetched into the user's cache on the first run.

#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use wakemill::models::{Backend, FrontEnd, FrontEndSpec, Strategy};

fn front_end(strategy: Strategy) -> FrontEnd {
    let spec = FrontEndSpec {
        strategy,
        backend: Backend::OnnxRuntime,
        ..FrontEndSpec::default()
    };
    FrontEnd::load(&spec, &mut |notice| eprintln!("{notice}")).unwrap()
}

/// Two seconds of a chirp over noise.
fn clip() -> Vec<f32> {
    let mut state = 1_u32;
    (0..32_000)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = state as f32 / u32::MAX as f32 - 0.5;
            let t = n as f32 / 16_000.0;
            0.3 * (2_000.0 * t * (1.0 + t)).sin() + 0.05 * noise
        })
        .collect()
}

fn networks(criterion: &mut Criterion) {
    let clip = clip();
    let mut group = criterion.benchmark_group("clip of 2 s");
    for (name, strategy) in [
        ("published", Strategy::Windows),
        ("rewritten", Strategy::Dense),
    ] {
        let front_end = front_end(strategy);
        let (mut mel_net, mut embed_net) =
            (front_end.mel_net().unwrap(), front_end.embed_net().unwrap());
        let (mut mel, mut embeddings) = (vec![Vec::new()], vec![Vec::new()]);
        group.bench_function(format!("mel, {name}"), |bencher| {
            bencher.iter(|| mel_net.run(&[black_box(&clip)], &mut mel).unwrap());
        });
        let spectrogram = std::mem::take(&mut mel[0]);
        group.bench_function(format!("embedding, {name}"), |bencher| {
            bencher.iter(|| {
                embed_net
                    .run(&[black_box(&spectrogram)], &mut embeddings)
                    .unwrap();
            });
        });
    }
    group.finish();
}

fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("start");
    group.sample_size(10);
    group.bench_function("load and prove", |bencher| {
        bencher.iter(|| front_end(Strategy::Auto));
    });
    let front_end = front_end(Strategy::Auto);
    group.bench_function("a worker's two sessions", |bencher| {
        bencher.iter(|| (front_end.mel_net().unwrap(), front_end.embed_net().unwrap()));
    });
    group.finish();
}

criterion_group!(benches, networks, load);
criterion_main!(benches);
