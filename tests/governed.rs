//! The governor of real builds on a real flow. Alone in its process, whose
//! processor time it goes by.

use std::time::Duration;

use wakemill::autoscale::{Balance, Limits, Policy};
use wakemill::flow::{
    BoxError, Cancel, Flow, Focus, Seq, Settings, Silent, Sink, Stage, StageSettings, Worker,
};

/// Waits for a while, as for a disk.
#[derive(Clone)]
struct Wait(&'static str, Duration);

impl Stage for Wait {
    type In = u64;
    type Out = u64;
    type Worker = Self;

    fn name(&self) -> &'static str {
        self.0
    }

    fn worker(&self) -> Result<Self, BoxError> {
        Ok(self.clone())
    }
}

impl Worker for Wait {
    type In = u64;
    type Out = u64;

    fn process(&mut self, item: u64, _: &mut Focus) -> Result<u64, BoxError> {
        std::thread::sleep(self.1);
        Ok(item)
    }
}

#[derive(Default)]
struct Keep(Vec<u64>);

impl Sink for Keep {
    type In = u64;

    fn name(&self) -> &'static str {
        "keep"
    }

    fn take(&mut self, _: Seq, item: u64, _: &mut Focus) -> Result<(), BoxError> {
        self.0.push(item);
        Ok(())
    }
}

#[test]
fn the_slow_stage_of_a_running_flow_gets_the_workers_it_lacks() {
    const ITEMS: u64 = 3000;
    let (fast, slow) = (
        Wait("fast", Duration::from_millis(1)),
        Wait("slow", Duration::from_millis(6)),
    );
    let policy = Policy {
        calibration: Duration::from_millis(100),
        window: Duration::from_millis(150),
        settling: Duration::from_millis(20),
        items: 20,
        ..Policy::default()
    };
    let limits = [1, 8, 8, 1].map(Limits::up_to);
    let mut balance = Balance::new(policy, 8, 12, &limits);
    let settings = StageSettings {
        workers: 1,
        max_workers: 8,
        capacity: 9,
    };
    let flow = Settings {
        in_flight: 30,
        tick: Duration::from_millis(10),
    };
    let mut keep = Keep::default();
    let (facts, result) = Flow::source("count", 0..ITEMS, flow)
        .stage(&fast, settings)
        .stage(&slow, settings)
        .sink(&mut keep, 30)
        .governed(&mut balance)
        .run(&Silent, &Cancel::new().1);
    result.expect("nothing fails");
    assert_eq!(keep.0, (0..ITEMS).collect::<Vec<_>>());
    let decisions = balance.decisions();
    assert!(facts.stages[2].workers >= 3, "{decisions:#?}");
    let alone = Duration::from_millis(6) * ITEMS as u32;
    assert!(facts.elapsed < alone * 2 / 3, "{:?}", facts.elapsed);
}
