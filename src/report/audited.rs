//! What the audit found, with the worst of each kind to see and to hear.

use std::collections::BTreeMap;
use std::path::Path;

use crate::build::Ready;
use crate::build::booth::Booth;
use crate::build::render::Renderer;
use crate::dataset::audit::AuditRecord;
use crate::dataset::hard::HardRecord;
use crate::dataset::jsonl::JsonlReader;
use crate::dataset::layout::{AUDIT_FILE, HARD_FILE};
use crate::records::{Check, Scope};

use super::ReportError;
use super::examples::Sound;

/// Findings of a check that are shown with players: two, or one where many checks
/// found something.
const WORST: usize = 2;
/// Cards with players, of all checks, about.
const MOST_CARDS: usize = 12;
/// Findings of a check that are shown as lines.
const MOST_LINES: usize = 20;
/// Lines of `hard.jsonl` that are shown of each split.
const MOST_HARD: usize = 10;
/// Longest piece of a clip that is played, in seconds.
const MOST_SECONDS: f64 = 3.0;
/// Seconds of a clip from which on its rows are not made again for the page.
const LONG_SECONDS: f64 = 20.0;
/// Seconds into a recording behind which no row is played: all before it would have to
/// be read.
const FAR_SECONDS: u64 = 600;

/// What the audit found.
#[derive(Default)]
pub(super) struct AuditFound {
    /// Each check that found something, in their order.
    pub(super) checks: Vec<CheckFound>,
    /// The negative rows that a classifier scores highest, a few of each split.
    pub(super) hardest: Vec<HardRecord<'static>>,
}

/// What one check found.
pub(super) struct CheckFound {
    pub(super) check: Check,
    pub(super) findings: u64,
    /// The worst ones, as lines.
    pub(super) lines: Vec<AuditRecord<'static>>,
    /// The worst of these, to see and to hear.
    pub(super) cards: Vec<Card>,
}

/// One finding to see and to hear.
pub(super) struct Card {
    pub(super) record: AuditRecord<'static>,
    pub(super) sounds: Vec<(String, Sound)>,
}

impl AuditFound {
    /// Reads the findings of a folder, and makes their sounds; what cannot be decoded
    /// is a line alone.
    pub(super) fn read(folder: &Path, ready: &Ready) -> Result<Self, ReportError> {
        let path = folder.join(AUDIT_FILE);
        if !path.is_file() {
            return Ok(Self::default());
        }
        let mut found: BTreeMap<Check, CheckFound> = BTreeMap::new();
        for record in JsonlReader::<AuditRecord<'static>>::open(&path)? {
            let record = record?;
            let Some(check) = Check::named(&record.check) else {
                continue;
            };
            let none = || CheckFound {
                check,
                findings: 0,
                lines: Vec::new(),
                cards: Vec::new(),
            };
            found.entry(check).or_insert_with(none).add(record);
        }
        let mut checks: Vec<CheckFound> = found.into_values().collect();
        let mut player = Player {
            ready,
            renderer: ready.renderer()?,
            booth: ready.booth()?,
        };
        let worst = (MOST_CARDS / checks.len().max(1)).clamp(1, WORST);
        for found in &mut checks {
            for record in found.lines.iter().take(worst) {
                let sounds = player.sounds(record);
                if !sounds.is_empty() {
                    let record = record.clone();
                    found.cards.push(Card { record, sounds });
                }
            }
        }
        Ok(Self {
            checks,
            hardest: hardest(folder)?,
        })
    }
}

/// The first lines of each split in `hard.jsonl`, where there is one.
fn hardest(folder: &Path) -> Result<Vec<HardRecord<'static>>, ReportError> {
    let path = folder.join(HARD_FILE);
    let mut hardest: Vec<HardRecord<'static>> = Vec::new();
    if !path.is_file() {
        return Ok(hardest);
    }
    for record in JsonlReader::<HardRecord<'static>>::open(&path)? {
        let record = record?;
        let of_split = hardest.iter().filter(|of| of.split == record.split);
        if of_split.count() < MOST_HARD {
            hardest.push(record);
        }
    }
    Ok(hardest)
}

