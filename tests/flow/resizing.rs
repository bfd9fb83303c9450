//! Workers come and go while items flow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use wakemill::flow::{Flow, FlowFacts, Governor, Observer, Resize, Silent, StageSettings};

use crate::support::{Each, Keep, LIMIT, never, settings, within};

/// The stage that is resized: the first after the source.
const STAGE: usize = 1;

/// Asks for the next number of workers at each tick, and starts over.
struct Play {
    counts: Vec<usize>,
    ticks: usize,
}

impl Play {
    fn new(counts: &[usize]) -> Self {
        let counts = counts.to_vec();
        Self { counts, ticks: 0 }
    }
}

impl Governor for Play {
    fn decide(&mut self, facts: &FlowFacts) -> Vec<Resize> {
        let to = self.counts[self.ticks % self.counts.len()];
        self.ticks += 1;
        vec![Resize {
            stage: STAGE,
            name: facts.stages[STAGE].name,
            from: facts.stages[STAGE].workers,
            to,
            cause: "test",
            reason: String::new(),
        }]
    }
}

/// Four workers until so many items are done, then one.
struct Until(u64);

impl Governor for Until {
    fn decide(&mut self, facts: &FlowFacts) -> Vec<Resize> {
        let to = if facts.stages[STAGE].items < self.0 {
            4
        } else {
            1
        };
        Play::new(&[to]).decide(facts)
    }
}

fn up_to(max_workers: usize) -> StageSettings {
    StageSettings {
        workers: 1,
        max_workers,
        capacity: 2,
    }
}

/// Counts who is in and keeps the most at once.
#[derive(Clone, Default)]
struct Crowd {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Crowd {
    fn stay(&self, time: Duration) -> usize {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(time);
        self.now.fetch_sub(1, Ordering::SeqCst);
        now
    }
}

/// Runs items through a stage of up to four workers; gives the most that
/// worked at once.
fn most_at_once(counts: &'static [usize]) -> usize {
    within(LIMIT, move || {
        let crowd = Crowd::default();
        let inside = crowd.clone();
        let stage = Each("work", move |item: u64, _: &mut _| {
            inside.stay(Duration::from_millis(2));
            Ok(item)
        });
        let mut keep = Keep::new(|_| Ok(()));
        let mut play = Play::new(counts);
        let (_, result) = Flow::source("count", 0..200, settings(16))
            .stage(&stage, up_to(4))
            .sink(&mut keep, 2)
            .governed(&mut play)
            .run(&Silent, &never());
        result.expect("nothing fails");
        assert_eq!(keep.items(), (0..200).collect::<Vec<_>>());
        crowd.most.load(Ordering::SeqCst)
    })
}

#[test]
fn workers_are_added_up_to_the_most_and_never_fewer_than_one() {
    assert_eq!(most_at_once(&[4]), 4);
    assert_eq!(most_at_once(&[9]), 4);
    assert_eq!(most_at_once(&[0]), 1);
}

#[test]
fn parked_workers_take_no_more_items() {
    let late = within(LIMIT, || {
        let crowd = Crowd::default();
        let stage = Each("work", move |item: u64, _: &mut _| {
            let at_once = crowd.stay(Duration::from_millis(1)) as u64;
            Ok(if item < 900 { 0 } else { at_once })
        });
        let mut keep = Keep::new(|_| Ok(()));
        let (facts, result) = Flow::source("count", 0..1000, settings(16))
            .stage(&stage, up_to(4))
            .sink(&mut keep, 2)
            .governed(&mut Until(100))
            .run(&Silent, &never());
        result.expect("nothing fails");
        assert_eq!(facts.stages[STAGE].workers, 1);
        keep.items()
    });
    assert_eq!(late.iter().max(), Some(&1), "800 items are many ticks");
}

/// Adds up the workers over time, as told.
#[derive(Default)]
struct Sum {
    told: std::sync::Mutex<(Duration, usize, Duration)>,
}

impl Observer for Sum {
    fn tick(&self, facts: &FlowFacts) {
        let mut told = self.told.lock().unwrap();
        let (since, workers, sum) = *told;
        let past = (facts.elapsed - since) * workers as u32;
        *told = (facts.elapsed, facts.stages[STAGE].workers, sum + past);
    }
}

#[test]
fn the_states_of_a_stage_sum_to_its_workers_over_time() {
    let (sum, expected) = within(LIMIT, || {
        let work = Each("work", |item: u64, _: &mut _| {
            std::thread::sleep(Duration::from_millis(1));
            Ok(item)
        });
        let mut keep = Keep::new(|_| Ok(()));
        let mut counts = vec![1; 30];
        counts.extend([4; 30]);
        counts.extend([2; 30]);
        let mut play = Play::new(&counts);
        let observer = Sum::default();
        let (facts, _) = Flow::source("count", 0..2000, settings(16))
            .stage(&work, up_to(4))
            .sink(&mut keep, 2)
            .governed(&mut play)
            .run(&observer, &never());
        let time = facts.stages[STAGE].time;
        let told = observer.told.lock().unwrap();
        (time.idle + time.busy + time.blocked, told.2)
    });
    let ratio = sum.as_secs_f64() / expected.as_secs_f64();
    // A tick at each of a dozen changes, of some three hundred.
    assert!((ratio - 1.0).abs() < 0.05, "{sum:?} of {expected:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_stage_that_fails_while_it_is_resized_ends_the_run_as_ever(
        counts in prop::collection::vec(0usize..9, 1..20),
        bad in 0u64..400,
    ) {
        let (taken, result) = within(LIMIT, move || {
            let stage = Each("work", move |item: u64, _: &mut _| {
                std::thread::sleep(Duration::from_micros(300));
                if item == bad { Err("bad".into()) } else { Ok(item) }
            });
            let mut keep = Keep::new(|_| Ok(()));
            let mut play = Play::new(&counts);
            let (_, result) = Flow::source("count", 0..500, settings(16))
                .stage(&stage, up_to(6))
                .sink(&mut keep, 2)
                .governed(&mut play)
                .run(&Silent, &never());
            (keep.items(), result)
        });
        prop_assert_eq!(taken, (0..bad).collect::<Vec<_>>());
        prop_assert_eq!(result.expect_err("it fails").to_string(), format!("stage work, item {bad}"));
    }
}
