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
    for batch in 0..straight.batches().unwrap() {
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
    fs::write(&split.clips[11].id.file.path, "RIFF, and then no audio").unwrap();
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

#[test]
fn rows_of_recordings_come_in_turns() {
    let case = Case::new(4);
    for (name, seconds) in [("a", 9), ("b", 1), ("c", 15), ("d", 3)] {
        super::support::tone(
            &case.path(&format!("rec/{name}.wav")),
            seconds,
            16_000,
            16_000 * seconds,
        );
    }
    case.write("rec/e.wav", "no audio");
    let text = fs::read_to_string(case.path("pipeline.toml")).unwrap();
    let text = text.replacen(
        "[augment]",
        "[[split]]\nname = 'talk'\ninput = 'rec'\nkind = 'recordings'\ninterleave = 3\n\
         dtype = 'float32'\n[failures]\npolicy = 'skip'\nmax_rate = 0.5\n\
         [audio]\nclip_seconds = 0.8\n[features]\ntimesteps = 1\n[augment]",
        1,
    );
    case.write("pipeline.toml", text);
    let ready_with = |set: &[&str]| ready(&case.path("pipeline.toml"), set);
    let own = |rows, splits: &[&str]| Wanted {
        draw: Draw::Together {
            rows,
            splits: splits.iter().map(|&name| name.to_owned()).collect(),
        },
        ..together(rows)
    };
    let written = |out: &str, name: &str| {
        let written = NpyReader::open(&case.path(out).join(name)).unwrap();
        let mut scratch = Vec::new();
        let values = written.values(0..written.rows(), &mut scratch).unwrap();
        let values = values.iter().map(|value| value.to_bits());
        values.collect::<Vec<u32>>()
    };
    case.build("out", &[]);
    let clips = ready_with(&[]);
    let mut all = feed(&clips, &own(5, &[]), START).unwrap();
    assert_eq!(all.batches(), None);
    let zero = epoch(&mut all).unwrap();
    let files = ["wake.npy", "other.npy", "talk.npy"];
    assert_eq!(bits(&zero), files.map(|name| written("out", name)).concat());
    let last = zero.iter().map(|rows| rows.is_last);
    assert_eq!(last.filter(|last| *last).count(), 1);
    let left_out: Vec<&str> = zero
        .iter()
        .flat_map(|rows| &rows.left_out)
        .map(|left| &*left.clip)
        .collect();
    assert_eq!(left_out, ["e.wav"]);
    // Clips are drawn anew in another epoch, recordings are what they are.
    let one = epoch(&mut all).unwrap();
    let talk = written("out", "talk.npy");
    assert_ne!(bits(&zero), bits(&one));
    assert!(bits(&one).ends_with(&talk));
    // From any batch on; and what the shards have is all of it.
    for batch in [1, zero.len() as u64 - 1] {
        let from = Position { epoch: 0, batch };
        let mut later = feed(&clips, &own(5, &[]), from).unwrap();
        let rest = epoch(&mut later).unwrap();
        assert_eq!(bits(&rest), bits(&zero[batch as usize..]), "{batch}");
    }
    let beyond = Position {
        epoch: 0,
        batch: 99,
    };
    let mut beyond = feed(&clips, &own(5, &[]), beyond).unwrap();
    let said = next(&mut beyond).unwrap_err().to_string();
    assert!(said.contains("there is no batch 99"), "{said}");
    let mut parts = Vec::new();
    for index in 0..2 {
        let shard = Shard { index, count: 2 };
        let wanted = Wanted {
            shard,
            ..own(3, &["talk"])
        };
        parts.extend(bits(
            &epoch(&mut feed(&clips, &wanted, START).unwrap()).unwrap(),
        ));
    }
    assert_eq!(parts, talk);

    // Augmented, each epoch draws anew.
    let set = ["split.2.augment=true"];
    case.build("augmented", &["--set", set[0]]);
    let drawn = ready_with(&set);
    let mut drawn = feed(&drawn, &own(64, &["talk"]), START).unwrap();
    let (zero, one) = (epoch(&mut drawn).unwrap(), epoch(&mut drawn).unwrap());
    assert_eq!(bits(&zero), written("augmented", "talk.npy"));
    assert_eq!(bits(&zero).len(), bits(&one).len());
    assert_ne!(bits(&zero), bits(&one));

    let shuffled = Wanted {
        shuffle: true,
        ..own(5, &[])
    };
    let shares = Wanted {
        draw: Draw::Shares(vec![("talk".into(), 3)]),
        ..together(1)
    };
    let stop = ready_with(&["failures.policy=stop"]);
    for (wanted, said) in [(shuffled, "without shuffle"), (shares, "stream of its own")] {
        let Err(error) = feed(&clips, &wanted, START) else {
            panic!("{said}");
        };
        assert!(
            error.is_usage() && error.to_string().contains(said),
            "{error}"
        );
    }
    let stopped = epoch(&mut feed(&stop, &own(5, &["talk"]), START).unwrap()).unwrap_err();
    assert!(stopped.to_string().contains("e.wav"), "{stopped}");
}
