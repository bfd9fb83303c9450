//! The feature files of an evaluation, as livekit-wakeword chooses them.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::continuous::{Continuous, STEP_SECONDS};
use super::error::EvalError;
use crate::classifier::Classifier;
use crate::config::plan::{Floor, InputScale};
use crate::dataset::manifest::Dataset;
use crate::dataset::parts::FeatureReader;
use crate::records::EMBEDDING;

/// Pairs of consecutive rows that are looked at to see whether rows overlap.
const PAIRS: usize = 64;

/// Where features are looked for, and which.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The folder of the splits' features.
    pub output: &'a Path,
    /// The features of audio without the word.
    pub validation: Option<&'a Path>,
    /// More of them.
    pub more: &'a [PathBuf],
}

/// Every row of an evaluation.
#[derive(Debug)]
pub struct Features {
    /// The file of positives, then those of negatives: every one has rows.
    pub files: Vec<FeatureFile>,
    /// Embeddings a row.
    pub steps: usize,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A file of rows.
#[derive(Debug)]
pub struct FeatureFile {
    /// The file.
    pub path: PathBuf,
    /// Number of rows.
    pub rows: usize,
    /// Embeddings from the beginning of a row to that of the next: fewer than
    /// a row has where rows overlap.
    pub hop: usize,
    /// The audio that its rows are of, where it is known what continues what.
    pub continuous: Option<Continuous>,
    reader: FeatureReader,
    /// Rows of the array that make one row of the evaluation.
    group: usize,
}

impl Features {
    /// Opens what there is, for these classifiers.
    ///
    /// # Errors
    /// Classifiers that take rows of different shape; a file that cannot be
    /// read, or of another shape than the classifiers take; no positives; no
    /// negatives.
    pub fn open(wanted: Wanted<'_>, classifiers: &[Classifier]) -> Result<Self, EvalError> {
        let mut steps = agreed_steps(classifiers)?;
        let (mut warnings, mut made) = (Vec::new(), None);
        let mut open = |path: &Path, flat: bool| -> Result<Option<FeatureFile>, EvalError> {
            let Some(reader) = FeatureReader::open(path)? else {
                return Ok(None);
            };
            let file = FeatureFile::of(path, reader, steps, flat, &mut warnings)?;
            warnings.extend(made_otherwise(path, &mut made));
            // Where no model says how many, the first file does.
            steps = Some(file.steps());
            if file.rows == 0 {
                warnings.push(format!("{} holds no rows", path.display()));
            }
            Ok(Some(file).filter(|file| file.rows > 0))
        };
        let path = wanted.output.join("positive_features_test.npy");
        let Some(positives) = open(&path, false)? else {
            let there = path.exists();
            return Err(EvalError::NoPositives { path, there });
        };
        let mut files = vec![positives];
        let of_output = [
            "negative_features_test.npy",
            "background_noise_features_test.npy",
        ];
        let mut looked = of_output.map(|name| wanted.output.join(name)).to_vec();
        for path in &looked {
            files.extend(open(path, false)?);
        }
        if let Some(path) = wanted.validation {
            files.extend(open(path, true)?);
            looked.push(path.to_path_buf());
        }
        for path in wanted.more {
            match open(path, true)? {
                Some(file) => files.push(file),
                None if path.exists() => {}
                None => return Err(EvalError::NoFile { path: path.clone() }),
            }
        }
        if files.len() == 1 {
            return Err(EvalError::NoNegatives { looked });
        }
        let steps = files[0].steps();
        Ok(Self {
            files,
            steps,
            warnings,
        })
    }

    /// The files of negatives.
    pub fn negatives(&self) -> &[FeatureFile] {
        &self.files[1..]
    }

    /// Seconds of audio that the embeddings of a row are apart in all.
    pub fn row_seconds(&self) -> f64 {
        self.steps as f64 * STEP_SECONDS
    }

    /// Number of rows in all files, and of windows over their audio.
    pub fn rows(&self) -> usize {
        let rows = self.files.iter().map(|file| file.rows + self.windows(file));
        rows.sum()
    }

