//! A stage that panics while it works on a clip.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wakemill::api::{self, Quiet, RowBlock, Source};
use wakemill::build::{Event, Watch};
use wakemill::config::plan::Plan;
use wakemill::dataset::write::WriteError;
use wakemill::dataset::{Existing, RowSink};
use wakemill::dsp::Range;
use wakemill::dsp::chain::EffectSpec;
use wakemill::flow::{Cancel, Observer};

use super::steps::build_here;
use super::support::{Case, assert_same};

/// Panics when the writer has taken so many batches.
struct Panicker {
    batches_left: AtomicU32,
    warned: Mutex<String>,
}

impl Panicker {
    fn after(batches: u32) -> Self {
        Self {
            batches_left: AtomicU32::new(batches),
            warned: Mutex::default(),
        }
    }
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
fn failure(case: &Case, change: fn(&mut Plan)) -> (String, String) {
    let (file, output) = (case.path("pipeline.toml"), case.path("out"));
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let watch = Panicker::after(u32::MAX);
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
    let (error, warned) = failure(&case, change);
    let clip = error.strip_prefix("stage augment, ").expect(&error);
    let (clip, panic) = clip.split_once(".wav: panicked: ").expect(&error);
    assert!(panic.contains("empty range"), "{error}");
    let whole_batches = clip.parse::<u32>().unwrap() / 2 * 2;
    let kept = format!("{whole_batches} of 9 clips are kept");
    assert!(warned.contains(&kept), "{error}: {warned}");
}

#[test]
fn a_watch_that_panics_is_heard_no_more_and_the_build_goes_on() {
    let case = Case::new(9);
    let expected = case.build("whole", &[]);
    for batches in [1, 3, 5] {
        let watch = Panicker::after(batches);
        let output = case.path("out").display().to_string();
        build_here(
            &case.path("pipeline.toml"),
            &output,
            Existing::Keep,
            &watch,
            |_| {},
        )
        .unwrap();
        let made = case.build("out", &["--resume"]);
        assert_same(&made, &expected, &format!("after {batches}"));
        std::fs::remove_dir_all(case.path("out")).unwrap();
    }
}

/// Takes so many blocks, and panics over a clip of the next.
struct Defective {
    blocks_left: u32,
}

impl RowSink for Defective {
    fn take(
        &mut self,
        block: RowBlock,
        focus: &mut dyn FnMut(&std::sync::Arc<str>),
    ) -> Result<(), WriteError> {
        if self.blocks_left == 0 {
            focus(&block.batch.spans[1].id.name);
            panic!("a defect of the writer");
        }
        self.blocks_left -= 1;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

#[test]
fn a_panic_of_the_writer_names_stage_and_clip() {
    let case = Case::new(9);
    let file = case.path("pipeline.toml");
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let plan = api::load(&Source::new(&file)).unwrap().plan;
        let prepared = api::prepare(plan, 2, &Quiet).unwrap();
        let ready = prepared.ready(&mut |_| {}, &Quiet).unwrap();
        let (_cancel, token) = Cancel::new();
        let ended = ready.stream(&mut Defective { blocks_left: 2 }, &Quiet, &token);
        tell.send(ended.unwrap_err().to_string()).unwrap();
    });
    let error = told
        .recv_timeout(Duration::from_secs(120))
        .expect("it ends, and with an error");
    assert!(error.starts_with("stage write, "), "{error}");
    assert!(
        error.contains(".wav: panicked: a defect of the writer"),
        "{error}"
    );
}
