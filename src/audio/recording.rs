//! A long recording, read on to its end whatever breaks on the way.
//!
//! It comes in *stretches*: what is whole from one fault to the next. Where a
//! packet does not decode, something is missing, or the stream becomes another,
//! a stretch ends, and a new decoder begins the next.

use super::decode::Coded;
use super::extent::Rest;
use super::joined::{self, Behind};
use super::pcm::Pcm;
use super::{AudioError, Ear, Fault, FileRange, Info, LOUDEST, Source, guard, open_any, plausible};

/// Samples of a block of uncompressed audio.
const BLOCK: u64 = 1 << 14;
/// Of so many packets one may fail; of more, the recording ends.
const FAILING_ONE_IN: u64 = 10;
/// Packets that may fail of a few.
const FAILING_ANYWAY: u64 = 10;

/// A recording that is read on from where it was left.
pub struct Recording {
    source: Source,
    /// What of the file the source is.
    file: FileRange,
    /// What follows in the same file, as far as it was known at once.
    behind: Behind,
    /// Where the file that is read begins in the recording, in seconds.
    origin: f64,
    ear: Ear,
    /// Sample rate of the stretch, in Hz.
    rate: u32,
    /// Frames of the stretch so far.
    frames: u64,
    /// Where the stretch begins in the recording, in seconds.
    start: f64,
    /// Frames lost since the stretch began to end.
    lost: u64,
    /// Frames to come that lie before the one that was searched for.
    unwanted: usize,
    packets: u64,
    failed: u64,
    /// Whether a break was told and nothing has come since.
    broken: bool,
    ended: bool,
}

/// What comes next of a recording.
#[derive(Debug)]
pub enum Next {
    /// Samples were appended, if any were heard.
    Samples,
    /// What was lost, and why: the stretch is at its end, and what comes begins
    /// another.
    Break(Fault),
    /// There is no more; or none can be had, and why.
    End(Option<Fault>),
}

impl Recording {
    /// Opens a file, of which `ear` takes one channel.
    ///
    /// # Errors
    /// [`AudioError`], as far as the header shows it. A file that is shorter or
    /// longer than its header says is no error yet.
    pub fn open(file: impl Into<FileRange>, mut ear: Ear) -> Result<Self, AudioError> {
        let file = file.into();
        ear.reset();
        let opened = strict(&file).map_err(|fault| AudioError::new(&file, fault))?;
        let (source, file, behind) = opened;
        Ok(Self {
            source,
            file,
            behind,
            origin: 0.0,
            ear,
            rate: 1,
            frames: 0,
            start: 0.0,
            lost: 0,
            unwanted: 0,
            packets: 0,
            failed: 0,
            broken: false,
            ended: false,
        })
    }

    /// Before anything is read: goes to a frame by a search, so that what comes
    /// begins there. `false` where that cannot be done; the recording must then be
    /// opened anew.
    pub fn seek(&mut self, frame: u64) -> bool {
        let found = guard(|| match &mut self.source {
            // It may lie in a file behind the first.
            Source::Plain(pcm) if frame > pcm.frames && self.behind.is_file() => Ok(None),
            Source::Plain(_) => Ok(Some(frame)),
            Source::Coded(coded) if coded.seeks() => coded.go_to(frame).map(Some),
            Source::Coded(_) => Ok(None),
        });
        let Ok(Some(found)) = found else { return false };
        self.frames = found;
        self.unwanted = frame.saturating_sub(found) as usize;
        self.rate = self.info().sample_rate.max(1);
        true
    }

    /// Whether [`Recording::seek`] may find a frame.
    pub fn seeks(&self) -> bool {
        match &self.source {
            Source::Plain(_) => true,
            Source::Coded(coded) => coded.seeks(),
        }
    }

    /// What is known of the stretch: rate and channels are final once samples of
    /// it have come.
    pub fn info(&self) -> Info {
        self.source.info()
    }

