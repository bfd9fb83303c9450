//! `wakemill render`: the exact audio of one row, or of its clip.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::api::{self, wav};

use super::progress::{Progress, ProgressMode};
use super::terminal::line;
use super::{Configuration, Usage};

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
    /// The row of a recording, counted from 0 in hops from its start
    #[arg(long, conflicts_with = "round")]
    row: Option<u64>,
    /// Write the clip or recording as it was read instead: its first channel at
    /// the pipeline's rate before any effect, as 32-bit float
    #[arg(long, conflicts_with_all = ["round", "row"])]
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
    let of_recording = prepared.has_recordings(&args.split);
    if args.decoded && of_recording {
        let mut samples = 0;
        let mut failed = None;
        let written = wav::write_blocks(&args.output, rate, |take| {
            let mut take = |block: &[f32]| {
                samples += block.len();
                take(block)
            };
            let read = prepared.recording(&args.split, &args.clip, &mut take);
            read.map_err(|error| {
                failed = Some(error);
                std::io::Error::other("the recording cannot be read")
            })
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        written?;
        line(format_args!("{}: {samples} samples", args.output.display()))?;
        return Ok(());
    }
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
    let (split, clip) = (&args.split, &args.clip);
    let row = match args.row {
        Some(row) => prepared.recording_row(split, clip, row, &progress)?,
        None if of_recording => {
            let reason = format!("split '{split}' has recordings: say which row with --row");
            return Err(Usage(reason).into());
        }
        None => prepared.render(split, clip, args.round, &progress)?,
    };
    wav::write(&args.output, rate, &row.data)?;
    let provenance = serde_json::to_string(&*row.provenance).context("cannot describe the row")?;
    line(format_args!("{}: {provenance}", args.output.display()))?;
    Ok(())
}
