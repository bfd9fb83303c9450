//! Tests of the pitch shift.

use proptest::prelude::*;
use rand::SeedableRng;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use super::super::effect::Workspace;
use super::super::tests::{Shelf, scene};
use super::bins::{FRAME, HOP};
use super::*;

fn ratio(text: &str) -> Ratio {
    text.parse().unwrap()
}

#[test]
fn openwakeword_has_two_ratios() {
    let ratios = Ratio::of_divisors(16_000, Range::new(-3.0, 3.0));
    assert_eq!(ratios, [ratio("125/128"), ratio("128/125")]);
    assert!(Ratio::of_divisors(16_000, Range::new(-0.1, 0.1)).is_empty());
    let ratios = Ratio::of_divisors(44_100, Range::new(-3.0, 3.0));
    assert!(ratios.contains(&ratio("49/50")) && ratios.contains(&ratio("21/20")));
}

proptest! {
    #[test]
    fn the_nearest_quotient_is_near(semitones in -12f64..=12.0) {
        let ratio = Ratio::nearest(semitones);
        prop_assert!(ratio.over != ratio.under && ratio.over.max(ratio.under) <= 128);
        // Around 1 nothing is nearer than 127/128; around the octaves, than 64/127.
        prop_assert!((ratio.semitones() - semitones).abs() < 0.14, "{semitones}: {ratio}");
        prop_assert_eq!(ratio.to_string().parse::<Ratio>().unwrap(), ratio);
    }

    #[test]
    fn text_that_is_no_ratio_is_refused(text in "[0-9]{0,6}/?[0-9]{0,6}") {
        if let Ok(ratio) = text.parse::<Ratio>() {
            prop_assert!((0.25..=4.0).contains(&ratio.value()));
        }
    }
}

/// A clip: a gliding tone with overtones, after some silence.
fn clip(len: usize) -> Vec<f32> {
    let tone = |n: usize| {
        let phase = 0.03 * n as f64 + 20.0 * (n as f64 * 0.001).sin();
        let tone: f64 = (1..9)
            .map(|k| (phase * f64::from(k)).sin() / f64::from(k))
            .sum();
        (0.2 * tone) as f32
    };
    let silence = len / 5;
    (0..len)
        .map(|n| if n < silence { 0.0 } else { tone(n) })
        .collect()
}

/// The definition, by Fourier transforms in double precision: what the vocoder
/// does of a clip.
fn stretched(samples: &[f32], rate: f64) -> Vec<f64> {
    let edge = FRAME / 2;
    let last = samples.len() - 1;
    let padded: Vec<f64> = (1..=edge)
        .rev()
        .map(|n| samples[n])
        .chain(samples.iter().copied())
        .chain((1..=edge).map(|n| samples[last - n]))
        .map(f64::from)
        .collect();
    let mut planner = RealFftPlanner::<f64>::new();
    let (forward, inverse) = (
        planner.plan_fft_forward(FRAME),
        planner.plan_fft_inverse(FRAME),
    );
    let mut frames: Vec<Vec<Complex<f64>>> = padded
        .windows(FRAME)
        .step_by(HOP)
        .map(|frame| {
            let mut spectrum = forward.make_output_vec();
            forward.process(&mut frame.to_vec(), &mut spectrum).unwrap();
            spectrum
        })
        .collect();
    let made = (frames.len() as f64 / rate).ceil() as usize;
    frames.extend([vec![Complex::ZERO; edge + 1], vec![Complex::ZERO; edge + 1]]);
    let mut phases: Vec<f64> = frames[0].iter().map(|x| x.arg()).collect();
    let mut out = vec![0.0; (made - 1) * HOP + FRAME];
    let mut over = vec![0.0; out.len()];
    for i in 0..made {
        let time = f64::from((i as f64 * rate) as f32);
        let (from, to) = (&frames[time as usize], &frames[time as usize + 1]);
        let mut spectrum: Vec<_> = (0..=edge)
            .map(|k| {
                let magnitude = time.fract() * to[k].norm() + (1.0 - time.fract()) * from[k].norm();
                Complex::from_polar(magnitude, phases[k])
            })
            .collect();
        for k in 0..=edge {
            phases[k] += to[k].arg() - from[k].arg();
        }
        (spectrum[0].im, spectrum[edge].im) = (0.0, 0.0);
        let mut frame = inverse.make_output_vec();
        inverse.process(&mut spectrum, &mut frame).unwrap();
        for (n, x) in (i * HOP..).zip(frame) {
            out[n] += x / FRAME as f64;
            over[n] += 1.0;
        }
    }
    let all = out.iter().zip(over).map(|(x, over)| x / over);
    all.skip(edge).take((made - 1) * HOP).collect()
}

