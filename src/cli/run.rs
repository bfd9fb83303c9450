//! `wakemill run`: builds a data set.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::api::{
    self, Cancel, CancelToken, Ended, Existing, Metered, Metrics, MetricsError, Shard, Watch,
};

use super::Configuration;
use super::progress::{Progress, ProgressMode};
use super::shards::{self, ShardRun};
use super::terminal::print;

/// The longest wait, in seconds: a month.
const MOST_WAIT: f64 = 2_678_400.0;

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
    /// Build one shard of a planned build: I from 0 to N-1. It goes on with what is
    /// there
    #[arg(long, value_name = "I/N", value_parser = shards::shard, allow_hyphen_values = true, conflicts_with = "dry_run")]
    shard: Option<Shard>,
    /// How long to wait while another process builds that shard
    #[arg(long, value_name = "SECONDS", default_value_t = 600.0, value_parser = seconds, requires = "shard")]
    wait: f64,
    /// Processors to use; all that this process may use by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    cores: Option<u32>,
    /// Do one part only
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Serve Prometheus metrics at this address while it runs
    #[arg(long, value_name = "ADDR")]
    metrics: Option<String>,
    /// How to show progress
    #[arg(long, value_enum, default_value = "auto")]
    progress: ProgressMode,
    /// Make every warning of the audit a failure, which ends the build
    #[arg(long)]
    strict: bool,
    /// Print the plan and stop
    #[arg(long)]
    dry_run: bool,
}

/// What is done of a build.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
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
    let mut loaded = super::load(&source, &progress)?;
    if args.strict {
        loaded.plan.audit.rules.turn_on();
        loaded.plan.audit.rules.make_strict();
    }
    let metrics = match loaded.plan.metrics.address {
        Some(address) if !args.dry_run => Some(serve(address, &progress)?),
        _ => None,
    };
    let cores = args.cores.map_or_else(api::cores, |cores| cores as usize);
    if let Some(shard) = args.shard {
        let asked = ShardRun {
            shard,
            cores,
            overwrite: args.overwrite,
            wait: Duration::from_secs_f64(args.wait),
            metrics: metrics.as_ref(),
        };
        let (token, linger_seconds) = (listen()?, loaded.plan.metrics.linger_seconds);
        shards::run(loaded.plan, &asked, &token, &progress)?;
        if let Some(metrics) = &metrics {
            metrics.end();
            linger(linger_seconds, "the shard is over", &token, &progress);
        }
        return Ok(());
    }
    let prepared = api::prepare(loaded.plan, cores, &progress)?;
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

/// Reads a number of seconds that can be waited.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok();
    let fits = |seconds: &f64| (0.0..=MOST_WAIT).contains(seconds);
    seconds
        .filter(fits)
        .ok_or_else(|| format!("a number of seconds from 0 to {MOST_WAIT}"))
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
