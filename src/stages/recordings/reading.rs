//! One recording that is open: its stretches, converted and cut into rows.

mod end;
mod heard;
mod search;

use crate::audio::{Ear, Next, Recording, retry};
use crate::dsp::level::Level;
use crate::dsp::resample::{Conversion, ResampleError};
use crate::flow::BoxError;
use crate::records::{Broken, Ended, InRows, Open, Part, Rejection};
use crate::source::Segment;
use crate::source::exclude::meets;
use crate::source::sequence::Entry;

use super::{ROWS, Reads, unlisted};
use crate::stages::decode::{NAME, trouble};
use end::ended;

/// A recording with a greater magnitude may not fit 16 bits once it is converted.
const NEARLY_FULL: f32 = 0.7;

/// Samples that a block may have beyond a piece.
const BLOCK: usize = 1 << 14;

/// Room for a block, and what was met on the way.
#[derive(Default)]
pub(in crate::stages) struct Scratch {
    raw: Vec<f32>,
    converted: Vec<f32>,
    /// Faults since the last look.
    pub broken: Vec<Broken>,
    /// Seconds decoded since the last look.
    pub seconds: f64,
}

/// A recording that is read on.
pub(super) struct Reading {
    /// Its index in the split's list.
    pub index: u32,
    reads: Reads,
    entry: Entry,
    excluded: Vec<Segment>,
    audio: Recording,
    stretch: Option<Stretch>,
    /// Samples from the next row's lead on, as far as they are there.
    pending: Vec<f32>,
    /// How many of them are the lead: none before the first row of a stretch.
    lead: usize,
    /// Whether the stretch has come to its end.
    over: bool,
    /// Whether there is no other.
    done: bool,
    /// Samples that were kept of the stretches before.
    before: u64,
    /// Samples of this one.
    here: u64,
    /// Rows of this one.
    rows_here: u64,
    rows: u64,
    kept: u64,
    faults: u64,
    told: Option<String>,
    level: Level,
    /// Samples of the file that the level is of.
    read: u64,
    /// Where the reader is in the file, in samples of it, and up to where the
    /// level is known.
    at: u64,
    heard_to: u64,
    overflows: bool,
    in_rows: InRows,
}

/// What is whole of a recording.
struct Stretch {
    conversion: Conversion,
    /// Where its first sample that counts is in the recording, in samples.
    start: u64,
    /// Samples still to be left out.
    skip: u64,
    /// Samples still to come, where the part listed ends.
    left: u64,
}

impl Reading {
    /// Opens a recording at the row where it was left, if that can be searched for;
    /// or what it comes to where it cannot be opened.
    pub(super) fn open(
        reads: &Reads,
        index: u32,
        entry: &Entry,
        excluded: Vec<Segment>,
        from: Open,
    ) -> Result<Self, Box<(Ended, Broken)>> {
        let open = || match &entry.problem {
            Some(reason) => Err(unlisted(reason)),
            None => retry(|| Recording::open(&entry.id.file, Ear::new(reads.channel)))
                // Without the path, which differs from host to host.
                .map_err(|error| Rejection::new(NAME, trouble(&error.fault), error.fault)),
        };
        let left_out = |rejection: Rejection| {
            let ended = Ended {
                faults: 1,
                told: Some(rejection.reason.clone()),
                ..ended(index, entry)
            };
            let name = entry.id.name.clone();
            Box::new((ended, Broken { name, rejection }))
        };
        let mut reading = Self {
            index,
            reads: reads.clone(),
            entry: entry.clone(),
            excluded,
            audio: open().map_err(left_out)?,
            stretch: None,
            pending: Vec::new(),
            lead: 0,
            over: false,
            done: false,
            before: 0,
            here: 0,
            rows_here: 0,
            rows: 0,
            kept: 0,
            faults: 0,
            told: None,
            level: Level::default(),
            read: 0,
            at: 0,
            heard_to: 0,
            overflows: false,
            in_rows: InRows::default(),
        };
        if reading.audio.seeks() && !reading.search(from) {
            // A search that failed leaves the reader anywhere.
            reading.audio = open().map_err(left_out)?;
        }
        Ok(reading)
    }

