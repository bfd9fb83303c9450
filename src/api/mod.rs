//! What the command line uses, and whoever embeds wakemill: a configuration
//! becomes a plan, a plan what is [`Prepared`], that what is [`Ready`], and that
//! a data set in a folder ([`run`]) or blocks of rows for a caller ([`stream`]).
//!
//! ```no_run
//! use wakemill::api::{self, Cancel, Existing, Quiet, Source};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let loaded = api::load(&Source::new("wake.toml".as_ref()))?;
//! let prepared = api::prepare(loaded.plan, api::cores(), &Quiet)?;
//! let ready = prepared.ready(&mut |text| println!("{text}"), &Quiet)?;
//! let (_cancel, token) = Cancel::new();
//! api::run(&ready, Existing::Resume, &Quiet, &token)?;
//! # Ok(())
//! # }
//! ```
//!
//! Everything is told through [`Watch`]; every error has its [`Fault`].

mod audit;
mod build;
mod embed;
pub mod eval;
mod fault;
mod machine;
mod metered;
mod quickstart;
mod shards;
mod stream;

pub use audit::{AuditError, finished};
pub use build::{Ended, Quiet, run};
pub use embed::{EmbedError, Embedder};
pub use fault::{Fault, explain};
pub use machine::{Machine, RuntimeFacts, bundled_networks, setup};
pub use metered::Metered;
pub use quickstart::{QuickstartError, quickstart};
pub use shards::merge;
pub use stream::{Blocks, Draw, Feed, LeftOut, Position, RowOf, Rows, Shard, Wanted, stream};

pub use crate::audio::wav;
pub use crate::autoscale::bottleneck::bottleneck;
pub use crate::autoscale::sizing::cores;
pub use crate::autoscale::tune::{Prediction, Sample, Tuning};
pub use crate::build::shards::{
    MergeOptions, Planning, ReadyShard, Standing, plan as plan_shards, ready as ready_shard,
    status as shard_status,
};
pub use crate::build::{
    BuildError, Event, Finished, Inputs, Looked, Prepared, Ready, Split, Watch, prepare,
    sample_rows,
};
pub use crate::config::plan::{InputScale, Plan};
pub use crate::config::preset::NAMES as PRESETS;
pub use crate::config::{ConfigError, Source, starter};
pub use crate::dataset::audit::AuditRecord;
pub use crate::dataset::found::Found;
pub use crate::dataset::hard::HardRecord;
pub use crate::dataset::layout::REPORT_FILE;
pub use crate::dataset::manifest::AuditReport;
pub use crate::dataset::shards::Status;
pub use crate::dataset::shards::plan::MOST as MOST_SHARDS;
pub use crate::dataset::statistics::{MeasureStatistics, SoundStatistics, Statistics};
pub use crate::dataset::write::{Commit, Step, Taken};
pub use crate::dataset::{Dataset, Existing, RowBlock, inspect};
pub use crate::flow::{Cancel, CancelToken, FlowFacts, Observer, Resize, StageFacts};
pub use crate::frontend::FrontEnd;
pub use crate::metrics::{Metrics, MetricsError};
pub use crate::paths::expand;
pub use crate::presets::{Loaded, Project, load, load_table, project};
pub use crate::records::{Check, Policy as Severity};
