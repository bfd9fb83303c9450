//! The files of the two networks.

use super::spec::FrontEndSpec;
use super::speech::{embedding, mel};
use crate::runtime::ModelError;
use crate::runtime::file::ModelFile;
use crate::runtime::networks::Networks;

/// The published networks.
pub struct ModelFiles {
    pub mel: ModelFile,
    pub embedding: ModelFile,
    /// Whether the embedding network takes one window at a time only.
    pub single: bool,
}

impl ModelFiles {
    /// Reads the configured files; the published ones where there are none,
    /// fetched first if need be, which `notice` is told.
    pub fn read(spec: &FrontEndSpec, notice: &mut dyn FnMut(&str)) -> Result<Self, ModelError> {
        let (mel, embedding) = match (&spec.mel_model, &spec.embedding_model) {
            (Some(mel), Some(embedding)) => (mel.clone(), embedding.clone()),
            (mel, embedding) => {
                let published = Networks::locate(notice)?;
                (
                    mel.clone().unwrap_or(published.mel),
                    embedding.clone().unwrap_or(published.embedding),
                )
            }
        };
        let (mel, embedding) = (ModelFile::read(&mel)?, ModelFile::read(&embedding)?);
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
