//! Samples to rows: every effect, round by round.

use std::ops::Range;
use std::sync::Arc;

use crate::augment::{Augment, AugmentError, Augmenter};
use crate::flow::{BoxError, Budget, Focus, Stage, Worker};
use crate::records::{Batch, ClipId, Findings, Pcm, Piece, Row, Rows, Samples, Values};

use super::decode::{Decode, Decoded, Decoder, tell_once};
use super::{Buffers, Charged, Refusal, each_span};

/// Bytes that a sample of a long clip may take while it is augmented: itself,
/// the clip that each round starts from, and as much again for what effects
/// work with.
const WORKING: u64 = 4 * size_of::<f32>() as u64;
/// Bytes that a sample of a row takes from then on: as 16 bits, and as what the
/// mel network makes of it, 32 values of 160 samples.
const WAITING: u64 = 3;

/// Augments clips.
#[derive(Clone, Debug)]
pub struct AugmentStage {
    /// What is done to a clip.
    pub augment: Arc<Augment>,
    /// What decodes long clips.
    pub decode: Decode,
    /// What long clips may take.
    pub budget: Budget,
    /// Where buffers come from.
    pub buffers: Buffers,
}

/// Augments clips on one thread.
pub struct AugmentWorker {
    augmenter: Augmenter,
    decoder: Decoder,
    budget: Budget,
    buffers: Buffers,
    /// Samples of a row.
    window: usize,
}

impl Stage for AugmentStage {
    type In = Batch<Decoded>;
    type Out = Charged<Batch<Rows<Values>>>;
    type Worker = AugmentWorker;

    fn name(&self) -> &'static str {
        crate::augment::NAME
    }

    fn worker(&self) -> Result<AugmentWorker, BoxError> {
        Ok(AugmentWorker {
            augmenter: self.augment.augmenter(),
            decoder: self.decode.decoder()?,
            budget: self.budget.clone(),
            buffers: self.buffers.clone(),
            window: self.augment.effects.window,
        })
    }
}

impl Worker for AugmentWorker {
    type In = Batch<Decoded>;
    type Out = Charged<Batch<Rows<Values>>>;

    fn process(&mut self, batch: Self::In, focus: &mut Focus) -> Result<Self::Out, BoxError> {
        let Self {
            augmenter,
            decoder,
            budget,
            buffers,
            window,
        } = self;
        let place = (batch.split, batch.epoch);
        // Of all long clips of the batch: what their rows take, waiting.
        let (mut account, mut waiting) = (None, 0);
        let batch = each_span(batch, focus, |clip, rounds, decoded, findings| {
            let (mut samples, is_long) = match decoded {
                Decoded::Piece {
                    piece,
                    augment: false,
                } => return Ok(augmenter.piece(rounds.start, piece, findings)?),
                Decoded::Piece { piece, .. } => {
                    return alone(augmenter, place, clip, rounds, &piece, findings);
                }
                Decoded::Samples(samples) => (samples, false),
                Decoded::Long => {
                    let account = account.get_or_insert_with(|| budget.open());
                    let mut room = |samples| Ok(account.take(WORKING * samples)?);
                    let samples = decoder.long(place.0, clip, findings, &mut room);
                    tell_once(rounds.start, findings);
                    let samples = samples?;
                    let row = samples.len().max(*window) as u64;
                    let rows = account.take(WAITING * row * rounds.len() as u64);
                    rows.map_err(|error| Refusal::Build(error.into()))?;
                    (samples, true)
                }
            };
            let pcm = || buffers.pcm.take();
            let rows = augmenter.rows(place, clip, rounds, &mut samples, findings, pcm);
            if is_long {
                drop(samples);
                augmenter.let_go();
                waiting += rows.as_ref().map_or(0, bytes_waiting);
                account.iter_mut().for_each(|account| account.keep(waiting));
            } else {
                buffers.samples.give(samples);
            }
            let pcm = |row: Row<_>| Row {
                round: row.round,
                data: Values::Pcm(row.data),
                provenance: row.provenance,
            };
            Ok(rows?.into_iter().map(pcm).collect())
        })?;
        Ok(Charged {
            batch,
            account: account.filter(|account| account.held() > 0),
        })
    }
}

/// The rows of a piece that are kept, each augmented as a clip of its own.
fn alone(
    augmenter: &mut Augmenter,
    place: (usize, u64),
    clip: &ClipId,
    rows: &Range<u32>,
    piece: &Piece<Samples>,
    findings: &mut Findings,
) -> Result<Rows<Values>, Refusal> {
    let mut made = Vec::new();
    for (k, row) in rows.clone().enumerate().filter(|(k, _)| piece.kept[*k]) {
        let mut samples = piece.values[piece.lead + k * piece.hop..][..piece.window].to_vec();
        let of = row..row + 1;
        let rows = augmenter.rows(place, clip, &of, &mut samples, findings, Pcm::new)?;
        made.extend(rows.into_iter().map(|row| Row {
            round: row.round,
            data: Values::Pcm(row.data),
            provenance: row.provenance,
        }));
    }
    Ok(made)
}

impl From<AugmentError> for Refusal {
    fn from(error: AugmentError) -> Self {
        match error {
            AugmentError::Clip(rejection) => Self::Clip(rejection),
            AugmentError::Wav(error) => Self::Build(error.into()),
        }
    }
}

/// What the rows of a long clip take until they are features.
fn bytes_waiting(rows: &Rows<Pcm>) -> u64 {
    rows.iter().map(|row| WAITING * row.data.len() as u64).sum()
}
