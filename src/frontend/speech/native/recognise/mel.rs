//! The mel network: a short-time Fourier transform as two convolutions.

use std::f64::consts::PI;

use super::reader::{Reader, Unknown, explicit_padding, integer, list, operand, output};
use crate::frontend::speech::native::mel::{BINS, HOP, MelWeights, POWER_FLOOR, RANGE_DB, WINDOW};
use crate::frontend::speech::sizes::BANDS;
use crate::onnx::{FLOAT, Model, Node};

/// How far a convolution's kernel may be from the windowed cosine or sine:
/// float32 rounding of values up to one.
const KERNEL_TOLERANCE: f64 = 1e-6;

/// The weights of the mel network, if that is what the model is.
pub fn mel(model: &Model) -> Result<MelWeights, Unknown> {
    let reader = Reader::new(model)?;
    let unsqueeze = reader.reader(reader.input, "Unsqueeze")?;
    reader.integers(unsqueeze, 1, &[1])?;
    let [real, imaginary] = reader.readers(output(unsqueeze), "Conv")?;
    let [cosines, sines] = kernels(&reader, real, imaginary, output(unsqueeze))?;

    let real = square(&reader, output(real))?;
    let imaginary = square(&reader, output(imaginary))?;
    let power = reader.reader(real, "Add")?;
    operand(power, 1, imaginary)?;
    let product = reader.reader(output(power), "MatMul")?;
    let bands = reader.floats(product, 1, &[BINS as i64, BANDS as i64])?;
    let decibels = decibels(&reader, output(product))?;
    let clipped = below_maximum(&reader, decibels)?;
    reader.ends(clipped)?;
    Ok(MelWeights {
        cosines,
        sines,
        bands: bands.as_chunks().0.to_vec(),
    })
}

/// Checks the two convolutions; returns their kernels, which share a window.
fn kernels<'a>(
    reader: &Reader<'a>,
    real: &'a Node,
    imaginary: &'a Node,
    input: &str,
) -> Result<[Vec<f32>; 2], Unknown> {
    let shape = [BINS as i64, 1, WINDOW as i64];
    for node in [real, imaginary] {
        operand(node, 0, input)?;
        explicit_padding(node)?;
        list(
            node,
            "kernel_shape",
            &[WINDOW as i64],
            Some(&[WINDOW as i64]),
        )?;
        list(node, "strides", &[HOP as i64], None)?;
        list(node, "pads", &[0, 0], Some(&[0, 0]))?;
        list(node, "dilations", &[1], Some(&[1]))?;
        integer(node, "group", 1, 1)?;
        if node.input.len() != 2 {
            return Err(Unknown::Operand {
                node: node.name.clone(),
                index: 2,
                expected: "absent".to_owned(),
            });
        }
    }
    let cosines = reader.floats(real, 1, &shape)?;
    let sines = reader.floats(imaginary, 1, &shape)?;
    // At frequency zero the cosine is one.
    let window = &cosines[..WINDOW];
    let turn: Vec<(f64, f64)> = (0..WINDOW)
        .map(|i| (2.0 * PI * i as f64 / WINDOW as f64).sin_cos())
        .collect();
    for (index, (&re, &im)) in cosines.iter().zip(&sines).enumerate() {
        let (bin, tap) = (index / WINDOW, index % WINDOW);
        let (sine, cosine) = turn[bin * tap % WINDOW];
        let window = f64::from(window[tap]);
        let far = |found: f32, expected: f64| {
            let distance = (f64::from(found) - expected).abs();
            distance.is_nan() || distance > KERNEL_TOLERANCE
        };
        if far(re, window * cosine) || far(im, -window * sine) {
            return Err(Unknown::Weights {
                tensor: format!("{}, {}", real.input[1], imaginary.input[1]),
                expected: "a windowed Fourier transform",
            });
        }
    }
    Ok([cosines, sines])
}

/// The square of a convolution's output, as `[1, 1, time, bin]`.
fn square<'a>(reader: &Reader<'a>, value: &'a str) -> Result<&'a str, Unknown> {
    let unsqueeze = reader.reader(value, "Unsqueeze")?;
    reader.integers(unsqueeze, 1, &[1])?;
    let transpose = reader.reader(output(unsqueeze), "Transpose")?;
    list(transpose, "perm", &[0, 1, 3, 2], None)?;
    let power = reader.reader(output(transpose), "Pow")?;
    reader.scalar(power, 1, 2.0)?;
    Ok(output(power))
}

/// Ten times the decimal logarithm.
fn decibels<'a>(reader: &Reader<'a>, value: &'a str) -> Result<&'a str, Unknown> {
    let floor = reader.reader(value, "Clip")?;
    reader.scalar(floor, 1, POWER_FLOOR)?;
    reader.scalar(floor, 2, f32::INFINITY)?;
    let log = reader.reader(output(floor), "Log")?;
    let ten = reader.reader(output(log), "Mul")?;
    reader.scalar(ten, 1, 10.0)?;
    let decimal = reader.reader(output(ten), "Div")?;
    reader.scalar(decimal, 1, std::f32::consts::LN_10)?;
    let reference = reader.reader(output(decimal), "Sub")?;
    reader.scalar(reference, 1, 0.0)?;
    Ok(output(reference))
}

/// Nothing further than the range below the maximum of all.
fn below_maximum<'a>(reader: &Reader<'a>, value: &'a str) -> Result<&'a str, Unknown> {
    let maximum = reader.reader(value, "ReduceMax")?;
    integer(maximum, "keepdims", 0, 1)?;
    if maximum.attr("axes").is_some() || maximum.input.len() != 1 {
        return Err(Unknown::Attribute {
            node: maximum.name.clone(),
            attribute: "axes",
            found: "given".to_owned(),
            expected: "absent".to_owned(),
        });
    }
    let least = reader.reader(output(maximum), "Sub")?;
    reader.scalar(least, 1, RANGE_DB)?;
    let cast = reader.reader(output(least), "Cast")?;
    integer(cast, "to", i64::from(FLOAT), 0)?;
    let clip = reader.reader(value, "Clip")?;
    operand(clip, 1, output(cast))?;
    reader.scalar(clip, 2, f32::INFINITY)?;
    Ok(output(clip))
}
