//! Graphs of the published shape with other weights, whole and then changed.

use super::*;
use crate::frontend::speech::native::embed::{EmbedWeights, LAYERS};
use crate::frontend::speech::native::layer::Scheme;
use crate::frontend::speech::native::mel::{BINS, HOP, MelWeights, WINDOW};
use crate::frontend::speech::native::reference::Noise;
use crate::onnx::{Attribute, DimensionValue, FLOAT, Graph, Node, Tensor, ValueInfo};

/// A graph in the making: every node reads the last value, unless told.
struct Builder {
    graph: Graph,
    value: String,
}

impl Builder {
    fn new() -> Self {
        let mut graph = Graph::default();
        let dims = vec![DimensionValue::Param("any".to_owned())];
        graph.input.push(ValueInfo::float_tensor("in", dims));
        Self {
            graph,
            value: "in".to_owned(),
        }
    }

    fn node(&mut self, operator: &str, others: &[&str], attributes: Vec<Attribute>) -> String {
        let output = format!("{operator}{}", self.graph.node.len());
        let mut inputs = vec![self.value.as_str()];
        inputs.extend(others);
        let node = Node::new(operator, &inputs, &output, attributes);
        self.graph.node.push(node);
        self.value.clone_from(&output);
        output
    }

    fn floats(&mut self, dims: &[i64], data: &[f32]) -> String {
        let name = format!("floats{}", self.graph.initializer.len());
        self.graph
            .initializer
            .push(Tensor::floats(&name, dims, data));
        name
    }

    fn ints(&mut self, data: &[i64]) -> String {
        let name = format!("ints{}", self.graph.initializer.len());
        let dims = [data.len() as i64];
        self.graph
            .initializer
            .push(Tensor::ints(&name, &dims, data));
        name
    }

    fn scalar(&mut self, operator: &str, value: f32) -> String {
        let constant = self.floats(&[], &[value]);
        self.node(operator, &[&constant], Vec::new())
    }

    fn finish(mut self) -> Model {
        let output = ValueInfo::float_tensor(&self.value, Vec::new());
        self.graph.output.push(output);
        Model {
            graph: Some(self.graph),
            ..Model::default()
        }
    }
}

fn embedding_model(weights: &EmbedWeights) -> Model {
    let mut builder = Builder::new();
    let shape = builder.ints(&[-1, 1, 76, 32]);
    builder.node("Reshape", &[&shape], Vec::new());
    let stem: Vec<f32> = weights.stem.iter().flatten().flatten().copied().collect();
    conv(&mut builder, &[24, 1, 3, 3], &stem, &weights.stem_bias);
    activation(&mut builder);
    for (index, ((scheme, inputs, outputs), taps)) in
        LAYERS.into_iter().zip(&weights.layers).enumerate()
    {
        let along_time = !matches!(scheme, Scheme::Frequency | Scheme::FrequencyPair);
        let [times, bins] = if along_time { [3, 1] } else { [1, 3] };
        let dims = [outputs as i64, inputs as i64, times, bins];
        conv(&mut builder, &dims, taps.taps.as_flattened(), &taps.bias);
        if index + 1 < LAYERS.len() {
            activation(&mut builder);
        }
        let pool = match scheme {
            Scheme::TimePool1x2 => [1, 2],
            Scheme::TimePool2x2 => [2, 2],
            _ => continue,
        };
        let attributes = ["kernel_shape", "strides"].map(|name| Attribute::ints(name, &pool));
        builder.node("MaxPool", &[], attributes.into());
    }
    let shape = builder.ints(&[-1, 1, 1, 96]);
    builder.node("Reshape", &[&shape], Vec::new());
    builder.finish()
}

fn conv(builder: &mut Builder, dims: &[i64; 4], taps: &[f32], bias: &[f32]) {
    let weights = builder.floats(dims, taps);
    let bias = builder.floats(&dims[..1], bias);
    let attributes = vec![
        Attribute::ints("kernel_shape", &dims[2..]),
        Attribute::ints("pads", &[0, dims[3] / 2, 0, dims[3] / 2]),
    ];
    builder.node("Conv", &[&weights, &bias], attributes);
}

fn activation(builder: &mut Builder) {
    builder.node("LeakyRelu", &[], vec![Attribute::float("alpha", 0.2)]);
    builder.scalar("Max", -0.4);
}

fn mel_model(weights: &MelWeights) -> Model {
    let mut builder = Builder::new();
    let axis = builder.ints(&[1]);
    let framed = builder.node("Unsqueeze", &[&axis], Vec::new());
    let real = square(&mut builder, &axis, &weights.cosines);
    builder.value = framed;
    let imaginary = square(&mut builder, &axis, &weights.sines);
    builder.value = real;
    builder.node("Add", &[&imaginary], Vec::new());
    let bands = builder.floats(&[BINS as i64, 32], weights.bands.as_flattened());
    builder.node("MatMul", &[&bands], Vec::new());
    let infinity = builder.floats(&[], &[f32::INFINITY]);
    let floor = builder.floats(&[], &[1e-10]);
    builder.node("Clip", &[&floor, &infinity], Vec::new());
    builder.node("Log", &[], Vec::new());
    builder.scalar("Mul", 10.0);
    builder.scalar("Div", std::f32::consts::LN_10);
    let decibels = builder.scalar("Sub", 0.0);
    builder.node("ReduceMax", &[], vec![Attribute::int("keepdims", 0)]);
    builder.scalar("Sub", 80.0);
    let to = vec![Attribute::int("to", i64::from(FLOAT))];
    let least = builder.node("Cast", &[], to);
    builder.value = decibels;
    builder.node("Clip", &[&least, &infinity], Vec::new());
    builder.finish()
}

