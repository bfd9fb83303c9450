//! The page: sections of HTML around charts.

mod audit;
mod found;
mod recordings;
mod rows;

use std::fmt::{self, Display, Write};

use serde::Serialize;

use crate::autoscale::sizing::cores;
use crate::build::Moment;
use crate::dataset::partial::WriteError;
use crate::dataset::{Dataset, StageTimes};

use super::census::LeftOut;
use super::chart::{self, Axis, ChartError, short};
use super::examples::{Example, Sound};
use super::words::{self, percent};
use super::{Content, ReportError};

/// Points of a line over time, about.
const POINTS: usize = 90;

const STYLE: &str = include_str!("style.css");

/// Nothing may be loaded from anywhere, and nothing run.
const POLICY: &str =
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'";

/// A text within HTML.
struct Text<T>(T);

impl<T: Display> Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.to_string().chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Takes the page, part after part: as one text it would be in memory several times.
pub(super) type Out<'a> = dyn FnMut(&str) -> Result<(), WriteError> + 'a;

/// The whole page.
pub(super) fn html(content: &Content<'_>, out: &mut Out<'_>) -> Result<(), ReportError> {
    let (dataset, plan) = (&content.built.dataset, content.ready.plan());
    let name = plan
        .output
        .path
        .file_name()
        .unwrap_or(plan.output.path.as_os_str());
    let name = name.to_string_lossy();
    out(&format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{name} · wakemill</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{name}</h1>\n",
        name = Text(name),
    ))?;
    out(&summary(dataset))?;
    out(&recordings::section(content))?;
    out(&flow(dataset))?;
    out(&time(dataset, &content.built.moments)?)?;
    out(&rows::section(
        content.rows.as_ref(),
        &content.lengths,
        plan.audio.window_seconds(),
    )?)?;
    examples(&content.examples, plan.audio.sample_rate, out)?;
    out(&found::section(dataset))?;
    audit::section(dataset, &content.audit, out)?;
    out(&left_out(&content.left_out))?;
    out(&passed_over(dataset))?;
    out(&origin(dataset))?;
    Ok(out("</main>\n</body>\n</html>\n")?)
}

fn summary(dataset: &Dataset) -> String {
    let rows: u64 = dataset.splits.iter().map(|split| split.written.rows).sum();
    let left_out: u64 = dataset
        .splits
        .iter()
        .map(|split| split.written.left_out)
        .sum();
    let resumed = match dataset.rows_resumed {
        0 => String::new(),
        n => {
            format!(" {n} rows were there already when this run went on: the times are this run's.")
        }
    };
    let shards = dataset.shards.as_ref().map_or_else(String::new, |shards| {
        let (of, hosts) = (shards.of, shards.hosts.len());
        format!(" Built in {of} shards on {hosts} hosts: times are sums over the shards.")
    });
    let lines = dataset.splits.iter().map(|split| {
        let written = &split.written;
        format!(
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            Text(&written.name),
            Text(&written.features),
            split.planned,
            written.rows,
            written.left_out
        )
    });
    format!(
        "<p class=\"soft\">wakemill {}, seed {}.{resumed}{shards}</p>\n<div class=\"numbers\">\
         <div><b>{rows}</b>rows</div><div><b>{}</b>rows a second</div>\
         <div><b>{}</b>build time</div><div><b>{left_out}</b>clips left out</div></div>\n\
         <div class=\"card scroll\"><table><tr><th>split</th><th>file</th><th class=\"n\">clips</th>\
         <th class=\"n\">rows</th><th class=\"n\">left out</th></tr>\n{}</table></div>\n",
        Text(&dataset.wakemill),
        dataset.seed,
        short(&dataset.rows_per_second.round()),
        words::duration(dataset.wall_seconds),
        lines.collect::<String>()
    )
}

