//! `kill -9` of an apply at seeded moments, then apply again: the same end as undisturbed, nothing created twice, record
//! and journal readable at every moment. The lab is served by another process, which survives; its own request log is
//! the witness. `OMNI_SCALE_KILLS` sets the number of moments, `OMNI_SCALE_KILL_SEED` the seed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

mod bench;
#[path = "../shipped/mod.rs"]
mod shipped;
mod signals;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::bench::Bench;

/// Kills an apply once the lab has served `moment` requests; false when it ended before.
fn killed(bench: &Bench, moment: usize) -> bool {
    let mut child = bench.apply().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    loop {
        let served = std::fs::read(bench.log()).unwrap_or_default().iter().filter(|b| **b == b'\n').count();
        if served >= moment {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::yield_now();
    }
}

fn check(moment: usize, wanted: &BTreeMap<String, Value>) {
    let bench = Bench::new();
    killed(&bench, moment);
    bench.memory_is_readable(moment);
    let again = bench.apply().output().unwrap();
    let shown = String::from_utf8_lossy(&again.stderr).into_owned() + &String::from_utf8_lossy(&again.stdout);
    assert_eq!(again.status.code(), Some(0), "moment {moment}:\n{shown}");
    bench.memory_is_readable(moment);
    let (requests, resources) = bench.stop();
    assert_eq!(&resources, wanted, "moment {moment}");
    let mut creates: BTreeMap<String, usize> = BTreeMap::new();
    for line in requests.iter().filter(|l| l["path"].as_str().is_some_and(|p| p.ends_with("/Create"))) {
        *creates.entry(format!("{}/{}", line["type"], line["id"])).or_default() += 1;
    }
    assert!(creates.values().all(|n| *n == 1), "moment {moment}: created twice: {creates:?}");
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

#[test]
fn killed_anywhere_and_applied_again_ends_the_same() {
    let undisturbed = Bench::new();
    let ran = undisturbed.apply().output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    let (requests, wanted) = undisturbed.stop();
    // Most of a run is waiting; the moments lie from the first request to a few looks after the last write.
    let last = requests.iter().rposition(|l| l["writing"] == true).unwrap();
    let (kills, seed) = (number("OMNI_SCALE_KILLS", 50), number("OMNI_SCALE_KILL_SEED", 1));
    let moments: Vec<usize> = (0..kills)
        .map(|i| {
            let n = (i as u64 + seed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            1 + ((n ^ (n >> 31)) % (last as u64 + 20)) as usize
        })
        .collect();
    println!("{kills} moments among the first {} requests, seed {seed}", last + 20);
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    // Runs mostly wait, so that more of them than processors fit side by side.
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                while let Some(moment) = moments.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let result = std::panic::catch_unwind(|| check(*moment, &wanted));
                    if let Err(why) = result {
                        let text = why.downcast_ref::<String>().cloned().unwrap_or_default();
                        failures.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {kills} moments:\n{}", failures.len(), failures.join("\n\n"));
}
