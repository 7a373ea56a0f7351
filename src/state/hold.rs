//! What keeps other runs away while one writes, and tells a successor what was about to be sent.

use super::journal::Intent;
use super::model::Record;
use super::store::StoreError;
use crate::world::{BoxFuture, FsLock};

/// A hold that does not stand any more. Nothing may be sent after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// In words for people.
    pub why: String,
    /// Whether another run has it now: then the record is that run's too.
    pub taken: bool,
}

/// The right to write, for one run. It ends when it is released or lost, and at the latest with the process or its lease.
pub trait Hold: Send + Sync {
    /// Notes, where a successor looks, what is about to be sent. When it returns, the note is durable there and the hold stood
    /// a moment ago; on an error nothing may be sent.
    fn begin<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<(), StoreError>>;
    /// The effect of a step is in the record, or it provably has none: a successor need not look. Not durable by itself;
    /// a note that stays only makes the successor look once more.
    fn settled(&self, step: u32);
    /// The record as it was last stored, against whoever brings back an older one or changes it.
    fn stored(&self, record: &Record);
    /// Why it does not stand any more, if so.
    fn loss(&self) -> Option<Loss>;
    /// Until it is lost; for ever otherwise.
    fn lost(&self) -> BoxFuture<'_, Loss>;
    /// What earlier holders were about to send, where that is kept beside the record; `None` where journals of this machine
    /// tell it.
    fn inherited(&self) -> Option<Vec<Intent>>;
    /// What was inherited is resolved.
    fn resolved(&self);
    /// Gives it back. What is still open stays noted for the next holder.
    fn release(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// A lock of this machine: the operating system takes it back when the process dies, so it is never lost before.
pub struct LocalHold {
    _lock: Box<dyn FsLock>,
}

impl LocalHold {
    /// Holds by a lock.
    pub fn new(lock: Box<dyn FsLock>) -> Self {
        Self { _lock: lock }
    }
}

impl Hold for LocalHold {
    /// The journal of this machine is the note.
    fn begin<'a>(&'a self, _: &'a Intent) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
    fn settled(&self, _: u32) {}
    fn stored(&self, _: &Record) {}
    fn loss(&self) -> Option<Loss> {
        None
    }
    fn lost(&self) -> BoxFuture<'_, Loss> {
        Box::pin(std::future::pending())
    }
    fn inherited(&self) -> Option<Vec<Intent>> {
        None
    }
    fn resolved(&self) {}
    fn release(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
