//! The record in a bucket, sealed: what its readers and writers can do with it then.

use omni_scale::state::objects::Objects as _;

use crate::remote::{APPLY, World};
use crate::repository::{Ran, Repository};

const KEY: &str = "OMNI_SCALE_SEAL_KEY";
/// Something that stands in every record and in no sealed one.
const CLUSTER: &[u8] = b"talos-prod-01";

fn key(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn with(w: &World, checkout: &Repository, args: &[&str], key: &str) -> Ran {
    Ran::new(w.command(checkout, args).env(KEY, key).output().unwrap())
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|w| w == text)
}

/// All objects of the bucket.
fn objects(w: &World) -> Vec<(String, Vec<u8>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let bucket = w.bucket();
        let mut all = Vec::new();
        for name in bucket.list("").await.unwrap() {
            all.push((name.clone(), bucket.read(&name).await.unwrap().unwrap().bytes));
        }
        all
    })
}

#[test]
fn a_sealed_record_tells_nothing_and_takes_nothing_else_in() {
    let w = World::new(&[]);
    let a = w.checkout();
    with(&w, &a, APPLY, &key('a')).exits(0).says("Verified");
    with(&w, &w.checkout(), &["plan", "--detailed-exitcode"], &key('a')).exits(0).says("No changes.");
    for (name, bytes) in objects(&w) {
        assert!(!holds(&bytes, CLUSTER) && bytes.starts_with(b"{\"format\":2,"), "{name} is open");
    }
    for args in [&["plan"][..], APPLY, &["lock", "show"]] {
        let none = Ran::new(w.command(&a, args).output().unwrap());
        none.exits(7).says("is sealed with the key `").says("set `OMNI_SCALE_SEAL_KEY`");
        with(&w, &a, args, &key('b')).exits(7).says("which is not among `");
    }
    let whole = w.tamper(".json", |mut bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] = if bytes[middle] == b'x' { b'y' } else { b'x' };
        bytes
    });
    with(&w, &a, &["plan"], &key('a')).exits(1).says("the record `s3://records/lab/").says("is not readable");
    // An open record, as somebody without the key can write it.
    let forged = omni_scale::state::model::Record::new("forged", "lab/fresh");
    w.tamper(".json", |_| omni_scale::state::store::encode(&forged).unwrap());
    for args in [&["plan"][..], APPLY] {
        with(&w, &a, args, &key('a')).exits(7).says("is not sealed, although there is a key");
    }
    // The sealed lease in the record's place.
    let lease = objects(&w).into_iter().find(|(n, _)| n.ends_with(".lease")).unwrap().1;
    w.tamper(".json", |_| lease.clone());
    with(&w, &a, &["plan"], &key('a')).exits(1).says("it was sealed for another place");
    w.tamper(".json", |_| whole.clone());
    // An older one, well sealed.
    with(&w, &a, &["record", "seal"], &key('a')).exits(0);
    with(&w, &a, &["plan", "--detailed-exitcode"], &key('a')).exits(0);
    let newest = w.tamper(".json", |_| whole.clone());
    with(&w, &a, &["plan"], &key('a')).exits(1).says("somebody brought back an older one");
    w.tamper(".json", |_| newest.clone());
    with(&w, &a, APPLY, &key('a')).exits(0);
}

#[test]
fn a_record_is_sealed_rekeyed_and_unsealed_only_when_told() {
    let w = World::new(&[]);
    let a = w.checkout();
    with(&w, &a, APPLY, "").exits(0);
    for args in [&["plan"][..], APPLY] {
        with(&w, &a, args, &key('a')).exits(7).says("run `omni-scale record seal` once");
    }
    with(&w, &a, &["record", "seal"], "").exits(64).says("there is no key");
    with(&w, &a, &["record", "seal"], &key('a')).exits(0).says("are sealed now");
    let open: Vec<String> =
        objects(&w).into_iter().filter(|(_, b)| holds(b, CLUSTER)).map(|(n, _)| n).collect();
    assert_eq!(open, [] as [&str; 0], "backups and lease too");
    with(&w, &a, &["plan", "--detailed-exitcode"], &key('a')).exits(0).says("No changes.");
    // A new key: both while it changes, then the new one alone.
    let both = format!("{},{}", key('b'), key('a'));
    with(&w, &a, &["plan", "--detailed-exitcode"], &both).exits(0);
    with(&w, &a, &["record", "seal"], &both).exits(0);
    with(&w, &a, &["plan", "--detailed-exitcode"], &key('b')).exits(0).says("No changes.");
    with(&w, &a, &["plan"], &key('a')).exits(7).says("which is not among");
    // From a file.
    std::fs::write(a.path("seal.key"), format!("{}\n", key('b'))).unwrap();
    let ran = w.command(&a, &["plan"]).env("OMNI_SCALE_SEAL_KEY_FILE", a.path("seal.key")).output().unwrap();
    Ran::new(ran).exits(0);
    for bad in ["secret", &format!("{},secret", key('b'))] {
        let ran = with(&w, &a, &["plan"], bad).exits(64).says("64 hexadecimal digits");
        assert!(!ran.err.contains(bad), "{}", ran.err);
    }
    with(&w, &a, &["record", "unseal"], &both).exits(0).says("are not sealed now");
    assert!(objects(&w).iter().all(|(_, b)| !b.starts_with(b"{\"format\":2,")));
    with(&w, &a, &["plan", "--detailed-exitcode"], "").exits(0).says("No changes.");
    with(&w, &a, &["plan"], &key('b')).exits(7).says("is not sealed");
}
