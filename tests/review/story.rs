//! What happens, in order.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::examples::Examples;
use super::shipped;
use super::workflow::{Job, Runner, Workflow, copy};

const BIN: &str = env!("CARGO_BIN_EXE_omni-scale");
const KEY: &str = "5f0c7a86d1b2439eac5508f3e2716b94d0a1c2e3f40516273849a0b1c2d3e4f5";

/// A lab that another process serves; ended with the test.
struct Served {
    child: Child,
    env: BTreeMap<String, String>,
}

impl Served {
    fn up(dir: &Path, world: &str) -> Self {
        let mut child = Command::new(BIN)
            .args(["lab", "up", world, "--object-store", "--speed", "5000"])
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut env = BTreeMap::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            if let Some((name, value)) = line.strip_prefix("export ").and_then(|l| l.split_once('=')) {
                env.insert(name.to_owned(), value.trim_matches('\'').to_owned());
            }
            if line.starts_with("export OMNI_SCALE_SPEC=") {
                break;
            }
        }
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, env }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT);
        let _ = self.child.wait();
    }
}

/// The forge: one repository, its pull requests, its runner.
struct Forge {
    home: PathBuf,
    origin: PathBuf,
    served: Served,
    examples: Examples,
}

fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Team", "-c", "user.email=team@example.org", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// An executable on the runner.
fn tool(bin: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = bin.join(name);
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

impl Forge {
    fn open(home: &Path) -> Self {
        let server = home.join("server");
        std::fs::create_dir_all(&server).unwrap();
        shipped::deployment(&server);
        let served = Served::up(&server, "fresh");
        let origin = home.join("origin");
        std::fs::create_dir_all(&origin).unwrap();
        shipped::deployment(&origin);
        // The spec of the same deployment with the lab's addresses, and its store for the record.
        std::fs::copy(server.join(&served.env["OMNI_SCALE_SPEC"]), origin.join("spec/omni.yaml")).unwrap();
        std::fs::remove_file(origin.join("clusters/talos-prod-01.yaml")).unwrap();
        std::fs::write(origin.join("clusters/README.md"), "One file a cluster.\n").unwrap();
        git(&origin, &["init", "--quiet"]);
        git(&origin, &["add", "--all"]);
        git(&origin, &["commit", "--quiet", "--message", "The provider and its classes"]);
        let bin = home.join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        tool(&bin, "gh", include_str!("gh.sh"));
        // The release is a file of this machine: everything else about the download is as it is on a runner.
        tool(&bin, "curl", "#!/usr/bin/env bash\nexec cp \"${@: -1}\" \"${@: -2:1}\"\n");
        Self { home: home.to_owned(), origin, served, examples: Examples::default() }
    }

    /// A throw-away machine for one workflow run over one commit.
    fn runner(&self, name: &str, branch: &str, number: Option<u32>) -> Runner {
        let home = self.home.join(name);
        let checkout = home.join("checkout");
        std::fs::create_dir_all(&home).unwrap();
        git(&home, &["clone", "--quiet", "--branch", branch, &self.origin.display().to_string(), "checkout"]);
        let sha = git(&checkout, &["rev-parse", "HEAD"]);
        let mut context = BTreeMap::new();
        let mut set = |name: &str, value: &str| context.insert(name.to_owned(), value.to_owned());
        let served = |name: &str| self.served.env.get(name).cloned().unwrap_or_default();
        for name in [
            "OMNI_ENDPOINT",
            "PROXMOX_VE_ENDPOINT",
            "OMNI_SCALE_STATE_STORE",
            "AWS_ENDPOINT_URL_S3",
            "AWS_REGION",
        ] {
            set(&format!("vars.{name}"), &served(name));
        }
        let digest = Command::new("sha256sum").arg(BIN).output().unwrap().stdout;
        set("vars.OMNI_SCALE_URL", BIN);
        set("vars.OMNI_SCALE_SHA256", String::from_utf8(digest).unwrap().split(' ').next().unwrap());
        for secret in ["OMNI_READER_KEY", "OMNI_OPERATOR_KEY"] {
            set(&format!("secrets.{secret}"), &served("OMNI_SERVICE_ACCOUNT_KEY"));
        }
        set("secrets.PROXMOX_AUDITOR_TOKEN", &served("PROXMOX_VE_API_TOKEN"));
        set("secrets.OMNI_SCALE_DIGEST_KEY", KEY);
        for who in ["READER", "WRITER"] {
            set(&format!("secrets.STATE_{who}_KEY_ID"), &served("AWS_ACCESS_KEY_ID"));
            set(&format!("secrets.STATE_{who}_KEY"), &served("AWS_SECRET_ACCESS_KEY"));
        }
        set("github.token", "a token of the job");
        set("github.repository", "example/deployment");
        set("github.event.pull_request.head.repo.full_name", "example/deployment");
        set("github.event.pull_request.number", &number.map(|n| n.to_string()).unwrap_or_default());
        let mut env = BTreeMap::new();
        let path = std::env::var("PATH").unwrap();
        env.insert("PATH".to_owned(), format!("{}:{path}", self.home.join("bin").display()));
        env.insert("HOME".to_owned(), home.display().to_string());
        env.insert("GITHUB_REPOSITORY".to_owned(), "example/deployment".to_owned());
        env.insert("GITHUB_SHA".to_owned(), sha);
        env.insert("GITHUB_STORE".to_owned(), self.home.join("forge").display().to_string());
        Runner { home, checkout, context, env }
    }

    fn workflow(name: &str) -> Workflow {
        Workflow::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/github/workflows").join(name))
    }

    /// Opens a pull request with an edit, and lets its workflow run.
    fn pull_request(&self, number: u32, title: &str, edit: impl FnOnce(&Path)) -> BTreeMap<String, Job> {
        let work = self.home.join(format!("author-{number}"));
        git(
            &self.home,
            &["clone", "--quiet", &self.origin.display().to_string(), &work.display().to_string()],
        );
        let branch = format!("change-{number}");
        git(&work, &["checkout", "--quiet", "-b", &branch]);
        edit(&work);
        git(&work, &["add", "--all"]);
        git(&work, &["commit", "--quiet", "--message", title]);
        git(&work, &["push", "--quiet", "origin", &branch]);
        Self::workflow("plan.yml").run(&self.runner(&format!("pr-{number}"), &branch, Some(number)))
    }

    fn comment(&self, number: u32) -> String {
        let all: Vec<PathBuf> = std::fs::read_dir(self.home.join("forge/comments"))
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.file_name().unwrap().to_str().unwrap().starts_with(&format!("{number}-")))
            .collect();
        assert_eq!(all.len(), 1, "one comment: {all:?}");
        std::fs::read_to_string(&all[0]).unwrap()
    }

    fn merge(&self, number: u32) {
        git(&self.origin, &["merge", "--quiet", "--no-edit", "--no-ff", &format!("change-{number}")]);
        std::fs::write(self.home.join("forge/pull-of-commit"), format!("{number}\n")).unwrap();
    }

    fn drift(&self, name: &str) -> Job {
        Self::workflow("drift.yml").run(&self.runner(name, "main", None)).remove("drift").unwrap()
    }

    fn issues(&self, state: &str) -> Vec<String> {
        let folder = self.home.join("forge/issues");
        let Ok(entries) = std::fs::read_dir(folder) else { return vec![] };
        let mut found: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
        found.retain(|p| p.extension().is_some_and(|e| e == state));
        found.into_iter().map(|p| std::fs::read_to_string(p).unwrap()).collect()
    }
}

