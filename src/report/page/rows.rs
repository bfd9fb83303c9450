//! What went in: what was drawn for the rows, and how long the clips are.

use super::figure;
use crate::dataset::statistics::{SoundStatistics, Statistics};
use crate::report::census::Lengths;
use crate::report::chart::{self, ChartError};
use crate::report::words::{self, percent};

/// The section.
pub fn section(
    rows: Option<&Statistics>,
    lengths: &Lengths,
    window: f64,
) -> Result<String, ChartError> {
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

fn drawn(rows: &Statistics) -> Result<String, ChartError> {
    let mut cards = effects(rows);
    for effect in &rows.effects {
        if let Some(measure) = &effect.measure {
            let svg = chart::histogram(&measure.histogram, measure.unit, "rows", None)?;
            let title = capitalized(measure.name);
            let text = format!("{title} of {} rows, {}.", effect.rows, effect.label);
            cards += &figure(&title, &svg, &text, "");
        }
    }
    for sounds in rows
        .effects
        .iter()
        .filter_map(|effect| effect.sounds.as_ref())
    {
        if !sounds.uses.is_empty() {
            cards += &used(sounds)?;
        }
    }
    Ok(cards)
}

fn used(sounds: &SoundStatistics) -> Result<String, ChartError> {
    let counts: Vec<u64> = sounds.uses.iter().map(|(_, rows)| *rows).collect();
    let svg = chart::counts(&counts, "files, the most used first", "rows")?;
    let columns = match chart::to_a_column(counts.len()) {
        1 => String::new(),
        n => format!(" Each column is the average of {n} files."),
    };
    let text = format!(
        "{} The line is the average.{columns}",
        words::evenness(&counts, sounds.label)
    );
    let title = format!("Use of {}s", sounds.label);
    Ok(figure(&title, &svg, &text, ""))
}

fn effects(rows: &Statistics) -> String {
    let all = rows.rows.max(1) as f64;
    let lines = rows.effects.iter().map(|effect| {
        let share = effect.rows as f64 / all;
        format!(
            "<div>{}: {} of rows<div class=\"bar\"><span class=\"share\" style=\"width:{:.2}%\"></span></div></div>\n",
            effect.label,
            percent(share),
            100.0 * share
        )
    });
    format!(
        "<div class=\"card\"><h3>Effects</h3>\n{}<p class=\"soft\">How many of {} rows each effect was applied to.</p></div>\n",
        lines.collect::<String>(),
        rows.rows
    )
}

fn capitalized(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(files: usize) -> String {
        let sounds = SoundStatistics {
            label: "background",
            uses: vec![(String::new(), 0); files],
        };
        used(&sounds).unwrap()
    }

    #[test]
    fn the_use_of_many_files_is_small_and_says_what_a_column_is() {
        let many = card(60_000);
        assert!(many.len() < 60_000, "{} bytes", many.len());
        assert!(many.contains("Each column is the average of 200 files."));
        assert!(!card(300).contains("Each column"));
    }
}
