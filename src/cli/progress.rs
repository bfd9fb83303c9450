//! Telling the user how a build goes.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::flow::{FlowFacts, Observer, Resize, StageFacts};
use crate::pipeline::{Dataset, Inputs, Watch};
use crate::stages::write::Taken;

/// Time between two plain lines.
const PLAIN_INTERVAL: Duration = Duration::from_secs(3);

/// How to show progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressMode {
    /// Bars on a terminal, lines elsewhere
    Auto,
    /// A line every few seconds
    Plain,
    /// Nothing but warnings and errors
    None,
}

/// Shows progress on standard error.
pub(super) struct Progress {
    show: Show,
}

enum Show {
    Bars(Bars),
    Plain(Plain),
    Nothing,
}

#[derive(Default)]
struct Bars {
    all: MultiProgress,
    splits: OnceLock<Vec<ProgressBar>>,
    bottleneck: OnceLock<ProgressBar>,
}

#[derive(Default)]
struct Plain {
    state: Mutex<PlainState>,
}

#[derive(Default)]
struct PlainState {
    clips: u64,
    planned: u64,
    started: Option<Instant>,
    said: Option<Instant>,
}

impl Progress {
    pub(super) fn new(mode: ProgressMode) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let show = match mode {
            ProgressMode::None => Show::Nothing,
            ProgressMode::Auto if terminal => Show::Bars(Bars::default()),
            ProgressMode::Auto | ProgressMode::Plain => Show::Plain(Plain::default()),
        };
        Self { show }
    }

    /// Says something that is not a warning.
    pub(super) fn say(&self, text: &str) {
        match &self.show {
            Show::Bars(bars) => bars.all.suspend(|| eprintln!("{text}")),
            Show::Plain(_) => eprintln!("{text}"),
            Show::Nothing => {}
        }
    }

    /// The summary.
    pub(super) fn finish(&self, output: &Path, dataset: &Dataset) {
        if let Show::Bars(bars) = &self.show {
            bars.finish();
        }
        self.say(&summary(output, dataset));
    }
}

impl Observer for Progress {
    fn tick(&self, facts: &FlowFacts) {
        match &self.show {
            Show::Bars(bars) => bars.tick(facts),
            Show::Plain(plain) => {
                if let Some(line) = plain.line(facts) {
                    eprintln!("{line}");
                }
            }
            Show::Nothing => {}
        }
    }

    fn resized(&self, resize: &Resize) {
        if let Show::Plain(_) = &self.show {
            let Resize {
                name,
                from,
                to,
                cause,
                reason,
                ..
            } = resize;
            eprintln!("{name}: {from} → {to} workers ({cause}: {reason})");
        }
    }
}

impl Watch for Progress {
    fn warn(&self, text: &str) {
        match &self.show {
            Show::Bars(bars) => bars.all.suspend(|| eprintln!("warning: {text}")),
            _ => eprintln!("warning: {text}"),
        }
    }

    fn started(&self, splits: &[&str], inputs: &Inputs) {
        match &self.show {
            Show::Bars(bars) => bars.start(splits, inputs),
            Show::Plain(plain) => plain.start(inputs),
            Show::Nothing => {}
        }
    }

    fn taken(&self, taken: &Taken<'_>) {
        for (clip, rejection) in taken.left_out {
            self.warn(&format!(
                "left out {}: {}: {}",
                clip.name, rejection.stage, rejection.reason
            ));
        }
        let clips = taken.clips + taken.left_out.len() as u64;
        match &self.show {
            Show::Bars(bars) => bars.advance(taken.split, clips),
            Show::Plain(plain) => plain.lock().clips += clips,
            Show::Nothing => {}
        }
    }
}

