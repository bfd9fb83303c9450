//! The two networks on one 2 s clip, one thread: published graphs, rewritten
//! graphs and native kernels in turn, so that all see the same machine.
//!
//! Runtime and models are fetched into the user's cache on the first run.

#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use wakemill::frontend::{Backend, FrontEnd, FrontEndSpec, Strategy};
use wakemill::frontend::{Net, Network};

const ROUNDS: usize = 60;
/// Calls a variant in one round: enough that its caches are warm.
const CALLS: u32 = 5;

struct Variant {
    name: &'static str,
    mel: Box<dyn Net>,
    embedding: Box<dyn Net>,
    mel_times: Vec<Duration>,
    embedding_times: Vec<Duration>,
}

fn main() {
    let mut variants = [
        variant("published", Backend::OnnxRuntime, Strategy::Windows),
        variant("rewritten", Backend::OnnxRuntime, Strategy::Dense),
        variant("native", Backend::Native, Strategy::Auto),
    ];
    let clip = clip();
    let mut spectrogram = vec![Vec::new()];
    variants[0].mel.run(&[&clip], &mut spectrogram).unwrap();
    for _ in 0..ROUNDS {
        for variant in &mut variants {
            let mut out = vec![Vec::new()];
            let time = timed(|| variant.mel.run(&[black_box(&clip)], &mut out).unwrap());
            variant.mel_times.push(time);
            let mel = &spectrogram[0];
            let time = timed(|| variant.embedding.run(&[black_box(mel)], &mut out).unwrap());
            variant.embedding_times.push(time);
        }
    }
    println!("clip of 2 s, one thread, medians of {ROUNDS} alternating blocks");
    println!(
        "{:12}{:>12}{:>8}{:>14}{:>8}",
        "", "mel ms", "ratio", "embedding ms", "ratio"
    );
    let best = (
        median(&variants[1].mel_times),
        median(&variants[1].embedding_times),
    );
    for variant in &variants {
        let (mel, embedding) = (median(&variant.mel_times), median(&variant.embedding_times));
        println!(
            "{:12}{mel:>12.3}{:>8.2}{embedding:>14.3}{:>8.2}",
            variant.name,
            best.0 / mel,
            best.1 / embedding
        );
    }
}

fn variant(name: &'static str, backend: Backend, strategy: Strategy) -> Variant {
    let spec = FrontEndSpec {
        strategy,
        backend,
        ..FrontEndSpec::default()
    };
    let front_end = FrontEnd::load(&spec, &mut |notice| eprintln!("{notice}")).unwrap();
    Variant {
        name,
        mel: front_end.net(Network::Mel).unwrap(),
        embedding: front_end.net(Network::Embedding).unwrap(),
        mel_times: Vec::new(),
        embedding_times: Vec::new(),
    }
}

/// Time of one call, once warm.
fn timed(mut call: impl FnMut()) -> Duration {
    call();
    let start = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    start.elapsed() / CALLS
}

fn median(times: &[Duration]) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    1000.0 * times[times.len() / 2].as_secs_f64()
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
