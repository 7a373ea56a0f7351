//! One conditional put until it is known what became of it, without any IO: a reply may be lost before or after the store
//! took it in, reads may be old for a while, and the same bytes sent twice must not look like somebody else's.

use std::time::Duration;

/// Puts of the same bytes in all.
const PUTS: u32 = 5;
/// Reads in all.
const READS: u32 = 8;

/// A strong entity tag, with its quotes (RFC 9110 section 8.8.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Etag(String);

impl Etag {
    /// Reads a header. Weak tags do not prove that bytes are equal, so `If-Match` never holds for them (section 13.1.1).
    pub fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_prefix('"')?.strip_suffix('"')?;
        let plain = |b: u8| matches!(b, 0x21 | 0x23..=0x7e);
        (!inner.is_empty() && inner.len() <= 256 && inner.bytes().all(plain)).then(|| Self(text.to_owned()))
    }
    /// As it stands in a header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How one put came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was taken in.
    Written(Etag),
    /// The condition does not hold: this sending had no effect.
    Changed,
    /// This sending had no effect, and the next may have one: not sent, throttled, or beside another writer.
    Again(String),
    /// The store refuses such requests.
    Refused(String),
    /// In doubt.
    Unknown(String),
}

/// What a read showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// No object.
    Nothing,
    /// An object; whether its bytes are those that were sent.
    Object(Etag, bool),
    /// No clear answer.
    Unclear(String),
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send the bytes, if the object is still as it was.
    Put,
    /// Read the object.
    Read,
    /// Wait, then ask again.
    Pause(Duration),
    /// It is over.
    Over(End),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The object holds our bytes.
    Written(Etag),
    /// Somebody else wrote: our bytes are not there.
    Lost,
    /// The store refuses; whether an earlier sending is in doubt.
    Refused(String, bool),
    /// No answer in time; whether a sending is in doubt.
    GivenUp(String, bool),
}

/// The state of it.
#[derive(Clone, Debug)]
pub struct Conditional {
    /// The object that is to be replaced; `None`: there must be none.
    base: Option<Etag>,
    next: Next,
    after_pause: Step,
    /// A sending may have been taken in.
    doubt: bool,
    /// The last put was told that the condition does not hold.
    changed: bool,
    puts: u32,
    reads: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Put,
    Read,
}

impl Conditional {
    /// A put over `base`.
    pub fn new(base: Option<Etag>) -> Self {
        Self {
            base,
            next: Next::Put,
            after_pause: Step::Put,
            doubt: false,
            changed: false,
            puts: 0,
            reads: 0,
        }
    }

    /// What is to be done.
    pub fn next(&self) -> &Next {
        &self.next
    }

    fn pause(&mut self, then: Step, n: u32) {
        // 100, 200, 400 … ms: a lease must not run out over it.
        self.next = Next::Pause(Duration::from_millis(100 << n.min(4)));
        self.after_pause = then;
    }

    /// The pause is over.
    pub fn paused(&mut self) {
        self.next = match self.after_pause {
            Step::Put => Next::Put,
            Step::Read => Next::Read,
        };
    }

    /// A put came out.
    pub fn put(&mut self, put: Put) {
        self.puts += 1;
        self.changed = false;
        match put {
            Put::Written(etag) => self.next = Next::Over(End::Written(etag)),
            Put::Changed => {
                self.changed = true;
                // An earlier sending of these bytes, or a repetition on the way, may be what changed it.
                self.next = Next::Read;
            }
            Put::Refused(why) => self.next = Next::Over(End::Refused(why, self.doubt)),
            Put::Again(why) if self.puts >= PUTS => self.next = Next::Over(End::GivenUp(why, self.doubt)),
            Put::Again(_) => self.pause(Step::Put, self.puts),
            Put::Unknown(_) => {
                self.doubt = true;
                self.next = Next::Read;
            }
        }
    }

