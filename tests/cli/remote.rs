//! The record in a bucket: two checkouts, one store in between, stores that lie, runs that die.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use omni_scale::secret::Secret;
use omni_scale::state::lease;
use omni_scale::state::object::{Bucket, Keys, Location};
use omni_scale::state::objects::{Objects as _, settle};
use omni_scale::world::real::{RealClock, RealNet, Trust};
use serde_json::Value;

use crate::repository::{Ran, Repository};

/// A served world whose object store keeps the record.
pub struct World {
    home: Repository,
    lab: Child,
    env: BTreeMap<String, String>,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.lab.kill();
        let _ = self.lab.wait();
    }
}

impl World {
    pub fn new(faults: &[&str]) -> Self {
        let home = Repository::new();
        for fault in faults {
            home.run(&["lab", "inject", fault]).exits(0);
        }
        let mut lab = home
            .command(&["lab", "up", "fresh", "--speed", "2000", "--object-store"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut env = BTreeMap::new();
        for line in BufReader::new(lab.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
            if name == "OMNI_SCALE_SPEC" {
                break;
            }
            env.insert(name.to_owned(), value.trim_matches('\'').to_owned());
        }
        // A third of it must be longer than a busy machine keeps a process waiting.
        env.insert("OMNI_SCALE_LEASE_TTL".into(), "9".into());
        Self { home, lab, env }
    }

    /// A checkout of the repository, as a runner makes it: nothing in it but its files.
    pub fn checkout(&self) -> Repository {
        let checkout = Repository::new();
        std::fs::copy(self.home.path("state/lab/fresh/spec.yaml"), checkout.path("spec/omni.yaml")).unwrap();
        checkout
    }

    pub fn command(&self, checkout: &Repository, args: &[&str]) -> Command {
        let mut command = checkout.command(args);
        command.envs(&self.env);
        command
    }

    fn run(&self, checkout: &Repository, args: &[&str]) -> Ran {
        Ran::new(self.command(checkout, args).output().unwrap())
    }

    fn apply(&self, checkout: &Repository) -> Ran {
        self.run(checkout, APPLY)
    }

    /// Whole lines of the lab's log, which is being written.
    fn requests(&self) -> Vec<Value> {
        let bytes = std::fs::read(self.home.path("state/lab/fresh/requests.jsonl")).unwrap_or_default();
        bytes.split_inclusive(|b| *b == b'\n').filter_map(|l| serde_json::from_slice(l).ok()).collect()
    }

    fn log(&self, server: &str) -> Vec<Value> {
        self.requests().into_iter().filter(|l| l["server"] == server).collect()
    }

    /// Writes to Omni, in the log.
    fn writes(&self) -> usize {
        self.requests().iter().filter(|l| l["server"] == "omni" && l["writing"] == true).count()
    }

    fn puts(&self, ending: &str) -> usize {
        let ends = |l: &&Value| l["path"].as_str().unwrap().ends_with(ending);
        self.log("store").iter().filter(ends).filter(|l| l["method"] == "PUT" && l["status"] == 200).count()
    }

    /// Waits until something has happened.
    fn until(&self, what: &str, happened: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !happened(self) {
            assert!(start.elapsed() < Duration::from_mins(1), "{what} never happened");
            std::thread::yield_now();
        }
    }

    pub fn bucket(&self) -> Bucket {
        let origin = self.env["AWS_ENDPOINT_URL_S3"].clone();
        let at = Location {
            bucket: "records".into(),
            prefix: "lab".into(),
            region: "us-east-1".into(),
            origin: origin.clone(),
        };
        let keys = Keys {
            access: self.env["AWS_ACCESS_KEY_ID"].clone(),
            secret: Secret::new(self.env["AWS_SECRET_ACCESS_KEY"].clone()),
            token: None,
        };
        let net = RealNet::new([(origin, Trust::SystemRoots)]).unwrap();
        Bucket::new(&at, &keys, Arc::new(net), Arc::new(RealClock::new())).unwrap()
    }

    /// Changes the object whose name ends like this, as somebody with access to the bucket could.
    pub fn tamper(&self, ending: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bucket = self.bucket();
            let names = bucket.list("").await.unwrap();
            let name = names.iter().find(|n| n.ends_with(ending) && !n.contains(".backup-")).unwrap();
            loop {
                let object = bucket.read(name).await.unwrap().unwrap();
                let bytes = change(object.bytes.clone());
                let end = settle(&bucket, name, &bytes, Some(&object.etag), Duration::from_secs(5)).await;
                if matches!(end, omni_scale::state::conditional::End::Written(_)) {
                    return object.bytes;
                }
            }
        })
    }
}

