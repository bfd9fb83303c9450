//! Reverberation: convolution with a room impulse response, cropped to the clip.

use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::effect::{
    Effect, EffectError, Facts, PROBABILITY, Parameter, Scene, SoundKind, file_name, parameters,
};
use super::happens;

parameters! {
    /// How often a room impulse response is applied.
    pub struct Reverb {
        /// Probability of a room impulse response.
        probability: f64 = "0.5", PROBABILITY;
    }
}

impl Effect for Reverb {
    const NAME: &'static str = "reverb";
    const TABLE: &'static str = "augment.reverb";
    const RECORD: &'static str = "rir";
    const LABEL: &'static str = "impulse response";
    const PARAMETERS: &'static [Parameter] = Self::KEYS;
    const SOUND: Option<SoundKind> = Some(SoundKind::Impulse);
    /// The impulse response.
    type Drawn = Arc<str>;

    fn draw(
        &self,
        _: usize,
        scene: &mut Scene<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Arc<str>>, EffectError> {
        let count = scene.sounds.count(SoundKind::Impulse);
        if !happens(self.probability, rng) || count == 0 {
            return Ok(None);
        }
        let index = rng.random_range(0..count);
        Ok(Some(scene.sounds.name(SoundKind::Impulse, index)))
    }

    fn apply(
        name: &Arc<str>,
        scene: &mut Scene<'_>,
        samples: &mut Vec<f32>,
    ) -> Result<(), EffectError> {
        let convolver = &mut scene.workspace.convolver;
        let impulse = scene.sounds.impulse(name, convolver)?;
        convolver
            .convolve(&impulse, samples)
            .map_err(|error| EffectError(format!("{name}: {error}")))
    }

    fn facts(name: &Arc<str>, _: u32) -> Facts<'_> {
        Facts {
            sounds: vec![name],
            ..Facts::new(format!("room {}", file_name(name)))
        }
    }
}
