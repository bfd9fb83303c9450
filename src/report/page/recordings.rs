//! What long recordings came to, and how loud they are over time.

use std::fmt::Write;

use crate::build::RecordingLevels;
use crate::dataset::Dataset;
use crate::report::Content;
use crate::report::words;

use super::Text;

/// The quietest level that a picture shows, in dB relative to full scale.
const QUIETEST: f64 = -80.0;
/// A picture's width and height, in units of its own.
const SIZE: (f64, f64) = (640.0, 40.0);

/// The section; nothing where there are no recordings.
pub(super) fn section(content: &Content<'_>) -> String {
    let dataset = &content.built.dataset;
    let table = table(dataset);
    if table.is_empty() {
        return String::new();
    }
    let rate = f64::from(content.ready.plan().audio.sample_rate);
    let levels = content.built.levels.iter();
    let levels: String = levels.map(|of| level(dataset, of, rate)).collect();
    let levels = match levels.is_empty() {
        true => String::new(),
        false => format!(
            "<div class=\"card levels\"><p class=\"soft\">How loud the longest recordings are from their beginning to their end, {QUIETEST} to 0 dB relative to full scale{}. Where nothing is drawn it is quieter.</p>\n{levels}</div>\n",
            match dataset.rows_resumed {
                0 => "",
                _ => ", as far as this run heard them",
            }
        ),
    };
    format!(
        "<h2>Recordings</h2>\n<p class=\"soft\">Each is a line of recordings.jsonl; where one broke is told under failures.</p>\n{table}{levels}"
    )
}

/// What the recordings of each split came to.
fn table(dataset: &Dataset) -> String {
    let lines = dataset.splits.iter().filter_map(|split| {
        let hours = split.written.hours.as_ref()?;
        Some(format!(
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{:.2}</td><td class=\"n\">{:.2}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            Text(&split.written.name),
            hours.recordings,
            hours.hours_read,
            hours.hours_in_rows,
            split.written.rows,
            hours.rows_excluded,
            hours.faults
        ))
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        return String::new();
    }
    format!(
        "<div class=\"card scroll\"><table><tr><th>split</th><th class=\"n\">recordings</th><th class=\"n\">hours read</th><th class=\"n\">hours in rows</th><th class=\"n\">rows</th><th class=\"n\">rows excluded</th><th class=\"n\">faults</th></tr>\n{lines}</table></div>\n"
    )
}

/// One recording: what it is called, and its level over time.
fn level(dataset: &Dataset, levels: &RecordingLevels, rate: f64) -> String {
    let ended = &levels.ended;
    let split = dataset.splits.get(levels.split);
    let split = split.map_or("", |split| &split.written.name);
    let part = match (ended.start, ended.end) {
        (Some(start), Some(end)) => format!(" {start} to {end} s"),
        _ => String::new(),
    };
    let db = levels.points.iter().map(|point| decibels(point.power));
    let (least, most) = db.fold((f64::INFINITY, QUIETEST), |(least, most), db| {
        (least.min(db), most.max(db))
    });
    let of = match most > QUIETEST {
        true => format!("{least:.0} to {most:.0} dB"),
        false => format!("below {QUIETEST} dB"),
    };
    let faults = match ended.faults {
        0 => String::new(),
        1 => ", 1 fault".to_owned(),
        faults => format!(", {faults} faults"),
    };
    format!(
        "<div class=\"level\"><div>{}{part}<br><span class=\"soft\">{}: {}, {} rows{faults}; {of}</span></div>\n{}</div>\n",
        Text(&ended.recording),
        Text(split),
        words::duration(ended.seconds),
        ended.rows,
        picture(levels, rate, &of)
    )
}

/// The level as an area over time.
fn picture(levels: &RecordingLevels, rate: f64, of: &str) -> String {
    let (width, height) = SIZE;
    let seconds = levels.ended.seconds.max(1e-3);
    let x = |sample: u64| width * (sample as f64 / rate / seconds).min(1.0);
    let ends = levels.points.iter().skip(1).map(|point| x(point.sample));
    let mut path = String::new();
    for (point, end) in levels.points.iter().zip(ends.chain([width])) {
        let y = height * decibels(point.power) / QUIETEST;
        let start = x(point.sample);
        // Writing to a string does not fail.
        let _ = write!(path, "M{start:.1} {height}V{y:.1}H{end:.1}V{height}Z");
    }
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"level over time, {of}\"><path d=\"{path}\" fill=\"#100000\"/></svg>"
    )
}

/// A mean square in dB relative to full scale, within the picture.
fn decibels(power: f64) -> f64 {
    (10.0 * power.log10()).clamp(QUIETEST, 0.0)
}
