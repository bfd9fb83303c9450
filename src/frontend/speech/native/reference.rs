//! Every layer once more in plain loops and double precision: what the tests
//! compare the kernels with.

use super::embed::{EmbedWeights, LAYERS};
use super::layer::{FLOOR, SLOPE, Scheme, Taps};
use super::mel::{BINS, HOP, MelWeights, POWER_FLOOR, RANGE_DB, WINDOW};

/// Values in the order `[time][bin][channel]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    pub times: usize,
    pub bins: usize,
    pub channels: usize,
    pub values: Vec<f64>,
}

impl Map {
    /// A map whose values are a function of time, bin and channel.
    pub fn new(
        [times, bins, channels]: [usize; 3],
        value: impl Fn(usize, usize, usize) -> f64,
    ) -> Self {
        let mut values = Vec::with_capacity(times * bins * channels);
        for time in 0..times {
            for bin in 0..bins {
                for channel in 0..channels {
                    values.push(value(time, bin, channel));
                }
            }
        }
        Self {
            times,
            bins,
            channels,
            values,
        }
    }

    fn at(&self, time: usize, bin: usize, channel: usize) -> f64 {
        self.values[(time * self.bins + bin) * self.channels + channel]
    }

    /// Zero beyond the lowest and the highest bin.
    fn padded(&self, time: usize, bin: Option<usize>, channel: usize) -> f64 {
        match bin {
            Some(bin) if bin < self.bins => self.at(time, bin, channel),
            _ => 0.0,
        }
    }
}

pub fn activate(x: f64) -> f64 {
    let leaky = if x > 0.0 { x } else { f64::from(SLOPE) * x };
    leaky.max(f64::from(FLOOR))
}

/// The first layer.
pub fn stem(input: &Map, taps: &[[[f32; 3]; 3]], bias: &[f32]) -> Map {
    let shape = [input.times - 2, input.bins, taps.len()];
    Map::new(shape, |time, bin, output| {
        let mut sum = f64::from(bias[output]);
        for (i, row) in taps[output].iter().enumerate() {
            for (j, &tap) in row.iter().enumerate() {
                sum += f64::from(tap) * input.padded(time + i, (bin + j).checked_sub(1), 0);
            }
        }
        activate(sum)
    })
}

/// A layer: convolution, activation where asked for, pooling.
pub fn layer(input: &Map, scheme: Scheme, taps: &Taps, activated: bool) -> Map {
    let along_time = !matches!(scheme, Scheme::Frequency | Scheme::FrequencyPair);
    let times = input.times - if along_time { 2 } else { 0 };
    let whole = Map::new([times, input.bins, taps.outputs], |time, bin, output| {
        let mut sum = f64::from(taps.bias[output]);
        for channel in 0..taps.inputs {
            let taps = taps.taps[output * taps.inputs + channel];
            for (i, &tap) in taps.iter().enumerate() {
                let value = if along_time {
                    input.at(time + i, bin, channel)
                } else {
                    input.padded(time, (bin + i).checked_sub(1), channel)
                };
                sum += f64::from(tap) * value;
            }
        }
        if activated { activate(sum) } else { sum }
    });
    match scheme {
        Scheme::TimePool1x2 => pool(&whole, 1, 2),
        Scheme::TimePool2x2 => pool(&whole, 2, 2),
        _ => whole,
    }
}

fn pool(input: &Map, times: usize, bins: usize) -> Map {
    let shape = [input.times / times, input.bins / bins, input.channels];
    Map::new(shape, |time, bin, channel| {
        let mut largest = f64::NEG_INFINITY;
        for i in 0..times {
            for j in 0..bins {
                largest = largest.max(input.at(time * times + i, bin * bins + j, channel));
            }
        }
        largest
    })
}

/// The embedding network over all of its input.
pub fn embedding(mel: &Map, weights: &EmbedWeights) -> Map {
    let mut map = stem(mel, &weights.stem, &weights.stem_bias);
    for (index, (&(scheme, ..), taps)) in LAYERS.iter().zip(&weights.layers).enumerate() {
        map = layer(&map, scheme, taps, index + 1 < LAYERS.len());
    }
    map
}

