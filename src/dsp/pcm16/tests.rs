//! Tests of 16-bit conversion.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn encoding_is_a_clamped_floor(sample in prop_oneof![any::<f32>(), -1.1f32..1.1, -1e-4f32..1e-4]) {
        let expected = if sample.is_nan() {
            0
        } else {
            (f64::from(sample) * 32768.0).floor().clamp(-32768.0, 32767.0) as i16
        };
        prop_assert_eq!(encode(sample), expected);
    }
}

#[test]
fn every_value_comes_back() {
    let pcm: Vec<i16> = (i16::MIN..=i16::MAX).collect();
    let (mut samples, mut again) = (vec![7.0], vec![7]);
    decode_into(&pcm, &mut samples);
    encode_into(&samples, &mut again);
    assert_eq!(again, pcm);
    assert_eq!((samples[0], samples[32768]), (-1.0, 0.0));
}

#[test]
fn what_is_not_finite_is_never_noise() {
    assert_eq!(encode(f32::NAN), 0);
    assert_eq!(encode(f32::INFINITY), i16::MAX);
    assert_eq!(encode(f32::NEG_INFINITY), i16::MIN);
}

#[test]
fn what_wraps_is_what_numpy_makes_of_it() {
    // (x * 32767).astype(np.int16) on x86.
    let cases: [(f32, i16); 11] = [
        (0.0, 0),
        (0.99999, 32_766),
        (1.0, 32_767),
        (-1.0, -32_767),
        (-0.99999, -32_766),
        (1.0001, -32_766),
        (-1.0001, 32_766),
        (1.48, -17_041),
        (2.5, 16_381),
        (7e4, 0),
        (f32::NAN, 0),
    ];
    let mut pcm = Vec::new();
    wrap_into(&cases.map(|(sample, _)| sample), &mut pcm);
    assert_eq!(pcm, cases.map(|(_, expected)| expected));
}

#[test]
fn what_leaves_the_range_is_noticed() {
    let mut pcm = Vec::new();
    let within = [0.0, 1.0 - 1.0 / 32_768.0, -1.0];
    assert!(!Overflow::Clip.encode_into(&within, &mut pcm));
    assert!(!Overflow::Wrap.encode_into(&[1.0, -1.0], &mut pcm));
    for sample in [1.0, -1.0001, f32::INFINITY] {
        assert!(Overflow::Clip.encode_into(&[0.0, sample], &mut pcm));
    }
    for sample in [1.0001, -1.0001] {
        assert!(Overflow::Wrap.encode_into(&[sample, 0.0], &mut pcm));
    }
}
