//! Rows through one network of the front end.

use std::sync::Arc;

use crate::flow::{BoxError, Focus, Stage, Worker};
use crate::frontend::{FeatureSpec, FrontEnd, Net, Network, piece};
use crate::records::{Batch, PieceValues, Row, Rows, Values};

use super::score::{ScoreWorker, Scoring};
use super::{Buffers, Charged, payloads, replace};

/// Runs one network.
#[derive(Clone)]
pub struct NetStage {
    front_end: Arc<FrontEnd>,
    network: Network,
    buffers: Buffers,
    /// What scores the rows behind the last network, if anything.
    scoring: Option<Arc<Scoring>>,
}

/// Runs one network on one thread.
pub struct NetWorker {
    net: Box<dyn Net>,
    /// What a 16-bit step is to it.
    gain: f32,
    /// 16-bit samples as it takes them, a row each.
    audio: Vec<Vec<f32>>,
    /// What a row is.
    spec: FeatureSpec,
    /// How a row is cut to its shape; the last network does it.
    features: Option<FeatureSpec>,
    scorer: Option<ScoreWorker>,
    buffers: Buffers,
}

impl NetStage {
    /// The stages of a front end, in order; the last has its rows scored, where that
    /// is asked for.
    pub fn all(
        front_end: &Arc<FrontEnd>,
        buffers: &Buffers,
        scoring: Option<&Arc<Scoring>>,
    ) -> Vec<Self> {
        let networks = front_end.networks();
        let last = networks.last().copied();
        let stage = |network| Self {
            front_end: Arc::clone(front_end),
            network,
            buffers: buffers.clone(),
            scoring: scoring.filter(|_| Some(network) == last).cloned(),
        };
        networks.into_iter().map(stage).collect()
    }
}

impl Stage for NetStage {
    type In = Charged<Batch<Rows<Values>>>;
    type Out = Charged<Batch<Rows<Values>>>;
    type Worker = NetWorker;

    fn name(&self) -> &'static str {
        self.network.stage()
    }

    fn worker(&self) -> Result<NetWorker, BoxError> {
        let is_last = self.front_end.networks().last() == Some(&self.network);
        Ok(NetWorker {
            net: self.front_end.net(self.network)?,
            gain: self.front_end.features().full_scale / 32768.0,
            audio: Vec::new(),
            spec: self.front_end.features(),
            features: is_last.then(|| self.front_end.features()),
            scorer: self.scoring.as_ref().map(Scoring::worker).transpose()?,
            buffers: self.buffers.clone(),
        })
    }
}

impl Worker for NetWorker {
    type In = Charged<Batch<Rows<Values>>>;
    type Out = Charged<Batch<Rows<Values>>>;

    fn process(&mut self, charged: Self::In, focus: &mut Focus) -> Result<Self::Out, BoxError> {
        let Charged { batch, account } = charged;
        if let Some(first) = batch.spans.first() {
            focus.set(&first.id.name);
        }
        if batch.visit.is_some() && payloads(&batch).iter().any(|row| is_piece(row)) {
            let batch = self.pieces(batch)?;
            return self.scored(Charged { batch, account });
        }
        let rows = payloads(&batch);
        let mut out: Vec<_> = rows.iter().map(|_| self.buffers.floats.take()).collect();
        // Long rows go alone: floats of one are enough memory.
        let longest = self.buffers.longest;
        let together = |a: &&Values, b: &&Values| a.len() <= longest && b.len() <= longest;
        let mut left = out.as_mut_slice();
        for rows in rows.chunk_by(together) {
            let (out, rest) = left.split_at_mut(rows.len());
            self.run(rows, out)?;
            left = rest;
        }
        if let Some(features) = &self.features {
            out.iter_mut().for_each(|row| features.fit(row));
        }
        let out = out.into_iter().map(Values::Floats).collect();
        self.scored(Charged {
            batch: replace(batch, out, |input| self.buffers.give(input)),
            account: account.filter(|_| self.features.is_none()),
        })
    }
}

fn is_piece(row: &Values) -> bool {
    matches!(row, Values::Piece(_))
}

impl NetWorker {
    /// The same with its rows scored, where that is asked for.
    fn scored(
        &mut self,
        mut charged: Charged<Batch<Rows<Values>>>,
    ) -> Result<Charged<Batch<Rows<Values>>>, BoxError> {
        if let Some(scorer) = &mut self.scorer {
            scorer.score(&mut charged.batch)?;
        }
        Ok(charged)
    }

    /// Rows of recordings, which this network computes together.
    fn pieces(&mut self, mut batch: Batch<Rows<Values>>) -> Result<Batch<Rows<Values>>, BoxError> {
        for span in &mut batch.spans {
            let Ok(rows) = &mut span.state else { continue };
            let mut made = Vec::new();
            for row in std::mem::take(rows) {
                self.piece(row, &mut made)?;
            }
            *rows = made;
        }
        Ok(batch)
    }

    fn piece(&mut self, row: Row<Values>, made: &mut Rows<Values>) -> Result<(), BoxError> {
        let Row {
            round,
            data,
            provenance,
        } = row;
        let Values::Piece(piece) = data else {
            return Ok(());
        };
        let (piece, values) = piece.split();
        match values {
            PieceValues::Pcm(pcm) => {
                let samples = pcm.iter().map(|sample| f32::from(*sample) * self.gain);
                let piece = piece.with(samples.collect());
                let parts = piece::mel(&mut *self.net, &self.spec, &piece)?;
                made.push(Row {
                    round,
                    data: Values::Piece(piece.with(PieceValues::Mel(parts))),
                    provenance,
                });
            }
            PieceValues::Mel(parts) => {
                let piece = piece.with(parts);
                let rows = piece::embed(&mut *self.net, &self.spec, &piece)?;
                let numbers = (round..).zip(&piece.kept).filter(|(_, kept)| **kept);
                made.extend(numbers.zip(rows).map(|((round, _), values)| Row {
                    round,
                    data: Values::Floats(values),
                    provenance: Arc::clone(&provenance),
                }));
            }
        }
        Ok(())
    }

    fn run(&mut self, rows: &[&Values], out: &mut [Vec<f32>]) -> Result<(), BoxError> {
        self.audio
            .resize_with(self.audio.len().max(rows.len()), Vec::new);
        let (gain, longest) = (self.gain, self.buffers.longest);
        let floats = |(row, audio)| floats(row, gain, audio);
        let rows = rows.iter().copied().zip(&mut self.audio);
        let input: Vec<&[f32]> = rows.map(floats).collect();
        self.net.run(&input, out)?;
        for audio in &mut self.audio {
            if audio.capacity() > longest {
                *audio = Vec::new();
            }
        }
        Ok(())
    }
}

/// A row as a network takes it; `audio` is room for samples.
fn floats<'a>(row: &'a Values, gain: f32, audio: &'a mut Vec<f32>) -> &'a [f32] {
    match row {
        Values::Floats(floats) => floats,
        Values::Piece(_) => &[],
        Values::Pcm(pcm) => {
            audio.clear();
            // Powers of two: exact.
            audio.extend(pcm.iter().map(|sample| f32::from(*sample) * gain));
            audio
        }
    }
}
