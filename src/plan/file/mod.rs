//! Saved plans: what a reviewer saw, in a file that holds no secret and decides nothing twice.
//!
//! A saved plan is not a list of requests to replay. It says what the plan does ([`Body`]), what that was decided from
//! ([`Read`]) and what it was bound to ([`Header`]). Apply plans again from the same files and what is live then, and goes on
//! only if that plan does the same: the file decides, the fresh plan must agree, and values that are secret come from the
//! files only.
//!
//! [`digest`] names what a plan does. It leaves out what may differ between two plans that do the same: when they were made,
//! versions of objects, what waits for health, numbers of steps and waves, and what others own.

mod actions;
mod body;
mod codec;
mod header;
mod reads;
mod stale;

pub use actions::{ActionChange, digest};
pub use body::{Body, Proof};
pub use codec::{FORMAT, FileError, VERSION, decode, encode};
pub use header::{Choices, Commit, FileHash, Header, OmniIdentity, ProxmoxIdentity, Refusal, SavedPlan};
pub use reads::{Read, ReadChange, Role, What};
pub use stale::Stale;
