//! What a run did, written before and after every mutating call, so that the next run knows what is in doubt.
//!
//! One file per run, one JSON object per line, each with its number. A line that was cut off by a crash, and everything
//! after it, is not there: what remains is a valid prefix.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::store::StoreError;
use crate::address::Address;
use crate::resource::{Resource, ResourceId};
use crate::world::Fs;

/// Version of the line format.
pub const FORMAT: u32 = 1;
/// Finished journals kept.
const KEPT: usize = 20;

/// What a mutating call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Creates.
    Create,
    /// Replaces.
    Update,
    /// Tears down.
    Teardown,
}

/// One mutating call that is about to be sent: enough to find out afterwards whether it happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Step of the plan.
    pub step: u32,
    /// What the step is about.
    pub address: Address,
    /// What is sent.
    pub verb: Verb,
    /// The identity that the call names; the same for every attempt.
    pub id: ResourceId,
    /// Keyed digest of the normal form that is sent; of nothing for a teardown.
    pub digest: String,
    /// What the record will hold once this is done, secrets as keyed digests; `None` drops the entry.
    pub record: Option<Resource>,
    /// Whether the thing existed before us.
    pub adopted: bool,
    /// 1 for the first call of the step.
    pub attempt: u32,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The effect is proved.
    Done,
    /// That there is no effect is proved.
    NoEffect,
    /// In doubt.
    Unknown,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// First line.
    Run {
        /// [`FORMAT`].
        format: u32,
        /// Identity of the run.
        run: String,
        /// Lineage of the record.
        lineage: String,
        /// Serial of the record when the run began.
        serial: u64,
        /// Omni origin.
        omni: String,
        /// Unix time.
        time: f64,
        /// Guards that would have blocked, and what lifted each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lifted: Vec<String>,
    },
    /// Before a call.
    Begin(Box<Intent>),
    /// After it.
    End {
        /// Step.
        step: u32,
        /// Attempt.
        attempt: u32,
        /// How.
        ended: Ended,
    },
    /// The step's effect is in the record.
    Recorded {
        /// Step.
        step: u32,
        /// Serial that holds it.
        serial: u64,
    },
    /// Nothing is in doubt any more.
    Closed {
        /// Unix time.
        time: f64,
    },
}

#[derive(Serialize, Deserialize)]
struct Numbered {
    n: u64,
    #[serde(flatten)]
    line: Line,
}

/// The journal of a run that is under way.
pub struct Journal {
    fs: Arc<dyn Fs>,
    path: PathBuf,
    next: Mutex<u64>,
}

impl Journal {
    /// Starts a journal; its first line is durable when this returns.
    pub fn start(fs: Arc<dyn Fs>, folder: &Path, run: &str, first: &Line) -> Result<Self, StoreError> {
        let journal = Self { fs, path: folder.join(format!("{run}.jsonl")), next: Mutex::new(0) };
        journal.write(first)?;
        Ok(journal)
    }

    /// Appends a line; durable when this returns.
    pub fn write(&self, line: &Line) -> Result<(), StoreError> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = serde_json::to_string(&Numbered { n: *next, line: line.clone() })
            .map_err(|e| StoreError::Unavailable(format!("the journal cannot be written: {e}")))?;
        text.push('\n');
        self.fs.append(&self.path, text.as_bytes())?;
        *next += 1;
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A journal as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Where.
    pub path: PathBuf,
    /// The valid prefix.
    pub lines: Vec<Line>,
}

impl Found {
    /// Reads the valid prefix of a journal's bytes.
    pub fn parse(path: PathBuf, bytes: &[u8]) -> Self {
        let mut lines = Vec::new();
        for raw in bytes.split_inclusive(|b| *b == b'\n') {
            // Without its line end the last line was cut off, even if what is there happens to read.
            let Some(raw) = raw.strip_suffix(b"\n") else { break };
            let Ok(numbered) = serde_json::from_slice::<Numbered>(raw) else { break };
            if numbered.n != lines.len() as u64 {
                break;
            }
            lines.push(numbered.line);
        }
        Self { path, lines }
    }

    /// Whether nothing of it is in doubt.
    pub fn is_closed(&self) -> bool {
        matches!(self.lines.last(), Some(Line::Closed { .. }))
    }

    /// Lineage and Omni origin that the run worked for.
    pub fn scope(&self) -> Option<(&str, &str)> {
        match self.lines.first() {
            Some(Line::Run { lineage, omni, .. }) => Some((lineage, omni)),
            _ => None,
        }
    }

    /// Intents whose effect is not proved absent and not in the record, in the order they were begun; the last attempt
    /// of each step.
    pub fn open(&self) -> Vec<Intent> {
        let mut open: Vec<Intent> = Vec::new();
        for line in &self.lines {
            match line {
                Line::Begin(intent) => {
                    open.retain(|o| o.step != intent.step);
                    open.push(Intent::clone(intent));
                }
                Line::End { step, attempt, ended: Ended::NoEffect } => {
                    open.retain(|o| o.step != *step || o.attempt != *attempt);
                }
                Line::Recorded { step, .. } => open.retain(|o| o.step != *step),
                Line::End { .. } | Line::Run { .. } => {}
                Line::Closed { .. } => open.clear(),
            }
        }
        open
    }

