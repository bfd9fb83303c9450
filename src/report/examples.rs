//! A few rows beside the clips they were made from, to see and to hear.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::audio::wav;
use crate::build::Ready;
use crate::build::render::Renderer;
use crate::dsp::pcm16;
use crate::frontend::speech::BANDS;
use crate::frontend::{Net, Network};
use crate::records::{Pcm, Provenance};
use crate::source::sequence::Entry;

use super::ReportError;

/// Examples, of all splits together, about.
const EXAMPLES: usize = 6;
/// Clips tried for one example.
const TRIES: usize = 5;
/// Longest piece of an original, in seconds.
const MOST_SECONDS: f64 = 4.0;
/// Range of colors below the loudest point: 80 dB, in the spectrogram's unit.
const DEPTH: f32 = 8.0;

/// One row and its original.
pub(super) struct Example {
    pub split: String,
    pub clip: String,
    pub round: u32,
    pub provenance: Provenance,
    pub original: Sound,
    pub row: Sound,
}

/// Audio as a page can hold it.
pub(super) struct Sound {
    pub seconds: f64,
    /// A WAV in base64.
    pub wav: String,
    /// Its spectrogram as a PNG in base64; none of what is too short.
    pub spectrogram: Option<String>,
}

/// Makes sounds of samples.
struct Booth {
    sample_rate: u32,
    gain: f32,
    net: Box<dyn Net>,
}

/// Rows spread over the splits; clips that cannot be rendered give none.
pub(super) fn pick(ready: &Ready) -> Result<Vec<Example>, ReportError> {
    let mut renderer = ready.renderer()?;
    let plan = ready.plan();
    let mut booth = Booth {
        sample_rate: plan.audio.sample_rate,
        gain: ready.front_end().features().full_scale / 32768.0,
        net: ready.front_end().net(Network::Mel)?,
    };
    let splits = ready.inputs().splits.iter();
    let filled: Vec<_> = splits
        .enumerate()
        .filter(|(_, split)| !split.clips.is_empty())
        .take(EXAMPLES)
        .collect();
    let each = (EXAMPLES / filled.len().max(1)).max(1);
    let mut examples = Vec::new();
    for (index, split) in filled {
        let clips = &split.clips;
        for n in 0..each.min(clips.len()) {
            let first = clips.len() * (2 * n + 1) / (2 * each);
            let tried = clips.iter().skip(first).take(TRIES);
            let found = tried
                .enumerate()
                .find_map(|(n, clip)| booth.example(&mut renderer, index, clip, n));
            examples.extend(found.map(|found| Example {
                split: split.name().to_owned(),
                ..found
            }));
        }
    }
    Ok(examples)
}

impl Booth {
    fn example(
        &mut self,
        renderer: &mut Renderer,
        split: usize,
        clip: &Entry,
        n: usize,
    ) -> Option<Example> {
        if clip.problem.is_some() {
            return None;
        }
        let (original, mut rows) = renderer.rows(split, &clip.id).ok()?;
        let row = rows.swap_remove(n % rows.len());
        let most = (MOST_SECONDS * f64::from(self.sample_rate)) as usize;
        let mut pcm = Pcm::new();
        pcm16::encode_into(&original[..original.len().min(most)], &mut pcm);
        Some(Example {
            split: String::new(),
            clip: clip.id.name.to_string(),
            round: row.round,
            provenance: (*row.provenance).clone(),
            original: self.sound(&pcm)?,
            row: self.sound(&row.data)?,
        })
    }

    fn sound(&mut self, pcm: &Pcm) -> Option<Sound> {
        let audio: Vec<f32> = pcm.iter().map(|s| f32::from(*s) * self.gain).collect();
        let mut mel = [Vec::new()];
        // Too short for the network is no reason to have nothing to hear.
        let computed = self.net.run(&[&audio], &mut mel).is_ok();
        let wav = wav::encode(self.sample_rate, pcm).ok()?;
        Some(Sound {
            seconds: pcm.len() as f64 / f64::from(self.sample_rate),
            wav: STANDARD.encode(wav),
            spectrogram: computed
                .then(|| image(&mel[0]))
                .flatten()
                .map(|png| STANDARD.encode(png)),
        })
    }
}

/// A spectrogram, `(frames, 32)`, as a PNG: time to the right, low bands below.
fn image(mel: &[f32]) -> Option<Vec<u8>> {
    let frames = mel.len() / BANDS;
    let loudest = mel.iter().copied().fold(f32::MIN, f32::max);
    let mut pixels = Vec::with_capacity(mel.len());
    for band in (0..BANDS).rev() {
        for frame in 0..frames {
            let below = (loudest - mel[frame * BANDS + band]) / DEPTH;
            pixels.push((255.0 * (1.0 - below.clamp(0.0, 1.0))) as u8);
        }
    }
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, frames as u32, BANDS as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette());
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(png)
}

/// From dark to light through purple and orange: readable by everybody, and on
/// any background.
fn palette() -> Vec<u8> {
    const STOPS: [[f32; 3]; 6] = [
        [10.0, 8.0, 28.0],
        [66.0, 18.0, 104.0],
        [140.0, 41.0, 108.0],
        [211.0, 76.0, 72.0],
        [248.0, 150.0, 52.0],
        [252.0, 246.0, 180.0],
    ];
    let color = |level: u16| {
        let place = f32::from(level) / 255.0 * (STOPS.len() - 1) as f32;
        let left = (place as usize).min(STOPS.len() - 2);
        let share = place - left as f32;
        let mix = move |n: usize| STOPS[left][n] * (1.0 - share) + STOPS[left + 1][n] * share;
        [0, 1, 2].map(|n| mix(n) as u8)
    };
    (0..256).flat_map(color).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_a_column_a_frame_and_its_loudest_point_is_lightest() {
        let mut mel = vec![0.0; 3 * BANDS];
        mel[BANDS + 4] = 8.0;
        let png = image(&mel).unwrap();
        let mut reader = png::Decoder::new(png.as_slice()).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (3, 32));
        let lightest = pixels.iter().position(|pixel| *pixel == 255).unwrap();
        assert_eq!((lightest % 3, lightest / 3), (1, 31 - 4));
    }
}
