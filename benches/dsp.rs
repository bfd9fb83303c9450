//! What each effect costs for a clip of 2 s at 16 kHz.

#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wakemill::audit::{ClipAuditor, Heard};
use wakemill::dsp::band_stop::Band;
use wakemill::dsp::colored_noise::{Colored, Noise};
use wakemill::dsp::convolution::Convolver;
use wakemill::dsp::envelope::Envelope;
use wakemill::dsp::equalizer;
use wakemill::dsp::equalizer::Equalizer;
use wakemill::dsp::level::Level;
use wakemill::dsp::pitch_shift::Shifter;
use wakemill::dsp::placement;
use wakemill::dsp::placement::Placement;
use wakemill::dsp::resample::Resampler;
use wakemill::dsp::sketch::Sketcher;
use wakemill::dsp::speech_level::SpeechLevel;
use wakemill::dsp::{Range, background, band_stop, distortion, pcm16, pitch_shift};
use wakemill::records::{AuditRules, Findings};

const RATE: u32 = 16_000;
const CLIP: usize = 32_000;

/// Noise with speech's crest: uniform samples under a slow envelope.
fn audio(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let envelope = |n: usize| (n as f32 / 2000.0).sin().powi(2) * 0.5;
    (0..len)
        .map(|n| rng.random_range(-1.0..1.0) * envelope(n))
        .collect()
}

/// Times an effect that works in place, on a fresh copy of the clip each time.
fn in_place(c: &mut Criterion, name: &str, mut effect: impl FnMut(&mut [f32])) {
    let clip = audio(CLIP, 1);
    c.bench_function(name, |b| {
        b.iter_batched_ref(|| clip.clone(), |clip| effect(clip), BatchSize::SmallInput);
    });
}

fn effects(c: &mut Criterion) {
    let params = Equalizer {
        probability: 1.0,
        gain_db: Range::new(-12.0, 12.0),
        peaking_q: Range::new(0.5, 5.0),
        shelf_q: Range::new(0.1, 0.999),
    };
    let bands = params.bands(&mut ChaCha8Rng::seed_from_u64(2));
    in_place(c, "equalizer", |clip| equalizer::apply(&bands, RATE, clip));

    let mut scratch = Vec::new();
    in_place(c, "distortion", |clip| {
        distortion::apply(0.3, clip, &mut scratch)
    });

    let mut convolver = Convolver::new();
    for taps in [4_000, 16_000] {
        let impulse = convolver.prepare(&audio(taps, 3)).unwrap();
        in_place(c, &format!("reverb, {taps} taps"), |clip| {
            convolver.convolve(&impulse, clip).unwrap();
        });
    }

    let ratio = "125/128".parse().unwrap();
    let mut shifter = Shifter::default();
    in_place(c, "pitch shift", |clip| {
        pitch_shift::apply(ratio, clip, &mut shifter)
    });
    // The median of openWakeWord's bands, and one of the longest filters.
    for (center_hz, bandwidth) in [(1_300.0, 1.25), (210.0, 1.98)] {
        let band = Band {
            center_hz,
            bandwidth,
        };
        in_place(c, &format!("band stop at {center_hz} Hz"), |clip| {
            band_stop::apply(band, RATE, clip, &mut convolver).unwrap();
        });
    }
    let mut colored = Colored::default();
    in_place(c, "coloured noise", |clip| {
        let noise = Noise {
            snr_db: 20.0,
            f_decay: 1.0,
            seed: 1,
        };
        colored.add(noise, RATE, clip).unwrap();
    });
    let impulse = convolver.prepare(&audio(8_000, 3)).unwrap();
    let mut around = Vec::new();
    in_place(c, "room around the window, 8000 taps", |clip| {
        around.clear();
        around.extend_from_slice(clip);
        convolver
            .convolve_around(&impulse, around.len(), &mut around)
            .unwrap();
    });

    let background = audio(10 * CLIP, 4);
    in_place(c, "noise", |clip| {
        background::mix(clip, &background, 12_345, 10.0)
    });
}

fn conversions(c: &mut Criterion) {
    let clip = audio(CLIP, 1);
    let mut window = vec![0.0; CLIP];
    c.bench_function("placement", |b| {
        let placement = Placement::End { jitter: 1600 };
        b.iter(|| placement::apply(placement, black_box(&clip), &mut window));
    });
    let mut pcm = Vec::new();
    c.bench_function("pcm16 encode", |b| {
        b.iter(|| pcm16::encode_into(black_box(&clip), &mut pcm));
    });
    let mut samples = Vec::new();
    c.bench_function("pcm16 decode", |b| {
        b.iter(|| pcm16::decode_into(black_box(&pcm), &mut samples));
    });
    let mut resampler = Resampler::new(RATE).unwrap();
    let clip = audio(88_200, 5);
    c.bench_function("resample from 44.1 kHz", |b| {
        b.iter(|| {
            resampler
                .process_into(44_100, black_box(&clip), &mut samples)
                .unwrap()
        });
    });
}

fn audit(c: &mut Criterion) {
    let clip = audio(CLIP, 1);
    let mut envelope = Envelope::default();
    c.bench_function("envelope", |b| {
        b.iter(|| envelope.measure(black_box(&clip), RATE));
    });
    c.bench_function("active speech level", |b| {
        b.iter(|| SpeechLevel::of(black_box(&envelope)));
    });
    let mut sketcher = Sketcher::new(RATE);
    c.bench_function("sketch", |b| {
        b.iter(|| sketcher.sketch(black_box(&clip), 0..CLIP));
    });
    let mut auditor = ClipAuditor::new(&Arc::new(AuditRules::default()), RATE).unwrap();
    let heard = Heard {
        raw: &clip,
        ms: 16,
        level: Level::of(&clip),
        others: 0.0,
        mended: false,
        samples: &clip,
        positive: true,
    };
    c.bench_function("audit of a clip", |b| {
        b.iter(|| auditor.judge(black_box(heard), &mut Findings::default()));
    });
}

criterion_group!(benches, effects, conversions, audit);
criterion_main!(benches);
