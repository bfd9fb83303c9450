//! `wakemill audit`: what is wrong with a data set, before or after it is built.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use crate::api::{self, AuditRecord, AuditReport, Cancel, Found, HardRecord, Looked};

use super::progress::{Progress, ProgressMode};
use super::terminal::print;
use super::{Configuration, Usage};

#[derive(Args)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    configuration: Configuration,
    /// Make every finding a failure: exit code 1 where there is one
    #[arg(long)]
    strict: bool,
    /// Write each finding as a line of JSON into this file, as a build's audit.jsonl;
    /// "-" prints them instead of the summary
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,
    /// Write each of the negative rows that audit.classifier scores highest as a line of
    /// JSON into this file, as a build's hard.jsonl
    #[arg(long, value_name = "FILE", value_parser = super::path())]
    hard: Option<PathBuf>,
    /// How to show progress
    #[arg(long, value_enum, default_value = "auto")]
    progress: ProgressMode,
}

/// There are findings by whose rule a build ends.
#[derive(Debug, thiserror::Error)]
#[error("{0} findings of checks that say \"fail\" (or --strict)")]
struct Failed(u64);

pub(super) fn audit(args: &AuditArgs) -> anyhow::Result<()> {
    let progress = Progress::new(args.progress);
    let (looked, mut out) = match args.configuration.file.is_dir() {
        true => finished(args, &progress)?,
        false => planned(args, &progress)?,
    };
    out.finish(&looked.hardest)?;
    if !prints_lines(args) {
        print(summary(&looked))?;
    }
    match if args.strict {
        out.findings
    } else {
        looked.failed
    } {
        0 => Ok(()),
        n => Err(Failed(n).into()),
    }
}

/// Audits what a configuration would build.
fn planned(args: &AuditArgs, progress: &Progress) -> anyhow::Result<(Looked, Out)> {
    let mut loaded = super::load(&args.configuration.source(), progress)?;
    loaded.plan.audit.rules.turn_on();
    refuse_without_classifier(args, loaded.plan.audit.scoring.is_some())?;
    let prepared = api::prepare(loaded.plan, api::cores(), progress)?.without_wavs();
    let ready = prepared.ready(&mut |text| progress.say(text), progress)?;
    let (cancel, token) = Cancel::new();
    ctrlc::set_handler(move || cancel.cancel()).context("cannot listen for Ctrl-C")?;
    let mut out = Out::open(args)?;
    let looked = ready.look(&mut |line| out.take(line), progress, &token)?;
    Ok((looked, out))
}

/// Audits a finished data set.
fn finished(args: &AuditArgs, progress: &Progress) -> anyhow::Result<(Looked, Out)> {
    let mut notice = |text: &str| progress.say(text);
    let finished = api::finished(&args.configuration.source(), &mut notice, progress)?;
    let Some(finished) = finished else {
        let message = format!(
            "{}: there is no finished data set in it: give its configuration",
            args.configuration.file.display()
        );
        return Err(Usage(message).into());
    };
    refuse_without_classifier(args, finished.has_classifier())?;
    let mut out = Out::open(args)?;
    let bar = progress.rows(finished.rows_to_score());
    let looked = finished.look(&mut |line| out.take(line), &mut || bar.inc(1))?;
    bar.finish_and_clear();
    Ok((looked, out))
}

/// Without a classifier nothing is scored, and no row is the hardest.
fn refuse_without_classifier(args: &AuditArgs, has_one: bool) -> Result<(), Usage> {
    match &args.hard {
        Some(path) if !has_one => Err(Usage(format!(
            "--hard {}: no negative row is scored: name a classifier (--set audit.classifier=model.onnx)",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Where findings go, and the hardest rows.
struct Out {
    lines: Box<dyn Write + Send>,
    hard: Box<dyn Write + Send>,
    findings: u64,
}

impl Out {
    fn open(args: &AuditArgs) -> anyhow::Result<Self> {
        Ok(Self {
            lines: match prints_lines(args) {
                true => Box::new(io::stdout()),
                false => create(args.lines.as_deref())?,
            },
            hard: create(args.hard.as_deref())?,
            findings: 0,
        })
    }

    fn take(&mut self, line: &AuditRecord<'_>) -> io::Result<()> {
        self.findings += 1;
        write_line(&mut self.lines, line)
    }

    fn finish(&mut self, hardest: &[HardRecord<'_>]) -> anyhow::Result<()> {
        self.lines.flush().context("cannot write the lines")?;
        let mut hardest = hardest.iter();
        let written = hardest.try_for_each(|record| write_line(&mut self.hard, record));
        written
            .and_then(|()| self.hard.flush())
            .context("cannot write the hardest rows")
    }
}

fn prints_lines(args: &AuditArgs) -> bool {
    args.lines.as_deref() == Some(Path::new("-"))
}

/// A new file; where none is wanted, nothing.
fn create(path: Option<&Path>) -> anyhow::Result<Box<dyn Write + Send>> {
    let Some(path) = path else {
        return Ok(Box::new(io::sink()));
    };
    let file = File::create_new(path).with_context(|| format!("cannot make {}", path.display()))?;
    Ok(Box::new(BufWriter::new(file)))
}

fn write_line(out: &mut dyn Write, record: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, record)?;
    out.write_all(b"\n")
}

fn summary(looked: &Looked) -> String {
    let mut lines = Vec::new();
    for (name, clips, failed, found) in &looked.splits {
        let failed = match failed {
            0 => String::new(),
            n => format!(", {n} cannot be processed"),
        };
        lines.push(format!("{name}: {clips} clips{failed}"));
        lines.extend(of(found));
    }
    lines.push("the set".to_owned());
    lines.extend(set(&looked.set));
    if looked.splits.iter().all(|split| split.3.is_empty()) && looked.set.found.is_empty() {
        lines.push("nothing was found".to_owned());
    }
    lines.join("\n") + "\n"
}

/// What was found of clips and rows, a line a check.
pub(super) fn of(found: &Found) -> impl Iterator<Item = String> + '_ {
    let checks = found.checks();
    checks.map(|(check, clips)| format!("    {}", clips.say_check(check)))
}

/// What was found of the set, and its numbers.
pub(super) fn set(report: &AuditReport) -> Vec<String> {
    let numbers = report.numbers.iter();
    let numbers = numbers.map(|(name, number)| format!("    {name}: {number}"));
    of(&report.found).chain(numbers).collect()
}
