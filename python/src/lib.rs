//! The native half of the Python package: thin functions over `wakemill::api`,
//! each of which lets go of the interpreter while it works. What users see is
//! `wakemill/*.py`, which gives these their defaults and their words.

mod config;
mod embed;
mod error;
mod feed;
mod read;
mod run;
mod wait;

use std::ffi::OsString;
use std::path::PathBuf;

use pyo3::prelude::*;
use wakemill::api;

#[pymodule]
mod _wakemill {
    #[pymodule_export]
    use super::{
        bundled_networks,
        config::Config,
        embed::Embedder,
        error::{BuildError, Error, UsageError},
        feed::Feed,
        main,
        read::{evaluate, inspect, plan, render},
        run::run,
        wait::{end, forked},
    };
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}

/// Runs the command line, the program's name first, and gives its exit code.
#[pyfunction]
fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| wakemill::cli::run(arguments))
}

/// Names the folder of the networks that came with the package.
#[pyfunction]
fn bundled_networks(folder: PathBuf) {
    api::bundled_networks(folder);
}
