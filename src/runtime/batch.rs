//! Clips of equal length, cut into batches of one fixed size for devices that
//! are slow at new shapes.

/// Clips that run together.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// Their common length.
    pub length: usize,
    /// Their indices, at most as many as a batch holds.
    pub members: Vec<usize>,
}

/// Groups clips by length, in the order in which lengths first occur, at most
/// `size` in each group.
pub fn groups(lengths: impl IntoIterator<Item = usize>, size: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, length) in lengths.into_iter().enumerate() {
        let open = groups
            .iter_mut()
            .find(|group| group.length == length && group.members.len() < size);
        match open {
            Some(group) => group.members.push(index),
            None => groups.push(Group {
                length,
                members: vec![index],
            }),
        }
    }
    groups
}

/// Writes rows of `length` values one after the other; what is left of the
/// batch becomes zeros.
pub fn fill(batch: &mut [f32], length: usize, rows: &[&[f32]]) {
    let mut slots = batch.chunks_exact_mut(length);
    // Rows first: a zip that ends has taken one more of its first iterator.
    for (row, slot) in rows.iter().zip(slots.by_ref()) {
        slot.copy_from_slice(row);
    }
    slots.for_each(|slot| slot.fill(0.0));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_clip_is_in_one_group_of_its_length(
            lengths in prop::collection::vec(0_usize..4, 0..40),
            size in 1_usize..6,
        ) {
            let groups = groups(lengths.iter().copied(), size);
            let mut seen = vec![0; lengths.len()];
            for group in &groups {
                prop_assert!((1..=size).contains(&group.members.len()));
                for &member in &group.members {
                    prop_assert_eq!(lengths[member], group.length);
                    seen[member] += 1;
                }
            }
            prop_assert!(seen.iter().all(|&count| count == 1));
        }
    }

    #[test]
    fn the_rest_of_a_batch_is_zero() {
        let mut batch = [9.0; 6];
        fill(&mut batch, 2, &[&[1.0, 2.0], &[3.0, 4.0]]);
        assert_eq!(batch, [1.0, 2.0, 3.0, 4.0, 0.0, 0.0]);
    }
}
