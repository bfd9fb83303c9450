//! What `augment.preset` stands for: a table of keys that lies over the defaults
//! and under the file. A new preset is a line here.

/// Names of the presets, the default first.
pub const NAMES: &[&str] = &["livekit"];

/// The keys of a preset, as TOML. The effects' own defaults are
/// livekit-wakeword's; it places after the effects, which leaves digital silence
/// around a clip, so the order is a pipeline's own.
pub fn keys(name: &str) -> Option<&'static str> {
    match name {
        "livekit" => {
            Some(r#"augment.chain = ["place", "equalizer", "distortion", "reverb", "background"]"#)
        }
        _ => None,
    }
}
