//! `wakemill run`: builds a data set.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::api::{
    self, Cancel, CancelToken, Ended, Existing, Metered, Metrics, MetricsError, Watch,
};

use super::Configuration;
use super::progress::{Progress, ProgressMode};
use super::terminal::print;

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
    let source = api::Source {
        only_extract: args.only == Some(Part::Extract),
        metrics: args.metrics.as_deref(),
        ..args.configuration.source()
    };
    let loaded = super::load(&source, &progress)?;
    let metrics = match loaded.plan.metrics.address {
        Some(address) if !args.dry_run => Some(serve(address, &progress)?),
        _ => None,
    };
    let prepared = api::prepare(loaded.plan, api::cores(), &progress)?;
    if args.dry_run {
        print(prepared.describe())?;
        return Ok(());
    }
    let ready = prepared.ready(&mut |text| progress.say(text), &progress)?;
    let token = listen()?;
    let existing = match (args.resume, args.overwrite) {
        (true, _) => Existing::Resume,
        (_, true) => Existing::Overwrite,
        _ => Existing::Keep,
    };
    let metered = metrics
        .as_ref()
        .map(|metrics| Metered::new(&ready, &progress, metrics));
    let watch: &dyn Watch = match &metered {
        Some(metered) => metered,
        None => &progress,
    };
    let result = api::run(&ready, existing, watch, &token);
    let output = &ready.plan().output;
    let last_word = match &result {
        Ok(Ended::UpToDate) => {
            progress.say(&format!("{} is up to date", output));
            None
        }
        Ok(Ended::Built(dataset)) => {
            progress.finish(&output.path, dataset);
            Some("the build is over".to_owned())
        }
        Err(error) if error.is_cancelled() => None,
        Err(error) => Some(format!("the build failed: {error}")),
    };
    if let (Some(metrics), Some(word)) = (&metrics, last_word) {
        metrics.end();
        linger(
            ready.plan().metrics.linger_seconds,
            &word,
            &token,
            &progress,
        );
    }
    result?;
    Ok(())
}

/// A token that the first Ctrl-C cancels; the second ends the process.
fn listen() -> anyhow::Result<CancelToken> {
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
    Ok(token)
}

/// Gives Prometheus the time for a last scrape.
fn linger(seconds: f64, word: &str, token: &CancelToken, progress: &Progress) {
    if seconds > 0.0 {
        progress.say(&format!(
            "{word}; serving its metrics for another {seconds} s, Ctrl-C ends it"
        ));
        token.wait(Duration::from_secs_f64(seconds));
    }
}

fn serve(address: SocketAddr, progress: &Progress) -> Result<Metrics, MetricsError> {
    let metrics = Metrics::serve(address)?;
    progress.say(&format!("metrics at http://{}/metrics", metrics.address()));
    Ok(metrics)
}
