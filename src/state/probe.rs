//! Stores that say they are S3-compatible and keep no conditions are found out before a record is trusted to them: at the
//! beginning of every apply, on an object of its own, with seven small requests.

use std::time::Duration;

use super::conditional::{Etag, Put};
use super::objects::{Objects, Trouble, get};
use super::store::StoreError;

/// Attempts of one request of the probe.
const ATTEMPTS: u32 = 4;

/// How a put of the probe ended, once it is known.
enum Sent {
    Written(Etag),
    Refused,
}

struct Probe<'a> {
    bucket: &'a dyn Objects,
    name: &'a str,
}

/// Tries the store out on the object `name`, which nobody else uses. [`StoreError::Lies`] names what it does wrong.
pub async fn probe(bucket: &dyn Objects, name: &str) -> Result<(), StoreError> {
    let probe = Probe { bucket, name };
    let found = probe.run().await;
    bucket.discard(name).await;
    found
}

impl Probe<'_> {
    fn lies<T>(&self, what: &str) -> Result<T, StoreError> {
        Err(Trouble::Lies(what.to_owned()).about(&self.bucket.show(self.name)))
    }

    async fn run(&self) -> Result<(), StoreError> {
        let Sent::Written(first) = self.put(b"{\"probe\":1}\n", None).await? else {
            return self.lies("it refuses to create an object that is not there");
        };
        self.shows(b"{\"probe\":1}\n", &first, "a read right after a write does not show it").await?;
        if let Sent::Written(_) = self.put(b"{\"probe\":2}\n", None).await? {
            return self.lies("it creates the same object twice: it ignores `If-None-Match`");
        }
        let Sent::Written(second) = self.put(b"{\"probe\":3}\n", Some(&first)).await? else {
            return self.lies("it refuses a replacement whose `If-Match` is right");
        };
        if second == first {
            return self.lies("different contents have the same entity tag");
        }
        self.shows(b"{\"probe\":3}\n", &second, "a read shows what was there before the last write").await?;
        if let Sent::Written(_) = self.put(b"{\"probe\":4}\n", Some(&first)).await? {
            return self.lies("it replaces an object whose entity tag is another: it ignores `If-Match`");
        }
        self.shows(b"{\"probe\":3}\n", &second, "it changed an object although it refused to").await
    }

    async fn shows(&self, bytes: &[u8], etag: &Etag, otherwise: &str) -> Result<(), StoreError> {
        match get(self.bucket, self.name).await? {
            Some(object) if object.bytes == bytes && object.etag == *etag => Ok(()),
            Some(object) if object.bytes == bytes => {
                self.lies("reads and writes give different entity tags for the same content")
            }
            _ => self.lies(otherwise),
        }
    }

    /// One put; a lost reply is found out by reading, as for the record.
    async fn put(&self, bytes: &[u8], base: Option<&Etag>) -> Result<Sent, StoreError> {
        let shown = self.bucket.show(self.name);
        let mut last = String::new();
        for n in 0..ATTEMPTS {
            if n > 0 {
                self.bucket.clock().sleep(Duration::from_millis(150 << n)).await;
            }
            match self.bucket.put(self.name, bytes, base).await {
                Put::Written(etag) => return Ok(Sent::Written(etag)),
                Put::Refused(why) if why.starts_with("501") => {
                    return Err(Trouble::Lies(why).about(&shown));
                }
                Put::Refused(why) => return Err(Trouble::Refused(why).about(&shown)),
                Put::Changed if n == 0 => {
                    let found = get(self.bucket, self.name).await?;
                    if found.is_some_and(|o| o.bytes == bytes) {
                        return self.lies("it answers 412 to a write that it has taken in");
                    }
                    return Ok(Sent::Refused);
                }
                Put::Changed | Put::Unknown(_) if self.holds(bytes).await?.is_some() => {
                    let etag = self.holds(bytes).await?;
                    return Ok(etag.map_or(Sent::Refused, Sent::Written));
                }
                Put::Changed => return Ok(Sent::Refused),
                Put::Again(why) | Put::Unknown(why) => last = why,
            }
        }
        // Errors on the network are one thing; a store that answers so every time is another.
        if last.contains("200 with an error") || last.contains("entity tag") {
            return self.lies(&last);
        }
        Err(Trouble::Unclear(last).about(&shown))
    }

    async fn holds(&self, bytes: &[u8]) -> Result<Option<Etag>, StoreError> {
        Ok(get(self.bucket, self.name).await?.filter(|o| o.bytes == bytes).map(|o| o.etag))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::state::objects::Object;
    use crate::world::{BoxFuture, Clock};

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Lie {
        None,
        IgnoresIfNoneMatch,
        IgnoresIfMatch,
        ReadsTheOldOne,
        WeakTags,
        ErrorsWith200,
        DeniesOwnWrites,
        /// A versioned bucket whose delete marker counts as an object.
        MarkerCounts,
        OneTagForAll,
        OtherTagsInReads,
        WritesAndRefuses,
    }

    /// A store in memory that gets one thing wrong.
    struct Liar(Lie, Mutex<Vec<Vec<u8>>>, Arc<dyn Clock>);

    struct Instant;
    impl Clock for Instant {
        fn unix(&self) -> f64 {
            0.0
        }
        fn now(&self) -> Duration {
            Duration::ZERO
        }
        fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    fn tag(n: usize) -> Etag {
        Etag::parse(&format!("\"{n}\"")).unwrap()
    }

    impl Objects for Liar {
        fn read<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<Object>, Trouble>> {
            let all = self.1.lock().unwrap();
            let n = if self.0 == Lie::ReadsTheOldOne { all.len().saturating_sub(1) } else { all.len() };
            let etag = match self.0 {
                Lie::OneTagForAll => tag(1),
                Lie::OtherTagsInReads => tag(n + 100),
                _ => tag(n),
            };
            let object = n.checked_sub(1).map(|i| Object { bytes: all[i].clone(), etag, idle: None });
            let found = match self.0 {
                Lie::WeakTags => Err(Trouble::Lies("its entity tag `W/\"a\"` is not a strong one".into())),
                _ => Ok(object),
            };
            Box::pin(std::future::ready(found))
        }
        fn put<'a>(&'a self, _: &'a str, bytes: &'a [u8], base: Option<&'a Etag>) -> BoxFuture<'a, Put> {
            let mut all = self.1.lock().unwrap();
            let there = (!all.is_empty()).then(|| match self.0 {
                Lie::OneTagForAll => tag(1),
                Lie::OtherTagsInReads => tag(all.len() + 200),
                _ => tag(all.len()),
            });
            let holds = match (base, &there) {
                (None, None) => self.0 != Lie::MarkerCounts,
                (None, Some(_)) => self.0 == Lie::IgnoresIfNoneMatch,
                (Some(base), there) => Some(base) == there.as_ref() || self.0 == Lie::IgnoresIfMatch,
            };
            if holds || self.0 == Lie::WritesAndRefuses {
                all.push(bytes.to_vec());
            }
            let etag = match self.0 {
                Lie::OneTagForAll => tag(1),
                Lie::OtherTagsInReads => tag(all.len() + 200),
                _ => tag(all.len()),
            };
            let put = match self.0 {
                _ if !holds => Put::Changed,
                Lie::WeakTags => Put::Unknown("it gives no strong entity tag".into()),
                Lie::ErrorsWith200 => {
                    all.pop();
                    Put::Unknown("it answers 200 with an error in the body".into())
                }
                Lie::DeniesOwnWrites => Put::Changed,
                _ => Put::Written(etag),
            };
            Box::pin(std::future::ready(put))
        }
        fn list<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
            Box::pin(std::future::ready(Ok(Vec::new())))
        }
        fn discard<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
            Box::pin(std::future::ready(()))
        }
        fn show(&self, name: &str) -> String {
            name.to_owned()
        }
        fn clock(&self) -> &Arc<dyn Clock> {
            &self.2
        }
    }

    /// F14: each way in which a store can break its word is named.
    #[test]
    fn every_kind_of_lie_is_named() {
        for (lie, words) in [
            (Lie::None, ""),
            (Lie::IgnoresIfNoneMatch, "it ignores `If-None-Match`"),
            (Lie::IgnoresIfMatch, "it ignores `If-Match`"),
            (Lie::ReadsTheOldOne, "a read right after a write does not show it"),
            (Lie::WeakTags, "is not a strong one"),
            (Lie::ErrorsWith200, "200 with an error in the body"),
            (Lie::DeniesOwnWrites, "412 to a write that it has taken in"),
            (Lie::MarkerCounts, "it refuses to create an object that is not there"),
            (Lie::OneTagForAll, "different contents have the same entity tag"),
            (Lie::OtherTagsInReads, "reads and writes give different entity tags"),
            (Lie::WritesAndRefuses, "412 to a write that it has taken in"),
        ] {
            let store = Liar(lie, Mutex::default(), Arc::new(Instant));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let found = runtime.block_on(probe(&store, "p"));
            match found {
                Ok(()) => assert_eq!(lie, Lie::None),
                Err(StoreError::Lies(why)) => {
                    assert!(why.contains(words) && lie != Lie::None, "{lie:?}: {why}");
                }
                Err(other) => panic!("{lie:?}: {other}"),
            }
        }
    }
}
