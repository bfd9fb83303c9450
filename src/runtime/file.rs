//! One model's file.

use std::path::Path;
use std::sync::Arc;

use super::error::ModelError;
use super::fetch;
use crate::onnx::{Model, OnnxError};

/// A model as it is in its file.
pub struct ModelFile {
    /// The file.
    pub path: Arc<Path>,
    /// Its content.
    pub bytes: Arc<[u8]>,
    /// SHA-256 of it.
    pub sha256: String,
    /// The model in it.
    pub model: Model,
}

impl ModelFile {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let read = || -> Result<_, OnnxError> {
            let bytes = std::fs::read(path)?;
            let model = Model::from_bytes(&bytes)?;
            Ok((bytes, model))
        };
        match read() {
            Ok((bytes, model)) => Ok(Self {
                path: path.into(),
                sha256: fetch::sha256(&bytes),
                bytes: bytes.into(),
                model,
            }),
            Err(source) => Err(ModelError::File {
                path: path.to_owned(),
                source,
            }),
        }
    }
}
