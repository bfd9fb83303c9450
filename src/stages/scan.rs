//! The source: cuts the ordered clip lists into batches.

use crate::formats::discover::Found;
use crate::records::{Batch, Clip, ClipId};

/// The batches of all splits, in order. A batch never spans two splits, and
/// what is in it depends on nothing but the lists and `clips_per_batch`.
pub fn batches(
    splits: &[Vec<Found>],
    clips_per_batch: usize,
) -> impl Iterator<Item = Batch<()>> + Send {
    splits.iter().enumerate().flat_map(move |(split, clips)| {
        clips.chunks(clips_per_batch.max(1)).map(move |chunk| Batch {
            split,
            clips: chunk.iter().map(clip).collect(),
        })
    })
}

fn clip(found: &Found) -> Clip<()> {
    let id = ClipId {
        name: found.name.clone(),
        path: found.path.clone().into(),
    };
    Clip { id, state: Ok(()) }
}
