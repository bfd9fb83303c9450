//! `wakemill setup`: fetches ONNX Runtime and the models ahead.

use clap::Args;

use crate::config::plan::{Backend, Plan, Strategy};
use crate::models::cache::{Cache, RuntimeKind};
use crate::models::{self, FrontEnd, FrontEndSpec, fetch};
use crate::pipeline::{Build, Watch};

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
    let spec = spec(&build.plan, build.sizing.rows_per_batch);
    let front_end = FrontEnd::load(&spec, &mut |text| progress.say(text))?;
    for warning in front_end.warnings() {
        progress.warn(warning);
    }
    build.settle(&front_end);
    Ok(front_end)
}

/// What a plan asks of the front end.
fn spec(plan: &Plan, batch: usize) -> FrontEndSpec {
    let features = &plan.features;
    FrontEndSpec {
        mel_model: features.mel_model.clone(),
        embedding_model: features.embedding_model.clone(),
        windows: models::Windows {
            window: features.window,
            stride: features.stride,
            last: Some(features.timesteps),
        },
        strategy: match features.strategy {
            Strategy::Auto => models::Strategy::Auto,
            Strategy::Dense => models::Strategy::Dense,
            Strategy::Windows => models::Strategy::Windows,
        },
        backend: match features.backend {
            Backend::Auto => models::Backend::Auto,
            Backend::Native => models::Backend::Native,
            Backend::OnnxRuntime => models::Backend::OnnxRuntime,
        },
        providers: features.execution_providers.clone(),
        runtime_library: plan.runtime_library.clone(),
        verify: features.verify,
        batch,
    }
}
