//! What is asked of an object store: reads, and puts under a condition, each with exactly what its reply proves.

use std::sync::Arc;
use std::time::Duration;

use super::conditional::{Conditional, End, Etag, Next, Put, Seen};
use super::store::StoreError;
use crate::world::{BoxFuture, Clock};

/// Reads in all, for one answer.
const READS: u32 = 4;

/// An object as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Content.
    pub bytes: Vec<u8>,
    /// Names this content.
    pub etag: Etag,
    /// How long ago it was written, by the store's own clock (`Date` less `Last-Modified`).
    pub idle: Option<Duration>,
}

/// Why there is no usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing was sent.
    Unsent(String),
    /// Nothing that can be relied on came back; another attempt may help.
    Unclear(String),
    /// The store accepts no such request.
    Refused(String),
    /// The answer breaks the rules of such stores.
    Lies(String),
    /// What is there is sealed and cannot be opened, or is not sealed and should be.
    Sealed {
        /// In words that follow its name.
        why: String,
        /// What to do.
        help: String,
    },
    /// What is there is not what was sealed.
    Damaged(String),
}

impl Trouble {
    /// As an error about an object.
    pub fn about(self, shown: &str) -> StoreError {
        match self {
            Self::Unsent(why) | Self::Unclear(why) => StoreError::Unreachable(format!("`{shown}`: {why}")),
            Self::Refused(why) => StoreError::Refused(format!("`{shown}`: {why}")),
            Self::Lies(why) => StoreError::Lies(format!("`{shown}`: {why}")),
            Self::Sealed { why, help } => StoreError::Sealed { what: format!("`{shown}` {why}"), help },
            Self::Damaged(why) => StoreError::Damaged { path: shown.to_owned(), why, backup: None },
        }
    }
}

/// An object store, below a prefix.
pub trait Objects: Send + Sync {
    /// One read, without repetition.
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, Trouble>>;
    /// One put, without repetition: over the object `base`, or where there is none.
    fn put<'a>(&'a self, name: &'a str, bytes: &'a [u8], base: Option<&'a Etag>) -> BoxFuture<'a, Put>;
    /// Names that begin with `start`, in order. Stores may answer from the past.
    fn list<'a>(&'a self, start: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>>;
    /// Removes an object, if the store lets us; only for what nobody misses when it stays.
    fn discard<'a>(&'a self, name: &'a str) -> BoxFuture<'a, ()>;
    /// The name of an object for people.
    fn show(&self, name: &str) -> String;
    /// Time between its requests.
    fn clock(&self) -> &Arc<dyn Clock>;
}

/// A read, repeated while there is no clear answer.
pub async fn get(objects: &dyn Objects, name: &str) -> Result<Option<Object>, StoreError> {
    let mut n = 0;
    loop {
        n += 1;
        match objects.read(name).await {
            Ok(object) => return Ok(object),
            Err(Trouble::Unclear(_) | Trouble::Unsent(_)) if n < READS => {
                objects.clock().sleep(Duration::from_millis(200 << n)).await;
            }
            Err(trouble) => return Err(trouble.about(&objects.show(name))),
        }
    }
}

/// A put until it is known what became of it, for at most `within`.
pub async fn settle(
    objects: &dyn Objects,
    name: &str,
    bytes: &[u8],
    base: Option<&Etag>,
    within: Duration,
) -> End {
    let clock = objects.clock();
    let mut state = Conditional::new(base.cloned());
    let start = clock.now();
    loop {
        let late = clock.now().saturating_sub(start) >= within;
        match state.next().clone() {
            #[cfg(test)]
            Next::Over(end) => return super::tests::flaw::lost(objects, name, bytes, end).await,
            #[cfg(not(test))]
            Next::Over(end) => return end,
            _ if late => return End::GivenUp("no clear answer in time".to_owned(), true),
            Next::Put => state.put(objects.put(name, bytes, base).await),
            Next::Read => state.read(match objects.read(name).await {
                Ok(None) => Seen::Nothing,
                Ok(Some(object)) => Seen::Object(object.etag, object.bytes == bytes),
                Err(
                    Trouble::Refused(why)
                    | Trouble::Lies(why)
                    | Trouble::Unclear(why)
                    | Trouble::Unsent(why)
                    | Trouble::Sealed { why, .. }
                    | Trouble::Damaged(why),
                ) => Seen::Unclear(why),
            }),
            Next::Pause(pause) => {
                clock.sleep(pause).await;
                state.paused();
            }
        }
    }
}