fn flow(dataset: &Dataset) -> String {
    let busy = |stage: &StageTimes| stage.share(stage.busy_seconds);
    let most = dataset.stages.iter().map(busy).fold(0.0, f64::max);
    let boxes = dataset.stages.iter().map(|stage| {
        let part = |class: &str, seconds: f64| {
            let width = 100.0 * stage.share(seconds);
            format!("<span class=\"{class}\" style=\"width:{width:.2}%\"></span>")
        };
        format!(
            "<li class=\"card{}\"><h3>{}</h3><div class=\"bar\">{}{}{}</div>\
             {} busy<br><span class=\"soft\">{} worker{}, {:.2} ms a batch</span></li>\n",
            if busy(stage) == most { " slowest" } else { "" },
            Text(&stage.name),
            part("busy", stage.busy_seconds),
            part("idle", stage.idle_seconds),
            part("blocked", stage.blocked_seconds),
            percent(busy(stage)),
            stage.workers,
            if stage.workers == 1 { "" } else { "s" },
            1000.0 * stage.busy_seconds / stage.items.max(1) as f64,
        )
    });
    format!(
        "<h2>The flow</h2>\n<p class=\"verdict\">{}</p>\n<ol class=\"flow\">\n{}</ol>\n{}",
        Text(words::bottleneck(
            &dataset.stages,
            dataset.wall_seconds,
            cores()
        )),
        boxes.collect::<String>(),
        key(&[
            ("busy", "busy"),
            ("idle", "idle: nothing to do"),
            ("blocked", "blocked: nowhere to put it"),
        ])
    )
}

fn time(dataset: &Dataset, moments: &[Moment]) -> Result<String, ChartError> {
    let heading = "<h2>Over time</h2>\n";
    if moments.len() < 4 {
        return Ok(format!(
            "{heading}<p class=\"soft\">The build was too short for a picture.</p>\n"
        ));
    }
    let x = Axis {
        name: "seconds since the start",
        range: 0.0..dataset.wall_seconds,
        format: &short,
    };
    Ok(format!(
        "{heading}<div class=\"cards\">\n{}{}</div>\n",
        throughput(&x, moments)?,
        queues(&x, dataset, moments)?
    ))
}

fn throughput(x: &Axis, moments: &[Moment]) -> Result<String, ChartError> {
    let rates = rates(moments);
    let most = rates.iter().map(|point| point.1).fold(1.0, f64::max);
    let y = Axis {
        name: "rows a second",
        range: 0.0..1.1 * most,
        format: &short,
    };
    let svg = chart::lines(x, &y, &[rates])?;
    let text = "Rows written, averaged over a tenth of the build.";
    Ok(figure("Throughput", &svg, text, ""))
}

fn queues(x: &Axis, dataset: &Dataset, moments: &[Moment]) -> Result<String, ChartError> {
    let pieces: Vec<&[Moment]> = moments.chunks(moments.len().div_ceil(POINTS)).collect();
    // The source has no channel before it.
    let stages = 1..dataset.stages.len();
    let fill: Vec<Vec<(f64, f64)>> = stages
        .map(|stage| pieces.iter().map(|piece| mean_fill(piece, stage)).collect())
        .collect();
    let y = Axis {
        name: "full",
        range: 0.0..1.02,
        format: &|share| percent(*share),
    };
    let svg = chart::lines(x, &y, &fill)?;
    let names: Vec<(String, String)> = dataset.stages[1..]
        .iter()
        .enumerate()
        .map(|(n, stage)| (format!("s{n}"), format!("before {}", stage.name)))
        .collect();
    Ok(figure(
        "Queues",
        &svg,
        "How full the channel before each stage was. Full before the bottleneck, empty behind it.",
        &key(&names),
    ))
}

/// Rows a second around each moment: rows come in batches, so that what is
/// shown is an average over a tenth of the build.
fn rates(moments: &[Moment]) -> Vec<(f64, f64)> {
    let reach = (moments.len() / 20).max(2);
    let around = |n: usize| {
        let from = &moments[n.saturating_sub(reach)];
        let to = &moments[(n + reach).min(moments.len() - 1)];
        let rows = to.rows - from.rows;
        (moments[n].at, rows as f64 / (to.at - from.at).max(1e-3))
    };
    (0..moments.len()).map(around).collect()
}

/// When a piece begins, and how full a channel was in it.
fn mean_fill(piece: &[Moment], stage: usize) -> (f64, f64) {
    let fill = piece.iter().filter_map(|moment| moment.fill.get(stage));
    (piece[0].at, fill.sum::<f64>() / piece.len() as f64)
}

