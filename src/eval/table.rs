//! The figures, for the eye.

use super::heard::{AlarmRow, Heard};
use super::interval::Estimate;
use super::report::{Evaluation, ThresholdRow};

/// The thresholds of false alarms that are told.
const TOLD: [f64; 7] = [0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99];

/// Recordings that are told.
const WORST: usize = 10;

/// The figures of one model, in lines.
pub fn table(name: &str, evaluation: &Evaluation) -> String {
    let honest = &evaluation.wakemill;
    let mut lines = vec![format!("{name} ({})", honest.model.display())];
    lines.extend((honest.warning()).map(|text| format!("  warning: {text}")));
    lines.extend([
        format!(
            "  {} positives, {} negatives: {:.2} hours ({:.2} by livekit-wakeword's count)",
            evaluation.n_positive,
            evaluation.n_negative,
            honest.negative_hours,
            evaluation.validation_hours
        ),
        format!(
            "  livekit-wakeword's figures   AUT {:.4}  FPPH {:.2}  recall {:.1} %  accuracy {:.1} %  \
             optimal threshold {:.2} (recall {:.1} %, FPPH {:.2})",
            evaluation.aut,
            evaluation.fpph,
            100.0 * evaluation.recall,
            100.0 * evaluation.accuracy,
            evaluation.optimal_threshold,
            100.0 * evaluation.optimal_recall,
            evaluation.optimal_fpph
        ),
        format!(
            "  equal error rate {:.2} % at {:.4}",
            100.0 * honest.equal_error.rate,
            honest.equal_error.threshold
        ),
        "  threshold   recall (95 %)            false positives/hour (95 %)".to_owned(),
    ]);
    lines.extend(honest.thresholds.iter().map(|row| line(row, "")));
    lines.push(line(&honest.optimal, "  optimal"));
    lines.push(format!(
        "  negatives at {:.2}          rows    hours   false   per hour (95 %)",
        evaluation.threshold
    ));
    for file in &honest.negatives {
        let name = file.file.file_stem().unwrap_or_default().to_string_lossy();
        lines.push(format!(
            "  {:22} {:>8} {:>8.2} {:>7}   {}",
            name.replace("_features", ""),
            file.rows,
            file.hours,
            file.false_positives,
            rate(&file.fpph)
        ));
    }
    lines.extend(honest.heard.iter().flat_map(heard));
    lines.join("\n")
}

/// What a detector hears of recordings, in lines.
fn heard(heard: &Heard) -> Vec<String> {
    let mut lines = vec![
        format!(
            "  heard as a stream: {:.2} hours of {} recording{}, {} windows, {} s deaf after a false alarm",
            heard.hours,
            heard.recordings,
            if heard.recordings == 1 { "" } else { "s" },
            heard.windows,
            heard.refractory_seconds
        ),
        "  threshold   recall (95 %)            false alarms/hour (95 %)".to_owned(),
    ];
    let told = |row: &&AlarmRow| TOLD.contains(&row.threshold);
    lines.extend(
        heard
            .thresholds
            .iter()
            .filter(told)
            .map(|row| alarms(row, "")),
    );
    lines.push(match &heard.optimal {
        Some(row) => alarms(row, "  optimal"),
        None => "  no threshold keeps to the target".to_owned(),
    });
    if heard.worst.is_empty() {
        return lines;
    }
    lines.push(format!(
        "  worst at {:.2}, {} of {} with false alarms:  alarms   hours   at seconds",
        heard.fixed.threshold, heard.recordings_with_alarms, heard.recordings
    ));
    lines.extend(heard.worst.iter().take(WORST).map(|of| {
        let times: Vec<_> = of
            .seconds
            .iter()
            .take(5)
            .map(|at| format!("{at:.1}"))
            .collect();
        let more = if of.false_alarms > times.len() as u64 {
            " ..."
        } else {
            ""
        };
        format!(
            "  {:42} {:>8} {:>7.2}   {}{more}",
            of.recording,
            of.false_alarms,
            of.hours,
            times.join(" ")
        )
    }));
    lines
}

fn alarms(row: &AlarmRow, note: &str) -> String {
    of_threshold(row.threshold, &row.recall, &row.per_hour, note)
}

fn line(row: &ThresholdRow, note: &str) -> String {
    of_threshold(row.threshold, &row.recall, &row.fpph, note)
}

fn of_threshold(threshold: f64, recall: &Estimate, fpph: &Estimate, note: &str) -> String {
    let recall = format!(
        "{:.1} % ({:.1} to {:.1})",
        100.0 * recall.value,
        100.0 * recall.low,
        100.0 * recall.high
    );
    let fpph = rate(fpph);
    format!("  {threshold:>9.2}   {recall:24} {fpph:26}{note}")
        .trim_end()
        .to_owned()
}

fn rate(fpph: &Estimate) -> String {
    format!("{:.2} ({:.2} to {:.2})", fpph.value, fpph.low, fpph.high)
}
