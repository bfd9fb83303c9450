//! Telling the user how a build goes.

pub(super) mod bars;
mod summary;

use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar};

use summary::summary;

use super::terminal::tell;
use crate::api::{
    Commit, Dataset, Event, FlowFacts, Inputs, Observer, Resize, StageFacts, Taken, Watch,
};

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
    /// Which splits have recordings: their bars count milliseconds.
    recordings: OnceLock<Vec<bool>>,
    /// What an earlier run had built, of all bars.
    before: AtomicU64,
}

#[derive(Default)]
struct Plain {
    state: Mutex<PlainState>,
}

#[derive(Default)]
struct PlainState {
    /// Clips that an earlier run had built.
    before: u64,
    clips: u64,
    planned: u64,
    hours: Hours,
    started: Option<Instant>,
    said: Option<Instant>,
}

/// Recordings, in hours of audio.
#[derive(Clone, Copy, Default)]
struct Hours {
    before: f64,
    read: f64,
    /// About.
    planned: f64,
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
            Show::Bars(bars) => bars.tell(text),
            Show::Plain(_) => tell(text),
            Show::Nothing => {}
        }
    }

    /// The summary.
    pub(super) fn finish(&self, output: &Path, dataset: &Dataset) {
        self.done(&summary(output, dataset));
    }

    /// A bar of so many rows, on a terminal.
    pub(super) fn rows(&self, rows: u64) -> ProgressBar {
        match &self.show {
            Show::Bars(_) if rows > 0 => bars::rows(rows),
            _ => ProgressBar::hidden(),
        }
    }

    /// The last word.
    pub(super) fn done(&self, text: &str) {
        if let Show::Bars(bars) = &self.show {
            bars.finish();
        }
        self.say(text);
    }
}

impl Observer for Progress {
    fn tick(&self, facts: &FlowFacts) {
        match &self.show {
            Show::Bars(bars) => bars.tick(facts),
            Show::Plain(plain) => {
                if let Some(line) = plain.line(facts) {
                    tell(line);
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
            tell(format_args!(
                "{name}: {from} → {to} workers ({cause}: {reason})"
            ));
        }
    }
}

impl Watch for Progress {
    fn hear(&self, event: Event<'_>) {
        match event {
            Event::Warning(text) => self.show_warning(text),
            Event::Started(inputs) => self.started(inputs),
            Event::Resumed(commit) => self.resumed(commit),
            Event::Taken(taken) => self.taken(taken),
            Event::Reached(_) => {}
        }
    }
}

impl Progress {
    fn show_warning(&self, text: &str) {
        match &self.show {
            Show::Bars(bars) => bars.tell(&format!("warning: {text}")),
            _ => tell(format_args!("warning: {text}")),
        }
    }

    fn started(&self, inputs: &Inputs) {
        match &self.show {
            Show::Bars(bars) => bars.start(inputs),
            Show::Plain(plain) => plain.start(inputs),
            Show::Nothing => {}
        }
    }

    fn resumed(&self, commit: &Commit) {
        let clips = commit.spans;
        self.say(&format!("going on after {clips} clips"));
        match &self.show {
            Show::Bars(bars) => bars.resume(commit),
            Show::Plain(plain) => {
                let mut state = plain.lock();
                state.before = clips;
                state.hours.before = hours_of(commit).sum();
            }
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
        let clips = taken.spans + taken.left_out.len() as u64;
        match &self.show {
            Show::Bars(bars) => bars.advance(taken, clips),
            Show::Plain(plain) => {
                let mut state = plain.lock();
                state.clips += clips;
                state.hours.read += taken.seconds / 3600.0;
            }
            Show::Nothing => {}
        }
    }
}

impl Plain {
    fn start(&self, inputs: &Inputs) {
        let now = Instant::now();
        let mut state = self.lock();
        state.planned = inputs.span_count();
        let recordings = inputs
            .splits
            .iter()
            .filter(|split| split.plan.recordings.is_some());
        state.hours.planned = recordings
            .map(|split| inputs.seconds_of(split))
            .sum::<f64>()
            / 3600.0;
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
        let (clips, planned) = (state.before + state.clips, state.planned);
        let rate = state.clips as f64 / started.elapsed().as_secs_f64();
        let eta = eta(planned - clips.min(planned), rate);
        let share = 100 * clips / planned.max(1);
        let bottleneck = bottleneck(facts).unwrap_or_default();
        let hours = state.hours;
        if hours.planned > 0.0 && hours.read > 0.0 {
            let rate = hours.read * 3600.0 / started.elapsed().as_secs_f64();
            let (read, about) = (
                hours.before + hours.read,
                hours.planned.max(hours.before + hours.read),
            );
            let left = (3600.0 * (about - read)).ceil() as u64;
            return Some(format!(
                "{read:.2} of about {about:.2} h, {clips}/{planned} recordings and clips, {rate:.0} h an hour, {}; {bottleneck}",
                self::eta(left, rate)
            ));
        }
        Some(format!(
            "{clips}/{planned} clips ({share} %), {}, {eta}; {bottleneck}",
            clips_a_second(rate)
        ))
    }

    fn lock(&self) -> MutexGuard<'_, PlainState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hours that were read, of each split.
fn hours_of(commit: &Commit) -> impl Iterator<Item = f64> {
    let splits = commit.splits.iter();
    splits.map(|split| split.recordings.as_ref().map_or(0.0, |of| of.hours_read))
}

/// Milliseconds in hours.
fn hours(milliseconds: u64) -> String {
    format!("{:.2}", milliseconds as f64 / 3.6e6)
}

fn clips_a_second(rate: f64) -> String {
    match rate {
        10.0.. => format!("{rate:.0} clips/s"),
        _ => format!("{rate:.1} clips/s"),
    }
}

/// How long so many clips will take.
fn eta(clips: u64, rate: f64) -> String {
    let seconds = clips as f64 / rate;
    if !seconds.is_finite() {
        return "starting".to_owned();
    }
    let seconds = seconds.ceil() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    match hours {
        0 => format!("ETA {minutes}:{seconds:02}"),
        _ => format!("ETA {hours}:{minutes:02}:{seconds:02}"),
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
    let (slowest, share) = crate::api::bottleneck(facts.stages.iter().map(share))?;
    let (name, percent) = (facts.stages[slowest].name, 100.0 * share);
    (share > 0.0).then(|| format!("bottleneck: {name} ({percent:.0} % busy)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_are_short() {
        assert_eq!(eta(600, 10.0), "ETA 1:00");
        assert_eq!(eta(36_610, 10.0), "ETA 1:01:01");
        assert_eq!(eta(5, 0.0), "starting");
        assert_eq!(clips_a_second(0.53), "0.5 clips/s");
        assert_eq!(clips_a_second(412.3), "412 clips/s");
    }
}
