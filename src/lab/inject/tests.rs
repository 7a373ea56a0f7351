use serde_json::{Map, Value, json};

use super::super::omni::Key;
use super::super::proxmox::{Request, handle};
use super::super::scenario::build;
use super::super::world::Plant;
use super::{inject, list};

fn ask(plant: &mut Plant, path: &str) -> Value {
    let token = plant.world.proxmox.tokens[0].clone();
    let header = format!("PVEAPIToken={}={}", token.id, token.secret);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let query = query.split('&').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned()));
    let request = Request {
        method: "GET",
        path,
        query: query.collect(),
        authorization: Some(&header),
        has_body: false,
        parameters: Map::new(),
    };
    let now = plant.world.now;
    let reply = handle(&mut plant.world.proxmox, &request, now);
    json!({ "status": reply.status, "data": reply.body.unwrap_or_default()["data"] })
}

fn broken(fault: &str) -> Plant {
    let mut plant = build("matrix").unwrap();
    inject(&mut plant, fault).unwrap();
    plant
}

/// An entry of a list by a field's value.
fn entry(list: &Value, key: &str, value: &str) -> Value {
    let found = list["data"].as_array().unwrap().iter().find(|e| e[key] == value);
    found.cloned().unwrap_or_default()
}

#[test]
fn every_fault_is_listed_once_and_done_by_somebody() {
    for (at, fault) in list::FAULTS.iter().enumerate() {
        assert!(!fault.2.is_empty());
        assert!(list::FAULTS.iter().skip(at + 1).all(|other| other.0 != fault.0), "{}", fault.0);
        let mut plant = build("fresh").unwrap();
        let whole = fault.0.to_owned();
        let error = inject(&mut plant, &whole).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(!error.starts_with("there is no fault"), "{whole}: {error}");
    }
}

#[test]
fn storages_and_bridges_are_as_the_fault_says() {
    let mut plant = broken("storage-missing:vm_ssd@hotel");
    let there = ask(&mut plant, "/nodes/hotel/storage");
    let storage = entry(&there, "storage", "vm_ssd");
    assert_eq!(
        (&storage["enabled"], &storage["active"], &storage["total"]),
        (&json!(0), &json!(0), &json!(0))
    );
    assert_eq!(entry(&ask(&mut plant, "/storage"), "storage", "vm_ssd")["nodes"], "foxtrot,golf");
    inject(&mut plant, "storage-present:vm_ssd@hotel").unwrap();
    let there = ask(&mut plant, "/nodes/hotel/storage");
    assert_eq!(entry(&there, "storage", "vm_ssd")["active"], 1);

    inject(&mut plant, "storage-full:local-lvm").unwrap();
    let there = ask(&mut plant, "/nodes/golf/storage");
    assert_eq!(entry(&there, "storage", "local-lvm")["avail"], 0);

    inject(&mut plant, "bridge-missing:vmbr0@golf").unwrap();
    let bridges = ask(&mut plant, "/nodes/golf/network?type=any_bridge");
    assert_eq!(bridges["data"].as_array().unwrap().len(), 1);
    inject(&mut plant, "bridges-hidden").unwrap();
    assert_eq!(ask(&mut plant, "/nodes/hotel/network?type=any_bridge")["data"], json!([]));
    assert!(!ask(&mut plant, "/nodes/hotel/network")["data"].as_array().unwrap().is_empty());
}