fn good(job: &Job) {
    assert_eq!(job.code, 0, "{}", job.log);
}

/// The tool outside of any workflow, as a person beside the pipeline would run it.
fn by_hand(runner: &Runner, dir: &Path, args: &[&str]) -> Command {
    let mut env = runner.env.clone();
    for (name, value) in &runner.context {
        if let Some(name) = name.strip_prefix("vars.") {
            env.insert(name.to_owned(), value.clone());
        }
    }
    env.insert("OMNI_SERVICE_ACCOUNT_KEY".to_owned(), runner.context["secrets.OMNI_OPERATOR_KEY"].clone());
    env.insert("PROXMOX_VE_API_TOKEN".to_owned(), runner.context["secrets.PROXMOX_AUDITOR_TOKEN"].clone());
    env.insert("AWS_ACCESS_KEY_ID".to_owned(), runner.context["secrets.STATE_WRITER_KEY_ID"].clone());
    env.insert("AWS_SECRET_ACCESS_KEY".to_owned(), runner.context["secrets.STATE_WRITER_KEY"].clone());
    env.insert("OMNI_SCALE_DIGEST_KEY".to_owned(), KEY.to_owned());
    let mut command = Command::new(BIN);
    command.args(args).current_dir(dir).env_clear().envs(env).stdin(Stdio::null());
    command
}

