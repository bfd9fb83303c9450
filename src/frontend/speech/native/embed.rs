//! The embedding network, run densely over all frames of a clip.
//!
//! The published graph reads windows of 76 frames, 8 apart. It pads nothing
//! along time and its time strides multiply to 8, so one pass over all frames
//! computes every window's embedding, and each intermediate value once.

use std::sync::Arc;

use crate::frontend::speech::sizes::BANDS;

use super::dispatch::Isa;
use super::lanes::{Lanes, WIDTH};
use super::layer::{Convolution, Scheme, Shape, Taps};
use super::repeats::Units;
use super::stem::{CHANNELS, Stem};
use super::walk::Workspace;

/// Frames of a window.
pub const WINDOW: usize = 76;
/// Frames from one window to the next.
pub const STRIDE: usize = 8;

/// Time steps of the first block that are computed together: its maps are the
/// largest, and this much of them stays in the cache.
const SLICE: usize = 16;

/// How the convolutions after the stem walk, and the channels they read and
/// write.
pub const LAYERS: [(Scheme, usize, usize); 19] = [
    (Scheme::Frequency, 24, 24),
    (Scheme::TimePool2x2, 24, 24),
    (Scheme::Frequency, 24, 48),
    (Scheme::Time, 48, 48),
    (Scheme::Frequency, 48, 48),
    (Scheme::TimePool1x2, 48, 48),
    (Scheme::Frequency, 48, 72),
    (Scheme::Time, 72, 72),
    (Scheme::Frequency, 72, 72),
    (Scheme::TimePool2x2, 72, 72),
    (Scheme::Frequency, 72, 96),
    (Scheme::Time, 96, 96),
    (Scheme::Frequency, 96, 96),
    (Scheme::TimePool1x2, 96, 96),
    (Scheme::FrequencyPair, 96, 96),
    (Scheme::Time, 96, 96),
    (Scheme::FrequencyPair, 96, 96),
    (Scheme::TimePool2x2, 96, 96),
    (Scheme::Time, 96, 96),
];

/// The weights of the network, as in its graph.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbedWeights {
    /// `[output][time][frequency]` of the first layer.
    pub stem: Vec<[[f32; 3]; 3]>,
    /// Bias of the first layer.
    pub stem_bias: Vec<f32>,
    /// One for each of [`LAYERS`].
    pub layers: [Taps; LAYERS.len()],
}

/// The embedding network, shared between workers.
#[derive(Clone, Debug)]
pub struct EmbedKernel {
    isa: Isa,
    network: Arc<Network>,
}

#[derive(Debug)]
struct Network {
    stem: Stem,
    /// The two layers of the first block, which run slice by slice.
    first: [Convolution; 2],
    rest: Vec<Convolution>,
}

/// What one worker computes with: grows to the longest clip it has seen.
pub struct EmbedScratch {
    workspace: Workspace,
    stem: Vec<Lanes>,
    slice: Vec<Lanes>,
    read: Vec<Lanes>,
    written: Vec<Lanes>,
}

impl EmbedScratch {
    /// Empty scratch.
    pub fn new() -> Self {
        let rows = (SLICE + 2) * STEM_STEP;
        Self {
            workspace: Workspace::new(),
            stem: vec![Lanes::ZERO; rows],
            slice: vec![Lanes::ZERO; rows],
            read: Vec::new(),
            written: Vec::new(),
        }
    }
}

impl Default for EmbedScratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Lanes in one time step of the first block.
const STEM_STEP: usize = BANDS * CHANNELS / WIDTH;

/// Windows that fit into a number of frames.
pub fn windows(frames: usize) -> usize {
    match frames.checked_sub(WINDOW) {
        Some(rest) => rest / STRIDE + 1,
        None => 0,
    }
}

