//! Telling the user how a build goes.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::terminal::tell;
use crate::api::{
    Commit, Dataset, Event, FlowFacts, Inputs, Observer, REPORT_FILE, Resize, Split, StageFacts,
    Taken, Watch,
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

impl Bars {
    /// Tells something above the bars; not by suspending them, which panics
    /// where the terminal is gone.
    fn tell(&self, text: &str) {
        if self.all.is_hidden() {
            tell(text);
        } else {
            let _ = self.all.println(text);
        }
    }

    fn start(&self, inputs: &Inputs) {
        let splits = inputs.splits.iter();
        let names = splits.clone().map(|split| split.name().len());
        let width = names.max().unwrap_or(0);
        let style = |template| {
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
        };
        let recordings = splits.clone().map(|split| split.plan.recordings.is_some());
        let _ = self.recordings.set(recordings.collect());
        let bar = |split: &Split| {
            let (length, template) = match split.plan.recordings {
                Some(_) => (
                    (inputs.seconds_of(split) * 1000.0) as u64,
                    "{prefix} {bar:30} {msg}",
                ),
                None => (
                    inputs.spans_of(split),
                    "{prefix} {bar:30} {pos}/{len} clips  {msg}",
                ),
            };
            let bar = self.all.add(ProgressBar::new(length));
            bar.set_style(style(template));
            bar.set_prefix(format!("{:width$}", split.name()));
            bar
        };
        let bars = splits.map(bar).collect();
        let line = self.all.add(ProgressBar::new_spinner());
        line.set_style(style("{msg}"));
        // A build starts once.
        let _ = self.splits.set(bars);
        let _ = self.bottleneck.set(line);
    }

    fn resume(&self, commit: &Commit) {
        let mut clips = commit.spans;
        for ((bar, recordings), hours) in self
            .splits()
            .iter()
            .zip(self.recordings())
            .zip(hours_of(commit))
        {
            let length = bar.length().unwrap_or(0);
            let done = match recordings {
                true => ((hours * 3.6e6) as u64).min(length),
                false => clips.min(length),
            };
            clips -= if *recordings { 0 } else { done };
            bar.set_position(done);
            self.before.fetch_add(done, Ordering::Relaxed);
        }
    }

    fn advance(&self, taken: &Taken<'_>, clips: u64) {
        let recordings = self.recordings().get(taken.split) == Some(&true);
        if let Some(bar) = self.splits().get(taken.split) {
            bar.inc(match recordings {
                true => (taken.seconds * 1000.0) as u64,
                false => clips,
            });
        }
    }

    /// Splits are built one after the other at about the same rate, those of
    /// clips and those of recordings each at their own, so that each is done when
    /// it and those before it are.
    fn tick(&self, facts: &FlowFacts) {
        let position: u64 = self.splits().iter().map(ProgressBar::position).sum();
        let built = position - self.before.load(Ordering::Relaxed).min(position);
        let rate = built as f64 / facts.elapsed.as_secs_f64();
        let mut left = 0;
        for (bar, recordings) in self.splits().iter().zip(self.recordings()) {
            let (length, position) = (bar.length().unwrap_or(0), bar.position());
            let own = length.saturating_sub(position);
            let begun = left == 0;
            left += own;
            let how_far = match recordings {
                true => format!(
                    "{} h of about {:.1}, {:.0} h an hour",
                    hours(position),
                    length as f64 / 3.6e6,
                    rate / 1000.0
                ),
                false => clips_a_second(rate),
            };
            bar.set_message(match (own, begun) {
                (0, _) if position > 0 => "done".to_owned(),
                (_, true) => format!("{how_far}  {}", eta(left, rate)),
                (_, false) => format!("waits  {}", eta(left, rate)),
            });
        }
        if let (Some(line), Some(name)) = (self.bottleneck.get(), bottleneck(facts)) {
            line.set_message(name);
        }
    }

    /// Makes room for the summary, which says it all.
    fn finish(&self) {
        for bar in self.splits().iter().chain(self.bottleneck.get()) {
            bar.finish_and_clear();
        }
    }

    fn recordings(&self) -> &[bool] {
        self.recordings.get().map_or(&[], Vec::as_slice)
    }

    fn splits(&self) -> &[ProgressBar] {
        self.splits.get().map_or(&[], Vec::as_slice)
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

/// What was built, and how each stage spent its time.
fn summary(output: &Path, dataset: &Dataset) -> String {
    let mut lines = vec![format!(
        "built {} in {:.1} s, {:.1} rows/s",
        output.display(),
        dataset.wall_seconds,
        dataset.rows_per_second
    )];
    for split in &dataset.splits {
        let written = &split.written;
        let left_out = match (written.left_out, &written.hours) {
            (0, _) => String::new(),
            (clips, None) => format!(", {clips} clips left out (quarantine.jsonl)"),
            (recordings, Some(_)) => {
                format!(", {recordings} recordings broken or left out (quarantine.jsonl)")
            }
        };
        lines.push(format!(
            "  {}: {} rows in {}{left_out}",
            written.name, written.rows, written.features
        ));
        if let Some(hours) = &written.hours {
            lines.push(format!(
                "    {:.2} h read of {} recordings, {:.2} h in rows, {} rows excluded, {} faults",
                hours.hours_read,
                hours.recordings,
                hours.hours_in_rows,
                hours.rows_excluded,
                hours.faults
            ));
        }
        let found = written.found.iter();
        lines.extend(found.map(|(finding, clips)| format!("    {}", clips.say(finding))));
    }
    let passed = dataset.passed_over.iter();
    lines.extend(passed.map(|passed| format!("  passed by: {passed}")));
    lines.push(format!(
        "  to look at: {}",
        output.join(REPORT_FILE).display()
    ));
    if let Some(found) = &dataset.verification {
        lines.push(format!("  verified against the published graphs: {found}"));
    }
    lines.push("  stage    workers   busy   idle  blocked  ms/batch".to_owned());
    for stage in &dataset.stages {
        let share = |seconds| 100.0 * stage.share(seconds);
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
