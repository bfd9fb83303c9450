//! Recordings in turns: who opens which, and what a visit comes to.
//!
//! The source numbers the visits; the workers of `decode` make them, each with
//! one place at a time. What a visit comes to depends on the visits before it
//! alone, so it does not matter which worker makes it, and when.

mod reading;

use std::sync::{Arc, Mutex, PoisonError};

use crate::audio::Channel;
use crate::dsp::level::energy;
use crate::flow::{BoxError, Focus, Ticket, Turnstile};
use crate::records::{
    AuditRules, Batch, Findings, Met, Open, Piece, Rejection, Span, Trouble, Visit,
};
use crate::source::exclude::Excluded;
use crate::source::sequence::{self, Entry};
use crate::source::turns::{Places, Slot, Turns};

use super::Refusal;
use super::decode::Decoded;
use reading::Reading;
pub(super) use reading::Scratch;

/// Rows of a piece, at most.
pub const ROWS: usize = 8;

/// What is read of recordings.
#[derive(Clone, Debug)]
pub struct Reads {
    /// Sample rate of what is given, in Hz.
    pub sample_rate: u32,
    /// Which channel is taken.
    pub channel: Channel,
    /// Samples of a row.
    pub window: usize,
    /// Samples from one row to the next.
    pub hop: usize,
    /// Samples in front of a row that come with it, where there are any.
    pub lead: usize,
    /// Whether rows are augmented, each alone.
    pub augment: bool,
    /// What is looked for in recordings; nothing without.
    pub audit: Option<Arc<AuditRules>>,
}

impl Reads {
    /// Samples from one row of a piece to the next: what lies between rows that
    /// are far apart is in none, but what leads up to a row.
    fn step(&self) -> usize {
        self.hop.min(self.window + self.lead)
    }
}

/// The recordings of one split, as they are read in turns.
pub struct Recordings {
    reads: Reads,
    entries: Arc<[Entry]>,
    excluded: Arc<Excluded>,
    turns: Arc<Turns>,
    /// The order in which visits take recordings.
    order: Turnstile,
    places: Vec<Place>,
}

/// A place for an open recording.
#[derive(Default)]
struct Place {
    /// The order of its visits.
    order: Turnstile,
    reading: Mutex<Held>,
}

/// What a place holds.
#[derive(Default)]
struct Held {
    reading: Option<Reading>,
    /// What an earlier run had open there.
    earlier: Option<Open>,
}

/// What a place came to hold.
enum Opened {
    Reading(Box<Reading>),
    /// It could not be opened, which is told.
    LeftOut,
    /// There is no more.
    Nothing,
}

/// A batch at the door of the flow.
pub struct Entering {
    /// The batch.
    pub batch: Batch<()>,
    /// Its turn, where it is a visit.
    turn: Option<Turn>,
}

/// The turn of a visit.
struct Turn {
    recordings: Arc<Recordings>,
    order: Ticket,
    place: Ticket,
}

impl From<Batch<()>> for Entering {
    fn from(batch: Batch<()>) -> Self {
        Self { batch, turn: None }
    }
}

impl Recordings {
    /// The recordings of a split, as their turns stand; `from` is what an earlier
    /// run had open.
    pub fn new(
        reads: Reads,
        entries: Arc<[Entry]>,
        excluded: Arc<Excluded>,
        turns: Arc<Turns>,
        from: &Places,
    ) -> Arc<Self> {
        let place = |index: usize| Place {
            order: Turnstile::new(),
            reading: Mutex::new(Held {
                reading: None,
                earlier: match from.slots.get(index) {
                    Some(Slot::Open(open)) => Some(*open),
                    _ => None,
                },
            }),
        };
        Arc::new(Self {
            places: (0..turns.places()).map(place).collect(),
            reads,
            entries,
            excluded,
            turns,
            order: Turnstile::new(),
        })
    }

    /// Gives a visit its turn; visits are given theirs in order.
    pub fn admit(self: &Arc<Self>, batch: Batch<()>) -> Entering {
        let turn = batch.visit.as_deref().map(|visit| Turn {
            recordings: Arc::clone(self),
            order: self.order.ticket(visit.turn),
            place: self.places[visit.place].order.ticket(visit.lap),
        });
        Entering { batch, turn }
    }

    /// What a visit comes to, with the samples of its piece; `order` is its turn
    /// to take a recording.
    fn visit(
        &self,
        visit: &Visit,
        order: &Ticket,
        scratch: &mut Scratch,
        focus: &mut Focus,
    ) -> Result<(Met, Option<Vec<f32>>), BoxError> {
        let held = self.places[visit.place].reading.lock();
        let mut held = held.unwrap_or_else(PoisonError::into_inner);
        let mut met = Met::default();
        loop {
            let mut reading = match held.reading.take() {
                Some(reading) => reading,
                None => match self.open(visit, order, &mut held, &mut met, scratch)? {
                    Opened::Reading(reading) => *reading,
                    Opened::LeftOut => continue,
                    Opened::Nothing => return Ok((met, None)),
                },
            };
            focus.set(&self.entries[reading.index as usize].id.name);
            let piece = reading.piece(scratch)?;
            met.broken.append(&mut scratch.broken);
            met.seconds += std::mem::take(&mut scratch.seconds);
            let Some((samples, part)) = piece else {
                met.ended.push(reading.end());
                continue;
            };
            met.open = Some(reading.place());
            met.piece = Some(part);
            met.power = Some(energy(&samples) / samples.len().max(1) as f64);
            held.reading = Some(reading);
            return Ok((met, Some(samples)));
        }
    }

