//! A build into its folder.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use wakemill::api::{
    self, Cancel, Ended, Event, Existing, FlowFacts, Observer, StageFacts, Taken, Watch,
};

use crate::config::{Config, names};
use crate::error::{Raise, UsageError};
use crate::wait::interruptible;

/// Builds a data set, and gives its folder and whether it was built just now.
/// `on_event` is called with a dict of each event.
#[pyfunction]
pub fn run(
    py: Python<'_>,
    config: Config,
    existing: &str,
    on_event: Option<Py<PyAny>>,
) -> PyResult<(PathBuf, bool)> {
    let existing = match existing {
        "keep" => Existing::Keep,
        "resume" => Existing::Resume,
        "overwrite" => Existing::Overwrite,
        other => return Err(UsageError::new_err(format!("there is no way '{other}'"))),
    };
    let (cancel, token) = Cancel::new();
    let teller = Teller {
        on_event,
        cancel: cancel.clone(),
        state: Mutex::default(),
    };
    let work = move || {
        let built = build(&config, existing, &teller, &token);
        match teller.lock().raised.take() {
            Some(raised) => Err(raised),
            None => built,
        }
    };
    interruptible(py, Some(&cancel), work)?
}

fn build(
    config: &Config,
    existing: Existing,
    teller: &Teller,
    token: &api::CancelToken,
) -> PyResult<(PathBuf, bool)> {
    let prepared = config.prepare(teller)?;
    let mut notice = |text: &str| teller.tell_text("notice", text);
    let ready = prepared.ready(&mut notice, teller).or_raise()?;
    let ended = api::run(&ready, existing, teller, token).or_raise()?;
    let built = matches!(ended, Ended::Built(_));
    Ok((ready.plan().output.path.clone(), built))
}

/// Tells Python.
struct Teller {
    on_event: Option<Py<PyAny>>,
    cancel: Cancel,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    splits: Vec<String>,
    /// Spans that are done, and that there are.
    done: u64,
    planned: u64,
    rows: u64,
    /// What `on_event` raised first.
    raised: Option<PyErr>,
}

impl Teller {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `on_event`; what it raises ends the build.
    fn tell(&self, kind: &str, fill: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>) {
        let Some(on_event) = &self.on_event else {
            return;
        };
        // None is left where the interpreter is going down.
        Python::try_attach(|py| {
            let told = || {
                let event = PyDict::new(py);
                event.set_item("event", kind)?;
                fill(&event)?;
                on_event.call1(py, (event,))
            };
            if let Err(raised) = told() {
                self.cancel.cancel();
                self.lock().raised.get_or_insert(raised);
            }
        });
    }

    fn tell_text(&self, kind: &str, text: &str) {
        self.tell(kind, |event| event.set_item("text", text));
    }

    fn taken(&self, taken: &Taken<'_>) {
        let split = {
            let mut state = self.lock();
            state.done += taken.spans + taken.left_out.len() as u64;
            state.rows += taken.rows;
            state.splits.get(taken.split).cloned().unwrap_or_default()
        };
        for (clip, rejection) in taken.left_out {
            self.tell("left_out", |event| {
                event.set_item("split", &split)?;
                event.set_item("clip", &*clip.name)?;
                event.set_item("stage", rejection.stage)?;
                event.set_item("reason", &rejection.reason)
            });
        }
    }
}

impl Observer for Teller {
    fn tick(&self, facts: &FlowFacts) {
        let (done, planned, rows) = {
            let state = self.lock();
            (state.done, state.planned, state.rows)
        };
        let bottleneck = bottleneck(facts);
        self.tell("progress", |event| {
            event.set_item("done", done)?;
            event.set_item("planned", planned)?;
            event.set_item("rows", rows)?;
            event.set_item("seconds", facts.elapsed.as_secs_f64())?;
            event.set_item("bottleneck", bottleneck)
        });
    }
}

impl Watch for Teller {
    fn hear(&self, event: Event<'_>) {
        match event {
            Event::Warning(text) => self.tell_text("warning", text),
            Event::Started(inputs) => {
                {
                    let mut state = self.lock();
                    state.splits = names(inputs);
                    state.planned = inputs.span_count();
                }
                self.tell("started", |event| {
                    let splits = inputs.splits.iter();
                    let clips: Vec<_> = splits
                        .map(|split| (split.name(), split.clips.len()))
                        .collect();
                    let splits = PyDict::from_sequence(&clips.into_pyobject(event.py())?)?;
                    event.set_item("splits", splits)
                });
            }
            Event::Resumed(commit) => {
                self.lock().done = commit.spans;
                let spans = commit.spans;
                self.tell("resumed", |event| event.set_item("done", spans));
            }
            Event::Taken(taken) => self.taken(taken),
            Event::Reached(_) => {}
        }
    }
}

/// The stage whose workers are busy for the largest share of their time.
fn bottleneck(facts: &FlowFacts) -> Option<&'static str> {
    let share = |stage: &StageFacts| {
        let time = stage.time;
        let all = (time.busy + time.idle + time.blocked).as_secs_f64();
        time.busy.as_secs_f64() / all.max(f64::MIN_POSITIVE)
    };
    let (slowest, share) = api::bottleneck(facts.stages.iter().map(share))?;
    (share > 0.0).then(|| facts.stages[slowest].name)
}
