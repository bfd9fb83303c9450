//! A few rows beside the clips they were made from, to see and to hear.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::build::booth::{self, BANDS};
use crate::build::{BuildError, Ready};
use crate::records::Provenance;

/// Examples, of all splits together, about.
const EXAMPLES: usize = 6;
/// Clips tried for one example.
const TRIES: usize = 5;
/// Longest piece of an original, and of a row that is as long as its clip, in
/// seconds.
const MOST_SECONDS: f64 = 4.0;
/// Longest end of a row of any window, in seconds: minutes would be most of the page.
const LONGEST_ROW: f64 = 12.0;
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

/// Rows spread over the splits; clips that cannot be rendered give none.
pub(super) fn pick(ready: &Ready) -> Result<Vec<Example>, BuildError> {
    let (mut renderer, mut booth) = (ready.renderer()?, ready.booth()?);
    let splits = ready.inputs().splits.iter();
    let filled: Vec<_> = splits
        .enumerate()
        .filter(|(_, split)| !split.clips.is_empty())
        .take(EXAMPLES)
        .collect();
    let each = (EXAMPLES / filled.len().max(1)).max(1);
    let audio = &ready.plan().audio;
    let samples = |seconds: f64| (seconds * f64::from(audio.sample_rate)) as usize;
    let most = audio
        .clip_samples
        .clamp(samples(MOST_SECONDS), samples(LONGEST_ROW));
    let mut examples = Vec::new();
    for (index, split) in filled {
        let (clips, reads) = (&split.clips, ready.reads(index));
        for n in 0..each.min(clips.len()) {
            let first = clips.len() * (2 * n + 1) / (2 * each);
            let tried = clips.iter().skip(first).take(TRIES).enumerate();
            let mut usable = tried.filter(|(_, clip)| clip.problem.is_none());
            examples.extend(usable.find_map(|(n, clip)| {
                let made = match &reads {
                    // Its first rows, which cost no reading of hours.
                    Some(reads) => renderer.recording_row((index, reads), clip, n as u64),
                    None => {
                        let round = n as u32 % ready.plan().rounds();
                        renderer.row(index, &clip.id, round, samples(MOST_SECONDS))
                    }
                };
                let (original, row) = made.ok()??;
                Some(Example {
                    split: split.name().to_owned(),
                    clip: clip.id.name.to_string(),
                    round: row.round,
                    provenance: (*row.provenance).clone(),
                    original: booth.clip(&original, MOST_SECONDS)?.into(),
                    row: booth.row(end(&row.data, most))?.into(),
                })
            }));
        }
    }
    Ok(examples)
}

/// The end of a row, which its features are of.
fn end(row: &[i16], most: usize) -> &[i16] {
    &row[row.len().saturating_sub(most)..]
}

impl From<booth::Sound> for Sound {
    fn from(sound: booth::Sound) -> Self {
        let picture = sound.spectrogram.and_then(|mel| image(&mel));
        Self {
            seconds: sound.seconds,
            wav: STANDARD.encode(sound.wav),
            spectrogram: picture.map(|png| STANDARD.encode(png)),
        }
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
