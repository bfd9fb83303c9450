//! The command line: one file a command.

mod audit;
mod doctor;
mod eval;
mod init;
mod inspect;
mod progress;
mod render;
mod run;
mod setup;
mod shards;
mod terminal;
mod tune;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
#[cfg(unix)]
use std::sync::{Arc, atomic::AtomicBool};

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};

use crate::api::{self, ConfigError, Fault, Watch};

use progress::Progress;
use terminal::{OutputError, tell};

/// Builds wake-word training sets in one streaming run: audio clips in,
/// (N, 16, 96) speech-embedding arrays out.
#[derive(Parser)]
#[command(name = "wakemill", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the data set that a file describes
    Run(run::RunArgs),
    /// Cut a build into shards for many machines
    Plan(shards::PlanArgs),
    /// Make the data set of all shards
    Merge(shards::MergeArgs),
    /// Say what is wrong with a data set, before it is built or after
    Audit(audit::AuditArgs),
    /// Measure each stage on a sample and print the worker counts to use
    Tune(tune::TuneArgs),
    /// Say how good classifiers are on a data set's features
    Eval(eval::EvalArgs),
    /// Write the exact audio that a row was computed from
    Render(render::RenderArgs),
    /// Say what is in an .npy file or an output folder
    Inspect(inspect::InspectArgs),
    /// Fetch ONNX Runtime and the models ahead
    Setup(setup::SetupArgs),
    /// Say what this machine has
    Doctor(doctor::DoctorArgs),
    /// Write a commented starter pipeline, or the quickstart
    Init(init::InitArgs),
}

/// A configuration file and what overrides it.
#[derive(Args)]
struct Configuration {
    /// A pipeline (.toml) or a livekit-wakeword configuration (.yaml, .yml)
    #[arg(value_parser = path())]
    file: PathBuf,
    /// Lay a TOML file with some of a pipeline's keys over it, such as `tune
    /// --write` makes
    #[arg(long, value_name = "FILE", value_parser = path())]
    with: Vec<PathBuf>,
    /// Override one key of the pipeline; VALUE is read as TOML, else as text
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Configuration {
    fn source(&self) -> api::Source<'_> {
        api::Source {
            with: &self.with,
            set: &self.set,
            ..api::Source::new(&self.file)
        }
    }
}

/// Reads an argument that is a path, as paths in files are read.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| api::expand(None, &path))
}

/// Reads a configuration and passes its warnings on.
fn load(source: &api::Source<'_>, progress: &Progress) -> Result<api::Loaded, ConfigError> {
    let loaded = api::load(source)?;
    for warning in &loaded.warnings {
        progress.warn(warning);
    }
    Ok(loaded)
}

/// An error that is the caller's to mend before anything can run.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Runs the command that this process was started with, and gives the exit code
/// as [`run`] does.
pub fn main() -> ExitCode {
    #[cfg(unix)]
    outlive_file_limits();
    ExitCode::from(run(std::env::args_os()))
}

/// Parses the arguments, the program's name first, runs the command, and gives
/// the exit code: 0 done, 1 failed, 2 usage or configuration, 130 interrupted.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let command = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli.command,
        Err(error) => {
            // Whether or not anybody reads it.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    let result = match command {
        Command::Run(args) => self::run::run(&args),
        Command::Plan(args) => shards::plan(&args),
        Command::Merge(args) => shards::merge(&args),
        Command::Audit(args) => audit::audit(&args),
        Command::Tune(args) => tune::tune(&args),
        Command::Eval(args) => eval::eval(&args),
        Command::Render(args) => render::render(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Setup(args) => setup::setup(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Init(args) => init::init(&args),
    };
    match result {
        Ok(()) => 0,
        Err(error) if reader_gone(&error) => 0,
        Err(error) => {
            tell(format_args!("error: {}", api::explain(error.as_ref())));
            code(&error)
        }
    }
}

/// Has a write beyond a limit on the size of files fail, where the system would
/// end the process without a word.
#[cfg(unix)]
fn outlive_file_limits() {
    use signal_hook::consts::SIGXFSZ;
    use signal_hook::flag::register;
    // A handler that does nothing of use; where there can be none, all is as
    // the system has it.
    let _ = register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

/// Whether whoever reads the output has seen enough: as good an end as any.
fn reader_gone(error: &anyhow::Error) -> bool {
    (error.downcast_ref::<OutputError>()).is_some_and(OutputError::is_reader_gone)
}

fn code(error: &anyhow::Error) -> u8 {
    if error.is::<Usage>() {
        return 2;
    }
    match Fault::of_any(error.as_ref()) {
        Some(Fault::Usage) => 2,
        Some(Fault::Interrupt) => 130,
        Some(Fault::Failure) | None => 1,
    }
}