#[test]
fn the_vocoder_is_the_definition() {
    for len in [126, 250, 3000, 3003] {
        for ratio in ["125/128", "128/125", "4/3", "2/3"] {
            let rate = 1.0 / ratio.parse::<Ratio>().unwrap().value();
            let samples = clip(len);
            let mut out = Vec::new();
            Vocoder::default().stretch(&samples, rate, &mut out);
            let expected = stretched(&samples, rate);
            assert_eq!(out.len(), expected.len());
            let worst = out.iter().zip(&expected);
            let worst = worst
                .map(|(x, y)| (f64::from(*x) - y).abs())
                .fold(0.0, f64::max);
            // Phases in single precision, of up to 14,000 radians.
            assert!(worst < 2e-3, "{len}, {ratio}: {worst}");
        }
    }
}

#[test]
fn the_resampler_is_the_definition() {
    let samples = clip(700);
    for (orig, new) in [(125usize, 128usize), (128, 125), (2, 1), (3, 5), (1, 2)] {
        let made = (samples.len() * new).div_ceil(orig);
        let mut out = vec![9.0; made + 10];
        Resampler::new(orig, new).process(&samples, &mut vec![7.0], &mut out);
        assert_eq!(out[made..], [0.0; 10]);
        let base = 0.99 * orig.min(new) as f64;
        for (n, x) in out[..made].iter().enumerate() {
            let (round, phase) = (n / new, n % new);
            let mut sum = 0.0;
            for (at, sample) in samples.iter().enumerate() {
                let k = at as f64 - (round * orig) as f64;
                let u = base * (k / orig as f64 - phase as f64 / new as f64);
                if u.abs() < 6.0 {
                    let turn = std::f64::consts::PI * u;
                    let sinc = if u == 0.0 { 1.0 } else { turn.sin() / turn };
                    let window = (turn / 12.0).cos().powi(2);
                    sum += f64::from(*sample) * sinc * window * base / orig as f64;
                }
            }
            assert!(
                (f64::from(*x) - sum).abs() < 1e-6,
                "{orig}/{new} at {n}: {x}, {sum}"
            );
        }
    }
}

#[test]
fn a_tone_is_shifted_and_silence_stays_silent() {
    let tone = |hz: f64, n: usize| (std::f64::consts::TAU * hz / 16_000.0 * n as f64).sin() as f32;
    for ratio in [ratio("128/125"), ratio("4/5"), ratio("3/2")] {
        let mut samples: Vec<f32> = (0..16_000).map(|n| 0.5 * tone(500.0, n)).collect();
        samples[..4000].fill(0.0);
        let mut shifter = Shifter::default();
        apply(ratio, &mut samples, &mut shifter);
        assert!(samples[..3600].iter().all(|x| *x == 0.0));
        let crossings = samples[6000..14_000]
            .windows(2)
            .filter(|pair| (pair[0] < 0.0) != (pair[1] < 0.0))
            .count();
        let hz = crossings as f64;
        assert!((hz - 500.0 * ratio.value()).abs() < 4.0, "{ratio}: {hz} Hz");
    }
}

#[test]
fn no_trace_of_a_clip_is_left_for_the_next() {
    let mut shifter = Shifter::default();
    let mut first = clip(4000);
    apply(ratio("128/125"), &mut first, &mut shifter);
    apply(ratio("2/3"), &mut clip(9000), &mut shifter);
    let mut again = clip(4000);
    apply(ratio("128/125"), &mut again, &mut shifter);
    assert_eq!(first, again);
}

#[test]
fn a_clip_too_short_is_left_alone() {
    let mut workspace = Workspace::default();
    let mut sounds = Shelf::default();
    let mut scene = scene(&mut sounds, &mut workspace);
    let effect = PitchShift {
        probability: 1.0,
        semitones: Range::new(-3.0, 3.0),
        ratios: Ratios::Divisors,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    assert_eq!(effect.draw(125, &mut scene, &mut rng).unwrap(), None);
    assert!(effect.draw(126, &mut scene, &mut rng).unwrap().is_some());
    let shifted = effect.apply(&ratio("128/125"), &mut scene, &mut vec![0.0; 125]);
    assert!(shifted.is_err());
}