    /// What the codec is called.
    pub fn codec(&self) -> &'static str {
        match &self.source {
            Source::Plain(pcm) => pcm.codec(),
            Source::Coded(coded) => coded.codec(),
        }
    }

    /// What takes the channel, and has heard the others.
    pub fn ear(&self) -> &Ear {
        &self.ear
    }

    /// As if so much had been heard in the other channels before.
    pub fn hear(&mut self, others: f32) {
        self.ear = self.ear.having_heard(others);
    }

    /// Forgets what was heard in the other channels.
    pub fn forget_others(&mut self) {
        self.ear.reset();
    }

    /// Where the stretch begins in the recording, in seconds; what was lost
    /// counts.
    pub fn start(&self) -> f64 {
        self.start
    }

    /// Where it is in the recording, in seconds.
    pub fn position(&self) -> f64 {
        self.start + (self.frames + self.lost) as f64 / f64::from(self.rate)
    }

    /// Appends the next block to `out`.
    pub fn next(&mut self, out: &mut Vec<f32>) -> Next {
        loop {
            if self.ended {
                return Next::End(None);
            }
            let before = out.len();
            let next = guard(|| self.block(out)).unwrap_or_else(|fault| Next::End(Some(fault)));
            match next {
                Next::Samples => {
                    if out.len() > before {
                        // What was lost lies behind the stretch before.
                        self.begin();
                        self.frames += (out.len() - before) as u64;
                        let unwanted = self.unwanted.min(out.len() - before);
                        out.drain(before..before + unwanted);
                        self.unwanted -= unwanted;
                    }
                }
                Next::Break(_) => {
                    out.truncate(before);
                    if self.failed > FAILING_ANYWAY && self.failed * FAILING_ONE_IN > self.packets {
                        self.ended = true;
                        let what = "more than one packet in ten does not decode".to_owned();
                        let found = self.frames;
                        return Next::End(Some(Fault::Damaged { what, found }));
                    }
                    if std::mem::replace(&mut self.broken, true) {
                        continue;
                    }
                }
                Next::End(fault) => {
                    out.truncate(before);
                    return self.end(fault);
                }
            }
            return next;
        }
    }

    /// At the end of the file that is read: takes up the one that follows, if one
    /// does; `fault` is the first's.
    fn end(&mut self, fault: Option<Fault>) -> Next {
        let behind = match std::mem::take(&mut self.behind) {
            Behind::Nothing => self.left(fault.as_ref()),
            behind => behind,
        };
        self.ended = true;
        let (file, strays) = match behind {
            Behind::Nothing => return Next::End(fault),
            Behind::Bytes(bytes) => {
                return Next::End(Some(fault.unwrap_or(Fault::Beyond { bytes })));
            }
            Behind::File { file, strays } => (file, strays),
        };
        match strict(&file) {
            Ok((source, file, behind)) => {
                (self.source, self.file, self.behind) = (source, file, behind);
                self.start = self.position();
                (self.origin, self.frames, self.lost) = (self.start, 0, 0);
                (self.broken, self.ended) = (true, false);
                Next::Break(fault.unwrap_or(Fault::Follows { strays }))
            }
            Err(other) => {
                let bytes = file.open().map_or(0, |file| file.length());
                let other = match other {
                    // It only began as if it were audio.
                    Fault::Unrecognised => Fault::Beyond { bytes },
                    other => other,
                };
                Next::End(Some(fault.unwrap_or(other)))
            }
        }
    }

    /// What was left of the file unread, where only reading it tells.
    fn left(&mut self, fault: Option<&Fault>) -> Behind {
        if matches!(fault, Some(Fault::Io(_) | Fault::Panicked(_))) {
            return Behind::Nothing;
        }
        let Source::Coded(coded) = &mut self.source else {
            return Behind::Nothing;
        };
        let file = &self.file;
        let left = guard(|| {
            let (rest, next) = coded.left()?;
            joined::split(file, rest, next)
        });
        left.ok()
            .flatten()
            .map_or(Behind::Nothing, |(_, behind)| behind)
    }

    /// After a break: what comes is another stretch.
    fn begin(&mut self) {
        if std::mem::take(&mut self.broken) {
            self.start = self.position();
            (self.frames, self.lost) = (0, 0);
        }
        self.rate = self.info().sample_rate.max(1);
    }

    fn block(&mut self, out: &mut Vec<f32>) -> Result<Next, Fault> {
        self.packets += 1;
        let next = match &mut self.source {
            Source::Plain(pcm) => {
                let start = whole(self.start - self.origin, pcm.sample_rate);
                let at = self.frames + self.lost + start;
                plain(pcm, at, &mut self.ear, out, &mut self.lost)?
            }
            Source::Coded(coded) => coded_block(coded, &mut self.ear, out, &mut self.lost)?,
        };
        if matches!(next, Next::Break(_)) {
            self.failed += 1;
        }
        Ok(next)
    }
}

