//! `wakemill render`: the exact audio of one row, or of its clip.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::api::{self, wav};

use super::Configuration;
use super::progress::{Progress, ProgressMode};
use super::terminal::line;

#[derive(Args)]
pub(super) struct RenderArgs {
    #[command(flatten)]
    configuration: Configuration,
    /// The split
    #[arg(long)]
    split: String,
    /// The clip, named as in rows.jsonl
    #[arg(long)]
    clip: String,
    /// The augmentation round, counted from 0
    #[arg(long, default_value_t = 0)]
    round: u32,
    /// Write the clip as it was read instead: its first channel at the
    /// pipeline's rate before any effect, as 32-bit float
    #[arg(long, conflicts_with = "round")]
    decoded: bool,
    /// Where to write the WAV
    #[arg(short, long, value_name = "OUT.wav", value_parser = super::path())]
    output: PathBuf,
}

pub(super) fn render(args: &RenderArgs) -> anyhow::Result<()> {
    let progress = Progress::new(ProgressMode::Plain);
    let loaded = super::load(&args.configuration.source(), &progress)?;
    let rate = loaded.plan.audio.sample_rate;
    let prepared = api::prepare(loaded.plan, 1, &progress)?;
    if args.decoded {
        let samples = prepared.decoded(&args.split, &args.clip)?;
        wav::write_float(&args.output, rate, &samples)?;
        line(format_args!(
            "{}: {} samples",
            args.output.display(),
            samples.len()
        ))?;
        return Ok(());
    }
    let row = prepared.render(&args.split, &args.clip, args.round, &progress)?;
    wav::write(&args.output, rate, &row.data)?;
    let provenance = serde_json::to_string(&*row.provenance).context("cannot describe the row")?;
    line(format_args!("{}: {provenance}", args.output.display()))?;
    Ok(())
}