impl EmbedKernel {
    /// Prepares the weights for this machine.
    pub fn new(isa: Isa, weights: &EmbedWeights) -> Self {
        let layer = |index: usize| Convolution::new(LAYERS[index].0, &weights.layers[index]);
        let mut rest: Vec<_> = (2..LAYERS.len()).map(layer).collect();
        if let Some(last) = rest.last_mut() {
            last.make_linear();
        }
        Self {
            isa,
            network: Arc::new(Network {
                stem: Stem::new(&weights.stem, &weights.stem_bias),
                first: [layer(0), layer(1)],
                rest,
            }),
        }
    }

    /// The embeddings of all windows of `mel`, frames of 32 values: `out`
    /// becomes `(windows, 96)`, empty where there are fewer than 76 frames.
    pub fn run(&self, scratch: &mut EmbedScratch, mel: &[f32], out: &mut Vec<f32>) {
        self.run_last(scratch, mel, usize::MAX, out);
    }

    /// The embeddings of the last `limit` windows alone, to the same values
    /// within rounding.
    pub fn run_last(
        &self,
        scratch: &mut EmbedScratch,
        mel: &[f32],
        limit: usize,
        out: &mut Vec<f32>,
    ) {
        out.clear();
        let all = windows(mel.len() / BANDS);
        let windows = all.min(limit);
        if windows == 0 {
            return;
        }
        let first = (all - windows) * STRIDE;
        let frames = WINDOW + (windows - 1) * STRIDE;
        let mel = &mel[first * BANDS..][..frames * BANDS];

        let mut shape = self.first_block(scratch, mel);
        for layer in &self.network.rest {
            let EmbedScratch {
                workspace,
                read,
                written,
                ..
            } = scratch;
            shape = run_layer(self.isa, layer, shape, read, written, workspace);
            std::mem::swap(read, written);
        }
        let embeddings = &scratch.read[..shape.len()];
        out.extend(embeddings.iter().flat_map(|lanes| lanes.0));
    }

    /// Stem and first block, a slice of time steps after the other: the map
    /// between the two convolutions keeps its last two steps for the next
    /// slice. A slice of the same frames as the one before is a copy of it.
    fn first_block(&self, scratch: &mut EmbedScratch, mel: &[f32]) -> Shape {
        let EmbedScratch {
            workspace,
            stem,
            slice,
            read,
            ..
        } = scratch;
        let [frequency, time] = &self.network.first;
        let map = |times| Shape {
            times,
            bins: BANDS,
            lanes: CHANNELS / WIDTH,
        };
        let result = time.output(map(mel.len() / BANDS - 2));
        grow(read, result);
        let length = SLICE / 2 * result.step();
        let slices = Units {
            count: result.len().div_ceil(length),
            stride: SLICE * BANDS,
            length: (SLICE + 4) * BANDS,
            back: 1,
        };
        for index in 0..slices.count {
            let start = index * length;
            let end = result.len().min(start + length);
            if slices.repeats(mel, index) {
                read.copy_within(start - length..end - length, start);
                continue;
            }
            let times = (end - start) / result.step() * 2 + 2;
            let frames = &mel[index * slices.stride..][..(times + 2) * BANDS];
            let kept = if index > 0 { 2 } else { 0 };
            let stem = &mut stem[..(times - kept) * STEM_STEP];
            self.network
                .stem
                .run(self.isa, &frames[kept * BANDS..], stem);
            let target = &mut slice[kept * STEM_STEP..];
            frequency.run(self.isa, map(times - kept), stem, target, workspace);
            let output = &mut read[start..end];
            time.run(self.isa, map(times), slice, output, workspace);
            slice.copy_within(times.saturating_sub(2) * STEM_STEP..times * STEM_STEP, 0);
        }
        result
    }
}

fn run_layer(
    isa: Isa,
    layer: &Convolution,
    shape: Shape,
    read: &[Lanes],
    written: &mut Vec<Lanes>,
    workspace: &mut Workspace,
) -> Shape {
    grow(written, layer.output(shape));
    layer.run(isa, shape, read, written, workspace)
}

