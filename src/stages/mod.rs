//! Thin adapters from records to the work.
