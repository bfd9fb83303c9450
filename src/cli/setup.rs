//! `wakemill setup`: fetches ONNX Runtime and the models ahead.

use clap::Args;

use crate::api;

use super::terminal::line;

#[derive(Args)]
pub(super) struct SetupArgs {
    /// Fetch the runtime for NVIDIA GPUs (CUDA) too
    #[arg(long)]
    gpu: bool,
}

pub(super) fn setup(args: &SetupArgs) -> anyhow::Result<()> {
    let cache = api::setup(args.gpu, &mut |text| {
        // What is fetched is of use, whether or not anybody reads of it.
        let _ = line(text);
    })?;
    line(format_args!("ready: {}", cache.display()))?;
    Ok(())
}