    /// Closes it: everything in doubt was resolved. What a crash cut off is dropped with the same write.
    pub fn close(&self, fs: &dyn Fs, time: f64) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        for (n, line) in self.lines.iter().chain(std::iter::once(&Line::Closed { time })).enumerate() {
            let text = serde_json::to_string(&Numbered { n: n as u64, line: line.clone() })
                .map_err(|e| StoreError::Unavailable(format!("the journal cannot be written: {e}")))?;
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(b'\n');
        }
        Ok(fs.replace(&self.path, &bytes)?)
    }
}

/// All journals of a folder, oldest name first. Names are run ids, which begin with the time.
pub fn all(fs: &dyn Fs, folder: &Path) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    for name in fs.list(folder)? {
        if Path::new(&name).extension().is_some_and(|e| e == "jsonl") && !name.starts_with('.') {
            let path = folder.join(name);
            let bytes = fs.read(&path)?;
            found.push(Found::parse(path, &bytes));
        }
    }
    Ok(found)
}

/// Removes the oldest finished journals beyond the number that is kept. Open ones are never removed.
pub fn prune(fs: &dyn Fs, found: &[Found]) -> Result<(), StoreError> {
    let closed: Vec<&Found> = found.iter().filter(|f| f.is_closed()).collect();
    for old in closed.iter().take(closed.len().saturating_sub(KEPT)) {
        fs.remove(&old.path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::real::RealFs;

    fn at(step: u32, attempt: u32) -> Box<Intent> {
        Box::new(intent(step, attempt))
    }

    fn intent(step: u32, attempt: u32) -> Intent {
        Intent {
            step,
            address: Address::class("w"),
            verb: Verb::Create,
            id: ResourceId::default_ns("MachineClasses", "w"),
            digest: "d".into(),
            record: None,
            adopted: false,
            attempt,
        }
    }

    fn first() -> Line {
        Line::Run {
            format: FORMAT,
            run: "r".into(),
            lineage: "l".into(),
            serial: 3,
            omni: "o".into(),
            time: 1.0,
            lifted: vec![],
        }
    }

    #[test]
    fn a_journal_cut_anywhere_is_a_valid_prefix() {
        let dir = tempfile::tempdir().unwrap();
        let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
        let journal = Journal::start(fs.clone(), dir.path(), "r", &first()).unwrap();
        let lines = [
            Line::Begin(at(0, 1)),
            Line::End { step: 0, attempt: 1, ended: Ended::Done },
            Line::Recorded { step: 0, serial: 4 },
            Line::Begin(at(1, 1)),
        ];
        for line in &lines {
            journal.write(line).unwrap();
        }
        let bytes = fs.read(journal.path()).unwrap();
        let whole = Found::parse(journal.path().into(), &bytes);
        assert_eq!(whole.lines.len(), 5);
        assert_eq!(whole.open(), [intent(1, 1)]);
        for n in 0..bytes.len() {
            let cut = Found::parse("x".into(), &bytes[..n]);
            assert_eq!(cut.lines, whole.lines[..cut.lines.len()]);
            assert_eq!(cut.lines.len(), bytes[..n].iter().filter(|b| **b == b'\n').count());
        }
    }

    #[test]
    fn an_intent_stays_open_until_it_is_recorded_or_proved_to_have_no_effect() {
        let f = |lines: Vec<Line>| Found { path: "x".into(), lines }.open().len();
        assert_eq!(f(vec![first(), Line::Begin(at(0, 1))]), 1);
        let done = Line::End { step: 0, attempt: 1, ended: Ended::Done };
        assert_eq!(f(vec![first(), Line::Begin(at(0, 1)), done.clone()]), 1, "done but not yet remembered");
        assert_eq!(f(vec![Line::Begin(at(0, 1)), done, Line::Recorded { step: 0, serial: 1 }]), 0);
        let refused = Line::End { step: 0, attempt: 1, ended: Ended::NoEffect };
        assert_eq!(f(vec![Line::Begin(at(0, 1)), refused.clone()]), 0);
        assert_eq!(f(vec![Line::Begin(at(0, 1)), refused, Line::Begin(at(0, 2))]), 1);
        let unknown = Line::End { step: 0, attempt: 1, ended: Ended::Unknown };
        assert_eq!(f(vec![Line::Begin(at(0, 1)), unknown]), 1);
    }

    #[test]
    fn closing_drops_the_torn_end_and_old_finished_journals_go() {
        let dir = tempfile::tempdir().unwrap();
        let fs = RealFs::new();
        let path = dir.path().join("r.jsonl");
        fs.append(&path, b"{\"n\":0,\"begin\":").unwrap();
        let found = all(&fs, dir.path()).unwrap();
        assert!(!found[0].is_closed() && found[0].scope().is_none());
        found[0].close(&fs, 2.0).unwrap();
        assert!(all(&fs, dir.path()).unwrap()[0].is_closed());
        for n in 0..KEPT + 3 {
            let found = Found { path: dir.path().join(format!("{n:03}.jsonl")), lines: vec![] };
            found.close(&fs, 1.0).unwrap();
        }
        prune(&fs, &all(&fs, dir.path()).unwrap()).unwrap();
        assert_eq!(all(&fs, dir.path()).unwrap().len(), KEPT);
    }
}