/// Opens a file that is read on whatever breaks, apart from what follows it in the
/// same one.
fn strict(file: &FileRange) -> Result<(Source, FileRange, Behind), Fault> {
    let open = |file: &FileRange| {
        Ok::<_, Fault>(match open_any(file)? {
            Source::Plain(pcm) => Source::Plain(pcm),
            Source::Coded(coded) => Source::Coded(Box::new(coded.strict(file)?)),
        })
    };
    guard(|| {
        let (rest, next) = joined::rest(file)?;
        let apart = joined::split(file, rest, next)?;
        if let Some((first, behind)) = apart {
            return Ok((open(&first)?, first, behind));
        }
        let source = open(file)?;
        let rest = match &source {
            Source::Plain(pcm) => match pcm.flaw {
                Some(Fault::Beyond { bytes }) => Rest::More { bytes, padding: 0 },
                _ => Rest::Unknown,
            },
            Source::Coded(coded) => coded.rest(),
        };
        Ok(match joined::split(file, rest, None)? {
            Some((first, behind)) => (open(&first)?, first, behind),
            None => (source, file.clone(), Behind::Nothing),
        })
    })
}

/// Frames in a time that was computed of whole ones.
fn whole(seconds: f64, rate: u32) -> u64 {
    (seconds * f64::from(rate)).round() as u64
}

/// The next block of uncompressed audio, up to a sample that is none.
fn plain(
    pcm: &mut Pcm,
    at: u64,
    ear: &mut Ear,
    out: &mut Vec<f32>,
    lost: &mut u64,
) -> Result<Next, Fault> {
    let before = out.len();
    let frames = pcm.frames.saturating_sub(at).min(BLOCK);
    if frames == 0 {
        let flaw = pcm.flaw.take();
        let empty = (pcm.frames == 0).then_some(Fault::NoSamples);
        return Ok(Next::End(flaw.or(empty)));
    }
    pcm.read_range(at, frames as usize, ear, out)?;
    let Err(fault) = plausible(at, &out[before..]) else {
        return Ok(Next::Samples);
    };
    let is_bad = |x: &f32| x.is_nan() || x.abs() > LOUDEST;
    let block = &out[before..];
    let good = block.iter().position(is_bad).unwrap_or(block.len());
    if good > 0 {
        out.truncate(before + good);
        return Ok(Next::Samples);
    }
    *lost += block.iter().take_while(|x| is_bad(x)).count() as u64;
    Ok(Next::Break(fault))
}

fn coded_block(
    coded: &mut Coded,
    ear: &mut Ear,
    out: &mut Vec<f32>,
    lost: &mut u64,
) -> Result<Next, Fault> {
    let (before, at) = (out.len(), coded.decoded());
    let next = coded.advance(ear, out)?;
    if let (Next::Samples, Err(fault)) = (&next, plausible(at, &out[before..])) {
        *lost += (out.len() - before) as u64;
        coded.forget();
        return Ok(Next::Break(fault));
    }
    if matches!(next, Next::Break(_)) {
        *lost += coded.decoded().saturating_sub(at);
    }
    Ok(next)
}
