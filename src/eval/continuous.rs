//! Negatives as a detector hears them: whole stretches of audio, over which a
//! window moves on by one embedding at a time.

use std::ops::Range;
use std::path::Path;

use crate::config::plan::Layout;
use crate::dataset::inspect::{self, Heard, InspectError, Recording, Stretch};
use crate::dataset::parts::FeatureReader;
use crate::records::EMBEDDING;

/// Seconds between two embeddings: 8 frames of 10 ms.
pub(super) const STEP_SECONDS: f64 = 0.08;

/// Seconds of audio that one embedding is of: 76 frames, 10 ms apart, of 32 ms.
const EMBEDDING_SECONDS: f64 = 0.782;

/// The audio of a feature file, where it is known what continues what.
#[derive(Debug)]
pub struct Continuous {
    /// What was recorded; of a file that nothing is known of, the file.
    pub recordings: Vec<Recording>,
    /// Rows that continue each other.
    stretches: Vec<Stretch>,
    /// Embeddings in a row, and from the beginning of one to that of the next.
    row: usize,
    hop: usize,
}

impl Continuous {
    /// What a data set beside the file says of its rows; each has `steps`
    /// embeddings.
    ///
    /// # Errors
    /// A data set that cannot be read.
    pub fn of_data_set(path: &Path, steps: usize) -> Result<Option<Self>, InspectError> {
        let Some(heard) = inspect::heard(path)? else {
            return Ok(None);
        };
        let Heard {
            recordings,
            mut stretches,
            hop,
            layout,
        } = heard;
        let (row, hop) = match layout {
            Layout::Rows => (steps, hop),
            Layout::Steps => {
                for rows in stretches.iter_mut().flat_map(|of| &mut of.rows) {
                    *rows = rows.start * hop..rows.end * hop;
                }
                (1, 1)
            }
        };
        Ok(Some(Self {
            recordings,
            stretches,
            row,
            hop,
        }))
    }

    /// A file of which nothing is known but that its `rows` rows follow each
    /// other: of `row` embeddings each, `hop` apart.
    pub fn whole(path: &Path, rows: usize, row: usize, hop: usize) -> Self {
        let stem = path.file_stem().unwrap_or_default();
        Self {
            recordings: vec![Recording {
                name: stem.to_string_lossy().into_owned(),
                start: 0.0,
            }],
            stretches: vec![Stretch {
                recording: 0,
                step: 0,
                rows: std::iter::once(0..rows).collect(),
            }],
            row,
            hop,
        }
    }

    /// Embeddings from the beginning of a row to that of the next.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// How many stretches there are.
    pub fn stretches(&self) -> usize {
        self.stretches.len()
    }

    /// Which recording a stretch is of.
    pub fn recording(&self, stretch: usize) -> usize {
        self.stretches[stretch].recording
    }

    /// Windows of so many embeddings in a stretch.
    pub fn windows(&self, stretch: usize, steps: usize) -> usize {
        (self.steps(stretch) + 1).saturating_sub(steps)
    }

    /// Hours of audio of each recording, every second counted once.
    pub fn hours(&self) -> Vec<f64> {
        let mut hours = vec![0.0; self.recordings.len()];
        for stretch in 0..self.stretches() {
            hours[self.recording(stretch)] += self.steps(stretch) as f64 * STEP_SECONDS / 3600.0;
        }
        hours
    }

    /// When a window of so many embeddings is heard to its end: seconds in its
    /// recording, where nothing of that is lost.
    pub fn heard_at(&self, stretch: usize, window: usize, steps: usize) -> f64 {
        let Stretch {
            recording, step, ..
        } = &self.stretches[stretch];
        let last = *step as usize + window + steps - 1;
        self.recordings[*recording].start + last as f64 * STEP_SECONDS + EMBEDDING_SECONDS
    }

