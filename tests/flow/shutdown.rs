//! Every way to end early ends everything, and keeps the first cause.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wakemill::flow::{
    BoxError, Cancel, Flow, FlowError, FlowFacts, Focus, Observer, Silent, Stage, StageId, Work,
    Worker,
};

use crate::support::{Each, Keep, LIMIT, never, settings, within, workers};

/// Runs 0..1000 through a stage and gives what the sink saw, and the outcome.
fn run_through<F>(act: F, threads: usize) -> (Vec<u64>, Result<(), FlowError>)
where
    F: Fn(u64, &mut Focus) -> Result<u64, BoxError> + Clone + Send + Sync + 'static,
{
    within(LIMIT, move || {
        let stage = Each("act", act);
        let after = Each("after", |item: u64, _: &mut _| Ok(item));
        let mut keep = Keep::new(|_| Ok(()));
        let (_, result) = Flow::source("count", 0..1000, settings(16))
            .stage(&stage, workers(threads, 2))
            .stage(&after, workers(2, 2))
            .sink(&mut keep, 2)
            .run(&Silent, &never());
        (keep.items(), result)
    })
}

#[test]
fn the_sink_sees_everything_before_the_first_failing_item() {
    // Item 100 fails late and 103 early: the cause is 100 all the same.
    let act = |item: u64, _: &mut Focus| match item {
        100 => {
            std::thread::sleep(Duration::from_millis(50));
            Err("too round".into())
        }
        103 => Err("too late".into()),
        _ => Ok(item),
    };
    for threads in [1, 4] {
        let (taken, result) = run_through(act, threads);
        assert_eq!(taken, (0..100).collect::<Vec<_>>());
        let error = result.expect_err("item 100 fails");
        assert_eq!(error.to_string(), "stage act, item 100");
        let source = std::error::Error::source(&error).expect("a cause");
        assert_eq!(source.to_string(), "too round");
    }
}

#[test]
fn a_panic_ends_the_run_and_names_stage_and_item() {
    let act = |item: u64, focus: &mut Focus| {
        focus.set(&Arc::from(format!("clip-{item}.wav")));
        assert_ne!(item, 30, "unlucky");
        Ok(item)
    };
    for threads in [1, 4] {
        let (taken, result) = run_through(act, threads);
        assert_eq!(taken, (0..30).collect::<Vec<_>>());
        let error = result.expect_err("item 30 panics").to_string();
        assert!(
            error.starts_with("stage act, clip-30.wav: panicked: "),
            "{error}"
        );
        assert!(error.contains("unlucky"), "{error}");
    }
}

#[test]
fn a_failing_sink_ends_the_run() {
    let (taken, result) = within(LIMIT, || {
        let pass = Each("pass", |item: u64, _: &mut _| Ok(item));
        let mut keep = Keep::new(|seq| {
            if seq == 5 {
                Err("disk full".into())
            } else {
                Ok(())
            }
        });
        let (_, result) = Flow::source("count", 0.., settings(4))
            .stage(&pass, workers(3, 1))
            .sink(&mut keep, 1)
            .run(&Silent, &never());
        (keep.items(), result)
    });
    assert_eq!(taken, [0, 1, 2, 3, 4]);
    assert_eq!(result.expect_err("fails").to_string(), "stage keep, item 5");
}

#[test]
fn a_panicking_source_ends_the_run() {
    let (taken, result) = within(LIMIT, || {
        let pass = Each("pass", |item: u64, _: &mut _| Ok(item));
        let mut keep = Keep::new(|_| Ok(()));
        let source = (0..).inspect(|&item| assert!(item < 3, "ran dry"));
        let (_, result) = Flow::source("count", source, settings(4))
            .stage(&pass, workers(1, 1))
            .sink(&mut keep, 1)
            .run(&Silent, &never());
        (keep.items(), result)
    });
    assert_eq!(taken, [0, 1, 2]);
    let error = result.expect_err("panics").to_string();
    assert!(
        error.starts_with("stage count, item 3: panicked: ran dry"),
        "{error}"
    );
}

struct Unmakeable;
struct Never;

impl Stage for Unmakeable {
    type In = u64;
    type Out = u64;
    type Worker = Never;