    /// Opens what the place holds next.
    fn open(
        &self,
        visit: &Visit,
        order: &Ticket,
        held: &mut Held,
        met: &mut Met,
        scratch: &mut Scratch,
    ) -> Result<Opened, BoxError> {
        let earlier = held.earlier.take();
        let index = match earlier {
            Some(open) => open.recording,
            None => {
                order.wait()?;
                let Some(index) = self.turns.take(visit) else {
                    return Ok(Opened::Nothing);
                };
                met.taken += 1;
                index
            }
        };
        let entry = &self.entries[index as usize];
        let excluded = self.excluded.of(entry);
        let from = earlier.unwrap_or_default();
        let mut reading = match Reading::open(&self.reads, index, entry, excluded, from) {
            Ok(reading) => reading,
            Err(left_out) => {
                let (ended, broken) = *left_out;
                met.ended.push(ended);
                met.broken.push(broken);
                return Ok(Opened::LeftOut);
            }
        };
        if let Some(open) = earlier {
            reading.go_to(open.rows, scratch)?;
            scratch.broken.clear();
            scratch.seconds = 0.0;
        }
        Ok(Opened::Reading(Box::new(reading)))
    }
}

impl Entering {
    /// Makes the visit that it is; of clips, gives the batch back.
    ///
    /// # Errors
    /// A visit before that was given up; a resampler that fails.
    pub(super) fn visit(
        self,
        scratch: &mut Scratch,
        focus: &mut Focus,
    ) -> Result<Result<Batch<Decoded>, Batch<()>>, BoxError> {
        let Self { batch, turn } = self;
        let (Some(turn), Some(mut visit)) = (turn, batch.visit.clone()) else {
            return Ok(Err(batch));
        };
        let Turn {
            recordings,
            order,
            place,
        } = turn;
        place.wait()?;
        let mut made = Batch {
            split: batch.split,
            epoch: batch.epoch,
            spans: Vec::new(),
            visit: None,
        };
        if recordings.turns.is_open(&visit) {
            let (met, samples) = recordings.visit(&visit, &order, scratch, focus)?;
            if let (Some(samples), Some(part)) = (samples, &met.piece) {
                let entry = &recordings.entries[part.recording as usize];
                let row = u32::try_from(part.row).unwrap_or(u32::MAX);
                made.spans.push(Span {
                    id: entry.id.clone(),
                    rounds: row..row + part.kept.len() as u32,
                    state: Ok(Decoded::Piece {
                        piece: Piece {
                            window: recordings.reads.window,
                            hop: recordings.reads.step(),
                            lead: part.lead,
                            kept: part.kept.clone(),
                            values: samples,
                        },
                        augment: recordings.reads.augment,
                    }),
                    findings: Findings::default(),
                });
            }
            visit.met = Some(met);
        }
        made.visit = Some(visit);
        order.pass();
        place.pass();
        Ok(Ok(made))
    }
}

/// The samples of a recording as they are decoded, a block at a time, all
/// stretches one after the other.
///
/// # Errors
/// Why it cannot be opened; what `take` fails with.
pub fn decoded(
    reads: &Reads,
    entry: &Entry,
    take: &mut dyn FnMut(&[f32]) -> Result<(), BoxError>,
) -> Result<(), Refusal> {
    let all = Reads {
        hop: reads.window,
        ..reads.clone()
    };
    let (mut reading, mut scratch) = alone(&all, entry)?;
    let mut block = Vec::new();
    loop {
        let more = reading.block(&mut scratch, &mut block);
        let more = more.map_err(Refusal::Build)?;
        take(&block).map_err(Refusal::Build)?;
        block.clear();
        if !more {
            return Ok(());
        }
    }
}

/// The samples of one row of a recording; nothing where it has none of that
/// number.
///
/// # Errors
/// Why it cannot be opened.
pub fn row(reads: &Reads, entry: &Entry, row: u64) -> Result<Option<Vec<f32>>, Refusal> {
    let (mut reading, mut scratch) = alone(reads, entry)?;
    while let Some((samples, part)) = reading.piece(&mut scratch).map_err(Refusal::Build)? {
        let within = row.checked_sub(part.row);
        if let Some(k) = within.filter(|k| *k < part.kept.len() as u64) {
            let start = part.lead + k as usize * reads.step();
            return Ok(Some(samples[start..start + reads.window].to_vec()));
        }
    }
    Ok(None)
}

fn alone(reads: &Reads, entry: &Entry) -> Result<(Reading, Scratch), Refusal> {
    let reading = Reading::open(reads, 0, entry, Vec::new(), Open::default());
    let reading = reading.map_err(|left_out| Refusal::Clip(left_out.1.rejection))?;
    Ok((reading, Scratch::default()))
}

/// Why a recording has no line of its own yet: it could not be listed.
pub(super) fn unlisted(reason: &str) -> Rejection {
    Rejection::new(sequence::NAME, Trouble::Unreadable, reason)
}