fn examples(examples: &[Example], sample_rate: u32, out: &mut Out<'_>) -> Result<(), WriteError> {
    if examples.is_empty() {
        return Ok(());
    }
    out(
        "<h2>To see and to hear</h2>\n<p class=\"soft\">Rows as the networks got them, beside the clips they were made from: \
         spectrograms of 32 mel bands, 80 dB from dark to light.</p>\n<div class=\"cards\">\n",
    )?;
    for example in examples {
        let longest = example.original.seconds.max(example.row.seconds);
        let chips = words::effects(&example.provenance, sample_rate);
        let chips = chips.iter().map(|chip| format!("<li>{}</li>", Text(chip)));
        out(&format!(
            "<div class=\"card\"><h3>{}: {}, round {}</h3><div class=\"pair\">{}{}</div><ul class=\"chips\">{}</ul></div>\n",
            Text(&example.split),
            Text(&example.clip),
            example.round,
            sound("the clip", &example.original, longest),
            sound("the row", &example.row, longest),
            chips.collect::<String>()
        ))?;
    }
    out("</div>\n")
}

fn sound(name: &str, sound: &Sound, longest: f64) -> String {
    let picture = sound.spectrogram.as_ref().map(|png| {
        format!(
            "<img alt=\"spectrogram of {name}\" style=\"width:{:.2}%\" src=\"data:image/png;base64,{png}\">",
            100.0 * sound.seconds / longest
        )
    });
    format!(
        "<div>{name}, {:.2} s<div class=\"picture\">{}</div><audio controls preload=\"metadata\" src=\"data:audio/wav;base64,{}\"></audio></div>",
        sound.seconds,
        picture.unwrap_or_default(),
        sound.wav
    )
}

fn left_out(left_out: &LeftOut) -> String {
    let heading = "<h2>Failures</h2>\n";
    if left_out.clips == 0 {
        return format!("{heading}<p>No clip was left out.</p>\n");
    }
    let groups = left_out.groups.iter().map(|((split, stage), clips)| {
        format!(
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{clips}</td></tr>\n",
            Text(split),
            Text(stage)
        )
    });
    let lines = left_out.first.iter().map(|line| {
        format!(
            "<tr><td>{}</td><td>{}</td><td class=\"long\">{}</td><td class=\"long\">{}</td></tr>\n",
            Text(&line.split),
            Text(&line.stage),
            Text(&line.clip),
            Text(&line.reason)
        )
    });
    let more = match left_out.clips - left_out.first.len() as u64 {
        0 => String::new(),
        n => format!("<p class=\"soft\">And {n} more in quarantine.jsonl.</p>\n"),
    };
    format!(
        "{heading}<p>{}</p>\n\
         <div class=\"card scroll\"><table><tr><th>split</th><th>stage</th><th class=\"n\">clips</th></tr>\n{}</table></div><br>\n\
         <div class=\"card scroll\"><table><tr><th>split</th><th>stage</th><th>clip</th><th>reason</th></tr>\n{}</table></div>\n{more}",
        match left_out.clips {
            1 => "One clip was left out.".to_owned(),
            n => format!("{n} clips were left out."),
        },
        groups.collect::<String>(),
        lines.collect::<String>()
    )
}

/// What lay among the inputs and was not read.
fn passed_over(dataset: &Dataset) -> String {
    let lines = dataset.passed_over.iter();
    lines
        .map(|passed| format!("<p>Passed by: {}.</p>\n", Text(passed)))
        .collect()
}

fn origin(dataset: &Dataset) -> String {
    format!(
        "<h2>Where it comes from</h2>\n<p class=\"soft\">Fingerprint {}</p>\n\
         <details class=\"card\"><summary>Networks</summary><pre>{}</pre></details><br>\n\
         <details class=\"card\"><summary>Configuration</summary><pre>{}</pre></details>\n",
        Text(&dataset.fingerprint),
        Text(pretty(&dataset.front_end)),
        Text(pretty(&dataset.configuration)),
    )
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn figure(title: &str, svg: &str, text: &str, below: &str) -> String {
    format!(
        "<figure class=\"card\"><h3>{}</h3>\n{svg}\n<figcaption>{}</figcaption>{below}</figure>\n",
        Text(title),
        Text(text)
    )
}

/// What the colors mean.
fn key<T: Display>(entries: &[(T, T)]) -> String {
    let entries = entries
        .iter()
        .map(|(class, name)| format!("<li><i class=\"{class}\"></i>{}</li>", Text(name)));
    format!("<ul class=\"key\">{}</ul>\n", entries.collect::<String>())
}