    /// Reads on to a row that a piece begins with.
    pub(super) fn go_to(&mut self, rows: u64, scratch: &mut Scratch) -> Result<(), BoxError> {
        while self.rows < rows && self.piece(scratch)?.is_some() {}
        Ok(())
    }

    /// The next piece: the samples of its rows, and which they are; `None` where
    /// there is none.
    pub(super) fn piece(
        &mut self,
        scratch: &mut Scratch,
    ) -> Result<Option<(Vec<f32>, Part)>, BoxError> {
        let (window, step) = (self.reads.window, self.reads.step());
        loop {
            let wanted = self.lead + (ROWS - 1) * step + window;
            while self.pending.len() < wanted && !self.over {
                if self.pending.capacity() < wanted + BLOCK {
                    // As much as is needed, and not twice that.
                    self.pending
                        .reserve_exact(wanted + BLOCK - self.pending.len());
                }
                self.fill(scratch)?;
            }
            let rows = match self.pending.len().checked_sub(self.lead + window) {
                Some(rest) => (rest / step + 1).min(ROWS),
                None => 0,
            };
            if rows > 0 {
                return Ok(Some(self.take(rows)));
            }
            if self.done {
                return Ok(None);
            }
            self.next_stretch();
        }
    }

    /// Appends what is decoded next; `false` at the end.
    pub(super) fn block(
        &mut self,
        scratch: &mut Scratch,
        out: &mut Vec<f32>,
    ) -> Result<bool, BoxError> {
        self.fill(scratch)?;
        out.append(&mut self.pending);
        let more = !self.done;
        if self.over && more {
            self.next_stretch();
        }
        Ok(more)
    }

    fn take(&mut self, rows: usize) -> (Vec<f32>, Part) {
        let Reads { window, hop, .. } = self.reads;
        let step = self.reads.step();
        let lead = std::mem::replace(&mut self.lead, self.reads.lead);
        // As far as the next row's lead.
        let taken = lead + rows * step - self.lead;
        // What waits in a place is little: the piece takes the memory along.
        let rest = self.pending[taken..].to_vec();
        let mut samples = std::mem::replace(&mut self.pending, rest);
        samples.truncate(lead + (rows - 1) * step + window);
        let kept: Vec<bool> = (0..rows as u64)
            .map(|k| !self.is_excluded(self.rows_here + k))
            .collect();
        let sample = self.before + self.rows_here * hop as u64;
        let part = Part {
            recording: self.index,
            row: sample / hop as u64,
            sample,
            hop,
            lead,
            kept,
        };
        if self.reads.audit.is_some() {
            self.hear_rows(&samples, &part);
        }
        self.kept += part.kept.iter().filter(|kept| **kept).count() as u64;
        self.rows += rows as u64;
        self.rows_here += rows as u64;
        (samples, part)
    }

    /// Whether a row of the stretch is left out.
    fn is_excluded(&self, row: u64) -> bool {
        let Reads {
            window,
            hop,
            sample_rate,
            ..
        } = self.reads;
        let rate = f64::from(sample_rate);
        let start = self.stretch.as_ref().map_or(0, |stretch| stretch.start) + row * hop as u64;
        let end = start + window as u64;
        meets(&self.excluded, start as f64 / rate, end as f64 / rate)
    }

    fn next_stretch(&mut self) {
        self.pending.clear();
        self.lead = 0;
        self.before += self.here;
        (self.here, self.rows_here) = (0, 0);
        self.stretch = None;
        self.over = false;
    }

