//! Blocks of rows for a caller.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use wakemill::api::{self, Event, Observer, Quiet, Ready, Source, Watch};
use wakemill::dataset::npy::NpyReader;

use super::support::Case;

fn ready(file: &Path) -> Arc<Ready> {
    let plan = api::load(&Source::new(file)).unwrap().plan;
    let prepared = api::prepare(plan, 2, &Quiet).unwrap();
    Arc::new(prepared.ready(&mut |_| {}, &Quiet).unwrap())
}

/// Runs `work` beside this thread, which does not wait for ever.
fn within_a_minute(work: impl FnOnce() + Send + 'static) {
    let (tell, told) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        tell.send(()).unwrap();
    });
    let ended = told.recv_timeout(Duration::from_secs(60));
    assert_ne!(ended, Err(mpsc::RecvTimeoutError::Timeout), "it hangs");
    worker.join().unwrap();
}

#[test]
fn the_blocks_are_what_a_build_writes() {
    let case = Case::new(9);
    case.build("out", &[]);
    let ready = ready(&case.path("pipeline.toml"));
    let mut values: BTreeMap<usize, Vec<f32>> = BTreeMap::new();
    for block in api::stream(Arc::clone(&ready), Arc::new(Quiet), 2).unwrap() {
        let block = block.unwrap();
        let rows = block.batch.spans.iter().flat_map(|span| &span.state);
        let rows: usize = rows.map(Vec::len).sum();
        assert_eq!(block.values.dim(), (rows, 16, 96));
        values
            .entry(block.batch.split)
            .or_default()
            .extend(block.values.iter());
    }
    assert_eq!(values.len(), 2);
    for (split, values) in values {
        let features = &ready.plan().splits[split].features;
        let written = NpyReader::open(&case.path("out").join(features)).unwrap();
        let mut scratch = Vec::new();
        let expected = written.values(0..written.rows(), &mut scratch).unwrap();
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&values), bits(expected), "{features}");
    }
}

#[test]
fn a_stream_that_is_dropped_ends() {
    let case = Case::new(60);
    let ready = ready(&case.path("pipeline.toml"));
    for taken in [0, 1, 3] {
        let ready = Arc::clone(&ready);
        within_a_minute(move || {
            let mut blocks = api::stream(ready, Arc::new(Quiet), 1).unwrap();
            for _ in 0..taken {
                blocks.next().unwrap().unwrap();
            }
        });
    }
    assert!(!case.path("out").join("dataset.json").exists());
}

/// Panics whatever it hears.
struct Panics;

impl Observer for Panics {}

impl Watch for Panics {
    fn hear(&self, _: Event<'_>) {
        panic!("a defect");
    }
}

#[test]
fn a_watch_that_panics_spoils_no_stream() {
    let case = Case::new(3);
    let ready = ready(&case.path("pipeline.toml"));
    let clips = |watch: Arc<dyn Watch>| {
        let blocks = api::stream(Arc::clone(&ready), watch, 1).unwrap();
        let clips = blocks.map(|block| block.unwrap().batch.spans.len());
        clips.sum::<usize>()
    };
    assert_eq!(clips(Arc::new(Panics)), clips(Arc::new(Quiet)));
}
