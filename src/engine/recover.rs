//! The first phase of every apply: what earlier runs left in doubt is looked up by its identity, and remembered.

use std::time::Duration;

use super::apply::Outside;
use super::event::Event;
use super::memory::{Memory, Remember};
use super::operate::{digest, gone, holds};
use super::wait::Waited;
use crate::address::Address;
use crate::diff::remembered;
use crate::live::Observation;
use crate::resource::Phase;
use crate::state::journal::{Found, Intent, Verb, all, prune};
use crate::state::model::{Entry, Origin, Record};
use crate::state::store::{StoreError, identity};

/// Looks that must agree that something is absent: the killed run's request may still be on its way.
const LOOKS: usize = 4;
/// Between them.
const PAUSE: Duration = Duration::from_millis(400);

/// Why recovery cannot be finished. Nothing was changed on the server.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecoverError {
    /// Our own memory fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something in doubt cannot be read.
    #[error("an earlier run left `{address}` in doubt, and it cannot be read: {why}")]
    Unreadable {
        /// Which.
        address: Address,
        /// Why.
        why: String,
    },
    /// Something that an earlier run tears down is still there.
    #[error("an earlier run tears down `{address}`, which is not finished: {why}")]
    StillThere {
        /// Which.
        address: Address,
        /// What holds it up.
        why: String,
    },
    /// An interrupt.
    #[error("stopped by an interrupt")]
    Stopped,
}

/// Number of intents in doubt that journals of `omni` hold; for a plan, which changes nothing.
pub fn in_doubt(fs: &dyn crate::world::Fs, runs: &std::path::Path, omni: &str) -> Result<usize, StoreError> {
    Ok(all(fs, runs)?.iter().filter(|f| ours(f, omni)).map(|f| f.open().len()).sum())
}

fn ours(found: &Found, omni: &str) -> bool {
    !found.is_closed() && found.scope().is_some_and(|(_, origin)| origin == omni)
}

/// Resolves everything in doubt, and returns the record as it is stored afterwards.
pub async fn recover(
    outside: Outside<'_>,
    omni: &str,
    record: Option<Record>,
) -> Result<Option<Record>, RecoverError> {
    let found = all(outside.fs.as_ref(), outside.runs)?;
    prune(outside.fs.as_ref(), &found)?;
    let mut record = record;
    let inherited = outside.hold.inherited();
    if let Some(intents) = &inherited {
        let fresh = || Record::new(identity(outside.rng), omni);
        let mut memory = Memory::new(outside.store, record, fresh);
        settle(outside, intents.clone(), &mut memory).await?;
        record = memory.stored();
        outside.hold.resolved();
    }
    for journal in &found {
        if journal.is_closed() {
            continue;
        }
        let Some((lineage, origin)) = journal.scope() else {
            if journal.damaged {
                damage(outside, journal);
            }
            // Died before its first line was whole: it cannot have sent anything.
            journal.close(outside.fs.as_ref(), outside.clock.unix())?;
            continue;
        };
        if origin != omni {
            continue;
        }
        if inherited.is_some() {
            // Whatever it was about to send was noted beside the record too, and whoever wrote since has looked it up.
            journal.close(outside.fs.as_ref(), outside.clock.unix())?;
            continue;
        }
        if record.as_ref().is_some_and(|r| r.lineage != lineage) {
            outside.observer.on(&Event::Note(format!(
                "`{}` belongs to another record; what it left is adopted if it is declared",
                journal.path.display()
            )));
            journal.close(outside.fs.as_ref(), outside.clock.unix())?;
            continue;
        }
        if journal.damaged {
            damage(outside, journal);
        }
        let lineage = lineage.to_owned();
        let mut memory = Memory::new(outside.store, record, || Record::new(lineage, omni));
        settle(outside, journal.open(), &mut memory).await?;
        record = memory.stored();
        journal.close(outside.fs.as_ref(), outside.clock.unix())?;
    }
    Ok(record)
}

/// Says that a journal is not whole. Memory is not truth: what it forgot is live, and shows up as what it is.
fn damage(outside: Outside<'_>, journal: &Found) {
    outside.observer.on(&Event::Note(format!(
        "`{}` is damaged; what it does not tell any more is adopted if it is declared",
        journal.path.display()
    )));
}

/// Looks up what is in doubt, and remembers what is found.
async fn settle(
    outside: Outside<'_>,
    open: Vec<Intent>,
    memory: &mut Memory<'_>,
) -> Result<(), RecoverError> {
    let mut changes = Vec::new();
    for intent in open {
        let mut change = resolve(outside, &intent).await?;
        // An update does not change how the thing came to be ours.
        let before = memory.record.entries.get(&intent.address).map(|e| e.origin);
        if let (Remember::Put(entry), Verb::Update, Some(origin)) = (&mut change, intent.verb, before) {
            entry.origin = origin;
        }
        changes.push((intent.address, change));
    }
    if changes.iter().any(|(_, c)| *c != Remember::Nothing) {
        memory.apply(&changes).await?;
        outside.hold.stored(&memory.record);
    }
    Ok(())
}

async fn resolve(outside: Outside<'_>, intent: &Intent) -> Result<Remember, RecoverError> {
    let say = |text: &str| {
        outside.observer.on(&Event::Recovered { address: intent.address.clone(), text: text.to_owned() });
    };
    let mut seen = None;
    for n in 0..LOOKS {
        if n > 0 && outside.stop.sleep(outside.clock, PAUSE).await {
            return Err(RecoverError::Stopped);
        }
        match outside.omni.get(&intent.id).await {
            Observation::Known(live) => {
                seen = Some(live);
                break;
            }
            Observation::Absent => {}
            Observation::Unknown(why) => {
                return Err(RecoverError::Unreadable { address: intent.address.clone(), why: why.0 });
            }
        }
        if intent.verb == Verb::Teardown {
            break;
        }
    }
    let Some(live) = seen else {
        return Ok(match intent.verb {
            Verb::Teardown => {
                say("is gone");
                Remember::Drop
            }
            Verb::Create | Verb::Update => {
                say("did not happen");
                Remember::Nothing
            }
        });
    };
    match intent.verb {
        Verb::Teardown if live.phase == Phase::TearingDown => {
            say("is being torn down; waiting");
            let waited =
                gone(outside.omni, outside.clock, outside.stop, &intent.id, outside.deadlines.gone, &|_| {})
                    .await;
            match waited {
                Waited::Reached(_) => Ok(Remember::Drop),
                Waited::Stopped(_) => Err(RecoverError::Stopped),
                Waited::Failed(why) | Waited::TimedOut(why) => {
                    Err(RecoverError::StillThere { address: intent.address.clone(), why })
                }
            }
        }
        Verb::Teardown => {
            say("did not happen");
            Ok(Remember::Nothing)
        }
        Verb::Create | Verb::Update => {
            let exactly = digest(Some(&live.resource), outside.key) == intent.digest;
            let seen = remembered(&live.resource, Some(outside.key));
            let enough = intent.record.as_ref().is_some_and(|wanted| holds(&seen, wanted));
            if !(exactly || enough) {
                say("is not as it was sent: left as it is");
                return Ok(Remember::Nothing);
            }
            say("had happened");
            let origin = if intent.adopted { Origin::Adopted } else { Origin::Created };
            Ok(match &intent.record {
                Some(applied) => Remember::Put(Box::new(Entry {
                    id: Some(intent.id.clone()),
                    applied: Some(applied.clone()),
                    origin,
                })),
                None => Remember::Drop,
            })
        }
    }
}
