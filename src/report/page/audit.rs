//! What the audit found.

use crate::audit::with_unit;
use crate::dataset::Dataset;
use crate::dataset::audit::AuditRecord;
use crate::dataset::hard::HardRecord;
use crate::dataset::partial::WriteError;
use crate::records::Check;
use crate::report::audited::{AuditFound, Card, CheckFound};

use super::{Out, Text, sound};

/// The section; nothing where the audit was off.
pub(super) fn section(
    dataset: &Dataset,
    found: &AuditFound,
    out: &mut Out<'_>,
) -> Result<(), WriteError> {
    if !dataset.configuration.audits() {
        return Ok(());
    }
    let numbers = dataset.audit.numbers.iter().filter_map(|(name, number)| {
        let meaning = meaning(Check::named(name)?)?;
        Some(format!(
            "<div><b>{:.0} %</b>{name}<br><span class=\"soft\">{meaning}</span></div>",
            100.0 * number
        ))
    });
    let numbers: String = numbers.collect();
    let numbers = match numbers.is_empty() {
        true => numbers,
        false => format!("<div class=\"numbers\">{numbers}</div>\n"),
    };
    let heading = "<h2>Audit</h2>\n";
    let hardest = hardest(&found.hardest);
    if found.checks.is_empty() {
        return out(&format!(
            "{heading}{numbers}<p>Nothing was found.</p>\n{hardest}"
        ));
    }
    let findings: u64 = found.checks.iter().map(|found| found.findings).sum();
    let lines = found.checks.iter().map(|found| {
        format!(
            "<tr><td><a href=\"#audit-{0}\">{0}</a></td><td>{1}</td><td class=\"n\">{2}</td></tr>\n",
            found.check.name(),
            Text(found.check.words()),
            found.findings
        )
    });
    out(&format!(
        "{heading}{numbers}<p>{findings} finding{}, each a line of audit.jsonl.</p>\n\
         <div class=\"card scroll\"><table><tr><th>check</th><th>what it says</th><th class=\"n\">findings</th></tr>\n{}</table></div>\n",
        if findings == 1 { "" } else { "s" },
        lines.collect::<String>(),
    ))?;
    found
        .checks
        .iter()
        .try_for_each(|found| check(found, out))?;
    out(&hardest)
}

/// The negative rows that a classifier scores highest.
fn hardest(records: &[HardRecord<'_>]) -> String {
    let rows = records.iter().map(|record| {
        format!(
            "<tr><td class=\"n\">{:.3}</td><td class=\"long\">{}: {}, round {}</td><td class=\"n\">{}</td></tr>\n",
            record.score,
            Text(&record.split),
            Text(&record.clip),
            record.round,
            record.row
        )
    });
    let rows: String = rows.collect();
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<h3 class=\"check\" id=\"audit-hard\">The hardest negatives</h3>\n<p class=\"soft\">The rows that audit.classifier scores highest; more of them in hard.jsonl.</p>\n\
         <div class=\"card scroll\"><table><tr><th class=\"n\">score</th><th>clip</th><th class=\"n\">row</th></tr>\n{rows}</table></div>\n"
    )
}

/// What a number of the set means.
fn meaning(check: Check) -> Option<&'static str> {
    match check {
        Check::Overlap => Some(
            "of rows have one of the other label as their nearest neighbour: positives and negatives that lie apart give 0, ones that cannot be told apart 50",
        ),
        Check::Drift => Some(
            "of rows have one of their own part, train or test, as their nearest neighbour: two alike give 50, two that have nothing in common 100",
        ),
        _ => None,
    }
}

fn check(found: &CheckFound, out: &mut Out<'_>) -> Result<(), WriteError> {
    let CheckFound {
        check,
        findings,
        lines,
        cards,
    } = found;
    out(&format!(
        "<h3 class=\"check\" id=\"audit-{name}\">{name}: {}</h3>\n<div class=\"cards\">\n",
        Text(check.words()),
        name = check.name(),
    ))?;
    for each in cards {
        out(&card(*check, each))?;
    }
    let rows = lines.iter().map(|line| {
        format!(
            "<tr><td class=\"long\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
            Text(about(line)),
            Text(with_unit(*check, line.measure)),
            Text(line.detail.as_deref().unwrap_or_default())
        )
    });
    let more = match findings - lines.len() as u64 {
        0 => String::new(),
        n => format!("<p class=\"soft\">And {n} more in audit.jsonl.</p>\n"),
    };
    out(&format!(
        "</div>\n\
         <details class=\"card below\"><summary>{} of {findings}, the worst first; the threshold is {}</summary><div class=\"scroll\"><table>\n{}</table></div>{more}</details>\n",
        lines.len(),
        Text(with_unit(
            *check,
            lines.first().map_or(0.0, |line| line.threshold)
        )),
        rows.collect::<String>(),
    ))
}

fn about(line: &AuditRecord<'_>) -> String {
    match (&line.other_split, &line.other_clip) {
        (Some(split), Some(clip)) => format!("{} and {split}: {clip}", line.about()),
        _ => line.about(),
    }
}

fn card(check: Check, card: &Card) -> String {
    let longest = card.sounds.iter().map(|(_, sound)| sound.seconds);
    let longest = longest.fold(0.01, f64::max);
    let sounds = card.sounds.iter();
    let sounds = sounds.map(|(name, each)| sound(&Text(name).to_string(), each, longest));
    format!(
        "<div class=\"card\"><h3>{}</h3><div class=\"pair\">{}</div><ul class=\"chips\"><li>{}</li></ul></div>\n",
        Text(about(&card.record)),
        sounds.collect::<String>(),
        Text(with_unit(check, card.record.measure))
    )
}
