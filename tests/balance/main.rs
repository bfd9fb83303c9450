//! Worker counts that find their place: the governor of real builds, on flows
//! with known costs and a virtual clock.

mod convergence;
mod simulator;
