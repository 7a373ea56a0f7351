//! The lab's provider against recorded runs of the real one: the same situation is set up in a world, the provider runs, and
//! its requests to Proxmox, its log and what it leaves in Omni are compared one by one.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use omni_scale::lab::{self, Lab, LabError, LabOptions, Speed};
use serde_json::{Value, json};

use crate::support::{Facts, Tally, present};

const WORLD: &str = "fresh";
const REQUEST: &str = "talos-prod-01-control-planes-bbbbbb";

/// How a recorded situation is set up.
struct Situation {
    /// Name of the recording.
    name: &'static str,
    /// Provider data.
    data: &'static str,
    /// Machine request set, for requests of one.
    set: Option<&'static str>,
    /// Faults before the request.
    faults: &'static [&'static str],
    /// Faults while the VM is being created.
    meanwhile: &'static [&'static str],
    /// Whether the request goes in the end, and the faults before.
    removal: Option<&'static [&'static str]>,
    /// Seconds that the recording lasts after its last change.
    seconds: u64,
}

const PLAIN: &str = "cores: 4\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"vm_ssd\"\n";
const FULL: &str = "node: golf\ncores: 8\nsockets: 2\nmemory: 16384\ncpu_type: host\nmachine_type: q35\nnuma: true\nhugepages: 1GB\nballoon: false\ndisk_size: 100\nstorage_selector: name == \"vm_ssd\"\ndisk_ssd: true\ndisk_discard: true\ndisk_iothread: true\ndisk_cache: none\ndisk_aio: io_uring\nnetwork_bridge: vmbr0\nvlan: 30\nadditional_disks:\n  - disk_size: 200\n    storage_selector: name == \"local-lvm\"\n    disk_ssd: true\n    disk_cache: writeback\nadditional_nics:\n  - bridge: vmbr1\n  - bridge: vmbr2\n    vlan: 20\n    firewall: true\npci_devices:\n  - mapping: gpu0\n    pcie: true\n    primary_gpu: true\n    rombar: true\n  - mapping: gpu1\n";
/// The recorded server told of VMs what it had been told to tell, whatever was asked for.
const TAGGED: &str = "vm-edited:102:tags=machine-request.talos-prod-01-control-planes;go-proxmox+cloud-init";
const UNTAGGED: &str = "vm-edited:102:tags=machine-request.talos-prod-01-control-planes";

