//! Parts of a map that repeat what lies just before them.
//!
//! A clip shorter than its window is padded with digital silence, as a third
//! of a usual data set is. There all frames are alike, and whatever reads the
//! same as it read a while before gives the same bits: it is copied.

use super::lanes::Lanes;

/// How a layer reads a map: a unit after the other, all computed alike.
#[derive(Clone, Copy)]
pub struct Units {
    /// How many there are.
    pub count: usize,
    /// Values of the map from the first that one reads to the first of the next.
    pub stride: usize,
    /// Values that one reads.
    pub length: usize,
    /// The unit to compare one with lies so many before it.
    pub back: usize,
}

impl Units {
    /// Lists the units that do not repeat an earlier one.
    pub fn list_fresh(self, map: &[Lanes], fresh: &mut Vec<usize>) {
        fresh.clear();
        fresh.extend((0..self.count).filter(|&unit| !self.repeats(map, unit)));
    }

    /// Whether a unit reads the same bits as the one before it that it is
    /// compared with; never where it reads past the end.
    pub fn repeats<T: Bits>(self, map: &[T], unit: usize) -> bool {
        let read = |unit: usize| map.get(unit * self.stride..unit * self.stride + self.length);
        let earlier = unit.checked_sub(self.back).and_then(read);
        match (earlier, read(unit)) {
            (Some(earlier), Some(read)) => earlier.iter().zip(read).all(|(a, b)| a.same(b)),
            _ => false,
        }
    }

    /// Fills in what the units that are not fresh write, `written` lanes each.
    pub fn fill(self, fresh: &[usize], output: &mut [Lanes], written: usize) {
        let mut fresh = fresh.iter().peekable();
        for unit in 0..self.count {
            if fresh.next_if_eq(&&unit).is_none() {
                let from = (unit - self.back) * written;
                output.copy_within(from..from + written, unit * written);
            }
        }
    }
}

/// What a map is made of.
pub trait Bits {
    /// Whether all bits are the same.
    fn same(&self, other: &Self) -> bool;
}

impl Bits for f32 {
    fn same(&self, other: &Self) -> bool {
        self.to_bits() == other.to_bits()
    }
}

impl Bits for Lanes {
    fn same(&self, other: &Self) -> bool {
        self.0.map(f32::to_bits) == other.0.map(f32::to_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tiles of four steps that read six, of a lane each.
    fn fresh(map: &[f32]) -> Vec<usize> {
        let map: Vec<_> = map.iter().copied().map(Lanes::splat).collect();
        let tiles = Units {
            count: (map.len() - 2).div_ceil(4),
            stride: 4,
            length: 6,
            back: 1,
        };
        let mut fresh = vec![99];
        tiles.list_fresh(&map, &mut fresh);
        fresh
    }

    #[test]
    fn what_reads_the_same_as_before_is_not_fresh() {
        assert_eq!(fresh(&[7.0; 18]), [0]);
        // The last tile reads past the end.
        assert_eq!(fresh(&[7.0; 17]), [0, 3]);
        let mut map = [7.0; 26];
        map[10] = 0.0;
        assert_eq!(fresh(&map), [0, 2, 3]);
        map[10] = f32::NAN;
        assert_eq!(fresh(&map), [0, 2, 3]);
        // Steps that repeat after four, as a tile's outputs do.
        let map: Vec<_> = (0..18_u8).map(|step| f32::from(step % 4)).collect();
        assert_eq!(fresh(&map), [0]);
        let map: Vec<_> = (0..18_u8).map(|step| f32::from(step % 3)).collect();
        assert_eq!(fresh(&map), [0, 1, 2, 3]);
    }

    #[test]
    fn zeros_of_other_sign_do_not_repeat() {
        let mut map = [0.0; 10];
        map[9] = -0.0;
        assert_eq!(fresh(&map), [0, 1]);
    }
}
