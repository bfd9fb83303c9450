//! A runtime that computes wrong is refused by the probe.

use wakemill::frontend::proof::{difference, tolerance};
use wakemill::frontend::{Net, Network, Strategy};
use wakemill::runtime::ModelError;

use super::load;

/// What goes wrong with a row's result.
type Fault = fn(&mut Vec<f32>, usize, &mut Vec<f32>);

/// A network whose results are spoiled: told of the result, the row's place in
/// its batch, and what it left the last time.
struct Sabotaged {
    net: Box<dyn Net>,
    fault: Fault,
    left: Vec<f32>,
}

impl Net for Sabotaged {
    fn run(&mut self, input: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        self.net.run(input, out)?;
        for (row, out) in out.iter_mut().enumerate() {
            (self.fault)(out, row, &mut self.left);
        }
        Ok(())
    }
}

/// To ten bits of fraction and back.
fn half(value: f32) -> f32 {
    f32::from_bits((value.to_bits() + 0x1000) & !0x1FFF)
}

const FAULTS: [(&str, Fault); 7] = [
    ("a wrong convolution", |out, _, _| {
        for at in 1..out.len() {
            out[at] += 0.05 * out[at - 1];
        }
    }),
    ("swapped channels", |out, _, _| {
        for pair in out.chunks_exact_mut(2) {
            pair.swap(0, 1);
        }
    }),
    ("what the last run gave", |out, _, left| {
        if !left.is_empty() {
            std::mem::swap(out, left);
        } else {
            left.clone_from(out);
        }
    }),
    ("the first row for all", |out, row, left| match row {
        0 => left.clone_from(out),
        _ => out.clone_from(left),
    }),
    ("NaN", |out, _, _| out[7] = f32::NAN),
    ("half precision", |out, _, _| {
        out.iter_mut().for_each(|value| *value = half(*value));
    }),
    ("a window too few", |out, _, _| {
        out.truncate(out.len() - 96);
    }),
];

#[test]
fn a_runtime_that_computes_wrong_is_refused() {
    let published = load(Strategy::Windows);
    for network in Network::ALL {
        let allowed = tolerance(network, false);
        let honest = difference(network, &mut *published.net(network).unwrap(), usize::MAX);
        let honest = honest.unwrap();
        assert!(honest <= allowed, "{network:?}: {honest}");
        for (name, fault) in FAULTS {
            let mut net = Sabotaged {
                net: published.net(network).unwrap(),
                fault,
                left: Vec::new(),
            };
            let found = difference(network, &mut net, usize::MAX).unwrap();
            assert!(found > allowed, "{network:?}, {name}: {found}");
        }
    }
}
