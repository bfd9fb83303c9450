//! An interrupted build is completed to the bytes of one that was not.

mod guard;
mod kill;
mod steps;
mod support;
