//! `wakemill run`: builds a data set.

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::config;
use crate::flow::Cancel;
use crate::pipeline::{self, Existing, Outcome, Watch};

use super::Configuration;
use super::progress::{Progress, ProgressMode};

#[derive(Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    configuration: Configuration,
    /// Replace what an earlier run left in the output folder
    #[arg(long)]
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
    let loaded = config::load(&config::Source {
        with: &args.configuration.with,
        set: &args.configuration.set,
        only_extract: args.only == Some(Part::Extract),
        metrics: args.metrics.as_deref(),
        ..config::Source::new(&args.configuration.file)
    })?;
    for warning in &loaded.warnings {
        progress.warn(warning);
    }
    let build = pipeline::prepare(loaded.plan, pipeline::cores(), &progress)?;
    if args.dry_run {
        print!("{}", build.describe());
        return Ok(());
    }
    let front_end = super::setup::front_end(&build, &progress)?;
    let (cancel, token) = Cancel::new();
    ctrlc::set_handler(move || cancel.cancel()).context("cannot listen for Ctrl-C")?;
    let existing = if args.overwrite {
        Existing::Overwrite
    } else {
        Existing::Keep
    };
    match build.run(front_end, existing, &progress, &token)? {
        Outcome::UpToDate => {
            progress.say(&format!("{} is up to date", build.plan.output.display()))
        }
        Outcome::Built(dataset) => progress.finish(&build.plan.output, &dataset),
    }
    Ok(())
}
