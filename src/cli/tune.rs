//! `wakemill tune`: measures the stages and says how many workers to use.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::api::{self, Cancel, CancelToken, Prediction, Ready, Sample, Tuning, Watch};

use super::progress::{Progress, ProgressMode};
use super::terminal::{line, print};
use super::{Configuration, Usage};

/// Share of the cores below which a sample could not get them all.
const FREE: f64 = 0.9;

#[derive(Args)]
pub(super) struct TuneArgs {
    #[command(flatten)]
    configuration: Configuration,
    /// Say too what to expect of hosts with so many cores
    #[arg(long, value_delimiter = ',', value_name = "N,…")]
    cores: Vec<std::num::NonZero<usize>>,
    /// Write the suggested workers as a file for `run --with FILE`
    #[arg(long, value_name = "FILE", value_parser = super::path())]
    write: Option<PathBuf>,
    /// Run the neighbours of the suggestion too
    #[arg(long)]
    sweep: bool,
}

pub(super) fn tune(args: &TuneArgs) -> anyhow::Result<()> {
    if let Some(path) = &args.write {
        check_overlay(path)?;
    }
    let progress = Progress::new(ProgressMode::Plain);
    let loaded = super::load(&args.configuration.source(), &progress)?;
    let prepared = api::prepare(loaded.plan, api::cores(), &progress)?;
    let ready = prepared.ready(&mut |text| progress.say(text), &progress)?;
    let (cancel, token) = Cancel::new();
    ctrlc::set_handler(move || cancel.cancel()).context("cannot listen for Ctrl-C")?;
    let tuning = ready.tune(&progress, &token)?;
    let here = tuning.predict_here();
    // The file first: it is what was asked for, whoever reads the table.
    if let Some(path) = &args.write {
        let text = overlay(&tuning.sample.stages(), &here, tuning.cores);
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    print(report(&tuning, &here))?;
    if !args.cores.is_empty() {
        let cores = args.cores.iter().map(|cores| cores.get());
        print(larger(&tuning, cores))?;
    }
    if let Some(path) = &args.write {
        line(format_args!(
            "\nwrote {}; use it: {}",
            path.display(),
            usage(args, path)
        ))?;
    }
    if args.sweep {
        line("\nthe suggestion and its neighbours, a few seconds each:")?;
        let sweep = Sweep {
            ready: &ready,
            watch: &progress,
            token: &token,
            rows: api::sample_rows(here.rows_per_second),
        };
        sweep.run(&here.workers)?;
    }
    Ok(())
}

/// The table of stages, and what follows for this machine.
fn report(tuning: &Tuning, here: &Prediction) -> String {
    let sample = &tuning.sample;
    let total: f64 = sample.costs.iter().map(|cost| cost.core_seconds).sum();
    let mut out = format!(
        "{} rows in {:.1} s with {}: {}\n\n",
        sample.rows,
        sample.seconds,
        workers(&sample.stages(), &sample.workers),
        rate(sample, tuning.cores)
    );
    out.push_str("stage     ms/row   share  rows/s a worker  workers here\n");
    for (index, cost) in sample.costs.iter().enumerate() {
        let suggested = match index
            .checked_sub(1)
            .and_then(|index| here.workers.get(index))
        {
            Some(count) => count.to_string(),
            None => "always 1".to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{:8} {:>7.3} {:>6.1}% {:>16.0} {:>13}",
            cost.name,
            1000.0 * cost.worker_seconds,
            100.0 * cost.core_seconds / total,
            1.0 / cost.worker_seconds,
            suggested
        );
    }
    let largest = sample
        .costs
        .iter()
        .max_by(|a, b| a.core_seconds.total_cmp(&b.core_seconds));
    let largest = largest.map_or("", |cost| cost.name);
    let bound = match here.bound {
        Some(stage) => format!("bound by {stage}: its workers are always busy"),
        None => format!("bound by the cores, which are busy with {largest} most of the time"),
    };
    let _ = writeln!(
        out,
        "\n{bound}\nprediction for this machine: {:.1} rows/s",
        here.rows_per_second
    );
    let share = sample.cores / tuning.cores as f64;
    if here.bound.is_none() && share < FREE {
        let _ = writeln!(
            out,
            "as long as it gets {:.0} % of its cores, as the sample did: others use them too, or a disk is slow",
            100.0 * share
        );
    }
    out
}

/// What to expect of other hosts.
fn larger(tuning: &Tuning, cores: impl Iterator<Item = usize>) -> String {
    let mut out = format!(
        "\n{:>5}  {:>8}  workers ({})  bound by\n",
        "cores",
        "rows/s",
        tuning.sample.stages().join(", ")
    );
    for cores in cores {
        let expected = tuning.predict(cores);
        let _ = writeln!(
            out,
            "{cores:>5}  {:>8.0}  {:28}  {}",
            expected.rows_per_second,
            counts(&expected.workers),
            expected.bound.unwrap_or("the cores")
        );
    }
    out.push_str(
        "if cores are as fast as here and all for this build, and neither disk nor memory is in the way\n",
    );
    out
}

/// The first words of an overlay.
const OVERLAY: &str = "# Workers for ";

/// Refuses to replace anything but an earlier overlay, such as the pipeline.
fn check_overlay(path: &Path) -> anyhow::Result<()> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).context(format!("cannot read {}", path.display())),
    };
    if text.starts_with(OVERLAY) {
        return Ok(());
    }
    let text = format!(
        "{} exists, and tune did not write it: name another file, and give it to `run --with`",
        path.display()
    );
    Err(Usage(text).into())
}

