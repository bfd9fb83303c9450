//! `wakemill init`: a commented pipeline to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::api;

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
}

pub(super) fn init(args: &InitArgs) -> anyhow::Result<()> {
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
