//! Which input scale embeddings were made with, as far as they tell.
//!
//! The same audio on the scale of 16-bit integers is 90.3 dB louder to the mel
//! network than in [-1, 1]: 9.03 more in every value that the embedding network
//! reads. That network hardly minds, which is why mixing the two goes unnoticed
//! for so long; but it does mind a little. A linear function of the embeddings,
//! fitted by least squares to −1 (unit) and +1 (int16), tells the scales apart
//! on the average of a file.
//!
//! It was fitted to speech, music and noise, clean and augmented, with peaks from
//! −30 to 0 dB, by the method of `tests/golden/fit_input_scale.py`; the rows of
//! two builds of the livekit preset were in the fit too, so the exact weights do
//! not come out of that script alone. With each of nine kinds of audio left out
//! of the fit in turn, its rows averaged −1.20 to −0.11 (unit) and 0.25 to 1.29
//! (int16), and of single rows up to one in five was on the wrong side. The margin
//! was chosen after seeing these averages: it has not been tried on data of its
//! own, which is why a verdict is never more than "likely".

use serde::Serialize;

use crate::records::EMBEDDING;

/// What lies nearer to 0 could be either.
const MARGIN: f64 = 0.2;
/// Fewest embeddings to tell anything from.
const FEWEST: u64 = 160;

/// What the embeddings of a file say about their input scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ScaleGuess {
    /// Average score: −1 is typical of unit, +1 of int16.
    pub score: f64,
    /// What follows from it.
    pub verdict: Verdict,
}

/// An input scale, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// [-1, 1].
    LikelyUnit,
    /// Integers of 16 bits.
    LikelyInt16,
    /// Too few embeddings, or a score between the two.
    CannotTell,
}

/// Averages the scores of embeddings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ScaleMeter {
    sum: f64,
    count: u64,
}

impl ScaleMeter {
    /// Looks at one embedding; padding and what is not finite counts for nothing.
    pub(super) fn add(&mut self, embedding: &[f32]) {
        let padding = embedding.iter().all(|value| *value == 0.0);
        if embedding.len() != EMBEDDING || padding {
            return;
        }
        let products = embedding
            .iter()
            .zip(&WEIGHTS)
            .map(|(x, weight)| f64::from(x * weight));
        let score = products.sum::<f64>() + BIAS;
        if score.is_finite() {
            self.sum += score;
            self.count += 1;
        }
    }

    /// What all of them say; `None` of none.
    pub(super) fn guess(&self) -> Option<ScaleGuess> {
        if self.count == 0 {
            return None;
        }
        let score = self.sum / self.count as f64;
        let verdict = match score {
            _ if self.count < FEWEST => Verdict::CannotTell,
            score if score < -MARGIN => Verdict::LikelyUnit,
            score if score > MARGIN => Verdict::LikelyInt16,
            _ => Verdict::CannotTell,
        };
        Some(ScaleGuess { score, verdict })
    }
}

const BIAS: f64 = -3.3455;

#[rustfmt::skip]
const WEIGHTS: [f32; EMBEDDING] = [
    -0.0299, 0.0284, -0.0294, 0.0303, 0.0265, -0.0310,
    0.0429, 0.0058, -0.0064, 0.0030, 0.0041, 0.0056,
    0.0289, -0.0242, 0.0412, -0.0179, -0.0014, 0.0259,
    -0.0126, -0.0048, -0.0154, 0.0005, 0.0014, 0.0181,
    0.0140, 0.0134, -0.0163, 0.0156, 0.0490, 0.0006,
    0.0035, -0.0148, -0.0126, 0.0103, -0.0118, 0.0320,
    0.0143, 0.0248, 0.0041, -0.0056, 0.0472, -0.0470,
    0.0133, -0.0128, -0.0355, -0.0119, 0.0099, 0.0321,
    -0.0235, -0.0038, 0.0407, 0.0492, -0.0178, -0.0059,
    0.0024, -0.0023, -0.0063, -0.0063, 0.0170, 0.0194,
    0.0126, -0.0021, 0.0224, 0.0197, 0.0022, -0.0237,
    -0.0027, -0.0240, 0.0076, -0.0371, -0.0035, -0.0150,
    0.0116, 0.0014, 0.0077, -0.0006, 0.0106, -0.0144,
    -0.0170, 0.0118, -0.0149, -0.0433, 0.0237, -0.0558,
    -0.0155, 0.0221, -0.0101, -0.0036, -0.0023, 0.0157,
    -0.0126, 0.0557, -0.0041, -0.0058, -0.0334, 0.0130,
];
