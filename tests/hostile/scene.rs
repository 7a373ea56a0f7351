//! A repository beside a file that nobody may see and a server that nobody may ask.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use omni_scale::lab::omni::pgp::KeyPair;

use crate::entries::Failures;
use crate::repository::Repository;

pub const SPEC: &str = "spec/omni.yaml";
pub const TEMPLATE: &str = "clusters/talos-prod-01.yaml";
pub const CLASS: &str = "machine-classes/matrix-worker.yaml";
/// Stands in every file outside and in every secret.
pub const CANARY: &str = "canary-7c1f";
/// Longest run of an input.
const LIMIT: Duration = Duration::from_secs(5);

/// A throw-away service account key.
pub fn key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        let user = "automation (test) <automation@serviceaccount.omni.sidero.dev>";
        let pair = KeyPair::new(&[3; 64], user, 1_790_000_000, 86_400 * 365).unwrap();
        pair.service_account_key("automation").expose().clone()
    })
}

/// What a run came to.
pub struct Run {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

impl Run {
    fn new(output: Output, took: Duration) -> Self {
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            took,
        }
    }
    pub fn both(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
    /// The beginning of what it said, for messages.
    pub fn start(&self) -> String {
        self.both().chars().take(700).collect()
    }
    /// What holds of every run: an end of its own, in time, without a crash and without a secret.
    pub fn sound(&self, name: &str, failures: &mut Failures) {
        let text = self.both();
        failures.check(self.signal.is_none(), || format!("{name}: killed or hung ({:?})", self.took));
        failures.check(self.took <= LIMIT, || format!("{name}: took {:?}", self.took));
        for crash in ["panicked", "has a bug", "overflowed its stack", "RUST_BACKTRACE"] {
            failures.check(!text.contains(crash), || format!("{name}: `{crash}` in {}", self.start()));
        }
        failures.check(!text.contains(CANARY), || format!("{name}: a secret was shown: {}", self.start()));
        failures.check(!text.contains(&key()[..40]), || format!("{name}: the key was shown"));
        let raw = text.chars().find(|c| c.is_control() && !"\n\t".contains(*c));
        failures.check(raw.is_none(), || format!("{name}: raw {raw:?} in the output"));
    }
}

/// Runs a command, at most twice as long as it may take.
pub fn finish(mut command: Command) -> Run {
    let started = Instant::now();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let (sender, receiver) = channel();
    let waiting = std::thread::spawn(move || {
        let _ = sender.send(child.wait_with_output().unwrap());
    });
    let output = receiver.recv_timeout(LIMIT * 2).unwrap_or_else(|_| {
        let _ = kill(pid, Signal::SIGKILL);
        receiver.recv().unwrap()
    });
    waiting.join().unwrap();
    Run::new(output, started.elapsed())
}

/// A repository, a server that its credential is bound to, and a folder beside.
pub struct Scene {
    pub r: Repository,
    pub outside: tempfile::TempDir,
    server: TcpListener,
    origin: String,
}

impl Scene {
    pub fn new() -> Self {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        server.set_nonblocking(true).unwrap();
        let origin = format!("http://{}", server.local_addr().unwrap());
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.yaml"), format!("machine: {{env: {{A: {CANARY}}}}}\n"))
            .unwrap();
        let r = Repository::new();
        std::fs::create_dir_all(r.path("clusters/patches")).unwrap();
        r.edit(SPEC, "https://omni.spaceships.work", &origin);
        Self { r, outside, server, origin }
    }
    pub fn secret(&self) -> PathBuf {
        self.outside.path().join("secret.yaml")
    }
    pub fn write(&self, relative: &str, bytes: impl AsRef<[u8]>) {
        let path = self.r.path(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    /// A small template whose cluster has one patch, from this file (as YAML writes it).
    pub fn patch(&self, file: &str) {
        self.write(TEMPLATE, template(&format!("patches:\n  - file: {file}\n")));
    }
    /// The binary with a key that is bound to the server.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.r.command(arguments);
        command.env("OMNI_SERVICE_ACCOUNT_KEY", key()).env("OMNI_ENDPOINT", &self.origin);
        command.env("SECRET", CANARY).env("S3_SECRET", CANARY);
        command
    }
    /// That nobody asked the server.
    pub fn unasked(&self, name: &str, failures: &mut Failures) {
        let asked = !matches!(self.server.accept(), Err(e) if e.kind() == ErrorKind::WouldBlock);
        failures.check(!asked, || format!("{name}: the server was asked"));
    }
    /// Files and folders of the repository.
    pub fn tree(&self) -> BTreeSet<PathBuf> {
        let mut all = BTreeSet::new();
        let mut rest = vec![self.r.path("")];
        while let Some(folder) = rest.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if entry.file_type().is_ok_and(|t| t.is_dir()) {
                    rest.push(path.clone());
                }
                all.insert(path);
            }
        }
        all
    }
    /// `validate` and `plan` refuse the files with 65, saying `texts`, with a place where `placed`.
    pub fn refused(&self, name: &str, placed: bool, texts: &[&str], failures: &mut Failures) {
        let before = self.tree();
        for command in ["validate", "plan"] {
            let (run, name) = (finish(self.command(&[command])), format!("{name}: {command}"));
            run.sound(&name, failures);
            failures.check(run.code == Some(65), || format!("{name}: exit {:?}: {}", run.code, run.start()));
            failures.check(!placed || has_place(&run.err), || format!("{name}: no place: {}", run.start()));
            for text in texts {
                failures.check(run.err.contains(text), || format!("{name}: no `{text}`: {}", run.start()));
            }
        }
        self.unasked(name, failures);
        failures.check(self.tree() == before, || format!("{name}: something was written"));
        let outside = std::fs::read_dir(self.outside.path()).unwrap().count();
        failures.check(outside == 1, || format!("{name}: something was written outside"));
    }
    /// `validate` takes the files, for the reason that the entry gives.
    pub fn taken(&self, name: &str, failures: &mut Failures) {
        let run = finish(self.command(&["validate"]));
        run.sound(name, failures);
        failures.check(run.code == Some(0), || format!("{name}: exit {:?}: {}", run.code, run.start()));
        self.unasked(name, failures);
    }
}

/// `file:line:column`, or `file:line`.
fn has_place(text: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || "[]()`'".contains(c)).any(|word| {
        let mut parts = word.split(':');
        let file = parts.next().unwrap_or_default();
        !file.is_empty()
            && parts.next().is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// A valid small template, with more in its cluster.
pub fn template(more: &str) -> String {
    format!(
        "kind: Cluster\nname: c\nkubernetes: {{version: v1.34.3}}\ntalos: {{version: v1.11.6}}\n{more}---\nkind: ControlPlane\n\
         machineClass: {{name: matrix-control-plane, size: 3}}\n---\nkind: Workers\nmachineClass: {{name: matrix-worker, size: 2}}\n"
    )
}

/// Whether a program is installed.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
}
