//! `wakemill setup`: fetches ONNX Runtime and the models ahead.

use clap::Args;

use crate::build::{Build, Watch};
use crate::frontend::FrontEnd;
use crate::runtime::cache::{Cache, RuntimeKind};
use crate::runtime::fetch;

use super::progress::Progress;

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

/// The networks of a build, fetched first if need be; the build is settled for
/// what runs them.
pub(super) fn front_end(build: &mut Build, progress: &Progress) -> anyhow::Result<FrontEnd> {
    let front_end = build.front_end(&mut |text| progress.say(text))?;
    for warning in front_end.warnings() {
        progress.warn(warning);
    }
    Ok(front_end)
}
