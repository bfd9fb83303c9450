//! A background or impulse response, judged from its first seconds.

use super::db;
use crate::dsp::decay::Decay;
use crate::dsp::effect::SoundKind;
use crate::dsp::level::Level;
use crate::records::{AuditRules, Check, Noted};

/// Seconds of a sound that are looked at.
pub const SECONDS: f64 = 10.0;

/// What is wrong with a sound of that kind; `samples` are its first seconds, at
/// a rate in Hz, for windows of so many samples.
pub fn judge(
    rules: &AuditRules,
    kind: SoundKind,
    samples: &[f32],
    sample_rate: u32,
    window: usize,
) -> Vec<Noted> {
    let peak = Level::of(samples).peak;
    let mut noted: Vec<Noted> = Vec::new();
    let mut note = |check, measure| noted.extend(rules.judge(check, measure));
    note(Check::SilentSound, db(f64::from(peak)));
    match kind {
        SoundKind::Background => {
            let least = samples.iter().copied().fold(f32::INFINITY, f32::min);
            let most = samples.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            if !samples.is_empty() && noted.is_empty() {
                noted.extend(rules.judge(Check::ConstantSound, f64::from(most - least)));
            }
        }
        SoundKind::Impulse => {
            if let Some(decay) = Decay::of(samples) {
                let ms = 1000.0 / f64::from(sample_rate);
                let windows = decay.length as f64 / window.max(1) as f64;
                note(Check::LateResponse, decay.onset as f64 * ms);
                note(Check::LongResponse, windows);
                note(Check::NoResponse, decay.half_way_db);
            }
        }
    }
    noted
}
