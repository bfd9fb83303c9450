//! A feature file, be it one or in the parts that shards have made.

use std::ops::Range;
use std::path::Path;

use super::manifest::Dataset;
use super::npy::{NpyError, NpyReader};

/// Rows of one array, in one file or in several.
#[derive(Debug)]
pub struct FeatureReader {
    /// The files, each with its first row; never empty.
    parts: Vec<(usize, NpyReader)>,
    shape: Vec<usize>,
}

impl FeatureReader {
    /// Opens a feature file; where there is none of that name, the parts that
    /// `dataset.json` beside it names for it. `None` where there is neither.
    ///
    /// # Errors
    /// A file that cannot be read; parts of different shapes.
    pub fn open(path: &Path) -> Result<Option<Self>, NpyError> {
        if path.exists() {
            return Self::of(path, vec![NpyReader::open(path)?]).map(Some);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let dataset = Dataset::read(folder).ok().flatten();
        let splits = dataset.map(|dataset| dataset.splits).unwrap_or_default();
        let name = path.file_name().and_then(|name| name.to_str());
        let mut splits = splits.into_iter().map(|split| split.written);
        let split = splits.find(|split| Some(&*split.features) == name && !split.parts.is_empty());
        let Some(split) = split else {
            return Ok(None);
        };
        let files = split.parts.iter();
        let readers = files.map(|part| NpyReader::open(&folder.join(&part.features)));
        Self::of(path, readers.collect::<Result<_, _>>()?).map(Some)
    }

    fn of(path: &Path, readers: Vec<NpyReader>) -> Result<Self, NpyError> {
        let mut shape = readers
            .first()
            .map(|part| part.shape().to_vec())
            .unwrap_or_default();
        let (mut parts, mut rows) = (Vec::with_capacity(readers.len()), 0);
        let alone = readers.len() == 1;
        for reader in readers {
            if reader.shape().get(1..) != shape.get(1..) {
                return Err(NpyError::Parts {
                    path: path.to_path_buf(),
                });
            }
            let first = rows;
            rows += reader.rows();
            parts.push((first, reader));
        }
        if let (Some(all), false) = (shape.first_mut(), alone) {
            *all = rows;
        }
        Ok(Self { parts, shape })
    }

    /// The shape of all rows together.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.parts
            .last()
            .map_or(0, |(first, part)| first + part.rows())
    }

    /// Number of values in a row.
    pub fn row_len(&self) -> usize {
        self.parts.first().map_or(0, |(_, part)| part.row_len())
    }

    /// The values of some rows, one after the other; `None` where there are not so
    /// many. Rows of several parts are copied into `scratch`.
    pub fn values<'a>(
        &'a self,
        rows: Range<usize>,
        scratch: &'a mut Vec<f32>,
    ) -> Option<&'a [f32]> {
        if rows.start > rows.end || rows.end > self.rows() {
            return None;
        }
        let within = |(first, part): &(usize, NpyReader)| {
            rows.start >= *first && rows.end <= first + part.rows()
        };
        if let Some((first, part)) = self.parts.iter().find(|part| within(part)) {
            return part.values(rows.start - first..rows.end - first, scratch);
        }
        let (mut all, mut own) = (Vec::new(), Vec::new());
        for (first, part) in &self.parts {
            let at = |row: usize| row.clamp(*first, first + part.rows()) - first;
            all.extend_from_slice(part.values(at(rows.start)..at(rows.end), &mut own)?);
        }
        *scratch = all;
        Some(scratch)
    }

    /// Says that some rows are not looked at for now: see [`NpyReader::release`].
    pub fn release(&self, rows: Range<usize>) {
        for (first, part) in &self.parts {
            let at = |row: usize| row.clamp(*first, first + part.rows()) - first;
            part.release(at(rows.start)..at(rows.end));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::npy::NpyWriter;
    use super::*;

    #[test]
    fn parts_are_read_as_one_array() {
        let folder = tempfile::tempdir().unwrap();
        let rows: Vec<f32> = (0..42).map(|x| x as f32).collect();
        let readers = [(0, 3), (3, 3), (3, 7)].map(|(from, to)| {
            let path = folder.path().join(format!("{from}-{to}.npy"));
            let mut file = NpyWriter::create(&path, [2, 3]).unwrap();
            file.append(&rows[from * 6..to * 6]).unwrap();
            file.finish().unwrap();
            NpyReader::open(&path).unwrap()
        });
        let all = FeatureReader::of(folder.path(), readers.into()).unwrap();
        assert_eq!(
            (all.shape(), all.rows(), all.row_len()),
            (&[7, 2, 3][..], 7, 6)
        );
        let mut scratch = Vec::new();
        for from in 0..=7 {
            for to in from..=7 {
                let values = all.values(from..to, &mut scratch).unwrap();
                assert_eq!(values, &rows[from * 6..to * 6], "{from}..{to}");
            }
        }
        assert!(all.values(3..8, &mut scratch).is_none());
    }
}