    fn name(&self) -> &'static str {
        "unmakeable"
    }

    fn worker(&self) -> Result<Never, BoxError> {
        Err("no session".into())
    }
}

impl Worker for Never {
    type In = u64;
    type Out = u64;

    fn process(&mut self, _: u64, _: &mut Focus) -> Result<u64, BoxError> {
        unreachable!("there is none")
    }
}

#[test]
fn a_worker_that_cannot_start_ends_the_run() {
    let (taken, result) = within(LIMIT, || {
        let mut keep = Keep::new(|_| Ok(()));
        let (_, result) = Flow::source("count", 0.., settings(4))
            .stage(&Unmakeable, workers(3, 1))
            .sink(&mut keep, 1)
            .run(&Silent, &never());
        (keep.items(), result)
    });
    assert!(taken.is_empty());
    let error = result.expect_err("fails");
    assert_eq!(
        error.to_string(),
        "stage unmakeable: a worker could not start"
    );
}

#[test]
fn a_cancel_ends_an_endless_run_at_once_and_in_order() {
    let (taken, result, took) = within(LIMIT, || {
        let (cancel, token) = Cancel::new();
        let slow = Each("slow", |item: u64, _: &mut _| {
            std::thread::sleep(Duration::from_millis(5));
            Ok(item)
        });
        let mut asked = None;
        let mut keep = Keep::new(|seq| {
            if seq == 20 {
                cancel.cancel();
                cancel.cancel();
                asked = Some(Instant::now());
            }
            Ok(())
        });
        let (_, result) = Flow::source("count", 0.., settings(16))
            .stage(&slow, workers(4, 4))
            .sink(&mut keep, 4)
            .run(&Silent, &token);
        let items = keep.items();
        (items, result, asked.expect("cancelled").elapsed())
    });
    assert!(matches!(result, Err(FlowError::Cancelled)), "{result:?}");
    assert_eq!(taken, (0..taken.len() as u64).collect::<Vec<_>>());
    assert!(took < Duration::from_millis(500), "{took:?}");
}

#[test]
fn an_empty_source_ends_well() {
    let (taken, result) = within(LIMIT, || {
        let pass = Each("pass", |item: u64, _: &mut _| Ok(item));
        let mut keep = Keep::new(|_| Ok(()));
        let (_, result) = Flow::source("count", std::iter::empty(), settings(4))
            .stage(&pass, workers(3, 1))
            .sink(&mut keep, 1)
            .run(&Silent, &never());
        (keep.items(), result)
    });
    assert!(taken.is_empty());
    result.expect("nothing fails");
}

/// Panics whatever it is told.
struct Nervous;

#[allow(clippy::panic)]
impl Observer for Nervous {
    fn worked(&self, _: StageId, _: &Work) {
        panic!("worked");
    }

    fn stopping(&self, _: &FlowError) {
        panic!("stopping");
    }

    fn tick(&self, _: &FlowFacts) {
        panic!("tick");
    }
}

#[test]
fn an_observer_that_panics_neither_ends_nor_deafens_the_flow() {
    let (taken, result) = within(LIMIT, || {
        let pass = Each("pass", |item: u64, _: &mut _| Ok(item));
        let mut keep = Keep::new(|_| Ok(()));
        let (_, result) = Flow::source("count", 0..20, settings(4))
            .stage(&pass, workers(2, 1))
            .sink(&mut keep, 2)
            .run(&Nervous, &never());
        (keep.items(), result)
    });
    assert!(result.is_ok());
    assert_eq!(taken, (0..20).collect::<Vec<_>>());

    let (cancel, token) = Cancel::new();
    let asked = std::thread::spawn(move || {
        // Many ticks later it must still be heard.
        std::thread::sleep(Duration::from_millis(100));
        cancel.cancel();
        cancel
    });
    let result = within(LIMIT, move || {
        let slow = Each("slow", |item: u64, _: &mut _| {
            std::thread::sleep(Duration::from_millis(5));
            Ok(item)
        });
        let mut keep = Keep::new(|_| Ok(()));
        Flow::source("count", 0.., settings(4))
            .stage(&slow, workers(2, 1))
            .sink(&mut keep, 2)
            .run(&Nervous, &token)
            .1
    });
    assert!(matches!(result, Err(FlowError::Cancelled)));
    drop(asked.join());
}
