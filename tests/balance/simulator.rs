//! A flow on a virtual clock: stages with known costs on cores that busy
//! workers share equally, run by the governor that runs the real ones.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use wakemill::flow::{FlowFacts, Governor, Resize, StageFacts, Work};

const TICK: f64 = 0.25;
const NONE: f64 = 1e-9;

/// What an item costs a stage: seconds of a core, and seconds of waiting for
/// something that is no core; by the time it is taken up and its number.
pub type Cost = Box<dyn Fn(f64, u64) -> (f64, f64)>;

/// The same seconds of a core for every item.
pub fn always(seconds: f64) -> Cost {
    Box::new(move |_, _| (seconds, 0.0))
}

struct Stage {
    cost: Cost,
    workers: usize,
    max_workers: usize,
    capacity: usize,
    queue: VecDeque<u64>,
    busy: Vec<Job>,
    blocked: VecDeque<u64>,
    started: u64,
    finished: u64,
    busy_seconds: f64,
    core_seconds: f64,
}

struct Job {
    item: u64,
    wait: f64,
    core: f64,
    /// When it was taken up, and what it will have cost.
    since: f64,
    cost: f64,
}

/// A running flow.
pub struct Simulation {
    cores: f64,
    in_flight: usize,
    stages: Vec<Stage>,
    now: f64,
    next_tick: f64,
    fed: u64,
    delivered: u64,
    core_seconds: f64,
    early: BTreeSet<u64>,
    /// Most workers that there were in all stages together.
    pub most_workers: usize,
    /// Every change of workers, with its time.
    pub resizes: Vec<(f64, Resize)>,
}

impl Simulation {
    /// Stages, each with its cost and its workers at first and at most.
    pub fn new(cores: usize, in_flight: usize, stages: Vec<(Cost, usize, usize)>) -> Self {
        let stage = |(cost, workers, max_workers): (Cost, usize, usize)| Stage {
            cost,
            workers,
            max_workers,
            capacity: max_workers + 1,
            queue: VecDeque::new(),
            busy: Vec::new(),
            blocked: VecDeque::new(),
            started: 0,
            finished: 0,
            busy_seconds: 0.0,
            core_seconds: 0.0,
        };
        let stages: Vec<Stage> = stages.into_iter().map(stage).collect();
        Self {
            cores: cores as f64,
            in_flight,
            most_workers: stages.iter().map(|stage| stage.workers).sum(),
            stages,
            now: 0.0,
            next_tick: TICK,
            fed: 0,
            delivered: 0,
            core_seconds: 0.0,
            early: BTreeSet::new(),
            resizes: Vec::new(),
        }
    }

    /// Runs for some seconds; gives the items a second that were delivered.
    pub fn run(&mut self, seconds: f64, governor: &mut dyn Governor) -> f64 {
        let (until, before) = (self.now + seconds, self.delivered);
        while self.now < until - NONE {
            self.move_items();
            self.advance(until);
            if self.now >= self.next_tick - NONE {
                self.next_tick += TICK;
                let resizes = governor.decide(&self.facts());
                resizes.into_iter().for_each(|resize| self.resize(resize));
                self.most_workers = self.most_workers.max(self.workers().iter().sum());
            }
        }
        (self.delivered - before) as f64 / seconds
    }

    /// Workers of the stages between source and sink.
    pub fn workers(&self) -> Vec<usize> {
        self.stages.iter().map(|stage| stage.workers).collect()
    }

    fn resize(&mut self, resize: Resize) {
        let stage = &mut self.stages[resize.stage - 1];
        stage.workers = resize.to.clamp(1, stage.max_workers);
        self.resizes.push((self.now, resize));
    }

    /// Lets every item go where it can go at once.
    fn move_items(&mut self) {
        loop {
            let mut moved = false;
            for index in (0..self.stages.len()).rev() {
                moved |= self.hand_on(index);
                moved |= self.stages[index].take_up(self.now);
            }
            let first = &mut self.stages[0];
            let in_flight = (self.fed - self.delivered) as usize;
            if in_flight < self.in_flight && first.queue.len() < first.capacity {
                first.queue.push_back(self.fed);
                self.fed += 1;
                moved = true;
            }
            if !moved {
                return;
            }
        }
    }

    fn hand_on(&mut self, index: usize) -> bool {
        let (before, after) = self.stages.split_at_mut(index + 1);
        let blocked = &mut before[index].blocked;
        let Some(next) = after.first_mut() else {
            let any = !blocked.is_empty();
            self.early.extend(blocked.drain(..));
            while self.early.remove(&self.delivered) {
                self.delivered += 1;
            }
            return any;
        };
        let room = next.capacity - next.queue.len();
        let count = room.min(blocked.len());
        next.queue.extend(blocked.drain(..count));
        count > 0
    }

    /// Goes on to the next moment at which something happens.
    fn advance(&mut self, until: f64) {
        let jobs = || self.stages.iter().flat_map(|stage| &stage.busy);
        let on_core = jobs().filter(|job| job.wait <= 0.0).count() as f64;
        let speed = (self.cores / on_core).min(1.0);
        let next = jobs().map(|job| match job.wait > 0.0 {
            true => job.wait,
            false => job.core / speed,
        });
        let step = next
            .fold(until - self.now, f64::min)
            .min(self.next_tick - self.now);
        self.now += step;
        self.core_seconds += step * speed * on_core;
        for stage in &mut self.stages {
            stage.spend(step, speed, self.now);
        }
    }

    fn facts(&self) -> FlowFacts {
        let stages = self.stages.iter().map(|stage| StageFacts {
            name: "stage",
            workers: stage.workers,
            started: stage.started,
            items: stage.finished,
            depth: stage.queue.len(),
            capacity: stage.capacity,
            time: Work {
                busy: Duration::from_secs_f64(stage.busy_seconds),
                cpu: Duration::from_secs_f64(stage.core_seconds),
                ..Work::default()
            },
        });
        FlowFacts {
            elapsed: Duration::from_secs_f64(self.now),
            cpu: Duration::from_secs_f64(self.core_seconds),
            stages: std::iter::once(costless("source", self.fed))
                .chain(stages)
                .chain([costless("sink", self.delivered)])
                .collect(),
            permits_in_use: (self.fed - self.delivered) as usize,
            permits: self.in_flight,
            reorder_pending: self.early.len(),
            reorder_stalled: Duration::ZERO,
        }
    }
}

impl Stage {
    fn take_up(&mut self, now: f64) -> bool {
        let mut any = false;
        while self.busy.len() + self.blocked.len() < self.workers
            && let Some(item) = self.queue.pop_front()
        {
            let (core, wait) = (self.cost)(now, item);
            self.busy.push(Job {
                item,
                wait,
                core,
                since: now,
                cost: core,
            });
            self.started += 1;
            any = true;
        }
        any
    }

    fn spend(&mut self, step: f64, speed: f64, now: f64) {
        for job in &mut self.busy {
            if job.wait > 0.0 {
                job.wait -= step;
                if job.wait < NONE {
                    job.wait = 0.0;
                }
            } else {
                job.core -= step * speed;
            }
        }
        // As in a real flow, time counts when the item is done.
        for job in self
            .busy
            .extract_if(.., |job| job.wait <= 0.0 && job.core < NONE)
        {
            self.busy_seconds += now - job.since;
            self.core_seconds += job.cost;
            self.finished += 1;
            self.blocked.push_back(job.item);
        }
    }
}

fn costless(name: &'static str, items: u64) -> StageFacts {
    StageFacts {
        name,
        workers: 1,
        started: items,
        items,
        depth: 0,
        capacity: 1,
        time: Work::default(),
    }
}