#[test]
fn a_token_may_what_is_left_to_it() {
    let mut plant = broken("privilege-missing:VM.Audit");
    assert_eq!(ask(&mut plant, "/nodes/golf/qemu")["data"], json!([]));
    assert_eq!(ask(&mut plant, "/nodes/golf/qemu/105/config")["status"], 403);
    inject(&mut plant, "privilege-given:VM.Audit").unwrap();
    assert_eq!(ask(&mut plant, "/nodes/golf/qemu")["data"].as_array().unwrap().len(), 4);
    let own = "/access/users/terraform@pam/token/automation";
    assert_eq!(ask(&mut plant, own)["status"], 403);
    inject(&mut plant, "privilege-given:User.Modify").unwrap();
    inject(&mut plant, "token-expires:10").unwrap();
    let unix = plant.world.unix();
    assert_eq!(ask(&mut plant, own)["data"]["expire"], unix + 864_000);
    inject(&mut plant, "token-expires:0").unwrap();
    assert_eq!(ask(&mut plant, "/version")["status"], 401);
}

#[test]
fn vms_are_what_people_made_of_them_and_tasks_tell_who() {
    let mut plant = broken("vm-reused:105");
    let config = ask(&mut plant, "/nodes/golf/qemu/105/config");
    assert_eq!(config["data"]["name"], "postgres-01");
    assert_ne!(config["data"]["smbios1"], "uuid=3e7d5b12-94a8-46c3-a1f6-0bd8e2c47f05");
    let tasks = ask(&mut plant, "/nodes/golf/tasks?vmid=105&typefilter=qmdestroy&source=all");
    assert_eq!(tasks["data"][0]["user"], "root@pam");

    inject(&mut plant, "vm-migrated:106@golf").unwrap();
    assert_eq!(ask(&mut plant, "/nodes/hotel/qemu/106/config")["status"], 500);
    assert_eq!(ask(&mut plant, "/nodes/golf/qemu/106/config")["status"], 200);

    inject(&mut plant, "vm-edited:104:cores=4").unwrap();
    inject(&mut plant, "vm-pending:104:memory=12288").unwrap();
    let config = ask(&mut plant, "/nodes/foxtrot/qemu/104/config");
    assert_eq!((&config["data"]["cores"], &config["data"]["memory"]), (&json!(4), &json!("12288")));
    let now = ask(&mut plant, "/nodes/foxtrot/qemu/104/config?current=1");
    assert_eq!(now["data"]["memory"], "16384");
    let pending = ask(&mut plant, "/nodes/foxtrot/qemu/104/pending");
    let memory = entry(&pending, "key", "memory");
    assert_eq!(memory, json!({ "key": "memory", "value": "16384", "pending": "12288" }));

    inject(&mut plant, "vm-in-ha:104").unwrap();
    assert_eq!(ask(&mut plant, "/cluster/ha/resources")["data"][0]["sid"], "vm:104");
    inject(&mut plant, "vm-paused:101").unwrap();
    assert_eq!(ask(&mut plant, "/nodes/golf/qemu/101/status/current")["data"]["qmpstatus"], "paused");
    inject(&mut plant, "vm-duplicated:102").unwrap();
    let twin = ask(&mut plant, "/nodes/golf/qemu/107/config");
    assert_eq!(twin["data"]["smbios1"], "uuid=0d4f2c9b-8a17-4c2f-b0c5-7a9e3d51f602");
}

