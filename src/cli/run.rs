//! `wakemill run`: builds a data set.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::config;
use crate::flow::{Cancel, CancelToken};
use crate::metrics::{Metrics, MetricsError};
use crate::pipeline::{self, Existing, Outcome};

use super::Configuration;
use super::progress::{Progress, ProgressMode};
use super::watch::Watchers;

#[derive(Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    configuration: Configuration,
    /// Go on with what an earlier run left unfinished in the output folder
    #[arg(long)]
    resume: bool,
    /// Replace what an earlier run left in the output folder
    #[arg(long, conflicts_with = "resume")]
    overwrite: bool,
    /// Do one part only
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Serve Prometheus metrics at this address while it runs
    #[arg(long, value_name = "ADDR")]
    metrics: Option<String>,
    /// How to show progress
    #[arg(long, value_enum, default_value = "auto")]
    progress: ProgressMode,
    /// Print the plan and stop
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Compute the features of clips as they are: of a livekit-wakeword
    /// configuration, the files that were augmented
    Extract,
}

pub(super) fn run(args: &RunArgs) -> anyhow::Result<()> {
    let progress = Progress::new(args.progress);
    let source = config::Source {
        only_extract: args.only == Some(Part::Extract),
        metrics: args.metrics.as_deref(),
        ..args.configuration.source()
    };
    let loaded = super::load(&source, &progress)?;
    let metrics = match loaded.plan.metrics.address {
        Some(address) if !args.dry_run => Some(serve(address, &progress)?),
        _ => None,
    };
    let mut build = pipeline::prepare(loaded.plan, pipeline::cores(), &progress)?;
    if args.dry_run {
        print!("{}", build.describe());
        return Ok(());
    }
    let front_end = super::setup::front_end(&mut build, &progress)?;
    let (cancel, token) = Cancel::new();
    let asked = AtomicBool::new(false);
    let stop = move || {
        // What is on the disk can be resumed at any moment: no need to insist.
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        cancel.cancel();
    };
    ctrlc::set_handler(stop).context("cannot listen for Ctrl-C")?;
    let existing = match (args.resume, args.overwrite) {
        (true, _) => Existing::Resume,
        (_, true) => Existing::Overwrite,
        _ => Existing::Keep,
    };
    let watchers = Watchers {
        progress: &progress,
        metrics: metrics.as_ref(),
    };
    watchers.start(&build, &front_end);
    let result = build.run(front_end, existing, &watchers, &token);
    match &result {
        Ok(Outcome::UpToDate) => {
            progress.say(&format!("{} is up to date", build.plan.output.display()));
        }
        Ok(Outcome::Built(dataset)) => progress.finish(&build.plan.output, dataset),
        Err(_) => {}
    }
    let done = match &result {
        Ok(Outcome::UpToDate) => true,
        Ok(Outcome::Built(_)) => false,
        Err(error) => error.is_cancelled(),
    };
    if let (Some(metrics), false) = (&metrics, done) {
        metrics.end();
        let how = match &result {
            Err(error) => format!("the build failed: {error}"),
            Ok(_) => "the build is over".to_owned(),
        };
        linger(build.plan.metrics.linger_seconds, &how, &token, &progress);
    }
    result?;
    Ok(())
}

/// Gives Prometheus the time for a last scrape.
fn linger(seconds: f64, how: &str, token: &CancelToken, progress: &Progress) {
    if seconds > 0.0 {
        progress.say(&format!(
            "{how}; serving its metrics for another {seconds} s, Ctrl-C ends it"
        ));
        token.wait(Duration::from_secs_f64(seconds));
    }
}

fn serve(address: SocketAddr, progress: &Progress) -> Result<Metrics, MetricsError> {
    let metrics = Metrics::serve(address)?;
    progress.say(&format!("metrics at http://{}/metrics", metrics.address()));
    Ok(metrics)
}
