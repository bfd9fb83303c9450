//! How many files of each kind there are.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Files counted by extension in lower case; those without one under an empty
/// text. In words: `2 .pdf, 1 without extension`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct FilesByExtension(pub BTreeMap<String, u64>);

impl fmt::Display for FilesByExtension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.0.iter().map(|(extension, files)| match &**extension {
            "" => format!("{files} without extension"),
            extension => format!("{files} .{extension}"),
        });
        f.write_str(&groups.collect::<Vec<_>>().join(", "))
    }
}
