//! Batches of rows in a caller's order.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wakemill::api::{
    self, BuildError, Draw, Feed, Position, Quiet, Ready, Rows, Shard, Source, Wanted,
};
use wakemill::dataset::npy::NpyReader;

use super::support::Case;

const START: Position = Position { epoch: 0, batch: 0 };

fn ready(file: &Path, set: &[&str]) -> Arc<Ready> {
    let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
    let source = Source {
        set: &set,
        ..Source::new(file)
    };
    let plan = api::load(&source).unwrap().plan;
    let prepared = api::prepare(plan, 2, &Quiet).unwrap().without_wavs();
    Arc::new(prepared.ready(&mut |_| {}, &Quiet).unwrap())
}

fn together(rows: usize) -> Wanted {
    Wanted {
        draw: Draw::Together {
            rows,
            splits: Vec::new(),
        },
        shuffle: false,
        shard: Shard::WHOLE,
    }
}

fn feed(ready: &Arc<Ready>, wanted: &Wanted, from: Position) -> Result<Feed, BuildError> {
    Feed::open(Arc::clone(ready), Arc::new(Quiet), wanted, from)
}

/// The next batch.
fn next(feed: &mut Feed) -> Result<Rows, BuildError> {
    loop {
        if let Some(rows) = feed.within(Duration::from_secs(60))? {
            return Ok(rows);
        }
    }
}

/// What is left of the present epoch.
fn epoch(feed: &mut Feed) -> Result<Vec<Rows>, BuildError> {
    let epoch = feed.position().epoch;
    let mut batches = Vec::new();
    while feed.position().epoch == epoch {
        batches.push(next(feed)?);
    }
    Ok(batches)
}

fn bits(rows: &[Rows]) -> Vec<u32> {
    let values = rows.iter().flat_map(|rows| &rows.values);
    values.map(|value| value.to_bits()).collect()
}

#[test]
fn epoch_0_is_what_a_build_writes_in_any_number_of_parts() {
    let case = Case::new(9);
    case.build("out", &[]);
    let ready = ready(&case.path("pipeline.toml"), &[]);
    for shards in [1, 3] {
        let mut found: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for index in 0..shards {
            let shard = Shard {
                index,
                count: shards,
            };
            let wanted = Wanted {
                shard,
                ..together(5)
            };
            for rows in epoch(&mut feed(&ready, &wanted, START).unwrap()).unwrap() {
                assert_eq!(rows.values.dim(), (rows.rows.len(), 16, 96));
                let values = rows.values.outer_iter();
                for (row, values) in rows.rows.iter().zip(values) {
                    let values = values.iter().map(|value| value.to_bits());
                    found.entry(row.split).or_default().extend(values);
                }
            }
        }
        assert_eq!(found.len(), 2);
        for (split, found) in found {
            let features = &ready.plan().splits[split].features;
            let written = NpyReader::open(&case.path("out").join(features)).unwrap();
            let mut scratch = Vec::new();
            let expected = written.values(0..written.rows(), &mut scratch).unwrap();
            let expected: Vec<u32> = expected.iter().map(|value| value.to_bits()).collect();
            assert_eq!(found, expected, "{features}");
        }
    }
}

#[test]
fn any_batch_can_be_begun_with_and_epochs_follow_one_another() {
    let case = Case::new(7);
    let ready = ready(&case.path("pipeline.toml"), &[]);
    let shuffled = Wanted {
        shuffle: true,
        ..together(5)
    };
    let mut straight = feed(&ready, &shuffled, START).unwrap();
    let (zero, one) = (epoch(&mut straight).unwrap(), epoch(&mut straight).unwrap());
    assert_ne!(bits(&zero), bits(&one));
    for batch in 0..straight.batches() {
        let from = Position { epoch: 1, batch };
        let mut later = feed(&ready, &shuffled, from).unwrap();
        let rest = epoch(&mut later).unwrap();
        assert_eq!(bits(&rest), bits(&one[batch as usize..]));
    }
    straight.seek(START).unwrap();
    assert_eq!(bits(&epoch(&mut straight).unwrap()), bits(&zero));
}

#[test]
fn what_cannot_be_is_refused() {
    let case = Case::new(3);
    let ready = ready(&case.path("pipeline.toml"), &[]);
    let shares = |shares: &[(&str, usize)]| Wanted {
        draw: Draw::Shares(
            shares
                .iter()
                .map(|&(name, rows)| (name.into(), rows))
                .collect(),
        ),
        ..together(1)
    };
    let shard = |index, count| Wanted {
        shard: Shard { index, count },
        ..together(1)
    };
    let late = Position {
        epoch: 1 << 32,
        batch: 0,
    };
    let beyond = Position {
        epoch: 0,
        batch: 999,
    };
    for (wanted, from, said) in [
        (together(0), START, "at least one row"),
        (shares(&[]), START, "at least one row"),
        (shares(&[("x", 1)]), START, "there is no split 'x'"),
        (shard(2, 2), START, "no shard 2 of 2"),
        (together(1), late, "epochs go from 0"),
        (together(1), beyond, "there is no batch 999"),
    ] {
        let Err(error) = feed(&ready, &wanted, from) else {
            panic!("{said}");
        };
        assert!(
            error.is_usage() && error.to_string().contains(said),
            "{error}"
        );
    }
}

#[test]
fn a_clip_that_fails_follows_the_policy() {
    let case = Case::new(20);
    let file = case.path("pipeline.toml");
    let clips = ready(&file, &[]);
    let split = &clips.inputs().splits[0];
    let name = split.name().to_owned();
    fs::write(&split.clips[11].id.path, "RIFF, and then no audio").unwrap();
    let spoilt = split.clips[11].id.name.to_string();

    let stop = epoch(&mut feed(&clips, &together(4), START).unwrap()).unwrap_err();
    let text = stop.to_string();
    assert!(text.contains(&spoilt) && text.contains(&name), "{text}");
    assert!(!text.contains("--resume"), "{text}");

    let whole = clips.inputs().span_count();
    let skip = ready(&file, &["failures.policy=skip", "failures.max_rate=0.05"]);
    let batches = epoch(&mut feed(&skip, &together(4), START).unwrap()).unwrap();
    let rows: usize = batches.iter().map(|rows| rows.rows.len()).sum();
    let left_out = batches.iter().flat_map(|rows| &rows.left_out);
    assert_eq!(left_out.count(), 1);
    let each = clips.inputs().passes.rows() as usize;
    assert_eq!(rows, (whole as usize - 1) * each);

    let none = ready(&file, &["failures.policy=skip", "failures.max_rate=0.0"]);
    let many = epoch(&mut feed(&none, &together(4), START).unwrap()).unwrap_err();
    assert!(many.to_string().contains("max_rate allows (0)"), "{many}");
}
