//! The embedding network: a chain of 20 convolutions.

use super::reader::{Reader, Unknown, explicit_padding, integer, list, operand, output};
use crate::frontend::speech::native::embed::{EmbedWeights, LAYERS, WINDOW};
use crate::frontend::speech::native::layer::{FLOOR, SLOPE, Scheme, Taps};
use crate::frontend::speech::native::stem::CHANNELS;
use crate::frontend::speech::sizes::{BANDS, EMBEDDING};
use crate::onnx::{Model, Node};

/// The weights of the embedding network, if that is what the model is.
pub fn embedding(model: &Model) -> Result<EmbedWeights, Unknown> {
    let reader = Reader::new(model)?;
    let reshape = reader.reader(reader.input, "Reshape")?;
    reader.integers(reshape, 1, &[-1, 1, WINDOW as i64, BANDS as i64])?;

    let conv = reader.reader(output(reshape), "Conv")?;
    convolution(conv, [3, 3])?;
    let outputs = CHANNELS as i64;
    let stem = reader.floats(conv, 1, &[outputs, 1, 3, 3])?;
    let stem_bias = reader.floats(conv, 2, &[outputs])?;
    let mut value = activation(&reader, output(conv))?;

    let last = LAYERS.len() - 1;
    let mut layers = Vec::with_capacity(LAYERS.len());
    for (index, &(scheme, inputs, outputs)) in LAYERS.iter().enumerate() {
        let conv = reader.reader(value, "Conv")?;
        let kernel = match scheme {
            Scheme::Frequency | Scheme::FrequencyPair => [1, 3],
            Scheme::Time | Scheme::TimePool1x2 | Scheme::TimePool2x2 => [3, 1],
        };
        convolution(conv, kernel)?;
        let shape = [outputs as i64, inputs as i64, kernel[0], kernel[1]];
        let taps = reader.floats(conv, 1, &shape)?;
        let bias = match conv.input.len() {
            2 => vec![0.0; outputs],
            _ => reader.floats(conv, 2, &shape[..1])?,
        };
        layers.push(Taps {
            inputs,
            outputs,
            taps: taps.as_chunks().0.to_vec(),
            bias,
        });
        value = output(conv);
        if index < last {
            value = activation(&reader, value)?;
        }
        value = match scheme {
            Scheme::TimePool1x2 => pool(&reader, value, [1, 2])?,
            Scheme::TimePool2x2 => pool(&reader, value, [2, 2])?,
            _ => value,
        };
    }

    let reshape = reader.reader(value, "Reshape")?;
    reader.integers(reshape, 1, &[-1, 1, 1, EMBEDDING as i64])?;
    reader.ends(output(reshape))?;
    let layers = layers.try_into().map_err(|_| Unknown::Interface)?;
    Ok(EmbedWeights {
        stem: stem.as_chunks::<3>().0.as_chunks::<3>().0.to_vec(),
        stem_bias,
        layers,
    })
}

/// Checks all but the weights of a convolution: padded in frequency, not in
/// time.
fn convolution(node: &Node, kernel: [i64; 2]) -> Result<(), Unknown> {
    explicit_padding(node)?;
    let padding = [0, kernel[1] / 2, 0, kernel[1] / 2];
    list(node, "kernel_shape", &kernel, None)?;
    list(node, "pads", &padding, Some(&[0; 4]))?;
    list(node, "strides", &[1, 1], Some(&[1, 1]))?;
    list(node, "dilations", &[1, 1], Some(&[1, 1]))?;
    integer(node, "group", 1, 1)
}

/// max(leaky(value), −0.4); returns its name.
fn activation<'a>(reader: &Reader<'a>, value: &'a str) -> Result<&'a str, Unknown> {
    let leaky = reader.reader(value, "LeakyRelu")?;
    let slope = leaky.float("alpha", 0.01);
    if slope != SLOPE {
        return Err(Unknown::Attribute {
            node: leaky.name.clone(),
            attribute: "alpha",
            found: slope.to_string(),
            expected: SLOPE.to_string(),
        });
    }
    let floor = reader.reader(output(leaky), "Max")?;
    operand(floor, 0, output(leaky))?;
    reader.scalar(floor, 1, FLOOR)?;
    Ok(output(floor))
}

/// The maximum over a kernel, which is also the stride; returns its name.
fn pool<'a>(reader: &Reader<'a>, value: &'a str, kernel: [i64; 2]) -> Result<&'a str, Unknown> {
    let node = reader.reader(value, "MaxPool")?;
    explicit_padding(node)?;
    list(node, "kernel_shape", &kernel, None)?;
    list(node, "strides", &kernel, Some(&[1, 1]))?;
    list(node, "pads", &[0; 4], Some(&[0; 4]))?;
    list(node, "dilations", &[1, 1], Some(&[1, 1]))?;
    integer(node, "ceil_mode", 0, 0)?;
    Ok(output(node))
}