const fn plain(name: &'static str, faults: &'static [&'static str]) -> Situation {
    Situation { name, data: PLAIN, set: None, faults, meanwhile: &[], removal: None, seconds: 8 }
}

const SITUATIONS: [Situation; 19] = [
    Situation {
        set: Some("talos-prod-01-control-planes"),
        meanwhile: &[TAGGED],
        removal: Some(&[]),
        seconds: 30,
        ..plain("A-unpinned-set", &[])
    },
    Situation {
        data: FULL,
        set: Some("talos-prod-01-worker-golf"),
        meanwhile: &[UNTAGGED],
        seconds: 30,
        ..plain("B-pinned-full", &["bridge-present:vmbr2@golf"])
    },
    Situation { set: Some("s"), ..plain("C-node-offline", &["node-offline:hotel"]) },
    Situation {
        data: "node: hotel\ncores: 4\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"vm_ssd\"\n",
        ..plain("C2-pinned-offline", &["node-offline:hotel"])
    },
    Situation {
        data: "node: kilo\ncores: 4\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"vm_ssd\"\n",
        ..plain("C3-pinned-unknown", &[])
    },
    Situation {
        data: "cores: 4\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"nope\"\n",
        ..plain("D-storage-missing", &[])
    },
    Situation {
        data: "cores: 4\nmemory: 8192\ndisk_size: 40\nstorage_selector: type == \"vm_ssd\"\n",
        ..plain("D2-cel-type", &[])
    },
    Situation { data: "cores: 4\nmemory: 8192\ndisk_size: 40\n", ..plain("D3-no-selector", &[]) },
    Situation { data: "cores: four\n", ..plain("D4-bad-yaml", &[]) },
    Situation { seconds: 25, ..plain("E-create-fails", &["create-fails"]) },
    Situation {
        data: "cores: 4\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"vm_ssd\"\nhugepages: 1G\n",
        ..plain("E2-create-400", &["parameters-checked"])
    },
    plain("E3-create-403", &["privilege-missing:VM.Allocate"]),
    plain("E4-401", &["provider-refused"]),
    Situation {
        set: Some("s"),
        ..plain(
            "E5-nodes-noaudit",
            &[
                "privilege-missing:Sys.Audit@/nodes/foxtrot",
                "privilege-missing:Sys.Audit@/nodes/golf",
                "privilege-missing:Sys.Audit@/nodes/hotel",
                "privilege-missing:Sys.Audit",
            ],
        )
    },
    plain(
        "E6-empty-storage",
        &["privilege-missing:Datastore.Audit", "privilege-missing:Datastore.AllocateSpace"],
    ),
    Situation { meanwhile: &[UNTAGGED], seconds: 30, ..plain("E7-start-fails", &["start-fails"]) },
    plain("E8-download-fails", &["download-fails"]),
    Situation {
        set: Some("s"),
        meanwhile: &[TAGGED],
        removal: Some(&["vm-deleted:102"]),
        seconds: 30,
        ..plain("F-destroy-gone", &[])
    },
    Situation {
        set: Some("s"),
        meanwhile: &[TAGGED],
        removal: Some(&["node-offline:golf"]),
        seconds: 22,
        ..plain("F2-destroy-offline", &[])
    },
];

/// A process that another test just starts holds the lock of a world that was stopped, until it is another program.
const PATIENCE: Duration = Duration::from_secs(20);

fn patiently(mut act: impl FnMut() -> Result<(), LabError>) -> Result<(), LabError> {
    let began = Instant::now();
    loop {
        match act() {
            Err(LabError::InUse(_)) if began.elapsed() < PATIENCE => std::thread::yield_now(),
            other => return other,
        }
    }
}

async fn pass(root: &Path, seconds: u64) -> Lab {
    let options = LabOptions {
        root: root.to_owned(),
        world: WORLD.to_owned(),
        latency: Duration::ZERO,
        speed: Speed::Jump,
    };
    let began = Instant::now();
    let lab = loop {
        match Lab::start(options.clone()).await {
            Err(LabError::InUse(_)) if began.elapsed() < PATIENCE => std::thread::yield_now(),
            other => break other.unwrap(),
        }
    };
    lab.clock().sleep(Duration::from_secs(seconds)).await;
    lab
}

/// What the world of a situation has in the end.
struct Ran {
    requests: Vec<Value>,
    log: Vec<Value>,
    /// Statuses of the request in the order seen, and the provider's record.
    statuses: Vec<Value>,
    record: Value,
}

fn world(root: &Path) -> Value {
    let bytes = std::fs::read(root.join(WORLD).join("world.json")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn resource(world: &Value, kind: &str) -> Option<Value> {
    let all = world["resources"].as_array().unwrap();
    let found = all.iter().find(|r| {
        let text =
            |key: &str| r["key"][key].as_str().or_else(|| r[key].as_str()).unwrap_or_default().to_owned();
        text("type").starts_with(kind) | text("kind").starts_with(kind) && text("id") == REQUEST
    });
    found.map(|r| r["spec"].clone())
}

fn run(situation: &Situation) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let inject = |fault: &str| {
        patiently(|| lab::inject(root, WORLD, fault)).unwrap_or_else(|e| panic!("{fault}: {e}"));
    };
    let wait = |seconds: u64| {
        tokio::runtime::Runtime::new()
            .unwrap()
            .block_on(async { pass(root, seconds).await.stop().await.unwrap() });
    };
    // The recorded cluster: golf has the most memory free, 101 is taken, tasks take no time, and nothing that is asked for
    // is checked.
    for fault in [
        "provider-renamed:proxmox",
        "memory-used:golf=1",
        "memory-used:foxtrot=50",
        "orphan-vm:other@golf",
        "tasks-instant",
        "parameters-unchecked",
    ] {
        inject(fault);
    }
    for fault in situation.faults {
        inject(fault);
    }
    let mut labels = BTreeMap::from([("omni.sidero.dev/infra-provider-id", "proxmox")]);
    labels.extend(situation.set.map(|set| ("omni.sidero.dev/machine-request-set", set)));
    let spec = json!({ "talos_version": "1.12.4", "provider_data": situation.data });
    let object = json!({ "type": "MachineRequests", "id": REQUEST, "labels": labels, "spec": spec });
    inject(&format!("object-made:{object}"));
    let mut statuses = Vec::new();
    let note = |statuses: &mut Vec<Value>| {
        if let Some(mut status) = resource(&world(root), "MachineRequestStatuses") {
            for (key, other) in [("error", json!("")), ("id", json!("")), ("status", json!(""))] {
                if status.get(key).is_none() {
                    status[key] = other;
                }
            }
            status["stage"] = match status["stage"].as_u64() {
                Some(1) => json!("PROVISIONING"),
                Some(2) => json!("PROVISIONED"),
                _ => json!("FAILED"),
            };
            if statuses.last() != Some(&status) {
                statuses.push(status);
            }
        }
    };
    // Seconds until the VM is ordered; the recording looked at the status then.
    let first = situation.seconds.min(8);
    wait(first);
    note(&mut statuses);
    for fault in situation.meanwhile {
        inject(fault);
    }
    if situation.seconds > first {
        for _ in 0..14 {
            wait(1);
            note(&mut statuses);
        }
    }
    let record = resource(&world(root), "Machine.").unwrap_or_else(|| json!({}));
    if let Some(faults) = situation.removal {
        for fault in faults {
            inject(fault);
        }
        inject(&format!("object-removed:MachineRequests/{REQUEST}"));
        wait(situation.seconds.saturating_sub(5));
    }
    let log = lab::provider_log(root, WORLD).unwrap();
    let parsed = |lines: &[String]| -> Vec<Value> {
        let all = lines.iter().map(|l| serde_json::from_str::<Value>(l).unwrap());
        all.filter(|l| l["id"] == REQUEST).collect()
    };
    Ran { requests: parsed(&log.requests), log: parsed(&log.lines), statuses, record }
}

/// Task ids are the server's choice; what stands for an id of its own is kept.
fn plain_text(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("UPID:") {
        let mut parts = after.split(':');
        let node = parts.next().unwrap_or_default();
        let kind = parts.nth(3).unwrap_or_default();
        out.push_str(&format!("{before}UPID-{node}-{kind}"));
        // Node, process, its start, time, kind, id, user: the eighth part is what follows.
        rest = after.splitn(8, ':').nth(7).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn uuids(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let bare = text.strip_prefix("uuid=").unwrap_or(text);
            let is = bare.len() == 36 && bare.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
            if is { json!(text.replace(bare, "UUID")) } else { json!(plain_text(text)) }
        }
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), uuids(v))).collect(),
        Value::Array(list) => list.iter().map(uuids).collect(),
        other => other.clone(),
    }
}