pub const APPLY: &[&str] = &["apply", "--auto-approve", "--max-risk", "low"];

#[test]
fn two_checkouts_share_one_record() {
    let w = World::new(&[]);
    let (a, b) = (w.checkout(), w.checkout());
    w.run(&a, &["plan", "--detailed-exitcode"]).exits(2).says("`OMNI_SCALE_DIGEST_KEY` is not set");
    assert_eq!(w.log("store").iter().filter(|l| l["writing"] == true).count(), 0, "a plan writes nothing");
    // With its usual life no heartbeat falls into this run.
    let ran = w.command(&a, APPLY).env("OMNI_SCALE_LEASE_TTL", "120").output().unwrap();
    Ran::new(ran).exits(0).says("Verified");
    let names: Vec<String> = std::fs::read_dir(a.path("state"))
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|n| n.ends_with(".json") || n.ends_with(".digest-key"))
        .collect();
    assert_eq!(names, [] as [&str; 0], "record and key stay out of the checkout");
    let plan = w.run(&b, &["plan", "--detailed-exitcode"]).exits(0);
    assert!(plan.out.starts_with("No changes.") && !plan.out.contains("no record"), "{}", plan.out);
    w.run(&b, &["lock", "show"]).exits(0).says("Nobody holds the lease");
    // One write of the lease for each call at most, one to take it and one to give it back.
    let calls = w.writes();
    assert!(w.puts(".lease") <= calls + 2, "{} writes of the lease for {calls} calls", w.puts(".lease"));
    let before = w.puts(".json");
    w.apply(&b).exits(0).says("No changes.");
    assert_eq!(w.puts(".json"), before, "a run without changes leaves the record");
    // A removal by the other checkout.
    std::fs::remove_file(b.path("clusters/talos-prod-01.yaml")).unwrap();
    let plan = w.run(&b, &["plan", "--detailed-exitcode"]);
    assert!(plan.out.contains("destroy") && plan.code >= 2, "{}{}", plan.out, plan.err);
}

#[test]
fn stores_that_lie_are_named_and_nothing_is_written() {
    for (fault, code, words) in [
        ("store-ignores-if-none-match", 1, "it ignores `If-None-Match`"),
        ("store-ignores-if-match", 1, "it ignores `If-Match`"),
        ("store-stale-reads", 1, "a read right after a write does not show it"),
        ("store-weak-etags", 1, "is not a strong one"),
        ("store-errors-with-200", 1, "200 with an error in the body"),
        ("store-denies-own-writes", 1, "412 to a write that it has taken in"),
        ("store-refuses", 7, "403 AccessDenied"),
        ("store-redirects", 7, "the bucket is in another region"),
        ("store-down", 69, "503 ServiceUnavailable"),
    ] {
        let w = World::new(&[fault]);
        let a = w.checkout();
        let ran = w.apply(&a).says(words);
        assert_eq!(ran.code, code, "{fault}: {}", ran.err);
        assert!(ran.err.contains("help: nothing was"), "{fault}: {}", ran.err);
        assert_eq!(w.writes(), 0, "{fault}");
        let others = w
            .log("store")
            .iter()
            .filter(|l| l["writing"] == true && !l["path"].as_str().unwrap().contains("probe"))
            .count();
        assert_eq!(others, 0, "{fault}: only probes are written");
    }
}

#[test]
fn lost_replies_and_lost_requests_change_nothing() {
    for fault in ["store-loses-replies:9", "store-drops-requests:3"] {
        let w = World::new(&[fault]);
        let a = w.checkout();
        w.apply(&a).exits(0).says("Verified");
        w.run(&w.checkout(), &["plan", "--detailed-exitcode"]).exits(0).says("No changes.");
    }
}

