//! `wakemill init`: a commented pipeline to start from, or the quickstart.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::api::{self, QuickstartError};

use super::Usage;
use super::terminal::line;

#[derive(Args)]
pub(super) struct InitArgs {
    /// The file to write; one that exists is never replaced
    #[arg(default_value = "wakemill.toml", value_parser = super::path())]
    file: PathBuf,
    /// Write one with the effects of another program and a pipeline's defaults
    #[arg(long, value_parser = api::PRESETS.to_vec())]
    preset: Option<String>,
    /// Write the quickstart's pipeline and its clips into this folder instead
    #[arg(long, value_name = "DIR", conflicts_with_all = ["file", "preset"])]
    quickstart: Option<PathBuf>,
}

pub(super) fn init(args: &InitArgs) -> anyhow::Result<()> {
    if let Some(folder) = &args.quickstart {
        return quickstart(folder);
    }
    let path = args.file.display();
    let mut file = match OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.file)
    {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Usage(format!(
                "{path} exists; name another file, or remove it first"
            ))
            .into());
        }
        Err(error) => return Err(error).with_context(|| format!("cannot create {path}")),
    };
    let text = api::starter(args.preset.as_deref()).unwrap_or_default();
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {path}"))?;
    line(format_args!(
        "wrote {path}; name your clips in it, then: wakemill run {path}"
    ))?;
    Ok(())
}

fn quickstart(folder: &Path) -> anyhow::Result<()> {
    let pipeline = match api::quickstart(folder) {
        Err(error @ QuickstartError::Exists(_)) => return Err(Usage(error.to_string()).into()),
        written => written?,
    };
    let path = pipeline.display();
    line(format_args!(
        "wrote {path} and its clips; then: wakemill run {path}"
    ))?;
    Ok(())
}