/// Exit code and everything that was printed.
fn ended(mut command: Command) -> (i32, String) {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap_or(-1), text)
}

pub(crate) fn whole() {
    let home = tempfile::tempdir().unwrap();
    let mut forge = Forge::open(home.path());
    cluster_arrives(&mut forge);
    workers_leave(&mut forge);
    plan_goes_stale(&mut forge);
    lease_is_taken_over(&mut forge);
    forge.examples.judge();
}

/// A pull request adds the cluster: plan, comment, merge, apply of the same digest, no drift.
fn cluster_arrives(forge: &mut Forge) {
    let cluster = include_str!("../../clusters/talos-prod-01.yaml");
    let jobs = forge.pull_request(1, "A first cluster", |repo| {
        std::fs::write(repo.join("clusters/talos-prod-01.yaml"), cluster).unwrap();
    });
    good(&jobs["validate"]);
    good(&jobs["plan"]);
    good(&jobs["comment"]);
    let comment = forge.comment(1);
    forge.examples.keep("1-pull-request.md", &comment);
    forge.examples.keep("1-pull-request.log", &jobs["plan"].log);
    let page = forge.home.join("pr-1/artifacts/omni-scale-review/plan.html");
    forge.examples.keep("1-plan.html", &std::fs::read_to_string(page).unwrap());
    let json = forge.home.join("pr-1/artifacts/omni-scale-review/plan.json");
    forge.examples.keep("1-plan.json", &std::fs::read_to_string(json).unwrap());

    // A second push to the same pull request edits the comment that is there.
    let again = Forge::workflow("plan.yml").run(&forge.runner("pr-1-again", "change-1", Some(1)));
    good(&again["comment"]);
    forge.comment(1);

    forge.merge(1);
    let jobs = Forge::workflow("apply.yml").run(&forge.runner("main-1", "main", None));
    good(&jobs["plan"]);
    assert_eq!(jobs["plan"].outputs["approved"], "true", "{}", jobs["plan"].log);
    assert!(
        comment.contains(&jobs["plan"].outputs["digest"]),
        "the comment names the digest that is applied"
    );
    good(&jobs["apply"]);
    assert_eq!(jobs["apply"].environment, "omni-scale-apply");
    forge.examples.keep("2-apply.log", &jobs["apply"].log);
    forge.examples.keep("2-apply-summary.md", &jobs["apply"].summary);

    let night = forge.drift("night-1");
    good(&night);
    assert_eq!(forge.issues("open"), [""; 0]);
    forge.examples.keep("3-no-drift.log", &night.log);
}

