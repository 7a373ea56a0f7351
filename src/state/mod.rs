//! Memory: what we last applied (the record), and what a run did (the journal). Memory is not truth: losing it loses
//! no resource and deletes nothing.

mod carrier;
pub mod conditional;
mod envelope;
pub mod heartbeat;
pub mod hold;
pub mod journal;
pub mod lease;
pub mod local;
pub mod model;
pub mod object;
pub mod objects;
pub mod probe;
pub mod remote;
pub mod seal;
pub mod store;

#[cfg(test)]
mod tests;
