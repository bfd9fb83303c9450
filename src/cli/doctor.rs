//! `wakemill doctor`: what this machine has.

use clap::Args;

use crate::models::cache::Cache;
use crate::models::{FrontEnd, FrontEndSpec};
use crate::pipeline;

#[derive(Args)]
pub(super) struct DoctorArgs {
    /// Execution providers to try, in order of preference
    #[arg(long, value_delimiter = ',', default_value = "cpu")]
    providers: Vec<String>,
}

pub(super) fn doctor(args: &DoctorArgs) -> anyhow::Result<()> {
    println!("wakemill   {}", env!("CARGO_PKG_VERSION"));
    println!("cores      {}", pipeline::cores());
    println!("cache      {}", Cache::locate()?.root().display());
    let spec = FrontEndSpec {
        providers: args.providers.clone(),
        ..FrontEndSpec::default()
    };
    let front_end = FrontEnd::load(&spec)?;
    let report = front_end.report();
    println!(
        "runtime    ONNX Runtime {} ({})",
        report.runtime_version,
        report.runtime_library.display()
    );
    println!("provider   {}", report.provider);
    println!("backend    {:?}: {}", report.backend, report.backend_reason);
    println!("strategy   {:?}", report.strategy);
    println!("mel        {}", report.mel_sha256);
    println!("embedding  {}", report.embedding_sha256);
    for warning in front_end.warnings() {
        println!("warning    {warning}");
    }
    Ok(())
}
