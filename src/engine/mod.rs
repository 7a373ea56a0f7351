//! Motion: looking, carrying out a plan, waiting, recovering, looking again. Nothing is decided here; the plan has decided.

pub mod apply;
pub mod claim;
pub mod driver;
pub mod event;
pub mod gate;
mod memory;
mod operate;
pub mod recover;
pub mod refresh;
pub mod stop;
pub mod verify;
pub mod wait;