impl CheckFound {
    /// Adds a finding, in its place among the worst.
    fn add(&mut self, record: AuditRecord<'static>) {
        self.findings += 1;
        let sign = if self.check.is_below() { 1.0 } else { -1.0 };
        let order = |record: &AuditRecord<'_>| sign * record.measure;
        let place = self
            .lines
            .partition_point(|line| order(line) <= order(&record));
        if place < MOST_LINES {
            self.lines.insert(place, record);
            self.lines.truncate(MOST_LINES);
        }
    }
}

/// Makes what findings are about, to see and to hear.
struct Player<'a> {
    ready: &'a Ready,
    renderer: Renderer,
    booth: Booth,
}

impl Player<'_> {
    /// A clip, both of a pair, a row; nothing of what cannot be decoded.
    fn sounds(&mut self, record: &AuditRecord<'_>) -> Vec<(String, Sound)> {
        let is_row = Check::named(&record.check).is_some_and(|check| check.scope() == Scope::Row);
        let round = record.round.filter(|_| is_row);
        let is_pair = record.other_clip.is_some();
        let clips = [
            (&record.split, &record.clip),
            (&record.other_split, &record.other_clip),
        ];
        let mut sounds = Vec::new();
        for (split, clip) in clips {
            let (Some(split), Some(clip)) = (split, clip) else {
                continue;
            };
            let Some(place) = self.place(split, clip) else {
                continue;
            };
            if self.ready.inputs().splits[place.0]
                .plan
                .recordings
                .is_some()
            {
                let number = record.round.map_or(0, u64::from);
                let row = format!("row {number} of the recording");
                let name = match is_pair {
                    true => format!("{split}: {clip}, {row}"),
                    false => row,
                };
                let sound = self.of_recording(place, number);
                sounds.extend(sound.map(|sound| (name, sound)));
                continue;
            }
            let name = match is_pair {
                true => format!("{split}: {clip}"),
                false => "the clip".to_owned(),
            };
            let [sound, row] = self.of_clip(place, round);
            sounds.extend(sound.map(|sound| (name, sound)));
            let name = |round| format!("its row, round {round}");
            sounds.extend(row.zip(round).map(|(row, round)| (name(round), row)));
        }
        sounds
    }

    /// The number of a split, and of a clip in it.
    fn place(&self, split: &str, clip: &str) -> Option<(usize, usize)> {
        let mut splits = self.ready.inputs().splits.iter().enumerate();
        let (index, found) = splits.find(|(_, found)| found.name() == split)?;
        let mut clips = found.clips.iter();
        Some((index, clips.position(|entry| *entry.id.name == *clip)?))
    }

    fn of_recording(&mut self, (split, recording): (usize, usize), number: u64) -> Option<Sound> {
        let reads = self.ready.reads(split)?;
        if number * reads.hop as u64 > FAR_SECONDS * u64::from(reads.sample_rate) {
            return None;
        }
        let entry = &self.ready.inputs().splits[split].clips[recording];
        let row = self.renderer.recording_row((split, &reads), entry, number);
        let (_, row) = row.ok()??;
        self.booth.row(&row.data).map(Sound::from)
    }

    /// The beginning of a clip, and its row in a round.
    fn of_clip(&mut self, (split, clip): (usize, usize), round: Option<u32>) -> [Option<Sound>; 2] {
        let audio = &self.ready.plan().audio;
        let clip = &self.ready.inputs().splits[split].clips[clip].id;
        let most = (MOST_SECONDS * f64::from(audio.sample_rate)) as usize;
        // A clip of minutes is as much memory as all others on their way together.
        let row_of = round.filter(|_| self.renderer.is_within(clip, LONG_SECONDS));
        let (samples, row) = match row_of {
            Some(round) => {
                let made = self.renderer.row(split, clip, round, most);
                made.map(Option::unzip).unwrap_or_default()
            }
            None => (self.renderer.beginning(clip, most).ok(), None),
        };
        // A row that is as long as its clip may be of minutes.
        let most = most.max(audio.clip_samples);
        let sound = samples.and_then(|samples| self.booth.clip(&samples, MOST_SECONDS));
        let row = row.and_then(|row| self.booth.row(&row.data[..row.data.len().min(most)]));
        [sound, row].map(|sound| sound.map(Sound::from))
    }
}