fn square(builder: &mut Builder, axis: &str, kernel: &[f32]) -> String {
    let kernel = builder.floats(&[BINS as i64, 1, WINDOW as i64], kernel);
    let strides = vec![Attribute::ints("strides", &[HOP as i64])];
    builder.node("Conv", &[&kernel], strides);
    builder.node("Unsqueeze", &[axis], Vec::new());
    let perm = vec![Attribute::ints("perm", &[0, 1, 3, 2])];
    builder.node("Transpose", &[], perm);
    builder.scalar("Pow", 2.0)
}

#[test]
fn the_weights_of_the_embedding_network_are_read() {
    let weights = Noise(1).embedding();
    let read = embedding::embedding(&embedding_model(&weights)).unwrap();
    assert_eq!(read, weights);
}

#[test]
fn the_weights_of_the_mel_network_are_read() {
    let weights = Noise::mel();
    assert_eq!(mel::mel(&mel_model(&weights)).unwrap(), weights);
}

/// An operator, what is changed about it, and what the refusal says.
type Case = (&'static str, fn(&mut Node), &'static str);

/// Changes the first node of an operator.
fn change(model: &mut Model, operator: &str, change: fn(&mut Node)) {
    let nodes = &mut model.graph.as_mut().unwrap().node;
    change(nodes.iter_mut().find(|n| n.op_type == operator).unwrap());
}

#[test]
fn another_embedding_network_is_refused_with_the_difference() {
    let cases: [Case; 6] = [
        (
            "Conv",
            |node| node.attribute.push(Attribute::ints("strides", &[2, 1])),
            "strides of 'Conv1' is Some([2, 1]), not [1, 1]",
        ),
        (
            "Conv",
            |node| node.attribute.push(Attribute::int("group", 24)),
            "group of 'Conv1' is 24, not 1",
        ),
        (
            "LeakyRelu",
            |node| node.attribute = vec![Attribute::float("alpha", 0.3)],
            "alpha of 'LeakyRelu2' is 0.3, not 0.2",
        ),
        (
            "LeakyRelu",
            |node| node.op_type = "Relu".to_owned(),
            "'Conv1' goes to Relu, not to one LeakyRelu",
        ),
        (
            "Max",
            |node| node.input[1] = "floats2".to_owned(),
            "input 1 of 'Max3' is not the constant -0.4",
        ),
        (
            "MaxPool",
            |node| node.attribute.push(Attribute::int("ceil_mode", 1)),
            "ceil_mode of 'MaxPool10' is 1, not 0",
        ),
    ];
    for (operator, edit, expected) in cases {
        let mut model = embedding_model(&Noise(1).embedding());
        change(&mut model, operator, edit);
        let unknown = embedding::embedding(&model).unwrap_err();
        assert_eq!(unknown.to_string(), expected);
    }
}

#[test]
fn another_mel_network_is_refused_with_the_difference() {
    let cases: [Case; 3] = [
        (
            "Conv",
            |node| node.attribute = vec![Attribute::ints("strides", &[128])],
            "strides of 'Conv1' is Some([128]), not [160]",
        ),
        (
            "ReduceMax",
            |node| node.attribute.push(Attribute::ints("axes", &[2])),
            "axes of 'ReduceMax16' is given, not absent",
        ),
        (
            "Add",
            |node| node.op_type = "Sub".to_owned(),
            "'Pow4' goes to Sub, not to one Add",
        ),
    ];
    for (operator, edit, expected) in cases {
        let mut model = mel_model(&Noise::mel());
        change(&mut model, operator, edit);
        assert_eq!(mel::mel(&model).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_kernel_that_is_no_fourier_transform_is_refused() {
    let mut model = mel_model(&Noise::mel());
    let initializers = &mut model.graph.as_mut().unwrap().initializer;
    let kernel = &mut initializers[1];
    let mut values = kernel.f32s().unwrap().into_owned();
    values[40 * WINDOW + 256] += 1e-4;
    *kernel = Tensor::floats(&kernel.name, &kernel.dims, &values);
    let unknown = mel::mel(&model).unwrap_err();
    assert!(matches!(unknown, Unknown::Weights { .. }), "{unknown}");
}

#[test]
fn a_value_beside_the_output_is_no_network() {
    let mut model = embedding_model(&Noise(1).embedding());
    let graph = model.graph.as_mut().unwrap();
    graph.output[0].name = "Conv1".to_owned();
    assert!(matches!(
        embedding::embedding(&model),
        Err(Unknown::Interface)
    ));
}
