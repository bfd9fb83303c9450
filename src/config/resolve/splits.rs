//! Splits: where their clips are, and that no two share a name.

use std::collections::BTreeMap;

use super::Resolver;
use crate::config::paths;
use crate::config::plan::{ClipFiles, ElementType, Input, Kind, SplitPlan};
use crate::config::settings::{Settings, Split};

impl Resolver<'_> {
    pub(super) fn splits(&mut self, settings: &Settings) -> Vec<SplitPlan> {
        let splits = &settings.split;
        if splits.is_empty() {
            self.missing(
                "split",
                "no [[split]]: name at least one, with its name and input",
            );
        }
        let plans = splits
            .iter()
            .enumerate()
            .filter_map(|(i, split)| self.split(i, split, settings));
        let plans = plans.collect();
        self.distinct("name", splits.iter().map(|split| split.name.clone()));
        self.distinct("features", splits.iter().map(feature_file));
        plans
    }

    fn split(&mut self, index: usize, split: &Split, settings: &Settings) -> Option<SplitPlan> {
        let at = |key: &str| format!("split.{index}.{key}");
        for (key, value) in [("name", &split.name), ("input", &split.input)] {
            if value.is_none() {
                self.missing(&at(key), &format!("'{}' is missing", at(key)));
            }
        }
        let name = split.name.clone()?;
        let input = self.input(&at("input"), split.input.as_deref()?)?;
        let files = at("files");
        // The default picks nothing out, so that to name it does no harm.
        if split.files != ClipFiles::Audio && !matches!(input, Input::Folder(_)) {
            let message = format!(
                "'{files}' says which files of a folder count, and '{}' is none",
                at("input")
            );
            self.problem(&files, &message);
        }
        Some(SplitPlan {
            name,
            input,
            features: feature_file(split)?,
            files: split.files,
            missing: split.missing,
            place: match split.kind {
                Kind::Clips => split.place.unwrap_or_default().place(),
                Kind::Recordings => None,
            },
            snr_db: split.snr_db,
            dtype: split.dtype.unwrap_or(match split.kind {
                Kind::Clips => ElementType::Float32,
                Kind::Recordings => ElementType::Float16,
            }),
            recordings: self.recordings(index, split, settings),
            label: split.label,
            part: split.part,
        })
    }

    fn input(&mut self, key: &str, text: &str) -> Option<Input> {
        let origin = self.origin(key);
        let wrong = match paths::input(origin.folder.as_deref(), text) {
            Ok(Input::Glob(pattern)) => match glob::Pattern::new(&pattern.path.to_string_lossy()) {
                Ok(_) => return Some(Input::Glob(pattern)),
                Err(error) => format!(", which is no glob: {}", error.msg),
            },
            Ok(input) => return Some(input),
            Err(error) => format!(": {error}"),
        };
        self.problem(key, &format!("'{key}' is {text:?}{wrong}"));
        None
    }

    /// Reports values that two splits share; every split has its place among
    /// the values, also one that has none. File names that differ only in case
    /// are one file on some systems.
    fn distinct(&mut self, key: &str, values: impl Iterator<Item = Option<String>>) {
        let mut seen = BTreeMap::new();
        for (index, value) in values.enumerate() {
            let Some(value) = value else { continue };
            if let Some(first) = seen.insert(value.to_lowercase(), index) {
                let path = format!("split.{index}.{key}");
                let message = format!("'{path}' is {value:?}, as is 'split.{first}.{key}'");
                self.problem(&path, &message);
            }
        }
    }
}

/// The name of a split's feature file, where the split has a name or says it.
fn feature_file(split: &Split) -> Option<String> {
    let by_name = || Some(format!("{}.npy", split.name.as_ref()?));
    split.features.clone().or_else(by_name)
}
