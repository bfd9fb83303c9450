//! `wakemill eval`: how good classifiers are on a data set's features.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::autoscale::sizing;
use crate::config;
use crate::config::plan::Plan;
use crate::eval::classifier::{self, BakedBatch, Classifier, Classifiers};
use crate::eval::{self, EvalError, Evaluation, Features, Scored, Scoring, Setting, Wanted};
use crate::flow::{Cancel, FlowFacts, Observer};
use crate::presets;
use crate::presets::livekit::{self, LivekitConfig};

use super::Usage;

/// Rows that a model takes at once, on a CPU and on another device.
const CPU_BATCH: usize = 128;
const DEVICE_BATCH: usize = 1024;

#[derive(Args)]
pub(super) struct EvalArgs {
    /// A livekit-wakeword configuration (.yaml, .yml)
    file: PathBuf,
    /// A classifier (ONNX), any number of times [default:
    /// <output_dir>/<model_name>/<model_name>.onnx]
    #[arg(short, long = "model", value_name = "M.onnx")]
    models: Vec<PathBuf>,
}

pub(super) fn eval(args: &EvalArgs) -> anyhow::Result<()> {
    let loaded = presets::load(&config::Source::new(&args.file))?;
    let Some(livekit) = loaded.livekit else {
        let file = args.file.display();
        return Err(Usage(format!(
            "{file}: eval reads livekit-wakeword configurations (.yaml, .yml), which name the \
             model, its features and its target"
        ))
        .into());
    };
    // Not what the pipeline warns about: sounds are not needed here.
    let (_, warnings) = livekit::read(&args.file)?;
    warnings.iter().for_each(|text| warn(text));
    let models = named(&args.models, &livekit)?;
    let classifiers = classifiers(&models, &livekit, &loaded.plan)?;
    let features = Features::open(
        Wanted {
            output: &livekit.output,
            data_dir: &livekit.data_dir,
        },
        &classifiers.all,
    )?;
    features.warnings.iter().for_each(|text| warn(text));

    let scoring = scoring(&livekit, &classifiers);
    let (cancel, token) = Cancel::new();
    ctrlc::set_handler(move || cancel.cancel()).context("cannot listen for Ctrl-C")?;
    let progress = Rows::new(features.rows(), scoring.block_rows());
    let scored = eval::score(&features, &classifiers.all, scoring, &progress, &token)?;
    progress.bar.finish_and_clear();

    let judge = |((name, classifier), scored): ((String, &Classifier), Scored)| {
        let setting = Setting {
            model: classifier.path().to_owned(),
            name,
            provider: classifiers.provider,
            batch: classifier.batch(scoring.batch),
            baked_batch: classifier.baked_batch().cloned(),
            clip_duration: livekit.clip_duration,
            target_fp_per_hour: livekit.target_fp_per_hour,
        };
        let evaluation = Evaluation::new(&setting, &features, &scored);
        (setting, scored, evaluation)
    };
    let names = models.into_iter().map(|(name, _)| name);
    let judged: Vec<_> = names.zip(&classifiers.all).zip(scored).map(judge).collect();
    let written = eval::write(&livekit.output, &livekit.model_name, &judged)?;
    for (setting, _, evaluation) in &judged {
        println!("{}\n", eval::table(&setting.name, evaluation));
    }
    for path in written.figures.iter().chain([&written.plot]) {
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// The models and the names that their files get. livekit-wakeword evaluates
/// one, under the configuration's name; several get the names of their files.
fn named(models: &[PathBuf], livekit: &LivekitConfig) -> Result<Vec<(String, PathBuf)>, EvalError> {
    let configured = livekit.model_name.clone();
    match models {
        [] => {
            let path = livekit.output.join(format!("{configured}.onnx"));
            Ok(vec![(configured, path)])
        }
        [one] => Ok(vec![(configured, one.clone())]),
        several => {
            let mut named: Vec<(String, PathBuf)> = Vec::new();
            for path in several {
                let stem = path.file_stem().unwrap_or_default();
                let name = stem.to_string_lossy().into_owned();
                if let Some((_, first)) = named.iter().find(|(taken, _)| *taken == name) {
                    return Err(EvalError::SameName {
                        first: first.clone(),
                        second: path.clone(),
                        name,
                    });
                }
                named.push((name, path.clone()));
            }
            Ok(named)
        }
    }
}

/// The models, loaded, with what the user must see of them.
fn classifiers(
    models: &[(String, PathBuf)],
    livekit: &LivekitConfig,
    plan: &Plan,
) -> Result<Classifiers, EvalError> {
    let paths: Vec<_> = models.iter().map(|(_, path)| path.clone()).collect();
    let providers = &livekit.eval.execution_providers;
    let library: Option<&Path> = plan.runtime_library.as_ref().map(|of| &*of.path);
    let mut notice = |text: &str| eprintln!("{text}");
    let classifiers = classifier::load(&paths, providers, library, &mut notice)?;
    classifiers.warnings.iter().for_each(|text| warn(text));
    for model in &classifiers.all {
        if let Some(baked) = model.baked_batch() {
            tell(model.path(), baked);
        }
    }
    Ok(classifiers)
}

/// Says what runs where a model has a batch baked in.
fn tell(path: &Path, baked: &BakedBatch) {
    let BakedBatch { rows, rewrite } = baked;
    let found = format!(
        "{}: a batch of {rows} is baked into the model",
        path.display()
    );
    let reason = &rewrite.reason;
    if rewrite.applied {
        eprintln!("{found}; it runs rewritten for larger ones ({reason})");
    } else {
        warn(&format!("{found}; it runs with that ({reason})"));
    }
}

fn scoring(livekit: &LivekitConfig, classifiers: &Classifiers) -> Scoring {
    let cpu = classifiers.provider == crate::runtime::provider::CPU.name;
    // Two workers keep a device busy: one copies while the other computes.
    let workers = if cpu { sizing::cores() } else { 2 };
    Scoring {
        batch: livekit
            .eval
            .batch_size
            .unwrap_or(if cpu { CPU_BATCH } else { DEVICE_BATCH }),
        workers: livekit.eval.workers.unwrap_or(workers),
    }
}

fn warn(text: &str) {
    eprintln!("warning: {text}");
}

/// A bar of the rows scored, on a terminal.
struct Rows {
    bar: ProgressBar,
    block: usize,
}

impl Rows {
    fn new(rows: usize, block: usize) -> Self {
        let bar = ProgressBar::new(rows as u64);
        let template = "{bar:30} {pos}/{len} rows  {per_sec}  ETA {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, block }
    }
}

impl Observer for Rows {
    fn tick(&self, facts: &FlowFacts) {
        // Every block but a file's last is full.
        if let (Some(count), Some(rows)) = (facts.stages.last(), self.bar.length()) {
            self.bar
                .set_position(rows.min(count.items * self.block as u64));
        }
    }
}
