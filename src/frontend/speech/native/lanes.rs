//! Eight channels at once: the unit of every buffer and loop here.
//!
//! The compiler turns each loop over eight floats into one vector instruction
//! where the enclosing function has the features for it (see
//! [`dispatch`](super::dispatch)), and into what the machine has elsewhere.

// Index loops with constant bounds unroll completely; closures would not
// inherit the target features of the function around them.
#![allow(clippy::needless_range_loop)]

/// Floats in a [`Lanes`].
pub const WIDTH: usize = 8;

/// Eight neighbouring channels, aligned so that no load crosses a cache line.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(32))]
pub struct Lanes(pub [f32; WIDTH]);

impl Lanes {
    pub const ZERO: Self = Self([0.0; WIDTH]);

    #[inline(always)]
    pub fn splat(value: f32) -> Self {
        Self([value; WIDTH])
    }

    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        let mut sum = self;
        for i in 0..WIDTH {
            sum.0[i] += other.0[i];
        }
        sum
    }

    #[inline(always)]
    pub fn sub(self, other: Self) -> Self {
        let mut difference = self;
        for i in 0..WIDTH {
            difference.0[i] -= other.0[i];
        }
        difference
    }

    #[inline(always)]
    pub fn scale(self, factor: f32) -> Self {
        let mut product = self;
        for i in 0..WIDTH {
            product.0[i] *= factor;
        }
        product
    }

    /// The larger of the two; of a NaN in `self`, the NaN.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        let mut larger = self;
        for i in 0..WIDTH {
            // One instruction, unlike `f32::max` with its rules for NaN.
            if other.0[i] > larger.0[i] {
                larger.0[i] = other.0[i];
            }
        }
        larger
    }

    /// `self * factor + addend`, rounded once where `FUSED`.
    #[inline(always)]
    pub fn mul_add<const FUSED: bool>(self, factor: f32, addend: Self) -> Self {
        let mut sum = addend;
        for i in 0..WIDTH {
            sum.0[i] = mul_add::<FUSED>(self.0[i], factor, sum.0[i]);
        }
        sum
    }
}

/// `a * b + c`, rounded once where `FUSED`: only for machines that do it in
/// one instruction, as the library's fallback is slow.
#[inline(always)]
pub fn mul_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}