#[test]
fn a_disk_that_was_left_lies_on_its_storage_and_takes_room() {
    let disks = |plant: &mut Plant, node: &str, storage: &str| -> Vec<String> {
        let path = format!("/nodes/{node}/storage/{storage}/content?content=images");
        let listed = ask(plant, &path);
        let all = listed["data"].as_array().unwrap().iter();
        all.map(|v| v["volid"].as_str().unwrap().to_owned()).collect()
    };
    let used = |plant: &mut Plant, node: &str, storage: &str| {
        let listed = ask(plant, &format!("/nodes/{node}/storage"));
        entry(&listed, "storage", storage)["used"].as_u64().unwrap()
    };
    let mut plant = build("matrix").unwrap();
    let before = used(&mut plant, "hotel", "vm_ssd");
    // Of a shared storage every node tells; of another only the one that has it.
    inject(&mut plant, "disk-left:vm_ssd:vm-120-disk-0=40").unwrap();
    inject(&mut plant, "disk-left:local-lvm:vm-121-disk-0@hotel").unwrap();
    for node in ["foxtrot", "golf", "hotel"] {
        assert!(disks(&mut plant, node, "vm_ssd").contains(&"vm_ssd:vm-120-disk-0".to_owned()));
    }
    assert_eq!(disks(&mut plant, "hotel", "local-lvm"), ["local-lvm:vm-121-disk-0"]);
    assert!(!disks(&mut plant, "golf", "local-lvm").contains(&"local-lvm:vm-121-disk-0".to_owned()));
    assert_eq!(used(&mut plant, "hotel", "vm_ssd"), before + (2 << 30));
    let row = ask(&mut plant, "/nodes/golf/storage/vm_ssd/content?vmid=120");
    let row = &row["data"][0];
    assert_eq!(
        (&row["vmid"], &row["size"], &row["content"]),
        (&json!(120), &json!(40_u64 << 30), &json!("images"))
    );
    assert_eq!(ask(&mut plant, "/nodes/golf/storage/vm_ssd/content?content=iso")["data"], json!([]));
    // It goes with its storage's name, and by hand.
    inject(&mut plant, "storage-renamed:vm_ssd=ceph").unwrap();
    assert!(disks(&mut plant, "golf", "ceph").contains(&"ceph:vm-120-disk-0".to_owned()));
    inject(&mut plant, "disk-freed:ceph:vm-120-disk-0").unwrap();
    assert_eq!(used(&mut plant, "hotel", "ceph"), before);
    for wrong in [
        "disk-left:vm_ssd:iso/x.iso",
        "disk-left:local:vm-120-disk-0@golf",
        "disk-left:local-lvm:vm-120-disk-0",
        "disk-freed:ceph:vm-120-disk-0",
    ] {
        assert!(inject(&mut plant, wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_disk_without_its_vm_is_shown_to_who_may_touch_it() {
    let mut plant = broken("disk-left:vm_ssd:vm-120-disk-0");
    let mut shown = |fault: &str| {
        inject(&mut plant, fault).unwrap();
        let listed = ask(&mut plant, "/nodes/golf/storage/vm_ssd/content?content=images");
        listed["data"].as_array().map(|all| all.iter().any(|v| v["vmid"] == 120))
    };
    assert_eq!(shown("token-role:OmniProvider"), Some(true));
    assert_eq!(shown("privilege-missing:Datastore.Allocate"), Some(true));
    assert_eq!(shown("privilege-missing:VM.Config.Disk"), Some(false));
    assert_eq!(shown("privilege-given:Datastore.Allocate@/storage/vm_ssd"), Some(true));
    assert_eq!(shown("token-role:PVEAuditor"), Some(false));
    assert_eq!(shown("privilege-given:VM.Config.Disk"), Some(true));
    // The storage itself is not shown.
    assert_eq!(shown("token-role:PVEVMAdmin"), None);
}

#[test]
fn a_new_vm_does_not_take_the_name_of_a_disk_that_was_left() {
    let mut plant = broken("disk-left:vm_ssd:vm-107-disk-0");
    inject(&mut plant, "orphan-vm:other@golf").unwrap();
    let config = ask(&mut plant, "/nodes/golf/qemu/107/config");
    assert!(config["data"]["scsi0"].as_str().unwrap().starts_with("vm_ssd:vm-107-disk-1,"), "{config}");
}

/// A worker more is asked for in a broken world; what Omni and the provider's log say after some minutes.
fn scaled(faults: &[&str]) -> (Plant, String, String) {
    let mut plant = build("matrix").unwrap();
    for fault in faults {
        inject(&mut plant, fault).unwrap();
    }
    let set = "talos-prod-01-worker-golf";
    let unix = plant.world.unix();
    plant
        .store
        .modify(&Key::of("MachineSets", set), unix, |r| {
            r.spec["machine_allocation"]["machine_count"] = json!(2);
        })
        .unwrap();
    plant.advance(plant.world.now + 600_000);
    let statuses = plant.store.all("MachineRequestStatuses");
    let known = "talos-prod-01-worker-golf-k6vcd2";
    let status = statuses.iter().find(|s| s.key.id.starts_with(set) && s.key.id != known);
    let text = status.map_or_else(|| "none".to_owned(), |s| s.text("/status").to_owned());
    let error =
        plant.world.provider.log.iter().rev().find_map(|l| l.get("error")?.as_str()).unwrap_or_default();
    let error = error.to_owned();
    (plant, text, error)
}

#[test]
fn what_follows_is_what_the_provider_does_with_it() {
    let upload = "Running Step: \"uploadISO\" (3/5)";
    let unauthorized = "not authorized to access endpoint";
    for (faults, status, error) in [
        (&[][..], "Provision Complete", ""),
        (
            &["storage-renamed:vm_ssd=ceph-ssd"],
            upload,
            "failed to pick the disk: no matches for the condition \"name == \\\"vm_ssd\\\"\"",
        ),
        (
            &["storage-content:vm_ssd=rootdir"],
            upload,
            "bad request: 400 Parameter verification failed. - {\"storage\":\"storage 'vm_ssd' does not support vm images\"}",
        ),
        (
            &["storage-missing:local@golf"],
            "Running Step: \"createSchematic\" (2/5)",
            "failed to get storage: unable to find the item you are looking for",
        ),
        (&["bridge-missing:vmbr0@golf"], "Running Step: \"startVM\" (5/5)", "stopped"),
        (&["create-fails"], "Running Step: \"syncVM\" (4/5)", "stopped"),
        (&["start-warns"], "Running Step: \"startVM\" (5/5)", "stopped"),
        (&["quorum-lost"], upload, "500 cluster not ready - no quorum?"),
        (
            &["factory-unreachable"],
            "Running Step: \"pickNode\" (1/5)",
            "failed to create schematic: Post \"https://factory.talos.dev/schematics\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        ),
        (&["node-offline:golf"], "", "specified node \"golf\" is not online (status: offline)"),
        (&["provider-refused"], "", unauthorized),
        (&["privilege-missing:SDN.Use"], upload, unauthorized),
        (
            &["privilege-missing:Datastore.AllocateTemplate"],
            "Running Step: \"createSchematic\" (2/5)",
            unauthorized,
        ),
        (&["provider-stopped"], "none", ""),
        (&["provider-renamed:other"], "none", ""),
    ] {
        let (_, text, why) = scaled(faults);
        assert_eq!((text.as_str(), why.as_str()), (status, error), "{faults:?}");
    }
}

#[test]
fn health_stays_green_without_access_to_proxmox() {
    let (plant, ..) = scaled(&["provider-refused"]);
    let status = plant.store.get(&Key::of("InfraProviderCombinedStatuses", "matrix-cluster")).unwrap();
    assert_eq!(status.spec["health"]["connected"], true);
    let (plant, ..) = scaled(&["provider-renamed:other"]);
    let status = plant.store.get(&Key::of("InfraProviderCombinedStatuses", "matrix-cluster")).unwrap();
    assert_eq!(status.spec["health"].get("connected"), None);
}

#[test]
fn a_vm_that_reaches_nobody_never_gets_a_link() {
    for fault in ["join-impossible", "join-token-revoked", "bridge-down:vmbr0@golf"] {
        let (plant, text, _) = scaled(&[fault]);
        assert_eq!(text, "Provision Complete", "{fault}");
        assert_eq!(plant.store.all("Links").len(), 6, "{fault}");
        assert_eq!(plant.world.machines.len(), 7, "{fault}");
    }
    let (mut plant, ..) = scaled(&["join-impossible"]);
    inject(&mut plant, "join-possible").unwrap();
    plant.advance(plant.world.now + 600_000);
    assert_eq!(plant.store.all("Links").len(), 7);
}

/// The worker on golf goes; what is left after some minutes.
fn removed(fault: &str) -> (Plant, String) {
    let mut plant = broken(fault);
    let unix = plant.world.unix();
    plant.store.teardown(&Key::of("MachineSets", "talos-prod-01-worker-golf"), unix).unwrap();
    plant.advance(plant.world.now + 600_000);
    let error =
        plant.world.provider.log.iter().rev().find_map(|l| l.get("error")?.as_str()).unwrap_or_default();
    let error = error.to_owned();
    (plant, error)
}

#[test]
fn removal_is_stuck_where_it_would_be() {
    let request = Key::of("MachineRequests", "talos-prod-01-worker-golf-k6vcd2");
    for (fault, error) in [
        ("vm-in-ha:105", "500 unable to remove VM 105 - used in HA resources and purge parameter not set."),
        ("vm-protected:105", "500 can't remove VM 105 - protection mode enabled"),
        ("vm-locked:105", "500 VM is locked (backup)"),
        ("privilege-missing:Datastore.Allocate", "not authorized to access endpoint"),
        ("privilege-missing:VM.PowerMgmt", "not authorized to access endpoint"),
        ("machine-silent:talos-prod-01-worker-golf-k6vcd2", ""),
    ] {
        let (plant, why) = removed(fault);
        assert_eq!(why, error, "{fault}");
        assert!(plant.store.get(&request).is_some(), "{fault}");
        assert!(plant.world.proxmox.guests.contains_key(&105), "{fault}");
    }
    let (mut plant, _) = removed("vm-protected:105");
    inject(&mut plant, "vm-unprotected:105").unwrap();
    plant.advance(plant.world.now + 600_000);
    assert!(plant.store.get(&request).is_none() && !plant.world.proxmox.guests.contains_key(&105));
}

#[test]
fn the_provider_removes_whoever_has_the_vmid_and_leaves_what_moved() {
    let (plant, _) = removed("vm-reused:105");
    assert!(plant.world.proxmox.guests.contains_key(&105), "a silent machine keeps its request");
    let mut plant = broken("vm-reused:105");
    let unix = plant.world.unix();
    let link = Key::of("Links", "3e7d5b12-94a8-46c3-a1f6-0bd8e2c47f05");
    plant.store.teardown(&link, unix).unwrap();
    plant.advance(plant.world.now + 60_000);
    let foreign = plant.world.proxmox.guests.get(&105).is_some_and(|g| g.name == "postgres-01");
    assert!(!foreign, "{:?}", plant.world.provider.log.back());

    let (plant, _) = removed("vm-migrated:105@hotel");
    assert!(plant.world.proxmox.guests.contains_key(&105));
    assert!(plant.store.get(&Key::of("MachineRequests", "talos-prod-01-worker-golf-k6vcd2")).is_none());
}

#[test]
fn without_a_quorum_of_etcd_no_control_plane_leaves() {
    let mut plant = broken("etcd-unhealthy:talos-prod-01");
    let set = Key::of("MachineSets", "talos-prod-01-control-planes");
    let unix = plant.world.unix();
    plant.store.modify(&set, unix, |r| r.spec["machine_allocation"]["machine_count"] = json!(1)).unwrap();
    plant.advance(plant.world.now + 900_000);
    let key = Key::of("ControlPlaneStatuses", "talos-prod-01-control-planes");
    let status = plant.store.get(&key).unwrap();
    assert_eq!(status.spec["conditions"][1]["status"], 2);
    assert_eq!(plant.store.labelled("ClusterMachines", super::super::labels::SET, &set.id).len(), 3);
    inject(&mut plant, "etcd-healthy:talos-prod-01").unwrap();
    plant.advance(plant.world.now + 900_000);
    assert_eq!(plant.store.labelled("ClusterMachines", super::super::labels::SET, &set.id).len(), 1);
}