fn grow(buffer: &mut Vec<Lanes>, shape: Shape) {
    if buffer.len() < shape.len() {
        buffer.resize(shape.len(), Lanes::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::speech::EMBEDDING;
    use crate::frontend::speech::native::reference;
    use crate::frontend::speech::native::reference::{Map, Noise, distance};

    fn run(kernel: &EmbedKernel, scratch: &mut EmbedScratch, mel: &[f32]) -> Vec<f32> {
        let mut out = vec![f32::NAN; 5];
        kernel.run(scratch, mel, &mut out);
        out
    }

    #[test]
    fn embeddings_are_those_of_the_reference() {
        let mut noise = Noise(1);
        let weights = noise.embedding();
        // Two windows, and five frames that belong to none.
        let frames = WINDOW + STRIDE;
        let mut mel = noise.vec((frames + 5) * BANDS, 4.0);
        for silence in [0..0, 5..60] {
            mel[silence.start * BANDS..silence.end * BANDS].fill(-8.0);
            let map = Map::new([frames, BANDS, 1], |t, f, _| f64::from(mel[t * BANDS + f]));
            let expected = reference::embedding(&map, &weights);
            for isa in Isa::available() {
                let kernel = EmbedKernel::new(isa, &weights);
                let found = run(&kernel, &mut EmbedScratch::new(), &mel);
                let distance = distance(&found, &expected.values);
                assert!(distance < 1e-4, "{}: {distance}", isa.name());
            }
        }
    }

    #[test]
    fn every_window_is_the_embedding_of_its_frames_alone() {
        let mut noise = Noise(2);
        let kernel = EmbedKernel::new(Isa::detect(), &noise.embedding());
        let mut scratch = EmbedScratch::new();
        let frames = WINDOW + 6 * STRIDE;
        let mel = noise.vec(frames * BANDS, 4.0);
        let all = run(&kernel, &mut scratch, &mel);
        assert_eq!(all.len(), windows(frames) * EMBEDDING);
        for (window, embedding) in all.chunks_exact(EMBEDDING).enumerate() {
            let frames = &mel[window * STRIDE * BANDS..][..WINDOW * BANDS];
            let alone = run(&kernel, &mut scratch, frames);
            let expected: Vec<_> = alone.into_iter().map(f64::from).collect();
            assert!(distance(embedding, &expected) < 1e-4);
        }
        let mut last = Vec::new();
        kernel.run_last(&mut scratch, &mel, 2, &mut last);
        let expected: Vec<_> = all.iter().copied().map(f64::from).collect();
        assert!(distance(&last, &expected[5 * EMBEDDING..]) < 1e-4);
    }

    #[test]
    fn scratch_of_another_clip_gives_the_same_bits() {
        let mut noise = Noise(3);
        let kernel = EmbedKernel::new(Isa::detect(), &noise.embedding());
        let mel = noise.vec(100 * BANDS, 4.0);
        let fresh = run(&kernel, &mut EmbedScratch::new(), &mel);
        let mut used = EmbedScratch::new();
        run(&kernel, &mut used, &noise.vec(250 * BANDS, 1e6));
        assert_eq!(run(&kernel, &mut used, &mel), fresh);
    }

    #[test]
    fn every_instruction_set_with_fused_sums_gives_the_same_bits() {
        let mut noise = Noise(5);
        let weights = noise.embedding();
        let mel = noise.vec(196 * BANDS, 4.0);
        let fused = Isa::available().filter(|isa| isa.is_fast());
        let all: Vec<_> = fused
            .map(|isa| {
                run(
                    &EmbedKernel::new(isa, &weights),
                    &mut EmbedScratch::new(),
                    &mel,
                )
            })
            .collect();
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn too_few_frames_have_no_window() {
        let kernel = EmbedKernel::new(Isa::detect(), &Noise(4).embedding());
        let mel = vec![0.0; (WINDOW - 1) * BANDS];
        assert!(run(&kernel, &mut EmbedScratch::new(), &mel).is_empty());
    }
}
