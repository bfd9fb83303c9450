//! Convolution with three taps in fewer multiplications.
//!
//! A short convolution is a bilinear form y = Aᵀ[(G g) ⊙ (Bᵀ x)]: transform
//! the inputs, multiply point by point with the transformed taps, transform
//! back. With many channels the product ⊙ becomes one matrix product a point,
//! nearly all of the work, and the transforms are spread over the channels.
//! See A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural
//! Networks", CVPR 2016, here in one dimension.

use super::lanes::Lanes;

/// A bilinear algorithm: `I` inputs, `P` points, `O` outputs.
pub trait Bilinear<const I: usize, const P: usize, const O: usize>: Copy {
    /// How many inputs lie before the first output's centre when the input is
    /// padded; 0 where the algorithm knows of the padding.
    const LEFT: usize;

    /// G g: the taps at the points.
    fn taps(self, g: [f64; 3]) -> [f64; P];

    /// Bᵀ x: the inputs at the points.
    fn forward<const FUSED: bool>(self, x: [Lanes; I]) -> [Lanes; P];

    /// Aᵀ m: the outputs from the products.
    fn inverse<const FUSED: bool>(self, m: [Lanes; P]) -> [Lanes; O];
}

/// F(4, 3): 6 multiplications for 4 outputs instead of 12.
///
/// With the points 0, ±p, ±q and ∞, after Toom and Cook,
///
/// ```text
///      ⎡p²q²    0    −p²−q²    0    1  0⎤       ⎡    1/p²q²      0     0 ⎤
///      ⎢  0   −pq²    −q²      p    1  0⎥       ⎢     u         pu   p²u ⎥
/// Bᵀ = ⎢  0    pq²    −q²     −p    1  0⎥   G = ⎢     u        −pu   p²u ⎥
///      ⎢  0   −p²q    −p²      q    1  0⎥       ⎢     v         qv   q²v ⎥
///      ⎢  0    p²q    −p²     −q    1  0⎥       ⎢     v        −qv   q²v ⎥
///      ⎣  0   p²q²     0    −p²−q²  0  1⎦       ⎣     0          0     1 ⎦
///
///      ⎡1  1   1  1   1  0⎤
/// Aᵀ = ⎢0  p  −p  q  −q  0⎥   u = 1 / 2p²(p² − q²)
///      ⎢0  p²  p² q²  q² 0⎥   v = 1 / 2q²(q² − p²)
///      ⎣0  p³ −p³ q³ −q³ 1⎦
/// ```
///
/// Lavin and Gray take p = 1, q = 2. Which points are taken decides how much
/// of the rounding error is amplified (B. Barabasz, A. Anderson,
/// K. Soodhalter and D. Gregg, "Error Analysis and Improving the Accuracy of
/// Winograd Convolution for Deep Neural Networks", ACM TOMS 46, 2020). Of all
/// eighths, p = 5/8 and q = 3/2 leave the least, a third less than 1 and 2;
/// all of their products here are exact in float32.
#[derive(Clone, Copy)]
pub struct F43;

const P1: f32 = 5.0 / 8.0;
const Q1: f32 = 3.0 / 2.0;
const P2: f32 = P1 * P1;
const Q2: f32 = Q1 * Q1;

impl Bilinear<6, 6, 4> for F43 {
    const LEFT: usize = 1;

    fn taps(self, [a, b, c]: [f64; 3]) -> [f64; 6] {
        let [p, q] = [P1, Q1].map(f64::from);
        let (p2, q2) = (p * p, q * q);
        let at = |x: f64| a + b * x + c * x * x;
        [
            a / (p2 * q2),
            at(p) / (2.0 * p2 * (p2 - q2)),
            at(-p) / (2.0 * p2 * (p2 - q2)),
            at(q) / (2.0 * q2 * (q2 - p2)),
            at(-q) / (2.0 * q2 * (q2 - p2)),
            c,
        ]
    }

