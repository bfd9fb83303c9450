//! What a build has come to, in a few lines.

use std::path::Path;

use crate::api::{Dataset, REPORT_FILE};

/// What was built, and how each stage spent its time.
pub(super) fn summary(output: &Path, dataset: &Dataset) -> String {
    let mut lines = vec![format!(
        "built {} in {:.1} s, {:.1} rows/s",
        output.display(),
        dataset.wall_seconds,
        dataset.rows_per_second
    )];
    for split in &dataset.splits {
        let written = &split.written;
        let left_out = match (written.left_out, &written.hours) {
            (0, _) => String::new(),
            (clips, None) => format!(", {clips} clips left out (quarantine.jsonl)"),
            (recordings, Some(_)) => {
                format!(", {recordings} recordings broken or left out (quarantine.jsonl)")
            }
        };
        lines.push(format!(
            "  {}: {} rows in {}{left_out}",
            written.name, written.rows, written.features
        ));
        if let Some(hours) = &written.hours {
            lines.push(format!(
                "    {:.2} h read of {} recordings, {:.2} h in rows, {} rows excluded, {} faults",
                hours.hours_read,
                hours.recordings,
                hours.hours_in_rows,
                hours.rows_excluded,
                hours.faults
            ));
        }
        let found = written.found.iter();
        lines.extend(found.map(|(finding, clips)| format!("    {}", clips.say(finding))));
        let checks = written.audit.checks();
        lines.extend(checks.map(|(check, clips)| format!("    audit, {}", clips.say_check(check))));
    }
    let of_set = dataset.audit.found.checks();
    lines.extend(of_set.map(|(check, found)| format!("  audit, {}", found.say_check(check))));
    let numbers = dataset.audit.numbers.iter();
    lines.extend(numbers.map(|(name, number)| format!("  audit, {name} of the set: {number}")));
    let passed = dataset.passed_over.iter();
    lines.extend(passed.map(|passed| format!("  passed by: {passed}")));
    lines.push(format!(
        "  to look at: {}",
        output.join(REPORT_FILE).display()
    ));
    if let Some(found) = &dataset.verification {
        lines.push(format!("  verified against the published graphs: {found}"));
    }
    lines.push("  stage    workers   busy   idle  blocked  ms/batch".to_owned());
    for stage in &dataset.stages {
        let share = |seconds| 100.0 * stage.share(seconds);
        lines.push(format!(
            "  {:8} {:7} {:5.0}% {:5.0}% {:7.0}% {:9.2}",
            stage.name,
            stage.workers,
            share(stage.busy_seconds),
            share(stage.idle_seconds),
            share(stage.blocked_seconds),
            1000.0 * stage.busy_seconds / stage.items.max(1) as f64,
        ));
    }
    lines.join("\n")
}
