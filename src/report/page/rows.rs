//! What went in: what was drawn for the rows, and how long the clips are.

use super::figure;
use crate::report::census::{Lengths, Rows, Uses};
use crate::report::chart::{self, ChartError};
use crate::report::words::{self, percent};

/// The section.
pub fn section(rows: Option<&Rows>, lengths: &Lengths, window: f64) -> Result<String, ChartError> {
    let mut cards = match rows {
        Some(rows) => drawn(rows)?,
        None => {
            "<p class=\"soft\">What was drawn for each row is not known: output_files.rows is off.</p>\n"
                .to_owned()
        }
    };
    if lengths.looked_at > 0 {
        let svg = chart::histogram(&lengths.seconds, "seconds", "clips", Some(window))?;
        let text = format!(
            "Length of {} of {} clips, as they were read. The line is the window, {window} s.",
            lengths.looked_at, lengths.clips
        );
        cards += &figure("Clip lengths", &svg, &text, "");
    }
    Ok(format!(
        "<h2>What went in</h2>\n<div class=\"cards\">\n{cards}</div>\n"
    ))
}

fn drawn(rows: &Rows) -> Result<String, ChartError> {
    let mut cards = effects(rows);
    let noisy = rows.backgrounds.total();
    if noisy > 0 {
        let svg = chart::histogram(&rows.snr_db, "dB", "rows", None)?;
        let text = format!("Signal-to-noise ratio of {noisy} rows with a background.");
        cards += &figure("Noise", &svg, &text, "");
    }
    for (uses, title, what) in [
        (&rows.backgrounds, "Use of backgrounds", "background"),
        (&rows.rirs, "Use of impulse responses", "impulse response"),
    ] {
        if uses.files > 0 {
            cards += &used(uses, title, what)?;
        }
    }
    Ok(cards)
}

fn used(uses: &Uses, title: &str, what: &str) -> Result<String, ChartError> {
    let counts = uses.sorted();
    let svg = chart::counts(&counts, "files, the most used first", "rows")?;
    let columns = match chart::to_a_column(counts.len()) {
        1 => String::new(),
        n => format!(" Each column is the average of {n} files."),
    };
    let text = format!(
        "{} The line is the average.{columns}",
        words::evenness(&counts, what)
    );
    Ok(figure(title, &svg, &text, ""))
}

fn effects(rows: &Rows) -> String {
    let all = rows.rows.max(1) as f64;
    let lines = [
        ("equalizer", rows.equalized),
        ("distortion", rows.distorted),
        ("impulse response", rows.rirs.total()),
        ("background", rows.backgrounds.total()),
    ];
    let lines = lines.map(|(name, count)| {
        let share = count as f64 / all;
        format!(
            "<div>{name}: {} of rows<div class=\"bar\"><span class=\"share\" style=\"width:{:.2}%\"></span></div></div>\n",
            percent(share),
            100.0 * share
        )
    });
    format!(
        "<div class=\"card\"><h3>Effects</h3>\n{}<p class=\"soft\">How many of {} rows each effect was applied to.</p></div>\n",
        lines.concat(),
        rows.rows
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(files: usize) -> String {
        let mut uses = Uses::default();
        uses.files = files;
        used(&uses, "Use of backgrounds", "background").unwrap()
    }

    #[test]
    fn the_use_of_many_files_is_small_and_says_what_a_column_is() {
        let many = card(60_000);
        assert!(many.len() < 60_000, "{} bytes", many.len());
        assert!(many.contains("Each column is the average of 200 files."));
        assert!(!card(300).contains("Each column"));
    }
}
