//! The native kernels against the published graphs on ONNX Runtime.

use wakemill::frontend::speech::BANDS;
use wakemill::frontend::{Backend, Floor, FrontEnd, FrontEndSpec, Strategy};

use super::{assert_close, clip, embed, load, load_with, mel, noise, open, views};

/// dB / 10 + 2: 2e-3 dB.
const MEL_TOLERANCE: f32 = 2e-4;
const EMBEDDING_TOLERANCE: f32 = 5e-4;

fn native() -> FrontEnd {
    open(&FrontEndSpec {
        backend: Backend::Native,
        ..FrontEndSpec::default()
    })
    .expect("the kernels serve")
}

fn scaled(clip: &[f32], factor: f32) -> Vec<f32> {
    clip.iter().map(|sample| sample * factor).collect()
}

#[test]
fn audio_of_every_kind_gives_the_published_features() {
    let (published, native) = (load(Strategy::Windows), native());
    let sine = |hz: f32| {
        (0..32_000).map(move |n| 0.5 * (n as f32 * hz * std::f32::consts::TAU / 16_000.0).sin())
    };
    let clips = [
        clip("word"),
        clip("noisy"),
        noise(32_000, 5),
        vec![0.0; 32_000],
        // Clipped at full scale.
        scaled(&clip("word"), 50.0)
            .iter()
            .map(|x| x.clamp(-1.0, 1.0))
            .collect(),
        scaled(&clip("noisy"), 32_768.0),
        scaled(&noise(32_000, 6), 1e-4),
        sine(440.0).collect(),
        // Next to nothing of these is in a mel band.
        vec![0.5; 32_000],
        vec![-1.0; 32_000],
        sine(30.0).collect(),
        noise(32_000, 7).iter().map(|x| 0.9 + 1e-3 * x).collect(),
        (0..32_000).map(|n| n as f32 / 32_000.0).collect(),
    ];
    let expected = mel(&published, &views(&clips));
    for (found, expected) in mel(&native, &views(&clips)).iter().zip(&expected) {
        assert_close(found, expected, MEL_TOLERANCE);
    }
    let windows = embed(&published, &views(&expected));
    for (found, expected) in embed(&native, &views(&expected)).iter().zip(&windows) {
        assert_close(found, expected, EMBEDDING_TOLERANCE);
    }
}

#[test]
fn the_floor_of_the_detector_is_that_of_each_group_alone() {
    let front_end = |backend, strategy| {
        open(&FrontEndSpec {
            backend,
            strategy,
            floor: Floor::Stream,
            full_scale: 32_768.0,
            ..FrontEndSpec::default()
        })
        .expect("it serves")
    };
    let mut quiet = scaled(&noise(32_000, 9), 100.0);
    quiet[3000..20_000].fill(0.0);
    let clips = [
        scaled(&clip("word"), 32_768.0),
        scaled(&clip("noisy"), 32_768.0),
        quiet,
        vec![0.0; 1000],
        vec![1.0; 100],
    ];
    let published = front_end(Backend::OnnxRuntime, Strategy::Windows);
    let expected = mel(&published, &views(&clips));
    // What openWakeWord's detector does: the network on the samples of a group.
    let plain = load(Strategy::Windows);
    for (clip, expected) in clips.iter().zip(&expected) {
        let mut at = 0;
        for samples in std::iter::once(992).chain(std::iter::repeat(1632)) {
            let end = (at + samples).min(clip.len());
            let Some(group) = clip.get(at..end).filter(|group| group.len() >= 512) else {
                break;
            };
            let frame = at / 160;
            let group = mel(&plain, &[group]);
            let found = &expected[frame * BANDS..][..group[0].len()];
            assert_close(found, &group[0], 1e-6);
            at += (samples - 512) / 160 * 160 + 160;
        }
    }
    for (backend, strategy) in [
        (Backend::Native, Strategy::Auto),
        (Backend::OnnxRuntime, Strategy::Auto),
    ] {
        let found = mel(&front_end(backend, strategy), &views(&clips));
        for (found, expected) in found.iter().zip(&expected) {
            assert_close(found, expected, MEL_TOLERANCE);
        }
    }
}

#[test]
fn any_length_from_one_to_sixty_seconds_gives_the_published_features() {
    let (published, native) = (load(Strategy::Auto), native());
    for samples in [16_000, 16_001, 31_712, 48_037, 100_001, 960_000] {
        for audio in [noise(samples, samples as u32), vec![0.7; samples]] {
            let expected = mel(&published, &[&audio]);
            assert_close(&mel(&native, &[&audio])[0], &expected[0], MEL_TOLERANCE);
            let windows = embed(&published, &views(&expected));
            let found = embed(&native, &views(&expected));
            assert_close(&found[0], &windows[0], EMBEDDING_TOLERANCE);
        }
    }
}

#[test]
fn spectrograms_that_no_audio_has_stay_within_the_tolerance() {
    let (published, native) = (load(Strategy::Windows), native());
    let spectrograms = [
        vec![0.0; 197 * BANDS],
        vec![2.0; 197 * BANDS],
        scaled(&noise(197 * BANDS, 8), 20.0),
    ];
    let expected = embed(&published, &views(&spectrograms));
    for (found, expected) in embed(&native, &views(&spectrograms)).iter().zip(&expected) {
        assert_close(found, expected, EMBEDDING_TOLERANCE);
    }
}

#[test]
fn a_clip_gives_the_same_bytes_alone_and_in_company() {
    let native = native();
    let clips: Vec<_> = (1..=5)
        .map(|seed| noise(20_000 + 3_000 * seed, seed as u32))
        .collect();
    let together = mel(&native, &views(&clips));
    let embedded = embed(&native, &views(&together));
    for (index, clip) in clips.iter().enumerate().rev() {
        let alone = mel(&native, &[clip]);
        assert_eq!(alone[0], together[index]);
        assert_eq!(embed(&native, &views(&alone))[0], embedded[index]);
    }
}

#[test]
fn auto_takes_the_kernels_where_they_serve_and_says_why_elsewhere() {
    let backend = |change: fn(&mut FrontEndSpec)| {
        let front_end = load_with(|spec| {
            spec.backend = Backend::Auto;
            change(spec);
        })
        .expect("something serves");
        let report = front_end.report();
        (report.backend, report.backend_reason.clone())
    };
    let (chosen, reason) = backend(|_| {});
    assert_eq!(chosen, Backend::Native, "{reason}");
    let (chosen, reason) = backend(|spec| spec.strategy = Strategy::Windows);
    assert_eq!(chosen, Backend::OnnxRuntime);
    assert!(reason.contains("windows"), "{reason}");
}

#[test]
fn a_sample_of_rows_is_verified_on_request() {
    let front_end = open(&FrontEndSpec {
        verify: true,
        ..FrontEndSpec::default()
    })
    .expect("loads");
    let spectrograms = mel(&front_end, &[&clip("word"), &clip("noisy")]);
    embed(&front_end, &views(&spectrograms));
    let found = front_end.differences().expect("asked for");
    assert_eq!(found.rows, 1);
    assert!(found.mel_db < 2e-3 && found.embedding < 5e-4, "{found:?}");
}