    /// The values of some windows of a stretch, one after the other; `None` where
    /// the file has not so many rows.
    pub fn values(
        &self,
        reader: &FeatureReader,
        stretch: usize,
        windows: &Range<usize>,
        steps: usize,
    ) -> Option<Vec<f32>> {
        let wanted = windows.start..windows.end - 1 + steps;
        let mut embeddings = Vec::with_capacity(wanted.len() * EMBEDDING);
        self.embeddings(reader, stretch, &wanted, &mut embeddings)?;
        let window = steps * EMBEDDING;
        let windows = embeddings.windows(window).step_by(EMBEDDING);
        Some(windows.flatten().copied().collect())
    }

    /// Appends the values of some embeddings of a stretch.
    fn embeddings(
        &self,
        reader: &FeatureReader,
        stretch: usize,
        wanted: &Range<usize>,
        out: &mut Vec<f32>,
    ) -> Option<()> {
        let Self { row, hop, .. } = *self;
        let last = self.rows(stretch) - 1;
        let of = |step: usize| (step / hop).min(last);
        let (first, end) = (of(wanted.start), of(wanted.end - 1) + 1);
        let (mut before, mut scratch) = (0, Vec::new());
        for rows in &self.stretches[stretch].rows {
            let (from, to) = (first.max(before), end.min(before + rows.len()));
            if from < to {
                let at = rows.start - before;
                let of_file = from + at..to + at;
                let values = reader.values(of_file.clone(), &mut scratch)?;
                for (number, values) in (from..to).zip(values.chunks_exact(row * EMBEDDING)) {
                    // Of a row all but what the next one begins with.
                    let whole = if number == last { row } else { hop };
                    let start = number * hop;
                    let from = wanted.start.max(start) - start;
                    let to = whole.min(wanted.end - start);
                    out.extend_from_slice(&values[from * EMBEDDING..to * EMBEDDING]);
                }
                reader.release(of_file);
            }
            before += rows.len();
        }
        Some(())
    }

    fn rows(&self, stretch: usize) -> usize {
        let rows = self.stretches[stretch].rows.iter();
        rows.map(ExactSizeIterator::len).sum()
    }

    /// Embeddings of a stretch.
    fn steps(&self, stretch: usize) -> usize {
        match self.rows(stretch) {
            0 => 0,
            rows => (rows - 1) * self.hop + self.row,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::npy::NpyWriter;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn windows_are_those_of_the_audio(
            pieces in prop::collection::vec(1_usize..4, 1..5),
            (row, hop) in (1_usize..6).prop_flat_map(|row| (Just(row), 1..=row)),
            steps in 1_usize..9,
            (start, length) in (0_usize..20, 1_usize..20),
        ) {
            // A stretch whose pieces lie in the file with a strange row between.
            let (mut rows, mut file, mut number) = (Vec::new(), Vec::new(), 0);
            for piece in pieces {
                file.extend(vec![-1.0; row * EMBEDDING]);
                let at = file.len() / (row * EMBEDDING);
                rows.push(at..at + piece);
                for _ in 0..piece {
                    let steps = number * hop..number * hop + row;
                    file.extend(steps.flat_map(|step| [step as f32; EMBEDDING]));
                    number += 1;
                }
            }
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.npy");
            let mut writer = NpyWriter::create(&path, [row, EMBEDDING]).unwrap();
            writer.append(&file).unwrap();
            writer.finish().unwrap();
            let reader = FeatureReader::open(&path).unwrap().unwrap();
            let continuous = Continuous {
                recordings: Vec::new(),
                stretches: vec![Stretch { recording: 0, step: 0, rows }],
                row,
                hop,
            };
            let all = (number - 1) * hop + row;
            let windows = continuous.windows(0, steps);
            prop_assert_eq!(windows, (all + 1).saturating_sub(steps));
            let range = start.min(windows)..(start + length).min(windows);
            if !range.is_empty() {
                let values = continuous.values(&reader, 0, &range, steps).unwrap();
                let expected = range.flat_map(|window| window..window + steps);
                let expected: Vec<f32> =
                    expected.flat_map(|step| [step as f32; EMBEDDING]).collect();
                prop_assert_eq!(values, expected);
            }
        }
    }
}
