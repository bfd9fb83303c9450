//! `wakemill eval`: how good classifiers are on a data set's features.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use indicatif::ProgressBar;

use crate::api::eval::{BakedBatch, Classifiers, Evaluated, REFRACTORY, table};
use crate::api::{self, Cancel, FlowFacts, Observer};

use super::Usage;
use super::progress::bars;
use super::terminal::{line, tell};

#[derive(Args)]
pub(super) struct EvalArgs {
    /// A configuration of livekit-wakeword or openWakeWord (.yaml, .yml)
    #[arg(value_parser = super::path())]
    file: PathBuf,
    /// A classifier (ONNX), any number of times [default: the one that its
    /// training leaves]
    #[arg(short, long = "model", value_name = "M.onnx", value_parser = super::path())]
    models: Vec<PathBuf>,
    /// Features of audio without the word (.npy), beside those that the
    /// configuration names, any number of times
    #[arg(long, value_name = "N.npy", value_parser = super::path())]
    negatives: Vec<PathBuf>,
    /// After a false alarm, do not count another for so long, where recordings are
    /// heard from their beginning to their end
    #[arg(long, value_name = "SECONDS", default_value_t = REFRACTORY, value_parser = seconds)]
    refractory: f64,
    /// Replace files of the results' names that no evaluation wrote
    #[arg(long)]
    overwrite: bool,
}

pub(super) fn eval(args: &EvalArgs) -> anyhow::Result<()> {
    let loaded = api::load(&api::Source::new(&args.file))?;
    let Some((project, warnings)) = api::project(&args.file)? else {
        let file = args.file.display();
        return Err(Usage(format!(
            "{file}: eval reads configurations of livekit-wakeword and openWakeWord (.yaml, \
             .yml), which name the model, its features and its target"
        ))
        .into());
    };
    // Not what the pipeline warns about: sounds are not needed here.
    warnings.iter().for_each(|text| warn(text));
    let mut notice = |text: &str| tell(text);
    let loaded = api::eval::classifiers(&args.models, project, &loaded.plan, &mut notice)?;
    if !args.overwrite {
        loaded.check_outputs()?;
    }
    tell_all(&loaded.classifiers);
    let evaluating = loaded.open(&args.negatives, args.refractory)?;
    let (features, scoring) = (&evaluating.features, &evaluating.scoring);
    features.warnings.iter().for_each(|text| warn(text));

    let (cancel, token) = Cancel::new();
    ctrlc::set_handler(move || cancel.cancel()).context("cannot listen for Ctrl-C")?;
    let progress = Rows::new(features.rows(), scoring.blocks(features));
    let scored = evaluating.score(&progress, &token)?;
    progress.bar.finish_and_clear();

    let Evaluated {
        evaluations,
        written,
    } = evaluating.write(scored)?;
    for (name, evaluation) in &evaluations {
        line(format_args!("{}\n", table(name, evaluation)))?;
    }
    for path in written.figures.iter().chain([&written.plot]) {
        line(format_args!("wrote {}", path.display()))?;
    }
    Ok(())
}

/// What the user must see of the models.
fn tell_all(classifiers: &Classifiers) {
    classifiers.warnings.iter().for_each(|text| warn(text));
    for model in &classifiers.all {
        if let Some(baked) = model.baked_batch() {
            tell_baked(model.path(), baked);
        }
    }
}

/// Says what runs where a model has a batch baked in.
fn tell_baked(path: &Path, baked: &BakedBatch) {
    let BakedBatch { rows, rewrite } = baked;
    let found = format!(
        "{}: a batch of {rows} is baked into the model",
        path.display()
    );
    let reason = &rewrite.reason;
    if rewrite.applied {
        tell(format_args!(
            "{found}; it runs rewritten for larger ones ({reason})"
        ));
    } else {
        warn(&format!("{found}; it runs with that ({reason})"));
    }
}

fn warn(text: &str) {
    tell(format_args!("warning: {text}"));
}

/// A number of seconds, from 0 on.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok();
    let seconds = seconds.filter(|seconds| (0.0..=86_400.0).contains(seconds));
    seconds.ok_or_else(|| "a number of seconds from 0 to 86400 is wanted".to_owned())
}

/// A bar of the rows scored, on a terminal.
struct Rows {
    bar: ProgressBar,
    blocks: u64,
}

impl Rows {
    fn new(rows: usize, blocks: usize) -> Self {
        Self {
            bar: bars::rows(rows as u64),
            blocks: blocks as u64,
        }
    }
}

impl Observer for Rows {
    fn tick(&self, facts: &FlowFacts) {
        if let (Some(count), Some(rows)) = (facts.stages.last(), self.bar.length()) {
            self.bar
                .set_position(rows * count.items / self.blocks.max(1));
        }
    }
}
