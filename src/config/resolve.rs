//! From settings to a plan: paths made absolute, units converted, and what no
//! single key can tell checked.

mod audit;
mod augment;
mod front_end;
mod recordings;
mod splits;

use std::path::Path;
use std::time::Duration;

use figment::value::Value;

use super::error::Problem;
use super::layers::{Layers, Origin, value_at};
use super::location::Location;
use super::paths;
use super::plan::{
    AuditPlan, FailurePlan, FlowPlan, MetricsPlan, OutputFiles, Plan, StagePlan, StagesPlan,
};
use super::settings::{self, Settings};

/// Makes the plan, and collects warnings.
///
/// # Errors
/// Every cross-check that fails.
pub fn resolve(layers: &Layers, settings: &Settings) -> Result<(Plan, Vec<String>), Vec<Problem>> {
    let mut resolver = Resolver::new(layers);
    let plan = resolver.plan(settings);
    match plan {
        Some(plan) if resolver.problems.is_empty() => Ok((plan, resolver.warnings)),
        _ => Err(resolver.problems),
    }
}

/// Makes what a finished data set is audited by, and collects warnings.
///
/// # Errors
/// Every cross-check that fails.
pub fn audit(
    layers: &Layers,
    settings: &Settings,
) -> Result<(AuditPlan, Vec<String>), Vec<Problem>> {
    let mut resolver = Resolver::new(layers);
    let plan = resolver.audit(&settings.audit);
    match resolver.problems.is_empty() {
        true => Ok((plan, resolver.warnings)),
        false => Err(resolver.problems),
    }
}

struct Resolver<'a> {
    layers: &'a Layers,
    root: Value,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl<'a> Resolver<'a> {
    fn new(layers: &'a Layers) -> Self {
        Self {
            layers,
            root: layers.root(),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn plan(&mut self, settings: &Settings) -> Option<Plan> {
        let output = self.output(settings);
        let splits = self.splits(settings);
        let audio = self.audio(settings);
        let augment = self.augment(settings, &audio);
        self.wavs(settings);
        let features = self.features(&settings.features, &audio);
        let runtime_library = self.optional_path("runtime.library", &settings.runtime.library);
        Some(Plan {
            seed: settings.seed,
            output: output?,
            audio,
            splits,
            augment,
            features,
            output_files: OutputFiles {
                wavs: settings.output_files.wavs,
                wavs_in: settings.output_files.wavs_in,
                rows: settings.output_files.rows,
            },
            flow: FlowPlan {
                batch: settings.flow.batch,
                in_flight: settings.flow.in_flight,
                memory_bytes: settings.flow.memory,
                commit_every: Duration::from_secs_f64(settings.flow.commit_seconds),
            },
            stages: stages(&settings.stages),
            failures: FailurePlan {
                policy: settings.failures.policy,
                max_rate: settings.failures.max_rate,
            },
            audit: self.audit(&settings.audit),
            metrics: MetricsPlan {
                address: settings.metrics.address,
                linger_seconds: settings.metrics.linger,
            },
            runtime_library,
        })
    }

    fn output(&mut self, settings: &Settings) -> Option<Location> {
        match &settings.output {
            Some(output) => self.path("output", output),
            None => {
                self.missing(
                    "output",
                    "'output' is missing: the folder that the build writes to",
                );
                None
            }
        }
    }

    fn paths(&mut self, key: &str, texts: &[String]) -> Vec<Location> {
        // An element may have been overridden alone.
        let element = |index| format!("{key}.{index}");
        let mut path = |(index, text)| {
            let element = element(index);
            let key = if value_at(&self.root, &element).is_some() {
                &element
            } else {
                key
            };
            self.path(key, text)
        };
        texts
            .iter()
            .map(String::as_str)
            .enumerate()
            .filter_map(&mut path)
            .collect()
    }

    fn optional_path(&mut self, key: &str, text: &Option<String>) -> Option<Location> {
        text.as_deref().and_then(|text| self.path(key, text))
    }

    /// A path, relative to where its key was set.
    fn path(&mut self, key: &str, text: &str) -> Option<Location> {
        let folder = self.origin(key).folder;
        paths::absolute(folder.as_deref(), Path::new(text))
            .map(|path| Location::new(text, path))
            .map_err(|error| self.problem(key, &format!("'{key}' is {text:?}: {error}")))
            .ok()
    }

    fn origin(&self, key: &str) -> Origin {
        value_at(&self.root, key).map_or_else(
            || self.layers.file(),
            |value| self.layers.origin(value.tag()),
        )
    }

    fn problem(&mut self, key: &str, message: &str) {
        let origin = self.origin(key).name;
        self.report(origin, key, message);
    }

    fn missing(&mut self, key: &str, message: &str) {
        let origin = self.layers.file().name;
        self.report(origin, key, message);
    }

    fn report(&mut self, origin: String, key: &str, message: &str) {
        self.problems.push(Problem {
            origin,
            key: key.to_owned(),
            message: message.to_owned(),
        });
    }
}

fn stages(stages: &settings::Stages) -> StagesPlan {
    let plan = |stage: &settings::Stage| StagePlan {
        workers: stage.workers,
        capacity: stage.capacity,
    };
    StagesPlan {
        decode: plan(&stages.decode),
        augment: plan(&stages.augment),
        mel: plan(&stages.mel),
        embed: plan(&stages.embed),
    }
}
