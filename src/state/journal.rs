//! What a run did, written before and after every mutating call, so that the next run knows what is in doubt.
//!
//! One file per run, one JSON object per line, each with its number and a checksum. A last line that a crash cut off is not
//! there: what it was about had not begun. A line in the middle that does not read is damage, and is told; what follows it
//! still counts, because every line says by itself whether it is whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::store::StoreError;
use crate::address::Address;
use crate::resource::{Resource, ResourceId};
use crate::secret::sha256;
use crate::world::Fs;

/// Version of the line format. Lines of format 1 had no checksum.
pub const FORMAT: u32 = 2;
/// Hexadecimal digits of a line's checksum, the first ones of a SHA-256.
const SUM: usize = 16;
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
    next: Mutex<Next>,
}

/// What the next line begins with.
#[derive(Default)]
struct Next {
    n: u64,
    /// The last line may be there in part.
    torn: bool,
}

impl Journal {
    /// Starts a journal; its first line is durable when this returns.
    pub fn start(fs: Arc<dyn Fs>, folder: &Path, run: &str, first: &Line) -> Result<Self, StoreError> {
        let journal = Self { fs, path: folder.join(format!("{run}.jsonl")), next: Mutex::default() };
        journal.write(first)?;
        Ok(journal)
    }

    /// Appends a line; durable when this returns.
    pub fn write(&self, line: &Line) -> Result<(), StoreError> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = numbered(next.n, line)?;
        // What is there of the line before must not spoil this one.
        let text = if next.torn { format!("\n{whole}") } else { whole };
        next.torn = true;
        self.fs.append(&self.path, text.as_bytes())?;
        *next = Next { n: next.n + 1, torn: false };
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A line's bytes.
fn numbered(n: u64, line: &Line) -> Result<String, StoreError> {
    let mut text = serde_json::to_string(&Numbered { n, line: line.clone() })
        .map_err(|e| StoreError::Unavailable(format!("the journal cannot be written: {e}")))?;
    let sum = sum(text.as_bytes());
    text.pop();
    Ok(format!("{text},\"sum\":\"{sum}\"}}\n"))
}

fn sum(bytes: &[u8]) -> String {
    let mut sum = sha256(bytes);
    sum.truncate(SUM);
    sum
}

/// A line without its line end; `None` when it is not one that was written. `old`: lines have no checksums.
fn read_line(raw: &[u8], old: bool) -> Option<Numbered> {
    if old {
        return serde_json::from_slice(raw).ok();
    }
    let (body, tail) = raw.split_at_checked(raw.len().checked_sub(SUM + 10)?)?;
    let wanted = tail.strip_prefix(b",\"sum\":\"")?.strip_suffix(b"\"}")?;
    let body = [body, b"}"].concat();
    (sum(&body).as_bytes() == wanted).then(|| serde_json::from_slice(&body).ok())?
}

/// A journal as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Where.
    pub path: PathBuf,
    /// All lines that are whole, in their order.
    pub lines: Vec<Line>,
    /// Something is missing that no crash leaves out: a line does not read, or its number is not its own.
    pub damaged: bool,
}

impl Found {
    /// Reads a journal's bytes.
    pub fn parse(path: PathBuf, bytes: &[u8]) -> Self {
        let (mut lines, mut next, mut damaged) = (Vec::new(), 0, false);
        // Only a first line of format 1 says that there are no checksums.
        let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
        let old = matches!(
            read_line(first, true),
            Some(Numbered { line: Line::Run { format: 1, .. }, .. }) if !first.windows(7).any(|w| w == b",\"sum\":")
        );
        for raw in bytes.split_inclusive(|b| *b == b'\n') {
            // Without its line end the last line was cut off, even if what is there happens to read.
            let Some(raw) = raw.strip_suffix(b"\n") else { break };
            match read_line(raw, old) {
                Some(numbered) if numbered.n >= next => {
                    damaged |= numbered.n > next;
                    next = numbered.n.saturating_add(1);
                    lines.push(numbered.line);
                }
                _ => damaged = true,
            }
        }
        Self { path, lines, damaged }
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
        // By step, with the place of the line that began it.
        let mut open: BTreeMap<u32, (usize, &Intent)> = BTreeMap::new();
        for (place, line) in self.lines.iter().enumerate() {
            match line {
                Line::Begin(intent) => {
                    open.insert(intent.step, (place, intent));
                }
                Line::End { step, attempt, ended: Ended::NoEffect } => {
                    if open.get(step).is_some_and(|(_, o)| o.attempt == *attempt) {
                        open.remove(step);
                    }
                }
                Line::Recorded { step, .. } => {
                    open.remove(step);
                }
                Line::End { .. } | Line::Run { .. } => {}
                Line::Closed { .. } => open.clear(),
            }
        }
        let mut begun: Vec<(usize, &Intent)> = open.into_values().collect();
        begun.sort_by_key(|(place, _)| *place);
        begun.into_iter().map(|(_, intent)| intent.clone()).collect()
    }

