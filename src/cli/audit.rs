//! `wakemill audit`: what is wrong with a data set, before or after it is built.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::api::{
    self, AUDIT_FILE, AuditRecord, AuditReport, Cancel, Dataset, Found, Looked, Severity,
};

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
    /// How to show progress
    #[arg(long, value_enum, default_value = "auto")]
    progress: ProgressMode,
}

/// There are findings by whose rule a build ends.
#[derive(Debug, thiserror::Error)]
#[error("{0} findings of checks that say \"fail\" (or --strict)")]
struct Failed(u64);

pub(super) fn audit(args: &AuditArgs) -> anyhow::Result<()> {
    let path = &args.configuration.file;
    let failed = match path.is_dir() {
        true => finished(args, path)?,
        false => planned(args)?,
    };
    match failed {
        0 => Ok(()),
        n => Err(Failed(n).into()),
    }
}

/// Audits what a configuration would build.
fn planned(args: &AuditArgs) -> anyhow::Result<u64> {
    let progress = Progress::new(args.progress);
    let mut loaded = super::load(&args.configuration.source(), &progress)?;
    loaded.plan.audit.rules.turn_on();
    let prepared = api::prepare(loaded.plan, api::cores(), &progress)?.without_wavs();
    let ready = prepared.ready(&mut |text| progress.say(text), &progress)?;
    let (cancel, token) = Cancel::new();
    ctrlc::set_handler(move || cancel.cancel()).context("cannot listen for Ctrl-C")?;
    let mut out = out(args)?;
    let mut findings = 0;
    let mut take = |line: &AuditRecord<'_>| {
        findings += 1;
        write_line(&mut out, line)
    };
    let looked = ready.look(&mut take, &progress, &token)?;
    out.flush().context("cannot write the lines")?;
    if !prints_lines(args) {
        print(summary(&looked))?;
    }
    Ok(if args.strict { findings } else { looked.failed })
}

/// Tells what is known of a finished data set.
fn finished(args: &AuditArgs, folder: &Path) -> anyhow::Result<u64> {
    let Some(dataset) = Dataset::read(folder)? else {
        let message = format!(
            "{}: there is no finished data set in it: give its configuration",
            folder.display()
        );
        return Err(Usage(message).into());
    };
    let looked = looked(dataset);
    let lines = folder.join(AUDIT_FILE);
    if !lines.is_file() {
        let message = format!(
            "{}: it was built with the audit off, and its files do not tell of its clips: give its configuration",
            folder.display()
        );
        return Err(Usage(message).into());
    }
    let (mut out, mut findings, mut failed) = (out(args)?, 0, 0);
    for record in api::audit_lines(folder)? {
        let record = record?;
        findings += 1;
        failed += u64::from(record.severity == Severity::Fail);
        write_line(&mut out, &record).context("cannot write the lines")?;
    }
    out.flush().context("cannot write the lines")?;
    if !prints_lines(args) {
        print(summary(&looked))?;
    }
    Ok(if args.strict { findings } else { failed })
}

fn looked(dataset: Dataset) -> Looked {
    let splits = dataset.splits.into_iter().map(|split| {
        let written = split.written;
        let failed = written.left_out - written.unwanted.min(written.left_out);
        (written.name, split.planned, failed, written.audit)
    });
    Looked {
        splits: splits.collect(),
        set: dataset.audit,
        failed: 0,
    }
}

fn prints_lines(args: &AuditArgs) -> bool {
    args.lines.as_deref() == Some(Path::new("-"))
}

/// Where the lines go.
fn out(args: &AuditArgs) -> anyhow::Result<Box<dyn Write + Send>> {
    Ok(match &args.lines {
        None => Box::new(io::sink()),
        Some(_) if prints_lines(args) => Box::new(io::stdout()),
        Some(path) => {
            let file = File::create_new(path)
                .with_context(|| format!("cannot make {}", path.display()))?;
            Box::new(BufWriter::new(file))
        }
    })
}

fn write_line(out: &mut dyn Write, record: &AuditRecord<'_>) -> io::Result<()> {
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
