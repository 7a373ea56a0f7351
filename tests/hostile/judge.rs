//! What holds of every run, whatever its input: an end of its own, in time and in memory, without a crash, without a secret, without a character that acts.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::entries::Failures;

/// Longest run: 2 s of an optimised program on a machine of its own. One with all its checks, beside other tests on a busy machine,
/// may take fifteen times that: what grows with the square of its input takes minutes.
pub const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 2 });
/// Most memory of a run, in bytes.
const MEMORY: u64 = 256 << 20;
/// What a crash says.
const CRASHES: [&str; 4] = ["panicked", "has a bug", "overflowed its stack", "RUST_BACKTRACE"];

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub out: String,
    pub err: String,
    pub took: Duration,
    /// Most memory that was seen in use, in bytes.
    pub memory: u64,
}

impl Run {
    pub fn both(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
    /// The beginning of what it said, for messages.
    pub fn start(&self) -> String {
        self.both().chars().take(900).collect()
    }
    /// What holds of every run.
    pub fn sound(&self, name: &str, failures: &mut Failures) {
        let text = self.both();
        failures.check(self.signal.is_none(), || format!("{name}: killed or hung ({:?})", self.took));
        failures.check(self.took <= LIMIT, || format!("{name}: took {:?}", self.took));
        failures.check(self.memory <= MEMORY, || format!("{name}: took {} MiB", self.memory >> 20));
        for crash in CRASHES {
            failures.check(!text.contains(crash), || format!("{name}: `{crash}` in {}", self.start()));
        }
        failures.check(self.code != Some(70), || format!("{name}: ended as a bug: {}", self.start()));
        let leak = leaks(text.as_bytes());
        failures.check(leak.is_none(), || format!("{name}: a secret was shown {leak:?}: {}", self.start()));
        let raw = text.chars().find(|c| acts(*c));
        failures.check(raw.is_none(), || format!("{name}: raw {raw:?} in the output"));
        let command = text.lines().find(|l| l.trim_start().starts_with("::") || l.contains("##["));
        failures.check(command.is_none(), || format!("{name}: a workflow's command: {command:?}"));
    }
}

/// Characters that change how others are shown.
fn acts(c: char) -> bool {
    (c.is_control() && !"\n\t".contains(c))
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Runs a command to its end, or kills it after three times what it may take.
pub fn finish(command: Command) -> Run {
    within(command, LIMIT * 3)
}

fn within(mut command: Command, longest: Duration) -> Run {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let read = |mut stream: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let out = read(Box::new(child.stdout.take().unwrap()));
    let err = read(Box::new(child.stderr.take().unwrap()));
    let mut memory = 0;
    let status = loop {
        memory = memory.max(peak(pid));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > longest {
            let _ = kill(pid, Signal::SIGKILL);
        }
        // How often the kernel is asked, not how long anything may take.
        std::thread::sleep(Duration::from_millis(1));
    };
    let took = started.elapsed();
    let (out, err) = (out.join().unwrap(), err.join().unwrap());
    Run { code: status.code(), signal: status.signal(), out, err, took, memory }
}

/// Most memory that a process has ever had, in bytes, from when it runs a program of its own.
fn peak(pid: Pid) -> u64 {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    if std::fs::read_link(folder.join("exe")).ok() == std::env::current_exe().ok() {
        return 0;
    }
    let status = std::fs::read_to_string(folder.join("status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) << 10
}

/// What nobody may see, in all forms that it could take.
static FORBIDDEN: Mutex<Vec<(String, Vec<u8>)>> = Mutex::new(Vec::new());

/// Has a secret looked for in everything that is written from now on.
pub fn forbid(secret: &str) {
    let mut all = FORBIDDEN.lock().unwrap_or_else(PoisonError::into_inner);
    for (form, bytes) in forms(secret) {
        if !all.iter().any(|(_, known)| *known == bytes) {
            all.push((form.to_owned(), bytes));
        }
    }
}

/// How a secret that is in these bytes is written there.
pub fn leaks(bytes: &[u8]) -> Option<String> {
    let all = FORBIDDEN.lock().unwrap_or_else(PoisonError::into_inner);
    all.iter().find(|(_, form)| holds(bytes, form)).map(|(name, _)| name.clone())
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    let Some(first) = part.first() else { return false };
    bytes.len() >= part.len()
        && (0..=bytes.len() - part.len()).any(|i| bytes[i] == *first && bytes[i..].starts_with(part))
}

fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let each = |f: &dyn Fn(u8) -> String| secret.bytes().map(f).collect::<String>().into_bytes();
    let odd = |b: u8| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") };
    let mut out = vec![
        ("raw", secret.as_bytes().to_vec()),
        ("backwards", secret.bytes().rev().collect()),
        ("hex", each(&|b| format!("{b:02x}"))),
        ("upper hex", each(&|b| format!("{b:02X}"))),
        ("percent", each(&odd)),
        ("all percent", each(&|b| format!("%{b:02x}"))),
        ("all upper percent", each(&|b| format!("%{b:02X}"))),
        ("JSON", each(&|b| format!("\\u{b:04x}"))),
        ("HTML", each(&|b| format!("&#{b};"))),
        ("upper HTML", each(&|b| format!("&#x{b:X};"))),
        ("UTF-16", secret.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ];
    for before in 0..3 {
        let padded = [vec![0; before], secret.as_bytes().to_vec()].concat();
        // What neighbours have a part in is left out.
        let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        out.push(("base64", STANDARD_NO_PAD.encode(&padded).as_bytes()[from..to].to_vec()));
        out.push(("base64 of addresses", URL_SAFE_NO_PAD.encode(&padded).as_bytes()[from..to].to_vec()));
    }
    out
}

/// A folder byte by byte: what stands at each path.
pub fn image(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    let mut rest = vec![folder.to_owned()];
    while let Some(folder) = rest.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, meta) = (entry.path(), entry.path().symlink_metadata().unwrap());
            if meta.is_dir() {
                rest.push(path.clone());
            }
            all.insert(path.clone(), mark(&path, &meta));
        }
    }
    all
}

fn mark(path: &Path, meta: &std::fs::Metadata) -> String {
    let (len, kind) = (meta.len(), meta.file_type());
    if meta.is_symlink() {
        format!("link to {:?}", std::fs::read_link(path).ok())
    } else if meta.is_file() && len <= 8 << 20 {
        let mut hasher = DefaultHasher::new();
        std::fs::read(path).ok().hash(&mut hasher);
        format!("{len} bytes {:x}", hasher.finish())
    } else if meta.is_file() {
        format!("{len} bytes of {:?}", meta.modified().ok())
    } else {
        format!("{kind:?}")
    }
}

/// The judge finds each kind of failure: a check that cannot fail proves nothing.
mod itself {
    use super::*;