    #[inline(always)]
    fn forward<const FUSED: bool>(self, x: [Lanes; 6]) -> [Lanes; 6] {
        let [x0, x1, x2, x3, x4, x5] = x;
        // A point and its negative share their even and odd parts.
        let even_p = x2.mul_add::<FUSED>(-Q2, x4);
        let odd_p = x1.mul_add::<FUSED>(-Q2, x3);
        let even_q = x2.mul_add::<FUSED>(-P2, x4);
        let odd_q = x1.mul_add::<FUSED>(-P2, x3);
        [
            x0.mul_add::<FUSED>(P2 * Q2, x2.mul_add::<FUSED>(-P2 - Q2, x4)),
            odd_p.mul_add::<FUSED>(P1, even_p),
            odd_p.mul_add::<FUSED>(-P1, even_p),
            odd_q.mul_add::<FUSED>(Q1, even_q),
            odd_q.mul_add::<FUSED>(-Q1, even_q),
            x1.mul_add::<FUSED>(P2 * Q2, x3.mul_add::<FUSED>(-P2 - Q2, x5)),
        ]
    }

    #[inline(always)]
    fn inverse<const FUSED: bool>(self, m: [Lanes; 6]) -> [Lanes; 4] {
        let [m0, m1, m2, m3, m4, m5] = m;
        let (even_p, odd_p) = (m1.add(m2), m1.sub(m2));
        let (even_q, odd_q) = (m3.add(m4), m3.sub(m4));
        [
            m0.add(even_p).add(even_q),
            odd_q.mul_add::<FUSED>(Q1, odd_p.scale(P1)),
            even_q.mul_add::<FUSED>(Q2, even_p.scale(P2)),
            odd_q.mul_add::<FUSED>(Q2 * Q1, odd_p.mul_add::<FUSED>(P2 * P1, m5)),
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
#[derive(Clone, Copy)]
pub struct Pair;

impl Bilinear<2, 3, 2> for Pair {
    const LEFT: usize = 0;

    fn taps(self, [a, b, c]: [f64; 3]) -> [f64; 3] {
        [b, c - b, a - b]
    }

    #[inline(always)]
    fn forward<const FUSED: bool>(self, [x0, x1]: [Lanes; 2]) -> [Lanes; 3] {
        [x0.add(x1), x1, x0]
    }

    #[inline(always)]
    fn inverse<const FUSED: bool>(self, [m0, m1, m2]: [Lanes; 3]) -> [Lanes; 2] {
        [m0.add(m1), m0.add(m2)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The algorithm on numbers instead of lanes.
    fn filter<B, const I: usize, const P: usize, const O: usize>(
        algorithm: B,
        x: [f32; I],
        g: [f32; 3],
    ) -> [f32; O]
    where
        B: Bilinear<I, P, O>,
    {
        let points = algorithm.forward::<false>(x.map(Lanes::splat));
        let taps = algorithm.taps(g.map(f64::from));
        let mut products = [Lanes::ZERO; P];
        for p in 0..P {
            products[p] = points[p].scale(taps[p] as f32);
        }
        algorithm.inverse::<false>(products).map(|y| y.0[3])
    }

    proptest! {
        #[test]
        fn f43_is_a_convolution(
            x in prop::array::uniform6(-1.0_f32..1.0),
            g in prop::array::uniform3(-1.0_f32..1.0),
        ) {
            let y = filter(F43, x, g);
            for (i, y) in y.into_iter().enumerate() {
                let expected = x[i] * g[0] + x[i + 1] * g[1] + x[i + 2] * g[2];
                prop_assert!((y - expected).abs() < 3e-6);
            }
        }

        #[test]
        fn pair_is_a_padded_convolution(
            x in prop::array::uniform2(-1.0_f32..1.0),
            g in prop::array::uniform3(-1.0_f32..1.0),
        ) {
            let [y0, y1] = filter(Pair, x, g);
            prop_assert!((y0 - (x[0] * g[1] + x[1] * g[2])).abs() < 1e-6);
            prop_assert!((y1 - (x[0] * g[0] + x[1] * g[1])).abs() < 1e-6);
        }
    }
}
