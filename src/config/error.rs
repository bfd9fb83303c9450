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
        "{}: wakemill reads pipelines (.toml), and configurations of livekit-wakeword 0.x and of openWakeWord (.yaml, .yml)",
        path.display()
    )]
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// A YAML of nobody who is known.
    #[error(
        "{}: a YAML is read as livekit-wakeword 0.3.0's where it has '{livekit}', as openWakeWord's where it has '{openwakeword}', and this has none of them: configurations of livekit-wakeword 2.x and of other programs are not read",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Keys that only livekit-wakeword has.
        livekit: String,
        /// Keys that only openWakeWord has.
        openwakeword: String,
    },
    /// A YAML of two programs at once.
    #[error(
        "{}: has '{livekit}', which only livekit-wakeword knows, and '{openwakeword}', which only openWakeWord knows: remove one side's keys",
        path.display()
    )]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// Keys that only livekit-wakeword has.
        livekit: String,
        /// Keys that only openWakeWord has.
        openwakeword: String,
    },
    /// Features alone of a configuration that keeps no augmented clips.
    #[error(
        "{}: --only extract reads the augmented clips that livekit-wakeword leaves; openWakeWord leaves none: run it without",
        path.display()
    )]
    NothingAugmented {
        /// The file.
        path: PathBuf,
    },
    /// A section that no version known here has.
    #[error(
        "{}: '{}' is no section of livekit-wakeword 0.3.0, which is what is read here; is this a configuration of livekit-wakeword 2.x, which trains from audio with an encoder of its own?",
        path.display(), sections.join("', '")
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The sections.
        sections: Vec<String>,
    },
    /// The file is not TOML, or not YAML, or not of the shape of its program.
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
