//! `wakemill doctor`: what this machine has. Fetches nothing, except a model in
//! place of a damaged one.

use clap::Args;

use crate::api::{self, FrontEnd, Machine};

#[derive(Args)]
pub(super) struct DoctorArgs {
    /// Execution providers to try, in order of preference
    #[arg(long, value_delimiter = ',', default_value = "cpu")]
    providers: Vec<String>,
}

pub(super) fn doctor(args: &DoctorArgs) -> anyhow::Result<()> {
    let machine = Machine::look(&args.providers)?;
    println!("wakemill   {}", env!("CARGO_PKG_VERSION"));
    println!("cores      {}", api::cores());
    println!("cache      {}", machine.cache().display());
    match &machine.runtime {
        Ok(runtime) => {
            println!(
                "runtime    ONNX Runtime {} ({}: {})",
                runtime.version,
                runtime.origin,
                runtime.library.display()
            );
            println!("providers  {}", runtime.providers.join(", "));
        }
        Err(error) => println!("runtime    none: {error}"),
    }
    if !machine.has_models() {
        println!("models     not fetched yet: the first run does it, or wakemill setup");
        return Ok(());
    }
    show_front_end(&machine.front_end(&mut |text| println!("{text}"))?);
    Ok(())
}

fn show_front_end(front_end: &FrontEnd) {
    let report = front_end.report();
    println!("mel        SHA-256 {}", report.mel_sha256);
    println!("embedding  SHA-256 {}", report.embedding_sha256);
    println!("backend    {}: {}", report.backend, report.backend_reason);
    println!("strategy   {}", report.strategy);
    println!("provider   {}", report.provider);
    for rewrite in &report.rewrites {
        let applied = if rewrite.applied {
            "in use"
        } else {
            "not in use"
        };
        println!("rewrite    {}: {applied}, {}", rewrite.name, rewrite.reason);
    }
    for warning in front_end.warnings() {
        println!("warning    {warning}");
    }
}