    /// Windows over the audio of a file.
    fn windows(&self, file: &FeatureFile) -> usize {
        let continuous = file.continuous.as_ref();
        let windows = |of: &Continuous| {
            (0..of.stretches())
                .map(|stretch| of.windows(stretch, self.steps))
                .sum()
        };
        continuous.map_or(0, windows)
    }
}

impl FeatureFile {
    /// Takes `(N, T, 96)`; where `flat`, also `(n, 96)`, which is cut into rows
    /// of T that do not overlap.
    fn of(
        path: &Path,
        reader: FeatureReader,
        steps: Option<usize>,
        flat: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Self, EvalError> {
        let shape = reader.shape();
        let wrong = || EvalError::Shape {
            path: path.to_owned(),
            found: shape.to_vec(),
            expected: match steps {
                Some(steps) => format!("(N, {steps}, {EMBEDDING}), as the model takes it"),
                None => format!("(N, T, {EMBEDDING})"),
            },
        };
        let (rows, row_steps, group) = match *shape {
            [rows, steps, EMBEDDING] if steps > 0 => (rows, steps, 1),
            [all, EMBEDDING] if flat => {
                let steps = steps.ok_or_else(wrong)?;
                (all / steps, steps, steps)
            }
            _ => return Err(wrong()),
        };
        if steps.is_some_and(|steps| steps != row_steps) {
            return Err(wrong());
        }
        let dropped = reader.rows() - rows * group;
        if dropped > 0 {
            warnings.push(format!(
                "{}: the last {dropped} of {} embeddings are left out, being less than a row of {row_steps}",
                path.display(),
                reader.rows()
            ));
        }
        let mut file = Self {
            path: path.to_owned(),
            rows,
            hop: row_steps,
            continuous: None,
            reader,
            group,
        };
        let overlap = file.overlap().filter(|_| group == 1);
        file.hop = overlap.unwrap_or(row_steps);
        file.continuous = Continuous::of_data_set(path, row_steps)?;
        if let (Some(continuous), 1) = (&file.continuous, group) {
            file.hop = continuous.hop().min(row_steps);
        }
        if file.continuous.is_none() && rows > 0 {
            file.continuous = match (group, overlap) {
                (1, None) => None,
                (1, Some(hop)) => Some(Continuous::whole(path, rows, row_steps, hop)),
                (_, _) => Some(Continuous::whole(path, file.reader.rows(), 1, 1)),
            };
        }
        Ok(file)
    }

    /// The values of some rows; `None` where there are not so many.
    pub fn values<'a>(
        &'a self,
        rows: Range<usize>,
        scratch: &'a mut Vec<f32>,
    ) -> Option<&'a [f32]> {
        self.reader.values(self.grouped(&rows), scratch)
    }

    /// Says that some rows are not looked at again.
    pub fn release(&self, rows: &Range<usize>) {
        self.reader.release(self.grouped(rows));
    }

    /// The values of some windows over a stretch of its audio, of `steps`
    /// embeddings each; `None` where there are not so many.
    pub fn windows(
        &self,
        stretch: usize,
        windows: &Range<usize>,
        steps: usize,
    ) -> Option<Vec<f32>> {
        let continuous = self.continuous.as_ref()?;
        continuous.values(&self.reader, stretch, windows, steps)
    }

    /// Hours of audio, every second counted once.
    pub fn hours(&self) -> f64 {
        self.rows as f64 * self.row_seconds() / 3600.0
    }

    /// Seconds of audio from one row to the next.
    pub fn row_seconds(&self) -> f64 {
        self.hop as f64 * STEP_SECONDS
    }

    fn steps(&self) -> usize {
        self.reader.row_len() * self.group / EMBEDDING
    }

    fn grouped(&self, rows: &Range<usize>) -> Range<usize> {
        rows.start * self.group..rows.end * self.group
    }

    /// The hop, where the file's first rows overlap: every row continues the
    /// one before by that many embeddings.
    fn overlap(&self) -> Option<usize> {
        let rows = self.rows.min(PAIRS + 1);
        let mut scratch = Vec::new();
        let values = self.values(0..rows, &mut scratch)?;
        let rows: Vec<_> = values.chunks_exact(self.steps() * EMBEDDING).collect();
        // Equal rows say nothing.
        let pairs: Vec<_> = rows.windows(2).filter(|pair| pair[0] != pair[1]).collect();
        if pairs.is_empty() {
            return None;
        }
        (1..self.steps()).find(|hop| {
            let shift = hop * EMBEDDING;
            pairs
                .iter()
                .all(|pair| pair[0][shift..] == pair[1][..pair[1].len() - shift])
        })
    }
}

/// How the features of a data set are made: the scale of the audio, and what the
/// floor is taken of.
type Making = (InputScale, Floor);

/// Says so where a data set beside a file made its features otherwise than that
/// beside the first file that has one.
fn made_otherwise(path: &Path, first: &mut Option<(PathBuf, Making)>) -> Option<String> {
    let dataset = Dataset::read(path.parent()?).ok()??;
    let features = &dataset.configuration.features;
    let making = (features.input_scale, features.floor);
    let Some((other, made)) = first else {
        *first = Some((path.to_path_buf(), making));
        return None;
    };
    (making != *made).then(|| {
        format!(
            "{} and {} were not made alike: features.input_scale and features.floor are {}, and {}; scores of one say nothing of the other",
            path.display(),
            other.display(),
            said(making),
            said(*made)
        )
    })
}

fn said((scale, floor): Making) -> String {
    format!("\"{}\" and \"{}\"", scale.name(), floor.name())
}

/// How many embeddings a row all classifiers take; `None` where all take any.
fn agreed_steps(classifiers: &[Classifier]) -> Result<Option<usize>, EvalError> {
    let mut fixed = classifiers
        .iter()
        .filter_map(|model| Some((model, model.steps()?)));
    let Some((first, steps)) = fixed.next() else {
        return Ok(None);
    };
    match fixed.find(|(_, other)| *other != steps) {
        None => Ok(Some(steps)),
        Some((second, other)) => Err(EvalError::Steps {
            first: first.path().to_owned(),
            second: second.path().to_owned(),
            steps: [steps, other],
        }),
    }
}
