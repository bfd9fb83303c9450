//! `wakemill doctor`: what this machine has. Fetches nothing, except a model in
//! place of a damaged one.

use clap::Args;

use crate::autoscale::sizing;
use crate::frontend::{Backend, FrontEnd, FrontEndSpec};
use crate::runtime;
use crate::runtime::cache::{Cache, RuntimeKind};
use crate::runtime::library::{self, Runtime};

#[derive(Args)]
pub(super) struct DoctorArgs {
    /// Execution providers to try, in order of preference
    #[arg(long, value_delimiter = ',', default_value = "cpu")]
    providers: Vec<String>,
}

pub(super) fn doctor(args: &DoctorArgs) -> anyhow::Result<()> {
    let cache = Cache::locate()?;
    println!("wakemill   {}", env!("CARGO_PKG_VERSION"));
    println!("cores      {}", sizing::cores());
    println!("cache      {}", cache.root().display());
    let has_runtime = show_runtime(&cache, runtime::runtime_kind(&args.providers)?);
    let models = [cache.mel_model(), cache.embedding_model()];
    if models.iter().any(|path| !path.is_file()) {
        println!("models     not fetched yet: the first run does it, or wakemill setup");
        return Ok(());
    }
    let front_end = FrontEnd::load(
        &FrontEndSpec {
            providers: args.providers.clone(),
            // What needs the runtime would fetch it.
            backend: if has_runtime {
                Backend::Auto
            } else {
                Backend::Native
            },
            ..FrontEndSpec::default()
        },
        &mut |text| println!("{text}"),
    )?;
    show_front_end(&front_end);
    Ok(())
}

/// Says which ONNX Runtime there is, and whether there is one.
fn show_runtime(cache: &Cache, kind: RuntimeKind) -> bool {
    let loaded = library::find(None, cache, kind)
        .and_then(|found| Ok((Runtime::load(&found.library)?, found.origin)));
    match loaded {
        Ok((runtime, origin)) => {
            let library = runtime.library.display();
            println!(
                "runtime    ONNX Runtime {} ({origin}: {library})",
                runtime.version
            );
            println!("providers  {}", runtime.providers().join(", "));
            true
        }
        Err(error) => {
            println!("runtime    none: {error}");
            false
        }
    }
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
