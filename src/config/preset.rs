//! What `augment.preset` stands for: a table of keys that lies over the defaults
//! and under the file. A new preset is a line here.

/// Names of the presets, the default first.
pub const NAMES: &[&str] = &["livekit", "openwakeword"];

/// The keys of a preset, as TOML.
pub fn keys(name: &str) -> Option<&'static str> {
    match name {
        "livekit" => Some(LIVEKIT),
        "openwakeword" => Some(OPENWAKEWORD),
        _ => None,
    }
}

/// The effects' own defaults are livekit-wakeword's; it places after the effects,
/// which leaves digital silence around a clip, so the order is a pipeline's own.
const LIVEKIT: &str =
    r#"augment.chain = ["place", "equalizer", "distortion", "reverb", "background"]"#;

/// The chain, the probabilities and the ranges of openWakeWord 0.6.0
/// (`openwakeword/data.py`, `augment_clips`); what is a fault there is a
/// pipeline's own default.
const OPENWAKEWORD: &str = r#"
[augment]
chain = ["place", "equalizer", "distortion", "pitch_shift", "band_stop", "colored_noise", "background", "gain", "reverb"]
round_from = "clip"
row_order = "pass"

[augment.equalizer]
probability = 0.25
gain_db = [-6, 6]

[augment.distortion]
probability = 0.25
amount = [0.0001, 0.1]

[augment.pitch_shift]
probability = 0.25

[augment.band_stop]
probability = 0.25

[augment.colored_noise]
probability = 0.25

[augment.background]
probability = 0.75
snr_db = [-10, 15]
fill = "join"

[augment.gain]
probability = 1.0
gain_db = [-18, 0]

[augment.reverb]
probability = 0.5
level = "clip"
"#;
