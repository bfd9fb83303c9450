//! Clips with a fault each.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Half a second of sound that swells and fades, in silence with a little noise.
fn clip() -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    (0..16_000)
        .map(|n| {
            let at = (n as f32 - 4_000.0) / 8_000.0;
            let swell = if (0.0..1.0).contains(&at) {
                (std::f32::consts::PI * at).sin()
            } else {
                0.0
            };
            0.3 * swell * rng.random_range(-1.0..1.0) + rng.random_range(-1e-4..1e-4)
        })
        .collect()
}

fn found(samples: &[f32]) -> Vec<&'static str> {
    heard(samples, 0.0)
}

fn heard(samples: &[f32], others: f32) -> Vec<&'static str> {
    let rules = Arc::new(AuditRules::default());
    let mut auditor = ClipAuditor::new(&rules, 16_000).unwrap();
    let mut findings = Findings::default();
    let heard = Heard {
        raw: samples,
        ms: 16,
        level: Level::of(samples),
        others,
        mended: false,
        samples,
        positive: true,
    };
    auditor.judge(heard, &mut findings).unwrap();
    let noted = findings.audit.unwrap().noted;
    noted.iter().map(|noted| noted.check.name()).collect()
}

#[test]
fn each_fault_of_a_clip_is_found_and_a_clean_one_has_none() {
    let clean = clip();
    assert_eq!(found(&clean), [""; 0]);
    let changed = |change: &dyn Fn(usize, f32) -> f32| -> Vec<f32> {
        clean
            .iter()
            .enumerate()
            .map(|(n, x)| change(n, *x))
            .collect()
    };
    assert_eq!(found(&changed(&|_, x| x * 1e-4)), ["silent"]);
    assert_eq!(found(&changed(&|_, x| x * 0.005)), ["quiet"]);
    assert_eq!(found(&changed(&|_, x| x + 0.02)), ["offset"]);
    assert_eq!(found(&changed(&|_, x| x.clamp(-0.1, 0.1))), ["clipped"]);
    assert_eq!(found(&clean[8_000..]), ["cut_start"]);
    assert_eq!(found(&clean[..8_000]), ["cut_end"]);
    let gap = changed(&|n, x| if (8_000..9_600).contains(&n) { 0.0 } else { x });
    assert_eq!(found(&gap), ["gap"]);
    // Faded out, and going on at once.
    let fade = |n: usize| (8_000.0 - n as f32).clamp(0.0, 160.0) / 160.0;
    let resumed = changed(&|n, x| if n < 9_600 { fade(n) * x } else { x });
    assert_eq!(found(&resumed), ["gap"]);
    let faded = changed(&|n, x| fade(n) * x);
    assert_eq!(found(&faded), [""; 0]);
    assert_eq!(heard(&clean, 1.0), [""; 0]);
    assert_eq!(
        heard(&changed(&|_, x| x * 0.01), 0.5),
        ["other_channel", "quiet"]
    );
}

#[test]
fn nothing_of_a_clip_panics() {
    for samples in [0, 1, 7, 15, 16, 17, 159, 511, 513] {
        found(&vec![0.0; samples]);
        found(&vec![0.5; samples]);
        found(&vec![-1.0; samples]);
    }
}

#[test]
fn what_the_rules_leave_out_is_refused() {
    let rules = AuditRules::new(|check| {
        let policy = match check {
            Check::Silent => crate::records::Policy::LeaveOut,
            _ => crate::records::Policy::Warn,
        };
        (policy, check.threshold().default.parse().unwrap())
    });
    let mut auditor = ClipAuditor::new(&Arc::new(rules), 16_000).unwrap();
    let samples = [0.0; 1_600];
    let heard = Heard {
        raw: &samples,
        ms: 16,
        level: Level::of(&samples),
        others: 0.0,
        mended: false,
        samples: &samples,
        positive: false,
    };
    let refused = auditor.judge(heard, &mut Findings::default()).unwrap_err();
    assert!(refused.reason.starts_with("silent: "), "{}", refused.reason);
}
