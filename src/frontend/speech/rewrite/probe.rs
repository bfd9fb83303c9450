//! Proofs: two networks on the same probe inputs.
//!
//! The probes are the same on every machine and in every run. They are loud,
//! quiet, silent and sudden, and of lengths that end between two windows.

use crate::frontend::net::Net;
use crate::frontend::speech::sizes::BANDS;
use crate::frontend::speech::windows::Windows;
use crate::onnx::rewrite::proof::Noise;
use crate::runtime::ModelError;

/// Largest difference allowed between spectrograms, in dB/10: 1e-4 dB.
pub const MEL_TOLERANCE: f32 = 1e-5;

/// Largest difference allowed between embeddings.
pub const EMBEDDING_TOLERANCE: f32 = 1e-4;

/// What a mel network makes of the probes. They are passed in one call, so that
/// a network that runs batches is proven in them.
pub fn run_mel(network: &mut dyn Net) -> Result<Vec<Vec<f32>>, ModelError> {
    let clips = probe_audio();
    let clips: Vec<&[f32]> = clips.iter().map(Vec::as_slice).collect();
    let mut out = vec![Vec::new(); clips.len()];
    network.run(&clips, &mut out)?;
    Ok(out)
}

/// What an embedding network makes of the probes.
pub fn run_embed(network: &mut dyn Net, windows: Windows) -> Result<Vec<Vec<f32>>, ModelError> {
    let mel = probe_mel(windows);
    let mel: Vec<&[f32]> = mel.iter().map(Vec::as_slice).collect();
    let mut out = vec![Vec::new(); mel.len()];
    network.run(&mel, &mut out)?;
    Ok(out)
}

/// How many embeddings each probe has.
pub fn embed_counts(windows: Windows) -> Vec<usize> {
    let mel = probe_mel(windows);
    mel.iter()
        .map(|mel| windows.count(mel.len() / BANDS))
        .collect()
}

/// A third of a second each: two lengths, so that batches form.
fn probe_audio() -> Vec<Vec<f32>> {
    let mut noise = Noise::default();
    let mut scaled = |samples: usize, scale: f32| -> Vec<f32> {
        (0..samples).map(|_| noise.value() * scale).collect()
    };
    let mut clips = vec![
        scaled(5_600, 0.5),
        scaled(5_600, 1e-3),
        vec![0.0; 5_600],
        scaled(5_711, 20_000.0),
    ];
    // A rising tone over faint noise, and a click in silence.
    let tone = scaled(5_711, 1e-4)
        .into_iter()
        .enumerate()
        .map(|(n, faint)| {
            let t = n as f32 / 16_000.0;
            faint + 0.3 * (std::f32::consts::TAU * (200.0 + 6_000.0 * t) * t).sin()
        });
    clips.push(tone.collect());
    let mut click = vec![0.0; 5_600];
    click[3_000] = 0.9;
    clips.push(click);
    clips
}

/// Spectrograms in the range that speech has, a few windows long.
fn probe_mel(windows: Windows) -> Vec<Vec<f32>> {
    let Windows { window, stride, .. } = windows;
    let mut noise = Noise::default();
    let mut clip = |frames: usize, level: f32, spread: f32| -> Vec<f32> {
        (0..frames * BANDS)
            .map(|_| level + spread * noise.value())
            .collect()
    };
    let frames = window + 4 * stride + stride / 2;
    vec![
        clip(frames, 0.0, 3.0),
        clip(frames, -4.0, 4.0),
        clip(frames, -8.0, 0.0),
        clip(window, 2.0, 8.0),
    ]
}