/// The mel network, scaled to dB / 10 + 2.
pub fn mel(audio: &[f32], weights: &MelWeights) -> Map {
    let frames = (audio.len() - WINDOW) / HOP + 1;
    let powers: Vec<Vec<f64>> = (0..frames)
        .map(|frame| spectrum(&audio[frame * HOP..][..WINDOW], weights.window()))
        .collect();
    let mut map = Map::new([frames, weights.bands[0].len(), 1], |frame, band, _| {
        let rows = powers[frame].iter().zip(&weights.bands);
        let energy: f64 = rows.map(|(power, row)| power * f64::from(row[band])).sum();
        10.0 * energy.max(f64::from(POWER_FLOOR)).log10()
    });
    let loudest = map.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for value in &mut map.values {
        *value = value.max(loudest - f64::from(RANGE_DB)) / 10.0 + 2.0;
    }
    map
}

/// The power at each frequency up to half the sampling rate.
fn spectrum(samples: &[f32], window: &[f32]) -> Vec<f64> {
    (0..=WINDOW / 2)
        .map(|bin| {
            let (mut re, mut im) = (0.0, 0.0);
            for (tap, (&x, &w)) in samples.iter().zip(window).enumerate() {
                let turn = (bin * tap % WINDOW) as f64 / WINDOW as f64;
                let (sine, cosine) = (2.0 * std::f64::consts::PI * turn).sin_cos();
                let x = f64::from(x) * f64::from(w);
                re += x * cosine;
                im -= x * sine;
            }
            re * re + im * im
        })
        .collect()
}

/// Even noise between −1 and 1 for tests, the same every time.
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f32) / 8_388_608.0 - 1.0
    }

    pub fn vec(&mut self, length: usize, scale: f32) -> Vec<f32> {
        (0..length).map(|_| self.next() * scale).collect()
    }

    /// Taps that keep the size of what passes through them.
    pub fn taps(&mut self, inputs: usize, outputs: usize) -> Taps {
        let scale = 1.2 / (inputs as f32).sqrt();
        let taps = (0..inputs * outputs)
            .map(|_| [0; 3].map(|_| self.next() * scale))
            .collect();
        Taps {
            inputs,
            outputs,
            taps,
            bias: self.vec(outputs, 0.3),
        }
    }

    /// The embedding network with other weights.
    pub fn embedding(&mut self) -> EmbedWeights {
        let stem = (0..24)
            .map(|_| [[0; 3]; 3].map(|row| row.map(|_| self.next() * 0.5)))
            .collect();
        let stem_bias = self.vec(24, 0.3);
        let layers = LAYERS.map(|(_, inputs, outputs)| self.taps(inputs, outputs));
        EmbedWeights {
            stem,
            stem_bias,
            layers,
        }
    }

    /// A mel network with a Hann window and triangular bands.
    pub fn mel() -> MelWeights {
        let window: Vec<f64> = (0..WINDOW)
            .map(|i| {
                let turn = (i as f64 - 56.0) / 400.0;
                let inside = (0.0..1.0).contains(&turn);
                let hann = 0.5 - 0.5 * (2.0 * std::f64::consts::PI * turn).cos();
                if inside { hann } else { 0.0 }
            })
            .collect();
        let bands = (0..=WINDOW / 2)
            .map(|bin| {
                std::array::from_fn(|band| {
                    let centre = 5.0 + 3.5 * band as f32;
                    (1.0 - (bin as f32 - centre).abs() / 4.0).max(0.0)
                })
            })
            .collect();
        let kernel = |wave: fn(f64) -> f64| {
            let tap = |index: usize| {
                let (bin, tap) = (index / WINDOW, index % WINDOW);
                let turn = (bin * tap % WINDOW) as f64 / WINDOW as f64;
                (window[tap] * wave(2.0 * std::f64::consts::PI * turn)) as f32
            };
            (0..BINS * WINDOW).map(tap).collect()
        };
        MelWeights {
            cosines: kernel(f64::cos),
            sines: kernel(|turn| -turn.sin()),
            bands,
        }
    }
}

/// The largest distance between results and reference.
pub fn distance(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    pairs
        .map(|(&a, b)| (f64::from(a) - b).abs())
        .fold(0.0, f64::max)
}
