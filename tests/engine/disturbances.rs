//! Every disturbance at every place once; afterwards the world is as if nothing had happened.

use omni_scale::plan::Desired;
use omni_scale::state::model::Record;

use crate::sim::{Cut, Disturbance, Ended, Sim, Tear, desired};

const FIRST: &str = "\
kind: Cluster
name: c
kubernetes: {version: v1.34.3}
talos: {version: v1.11.6}
systemExtensions: [siderolabs/iscsi-tools]
patches:
  - name: cni
    inline: {cluster: {network: {cni: {name: none}}}}
  - name: ntp
    inline: {machine: {time: {servers: [time.example.net]}}}
---
kind: ControlPlane
machineClass: {name: cp, size: 3}
---
kind: Workers
machineClass: {name: w, size: 2}
";

/// A patch changes, one goes, one comes, a set grows.
const SECOND: &str = "\
kind: Cluster
name: c
kubernetes: {version: v1.34.3}
talos: {version: v1.11.6}
systemExtensions: [siderolabs/iscsi-tools, siderolabs/qemu-guest-agent]
patches:
  - name: cni
    inline: {cluster: {network: {cni: {name: none}}, proxy: {disabled: true}}}
---
kind: ControlPlane
machineClass: {name: cp, size: 3}
---
kind: Workers
machineClass: {name: w, size: 3}
patches:
  - name: sysctl
    inline: {machine: {sysctls: {vm.nr_hugepages: '1024'}}}
";

/// A world in which the first version was applied.
fn applied() -> Sim {
    let sim = Sim::new();
    let run = sim.run(&desired(FIRST, 8192), Disturbance::None);
    let Ended::Ran(report) = &run.ended else { panic!("{:?}", run.ended) };
    assert!(report.complete(), "{:?}", report.steps);
    sim
}

fn entries(record: Option<Record>) -> serde_json::Value {
    serde_json::to_value(record.expect("a record").entries).unwrap()
}

/// What an undisturbed run leaves.
struct Wanted {
    resources: std::collections::BTreeMap<String, serde_json::Value>,
    entries: serde_json::Value,
}

/// One disturbed run and then undisturbed ones: few are needed, and the end is that of an undisturbed run.
fn check(sim: &Sim, desired: &Desired, wanted: &Wanted, disturbance: Disturbance) {
    let mut last = sim.run(desired, disturbance).ended;
    for _ in 0..3 {
        if matches!(last, Ended::Empty) {
            break;
        }
        last = sim.run(desired, Disturbance::None).ended;
    }
    assert!(matches!(last, Ended::Empty), "{disturbance:?}: the plan does not get empty: {last:?}");
    assert_eq!(sim.resources(), wanted.resources, "{disturbance:?}");
    assert_eq!(entries(sim.record()), wanted.entries, "{disturbance:?}");
    sim.seen(|seen| {
        let twice: Vec<_> = seen.creates.iter().filter(|(_, n)| **n > 1).collect();
        assert!(twice.is_empty(), "{disturbance:?}: created twice: {twice:?}");
        assert!(seen.unannounced.is_empty(), "{disturbance:?}: sent without a note: {:?}", seen.unannounced);
    });
}

fn everywhere(start: &Sim, desired: &Desired) {
    let undisturbed = start.copy();
    let run = undisturbed.run(desired, Disturbance::None);
    let Ended::Ran(report) = &run.ended else { panic!("{:?}", run.ended) };
    assert!(report.complete(), "{:?}", report.steps);
    let wanted = Wanted { resources: undisturbed.resources(), entries: entries(undisturbed.record()) };
    for (at, writing) in run.requests.iter().enumerate() {
        // A read that is lost on the way and one whose answer is lost are the same.
        let cuts: &[Cut] = if *writing {
            &[
                Cut::LostRequest,
                Cut::LostReply,
                Cut::BadGateway,
                Cut::Late,
                Cut::NotSent,
                Cut::KillBefore,
                Cut::KillAfter,
            ]
        } else {
            &[Cut::LostReply, Cut::KillBefore]
        };
        for cut in cuts {
            check(&start.copy(), desired, &wanted, Disturbance::Request(at, *cut));
        }
    }
    for at in 0..run.writes {
        for tear in [Tear::Before, Tear::After, Tear::Torn, Tear::Full] {
            check(&start.copy(), desired, &wanted, Disturbance::Write(at, tear));
        }
    }
}

#[test]
fn a_disturbed_first_apply_ends_like_an_undisturbed_one() {
    everywhere(&Sim::new(), &desired(FIRST, 8192));
}

#[test]
fn disturbed_changes_and_removals_end_like_undisturbed_ones() {
    everywhere(&applied(), &desired(SECOND, 16384));
}

#[test]
fn applying_twice_changes_nothing() {
    let sim = applied();
    let before = sim.resources();
    let run = sim.run(&desired(FIRST, 8192), Disturbance::None);
    assert!(matches!(run.ended, Ended::Empty), "{:?}", run.ended);
    assert_eq!(sim.resources(), before);
}
