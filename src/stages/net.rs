//! Rows through one network of the front end.

use std::sync::Arc;

use crate::flow::{BoxError, Focus, Stage, Worker};
use crate::frontend::{FeatureSpec, FrontEnd, Net, Network};
use crate::records::{Batch, Rows, Values};

use super::{Buffers, payloads, replace};

/// Runs one network.
#[derive(Clone)]
pub struct NetStage {
    front_end: Arc<FrontEnd>,
    network: Network,
    buffers: Buffers,
}

/// Runs one network on one thread.
pub struct NetWorker {
    net: Box<dyn Net>,
    /// How a row is cut to its shape; the last network does it.
    features: Option<FeatureSpec>,
    buffers: Buffers,
}

impl NetStage {
    /// The stages of a front end, in order.
    pub fn all(front_end: &Arc<FrontEnd>, buffers: &Buffers) -> Vec<Self> {
        let networks = front_end.networks().into_iter();
        networks
            .map(|network| Self {
                front_end: Arc::clone(front_end),
                network,
                buffers: buffers.clone(),
            })
            .collect()
    }
}

impl Stage for NetStage {
    type In = Batch<Rows<Values>>;
    type Out = Batch<Rows<Values>>;
    type Worker = NetWorker;

    fn name(&self) -> &'static str {
        self.network.stage()
    }

    fn worker(&self) -> Result<NetWorker, BoxError> {
        let is_last = self.front_end.networks().last() == Some(&self.network);
        Ok(NetWorker {
            net: self.front_end.net(self.network)?,
            features: is_last.then(|| self.front_end.features()),
            buffers: self.buffers.clone(),
        })
    }
}

impl Worker for NetWorker {
    type In = Batch<Rows<Values>>;
    type Out = Batch<Rows<Values>>;

    fn process(&mut self, batch: Self::In, focus: &mut Focus) -> Result<Self::Out, BoxError> {
        if let Some(first) = batch.clips.first() {
            focus.set(&first.id.name);
        }
        let input: Vec<&[f32]> = payloads(&batch).into_iter().map(Vec::as_slice).collect();
        let mut out: Vec<Values> = input.iter().map(|_| self.buffers.values.take()).collect();
        self.net.run(&input, &mut out)?;
        if let Some(features) = &self.features {
            out.iter_mut().for_each(|row| features.fit(row));
        }
        Ok(replace(batch, out, |input| self.buffers.values.give(input)))
    }
}
