//! The dense embedding network: once over all frames instead of once a window.
//!
//! A network whose layers see only a few frames each, without padding along
//! time, computes the same for a window wherever that window lies, as long as
//! its strides along time line up with the window stride. Windows overlap by
//! nine tenths, so that running over all frames at once shares that much.

use crate::frontend::speech::sizes::{BANDS, EMBEDDING};
use crate::frontend::speech::windows::Windows;
use crate::onnx::rewrite::Refusal;
use crate::onnx::{Attribute, DimensionValue, Graph, Model, Node, Tensor, ValueInfo};

/// The network over any number of frames: `(n, frames, 32, 1)` to
/// `(n, windows, 1, 96)`.
pub fn dense(published: &Model, windows: Windows) -> Result<Model, Refusal> {
    let mut model = published.clone();
    let Some(graph) = model.graph.as_mut() else {
        return Err(Refusal::new("it holds no graph"));
    };
    let first = entry(graph, windows.window)?;
    let last = exit(graph)?;
    check_layers(graph, first, last, windows)?;
    let frames = Tensor::ints("frames_kept", &[4], &[0, 1, -1, BANDS as i64]);
    graph.node[first].input[1] = frames.name.clone();
    graph.initializer.push(frames);
    let (from, to) = {
        let node = &graph.node[last];
        (node.input[0].clone(), node.output[0].clone())
    };
    let axes = Attribute::ints("perm", &[0, 2, 3, 1]);
    graph.node[last] = Node::new("Transpose", &[&from], &to, vec![axes]);
    let named = |name: &str| DimensionValue::Param(name.to_owned());
    let fixed = |value: usize| DimensionValue::Value(value as i64);
    graph.input[0] = ValueInfo::float_tensor(
        &graph.input[0].name,
        vec![named("n"), named("frames"), fixed(BANDS), fixed(1)],
    );
    graph.output[0] = ValueInfo::float_tensor(
        &graph.output[0].name,
        vec![named("n"), named("windows"), fixed(1), fixed(EMBEDDING)],
    );
    graph.value_info.clear();
    Ok(model)
}

/// The first node: a reshape of the input to (n, 1, window, 32).
fn entry(graph: &Graph, window: usize) -> Result<usize, Refusal> {
    let input = graph.input.first().map(|input| input.name.as_str());
    let shape = [-1, 1, window as i64, BANDS as i64];
    position(graph, |node| {
        node.op_type == "Reshape"
            && node.input.first().map(String::as_str) == input
            && constant_ints(graph, node, 1).is_some_and(|found| found == shape)
    })
    .ok_or_else(|| Refusal::new("it does not begin with a reshape of one window"))
}

/// The last node: a reshape to (n, 1, 1, 96).
fn exit(graph: &Graph) -> Result<usize, Refusal> {
    let output = graph.output.first().map(|output| output.name.as_str());
    let shape = [-1, 1, 1, EMBEDDING as i64];
    position(graph, |node| {
        node.op_type == "Reshape"
            && node.output.first().map(String::as_str) == output
            && constant_ints(graph, node, 1).is_some_and(|found| found == shape)
    })
    .ok_or_else(|| Refusal::new("it does not end with a reshape to one embedding"))
}

/// Follows the chain from the first to the last node; every layer must be local
/// in time, and together they must reduce a window to one step, at the stride
/// of the windows.
fn check_layers(graph: &Graph, first: usize, last: usize, windows: Windows) -> Result<(), Refusal> {
    let mut value = graph.node[first].output[0].as_str();
    let (mut steps, mut stride) = (windows.window, 1);
    while value != graph.node[last].input[0] {
        let mut consumers = graph.consumers(value);
        let (Some(node), None) = (consumers.next(), consumers.next()) else {
            return Err(Refusal::new("its layers are not one chain"));
        };
        let layer = TimeLayer::of(graph, node)?;
        steps = layer
            .steps(steps)
            .ok_or_else(|| Refusal::new("a window is too short for its layers"))?;
        stride *= layer.stride;
        value = node
            .output
            .first()
            .ok_or_else(|| Refusal::new("its layers are not one chain"))?;
    }
    if steps != 1 {
        return Err(Refusal::new(format!(
            "a window becomes {steps} steps instead of one"
        )));
    }
    if stride != windows.stride {
        return Err(Refusal::new(format!(
            "its strides along time multiply to {stride}, the window stride is {}",
            windows.stride
        )));
    }
    Ok(())
}

