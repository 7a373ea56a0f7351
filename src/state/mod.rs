//! Memory: what we last applied (the record), and what a run did (the journal). Memory is not truth: losing it loses
//! no resource and deletes nothing.

pub mod hold;
pub mod journal;
pub mod local;
pub mod model;
pub mod store;
