//! What an order promises, whatever its shares, shards and epochs.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn lane(spans: &[usize], rows: usize) -> Lane {
    let splits = spans.iter().enumerate();
    Lane {
        splits: splits
            .map(|(split, &spans)| (split, format!("s{split}"), spans))
            .collect(),
        rows,
    }
}

fn together(spans: &[usize], rows: usize, shuffle: bool, shard: Shard) -> Arc<Order> {
    Arc::new(Order {
        seed: 7,
        shuffle,
        shard,
        lanes: vec![lane(spans, rows)],
        go_round: false,
        rows_per_span: 2,
        spans_at_once: 3,
    })
}

/// Every row of a walk's first batches, in each lane's order: what keys it, its
/// span, and its number in the span.
fn rows(order: &Arc<Order>, epoch: u64, batch: u64, batches: u64) -> Vec<Vec<(u64, Place, usize)>> {
    let mut rows = vec![Vec::new(); order.lanes.len()];
    let wanted = |lane: usize| {
        let before = batch.checked_sub(1);
        let before = before.map_or(0, |batch| order.rows_until(lane, batch));
        order.rows_until(lane, batch + batches - 1) - before
    };
    for window in order.walk(epoch, batch) {
        let all = window.places.iter();
        let all = all.flat_map(|&place| (0..order.rows_per_span).map(move |row| (place, row)));
        let new = all.skip(window.skip);
        rows[window.lane].extend(new.map(|(place, row)| (window.epoch, place, row)));
        if (0..rows.len()).all(|lane| rows[lane].len() >= wanted(lane)) {
            break;
        }
    }
    for (lane, rows) in rows.iter_mut().enumerate() {
        rows.truncate(wanted(lane));
    }
    rows
}

proptest! {
    /// An epoch has every row once, shards are its parts, and any batch can be
    /// begun with.
    #[test]
    fn a_pass_is_complete_in_any_number_of_parts(
        spans in prop::collection::vec(0usize..20, 1..4),
        batch in 1usize..9,
        shuffle: bool,
        shards in 1usize..5,
        epoch in 0u64..3,
    ) {
        let whole = together(&spans, batch, shuffle, Shard::WHOLE);
        let total = 2 * spans.iter().sum::<usize>();
        prop_assert_eq!(whole.batches() as usize, total.div_ceil(batch));
        prop_assume!(total > 0);
        let all = rows(&whole, epoch, 0, whole.batches()).concat();
        let once: BTreeSet<_> = all.iter().map(|(_, of, row)| (of.split, of.span, *row)).collect();
        prop_assert_eq!((all.len(), once.len()), (total, total));
        prop_assert!(all.iter().all(|(key, ..)| *key == epoch));
        let mut parts = Vec::new();
        for index in 0..shards {
            let shard = Shard { index, count: shards };
            let part = together(&spans, batch, shuffle, shard);
            if part.batches() > 0 {
                parts.extend(rows(&part, epoch, 0, part.batches()).concat());
            }
        }
        prop_assert_eq!(&parts, &all);
        for first in 0..whole.batches() {
            let rest = rows(&whole, epoch, first, whole.batches() - first).concat();
            prop_assert_eq!(&rest, &all[first as usize * batch..]);
        }
    }

    /// Shares are kept in every batch, and no row is drawn twice in an epoch.
    #[test]
    fn the_shorter_go_round_with_fresh_draws(
        spans in prop::collection::vec(4usize..20, 1..4),
        shares in prop::collection::vec(1usize..9, 3),
        shuffle: bool,
        shards in 1usize..4,
    ) {
        let lanes = spans.iter().enumerate().map(|(split, &spans)| Lane {
            splits: vec![(split, format!("s{split}"), spans)],
            rows: shares[split],
        });
        let order = |index| Arc::new(Order {
            shard: Shard { index, count: shards },
            lanes: lanes.clone().collect(),
            go_round: true,
            ..(*together(&[], 1, shuffle, Shard::WHOLE)).clone()
        });
        let mut counts = BTreeSet::new();
        for index in 0..shards {
            let order = order(index);
            let batches = order.batches();
            counts.insert(batches);
            let all = rows(&order, 5, 0, batches);
            for (lane, rows) in all.iter().enumerate() {
                prop_assert_eq!(rows.len() as u64, batches * shares[lane] as u64);
                let once: BTreeSet<_> = rows
                    .iter()
                    .map(|(key, of, row)| (*key, of.split, of.span, *row))
                    .collect();
                prop_assert_eq!(once.len(), rows.len());
                prop_assert!(rows.iter().all(|(key, ..)| key % PASS == 5));
            }
            for first in 0..batches {
                let rest = rows(&order, 5, first, batches - first);
                for (lane, rest) in rest.iter().enumerate() {
                    prop_assert_eq!(rest, &all[lane][first as usize * shares[lane]..]);
                }
            }
        }
        prop_assert_eq!(counts.len(), 1);
    }
}

#[test]
fn epochs_follow_one_another_without_a_break() {
    for shuffle in [false, true] {
        let order = together(&[4, 3], 5, shuffle, Shard::WHOLE);
        let keys: Vec<u64> = order
            .walk(0, 0)
            .take(9)
            .map(|window| window.epoch)
            .collect();
        assert!(keys.is_sorted() && keys[8] > 0, "{keys:?}");
        let first = |epoch| order.walk(epoch, 0).next().map(|window| window.places);
        assert_eq!(first(1) == first(0), !shuffle);
    }
}

#[test]
fn a_window_is_computed_split_by_split() {
    let place = |split, span| Place { split, span };
    let window = Window {
        lane: 0,
        epoch: 0,
        places: vec![place(1, 0), place(0, 4), place(1, 2), place(1, 1)],
        skip: 0,
    };
    assert_eq!(window.steps(2), [vec![0, 2], vec![3], vec![1]]);
}

/// Pinned: a change of these numbers changes every shuffled stream.
#[test]
fn the_shuffle_never_changes() {
    let order = together(&[5, 4], 1, true, Shard::WHOLE);
    let places = order.pass(&order.lanes[0], 3);
    let numbers: Vec<_> = places.iter().map(|of| 10 * of.split + of.span).collect();
    assert_eq!(numbers, [4, 11, 1, 12, 2, 13, 3, 10, 0]);
}