/// How a layer sees time.
struct TimeLayer {
    kernel: usize,
    stride: usize,
}

impl TimeLayer {
    fn of(graph: &Graph, node: &Node) -> Result<Self, Refusal> {
        match node.op_type.as_str() {
            "Conv" | "MaxPool" | "AveragePool" => Self::sliding(graph, node),
            "LeakyRelu" | "Relu" => Ok(Self::pointwise()),
            "Max" | "Min" | "Clip" if scalar_constants(graph, node) => Ok(Self::pointwise()),
            other => Err(Refusal::new(format!(
                "it holds {other}, which is not known to be local in time"
            ))),
        }
    }

    fn pointwise() -> Self {
        Self {
            kernel: 1,
            stride: 1,
        }
    }

    /// A convolution or pooling over (time, frequency).
    fn sliding(graph: &Graph, node: &Node) -> Result<Self, Refusal> {
        let refuse = |what: &str| Refusal::new(format!("a {} has {what}", node.op_type));
        let padding = node
            .attr("auto_pad")
            .and_then(|attr| attr.s.as_deref())
            .unwrap_or(b"NOTSET");
        if !matches!(padding, b"NOTSET" | b"VALID") {
            return Err(refuse("automatic padding"));
        }
        match node.ints("pads") {
            None | Some([0, _, 0, _]) => {}
            Some(_) => return Err(refuse("padding along time")),
        }
        if node
            .ints("dilations")
            .is_some_and(|all| all.iter().any(|&d| d != 1))
        {
            return Err(refuse("dilations"));
        }
        if node.int("ceil_mode", 0) != 0 {
            return Err(refuse("rounding up"));
        }
        let weights = node.input.get(1).and_then(|name| graph.constant(name));
        let kernel = match (
            node.ints("kernel_shape"),
            weights.map(|w| w.dims.as_slice()),
        ) {
            (Some(&[time, _]), _) | (None, Some(&[_, _, time, _])) => time,
            _ => return Err(refuse("no kernel over time and frequency")),
        };
        let stride = match node.ints("strides") {
            None => 1,
            Some(&[time, _]) => time,
            Some(_) => return Err(refuse("no stride over time and frequency")),
        };
        let positive = |x: i64| usize::try_from(x).ok().filter(|&x| x > 0);
        match (positive(kernel), positive(stride)) {
            (Some(kernel), Some(stride)) => Ok(Self { kernel, stride }),
            _ => Err(refuse("a kernel or stride below one")),
        }
    }

    fn steps(&self, steps: usize) -> Option<usize> {
        Some(steps.checked_sub(self.kernel)? / self.stride + 1)
    }
}

/// Whether all inputs but the first are scalars that the graph holds.
fn scalar_constants(graph: &Graph, node: &Node) -> bool {
    node.input.iter().skip(1).all(|name| {
        name.is_empty()
            || graph
                .constant(name)
                .and_then(|tensor| tensor.f32s().ok())
                .is_some_and(|values| values.len() == 1)
    })
}

fn constant_ints(graph: &Graph, node: &Node, input: usize) -> Option<Vec<i64>> {
    let tensor = graph.constant(node.input.get(input)?)?;
    Some(tensor.i64s().ok()?.into_owned())
}

fn position(graph: &Graph, is: impl Fn(&Node) -> bool) -> Option<usize> {
    graph.node.iter().position(is)
}
