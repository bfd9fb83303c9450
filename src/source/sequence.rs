//! The source: cuts the ordered clip lists into batches.

use crate::records::{Batch, Clip, ClipId, Findings, Rejection, Trouble};

/// The source, where it refuses a clip.
pub const NAME: &str = "scan";

/// One clip of a split's list.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which clip it is.
    pub id: ClipId,
    /// Why it cannot be read, where that is known already.
    pub problem: Option<String>,
}

/// The batches of all splits, in order, without the first `skip` clips. A batch
/// never spans two splits, and what is in it depends on nothing but the lists
/// and the arguments.
pub fn batches<'a>(
    splits: impl Iterator<Item = &'a [Entry]> + Send,
    clips_per_batch: usize,
    skip: u64,
) -> impl Iterator<Item = Batch<()>> + Send {
    let mut skip = usize::try_from(skip).unwrap_or(usize::MAX);
    splits.enumerate().flat_map(move |(split, clips)| {
        let skipped = skip.min(clips.len());
        skip -= skipped;
        clips[skipped..]
            .chunks(clips_per_batch.max(1))
            .map(move |chunk| Batch {
                split,
                clips: chunk.iter().map(clip).collect(),
            })
    })
}

fn clip(entry: &Entry) -> Clip<()> {
    let rejection = |reason: &String| Rejection::new(NAME, Trouble::Unreadable, reason);
    Clip {
        id: entry.id.clone(),
        state: entry
            .problem
            .as_ref()
            .map_or(Ok(()), |reason| Err(rejection(reason))),
        findings: Findings::default(),
    }
}