impl Bars {
    fn start(&self, splits: &[&str], inputs: &Inputs) {
        let width = splits.iter().map(|name| name.len()).max().unwrap_or(0);
        let template = "{prefix} {bar:30} {pos}/{len} clips  {per_sec}  ETA {eta}";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = |(name, clips): (&&str, &Vec<_>)| {
            let bar = self.all.add(ProgressBar::new(clips.len() as u64));
            bar.set_style(style.clone());
            bar.set_prefix(format!("{name:width$}"));
            bar
        };
        let bars = splits.iter().zip(&inputs.clips).map(bar).collect();
        let line = self.all.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            line.set_style(style);
        }
        // A build starts once.
        let _ = self.splits.set(bars);
        let _ = self.bottleneck.set(line);
    }

    fn advance(&self, split: usize, clips: u64) {
        let Some(bar) = self.splits.get().and_then(|bars| bars.get(split)) else {
            return;
        };
        if bar.position() == 0 {
            // A split waits for those before it: its rate counts from here.
            bar.reset_elapsed();
            bar.reset_eta();
        }
        bar.inc(clips);
        if Some(bar.position()) == bar.length() {
            bar.abandon();
        }
    }

    fn tick(&self, facts: &FlowFacts) {
        if let (Some(line), Some(name)) = (self.bottleneck.get(), bottleneck(facts)) {
            line.set_message(name);
        }
    }

    fn finish(&self) {
        if let Some(line) = self.bottleneck.get() {
            line.finish_and_clear();
        }
    }
}

impl Plain {
    fn start(&self, inputs: &Inputs) {
        let now = Instant::now();
        let mut state = self.lock();
        state.planned = inputs.clip_count();
        state.started = Some(now);
        state.said = Some(now);
    }

    /// A line, if it is time for one.
    fn line(&self, facts: &FlowFacts) -> Option<String> {
        let mut state = self.lock();
        let (started, said) = (state.started?, state.said?);
        if said.elapsed() < PLAIN_INTERVAL {
            return None;
        }
        state.said = Some(Instant::now());
        let (clips, planned) = (state.clips, state.planned);
        let rate = clips as f64 / started.elapsed().as_secs_f64();
        let left = (planned - clips.min(planned)) as f64 / rate;
        let eta = if left.is_finite() {
            format!("{left:.0} s left")
        } else {
            "starting".to_owned()
        };
        let share = 100 * clips / planned.max(1);
        let bottleneck = bottleneck(facts).unwrap_or_default();
        Some(format!(
            "{clips}/{planned} clips ({share} %), {rate:.0} clips/s, {eta}; {bottleneck}"
        ))
    }

    fn lock(&self) -> MutexGuard<'_, PlainState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names the stage that holds the build back: the one whose workers are busy
/// for the largest share of their time.
fn bottleneck(facts: &FlowFacts) -> Option<String> {
    let share = |stage: &StageFacts| {
        let time = stage.time;
        let all = (time.busy + time.idle + time.blocked).as_secs_f64();
        time.busy.as_secs_f64() / all.max(f64::MIN_POSITIVE)
    };
    let slowest = facts
        .stages
        .iter()
        .max_by(|a, b| share(a).total_cmp(&share(b)))?;
    let percent = 100.0 * share(slowest);
    Some(format!(
        "bottleneck: {} ({percent:.0} % busy)",
        slowest.name
    ))
}

/// What was built, and how each stage spent its time.
fn summary(output: &Path, dataset: &Dataset) -> String {
    let mut lines = vec![format!(
        "built {} in {:.1} s, {:.1} rows/s",
        output.display(),
        dataset.wall_seconds,
        dataset.clips_per_second
    )];
    for split in &dataset.splits {
        let written = &split.written;
        let left_out = match written.left_out {
            0 => String::new(),
            clips => format!(", {clips} clips left out (quarantine.jsonl)"),
        };
        lines.push(format!(
            "  {}: {} rows in {}{left_out}",
            written.name, written.rows, written.features
        ));
    }
    lines.push("  stage    workers   busy   idle  blocked  ms/batch".to_owned());
    for stage in &dataset.stages {
        // Time parked is none of the three.
        let available = stage.busy_seconds + stage.idle_seconds + stage.blocked_seconds;
        let share = |seconds: f64| 100.0 * seconds / available;
        lines.push(format!(
            "  {:8} {:7} {:5.0}% {:5.0}% {:7.0}% {:9.2}",
            stage.name,
            stage.workers,
            share(stage.busy_seconds),
            share(stage.idle_seconds),
            share(stage.blocked_seconds),
            1000.0 * stage.busy_seconds / stage.items.max(1) as f64,
        ));
    }
    lines.join("\n")
}
