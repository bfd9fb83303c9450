//! `wakemill setup`: fetches ONNX Runtime and the models ahead.

use clap::Args;

use crate::runtime::cache::{Cache, RuntimeKind};
use crate::runtime::fetch;

#[derive(Args)]
pub(super) struct SetupArgs {
    /// Fetch the runtime for NVIDIA GPUs (CUDA) too
    #[arg(long)]
    gpu: bool,
}

pub(super) fn setup(args: &SetupArgs) -> anyhow::Result<()> {
    let cache = Cache::locate()?;
    let mut notice = |text: &str| println!("{text}");
    fetch::fetch_models(&cache, &mut notice)?;
    fetch::fetch_runtime(&cache, RuntimeKind::Cpu, &mut notice)?;
    if args.gpu {
        fetch::fetch_runtime(&cache, RuntimeKind::Gpu, &mut notice)?;
    }
    println!("ready: {}", cache.root().display());
    Ok(())
}
