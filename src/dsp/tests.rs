//! Tests of the effects as a whole.

use std::ops::Range as Span;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::background::{BackgroundNoise, Fill, Noise};
use super::chain::{Drawn, EffectKind, EffectSpec};
use super::convolution::{Convolver, Impulse};
use super::effect::{Effect, EffectError, Scene, SoundBank, SoundKind, Workspace};
use super::reverb::{Loudness, Reverb, Tail};
use super::*;

/// A bank of sounds in memory.
#[derive(Default)]
pub(super) struct Shelf(pub Vec<Vec<f32>>);

impl Shelf {
    fn find(&self, name: &str) -> &[f32] {
        &self.0[name.parse::<usize>().unwrap()]
    }
}

impl SoundBank for Shelf {
    fn count(&self, _: SoundKind) -> usize {
        self.0.len()
    }

    fn name(&self, _: SoundKind, index: usize) -> Arc<str> {
        index.to_string().into()
    }

    fn background_len(&mut self, name: &str) -> Result<u64, EffectError> {
        Ok(self.find(name).len() as u64)
    }

    fn background(&mut self, name: &str, span: Span<u64>) -> Result<&[f32], EffectError> {
        Ok(&self.find(name)[span.start as usize..span.end as usize])
    }

    fn impulse(&mut self, name: &str, by: &mut Convolver) -> Result<Arc<Impulse>, EffectError> {
        Ok(Arc::new(by.prepare(self.find(name)).unwrap()))
    }
}

/// A window of 100 samples at 16 kHz.
pub(super) fn scene<'a>(sounds: &'a mut Shelf, workspace: &'a mut Workspace) -> Scene<'a> {
    Scene {
        sample_rate: 16_000,
        window: 100,
        place: Some(placement::Place::End),
        sounds,
        workspace,
    }
}

/// Every effect with its defaults, always applied.
fn always(kind: EffectKind) -> EffectSpec {
    let settings = kind.parameters().iter().map(|parameter| {
        let default = match parameter.name {
            "probability" => "1.0",
            _ => parameter.default,
        };
        let value: serde_json::Value = serde_json::from_str(default).unwrap();
        (parameter.name.to_owned(), value)
    });
    kind.settings(serde_json::Value::Object(settings.collect()))
        .unwrap()
}

#[test]
fn a_record_alone_does_what_was_drawn() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for &kind in EffectKind::ALL {
        let mut sounds = Shelf(vec![vec![0.5, -0.25, 0.125], vec![0.75; 40]]);
        let mut workspace = Workspace::default();
        let mut scene = scene(&mut sounds, &mut workspace);
        let clip: Vec<f32> = (0..300).map(|n| (n as f32 * 0.7).sin()).collect();
        let drawn = always(kind).draw(clip.len(), &mut scene, &mut rng);
        let drawn = drawn.unwrap().unwrap();
        let json = serde_json::to_value(&drawn).unwrap();
        let again: Drawn = kind.drawn(json).unwrap();
        assert_eq!(again, drawn);
        let (mut first, mut second) = (clip.clone(), clip.clone());
        let effect = always(kind);
        effect.apply(&drawn, &mut scene, &mut first).unwrap();
        effect.apply(&again, &mut scene, &mut second).unwrap();
        assert_eq!(first, second, "{kind:?}");
        assert_ne!(first, clip, "{kind:?}");
        assert!(!drawn.facts(16_000).words.is_empty());
    }
}

#[test]
fn settings_are_read_as_they_were_written() {
    for &kind in EffectKind::ALL {
        let effect = always(kind);
        let json = serde_json::to_string(&effect).unwrap();
        assert_eq!(serde_json::from_str::<EffectSpec>(&json).unwrap(), effect);
        assert_eq!(EffectKind::named(kind.name()), Some(kind));
    }
}

#[test]
fn every_sound_is_drawn_and_none_where_there_are_none() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut workspace = Workspace::default();
    let mut sounds = Shelf(vec![vec![1.0]; 3]);
    let reverb = Reverb {
        probability: 1.0,
        align: true,
        tail: Tail::Cut,
        level: Loudness::Response,
    };
    let noise = BackgroundNoise {
        probability: 1.0,
        snr_db: Range::new(5.0, 15.0),
        fill: Fill::Repeat,
    };
    let mut seen = [[false; 3]; 2];
    // Missing one of three in 100 draws: once in 10^17.
    for _ in 0..100 {
        let mut scene = scene(&mut sounds, &mut workspace);
        let room = reverb.draw(1, &mut scene, &mut rng).unwrap().unwrap();
        let Noise::Repeated(noise) = noise.draw(1, &mut scene, &mut rng).unwrap().unwrap() else {
            panic!("joined");
        };
        for (seen, name) in seen.iter_mut().zip([room.file, noise.file]) {
            seen[name.parse::<usize>().unwrap()] = true;
        }
    }
    assert_eq!(seen, [[true; 3]; 2]);
    sounds.0.clear();
    let mut scene = scene(&mut sounds, &mut workspace);
    assert!(reverb.draw(1, &mut scene, &mut rng).unwrap().is_none());
    assert!(noise.draw(1, &mut scene, &mut rng).unwrap().is_none());
}

#[test]
fn things_happen_at_their_probability() {
    // 20,000 draws leave 4.5 standard errors of the mean but once in 150,000
    // times.
    const DRAWS: u32 = 20_000;
    for probability in [0.25, 0.5, 0.9] {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let count = (0..DRAWS)
            .filter(|_| happens(probability, &mut rng))
            .count();
        let rate = count as f64 / f64::from(DRAWS);
        let standard_error = (probability * (1.0 - probability) / f64::from(DRAWS)).sqrt();
        assert!(
            (rate - probability).abs() < 4.5 * standard_error,
            "{rate} for {probability}"
        );
    }
}

#[test]
fn certainty_is_certain() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    assert!((0..1000).all(|_| happens(1.0, &mut rng)));
    assert!((0..1000).all(|_| !happens(0.0, &mut rng)));
}

#[test]
fn a_range_of_one_value_draws_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    assert_eq!(Range::new(2.5, 2.5).draw(&mut rng), 2.5);
}
