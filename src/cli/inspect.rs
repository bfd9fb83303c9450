//! `wakemill inspect`: what is in a feature file or an output folder.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use crate::api::inspect::{
    self, ArrayFacts, FolderFacts, InspectError, RowOrigin, ScaleGuess, Verdict,
};
use crate::api::{MeasureStatistics, SoundStatistics, Statistics};

use super::Usage;
use super::terminal::{self, line};

/// Characters in the longest bar.
const BAR: u64 = 40;
/// Sounds named at either end of the list.
const NAMED: usize = 5;
/// Unused sounds named.
const UNUSED: usize = 10;

#[derive(Args)]
pub(super) struct InspectArgs {
    /// An .npy file, or the output folder of a build
    #[arg(value_parser = super::path())]
    path: PathBuf,
    /// Compare every file of a folder with its hash in dataset.json
    #[arg(long)]
    verify: bool,
    /// Say where this row of an .npy file of recordings is from, counted from 0
    #[arg(long, value_name = "N", conflicts_with = "verify")]
    row: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn inspect(args: &InspectArgs) -> anyhow::Result<()> {
    let path = &args.path;
    if path.is_dir() {
        let facts = inspect::folder(path, args.verify)?;
        return print(args, &facts, folder_text);
    }
    if args.verify {
        let reason = format!(
            "{}: --verify is for the output folder of a build",
            path.display()
        );
        return Err(Usage(reason).into());
    }
    if let Some(row) = args.row {
        // The file may be in parts.
        let origin = inspect::row(path, row)?;
        return print(args, &origin, origin_text);
    }
    if !path.exists() {
        return Err(InspectError::Missing(path.clone()).into());
    }
    let facts = inspect::array(path)?;
    print(args, &facts, array_text)
}

fn origin_text(origin: &RowOrigin) -> String {
    let RowOrigin {
        split,
        recording,
        row,
        seconds,
    } = origin;
    format!(
        "{recording}, row {row}, {seconds} s into what was decoded\n  to hear it: wakemill render FILE --split {split} --clip '{recording}' --row {row} -o OUT.wav\n"
    )
}

fn print<T: Serialize>(
    args: &InspectArgs,
    facts: &T,
    text: impl FnOnce(&T) -> String,
) -> anyhow::Result<()> {
    if args.json {
        let json = serde_json::to_string_pretty(facts).context("cannot write JSON")?;
        line(json)?;
    } else {
        terminal::print(format_args!("{}: {}", args.path.display(), text(facts)))?;
    }
    Ok(())
}

fn array_text(facts: &ArrayFacts) -> String {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    let mut lines = vec![
        format!("{} {}", shape(&facts.shape), facts.dtype),
        format!("  finite       {} of {} values", facts.finite, facts.values),
        format!(
            "  mean, std    {}, {}",
            number(facts.mean),
            number(facts.std)
        ),
        format!(
            "  min, max     {}, {}",
            number(facts.min.map(f64::from)),
            number(facts.max.map(f64::from))
        ),
    ];
    if let Some(guess) = facts.input_scale {
        lines.push(format!(
            "  padded       {} rows begin with zeros",
            facts.padded_rows
        ));
        lines.push(format!("  input scale  {}", guess_text(guess)));
    }
    lines.join("\n") + "\n"
}

fn guess_text(ScaleGuess { score, verdict }: ScaleGuess) -> String {
    let verdict = match verdict {
        Verdict::LikelyUnit => "likely unit, [-1, 1]",
        Verdict::LikelyInt16 => "likely int16",
        Verdict::CannotTell => "cannot tell",
    };
    format!("{verdict} (score {score:+.2}: about -1 is unit, +1 is int16)")
}

fn folder_text(facts: &FolderFacts) -> String {
    let mut lines = vec![
        format!(
            "built by wakemill {} with seed {}",
            facts.wakemill, facts.seed
        ),
        format!("  fingerprint  {}", facts.fingerprint),
        format!("  input scale  {}", facts.input_scale.name()),
        format!("  floor        {}", facts.floor.name()),
        "splits".to_owned(),
    ];
    for split in &facts.splits {
        let parts = match split.parts {
            0 => String::new(),
            parts => format!(" in {parts} parts"),
        };
        let (what, lost) = match split.hours {
            Some(_) => ("recordings", "broken or left out"),
            None => ("clips", "left out"),
        };
        lines.push(format!(
            "  {:20} {:>8} {what}, {} {lost} → {} {}{parts}",
            split.name,
            split.planned,
            split.left_out,
            shape(&split.shape),
            split.features
        ));
        if let Some(hours) = &split.hours {
            lines.push(format!(
                "  {:20} {:.2} h read, {:.2} h in rows, {} rows excluded, {} faults",
                "", hours.hours_read, hours.hours_in_rows, hours.rows_excluded, hours.faults
            ));
        }
    }
    match &facts.provenance {
        // Rows of recordings have no lines there.
        Some(statistics) if statistics.rows == 0 => {}
        Some(statistics) => provenance_text(statistics, &mut lines),
        None => {
            lines.push("the build wrote no rows.jsonl: nothing is known of its rows".to_owned())
        }
    }
    if facts.verified {
        lines.push("verified: every file is the one that was built".to_owned());
    }
    lines.join("\n") + "\n"
}

fn provenance_text(statistics: &Statistics, lines: &mut Vec<String>) {
    lines.push(format!("effects, of {} rows", statistics.rows));
    let mut line = |what: &str, rows: u64| {
        let percent = 100.0 * rows as f64 / statistics.rows.max(1) as f64;
        lines.push(format!("  {what:20} {rows:>8}  {percent:5.1} %"));
    };
    for effect in &statistics.effects {
        line(effect.label, effect.rows);
        for (variant, rows) in &effect.variants {
            line(&format!("  {variant}"), *rows);
        }
    }
    for effect in &statistics.effects {
        if let Some(measure) = &effect.measure {
            measure_text(measure, lines);
        }
        if let Some(sounds) = &effect.sounds {
            sounds_text(sounds, lines);
        }
    }
}

fn measure_text(measure: &MeasureStatistics, lines: &mut Vec<String>) {
    let MeasureStatistics {
        name,
        unit,
        histogram,
    } = measure;
    lines.push(format!("{name}, in {unit}"));
    let most = histogram.counts.iter().max().copied().unwrap_or(0).max(1);
    for (bin, rows) in histogram.counts.iter().enumerate() {
        let from = histogram.from + bin as f64 * histogram.width;
        let bar = "#".repeat((rows * BAR).div_ceil(most) as usize);
        let to = from + histogram.width;
        lines.push(format!("  {from:>6.4} to {to:>6.4} {rows:>8}  {bar}"));
    }
}

fn sounds_text(sounds: &SoundStatistics, lines: &mut Vec<String>) {
    let (used, never) = (sounds.used(), sounds.never());
    lines.push(format!(
        "{}s: {} used, {} never used",
        sounds.label,
        used.len(),
        never.len()
    ));
    let most = used.len().min(NAMED);
    let rest = &used[most..];
    let least = rest.iter().rev().take(NAMED);
    let named = used[..most].iter().map(|of| ("most", of));
    for (label, (file, rows)) in named.chain(least.map(|of| ("least", of))) {
        lines.push(format!("  {label:5} {rows:>8}  {file}"));
    }
    for (file, _) in never.iter().take(UNUSED) {
        lines.push(format!("  never           {file}"));
    }
    if never.len() > UNUSED {
        lines.push(format!(
            "  never           … and {} more",
            never.len() - UNUSED
        ));
    }
}

fn shape(shape: &[usize]) -> String {
    let sizes: Vec<_> = shape.iter().map(usize::to_string).collect();
    match sizes.as_slice() {
        [one] => format!("({one},)"),
        sizes => format!("({})", sizes.join(", ")),
    }
}
