//! Rows of a build for a trainer.

use std::sync::{Arc, Mutex, PoisonError};

use numpy::{IntoPyArray, PyArray1, PyArray3};
use pyo3::prelude::*;
use wakemill::api::{self, Draw, Event, Observer, Position, Ready, Rows, Shard, Wanted, Watch};

use crate::config::{Config, names};
use crate::error::{BuildError, Raise};
use crate::wait::{LOOK, away, interruptible};

/// One batch: epoch, number, whether it is the epoch's last, features, index of the split, clip and round of each
/// row, what was drawn as JSON where it is wanted, and what was left out.
type Batch<'py> = (
    u64,
    u64,
    bool,
    Bound<'py, PyArray3<f32>>,
    Bound<'py, PyArray1<i64>>,
    Vec<String>,
    Bound<'py, PyArray1<i64>>,
    Option<Vec<String>>,
    Vec<(usize, String, &'static str, String)>,
);

/// Batches of rows, epoch after epoch.
#[pyclass(frozen)]
pub struct Feed {
    inner: Mutex<Option<Inner>>,
    /// The process that its threads are in.
    owner: u32,
    notes: Arc<Notes>,
    provenance: bool,
    #[pyo3(get)]
    splits: Vec<String>,
    #[pyo3(get)]
    batches: Option<u64>,
    #[pyo3(get)]
    fingerprint: String,
}

struct Inner {
    feed: api::Feed,
}

#[pymethods]
impl Feed {
    /// Finds the inputs and loads the networks; rows are made from the first that
    /// are asked for on. `shares` are rows of each split in a batch; without them
    /// `rows` of `splits`, or of all where there are none.
    #[new]
    #[expect(clippy::too_many_arguments, reason = "Python names them")]
    fn new(
        py: Python<'_>,
        config: Config,
        rows: usize,
        splits: Vec<String>,
        shares: Vec<(String, usize)>,
        shuffle: bool,
        shard: (usize, usize),
        provenance: bool,
        position: (u64, u64),
    ) -> PyResult<Self> {
        let wanted = Wanted {
            draw: match shares.is_empty() {
                true => Draw::Together { rows, splits },
                false => Draw::Shares(shares),
            },
            shuffle,
            shard: Shard {
                index: shard.0,
                count: shard.1,
            },
        };
        let notes = Arc::new(Notes::default());
        let heard = Arc::clone(&notes);
        let position = Position {
            epoch: position.0,
            batch: position.1,
        };
        let (ready, feed) =
            interruptible(py, None, move || open(&config, &heard, &wanted, position))??;
        Ok(Self {
            splits: names(ready.inputs()),
            batches: feed.batches(),
            fingerprint: feed.fingerprint(),
            inner: Mutex::new(Some(Inner { feed })),
            owner: std::process::id(),
            notes,
            provenance,
        })
    }

    /// The next batch. Waits without the interpreter's lock, and heeds signals.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Batch<'py>> {
        loop {
            let next = || {
                let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
                inner.as_mut().map(|inner| inner.feed.within(LOOK))
            };
            match away(py, next)? {
                None => return Err(BuildError::new_err("the stream is closed")),
                Some(got) => {
                    if let Some(rows) = got.or_raise()? {
                        return Ok(self.batch(py, rows));
                    }
                }
            }
            py.check_signals()?;
        }
    }

    /// Goes on from another batch of an epoch.
    fn seek(&self, py: Python<'_>, epoch: u64, batch: u64) -> PyResult<()> {
        let seek = || {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let position = Position { epoch, batch };
            inner
                .as_mut()
                .map_or(Ok(()), |inner| inner.feed.seek(position))
        };
        away(py, seek)?.or_raise()
    }

    /// Ends its threads.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        if self.owner != std::process::id() {
            return Ok(());
        }
        away(py, || {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            drop(inner.take());
        })
    }

    /// What the user should know since the last call.
    fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *notes)
    }
}

impl Feed {
    fn batch<'py>(&self, py: Python<'py>, rows: Rows) -> Batch<'py> {
        let Rows {
            epoch,
            batch,
            is_last,
            values,
            rows,
            left_out,
        } = rows;
        let of = |number: fn(&api::RowOf) -> i64| -> Vec<i64> { rows.iter().map(number).collect() };
        let drawn = |row: &api::RowOf| serde_json::to_string(&*row.drawn).unwrap_or_default();
        let left_out = left_out.into_iter().map(|left| {
            let rejection = left.rejection;
            (
                left.split,
                left.clip.to_string(),
                rejection.stage,
                rejection.reason,
            )
        });
        (
            epoch,
            batch,
            is_last,
            // The array is handed over as it is.
            values.into_pyarray(py),
            of(|row| row.split as i64).into_pyarray(py),
            rows.iter().map(|row| row.clip.to_string()).collect(),
            of(|row| row.round.into()).into_pyarray(py),
            self.provenance.then(|| rows.iter().map(drawn).collect()),
            left_out.collect(),
        )
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        // A forked process has no threads to wait for, and must leave the files
        // of the one that has.
        if self.owner != std::process::id() {
            std::mem::forget(inner.take());
        }
    }
}

fn open(
    config: &Config,
    notes: &Arc<Notes>,
    wanted: &Wanted,
    position: Position,
) -> PyResult<(Arc<Ready>, api::Feed)> {
    let prepared = config.prepare(&**notes)?.without_wavs();
    let mut notice = |text: &str| notes.add(text);
    let ready = Arc::new(prepared.ready(&mut notice, &**notes).or_raise()?);
    let watch = Arc::clone(notes);
    let feed = api::Feed::open(Arc::clone(&ready), watch, wanted, position).or_raise()?;
    Ok((ready, feed))
}

/// Keeps what the user should know until somebody asks.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn add(&self, text: &str) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(text.to_owned());
    }
}

impl Observer for Notes {}

impl Watch for Notes {
    fn hear(&self, event: Event<'_>) {
        if let Event::Warning(text) = event {
            self.add(text);
        }
    }
}