#[test]
fn of_two_applies_at_once_one_writes() {
    let w = World::new(&[]);
    let (a, b) = (w.checkout(), w.checkout());
    let mut first = w.command(&a, APPLY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    w.until("the first took the lease", |w| w.puts(".lease") > 0);
    let second = w.apply(&b);
    assert!(matches!(second.code, 4 | 6), "{}{}", second.out, second.err);
    let held = second.says("OS0601: another apply holds the lease for").says("--lock-timeout");
    assert!(held.err.contains("lock break"), "{}", held.err);
    assert_eq!(first.wait().unwrap().code(), Some(0));
    // Waiting for it is the other way.
    let waited = w.run(&b, &[APPLY, &["--lock-timeout", "1m"]].concat()).exits(0);
    assert!(waited.out.contains("No changes."), "{}", waited.out);
}

#[test]
fn a_killed_run_is_taken_over_and_what_it_sent_is_looked_up() {
    for moment in [2, 4, 6] {
        let w = World::new(&[]);
        let (a, b) = (w.checkout(), w.checkout());
        let mut first = w.command(&a, APPLY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        w.until("the moment", |w| w.puts(".lease") >= moment);
        first.kill().unwrap();
        first.wait().unwrap();
        let shown = w.run(&b, &["lock", "show"]).exits(0);
        assert!(shown.out.contains("apply, process"), "{}", shown.out);
        let start = Instant::now();
        let over = w.run(&b, &[APPLY, &["--lock-timeout", "1m"]].concat()).exits(0).says("Verified");
        assert!(start.elapsed() < Duration::from_mins(1), "moment {moment}: {}", over.out);
        let third = w.checkout();
        w.run(&third, &["plan", "--detailed-exitcode"]).exits(0).says("No changes.");
        // The dead run's own checkout has a journal with open ends; the bucket knows better.
        w.apply(&a).exits(0).says("No changes.");
    }
}

#[test]
fn a_dead_lease_can_be_broken_and_a_live_one_cannot() {
    let w = World::new(&[]);
    let (a, b) = (w.checkout(), w.checkout());
    let mut first = w
        .command(&a, APPLY)
        .env("OMNI_SCALE_LEASE_TTL", "60")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    w.until("a call was noted", |w| w.puts(".lease") >= 2);
    first.kill().unwrap();
    first.wait().unwrap();
    let shown = w.run(&b, &["lock", "show", "--format", "json"]).exits(0);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    let id = shown["id"].as_str().unwrap();
    assert_eq!((&shown["held"], &shown["format"]), (&true.into(), &"omni-scale.lock".into()));
    assert_eq!(
        crate::schemas::against(&crate::repository::Repository::empty(), "lock", &shown),
        Vec::<String>::new()
    );
    w.run(&b, &["lock", "break", "0123"]).exits(6).says("the lease has the id");
    w.run(&b, &["lock", "break", id]).exits(6).says("may be alive").says(&format!("--allow lock:{id}"));
    w.run(&b, &["lock", "break", id, "--allow", "lock:other"]).exits(64);
    w.run(&b, &["lock", "break", id, "--allow", &format!("lock:{id}")]).exits(0).says("stays noted");
    w.run(&b, &["plan"]).says("in doubt; the next apply looks");
    w.apply(&b).exits(0).says("Verified");
    w.run(&a, &["plan", "--detailed-exitcode"]).exits(0).says("No changes.");
}

#[test]
fn a_holder_whose_lease_is_taken_sends_nothing_more() {
    let w = World::new(&[]);
    let a = w.checkout();
    let child = w.command(&a, APPLY).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    w.until("a call was noted", |w| w.puts(".lease") >= 2);
    w.tamper(".lease", |bytes| {
        let mut lease = lease::decode("", &bytes).unwrap();
        lease.id = "somebody-else".into();
        lease.fence += 1;
        lease.holder.who = "::set-env name=x::evil\u{1b}[31m".into();
        lease::encode(&lease).unwrap()
    });
    let notes = w.puts(".lease");
    let ran = Ran::new(child.wait_with_output().unwrap());
    assert!(matches!(ran.code, 5 | 6), "{}{}", ran.out, ran.err);
    let said = ran.says("the lease was taken over by");
    assert!(!said.out.contains('\u{1b}') && !said.out.contains("\n::set-env"), "{}", said.out);
    assert_eq!(w.puts(".lease"), notes, "no write of the lease after it was taken");
    // What was under way when it was taken may end; nothing begins.
    w.run(&w.checkout(), &["lock", "show"]).exits(0).says("somebody-else");
}

#[test]
fn a_store_that_fails_in_the_middle_stops_the_run() {
    // Four writes of the probe (two of them refused, and counted), one to take the lease, some notes and records.
    let w = World::new(&["store-fails-after:9"]);
    let a = w.checkout();
    let ran = w.apply(&a);
    assert!(matches!(ran.code, 5 | 6), "{}{}", ran.out, ran.err);
    let stopped = ["nothing was sent, because", "nothing more is sent", "the record was not written"];
    assert!(stopped.iter().any(|s| ran.out.contains(s)), "{}{}", ran.out, ran.err);
    assert!(!ran.out.contains("Verified"), "{}", ran.out);
    let log = w.requests();
    let failed = log.iter().position(|l| l["server"] == "store" && l["status"] == 503).unwrap();
    let late = log[failed..].iter().filter(|l| l["server"] == "omni" && l["writing"] == true).count();
    assert!(
        late <= 4,
        "{late} calls were sent after the store had failed; at most those that were noted may be"
    );
}

#[test]
fn what_somebody_did_to_the_bucket_is_noticed() {
    let w = World::new(&[]);
    let a = w.checkout();
    w.apply(&a).exits(0);
    let whole = w.tamper(".json", |mut bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    });
    for args in [&["plan"][..], APPLY] {
        w.run(&a, args).exits(1).says("the record `s3://records/lab/").says("is not readable");
    }
    // An older record of the same chain.
    w.tamper(".json", |_| whole.clone());
    let mut older: Value = serde_json::from_slice(&whole).unwrap();
    let old = omni_scale::state::store::decode("", &whole).unwrap();
    let mut earlier = old.clone();
    earlier.serial -= 1;
    older["record"] = serde_json::to_value(&earlier).unwrap();
    w.tamper(".json", |_| omni_scale::state::store::encode(&earlier).unwrap());
    for args in [&["plan"][..], APPLY] {
        w.run(&a, args).exits(1).says("somebody brought back an older one");
    }
    // The present one by its number, and edited: its checksum is right, and it says that something else is ours.
    let mut edited = old.clone();
    let first = edited.entries.keys().next().unwrap().clone();
    edited.entries.remove(&first);
    w.tamper(".json", |_| omni_scale::state::store::encode(&edited).unwrap());
    for args in [&["plan"][..], APPLY] {
        w.run(&a, args).exits(1).says("somebody changed it");
    }
    // One of a newer program, and one that is nothing but brackets.
    w.tamper(".json", |_| b"{\"format\":7,\"record\":{}}".to_vec());
    w.run(&a, &["plan"]).exits(1).says("has format 7, this program knows 1");
    w.tamper(".json", |_| vec![b'['; 200_000]);
    w.run(&a, &["plan"]).exits(1).says("is not readable");
    w.tamper(".json", |_| whole.clone());
    w.run(&a, &["plan"]).exits(0);
    // The lease of another tool, and one that is cut off.
    for bad in [&b"{\"ID\":\"1\",\"Operation\":\"OperationTypeApply\"}"[..], b"{\"format\":1,", b""] {
        let good = w.tamper(".lease", |_| bad.to_vec());
        for args in [&["plan"][..], APPLY, &["lock", "show"]] {
            w.run(&a, args).exits(1).says("the lease `s3://records/lab/").says("lock break damaged");
        }
        w.tamper(".lease", |_| good.clone());
    }
    w.tamper(".lease", |_| b"{}".to_vec());
    w.run(&a, &["lock", "break", "damaged", "--allow", "lock:damaged"]).exits(0);
    w.apply(&a).exits(0);
}

#[test]
fn a_credential_goes_only_where_its_operator_bound_it() {
    let w = World::new(&[]);
    let a = w.checkout();
    let before = w.log("store").len();
    for (name, value, words) in [
        ("OMNI_SCALE_STATE_STORE", "s3://records", "binds the store's credentials to `s3://records`"),
        ("OMNI_SCALE_STATE_STORE", "", "set `OMNI_SCALE_STATE_STORE=s3://records/lab`"),
        ("AWS_ENDPOINT_URL_S3", "https://minio.example", "binds the store's credentials to"),
        ("AWS_ACCESS_KEY_ID", "", "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`"),
    ] {
        for args in [&["plan"][..], APPLY] {
            let ran = Ran::new(w.command(&a, args).env(name, value).output().unwrap());
            ran.exits(7).says(words);
        }
    }
    assert_eq!(w.log("store").len(), before, "not a byte was sent");
    let ran = Ran::new(
        w.command(&a, &["plan"]).env("AWS_SECRET_ACCESS_KEY", "wrong-wrong-wrong").output().unwrap(),
    );
    let ran = ran.exits(7).says("SignatureDoesNotMatch");
    assert!(!ran.err.contains("wrong-wrong-wrong"));
}

#[test]
fn without_a_bucket_a_pipeline_is_told_that_its_record_is_local() {
    let w = World::new(&[]);
    let a = w.checkout();
    a.edit("spec/omni.yaml", "s3://records/lab", "local");
    let text = std::fs::read_to_string(a.path("spec/omni.yaml")).unwrap();
    let text: String = text
        .lines()
        .map(|l| if l.starts_with("state:") { "state: { store: local }" } else { l })
        .fold(String::new(), |all, l| all + l + "\n");
    std::fs::write(a.path("spec/omni.yaml"), text).unwrap();
    let ran = Ran::new(w.command(&a, &["plan"]).env("CI", "true").output().unwrap());
    assert_eq!(ran.exits(0).err.matches("the record is local").count(), 1);
    assert_eq!(w.log("store").len(), 0);
}