/// The workers go the same way. What would lose machines is blocked until somebody answers for it in the files.
fn workers_leave(forge: &mut Forge) {
    let remove = |repo: &Path| {
        let path = repo.join("clusters/talos-prod-01.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, _) = text.split_once("---\nkind: Workers").unwrap();
        std::fs::write(&path, before).unwrap();
    };
    let jobs = forge.pull_request(2, "No workers any more", remove);
    assert_eq!(jobs["plan"].code, 3, "{}", jobs["plan"].log);
    good(&jobs["comment"]);
    let comment = forge.comment(2);
    assert!(comment.contains("Machines that will be lost"), "{comment}");
    forge.examples.keep("4-blocked.md", &comment);

    let jobs = forge.pull_request(3, "No workers any more, and who answers for it", |repo| {
        remove(repo);
        let path = repo.join("spec/omni.yaml");
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str(EXCEPTION);
        std::fs::write(&path, text).unwrap();
    });
    good(&jobs["plan"]);
    let comment = forge.comment(3);
    assert!(comment.contains("moved to the new cluster"), "an exception shows who answers for it\n{comment}");
    forge.examples.keep("5-removal.md", &comment);
    forge.merge(3);
    let jobs = Forge::workflow("apply.yml").run(&forge.runner("main-3", "main", None));
    good(&jobs["apply"]);
    assert_eq!(jobs["plan"].outputs["approved"], "true", "{}", jobs["plan"].log);
    forge.examples.keep("6-removal-applied.log", &jobs["apply"].log);
    good(&forge.drift("night-2"));
}

const EXCEPTION: &str = "---
policy:
  exceptions:
    - guard: G16
      address: cluster/talos-prod-01
      owner: platform team
      reason: the workloads have moved to the new cluster
      expires: 2099-01-01
";

/// Between plan and apply somebody changes what the plan is about: nothing is applied, and the message says what changed.
fn plan_goes_stale(forge: &mut Forge) {
    forge.pull_request(4, "More memory for workers", |repo| {
        let path = repo.join("machine-classes/matrix-worker.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("memory: 16384", "memory: 24576")).unwrap();
    });
    forge.merge(4);
    let runner = forge.runner("main-4", "main", None);
    let saved = runner.home.join("plan.osplan");
    let out = format!("plan={}", saved.display());
    let (code, text) = ended(by_hand(&runner, &runner.checkout, &["plan", "--out", &out]));
    assert_eq!(code, 0, "{text}");

    // Another operator, with another checkout and a record of his own, edits the same class.
    let other = runner.home.join("other");
    copy(&runner.checkout, &other);
    let class = other.join("machine-classes/matrix-worker.yaml");
    let text = std::fs::read_to_string(&class).unwrap();
    std::fs::write(&class, text.replace("memory: 24576", "memory: 32768")).unwrap();
    let spec = other.join("spec/omni.yaml");
    let text = std::fs::read_to_string(&spec).unwrap();
    let local: Vec<&str> = text.lines().filter(|l| !l.starts_with("state:")).collect();
    std::fs::write(&spec, local.join("\n")).unwrap();
    let (code, text) = ended(by_hand(&runner, &other, &["apply", "--auto-approve", "--max-risk", "low"]));
    assert_eq!(code, 0, "{text}");

    let (code, text) = ended(by_hand(&runner, &runner.checkout, &["apply", &saved.display().to_string()]));
    assert_eq!(code, 4, "{text}");
    for part in ["class/matrix-worker", "memory", "16 GiB", "32 GiB"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    forge.examples.keep("7-stale.log", &text);
    let night = forge.drift("night-3");
    good(&night);
    let issues = forge.issues("open");
    assert_eq!(issues.len(), 1);
    assert!(issues[0].contains("memory"), "{}", issues[0]);
    forge.examples.keep("8-drift-issue.md", &issues[0]);

    // The pipeline's next apply puts it right, and the issue closes by itself.
    let jobs = Forge::workflow("apply.yml").run(&forge.runner("main-4-again", "main", None));
    good(&jobs["apply"]);
    good(&forge.drift("night-4"));
    assert_eq!((forge.issues("open").len(), forge.issues("closed").len()), (0, 1));
}

/// A job dies with the lease in its hands. The next one waits until the lease has ended, looks up what the dead one had
/// under way, and finishes.
fn lease_is_taken_over(forge: &mut Forge) {
    let jobs = forge.pull_request(5, "Workers again", |repo| {
        let path = repo.join("clusters/talos-prod-01.yaml");
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("---\nkind: Workers\nmachineClass:\n  name: matrix-worker\n  size: 1\n");
        std::fs::write(&path, text).unwrap();
    });
    good(&jobs["plan"]);
    forge.merge(5);
    let mut runner = forge.runner("main-5", "main", None);
    runner.env.insert("OMNI_SCALE_LEASE_TTL".to_owned(), "4".to_owned());
    let mut command = by_hand(&runner, &runner.checkout, &["apply", "--auto-approve", "--max-risk", "low"]);
    let mut dying = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(dying.stderr.take().unwrap()).lines();
    let begun = lines.any(|l| l.is_ok_and(|l| l.contains("machineset/workers")));
    assert!(begun, "the apply ended before it began a step");
    dying.kill().unwrap();
    dying.wait().unwrap();

    let (code, held) = ended(by_hand(&runner, &runner.checkout, &["lock", "show"]));
    assert_eq!(code, 0, "{held}");
    assert!(held.contains("holder   "), "{held}");
    forge.examples.keep("9-lease-of-a-dead-job.log", &held);

    let mut next = forge.runner("main-5-again", "main", None);
    next.env.insert("OMNI_SCALE_LEASE_TTL".to_owned(), "4".to_owned());
    let jobs = Forge::workflow("apply.yml").run(&next);
    good(&jobs["plan"]);
    let job = &jobs["apply"];
    assert!(job.skipped || job.code == 0, "{}", job.log);
    forge.examples.keep("10-taken-over.log", &format!("{}{}", jobs["plan"].log, job.log));
    let (code, text) = ended(by_hand(&next, &next.checkout, &["plan", "--detailed-exitcode"]));
    assert_eq!(code, 0, "{text}");
    good(&forge.drift("night-5"));
    assert_eq!(forge.issues("open"), [""; 0]);
}
