//! What the runtime costs per item: numbering, permits, channels, threads and
//! the reorder buffer, with stages that do nothing.

#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use wakemill::flow::{
    BoxError, Cancel, Flow, Focus, Reorder, Seq, Settings, Silent, Sink, Stage, StageSettings,
    Worker,
};

const ITEMS: u64 = 10_000;

struct Pass;

impl Stage for Pass {
    type In = u64;
    type Out = u64;
    type Worker = Pass;

    fn name(&self) -> &'static str {
        "pass"
    }

    fn worker(&self) -> Result<Pass, BoxError> {
        Ok(Pass)
    }
}

impl Worker for Pass {
    type In = u64;
    type Out = u64;

    fn process(&mut self, item: u64, _: &mut Focus) -> Result<u64, BoxError> {
        Ok(item)
    }
}

struct Count(u64);

impl Sink for Count {
    type In = u64;

    fn name(&self) -> &'static str {
        "count"
    }

    fn take(&mut self, _: Seq, item: u64, _: &mut Focus) -> Result<(), BoxError> {
        self.0 += item;
        Ok(())
    }
}

/// Four stages, as in the pipeline.
fn run(workers: usize) -> u64 {
    let settings = Settings {
        in_flight: 16,
        tick: Duration::from_millis(250),
    };
    let stage = StageSettings {
        workers,
        max_workers: workers,
        capacity: 4,
    };
    let mut count = Count(0);
    let (_, result) = Flow::source("count", 0..ITEMS, settings)
        .stage(&Pass, stage)
        .stage(&Pass, stage)
        .stage(&Pass, stage)
        .stage(&Pass, stage)
        .sink(&mut count, 16)
        .run(&Silent, &Cancel::new().1);
    result.unwrap();
    count.0
}

fn channels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("four empty stages, per item");
    group
        .throughput(Throughput::Elements(ITEMS))
        .sample_size(10);
    for workers in [1, 4] {
        group.bench_function(format!("{workers} workers each"), |bencher| {
            bencher.iter(|| run(workers));
        });
    }
    group.finish();
}

fn reorder(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reorder, per item");
    group.throughput(Throughput::Elements(ITEMS));
    for distance in [1, 16] {
        // Blocks of `distance` items arrive back to front.
        let order: Vec<Seq> = (0..ITEMS)
            .map(|seq| seq / distance * distance + (distance - 1 - seq % distance))
            .collect();
        group.bench_function(
            format!("out of place by up to {}", distance - 1),
            |bencher| {
                bencher.iter_batched(
                    Reorder::default,
                    |mut buffer| {
                        for &seq in &order {
                            buffer.push(seq, seq).unwrap();
                            while buffer.pop().is_some() {}
                        }
                    },
                    BatchSize::SmallInput,
                );
            },
        );
    }
    group.finish();
}

criterion_group!(benches, reorder, channels);
criterion_main!(benches);
