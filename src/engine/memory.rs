//! The record while a run changes it: every change is one compare-and-set.

use crate::address::Address;
use crate::state::model::{Entry, Record};
use crate::state::store::{Store, StoreError, Version};

/// What a step does to the record.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Remember {
    /// Nothing.
    Nothing,
    /// This is ours now.
    Put(Box<Entry>),
    /// This, and everything below it, is not ours any more.
    Drop,
}

/// The record, and the version of it that is stored.
pub(super) struct Memory<'a> {
    store: &'a dyn Store,
    pub(super) record: Record,
    stored: Option<Version>,
}

impl<'a> Memory<'a> {
    /// `record` is what the store holds; `fresh` is what a first write begins with.
    pub(super) fn new(store: &'a dyn Store, record: Option<Record>, fresh: impl FnOnce() -> Record) -> Self {
        let stored = record.as_ref().map(Version::of);
        Self { store, record: record.unwrap_or_else(fresh), stored }
    }

    /// The record that the store holds; `None` while there is none.
    pub(super) fn stored(&self) -> Option<Record> {
        self.stored.as_ref().map(|_| self.record.clone())
    }

    /// Stores changes, all with one write. The record in hand changes only if the stored one did.
    pub(super) async fn apply(&mut self, changes: &[(Address, Remember)]) -> Result<u64, StoreError> {
        self.apply_all(&[changes]).await
    }

    /// [`Memory::apply`] for several steps. Each that changes the record raises its serial by one, so that the serial after a
    /// run does not tell which steps happened to end together.
    pub(super) async fn apply_all(
        &mut self,
        steps: &[impl AsRef<[(Address, Remember)]> + Sync],
    ) -> Result<u64, StoreError> {
        let mut next = self.record.clone();
        let mut raised = 0;
        for changes in steps {
            let mut changed = false;
            for (address, change) in changes.as_ref() {
                changed |= match change {
                    Remember::Nothing => false,
                    Remember::Put(entry) => {
                        let before = next.entries.insert(address.clone(), Entry::clone(entry));
                        before.as_ref() != Some(&**entry)
                    }
                    Remember::Drop => {
                        let before = next.entries.len();
                        next.entries.retain(|a, _| !address.contains(a));
                        next.entries.len() != before
                    }
                };
            }
            raised += u64::from(changed);
        }
        if raised == 0 && self.stored.is_some() {
            return Ok(self.record.serial);
        }
        next.serial += raised.max(1);
        self.stored = Some(self.store.swap(self.stored.as_ref(), &next).await?);
        self.record = next;
        Ok(self.record.serial)
    }
}
