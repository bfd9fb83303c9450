//! The files of the two networks.

use std::path::{Path, PathBuf};

use super::spec::FrontEndSpec;
use super::speech::{embedding, mel};
use crate::runtime::ModelError;
use crate::runtime::cache::Cache;
use crate::runtime::file::ModelFile;

/// The published networks.
pub struct ModelFiles {
    pub mel: ModelFile,
    pub embedding: ModelFile,
    /// Whether the embedding network takes one window at a time only.
    pub single: bool,
}

impl ModelFiles {
    pub fn read(spec: &FrontEndSpec) -> Result<Self, ModelError> {
        let mel = read(spec.mel_model.as_deref(), Cache::mel_model)?;
        let embedding = read(spec.embedding_model.as_deref(), Cache::embedding_model)?;
        mel::check_shape(&mel.model, &mel.path)?;
        let window = spec.windows.window;
        let single = embedding::check_shape(&embedding.model, &embedding.path, window)?;
        Ok(Self {
            mel,
            embedding,
            single,
        })
    }
}

/// Reads the configured file, else the cached one.
fn read(configured: Option<&Path>, cached: fn(&Cache) -> PathBuf) -> Result<ModelFile, ModelError> {
    match configured {
        Some(path) => ModelFile::read(path),
        None => ModelFile::read(&cached(&Cache::locate()?)),
    }
}