    /// Reads a block.
    fn fill(&mut self, scratch: &mut Scratch) -> Result<(), BoxError> {
        scratch.raw.clear();
        scratch.converted.clear();
        let at = self.audio.position();
        let fault = match self.audio.next(&mut scratch.raw) {
            Next::Samples if scratch.raw.is_empty() => return Ok(()),
            Next::Samples => {
                self.hear(&scratch.raw);
                if self.stretch.is_none() {
                    match self.begin() {
                        Ok(stretch) => self.stretch = Some(stretch),
                        Err(error) => {
                            self.over = true;
                            self.done = true;
                            self.tell(
                                at,
                                error.to_string(),
                                crate::records::Trouble::Damaged,
                                scratch,
                            );
                            return Ok(());
                        }
                    }
                }
                if let Some(stretch) = &mut self.stretch {
                    stretch
                        .conversion
                        .push(&scratch.raw, &mut scratch.converted)?;
                }
                self.accept(scratch);
                return Ok(());
            }
            Next::Break(fault) => Some(fault),
            Next::End(fault) => {
                self.done = true;
                fault
            }
        };
        if let Some(stretch) = &mut self.stretch {
            self.over = true;
            stretch.conversion.flush(&mut scratch.converted)?;
            self.accept(scratch);
        }
        self.over |= self.done;
        if let Some(fault) = fault {
            self.tell(at, fault.to_string(), trouble(&fault), scratch);
        }
        Ok(())
    }

    /// Begins a stretch where the reader is.
    fn begin(&self) -> Result<Stretch, ResampleError> {
        let start = (self.audio.start() * f64::from(self.reads.sample_rate)).round() as u64;
        let (first, end) = self.part();
        let skip = first.saturating_sub(start);
        let from = self.audio.info().sample_rate;
        Ok(Stretch {
            conversion: Conversion::new(from, self.reads.sample_rate)?,
            start: start + skip,
            skip,
            left: end.saturating_sub(start + skip),
        })
    }

    /// Takes converted samples, as far as they belong to the part listed.
    fn accept(&mut self, scratch: &mut Scratch) {
        let Some(stretch) = &mut self.stretch else {
            return;
        };
        let samples = &scratch.converted;
        let skipped = stretch.skip.min(samples.len() as u64);
        stretch.skip -= skipped;
        let samples = &samples[skipped as usize..];
        let length = stretch.left.min(samples.len() as u64);
        stretch.left -= length;
        let is_last = stretch.left == 0;
        let samples = &samples[..length as usize];
        // Conversion may overshoot, a little.
        if !self.overflows && self.level.peak > NEARLY_FULL {
            self.overflows = Level::of(samples).peak > 1.0;
        }
        self.keep(samples);
        scratch.seconds += length as f64 / f64::from(self.reads.sample_rate);
        if is_last {
            (self.over, self.done) = (true, true);
        }
    }

    /// Keeps samples of the stretch, but those between rows that are further
    /// apart than they and what leads up to them are long.
    fn keep(&mut self, mut samples: &[f32]) {
        let Reads {
            window, hop, lead, ..
        } = self.reads;
        while hop > window + lead && !samples.is_empty() {
            let place = (self.here % hop as u64) as usize;
            let (end, is_kept) = if place < window {
                (window, true)
            } else if place < hop - lead {
                (hop - lead, false)
            } else {
                (hop, true)
            };
            let (part, rest) = samples.split_at((end - place).min(samples.len()));
            if is_kept {
                self.pending.extend_from_slice(part);
            }
            self.here += part.len() as u64;
            samples = rest;
        }
        self.pending.extend_from_slice(samples);
        self.here += samples.len() as u64;
    }

    /// Tells of a fault; the first of a recording is told to people.
    fn tell(
        &mut self,
        at: f64,
        reason: String,
        kind: crate::records::Trouble,
        scratch: &mut Scratch,
    ) {
        self.faults += 1;
        let reason = format!("at {at:.3} s: {reason}");
        scratch.broken.push(Broken {
            name: self.entry.id.name.clone(),
            rejection: Rejection {
                stage: NAME,
                kind,
                reason: reason.clone(),
            },
        });
        self.told.get_or_insert(reason);
    }
}
