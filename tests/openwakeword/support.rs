//! Effects and sounds without a build.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;
use wakemill::dsp::chain::{EffectKind, EffectSpec};
use wakemill::dsp::convolution::{Convolver, Impulse};
use wakemill::dsp::effect::{EffectError, SoundBank, SoundKind};

/// An effect with its defaults, but for some settings.
pub fn effect(name: &str, settings: Value) -> EffectSpec {
    let kind = EffectKind::named(name).unwrap();
    let mut all = serde_json::Map::new();
    for parameter in kind.parameters() {
        let default = serde_json::from_str(parameter.default).unwrap();
        all.insert(parameter.name.to_owned(), default);
    }
    all.extend(settings.as_object().unwrap().clone());
    kind.settings(Value::Object(all)).unwrap()
}

/// Sounds in memory, named by their number.
#[derive(Default)]
pub struct Bank {
    pub sounds: Vec<Vec<f32>>,
    /// How much of a response is used.
    pub response_samples: usize,
}

impl Bank {
    fn find(&self, name: &str) -> &[f32] {
        &self.sounds[name.parse::<usize>().unwrap()]
    }
}

impl SoundBank for Bank {
    fn count(&self, _: SoundKind) -> usize {
        self.sounds.len()
    }

    fn name(&self, _: SoundKind, index: usize) -> Arc<str> {
        index.to_string().into()
    }

    fn background_len(&mut self, name: &str) -> Result<u64, EffectError> {
        Ok(self.find(name).len() as u64)
    }

    fn background(&mut self, name: &str, span: Range<u64>) -> Result<&[f32], EffectError> {
        Ok(&self.find(name)[span.start as usize..span.end as usize])
    }

    fn impulse(&mut self, name: &str, by: &mut Convolver) -> Result<Arc<Impulse>, EffectError> {
        let most = self.response_samples;
        Ok(Arc::new(by.prepare_first(self.find(name), most).unwrap()))
    }
}
