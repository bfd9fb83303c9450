//! The keys of an openWakeWord training configuration: of 0.6.0, and of the
//! sample files before it.

use crate::presets::unknown::Known;

/// Every known key.
pub const KNOWN: &Known = &[
    "model_name",
    "output_dir",
    "rir_paths",
    "background_paths",
    "background_paths_duplication_rate",
    "augmentation_batch_size",
    "augmentation_rounds",
    "target_phrase",
    "custom_negative_phrases",
    "n_samples",
    "n_samples_val",
    "tts_batch_size",
    "piper_sample_generator_path",
    "total_length",
    "feature_data_files.*",
    "batch_n_per_class.*",
    "false_positive_validation_data_path",
    "model_type",
    "layer_size",
    "steps",
    "max_negative_weight",
    "target_false_positives_per_hour",
    "target_accuracy",
    "target_recall",
];
