use serde::Deserialize;

use super::*;

fn tally(scores: &[f32]) -> Tally {
    let mut tally = Tally::default();
    scores.iter().for_each(|&score| tally.add(score));
    tally
}

#[test]
fn a_score_at_the_threshold_is_a_detection_in_float32() {
    // 0.7 is less as float32 than as float64, and livekit-wakeword compares
    // float32 with a Python float: as float32.
    let found = operating_at(&tally(&[0.7]), &tally(&[0.5, 0.1]), 0.7, 2.0);
    assert_eq!(found.recall, 1.0);
    let found = operating_at(&tally(&[0.7]), &tally(&[0.5, 0.1]), 0.5, 2.0);
    assert_eq!(found.fpph, 0.5);
    assert_eq!(found.accuracy, 0.75);
}

#[test]
fn det_thresholds_compare_in_float64() {
    let det = det_curve(&tally(&[0.7]), &tally(&[0.7]));
    let missed = det.iter().position(|&(_, fnr)| fnr == 1.0);
    assert!(f64::from(0.7_f32) < 0.7);
    assert_eq!(missed, Some(700));
}

#[test]
fn the_best_threshold_has_the_highest_recall_within_the_target() {
    let positives = tally(&[0.95, 0.9, 0.6, 0.3]);
    let negatives = tally(&[0.45, 0.2, 0.1]);
    let best = best_threshold(&positives, &negatives, 1.0, 0.0);
    assert_eq!((best.recall, best.fpph), (0.75, 0.0));
    assert!(
        (best.threshold - 0.46).abs() < 1e-12,
        "the lowest of equals"
    );
    let best = best_threshold(&positives, &negatives, 1.0, 1.0);
    assert_eq!((best.recall, best.fpph), (1.0, 1.0));
}

#[test]
fn without_one_within_the_target_accuracy_decides() {
    let positives = tally(&[0.95, 0.9, 0.6, 0.3]);
    let negatives = tally(&[0.999, 0.2]);
    let best = best_threshold(&positives, &negatives, 1.0, 0.5);
    assert_eq!((best.recall, best.fpph), (1.0, 1.0));
    assert!((best.threshold - 0.21).abs() < 1e-12);
}

#[test]
fn a_model_that_detects_nothing_is_judged_at_one_half() {
    let best = best_threshold(&tally(&[0.0]), &tally(&[0.0]), 1.0, 0.5);
    assert_eq!((best.threshold, best.recall), (0.5, 0.0));
}

#[test]
fn areas() {
    let perfect = det_curve(&tally(&[1.0]), &tally(&[0.0]));
    assert_eq!(area_under(&perfect), 0.0);
    // Both are 0.5: everything is detected up to there, nothing above.
    let chance = det_curve(&tally(&[0.5]), &tally(&[0.5]));
    assert_eq!(area_under(&chance), 0.5);
    let reversed = det_curve(&tally(&[0.1]), &tally(&[0.9]));
    assert_eq!(area_under(&reversed), 1.0);
}

/// Scores, and what livekit-wakeword makes of them: tests/golden/make_eval_golden.py.
#[derive(Deserialize)]
struct Case {
    positives: Vec<f32>,
    negatives: Vec<f32>,
    target_fp_per_hour: f64,
    livekit: Figures,
}

#[derive(Deserialize)]
struct Figures {
    aut: f64,
    fpph: f64,
    recall: f64,
    accuracy: f64,
    optimal_threshold: f64,
    optimal_recall: f64,
    optimal_fpph: f64,
}

#[test]
fn the_figures_are_livekits() {
    let cases = include_str!("../../../tests/golden/eval.json");
    let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let (positives, negatives) = (tally(&case.positives), tally(&case.negatives));
        let hours = case.negatives.len() as f64 * 2.0 / 3600.0;
        let fixed = operating_at(&positives, &negatives, 0.5, hours);
        let best = best_threshold(&positives, &negatives, hours, case.target_fp_per_hour);
        let expected = case.livekit;
        for (found, expected) in [
            (area_under(&det_curve(&positives, &negatives)), expected.aut),
            (fixed.fpph, expected.fpph),
            (fixed.recall, expected.recall),
            (fixed.accuracy, expected.accuracy),
            (best.threshold, expected.optimal_threshold),
            (best.recall, expected.optimal_recall),
            (best.fpph, expected.optimal_fpph),
        ] {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }
}
