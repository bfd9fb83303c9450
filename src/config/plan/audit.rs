//! What is looked for in a data set.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::records::{AuditRules, Check, Policy, Scope};

/// What is looked for, and what is done about it. In `dataset.json` an object of
/// the checks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditPlan(pub AuditRules);

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
        let leaves_out = |check: &Check| self.0.policy(*check) == Policy::LeaveOut;
        let checks = Check::ALL.iter().copied().filter(leaves_out);
        let rules: Map<String, Value> = checks
            .map(|check| (check.name().to_owned(), json!(self.0.threshold(check))))
            .collect();
        (!rules.is_empty()).then_some(Value::Object(rules))
    }

    /// Whether anything is looked for.
    pub fn is_on(&self) -> bool {
        self.0
            .looks_at(&[Scope::Clip, Scope::Row, Scope::Sound, Scope::Set])
    }
}

impl Serialize for AuditPlan {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(Check::ALL.iter().map(|&check| {
            (
                check.name(),
                (self.0.policy(check), self.0.threshold(check)),
            )
        }))
    }
}

impl<'de> Deserialize<'de> for AuditPlan {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let rules = std::collections::BTreeMap::<String, (Policy, f64)>::deserialize(from)?;
        let of = |check: Check| (Policy::Off, check.threshold().range.1);
        Ok(Self(AuditRules::new(|check| {
            rules
                .get(check.name())
                .copied()
                .unwrap_or_else(|| of(check))
        })))
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
        let plan = AuditPlan::default();
        assert_eq!(plan.essence(), None);
        let json = serde_json::to_value(&plan).unwrap();
        assert_eq!(serde_json::from_value::<AuditPlan>(json).unwrap(), plan);
        let older: AuditPlan = serde_json::from_str("{}").unwrap();
        assert!(!older.is_on());
    }
}
