//! Putting a flow together: source, stages in order, sink.

use flume::{Receiver, Sender};

use super::budget::Budget;
use super::cancel::CancelToken;
use super::error::FlowError;
use super::facts::{FlowFacts, StageId};
use super::governor::Governor;
use super::observer::Observer;
use super::run::{self, Supervisor};
use super::shared::{Envelope, Settings, Shared, StageSettings, StageState, Task};
use super::stage::{Sink, Stage};

/// A flow whose last stage so far gives `T`.
pub struct Flow<'env, T> {
    settings: Settings,
    stages: Vec<StageState>,
    tasks: Vec<Task<'env>>,
    /// The tasks of the last stage, which wait to be told where to send.
    last: Box<dyn FnOnce(Sender<Envelope<T>>) -> Vec<Task<'env>> + 'env>,
}

/// A flow that is complete and can run.
pub struct Ready<'env> {
    settings: Settings,
    stages: Vec<StageState>,
    tasks: Vec<Task<'env>>,
    sink: Task<'env>,
    governor: Option<&'env mut dyn Governor>,
    budget: Option<Budget>,
}

impl<'env, T: Send + 'env> Flow<'env, T> {
    /// Starts a flow with the items of an iterator, in its order.
    pub fn source(
        name: &'static str,
        items: impl Iterator<Item = T> + Send + 'env,
        settings: Settings,
    ) -> Self {
        Self {
            settings,
            stages: vec![StageState::alone(name)],
            tasks: Vec::new(),
            last: Box::new(move |output| {
                let task: Task<'env> = Box::new(move |shared| run::feed(shared, items, output));
                vec![task]
            }),
        }
    }

    /// Adds a stage.
    pub fn stage<S>(mut self, stage: &'env S, settings: StageSettings) -> Flow<'env, S::Out>
    where
        S: Stage<In = T>,
        S::Out: 'env,
    {
        let (input, id) = self.connect(stage.name(), settings);
        Flow {
            settings: self.settings,
            stages: self.stages,
            tasks: self.tasks,
            last: Box::new(move |output| {
                (0..settings.max_workers.max(settings.workers).max(1))
                    .map(|index| {
                        let (input, output) = (input.clone(), output.clone());
                        let task: Task<'env> = Box::new(move |shared| {
                            run::work(shared, stage, (id, index), input, output);
                        });
                        task
                    })
                    .collect()
            }),
        }
    }

    /// Ends the flow with a sink; `capacity` items may wait before it.
    pub fn sink<S: Sink<In = T>>(mut self, sink: &'env mut S, capacity: usize) -> Ready<'env> {
        let settings = StageSettings {
            workers: 1,
            max_workers: 1,
            capacity,
        };
        let (input, id) = self.connect(sink.name(), settings);
        Ready {
            settings: self.settings,
            stages: self.stages,
            tasks: self.tasks,
            sink: Box::new(move |shared| run::drain(shared, sink, id, input)),
            governor: None,
            budget: None,
        }
    }

    /// Puts a channel behind the last stage; gives its end and the next stage's id.
    fn connect(
        &mut self,
        name: &'static str,
        settings: StageSettings,
    ) -> (Receiver<Envelope<T>>, StageId) {
        let capacity = settings.capacity.max(1);
        let (sender, receiver) = flume::bounded(capacity);
        let last = std::mem::replace(&mut self.last, Box::new(|_| Vec::new()));
        self.tasks.extend(last(sender));
        self.stages.push(StageState::new(name, settings, capacity));
        (receiver, self.stages.len() - 1)
    }
}

impl<'env> Ready<'env> {
    /// Lets `governor` change the stages' workers while the flow runs.
    pub fn governed(mut self, governor: &'env mut dyn Governor) -> Self {
        self.governor = Some(governor);
        self
    }

    /// The stages take of `budget`, which a cancel closes.
    pub fn within(mut self, budget: &Budget) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// Runs the flow to its end on threads of its own and the calling one, and
    /// gives the facts at the end with the first cause if it ended early.
    pub fn run(
        self,
        observer: &dyn Observer,
        cancel: &CancelToken,
    ) -> (FlowFacts, Result<(), FlowError>) {
        let shared = Shared::new(self.stages, self.settings.in_flight, self.budget, observer);
        let supervisor = Supervisor {
            cancel,
            governor: self.governor,
            interval: self.settings.tick,
        };
        run::run(shared, self.tasks, self.sink, supervisor)
    }
}
