//! What can be wrong with a configuration.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file's name says nothing about what it is.
    #[error(
        "{}: wakemill reads pipelines (.toml) and livekit-wakeword configurations (.yaml, .yml)",
        path.display()
    )]
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// The file is not TOML, or not YAML, or not of livekit-wakeword's shape.
    #[error("{}{}: {message}", path.display(), Position(*line, *column))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1, where it is known.
        line: Option<usize>,
        /// Column, from 1, where it is known.
        column: Option<usize>,
        /// What is wrong there.
        message: String,
    },
    /// Keys or values are wrong; every problem found, at least one.
    #[error("{}", Lines(.0))]
    Invalid(Vec<Problem>),
}

/// One wrong key or value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where the value came from: a file, an environment variable or an option.
    pub origin: String,
    /// The key, dotted; empty for what concerns no single key.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.message)
    }
}

struct Position(Option<usize>, Option<usize>);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [self.0, self.1].into_iter().flatten() {
            write!(f, ":{part}")?;
        }
        Ok(())
    }
}

struct Lines<'a>(&'a [Problem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}
