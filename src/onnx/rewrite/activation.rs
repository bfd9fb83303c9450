//! The exact activation reordering: max(leaky(x), c) = leaky(max(x, c/α)) for
//! c < 0, since leaky is increasing and leaky(c/α) = c.
//!
//! ONNX Runtime fuses one activation into a convolution and keeps channels in
//! blocks from layer to layer, but only through operators that know the blocked
//! layout; `Max` and a lone `LeakyRelu` do not, and cost two reorderings a
//! layer. So the bound becomes a `Clip`, which fuses into the convolution
//! before it, and the `LeakyRelu` fuses into a depthwise 1×1 convolution with
//! weights 1, which the blocked layout has.

use std::collections::BTreeSet;

use super::Refusal;
use crate::onnx::{Attribute, Graph, Model, Node, Tensor};

/// The network with every bounded `LeakyRelu` after a convolution reordered.
pub fn reorder(model: &Model) -> Result<Model, Refusal> {
    let mut model = model.clone();
    let Some(graph) = model.graph.as_mut() else {
        return Err(Refusal::new("it holds no graph"));
    };
    let found: Vec<_> = graph
        .node
        .iter()
        .filter_map(|node| Activation::ending_in(graph, node))
        .collect();
    if found.is_empty() {
        return Err(Refusal::new(
            "it holds no LeakyRelu after a convolution that is bounded from below",
        ));
    }
    let channels: BTreeSet<_> = found.iter().map(|found| found.channels).collect();
    for channels in channels {
        let ones = vec![1.0; usize::try_from(channels).unwrap_or(0)];
        let shape = [channels, 1, 1, 1];
        let tensor = Tensor::floats(&unit_kernel(channels), &shape, &ones);
        graph.initializer.push(tensor);
    }
    for (index, activation) in found.iter().enumerate() {
        activation.replace(graph, index);
    }
    Ok(model)
}

/// convolution → LeakyRelu → Max with a negative constant.
struct Activation {
    convolved: String,
    leaked: String,
    bounded: String,
    alpha: f32,
    bound: f32,
    channels: i64,
}

impl Activation {
    fn ending_in(graph: &Graph, max: &Node) -> Option<Self> {
        if max.op_type != "Max" || max.input.len() != 2 {
            return None;
        }
        let leaky = graph.producer(&max.input[0])?;
        let convolution = graph.producer(leaky.input.first()?)?;
        if leaky.op_type != "LeakyRelu" || convolution.op_type != "Conv" {
            return None;
        }
        let lone = |value: &str| graph.consumers(value).count() == 1;
        if !lone(&leaky.input[0]) || !lone(&max.input[0]) {
            return None;
        }
        let bound = match *graph.constant(&max.input[1])?.f32s().ok()? {
            [bound] => bound,
            _ => return None,
        };
        let alpha = leaky.float("alpha", 0.01);
        let channels = *graph.constant(convolution.input.get(1)?)?.dims.first()?;
        (bound < 0.0 && alpha > 0.0 && alpha < 1.0).then(|| Self {
            convolved: leaky.input[0].clone(),
            leaked: max.input[0].clone(),
            bounded: max.output[0].clone(),
            alpha,
            bound,
            channels,
        })
    }

    /// Puts Clip → unit convolution → LeakyRelu in the place of the two nodes.
    fn replace(&self, graph: &mut Graph, index: usize) {
        let floor = Tensor::floats(
            &format!("reordered_floor_{index}"),
            &[],
            &[self.bound / self.alpha],
        );
        let clipped = format!("reordered_clip_{index}");
        let copied = format!("reordered_unit_{index}");
        let leaky = Attribute::float("alpha", self.alpha);
        let unit = vec![
            Attribute::ints("kernel_shape", &[1, 1]),
            Attribute::int("group", self.channels),
        ];
        let nodes = [
            Node::new("Clip", &[&self.convolved, &floor.name], &clipped, vec![]),
            Node::new(
                "Conv",
                &[&clipped, &unit_kernel(self.channels)],
                &copied,
                unit,
            ),
            Node::new("LeakyRelu", &[&copied], &self.bounded, vec![leaky]),
        ];
        graph.initializer.push(floor);
        let makes = |node: &Node, value: &str| node.output.iter().any(|output| output == value);
        graph.node.retain(|node| !makes(node, &self.leaked));
        if let Some(place) = graph
            .node
            .iter()
            .position(|node| makes(node, &self.bounded))
        {
            graph.node.splice(place..=place, nodes);
        }
    }
}

fn unit_kernel(channels: i64) -> String {
    format!("reordered_ones_{channels}")
}
