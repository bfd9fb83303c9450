//! `wakemill plan`, `run --shard` and `merge`: a build on many machines.

use std::time::Duration;

use anyhow::Context;
use clap::Args;

use crate::api::{
    self, CancelToken, ConfigError, Ended, Existing, MergeOptions, Metered, Metrics, Planning,
    Shard, Standing, Status, Watch,
};

use super::progress::{Progress, ProgressMode};
use super::run::Part;
use super::terminal::line;
use super::{Configuration, Usage};

/// The most shards.
const MOST: usize = api::MOST_SHARDS;

#[derive(Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    configuration: Configuration,
    /// How many shards to cut the build into
    #[arg(long, value_name = "N", value_parser = count)]
    shards: usize,
    /// Do one part only, as of `run`
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Discard another plan that is there, and its shards
    #[arg(long)]
    overwrite: bool,
}

#[derive(Args)]
pub(super) struct MergeArgs {
    #[command(flatten)]
    configuration: Configuration,
    /// Do one part only, as of `run`
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Only say which shards are whole, by their lengths; exit code 0 if all are
    #[arg(long)]
    status: bool,
    /// Say it as JSON
    #[arg(long, requires = "status")]
    json: bool,
    /// Replace another data set
    #[arg(long, conflicts_with = "status")]
    overwrite: bool,
    /// Remove the shards once the data set is whole
    #[arg(long, conflicts_with = "status")]
    remove_shards: bool,
    /// Copy no features: keep each shard's files in the output folder under names of
    /// their own, and remove the shards
    #[arg(long, conflicts_with = "status")]
    parts: bool,
    /// How to show progress
    #[arg(long, value_enum, default_value = "auto")]
    progress: ProgressMode,
}

/// What `run --shard` was asked for beside what every build is.
pub(super) struct ShardRun<'a> {
    pub(super) shard: Shard,
    pub(super) cores: usize,
    pub(super) overwrite: bool,
    pub(super) wait: Duration,
    pub(super) metrics: Option<&'a Metrics>,
}

/// Reads `I/N`.
pub(super) fn shard(text: &str) -> Result<Shard, String> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<usize>().ok()).flatten()
    };
    let parts = text.split_once('/');
    let parts = parts.and_then(|(index, of)| Some((number(index)?, number(of)?)));
    match parts {
        Some((index, count)) if index < count && count <= MOST => Ok(Shard { index, count }),
        _ => Err(format!(
            "shards are counted from 0: I/N, two numbers with I < N, of at most {MOST}"
        )),
    }
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=MOST) => Ok(count),
        _ => Err(format!("a whole number from 1 to {MOST}")),
    }
}

pub(super) fn plan(args: &PlanArgs) -> anyhow::Result<()> {
    let progress = Progress::new(ProgressMode::Plain);
    let loaded = load(&args.configuration, args.only, &progress)?;
    let output = loaded.plan.output.clone();
    let existing = match args.overwrite {
        true => Existing::Overwrite,
        false => Existing::Keep,
    };
    let mut notice = |text: &str| progress.say(text);
    let (plan, cores) = (loaded.plan, api::cores());
    match api::plan_shards(plan, args.shards, cores, existing, &mut notice, &progress)? {
        Planning::UpToDate => progress.say(&format!("the plan in {output} is up to date")),
        Planning::Finished => progress.say(&format!("{output} is up to date")),
        Planning::Planned(plan) => progress.say(&format!(
            "planned {} clips in {} shards in {output}",
            plan.clips, plan.of
        )),
    }
    Ok(())
}

fn load(
    configuration: &Configuration,
    only: Option<Part>,
    progress: &Progress,
) -> Result<api::Loaded, ConfigError> {
    let source = api::Source {
        only_extract: only == Some(Part::Extract),
        ..configuration.source()
    };
    super::load(&source, progress)
}

pub(super) fn run(
    plan: api::Plan,
    args: &ShardRun<'_>,
    token: &CancelToken,
    progress: &Progress,
) -> anyhow::Result<()> {
    let output = plan.output.clone();
    let mut notice = |text: &str| progress.say(text);
    let ready = api::ready_shard(plan, args.shard, args.cores, &mut notice, progress)?;
    let Some(shard) = ready else {
        progress.say(&format!("{output} is up to date"));
        return Ok(());
    };
    let metrics = args.metrics;
    let metered = metrics.map(|metrics| Metered::new(shard.ready(), progress, metrics));
    let watch: &dyn Watch = match &metered {
        Some(metered) => metered,
        None => progress,
    };
    let name = shard.name();
    match shard.run(args.overwrite, args.wait, watch, token)? {
        None => progress.say(&format!("{name} is up to date")),
        Some(built) => progress.done(&format!(
            "{name} is whole: {} rows in {:.1} s, {} clips left out",
            built.rows(),
            built.wall_seconds,
            built.left_out()
        )),
    }
    Ok(())
}

pub(super) fn merge(args: &MergeArgs) -> anyhow::Result<()> {
    let progress = Progress::new(args.progress);
    let plan = load(&args.configuration, args.only, &progress)?.plan;
    if args.status {
        return status(plan, args.json);
    }
    let output = plan.output.clone();
    let options = MergeOptions {
        overwrite: args.overwrite,
        remove_shards: args.remove_shards,
        parts: args.parts,
    };
    let mut notice = |text: &str| progress.say(text);
    match api::merge(plan, api::cores(), options, &mut notice, &progress)? {
        Ended::UpToDate => progress.say(&format!("{output} is up to date")),
        Ended::Built(dataset) => progress.finish(&output.path, &dataset),
    }
    Ok(())
}

fn status(plan: api::Plan, json: bool) -> anyhow::Result<()> {
    let output = plan.output.clone();
    let (status, said) = match api::shard_status(plan)? {
        Standing::Finished(of) => (
            Status::new(of, Vec::new()),
            format!("{output} is up to date"),
        ),
        Standing::Shards(status) => {
            let said = status.says();
            (status, said)
        }
    };
    match json {
        true => line(serde_json::to_string(&status).context("cannot write JSON")?)?,
        false => line(said)?,
    }
    match status.is_whole() {
        true => Ok(()),
        false => Err(Usage("not all shards are whole".to_owned()).into()),
    }
}
