//! Tests of the layers.

use proptest::prelude::*;

use super::super::dispatch::Isa;
use super::super::walk::Workspace;
use super::*;
use crate::frontend::speech::native::reference::{self, Map, Noise, distance};
use crate::frontend::speech::native::stem::{CHANNELS, Stem};
use crate::frontend::speech::sizes::BANDS;

fn lanes(values: &[f32]) -> Vec<Lanes> {
    values
        .as_chunks()
        .0
        .iter()
        .map(|&eight| Lanes(eight))
        .collect()
}

fn floats(lanes: &[Lanes]) -> Vec<f32> {
    lanes.iter().flat_map(|lanes| lanes.0).collect()
}

/// Bins whose time steps fit the workspace.
fn scheme() -> impl Strategy<Value = (Scheme, usize)> {
    prop_oneof![
        Just((Scheme::Frequency, 4)),
        Just((Scheme::Frequency, 8)),
        Just((Scheme::Frequency, 32)),
        Just((Scheme::FrequencyPair, 2)),
        Just((Scheme::Time, 1)),
        Just((Scheme::Time, 8)),
        Just((Scheme::TimePool1x2, 4)),
        Just((Scheme::TimePool1x2, 16)),
        Just((Scheme::TimePool2x2, 2)),
        Just((Scheme::TimePool2x2, 32)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_layer_is_its_reference(
        (scheme, bins) in scheme(),
        inputs in prop::sample::select(vec![24_usize, 48, 96]),
        outputs in prop::sample::select(vec![24_usize, 72]),
        times in 4_usize..40,
        activated: bool,
        seed: u64,
    ) {
        let inputs = if bins > 16 { 24 } else { inputs.min(96 * 8 / bins) };
        let mut noise = Noise(seed);
        let taps = noise.taps(inputs, outputs);
        let values = noise.vec(times * bins * inputs, 1.0);
        let map = Map {
            times, bins, channels: inputs,
            values: values.iter().map(|&x| f64::from(x)).collect(),
        };
        let expected = reference::layer(&map, scheme, &taps, activated);

        let mut layer = Convolution::new(scheme, &taps);
        if !activated {
            layer.make_linear();
        }
        let shape = Shape { times, bins, lanes: inputs / WIDTH };
        for isa in Isa::available() {
            // What lies beyond the map must not matter.
            let mut output = vec![Lanes::splat(f32::NAN); layer.output(shape).len() + 7];
            let mut workspace = Workspace::new();
            let written = layer.run(isa, shape, &lanes(&values), &mut output, &mut workspace);
            prop_assert_eq!(
                [written.times, written.bins, written.lanes * WIDTH],
                [expected.times, expected.bins, expected.channels]
            );
            let found = floats(&output[..written.len()]);
            prop_assert!(distance(&found, &expected.values) < 1e-5);
            prop_assert!(output[written.len()..].iter().all(|rest| rest.0[0].is_nan()));
        }
    }

    #[test]
    fn the_stem_is_its_reference(times in 3_usize..12, seed: u64) {
        let mut noise = Noise(seed);
        let weights = noise.embedding();
        let frames = noise.vec(times * BANDS, 3.0);
        let map = Map::new([times, BANDS, 1], |t, f, _| f64::from(frames[t * BANDS + f]));
        let expected = reference::stem(&map, &weights.stem, &weights.stem_bias);
        let stem = Stem::new(&weights.stem, &weights.stem_bias);
        for isa in Isa::available() {
            let mut output = vec![Lanes::ZERO; (times - 2) * BANDS * CHANNELS / WIDTH];
            stem.run(isa, &frames, &mut output);
            prop_assert!(distance(&floats(&output), &expected.values) < 1e-5);
        }
    }
}

/// Random time steps, ten alike, random ones.
fn still_map(shape: Shape, seed: u64) -> Vec<Lanes> {
    let mut map = lanes(&Noise(seed).vec(shape.len() * WIDTH, 1.0));
    let step = shape.step();
    for time in 8..17 {
        map.copy_within(7 * step..8 * step, time * step);
    }
    map
}

fn run(layer: &Convolution, shape: Shape, input: &[Lanes]) -> Vec<Lanes> {
    let mut output = vec![Lanes::ZERO; layer.output(shape).len()];
    let mut workspace = Workspace::new();
    layer.run(Isa::detect(), shape, input, &mut output, &mut workspace);
    output
}

/// A tile of four time steps alone has nothing before it that it could repeat.
#[test]
fn what_repeats_has_the_bits_that_it_has_alone() {
    for (scheme, bins, read) in [
        (Scheme::Frequency, 8, 4),
        (Scheme::FrequencyPair, 2, 4),
        (Scheme::Time, 4, 6),
        (Scheme::TimePool1x2, 4, 6),
        (Scheme::TimePool2x2, 4, 6),
    ] {
        let shape = |times| Shape {
            times,
            bins,
            lanes: 3,
        };
        let layer = Convolution::new(scheme, &Noise(6).taps(24, 24));
        let map = still_map(shape(26), 7);
        let whole = run(&layer, shape(26), &map);
        let alone: Vec<_> = (0..26 - read + 1)
            .step_by(4)
            .flat_map(|first| {
                let step = shape(read).step();
                run(&layer, shape(read), &map[first * step..][..read * step])
            })
            .collect();
        assert_eq!(whole[..alone.len()], alone, "{scheme:?}");
    }
}

/// A layer leaves products of earlier maps in its workspace; none may show.
#[test]
fn a_used_workspace_gives_the_same_bits() {
    let mut noise = Noise(5);
    let taps = noise.taps(24, 24);
    let values = lanes(&noise.vec(9 * 8 * 24, 1.0));
    for scheme in [Scheme::Frequency, Scheme::Time, Scheme::TimePool2x2] {
        let layer = Convolution::new(scheme, &taps);
        let shape = Shape {
            times: 9,
            bins: 8,
            lanes: 3,
        };
        let run = |workspace: &mut Workspace| {
            let mut output = vec![Lanes::ZERO; layer.output(shape).len()];
            layer.run(Isa::detect(), shape, &values, &mut output, workspace);
            output
        };
        let mut used = Workspace::new();
        let large = Shape { times: 30, ..shape };
        let loud = vec![Lanes::splat(1e30); large.len()];
        let mut output = vec![Lanes::ZERO; large.len()];
        layer.run(Isa::detect(), large, &loud, &mut output, &mut used);
        assert_eq!(run(&mut used), run(&mut Workspace::new()));
    }
}
