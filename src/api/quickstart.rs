//! The quickstart's data set, to be written wherever it is wanted.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

/// The clips, noises and impulse responses.
static AUDIO: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/pipelines/quickstart");
/// What is built from them, in the project's own folders.
const PIPELINE: &str = include_str!("../../pipelines/quickstart.toml");
/// The name of that file.
const NAME: &str = "quickstart.toml";

/// Why the quickstart cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum QuickstartError {
    /// Something is there already.
    #[error("{} exists; name another folder, or remove it first", .0.display())]
    Exists(PathBuf),
    /// The operating system refused.
    #[error("cannot write {}: {error}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

/// Writes `quickstart.toml` and its audio, in `quickstart`, into a folder, made if
/// need be, and gives the pipeline's path. Its output folder is `out` there.
///
/// # Errors
/// One of the two exists; the folder cannot be written.
pub fn quickstart(folder: &Path) -> Result<PathBuf, QuickstartError> {
    let (pipeline, audio) = (folder.join(NAME), folder.join("quickstart"));
    for path in [&pipeline, &audio] {
        if path.symlink_metadata().is_ok() {
            return Err(QuickstartError::Exists(path.clone()));
        }
    }
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| QuickstartError::Io { path, error }
    };
    fs::create_dir_all(&audio).map_err(io(&audio))?;
    AUDIO.extract(&audio).map_err(io(&audio))?;
    // Last: where it is, all is.
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).open(&pipeline);
    let mut file = file.map_err(io(&pipeline))?;
    file.write_all(text().as_bytes()).map_err(io(&pipeline))?;
    Ok(pipeline)
}

/// The pipeline, for a folder of its own.
fn text() -> String {
    PIPELINE
        .replace("pipelines/quickstart.toml", NAME)
        .replace("../out/quickstart", "out")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api;

    #[test]
    fn what_is_written_is_the_projects_quickstart() {
        let folder = tempfile::tempdir().unwrap();
        let path = quickstart(&folder.path().join("new")).unwrap();
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/quickstart.toml");
        let prepared = [&path, &ours].map(|path| {
            let plan = api::load(&api::Source::new(path)).unwrap().plan;
            api::prepare(plan, 1, &api::Quiet).unwrap()
        });
        let [written, project] = prepared;
        assert_eq!(written.plan().output.path, folder.path().join("new/out"));
        assert_eq!(written.plan().essence(), project.plan().essence());
        for (written, project) in written.splits().iter().zip(project.splits()) {
            assert_eq!(written.clips.len(), project.clips.len());
            for (written, project) in written.clips.iter().zip(&project.clips) {
                assert_eq!(written.id.name, project.id.name);
                let read = |path: &Path| fs::read(path).unwrap();
                assert_eq!(read(&written.id.file.path), read(&project.id.file.path));
            }
        }
        assert!(matches!(
            quickstart(&folder.path().join("new")),
            Err(QuickstartError::Exists(_))
        ));
    }
}
