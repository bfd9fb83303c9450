//! Metrics, dashboard and alerts: declared, used, and true of a real build.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod address;
mod declared;
mod grafana;
mod resumed;
mod running;
mod support;
