//! The audit: what is measured of clips, rows and sounds as they pass, and what of
//! it is a finding.
//!
//! What to look for is one table, [`crate::records::Check`]; what comes of it are
//! the rules of the plan. Nothing here reads a file: a clip is judged from the
//! samples that decoding has made anyway, a recording by what was heard of it on the
//! way, a row from what its effects did, and the set from a few numbers of each clip
//! ([`crate::records::ClipFacts`], 64 bytes).

pub mod clip;
pub mod index;
pub mod neighbours;
pub mod recording;
pub mod row;
pub mod sound;

pub use clip::{ClipAuditor, Heard};
pub use row::RowAuditor;

use crate::records::{Check, Noted, Policy, Rejection, Trouble};

/// The stage that refuses a clip for a rule.
pub const NAME: &str = "audit";

/// The first finding by whose rule a clip is left out or ends the build; of several
/// the one that ends it.
pub fn refusal(noted: &[Noted]) -> Option<Rejection> {
    let of = |policy: Policy| noted.iter().find(|noted| noted.policy == policy);
    let (noted, kind) = match (of(Policy::Fail), of(Policy::LeaveOut)) {
        (Some(noted), _) => (noted, Trouble::Forbidden),
        (None, Some(noted)) => (noted, Trouble::Unwanted),
        (None, None) => return None,
    };
    Some(Rejection::new(NAME, kind, say(noted)))
}

/// A finding in words.
pub fn say(noted: &Noted) -> String {
    let Noted {
        check,
        measure,
        threshold,
        ..
    } = *noted;
    let (name, words, key) = (check.name(), check.words(), check.threshold().key);
    if key.is_empty() {
        return format!("{name}: {words}");
    }
    let measure = with_unit(check, measure);
    format!(
        "{name}: {words} ({measure}, and {key} is {})",
        short(threshold)
    )
}

/// A measure with its unit.
pub fn with_unit(check: Check, measure: f64) -> String {
    format!("{} {}", short(measure), check.unit())
}

/// A number with at most three digits behind the point, and no needless ones.
fn short(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.001 {
        return format!("{value:.1e}");
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A ratio of amplitudes in dB, no less than −200.
fn db(amplitude: f64) -> f64 {
    20.0 * libm::log10(amplitude.max(1e-10))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::AuditRules;

    #[test]
    fn the_rule_that_ends_the_build_goes_first() {
        let rules = AuditRules::new(|check| match check {
            Check::Silent => (Policy::LeaveOut, -60.0),
            Check::Offset => (Policy::Fail, 0.01),
            _ => (Policy::Warn, 0.0),
        });
        let silent = rules.judge(Check::Silent, -70.0);
        let offset = rules.judge(Check::Offset, 0.5);
        let both: Vec<_> = silent.into_iter().chain(offset).collect();
        let refused = refusal(&both).unwrap();
        assert_eq!((refused.stage, refused.kind), ("audit", Trouble::Forbidden));
        assert_eq!(
            refused.reason,
            "offset: off the zero line (0.5 full scale, and offset_level is 0.01)"
        );
        assert_eq!(refusal(&both[..1]).unwrap().kind, Trouble::Unwanted);
        assert_eq!(refusal(&[]), None);
        assert_eq!(rules.judge(Check::Silent, -50.0), None);
    }
}
