//! Why there is no listing.

use std::io;
use std::path::{Path, PathBuf};

use glob::PatternError;

use super::tar;
use crate::records::FilesByExtension;

/// Why there is no listing.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The folder does not exist.
    #[error("there is no folder {}", .0.display())]
    MissingFolder(PathBuf),
    /// It exists, and is not a folder.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// A tar that is compressed.
    #[error("{} is {told}", path.display())]
    Compressed {
        /// The tar.
        path: PathBuf,
        /// What has to be done with it.
        told: String,
    },
    /// Nothing to read, and nothing that failed either.
    #[error(
        "no audio file in {place}: looked for {looked_for}{}",
        also(passed_over)
    )]
    Nothing {
        /// Where.
        place: String,
        /// What would have counted.
        looked_for: String,
        /// What was there instead.
        passed_over: FilesByExtension,
    },
    /// The list file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A pattern that is none.
    #[error("'{pattern}' is not a pattern: {error}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        #[source]
        error: PatternError,
    },
    /// A line of a list file that is not text.
    #[error("{}, line {line}: not UTF-8", path.display())]
    NotText {
        /// The list file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// A line of a list file that is no path.
    #[error("{}, line {line}: {error}", path.display())]
    Line {
        /// The list file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        error: std::io::Error,
    },
    /// Times of a line of a list that make no sense.
    #[error(
        "{}, line {line}: {reason}; a part of a recording is its path, a tab, the start, a tab and the end, in seconds",
        path.display()
    )]
    Times {
        /// The list file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A clip named twice: alone, and as a member of its tar.
    #[error("{}: '{name}' is named alone and again with all members of its tar", path.display())]
    Twice {
        /// The list file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A file named twice.
    #[error("{}: '{name}' is in line {first} and again in line {second}", path.display())]
    Duplicate {
        /// The list file.
        path: PathBuf,
        /// The name.
        name: String,
        /// The line of its first mention, counted from 1.
        first: usize,
        /// The line of its second mention.
        second: usize,
    },
}

impl DiscoverError {
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io {
            path: path.to_path_buf(),
            error,
        }
    }
}

/// What was there instead of clips, as the end of a sentence.
fn also(passed_over: &FilesByExtension) -> String {
    match passed_over.0.is_empty() {
        true => String::new(),
        false => {
            let packed = passed_over.0.keys().find_map(|end| {
                let name = format!("x.{end}");
                tar::compressed(Path::new(&name))
            });
            let packed =
                packed.map_or_else(String::new, |(end, told)| format!(" (.{end}: {told})"));
            format!("; what is there is not read: {passed_over}{packed}")
        }
    }
}
