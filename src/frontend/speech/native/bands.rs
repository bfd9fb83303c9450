//! The product with the mel matrix, eight bands at once.

// See `lanes`.
#![allow(clippy::needless_range_loop)]

use crate::frontend::speech::sizes::BANDS;

use super::lanes::{Lanes, WIDTH};
use super::spectrum::{MelWeights, POWER_FLOOR};

/// Eight bands in a [`Lanes`], so many of them.
pub const GROUPS: usize = BANDS / WIDTH;
/// Bins summed side by side, to hide the latency of the multiply-add.
pub const CHAINS: usize = 4;

/// The mel matrix without most of its zeros.
pub struct Bands([Band; GROUPS]);

/// Eight bands: a first bin, and the weights from there on.
#[derive(Default)]
struct Band {
    first: usize,
    weights: Vec<[Lanes; CHAINS]>,
}

impl Bands {
    pub fn new(weights: &MelWeights) -> Self {
        Self(std::array::from_fn(|group| band(weights, group)))
    }

    /// The energy in all bands, no less than the floor. `power` holds
    /// [`CHAINS`] values more than there are bins.
    #[inline(always)]
    pub fn energies<const FUSED: bool>(&self, power: &[f32]) -> [Lanes; GROUPS] {
        let mut energies = [Lanes::splat(POWER_FLOOR); GROUPS];
        for group in 0..GROUPS {
            energies[group] = weigh::<FUSED>(&self.0[group], power).max(energies[group]);
        }
        energies
    }
}

/// The weights of eight bands, from the first bin that any of them reads to
/// the last.
fn band(weights: &MelWeights, group: usize) -> Band {
    let rows: Vec<Lanes> = weights
        .bands
        .iter()
        .map(|row| {
            let mut lanes = Lanes::ZERO;
            lanes.0.copy_from_slice(&row[group * WIDTH..][..WIDTH]);
            lanes
        })
        .collect();
    let read = |lanes: &Lanes| *lanes != Lanes::ZERO;
    match (rows.iter().position(read), rows.iter().rposition(read)) {
        (Some(first), Some(last)) => Band {
            first,
            weights: rows[first..=last].chunks(CHAINS).map(padded).collect(),
        },
        _ => Band::default(),
    }
}

fn padded(rows: &[Lanes]) -> [Lanes; CHAINS] {
    let mut padded = [Lanes::ZERO; CHAINS];
    padded[..rows.len()].copy_from_slice(rows);
    padded
}

/// The power in eight bands.
#[inline(always)]
fn weigh<const FUSED: bool>(band: &Band, power: &[f32]) -> Lanes {
    let mut sums = [Lanes::ZERO; CHAINS];
    let power = power[band.first..].as_chunks::<CHAINS>().0;
    for (weights, power) in band.weights.iter().zip(power) {
        for chain in 0..CHAINS {
            sums[chain] = weights[chain].mul_add::<FUSED>(power[chain], sums[chain]);
        }
    }
    let [a, b, c, d] = sums;
    a.add(b).add(c.add(d))
}
