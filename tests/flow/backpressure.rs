//! A stage that does not take stops everything before it, at an exact count.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use wakemill::flow::{Flow, Silent};

use crate::support::{Each, Keep, LIMIT, never, settings, within, workers};

/// Waits until a count has not changed for a while.
fn settled(count: &AtomicUsize) -> usize {
    let (mut last, mut same) = (usize::MAX, 0);
    while same < 6 {
        std::thread::sleep(Duration::from_millis(50));
        let now = count.load(Ordering::SeqCst);
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}

/// Runs a flow whose sink is stuck until the count has been read; gives the
/// number of items that the source was asked for meanwhile, and in all.
fn admitted(in_flight: usize, threads: usize, capacity: usize) -> (usize, usize) {
    within(LIMIT, move || {
        let asked = Arc::new(AtomicUsize::new(0));
        let (open, opened) = mpsc::channel::<()>();
        let counter = Arc::clone(&asked);
        let source = (0..1000u64).inspect(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let mut while_stuck = 0;
        std::thread::scope(|scope| {
            let flow = scope.spawn(|| {
                let pass = Each("pass", |item: u64, _: &mut _| Ok(item));
                let mut keep = Keep::new(move |seq| {
                    if seq == 0 {
                        opened.recv().expect("the test opens it");
                    }
                    Ok(())
                });
                Flow::source("count", source, settings(in_flight))
                    .stage(&pass, workers(threads, capacity))
                    .sink(&mut keep, capacity)
                    .run(&Silent, &never())
                    .1
                    .expect("nothing fails");
            });
            while_stuck = settled(&asked);
            open.send(()).expect("the sink waits");
            flow.join().expect("no panic");
        });
        (while_stuck, asked.load(Ordering::SeqCst))
    })
}

#[test]
fn a_stuck_sink_admits_exactly_the_number_in_flight() {
    for in_flight in [1, 2, 7] {
        assert_eq!(admitted(in_flight, 3, 100), (in_flight, 1000));
    }
}

#[test]
fn small_channels_admit_exactly_what_they_and_the_workers_hold() {
    // One in the sink, three before it, one in the worker, three before that,
    // and one that the source holds. One worker, so that none is reordered.
    assert_eq!(admitted(500, 1, 3), (1 + 3 + 1 + 3 + 1, 1000));
}

#[test]
fn the_reorder_buffer_counts_as_in_flight() {
    let asked = within(LIMIT, || {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let source = (0..1000u64).inspect(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let at_first = Arc::clone(&asked);
        let stuck_first = Each("stuck", move |item: u64, _: &mut _| {
            // The others flow past into the reorder buffer meanwhile.
            if item == 0 {
                assert_eq!(settled(&at_first), 10);
            }
            Ok(item)
        });
        let mut keep = Keep::new(|_| Ok(()));
        Flow::source("count", source, settings(10))
            .stage(&stuck_first, workers(2, 100))
            .sink(&mut keep, 100)
            .run(&Silent, &never())
            .1
            .expect("nothing fails");
        asked.load(Ordering::SeqCst)
    });
    assert_eq!(asked, 1000);
}