/// A request as `METHOD path parameters`, and whether it was answered well.
fn asked(method: &Value, path: &Value, parameters: &Value, status: &Value) -> String {
    let parameters = if parameters.as_object().is_some_and(|m| !m.is_empty()) {
        uuids(parameters).to_string()
    } else {
        String::new()
    };
    let path = plain_text(path.as_str().unwrap_or_default());
    format!("{} {path} {parameters} {status}", method.as_str().unwrap_or_default())
}

fn recorded_requests(trace: &Value) -> Vec<String> {
    let events = trace["events"].as_array().unwrap().iter().filter(|e| e.get("request").is_some());
    let all = events.map(|e| {
        let request = &e["request"];
        let parameters = match request.get("multipart") {
            Some(parts) => json!({ "content": parts["content"], "filename": parts["filename"]["name"] }),
            None => request["json"].clone(),
        };
        asked(&request["method"], &request["path"], &parameters, &e["response"]["status"])
    });
    all.collect()
}

/// A line of the log without times; the same line again and again is one.
fn lines(log: impl Iterator<Item = Value>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in log {
        let mut map = line.as_object().unwrap().clone();
        for key in ["ts", "busy"] {
            assert_eq!(
                map.remove(key).is_some(),
                key == "ts" || line["msg"].as_str().unwrap().starts_with("reconcile")
            );
        }
        if map.get("interval").is_some_and(Value::is_f64) {
            map.insert("interval".to_owned(), json!("jittered"));
        }
        let text = uuids(&Value::Object(map)).to_string();
        let idle = line["msg"] == "reconcile succeeded" && line.get("interval").is_none();
        if !idle || out.last() != Some(&text) {
            out.push(text);
        }
    }
    out
}