    /// Closes it: everything in doubt was resolved. What a crash cut off is dropped with the same write.
    pub fn close(&self, fs: &dyn Fs, time: f64) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        for (n, line) in self.lines.iter().chain(std::iter::once(&Line::Closed { time })).enumerate() {
            // It gets checksums with this, if it had none.
            let line = match line {
                Line::Run { run, lineage, serial, omni, time, lifted, .. } => Line::Run {
                    format: FORMAT,
                    run: run.clone(),
                    lineage: lineage.clone(),
                    serial: *serial,
                    omni: omni.clone(),
                    time: *time,
                    lifted: lifted.clone(),
                },
                other => other.clone(),
            };
            bytes.extend_from_slice(numbered(n as u64, &line)?.as_bytes());
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
        assert!(!whole.damaged);
        for n in 0..bytes.len() {
            let cut = Found::parse("x".into(), &bytes[..n]);
            assert_eq!(cut.lines, whole.lines[..cut.lines.len()]);
            assert_eq!(cut.lines.len(), bytes[..n].iter().filter(|b| **b == b'\n').count());
            assert!(!cut.damaged, "a crash cuts off; it does no other damage");
        }
    }

    /// Every flipped bit is noticed, except in the line end of the last line: without it that line was never there. What else
    /// there is still counts, and nothing that was not written does.
    #[test]
    fn every_flipped_bit_of_a_journal_is_noticed() {
        let text: String = [
            first(),
            Line::Begin(at(0, 1)),
            Line::End { step: 0, attempt: 1, ended: Ended::Done },
            Line::Recorded { step: 0, serial: 4 },
            Line::Begin(at(1, 1)),
            Line::Begin(at(2, 1)),
        ]
        .iter()
        .enumerate()
        .map(|(n, l)| numbered(n as u64, l).unwrap())
        .collect();
        let whole = Found::parse("x".into(), text.as_bytes());
        assert_eq!((whole.lines.len(), whole.damaged), (6, false));
        for n in 0..text.len() {
            for bit in 0..8 {
                let mut flipped = text.clone().into_bytes();
                flipped[n] ^= 1 << bit;
                let found = Found::parse("x".into(), &flipped);
                let in_the_last = n > text.trim_end().rfind('\n').unwrap();
                assert!(found.damaged || in_the_last && found.lines.len() == 5, "byte {n}, bit {bit}");
                assert!(found.lines.iter().all(|l| whole.lines.contains(l)), "byte {n}, bit {bit}");
                // At most the two lines beside the flipped byte are lost.
                assert!(found.lines.len() >= 4, "byte {n}, bit {bit}: {}", found.lines.len());
            }
        }
    }

    /// F17: a hole, a number that stands there twice, lines in another order, and a line that a full disk took in half.
    #[test]
    fn holes_and_repetitions_are_damage_and_what_is_whole_counts() {
        let lines: Vec<String> =
            [first(), Line::Begin(at(0, 1)), Line::Begin(at(1, 1)), Line::Begin(at(2, 1))]
                .iter()
                .enumerate()
                .map(|(n, l)| numbered(n as u64, l).unwrap())
                .collect();
        for (order, damaged, open) in [
            (&[0, 1, 2, 3][..], false, 3),
            (&[0, 1, 3], true, 2),
            (&[0, 1, 1, 2, 3], true, 3),
            (&[0, 2, 1, 3], true, 2),
            (&[1, 2, 3], true, 3),
        ] {
            let text: String = order.iter().map(|n| lines[*n].as_str()).collect();
            let found = Found::parse("x".into(), text.as_bytes());
            assert_eq!((found.damaged, found.open().len()), (damaged, open), "{order:?}");
        }
        let half = format!("{}{}\n{}{}", lines[0], &lines[1][..20], lines[1], lines[2]);
        let found = Found::parse("x".into(), half.as_bytes());
        assert_eq!((found.damaged, found.open().len()), (true, 2));
    }

