//! What a build tells Prometheus.
//!
//! Every metric is declared in [`table`], once; [`Metrics`] fills them from the
//! flow's facts and from what the writer takes, and serves them over HTTP for
//! as long as it lives. There is one time series a stage, a split, a model or a
//! kind of failure, never one a clip: what a scrape costs does not grow with
//! the data set.

mod build;
mod endpoint;
mod flow;
mod registry;
pub mod table;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use crate::flow::{FlowFacts, Observer, Resize, StageId, Work};

use build::BuildMetrics;
use endpoint::Endpoint;
use flow::FlowMetrics;
use registry::Registry;

/// Why metrics cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The address cannot be listened at.
    #[error(
        "cannot serve metrics at {address}: {reason}\n  choose another address with --metrics or metrics.address (a port of 0 takes a free one)"
    )]
    Address {
        /// The address.
        address: SocketAddr,
        /// Why not.
        reason: String,
    },
    /// The recorder cannot be made.
    #[error("cannot set up metrics: {0}")]
    Recorder(String),
}

/// What is known of a build before it starts.
#[derive(Clone, Debug)]
pub struct BuildFacts<'a> {
    /// The splits, in order.
    pub splits: Vec<SplitFacts<'a>>,
    /// Rows of what is left out at once: a clip, or a round of it.
    pub rows_per_span: u64,
    /// Rows in a full batch.
    pub rows_per_batch: usize,
    /// Length of a row's audio in seconds.
    pub row_seconds: f64,
    /// The stages that run a network: name of the stage, and of the model.
    pub networks: Vec<(&'a str, &'a str)>,
    /// What runs the networks.
    pub provider: &'a str,
    /// The program's version.
    pub version: &'a str,
    /// Each stage that can refuse a clip, and for what.
    pub refusals: Vec<(&'a str, &'a str)>,
    /// The checks of the audit that are looked for as rows pass.
    pub checks: Vec<&'a str>,
    /// Each stage whose workers may change, and for what cause.
    pub resizes: Vec<(&'a str, &'a str)>,
}

/// What is known of a split before it is built.
#[derive(Clone, Copy, Debug)]
pub struct SplitFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Rows that it will have, of recordings about.
    pub rows: u64,
    /// Seconds of its recordings, about, where it has some.
    pub seconds: Option<f64>,
}

/// The metrics of one build, served while this lives.
pub struct Metrics {
    registry: Arc<Registry>,
    endpoint: Endpoint,
    flow: OnceLock<FlowMetrics>,
    build: OnceLock<BuildMetrics>,
}

impl Metrics {
    /// Begins to serve at an address.
    ///
    /// # Errors
    /// An address that is in use or not this machine's.
    pub fn serve(address: SocketAddr) -> Result<Self, MetricsError> {
        let registry = Arc::new(Registry::new()?);
        let endpoint = Endpoint::open(address, Arc::clone(&registry))?;
        Ok(Self {
            registry,
            endpoint,
            flow: OnceLock::new(),
            build: OnceLock::new(),
        })
    }

    /// Where they are served.
    pub fn address(&self) -> SocketAddr {
        self.endpoint.address()
    }

    /// The build is about to start. A build starts once.
    pub fn start(&self, facts: &BuildFacts<'_>) {
        for (stage, reason) in &facts.refusals {
            for metric in [&table::FAILURES, &table::QUARANTINED] {
                self.registry.counter(metric, &[stage, reason]).absolute(0);
            }
        }
        for check in &facts.checks {
            self.registry.counter(&table::AUDIT, &[check]).absolute(0);
        }
        for (stage, cause) in &facts.resizes {
            self.registry
                .counter(&table::RESIZES, &[stage, cause])
                .absolute(0);
        }
        self.build
            .get_or_init(|| BuildMetrics::new(&self.registry, facts));
    }

    /// What an earlier run had written, and how many spans it had left out.
    pub fn resumed(&self, split: usize, rows: u64, bytes: u64, left_out: u64) {
        if let Some(build) = self.build.get() {
            build.resumed(split, rows, bytes);
            build.left_out(split, left_out);
        }
    }

    /// A batch was written.
    pub fn wrote(&self, split: usize, rows: u64, bytes: u64) {
        if let Some(build) = self.build.get() {
            build.wrote(split, rows, bytes);
        }
    }

    /// Seconds of recordings were read.
    pub fn read(&self, split: usize, seconds: f64) {
        if let Some(build) = self.build.get() {
            build.read(split, seconds);
        }
    }

    /// A stage refused a clip, or failed in another way.
    pub fn failed(&self, stage: &str, reason: &'static str) {
        self.registry
            .counter(&table::FAILURES, &[stage, reason])
            .increment(1);
    }

    /// The audit has found something.
    pub fn found(&self, check: &str) {
        self.registry.counter(&table::AUDIT, &[check]).increment(1);
    }

    /// A clip was left out of the data set.
    pub fn left_out(&self, split: usize, stage: &str, reason: &'static str) {
        self.registry
            .counter(&table::QUARANTINED, &[stage, reason])
            .increment(1);
        if let Some(build) = self.build.get() {
            build.left_out(split, 1);
        }
    }

    /// The build is over; its last numbers stay.
    pub fn end(&self) {
        if let Some(build) = self.build.get() {
            build.end();
        }
    }
}

impl Observer for Metrics {
    fn worked(&self, stage: StageId, work: &Work) {
        if let Some(flow) = self.flow.get() {
            flow.worked(stage, work);
        }
    }

    fn resized(&self, resize: &Resize) {
        self.registry
            .counter(&table::RESIZES, &[resize.name, resize.cause])
            .increment(1);
    }

    fn tick(&self, facts: &FlowFacts) {
        let _moment = self.registry.moment();
        self.flow
            .get_or_init(|| FlowMetrics::new(&self.registry, facts))
            .set(facts);
        if let Some(build) = self.build.get() {
            build.set(facts);
        }
        self.registry.tidy();
    }
}
