//! `[audit]`

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use figment::value::Value;
use sha2::{Digest, Sha256};

use super::Resolver;
use crate::config::plan::{AuditPlan, ScoringPlan};
use crate::config::rules;
use crate::records::{AuditRules, Check, Policy};

impl Resolver<'_> {
    /// What the audit looks for; every key has passed its check.
    pub(super) fn audit(&mut self, keys: &BTreeMap<String, Value>) -> AuditPlan {
        let policy = |name: &str| {
            let named = keys.get(name).and_then(Value::as_str);
            named.and_then(Policy::named)
        };
        let all = policy("checks").unwrap_or_default();
        let rules = AuditRules::new(|check| {
            let threshold = check.threshold();
            let number = keys.get(threshold.key).and_then(rules::number);
            (
                policy(check.name()).unwrap_or(all),
                number.unwrap_or(threshold.range.0),
            )
        });
        let scoring = self.scoring(keys);
        let named = policy(Check::HoldsWord.name()).unwrap_or_default();
        if scoring.is_none() && named > Policy::Off {
            self.warnings.push(
                "audit.holds_word looks at nothing without audit.classifier, which names the model that scores the rows".to_owned(),
            );
        }
        AuditPlan { rules, scoring }
    }

    /// The classifier, known by what is in its file: a plan of it is another where that
    /// is.
    fn scoring(&mut self, keys: &BTreeMap<String, Value>) -> Option<ScoringPlan> {
        const KEY: &str = "audit.classifier";
        let text = keys.get("classifier").and_then(Value::as_str)?;
        let model = self.path(KEY, text)?;
        let sha256 = match digest(&model.path) {
            Ok(sha256) => sha256,
            Err(error) => {
                self.problem(KEY, &format!("'{KEY}' is {text:?}: {error}"));
                return None;
            }
        };
        let hard = keys.get("hard").and_then(rules::number).unwrap_or(0.0);
        Some(ScoringPlan {
            model,
            sha256,
            hard: hard as usize,
        })
    }
}

/// SHA-256 over a model's file, and those beside it whose names go on from its own:
/// weights are kept in `model.onnx.data`.
fn digest(model: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash.update(fs::read(model)?);
    let own = model.file_name().unwrap_or_default().to_string_lossy();
    let folder = model.parent().unwrap_or(Path::new("."));
    let mut beside = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let goes_on = name.to_string_lossy().starts_with(&format!("{own}."));
        if goes_on && entry.file_type()?.is_file() {
            beside.push(entry.path());
        }
    }
    beside.sort();
    for path in beside {
        hash.update(fs::read(path)?);
    }
    let digest = hash.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
