//! Paths as they were configured, and where they are.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path, or a pattern of paths, as it was configured: what `rows.jsonl` and
/// `dataset.json` hold, so that their bytes do not depend on where a folder
/// lies. Read back from there, it is only that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// As configured, with forward slashes and none at the end.
    pub configured: String,
    /// Where that is: absolute.
    pub path: PathBuf,
}

impl Location {
    /// A path as configured, and where it is.
    pub fn new(configured: &str, path: PathBuf) -> Self {
        let text = configured.replace(std::path::MAIN_SEPARATOR, "/");
        let bare = text.trim_end_matches('/');
        let configured = if bare.is_empty() { &text } else { bare };
        Self {
            configured: configured.to_owned(),
            path,
        }
    }

    /// The name of a file below it: the path as configured and below.
    pub fn below(&self, name: &str) -> String {
        format!("{}/{name}", self.configured.trim_end_matches('/'))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.configured.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let configured = String::deserialize(from)?;
        Ok(Self {
            path: PathBuf::from(&configured),
            configured,
        })
    }
}
