//! `wakemill setup`: fetches ONNX Runtime and the models ahead.

use clap::Args;

use crate::api;

#[derive(Args)]
pub(super) struct SetupArgs {
    /// Fetch the runtime for NVIDIA GPUs (CUDA) too
    #[arg(long)]
    gpu: bool,
}

pub(super) fn setup(args: &SetupArgs) -> anyhow::Result<()> {
    let cache = api::setup(args.gpu, &mut |text| println!("{text}"))?;
    println!("ready: {}", cache.display());
    Ok(())
}
