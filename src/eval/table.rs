//! The figures, for the eye.

use super::interval::Estimate;
use super::report::{Evaluation, ThresholdRow};

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
    lines.join("\n")
}

fn line(row: &ThresholdRow, note: &str) -> String {
    let recall = format!(
        "{:.1} % ({:.1} to {:.1})",
        100.0 * row.recall.value,
        100.0 * row.recall.low,
        100.0 * row.recall.high
    );
    let fpph = rate(&row.fpph);
    format!("  {:>9.2}   {recall:24} {fpph:26}{note}", row.threshold)
        .trim_end()
        .to_owned()
}

fn rate(fpph: &Estimate) -> String {
    format!("{:.2} ({:.2} to {:.2})", fpph.value, fpph.low, fpph.high)
}