/// The worker counts as a file to lay over a configuration.
fn overlay(stages: &[&str], here: &Prediction, cores: usize) -> String {
    let mut out = format!(
        "{OVERLAY}{cores} cores, measured by wakemill tune: {:.0} rows/s.\n",
        here.rows_per_second
    );
    for (stage, workers) in stages.iter().zip(&here.workers) {
        let _ = writeln!(out, "\n[stages.{stage}]\nworkers = {workers}");
    }
    out
}

fn usage(args: &TuneArgs, overlay: &Path) -> String {
    format!(
        "wakemill run {} --with {}",
        args.configuration.file.display(),
        overlay.display()
    )
}

fn rate(sample: &Sample, cores: usize) -> String {
    format!(
        "{:.1} rows/s, {:.2} of {cores} cores busy",
        sample.rows_per_second, sample.cores
    )
}

fn counts(workers: &[usize]) -> String {
    let counts: Vec<_> = workers.iter().map(usize::to_string).collect();
    counts.join(", ")
}

fn workers(stages: &[&str], counts: &[usize]) -> String {
    let named = stages.iter().zip(counts);
    let named: Vec<_> = named
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    named.join(", ")
}

/// Runs worker counts beside each other.
struct Sweep<'a> {
    ready: &'a Ready,
    watch: &'a dyn Watch,
    token: &'a CancelToken,
    rows: u64,
}

impl Sweep<'_> {
    fn run(&self, suggested: &[usize]) -> anyhow::Result<()> {
        let first = self.sample("suggested", suggested)?;
        let mut best = (suggested.to_vec(), 0.0);
        for counts in neighbours(suggested) {
            let sample = self.sample("", &counts)?;
            if sample.rows_per_second > best.1 {
                best = (counts, sample.rows_per_second);
            }
        }
        let last = self.sample("suggested", suggested)?;
        let own = (first.rows_per_second + last.rows_per_second) / 2.0;
        line(format_args!(
            "best neighbour: {}, {:.1} % of the suggestion's rate",
            workers(&last.stages(), &best.0),
            100.0 * best.1 / own
        ))?;
        Ok(())
    }

    fn sample(&self, label: &str, counts: &[usize]) -> anyhow::Result<Sample> {
        let sample = (self.ready).sample(counts, self.rows, self.watch, self.token)?;
        line(format_args!(
            "  {}: {} {label}",
            workers(&sample.stages(), counts),
            rate(&sample, self.ready.sizing().cores)
        ))?;
        Ok(sample)
    }
}

/// One worker more or fewer in one stage.
fn neighbours(counts: &[usize]) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    for index in 0..counts.len() {
        let changes = [counts[index].checked_sub(1), counts[index].checked_add(1)];
        for changed in changes.into_iter().flatten().filter(|&count| count > 0) {
            let mut neighbour = counts.to_vec();
            neighbour[index] = changed;
            all.push(neighbour);
        }
    }
    all
}
