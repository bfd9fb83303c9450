//! Convolution with three taps in fewer multiplications.
//!
//! A short convolution is a bilinear form y = Aᵀ[(G g) ⊙ (Bᵀ x)]: transform
//! the inputs, multiply point by point with the transformed taps, transform
//! back. With many channels the product ⊙ becomes one matrix product a point,
//! nearly all of the work, and the transforms are spread over the channels.
//! The matrices for 3 taps and 4 outputs, F(4, 3), are those of A. Lavin and
//! S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016,
//! here in one dimension: 6 multiplications for 4 outputs instead of 12.

use super::lanes::Lanes;

/// A bilinear algorithm: `I` inputs, `P` points, `O` outputs.
pub trait Bilinear<const I: usize, const P: usize, const O: usize> {
    /// How many inputs lie before the first output's centre when the input is
    /// padded; 0 where the algorithm knows of the padding.
    const LEFT: usize;

    /// G g: the taps at the points.
    fn taps(g: [f64; 3]) -> [f64; P];

    /// Bᵀ x: the inputs at the points.
    fn forward<const FUSED: bool>(x: [Lanes; I]) -> [Lanes; P];

    /// Aᵀ m: the outputs from the products.
    fn inverse<const FUSED: bool>(m: [Lanes; P]) -> [Lanes; O];
}

/// F(4, 3), at the points 0, 1, −1, 2, −2 and ∞.
///
/// ```text
///      ⎡ 4  0 −5  0  1  0⎤       ⎡  1/4    0    0 ⎤
///      ⎢ 0 −4 −4  1  1  0⎥       ⎢ −1/6 −1/6  −1/6⎥       ⎡1  1  1  1  1  0⎤
/// Bᵀ = ⎢ 0  4 −4 −1  1  0⎥   G = ⎢ −1/6  1/6  −1/6⎥  Aᵀ = ⎢0  1 −1  2 −2  0⎥
///      ⎢ 0 −2 −1  2  1  0⎥       ⎢ 1/24 1/12   1/6⎥       ⎢0  1  1  4  4  0⎥
///      ⎢ 0  2 −1 −2  1  0⎥       ⎢ 1/24 −1/12  1/6⎥       ⎣0  1 −1  8 −8  1⎦
///      ⎣ 0  4  0 −5  0  1⎦       ⎣   0    0     1 ⎦
/// ```
pub struct F43;

impl Bilinear<6, 6, 4> for F43 {
    const LEFT: usize = 1;

    fn taps([a, b, c]: [f64; 3]) -> [f64; 6] {
        [
            a / 4.0,
            -(a + b + c) / 6.0,
            -(a - b + c) / 6.0,
            (a + 2.0 * b + 4.0 * c) / 24.0,
            (a - 2.0 * b + 4.0 * c) / 24.0,
            c,
        ]
    }

    #[inline(always)]
    fn forward<const FUSED: bool>([x0, x1, x2, x3, x4, x5]: [Lanes; 6]) -> [Lanes; 6] {
        // Each point and its negative share their even and odd parts.
        let even_one = x2.mul_add::<FUSED>(-4.0, x4);
        let odd_one = x1.mul_add::<FUSED>(-4.0, x3);
        let even_two = x4.sub(x2);
        let odd_two = x3.sub(x1);
        [
            x0.mul_add::<FUSED>(4.0, x2.mul_add::<FUSED>(-5.0, x4)),
            even_one.add(odd_one),
            even_one.sub(odd_one),
            odd_two.mul_add::<FUSED>(2.0, even_two),
            odd_two.mul_add::<FUSED>(-2.0, even_two),
            x1.mul_add::<FUSED>(4.0, x3.mul_add::<FUSED>(-5.0, x5)),
        ]
    }

    #[inline(always)]
    fn inverse<const FUSED: bool>([m0, m1, m2, m3, m4, m5]: [Lanes; 6]) -> [Lanes; 4] {
        let even_one = m1.add(m2);
        let odd_one = m1.sub(m2);
        let even_two = m3.add(m4);
        let odd_two = m3.sub(m4);
        [
            m0.add(even_one).add(even_two),
            odd_two.mul_add::<FUSED>(2.0, odd_one),
            even_two.mul_add::<FUSED>(4.0, even_one),
            odd_two.mul_add::<FUSED>(8.0, odd_one.add(m5)),
        ]
    }
}

/// Both outputs of a row of two inputs that is padded with a zero on each
/// side. What remains of the taps a, b, c is a Toeplitz matrix of two rows,
/// and that takes 3 multiplications instead of 4:
///
/// ```text
/// y₀ = b x₀ + c x₁ = b (x₀ + x₁) + (c − b) x₁
/// y₁ = a x₀ + b x₁ = b (x₀ + x₁) + (a − b) x₀
/// ```
pub struct Pair;

