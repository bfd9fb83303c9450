//! The keys of a livekit-wakeword configuration, for warnings about others.

use std::path::Path;

/// Every known key. Tables that end in `.*` take any key.
const KNOWN: &[&str] = &[
    "model_name",
    "target_phrases",
    "n_samples",
    "n_samples_val",
    "n_background_samples",
    "n_background_samples_val",
    "tts_batch_size",
    "tts_backend",
    "piper_tts.checkpoint_relpath",
    "voxcpm_tts.model_id",
    "voxcpm_tts.model_cache_relpath",
    "voxcpm_tts.local_model_path",
    "voxcpm_tts.load_denoiser",
    "voxcpm_tts.voice_design_prompts",
    "voxcpm_tts.cfg_values",
    "voxcpm_tts.inference_timesteps_list",
    "custom_negative_phrases",
    "noise_scales",
    "noise_scale_ws",
    "length_scales",
    "slerp_weights",
    "max_speakers",
    "data_dir",
    "output_dir",
    "output_format",
    "augmentation.clip_duration",
    "augmentation.batch_size",
    "augmentation.rounds",
    "augmentation.background_paths",
    "augmentation.rir_paths",
    "augmentation.n_workers",
    "augmentation.mp_context",
    "feature_extraction.n_workers",
    "feature_extraction.mp_context",
    "feature_extraction.execution_providers",
    "eval.*",
    "model.model_type",
    "model.model_size",
    "steps",
    "learning_rate",
    "weight_decay",
    "label_smoothing",
    "max_negative_weight",
    "target_fp_per_hour",
    "batch_n_per_class.*",
];

/// A warning for each unknown key of a document.
pub fn unknown(path: &Path, keys: &serde_json::Value) -> Vec<String> {
    let mut unknown = Vec::new();
    collect_unknown(keys, "", &mut unknown);
    let warn = |key: &String| {
        let hint =
            nearest(key).map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
        format!("{}: unknown key '{key}' is ignored{hint}", path.display())
    };
    unknown.iter().map(warn).collect()
}

fn collect_unknown(value: &serde_json::Value, prefix: &str, unknown: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        let below = format!("{path}.");
        if KNOWN.contains(&path.as_str()) || KNOWN.contains(&format!("{below}*").as_str()) {
            continue;
        }
        if KNOWN.iter().any(|known| known.starts_with(&below)) {
            collect_unknown(value, &below, unknown);
        } else {
            unknown.push(path);
        }
    }
}

fn nearest(key: &str) -> Option<&'static str> {
    let likeness = |known: &&str| strsim::jaro_winkler(key, known);
    let known = KNOWN.iter().map(|known| known.trim_end_matches(".*"));
    let nearest = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.filter(|known| likeness(known) > 0.85)
}
