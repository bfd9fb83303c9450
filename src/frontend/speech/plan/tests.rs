//! Tests of the decision on graphs.

use super::*;
use crate::frontend::net::Net;
use crate::frontend::{Backend, FrontEnd};

/// The decided graphs, on the fetched runtime.
fn decided(strategy: Strategy) -> (Arc<Runtime>, Decision) {
    let spec = FrontEndSpec {
        strategy,
        backend: Backend::OnnxRuntime,
        ..FrontEndSpec::default()
    };
    let front_end = FrontEnd::load(&spec, &mut |notice| eprintln!("{notice}")).unwrap();
    let files = ModelFiles::read(&spec, &mut |_| ()).unwrap();
    let found = front_end.report().runtime.as_ref().unwrap();
    let runtime = Runtime::load(&found.library).unwrap();
    let decision = decide(&runtime, provider::CPU, &spec, &files).unwrap();
    (runtime, decision)
}

/// Tones of different loudness and two lengths, eleven of them.
fn clips() -> Vec<Vec<f32>> {
    (0..11_usize)
        .map(|i| {
            let loudness = 0.5_f32.powi(i as i32);
            (0..20_000 + 4_000 * (i % 2))
                .map(|n| loudness * (n as f32 * (0.05 + 0.03 * i as f32)).sin())
                .collect()
        })
        .collect()
}

fn largest_difference(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().zip(b).flat_map(|(a, b)| {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b)
    });
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn padded_batches_of_eight_agree_with_single_clips() {
    for strategy in [Strategy::Dense, Strategy::Windows] {
        let (runtime, decision) = decided(strategy);
        let clips = clips();
        let clips: Vec<&[f32]> = clips.iter().map(Vec::as_slice).collect();
        let mel = |batch| {
            let mut out = vec![Vec::new(); clips.len()];
            let network = OnnxMel::open(&runtime, provider::CPU, &decision.mel, batch);
            network.unwrap().run(&clips, &mut out).unwrap();
            out
        };
        let (single, batched) = (mel(None), mel(Some(8)));
        assert!(largest_difference(&single, &batched) <= 1e-5);

        let spectrograms: Vec<&[f32]> = single.iter().map(Vec::as_slice).collect();
        let embed = |batch| {
            let mut out = vec![Vec::new(); clips.len()];
            let network = OnnxEmbed::open(&runtime, provider::CPU, &decision.embedding, batch);
            network.unwrap().run(&spectrograms, &mut out).unwrap();
            out
        };
        let (single, batched) = (embed(None), embed(Some(8)));
        assert!(single.iter().all(|all| !all.is_empty()));
        assert!(largest_difference(&single, &batched) <= 1e-4);
    }
}

#[test]
fn a_bound_network_can_be_used_again_with_the_same_and_another_shape() {
    let (runtime, decision) = decided(Strategy::Dense);
    let clips = clips();
    let mut network = OnnxMel::open(&runtime, provider::CPU, &decision.mel, Some(2)).unwrap();
    let mut run = |clip: &[f32]| {
        let mut out = [Vec::new()];
        network.run(&[clip], &mut out).unwrap();
        out[0].clone()
    };
    let first = run(&clips[0]);
    let other = run(&clips[2]);
    assert_ne!(first, other);
    assert_ne!(run(&clips[1]).len(), first.len());
    assert_eq!(run(&clips[0]), first);
}