    fn found(run: &Run) -> Vec<String> {
        let mut failures = Failures::default();
        run.sound("x", &mut failures);
        failures.0
    }

    fn says(out: &str) -> Run {
        Run { code: Some(1), out: out.to_owned(), ..Run::default() }
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_sound_run_is_sound() {
        assert_eq!(found(&says("error: no\n --> a.yaml:1:2\n")), [""; 0]);
    }

    #[test]
    fn secrets_are_found_in_every_form() {
        let secret = "zebra~4711/plum";
        assert_eq!(found(&says(&format!("x{secret}"))), [""; 0]);
        forbid(secret);
        let encoded = |prefix: &str| {
            let bytes = format!("{prefix}{secret}:rest");
            [base64::engine::general_purpose::STANDARD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]
        };
        let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
        let unicode: String = secret.bytes().map(|b| format!("\\u{b:04x}")).collect();
        let mut texts = vec![
            format!("error: `{secret}`"),
            format!("error: {hex}"),
            hex.to_uppercase(),
            "zebra%7E4711%2Fplum".to_owned(),
            unicode,
            secret.chars().rev().collect(),
            secret.bytes().map(|b| format!("&#{b};")).collect(),
            secret.chars().flat_map(|c| [c, '\0']).collect(),
        ];
        texts.extend(["", "a", "ab", "abc", "\u{e9}"].iter().flat_map(|p| encoded(p)));
        for text in texts {
            assert!(found(&says(&text)).iter().any(|f| f.contains("a secret was shown")), "{text}");
        }
        // Half of it is none.
        assert_eq!(found(&says("zebra~4711")), [""; 0]);
    }

    #[test]
    fn crashes_characters_and_commands_are_found() {
        for text in [
            "thread 'main' panicked at src/x.rs",
            "thread 'main' has overflowed its stack",
            "a\u{1b}[2J",
            "a\rb",
            "\u{202e}x",
            "a\n  ::error::x",
            "x ##[group]",
        ] {
            assert!(!found(&says(text)).is_empty(), "{text:?}");
        }
        assert!(!found(&Run { code: Some(70), ..Run::default() }).is_empty());
        assert!(!found(&Run { code: None, signal: Some(6), ..Run::default() }).is_empty());
        assert!(!found(&Run { code: Some(0), took: LIMIT * 2, ..Run::default() }).is_empty());
    }

    #[test]
    fn a_run_that_hangs_is_killed() {
        let run = within(shell("while :; do :; done"), Duration::from_millis(300));
        assert_eq!(run.signal, Some(9));
        assert!(!found(&run).is_empty());
    }

    #[test]
    fn a_run_that_takes_too_much_memory_is_found() {
        // A line that never ends is kept whole.
        let greedy = within(shell("exec tail -n 1 /dev/zero"), Duration::from_millis(700));
        let modest = finish(shell("exec tail -n 1 /dev/null"));
        if Path::new("/proc/self/status").exists() {
            assert!(greedy.memory > MEMORY, "{greedy:?}");
            assert!(found(&greedy).iter().any(|f| f.contains("MiB")), "{greedy:?}");
        }
        assert!(modest.memory < MEMORY);
        assert_eq!(found(&Run { code: Some(0), ..modest }), [""; 0]);
    }

    #[test]
    fn every_change_of_a_folder_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("a"), "one").unwrap();
        let changes: [&dyn Fn(); 5] = [
            &|| std::fs::write(at("a"), "two").unwrap(),
            &|| std::fs::create_dir(at("b")).unwrap(),
            &|| std::fs::write(at("b/c"), "").unwrap(),
            &|| std::os::unix::fs::symlink("a", at("l")).unwrap(),
            &|| std::fs::remove_file(at("a")).unwrap(),
        ];
        for change in changes {
            let before = image(dir.path());
            assert_eq!(before, image(dir.path()));
            change();
            assert_ne!(before, image(dir.path()));
        }
    }
}
