//! One model's file, with the files beside it that hold its weights.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::error::ModelError;
use super::fetch;
use crate::onnx::{Model, OnnxError, external};

/// A model, whole.
pub struct ModelFile {
    /// The file.
    pub path: Arc<Path>,
    /// Its content; where weights are in other files, with them put in.
    pub bytes: Arc<[u8]>,
    /// SHA-256 of the file and of all weights that are in others.
    pub sha256: String,
    /// The model in it.
    pub model: Model,
}

impl ModelFile {
    /// Reads a file, and those that it names.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let read = || -> Result<_, OnnxError> {
            let bytes = std::fs::read(path)?;
            let mut model = Model::from_bytes(&bytes)?;
            let folder = path.parent().unwrap_or(Path::new(""));
            let mut hash = Sha256::new();
            hash.update(&bytes);
            let mut whole = true;
            external::inline(&mut model, folder, &mut |weights| {
                whole = false;
                hash.update(weights);
            })?;
            // As published, to the byte, where it can be.
            let bytes = if whole { bytes } else { model.to_bytes() };
            Ok((bytes, fetch::hex(&hash.finalize()), model))
        };
        match read() {
            Ok((bytes, sha256, model)) => Ok(Self {
                path: path.into(),
                sha256,
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
