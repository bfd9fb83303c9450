//! `wakemill doctor`: what this machine has. Fetches nothing, except a model in
//! place of a damaged one.

use clap::Args;

use crate::api::{self, FrontEnd, Machine};

use super::terminal::{OutputError, line};

#[derive(Args)]
pub(super) struct DoctorArgs {
    /// Execution providers to try, in order of preference
    #[arg(long, value_delimiter = ',', default_value = "cpu")]
    providers: Vec<String>,
}

pub(super) fn doctor(args: &DoctorArgs) -> anyhow::Result<()> {
    let machine = Machine::look(&args.providers)?;
    line(format_args!("wakemill   {}", env!("CARGO_PKG_VERSION")))?;
    line(format_args!("cores      {}", api::cores()))?;
    line(format_args!("cache      {}", machine.cache().display()))?;
    match &machine.runtime {
        Ok(runtime) => {
            line(format_args!(
                "runtime    ONNX Runtime {} ({}: {})",
                runtime.version,
                runtime.origin,
                runtime.library.display()
            ))?;
            line(format_args!("providers  {}", runtime.providers.join(", ")))?;
        }
        Err(error) => line(format_args!("runtime    none: {error}"))?,
    }
    if !machine.has_models() {
        line(format_args!(
            "models     not fetched yet: the first run does it, or wakemill setup"
        ))?;
        return Ok(());
    }
    Ok(show_front_end(&machine.front_end(&mut |text| {
        // The models are of use, whether or not anybody reads of them.
        let _ = line(text);
    })?)?)
}

fn show_front_end(front_end: &FrontEnd) -> Result<(), OutputError> {
    let report = front_end.report();
    line(format_args!("mel        SHA-256 {}", report.mel_sha256))?;
    line(format_args!(
        "embedding  SHA-256 {}",
        report.embedding_sha256
    ))?;
    line(format_args!(
        "backend    {}: {}",
        report.backend, report.backend_reason
    ))?;
    line(format_args!("strategy   {}", report.strategy))?;
    line(format_args!("provider   {}", report.provider))?;
    for rewrite in &report.rewrites {
        let applied = if rewrite.applied {
            "in use"
        } else {
            "not in use"
        };
        line(format_args!(
            "rewrite    {}: {applied}, {}",
            rewrite.name, rewrite.reason
        ))?;
    }
    for warning in front_end.warnings() {
        line(format_args!("warning    {warning}"))?;
    }
    Ok(())
}