fn same(what: &str, ours: &[String], theirs: &[String]) -> Result<(), String> {
    // A recording of something endless stops anywhere.
    let ours = if ours.len() > theirs.len() && what.ends_with('…') { &ours[..theirs.len()] } else { ours };
    if ours == theirs {
        return Ok(());
    }
    let at = ours.iter().zip(theirs).position(|(a, b)| a != b).unwrap_or(ours.len().min(theirs.len()));
    let show = |list: &[String]| list.get(at).cloned().unwrap_or_else(|| "(nothing)".to_owned());
    Err(format!(
        "{what}: {} of ours, {} recorded; the {}. differs\n  lab  {}\n  real {}",
        ours.len(),
        theirs.len(),
        at + 1,
        show(ours),
        show(theirs)
    ))
}

#[test]
fn contract_lab_provider_does_what_was_recorded() {
    let Some(folder) = present("lab provider", "proxmox/provider") else { return };
    let mut tally = Tally::new("lab provider");
    for situation in &SITUATIONS {
        let name = situation.name;
        let path = folder.join(format!("trace-{name}.json"));
        let trace: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let ran = run(situation);
        let endless = matches!(name, "E8-download-fails" | "F2-destroy-offline");
        // Known from the recording itself: a server that refuses a node's status and still tells its memory.
        let tells = trace["events"].as_array().unwrap().iter().any(|e| {
            e["response"]["status"] == 403 && e["request"]["path"].as_str().unwrap().ends_with("/status")
        });
        let facts = |what: &str| {
            let mut facts = Facts::from([("what".to_owned(), what.to_owned())]);
            if tells {
                facts.insert("figures".to_owned(), "told without Sys.Audit".to_owned());
            }
            facts
        };
        tally.case(&format!("{name} requests"), &facts("requests"), || {
            let ours: Vec<String> = ran
                .requests
                .iter()
                .map(|r| asked(&r["method"], &r["path"], &r["parameters"], &r["status"]))
                .collect();
            same(if endless { "requests…" } else { "requests" }, &ours, &recorded_requests(&trace))
        });
        tally.case(&format!("{name} log"), &facts("log"), || {
            let events = trace["events"].as_array().unwrap();
            let theirs = lines(events.iter().filter_map(|e| e.get("log").cloned()));
            let ours = lines(ran.log.iter().cloned());
            same(if endless { "log…" } else { "log" }, &ours, &theirs)
        });
        tally.case(&format!("{name} status"), &facts("status"), || {
            let events = trace["events"].as_array().unwrap();
            let theirs: Vec<String> = events
                .iter()
                .filter_map(|e| e.get("machine_request_status"))
                .map(|s| uuids(s).to_string())
                .collect();
            let ours: Vec<String> = ran.statuses.iter().map(|s| uuids(s).to_string()).collect();
            same("statuses", &ours, &theirs)
        });
        tally.case(&format!("{name} record"), &facts("record"), || {
            let theirs = uuids(&trace["provider_machine_state"]);
            let ours = uuids(&ran.record);
            if ours == theirs { Ok(()) } else { Err(format!("\n  lab  {ours}\n  real {theirs}")) }
        });
    }
    tally.finish();
}
