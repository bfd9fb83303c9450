//! Progress as bars on a terminal.

use std::sync::atomic::Ordering;

use indicatif::{ProgressBar, ProgressStyle};

use crate::api::{Commit, FlowFacts, Inputs, Split, Taken};
use crate::cli::terminal::tell;

use super::{Bars, bottleneck, clips_a_second, eta, hours, hours_of};

/// A bar of so many rows.
pub(in crate::cli) fn rows(rows: u64) -> ProgressBar {
    let bar = ProgressBar::new(rows);
    let template = "{bar:30} {pos}/{len} rows  {per_sec}  ETA {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

impl Bars {
    /// Tells something above the bars; not by suspending them, which panics
    /// where the terminal is gone.
    pub(super) fn tell(&self, text: &str) {
        if self.all.is_hidden() {
            tell(text);
        } else {
            let _ = self.all.println(text);
        }
    }

    pub(super) fn start(&self, inputs: &Inputs) {
        let splits = inputs.splits.iter();
        let names = splits.clone().map(|split| split.name().len());
        let width = names.max().unwrap_or(0);
        let style = |template| {
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
        };
        let recordings = splits.clone().map(|split| split.plan.recordings.is_some());
        let _ = self.recordings.set(recordings.collect());
        let bar = |(index, split): (usize, &Split)| {
            let (length, template) = match split.plan.recordings {
                Some(_) => (
                    (inputs.seconds_of(split) * 1000.0) as u64,
                    "{prefix} {bar:30} {msg}",
                ),
                None => (
                    inputs.spans_of(index),
                    "{prefix} {bar:30} {pos}/{len} clips  {msg}",
                ),
            };
            let bar = self.all.add(ProgressBar::new(length));
            bar.set_style(style(template));
            bar.set_prefix(format!("{:width$}", split.name()));
            bar
        };
        let bars = splits.enumerate().map(bar).collect();
        let line = self.all.add(ProgressBar::new_spinner());
        line.set_style(style("{msg}"));
        // A build starts once.
        let _ = self.splits.set(bars);
        let _ = self.bottleneck.set(line);
    }

    pub(super) fn resume(&self, commit: &Commit) {
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

    pub(super) fn advance(&self, taken: &Taken<'_>, clips: u64) {
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
    pub(super) fn tick(&self, facts: &FlowFacts) {
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
    pub(super) fn finish(&self) {
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