    /// A read came out.
    pub fn read(&mut self, seen: Seen) {
        self.reads += 1;
        let (found, unclear) = match seen {
            Seen::Object(etag, true) => {
                self.next = Next::Over(End::Written(etag));
                return;
            }
            Seen::Object(etag, false) => (Some(etag), None),
            Seen::Nothing => (None, None),
            Seen::Unclear(why) => (None, Some(why)),
        };
        let tired = self.reads >= READS;
        if let Some(why) = unclear {
            if tired {
                self.next = Next::Over(End::GivenUp(why, self.doubt));
            } else {
                self.pause(Step::Read, self.reads);
            }
            return;
        }
        if found != self.base {
            // With a put in doubt an old read could show a version before `base`; none was ever written by us, and another
            // writer's is as lost as any.
            self.next = Next::Over(End::Lost);
        } else if self.changed && !tired {
            // The store says that it changed and shows it unchanged: an old read.
            self.pause(Step::Read, self.reads);
        } else if self.changed {
            self.next = Next::Over(End::Lost);
        } else if self.puts >= PUTS || tired {
            let why = format!("{} sendings had no effect", self.puts);
            self.next = Next::Over(End::GivenUp(why, self.doubt));
        } else {
            // Unchanged, so the sending did not arrive yet. Should it arrive late, it is the same bytes.
            self.pause(Step::Put, self.puts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn etag(n: u32) -> Etag {
        Etag::parse(&format!("\"{n}\"")).unwrap()
    }

    #[test]
    fn only_strong_tags_count() {
        for good in ["\"a\"", "\"d41d8cd98f00b204e9800998ecf8427e-2\"", "\"!#~\""] {
            assert_eq!(Etag::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a", "\"\"", "W/\"a\"", "\"a", "\"\"a\"\"", "\"a b\"", "\"a\u{7f}\"", "\"é\""] {
            assert_eq!(Etag::parse(bad), None, "{bad}");
        }
    }

    fn run(base: Option<Etag>, mut answers: Vec<Result<Put, Seen>>) -> (End, Vec<char>) {
        answers.reverse();
        let mut c = Conditional::new(base);
        let mut did = Vec::new();
        loop {
            match c.next().clone() {
                Next::Over(end) => {
                    assert!(answers.is_empty(), "{answers:?} left after {end:?}");
                    return (end, did);
                }
                Next::Pause(_) => c.paused(),
                Next::Put => {
                    did.push('p');
                    c.put(answers.pop().unwrap().expect("a put"));
                }
                Next::Read => {
                    did.push('r');
                    c.read(answers.pop().unwrap().expect_err("a read"));
                }
            }
        }
    }

    #[test]
    fn a_lost_reply_is_resolved_by_reading() {
        let unknown = || Ok(Put::Unknown("cut".into()));
        // Taken in, reply lost.
        let (end, _) = run(Some(etag(1)), vec![unknown(), Err(Seen::Object(etag(2), true))]);
        assert_eq!(end, End::Written(etag(2)));
        // Not taken in: sent again.
        let written = || Ok(Put::Written(etag(2)));
        let (end, did) = run(Some(etag(1)), vec![unknown(), Err(Seen::Object(etag(1), false)), written()]);
        assert_eq!((end, did.iter().collect::<String>().as_str()), (End::Written(etag(2)), "prp"));
        // The first arrives late, so the second is refused, and it is ours all the same.
        let (end, _) = run(
            None,
            vec![unknown(), Err(Seen::Nothing), Ok(Put::Changed), Err(Seen::Object(etag(2), true))],
        );
        assert_eq!(end, End::Written(etag(2)));
        // Somebody else was faster.
        let (end, _) = run(Some(etag(1)), vec![unknown(), Err(Seen::Object(etag(3), false))]);
        assert_eq!(end, End::Lost);
    }

    #[test]
    fn a_refused_condition_is_believed_when_a_read_agrees() {
        let (end, _) = run(Some(etag(1)), vec![Ok(Put::Changed), Err(Seen::Object(etag(2), false))]);
        assert_eq!(end, End::Lost);
        // Repeated on the way: the store saw it twice and answered the second.
        let (end, _) = run(Some(etag(1)), vec![Ok(Put::Changed), Err(Seen::Object(etag(2), true))]);
        assert_eq!(end, End::Written(etag(2)));
        // An old read, then a new one.
        let old = || Err(Seen::Object(etag(1), false));
        let (end, did) =
            run(Some(etag(1)), vec![Ok(Put::Changed), old(), old(), Err(Seen::Object(etag(2), true))]);
        assert_eq!((end, did.len()), (End::Written(etag(2)), 4));
    }

    #[test]
    fn it_always_ends() {
        let unclear = || Err(Seen::Unclear("down".into()));
        let mut answers = vec![Ok(Put::Unknown("cut".into()))];
        answers.extend((0..READS).map(|_| unclear()));
        assert!(matches!(run(Some(etag(1)), answers).0, End::GivenUp(_, true)));
        let again = (0..PUTS).map(|_| Ok(Put::Again("409".into()))).collect();
        assert_eq!(run(Some(etag(1)), again).0, End::GivenUp("409".into(), false));
        assert_eq!(run(None, vec![Ok(Put::Refused("403".into()))]).0, End::Refused("403".into(), false));
    }
}
