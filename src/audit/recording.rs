//! A recording, judged when it has come to its end by what was heard of it on the way.
//!
//! Its rows are written by then: whatever a rule says, nothing of it is left out.

use super::db;
use crate::dsp::level::Level;
use crate::records::{AuditRules, Check, InRows, Noted};

/// What was heard of a recording.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// In its rows.
    pub in_rows: InRows,
    /// How loud all of it is, in the channel that is taken.
    pub level: Level,
    /// How many samples that is of.
    pub samples: u64,
    /// The greatest magnitude in the other channels.
    pub others: f32,
    /// Times that a stretch of it ended in a fault.
    pub faults: u64,
}

/// Everything about a recording. What is clipped is told by its samples at full scale:
/// of runs at its own peak nobody knows before its end.
pub fn judge(rules: &AuditRules, heard: &Heard) -> Vec<Noted> {
    let db = |amplitude: f32| db(f64::from(amplitude));
    let full = heard.level.full as f64 / heard.samples.max(1) as f64;
    let measures = [
        (Check::Silent, db(heard.in_rows.peak)),
        (Check::Elsewhere, db(heard.others) - db(heard.level.peak)),
        (Check::Clipped, full),
        (Check::Damaged, heard.faults as f64),
    ];
    let noted = measures.into_iter();
    let noted = noted.filter_map(|(check, measure)| rules.judge(check, measure));
    let at_end = |noted: Noted| Noted {
        policy: noted.policy.at_end(),
        ..noted
    };
    noted.map(at_end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Policy;

    fn heard() -> Heard {
        Heard {
            in_rows: InRows { peak: 0.5, hash: 1 },
            level: Level { peak: 0.5, full: 0 },
            samples: 1000,
            others: 0.0,
            faults: 0,
        }
    }

    fn found(heard: Heard) -> Vec<&'static str> {
        let noted = judge(&AuditRules::default(), &heard).into_iter();
        noted.map(|noted| noted.check.name()).collect()
    }

    #[test]
    fn what_is_wrong_with_a_recording_is_told() {
        let none: [&str; 0] = [];
        assert_eq!(found(heard()), none);
        let quiet = InRows {
            peak: 1e-4,
            ..heard().in_rows
        };
        // Loud before its first row, say, or behind the last.
        let silent = Heard {
            in_rows: quiet,
            ..heard()
        };
        assert_eq!(found(silent), ["silent"]);
        let elsewhere = Heard {
            level: Level {
                peak: 1e-4,
                full: 0,
            },
            others: 0.5,
            ..silent
        };
        assert_eq!(found(elsewhere), ["silent", "other_channel"]);
        let level = |full| Level { peak: 1.0, full };
        let clipped = |full| Heard {
            level: level(full),
            ..heard()
        };
        assert_eq!(found(clipped(1)), none);
        assert_eq!(found(clipped(2)), ["clipped"]);
        for faults in [1, 3] {
            let damaged = Heard { faults, ..heard() };
            assert_eq!(found(damaged), ["damaged"]);
        }
    }

    #[test]
    fn nothing_is_left_out_any_more() {
        let rules = AuditRules::new(|check| (Policy::LeaveOut, check.threshold().number()));
        let noted = judge(
            &rules,
            &Heard {
                faults: 1,
                ..heard()
            },
        );
        assert_eq!(noted[0].policy, Policy::Warn);
    }
}
