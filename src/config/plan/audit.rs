//! What is looked for in a data set.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::config::location::Location;
use crate::records::{AuditRules, Check, Policy, Scope};

/// What is looked for, and what is done about it. In `dataset.json` an object of
/// the checks, and of the classifier where there is one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditPlan {
    /// What is done about each check's findings.
    pub rules: AuditRules,
    /// What looks for the wake word in negative rows.
    pub scoring: Option<ScoringPlan>,
}

/// What looks for the wake word in negative rows.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct ScoringPlan {
    /// The classifier.
    pub model: Location,
    /// SHA-256 of its file.
    pub sha256: String,
    /// The rows of each negative split that are told, those scored highest.
    pub hard: usize,
}

/// The classifier in `dataset.json`, beside the checks.
const CLASSIFIER: &str = "classifier";

/// What the rows of a split are for a classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// Its wake word.
    Positive,
    /// Anything else.
    Negative,
}

/// What the rows of a split are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SetPart {
    /// Learning.
    Train,
    /// Finding out what was learnt.
    Test,
}

impl Label {
    /// That of a split of that name whose clips end with their window or not.
    pub fn of(name: &str, at_end: bool) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
        match says(&["negative", "background", "adversarial", "noise"]) {
            true => Self::Negative,
            false if at_end || says(&["positive", "wake"]) => Self::Positive,
            false => Self::Negative,
        }
    }
}

impl SetPart {
    /// That of a split of that name.
    pub fn of(name: &str) -> Self {
        let says = |word: &&str| name.contains(word);
        match ["test", "valid", "eval", "dev"].iter().any(says) {
            true => Self::Test,
            false => Self::Train,
        }
    }
}

impl AuditPlan {
    /// What the bytes of a data set depend on: the rules that leave clips out.
    pub(super) fn essence(&self) -> Option<Value> {
        let leaves_out = |check: &Check| self.rules.policy(*check) == Policy::LeaveOut;
        let checks = Check::ALL.iter().copied().filter(leaves_out);
        let rules: Map<String, Value> = checks
            .filter_map(|check| {
                let threshold = self.rules.threshold(check);
                let value = match (check, &self.scoring) {
                    (Check::HoldsWord, None) => return None,
                    (Check::HoldsWord, Some(of)) => json!([threshold, of.sha256]),
                    _ => json!(threshold),
                };
                Some((check.name().to_owned(), value))
            })
            .collect();
        (!rules.is_empty()).then_some(Value::Object(rules))
    }

    /// The same as keys of `[audit]`, but for the classifier: what most checks have is
    /// `checks`, which stays away where none is on.
    pub fn keys(&self) -> toml::Table {
        let policy = |check: Check| self.rules.policy(check);
        let count = |of: &Policy| Check::ALL.iter().filter(|at| policy(**at) == *of).count();
        let all = [Policy::Off, Policy::Fail, Policy::Warn];
        let most = all.into_iter().max_by_key(count);
        let most = most.filter(|_| self.rules.looks_at(&Scope::ALL));
        let name = |policy: Policy| toml::Value::from(policy.name());
        let mut keys = toml::Table::new();
        keys.extend(most.map(|most| ("checks".to_owned(), name(most))));
        for &check in Check::ALL {
            let threshold = check.threshold();
            if !threshold.key.is_empty() {
                let number = self.rules.threshold(check);
                keys.insert(threshold.key.to_owned(), number.into());
            }
            if most.is_some_and(|most| policy(check) != most) {
                keys.insert(check.name().to_owned(), name(policy(check)));
            }
        }
        keys
    }

    /// Whether anything is looked for.
    pub fn is_on(&self) -> bool {
        self.rules.looks_at(&Scope::ALL) || self.scoring.is_some()
    }
}

impl Serialize for AuditPlan {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let rule = |check: Check| (self.rules.policy(check), self.rules.threshold(check));
        let rules = Check::ALL
            .iter()
            .map(|&check| (check.name(), json!(rule(check))));
        let scoring = self.scoring.iter().map(|of| (CLASSIFIER, json!(of)));
        to.collect_map(rules.chain(scoring))
    }
}

impl<'de> Deserialize<'de> for AuditPlan {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        fn read<'de, D: Deserializer<'de>, T: DeserializeOwned>(of: Value) -> Result<T, D::Error> {
            serde_json::from_value(of).map_err(D::Error::custom)
        }
        let mut all = Map::<String, Value>::deserialize(from)?;
        let scoring = all.remove(CLASSIFIER).map(read::<D, _>).transpose()?;
        let mut rules = BTreeMap::<String, (Policy, f64)>::new();
        for (name, rule) in all {
            rules.insert(name, read::<D, _>(rule)?);
        }
        let off = |check: Check| (Policy::Off, check.threshold().number());
        let of = |check: Check| rules.get(check.name()).copied();
        Ok(Self {
            rules: AuditRules::new(|check| of(check).unwrap_or_else(|| off(check))),
            scoring,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_splits_say_what_they_are() {
        use Label::{Negative, Positive};
        for (name, at_end, label, part) in [
            ("positive_train", false, Positive, SetPart::Train),
            ("positive_test", true, Positive, SetPart::Test),
            ("negative_train", true, Negative, SetPart::Train),
            ("background_test", false, Negative, SetPart::Test),
            ("wake", true, Positive, SetPart::Train),
            ("speech", false, Negative, SetPart::Train),
            ("a", true, Positive, SetPart::Train),
        ] {
            assert_eq!(
                (Label::of(name, at_end), SetPart::of(name)),
                (label, part),
                "{name}"
            );
        }
    }

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let mut plan = AuditPlan::default();
        assert_eq!(plan.essence(), None);
        let read = |plan: &AuditPlan| -> AuditPlan {
            serde_json::from_value(serde_json::to_value(plan).unwrap()).unwrap()
        };
        assert_eq!(read(&plan), plan);
        plan.scoring = Some(ScoringPlan {
            model: Location::new("a/b.onnx", "a/b.onnx".into()),
            sha256: "ab".to_owned(),
            hard: 7,
        });
        assert_eq!(read(&plan), plan);
        assert_eq!(plan.essence(), None);
        let of = |check: Check| match check {
            Check::HoldsWord => (Policy::LeaveOut, 0.75),
            _ => (Policy::Warn, 0.0),
        };
        plan.rules = AuditRules::new(of);
        assert_eq!(plan.essence(), Some(json!({"holds_word": [0.75, "ab"]})));
        let older: AuditPlan = serde_json::from_str("{}").unwrap();
        assert!(!older.is_on());
    }
}
