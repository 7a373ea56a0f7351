//! A repository beside a file that nobody may see and a server that nobody may ask.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use omni_scale::lab::omni::pgp::KeyPair;

use crate::entries::Failures;
use crate::judge::{finish, forbid, image};
use crate::repository::Repository;

pub const SPEC: &str = "spec/omni.yaml";
pub const TEMPLATE: &str = "clusters/talos-prod-01.yaml";
pub const CLASS: &str = "machine-classes/matrix-worker.yaml";
/// Stands in every file outside and in every secret.
pub const CANARY: &str = "canary-7c1f";

/// A throw-away service account key.
pub fn key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        let user = "automation (test) <automation@serviceaccount.omni.sidero.dev>";
        let pair = KeyPair::new(&[3; 64], user, 1_790_000_000, 86_400 * 365).unwrap();
        pair.service_account_key("automation").expose().clone()
    })
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
        forbid(CANARY);
        forbid(&key()[200..260]);
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
    /// Where its server listens.
    pub fn origin(&self) -> &str {
        &self.origin
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
    /// `validate` and `plan` refuse the files with 65, saying `texts`, with a place where `placed`.
    pub fn refused(&self, name: &str, placed: bool, texts: &[&str], failures: &mut Failures) {
        let (before, beside) = (image(&self.r.path("")), image(self.outside.path()));
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
        failures.check(image(&self.r.path("")) == before, || format!("{name}: something was written"));
        let now = image(self.outside.path());
        failures.check(now == beside, || format!("{name}: something was written outside"));
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

/// A repository whose deployment runs in its lab and is recorded.
pub fn settled() -> Repository {
    static MADE: OnceLock<Repository> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let r = Repository::new();
        let run = finish(r.command(&["apply", "--lab=deployed", "--auto-approve"]));
        assert_eq!(run.code, Some(0), "{}", run.both());
        r
    });
    let r = Repository::empty();
    crate::shipped::copy(&made.path(""), &r.path(""));
    r
}

/// How many writes the lab of such a repository has seen.
pub fn writes(r: &Repository) -> usize {
    r.requests("deployed").iter().filter(|l| l["writing"] == true).count()
}

/// A text without its lines.
pub fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