    /// A disk that takes half of a line in, says so, and then has room again.
    struct HalfFull(RealFs, std::sync::atomic::AtomicU32);

    impl Fs for HalfFull {
        fn read(&self, path: &Path) -> Result<Vec<u8>, crate::world::FsError> {
            self.0.read(path)
        }
        fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), crate::world::FsError> {
            self.0.replace(path, bytes)
        }
        fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), crate::world::FsError> {
            if self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst) != 1 {
                return self.0.append(path, bytes);
            }
            self.0.append(path, &bytes[..bytes.len() / 2])?;
            Err(crate::world::FsError::Other { path: String::new(), cause: "no space left".into() })
        }
        fn remove(&self, path: &Path) -> Result<(), crate::world::FsError> {
            self.0.remove(path)
        }
        fn list(&self, path: &Path) -> Result<Vec<String>, crate::world::FsError> {
            self.0.list(path)
        }
        fn lock(&self, path: &Path) -> Result<Box<dyn crate::world::FsLock>, crate::world::FsError> {
            self.0.lock(path)
        }
    }

    #[test]
    fn half_a_line_does_not_swallow_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let fs: Arc<dyn Fs> = Arc::new(HalfFull(RealFs::new(), 0.into()));
        let journal = Journal::start(fs.clone(), dir.path(), "r", &first()).unwrap();
        assert!(journal.write(&Line::End { step: 9, attempt: 1, ended: Ended::Done }).is_err());
        journal.write(&Line::Begin(at(1, 1))).unwrap();
        let found = Found::parse("x".into(), &fs.read(journal.path()).unwrap());
        assert_eq!(found.open(), [intent(1, 1)]);
    }

    /// Journals of earlier programs are still read; nobody makes one by taking a checksum away.
    #[test]
    fn lines_without_checksums_count_only_in_journals_that_have_none() {
        let old: String = [
            Line::Run {
                format: 1,
                run: "r".into(),
                lineage: "l".into(),
                serial: 3,
                omni: "o".into(),
                time: 1.0,
                lifted: vec![],
            },
            Line::Begin(at(0, 1)),
        ]
        .iter()
        .enumerate()
        .map(|(n, l)| serde_json::to_string(&Numbered { n: n as u64, line: l.clone() }).unwrap() + "\n")
        .collect();
        let found = Found::parse("x".into(), old.as_bytes());
        assert_eq!((found.damaged, found.open().len()), (false, 1));
        let bare = serde_json::to_string(&Numbered { n: 1, line: Line::Begin(at(0, 1)) }).unwrap();
        let found =
            Found::parse("x".into(), format!("{}{bare}\n", numbered(0, &first()).unwrap()).as_bytes());
        assert_eq!((found.damaged, found.lines.len()), (true, 1));
    }

    /// F17: a million lines, in time that grows with their number only.
    #[test]
    fn a_very_long_journal_is_read_in_one_go() {
        let lines: Vec<Line> = (0..200_000).map(|n| Line::Begin(at(n, 1))).collect();
        let found = Found { path: "x".into(), lines, damaged: false };
        assert_eq!(found.open().len(), 200_000);
    }

    #[test]
    fn an_intent_stays_open_until_it_is_recorded_or_proved_to_have_no_effect() {
        let f = |lines: Vec<Line>| Found { path: "x".into(), lines, damaged: false }.open().len();
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
            let found =
                Found { path: dir.path().join(format!("{n:03}.jsonl")), lines: vec![], damaged: false };
            found.close(&fs, 1.0).unwrap();
        }
        prune(&fs, &all(&fs, dir.path()).unwrap()).unwrap();
        assert_eq!(all(&fs, dir.path()).unwrap().len(), KEPT);
    }
}