impl Bilinear<2, 3, 2> for Pair {
    const LEFT: usize = 0;

    fn taps([a, b, c]: [f64; 3]) -> [f64; 3] {
        [b, c - b, a - b]
    }

    #[inline(always)]
    fn forward<const FUSED: bool>([x0, x1]: [Lanes; 2]) -> [Lanes; 3] {
        [x0.add(x1), x1, x0]
    }

    #[inline(always)]
    fn inverse<const FUSED: bool>([m0, m1, m2]: [Lanes; 3]) -> [Lanes; 2] {
        [m0.add(m1), m0.add(m2)]
    }
}

/// F(6, 3), at the points 0, ±1, ±2, ±½ and ∞: 8 multiplications for 6 outputs
/// instead of 18.
///
/// ```text
///      ⎡1    0  −21/4     0   21/4     0  −1  0⎤
///      ⎢0    1      1 −17/4  −17/4     1   1  0⎥
///      ⎢0   −1      1  17/4  −17/4    −1   1  0⎥
/// Bᵀ = ⎢0  1/2    1/4  −5/2   −5/4     2   1  0⎥
///      ⎢0 −1/2    1/4   5/2   −5/4    −2   1  0⎥
///      ⎢0    2      4  −5/2     −5   1/2   1  0⎥
///      ⎢0   −2      4   5/2     −5  −1/2   1  0⎥
///      ⎣0   −1      0  21/4      0 −21/4   0  1⎦
/// ```
///
/// and row k of Aᵀ holds the k-th powers of the points.
pub struct F63;

impl Bilinear<8, 8, 6> for F63 {
    const LEFT: usize = 1;

    fn taps([a, b, c]: [f64; 3]) -> [f64; 8] {
        let at = |x: f64| a + x * (b + x * c);
        [
            a,
            at(1.0) * -2.0 / 9.0,
            at(-1.0) * -2.0 / 9.0,
            at(2.0) / 90.0,
            at(-2.0) / 90.0,
            at(0.5) * 32.0 / 45.0,
            at(-0.5) * 32.0 / 45.0,
            c,
        ]
    }

    #[inline(always)]
    fn forward<const FUSED: bool>([x0, x1, x2, x3, x4, x5, x6, x7]: [Lanes; 8]) -> [Lanes; 8] {
        let even_one = x4.mul_add::<FUSED>(-4.25, x2.add(x6));
        let odd_one = x3.mul_add::<FUSED>(-4.25, x1.add(x5));
        let even_two = x2.mul_add::<FUSED>(0.25, x4.mul_add::<FUSED>(-1.25, x6));
        let odd_two = x1.mul_add::<FUSED>(0.5, x3.mul_add::<FUSED>(-2.5, x5.scale(2.0)));
        let even_half = x2.mul_add::<FUSED>(4.0, x4.mul_add::<FUSED>(-5.0, x6));
        let odd_half = x1.mul_add::<FUSED>(2.0, x3.mul_add::<FUSED>(-2.5, x5.scale(0.5)));
        [
            x4.sub(x2).mul_add::<FUSED>(5.25, x0.sub(x6)),
            even_one.add(odd_one),
            even_one.sub(odd_one),
            even_two.add(odd_two),
            even_two.sub(odd_two),
            even_half.add(odd_half),
            even_half.sub(odd_half),
            x3.sub(x5).mul_add::<FUSED>(5.25, x7.sub(x1)),
        ]
    }

    #[inline(always)]
    fn inverse<const FUSED: bool>([m0, m1, m2, m3, m4, m5, m6, m7]: [Lanes; 8]) -> [Lanes; 6] {
        let (even_one, odd_one) = (m1.add(m2), m1.sub(m2));
        let (even_two, odd_two) = (m3.add(m4), m3.sub(m4));
        let (even_half, odd_half) = (m5.add(m6), m5.sub(m6));
        [
            m0.add(even_one).add(even_two).add(even_half),
            odd_half.mul_add::<FUSED>(0.5, odd_two.mul_add::<FUSED>(2.0, odd_one)),
            even_half.mul_add::<FUSED>(0.25, even_two.mul_add::<FUSED>(4.0, even_one)),
            odd_half.mul_add::<FUSED>(0.125, odd_two.mul_add::<FUSED>(8.0, odd_one)),
            even_half.mul_add::<FUSED>(0.0625, even_two.mul_add::<FUSED>(16.0, even_one)),
            odd_half.mul_add::<FUSED>(0.03125, odd_two.mul_add::<FUSED>(32.0, odd_one.add(m7))),
        ]
    }
}
