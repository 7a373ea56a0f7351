//! The engine against the lab's Omni with every single disturbance at every place: lost requests, lost replies, late
//! effects, server faults, kills around every request and every write to disk.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod disturbances;
mod examine;
mod sim;
mod status;
