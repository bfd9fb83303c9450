//! `wakemill init`: a commented starter pipeline.

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
    #[arg(default_value = "wakemill.toml")]
    file: PathBuf,
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
    file.write_all(api::starter().as_bytes())
        .with_context(|| format!("cannot write {path}"))?;
    line(format_args!(
        "wrote {path}; name your clips in it, then: wakemill run {path}"
    ))?;
    Ok(())
}
