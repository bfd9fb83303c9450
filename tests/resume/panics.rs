//! A stage that panics while it works on a clip.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wakemill::build::{Event, Watch};
use wakemill::config::plan::Plan;
use wakemill::dataset::Existing;
use wakemill::dsp::Range;
use wakemill::dsp::chain::EffectSpec;
use wakemill::flow::Observer;

use super::steps::build_here;
use super::support::{Case, assert_same};

/// Panics in the writer, when it has taken so many batches.
struct Panicker {
    batches_left: AtomicU32,
    warned: Mutex<String>,
}

impl Observer for Panicker {}

impl Watch for Panicker {
    fn hear(&self, event: Event<'_>) {
        match event {
            Event::Warning(text) => self.warned.lock().unwrap().push_str(text),
            Event::Taken(_) if self.batches_left.fetch_sub(1, Ordering::Relaxed) == 1 => {
                panic!("a defect");
            }
            _ => {}
        }
    }
}

/// Why a build in this process failed, and what it warned of.
fn failure(case: &Case, batches: u32, change: fn(&mut Plan)) -> (String, String) {
    let (file, output) = (case.path("pipeline.toml"), case.path("out"));
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let watch = Panicker {
            batches_left: AtomicU32::new(batches),
            warned: Mutex::default(),
        };
        let output = output.display().to_string();
        let ended = build_here(&file, &output, Existing::Keep, &watch, change);
        let warned = watch.warned.into_inner().unwrap();
        tell.send((ended.unwrap_err().to_string(), warned)).unwrap();
    });
    let limit = Duration::from_secs(120);
    told.recv_timeout(limit)
        .expect("it ends, and with an error")
}

#[test]
fn a_panic_in_a_worker_names_stage_and_clip() {
    let case = Case::new(9);
    // A range that no configuration can hold: there is nothing to draw from it.
    let change = |plan: &mut Plan| {
        for effect in &mut plan.augment.chain {
            if let EffectSpec::Distortion(distortion) = effect {
                distortion.probability = 0.1;
                distortion.amount = Range::new(1.0, 0.0);
            }
        }
    };
    let (error, warned) = failure(&case, u32::MAX, change);
    let clip = error.strip_prefix("stage augment, ").expect(&error);
    let (clip, panic) = clip.split_once(".wav: panicked: ").expect(&error);
    assert!(panic.contains("empty range"), "{error}");
    let whole_batches = clip.parse::<u32>().unwrap() / 2 * 2;
    let kept = format!("{whole_batches} of 9 clips are kept");
    assert!(warned.contains(&kept), "{error}: {warned}");
}

#[test]
fn a_build_whose_writer_panicked_is_resumed_to_the_same_bytes() {
    let case = Case::new(9);
    let expected = case.build("whole", &[]);
    // Batches of two clips, and none of two splits.
    for (batches, clip, kept) in [(1, "001.wav", 0), (3, "005.wav", 4), (5, "008.wav", 8)] {
        let (error, warned) = failure(&case, batches, |_| {});
        assert_eq!(error, format!("stage write, {clip}: panicked: a defect"));
        let hint = format!("{kept} of 9 clips are kept");
        assert!(warned.contains(&hint), "{warned}");
        let made = case.build("out", &["--resume"]);
        assert_same(&made, &expected, &error);
        std::fs::remove_dir_all(case.path("out")).unwrap();
    }
}
