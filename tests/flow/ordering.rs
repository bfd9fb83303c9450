//! Items reach the sink in the order of the source, each exactly once.

use std::time::Duration;

use proptest::prelude::*;
use wakemill::flow::{Flow, Silent};

use crate::support::{Each, Keep, LIMIT, never, settings, within, workers};

/// Sleeps for a time that looks random but follows from the item.
fn dawdle(item: u64) {
    let micros = item.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56;
    std::thread::sleep(Duration::from_micros(micros));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_parallelism_gives_the_order_of_the_source(
        items in 0u64..300,
        in_flight in 1usize..20,
        shape in prop::array::uniform2((1usize..6, 1usize..6)),
    ) {
        let (taken, facts) = within(LIMIT, move || {
            let double = Each("double", |item: u64, _: &mut _| { dawdle(item); Ok(item * 2) });
            let add = Each("add", |item: u64, _: &mut _| { dawdle(item + 1); Ok(item + 1) });
            let mut keep = Keep::new(|_| Ok(()));
            let (facts, result) = Flow::source("count", 0..items, settings(in_flight))
                .stage(&double, workers(shape[0].0, shape[0].1))
                .stage(&add, workers(shape[1].0, shape[1].1))
                .sink(&mut keep, 1)
                .run(&Silent, &never());
            result.expect("nothing fails");
            (keep.items(), facts)
        });
        prop_assert_eq!(taken, (0..items).map(|item| item * 2 + 1).collect::<Vec<_>>());
        prop_assert!(facts.stages.iter().all(|stage| stage.items == items && stage.depth == 0));
        prop_assert_eq!(facts.permits_in_use, 0);
        prop_assert_eq!(facts.reorder_pending, 0);
    }
}

#[test]
fn a_slow_first_item_holds_back_the_sink_but_stalls_nothing_for_ever() {
    let (taken, facts) = within(LIMIT, || {
        let slow_first = Each("slow", |item: u64, _: &mut _| {
            if item == 0 {
                std::thread::sleep(Duration::from_millis(300));
            }
            Ok(item)
        });
        let mut keep = Keep::new(|_| Ok(()));
        let (facts, result) = Flow::source("count", 0..100, settings(8))
            .stage(&slow_first, workers(2, 1))
            .sink(&mut keep, 1)
            .run(&Silent, &never());
        result.expect("nothing fails");
        (keep.items(), facts)
    });
    assert_eq!(taken, (0..100).collect::<Vec<_>>());
    assert!(
        facts.reorder_stalled >= Duration::from_millis(200),
        "{facts:?}"
    );
}

#[test]
fn the_states_of_a_stage_sum_to_its_workers_times_the_wall_time() {
    let facts = within(LIMIT, || {
        let work = Each("work", |item: u64, _: &mut _| {
            std::thread::sleep(Duration::from_millis(2));
            Ok(item)
        });
        let mut keep = Keep::new(|_| {
            std::thread::sleep(Duration::from_millis(3));
            Ok(())
        });
        Flow::source("count", 0..200, settings(6))
            .stage(&work, workers(3, 2))
            .sink(&mut keep, 1)
            .run(&Silent, &never())
            .0
    });
    for stage in &facts.stages {
        let time = stage.time;
        let sum = (time.idle + time.busy + time.blocked).as_secs_f64();
        let expected = stage.workers as f64 * facts.elapsed.as_secs_f64();
        assert!(
            (sum / expected - 1.0).abs() < 0.02,
            "{}: {sum} of {expected}",
            stage.name
        );
    }
}
