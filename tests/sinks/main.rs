//! Text from files and servers in every sink, read again by programs that are not ours: nothing in it acts.
#![allow(clippy::indexing_slicing)]

mod budget;
mod corpus;
mod filled;
mod hostile;
mod page;
mod runner;
mod shown;
mod sinks;
mod terminal;
