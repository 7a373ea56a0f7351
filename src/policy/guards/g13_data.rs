//! G13: machines that go and hold data on disks of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::losses::cluster_goes;
use super::{Guard, View, codes, count};
use crate::address::Address;
use crate::plan::{Lost, Warning};
use crate::untrusted::Untrusted;
use crate::value::Value;

pub(super) const GUARD: Guard = Guard {
    code: "G13",
    name: "local-data",
    built: true,
    when: "A machine that is destroyed or rebuilt while its cluster stays has disks besides the one with its system, or `policy.stateful` of the spec names it, its machine set or its cluster.",
    does: "Blocks, once for each machine set. Where the disks of a machine are not known it says so. What lies on the system disk is not looked at, nor whether Longhorn or Ceph keep copies elsewhere.",
    lift: "`--acknowledge G13:ADDRESS` with the address of the step, or an exception of the spec.",
    why: "The provider stops a VM without shutting it down and deletes it with all of its disks.",
    codes: &[codes::LOCAL_DATA, codes::LOCAL_DATA_UNKNOWN],
    acknowledged: true,
};

/// Machines of one step that go.
#[derive(Default)]
struct Going {
    /// With data, and what tells it.
    holding: Vec<String>,
    /// Nobody can tell.
    unknown: BTreeSet<String>,
}

pub(super) fn find(view: &View<'_>, out: &mut Vec<Warning>) {
    let mut steps: BTreeMap<&Address, Going> = BTreeMap::new();
    let uuids = uuids(view);
    for lost in view.plan.lost.iter().filter(|l| !cluster_goes(view.plan, &l.address)) {
        let going = steps.entry(&lost.address).or_default();
        let name = lost.machine.as_deref().map_or_else(
            || "one that Omni chooses".to_owned(),
            |m| format!("`{}`", Untrusted::new(m).line(120)),
        );
        if declared(view, lost) {
            going.holding.push(format!("{name} (`policy.stateful`)"));
            continue;
        }
        let uuid = lost.machine.as_deref().and_then(|m| uuids.get(m).copied());
        match (uuid.map(|u| disks(view, u)), lost.machine.is_some()) {
            // Or a request that has no machine yet, and so no data.
            (Some(Some((0, _))), _) | (None, true) => {}
            (Some(Some((n, bytes))), _) => {
                going.holding.push(format!("{name} ({}, {})", count(n, "further disk"), size(bytes)));
            }
            (Some(None), _) | (None, false) => _ = going.unknown.insert(name),
        }
    }
    for (address, going) in steps {
        if !going.holding.is_empty() {
            let flag = format!("--acknowledge G13:{address}");
            let n = going.holding.len();
            out.push(Warning {
                code: codes::LOCAL_DATA.to_owned(),
                address: Some(address.clone()),
                message: format!(
                    "{} of `{address}` {} with data on its own disks: {}",
                    count(n, "machine"),
                    if n == 1 { "goes" } else { "go" },
                    going.holding.join(", ")
                ),
                blocks: true,
                help: Some(format!("move the data away first; if it can go, say so with `{flag}`")),
                guard: Some(GUARD.code.to_owned()),
                evidence: [("machines".to_owned(), n.to_string())].into(),
                lift: Some(flag),
                ..Warning::default()
            });
        }
        if !going.unknown.is_empty() {
            let names: Vec<String> = going.unknown.into_iter().collect();
            out.push(Warning {
                code: codes::LOCAL_DATA_UNKNOWN.to_owned(),
                address: Some(address.clone()),
                message: format!(
                    "whether machines of `{address}` that go hold data on disks of their own is not known: {}",
                    names.join(", ")
                ),
                info: true,
                guard: Some(GUARD.code.to_owned()),
                ..Warning::default()
            });
        }
    }
}

/// Whether the spec says that a machine, its set or its cluster holds data.
fn declared(view: &View<'_>, lost: &Lost) -> bool {
    let sets = view.plan.steps.iter().filter(|s| s.address == lost.address).flat_map(|s| &s.affects);
    let set = sets.filter(|a| a.machine == lost.machine).find_map(|a| a.machine_set.clone());
    let places = std::iter::successors(Some(lost.address.clone()), Address::parent).chain(set);
    let stateful = &view.with.settings.stateful;
    !stateful.is_empty() && places.into_iter().any(|a| stateful.iter().any(|g| g.matches(&a)))
}

/// UUIDs by the names that plans give machines.
fn uuids<'a>(view: &View<'a>) -> BTreeMap<String, &'a str> {
    let omni = &view.input.snapshot.omni;
    let shown = |name: &str| Untrusted::new(name).line(120);
    let mut out = BTreeMap::new();
    for node in omni.list("MachineSetNodes") {
        out.insert(shown(&node.resource.id.id), node.resource.id.id.as_str());
    }
    for status in omni.list("MachineRequestStatuses") {
        if let Some(uuid) = status.resource.spec.get("id").and_then(Value::as_str) {
            out.insert(shown(&status.resource.id.id), uuid);
        }
    }
    for status in omni.list("MachineStatuses") {
        if let Some(request) = status.resource.omni_label("machine-request") {
            out.insert(shown(request), status.resource.id.id.as_str());
        }
    }
    out
}

/// How many disks besides its system's a machine has, and how large they are together; `None` if Omni does not tell.
fn disks(view: &View<'_>, uuid: &str) -> Option<(usize, u64)> {
    let status = view.input.snapshot.omni.find("MachineStatuses", uuid)?;
    let devices = status.resource.spec.at(&["hardware", "blockdevices"]).and_then(Value::as_list)?;
    let flag = |d: &Value, key: &str| d.get(key).and_then(Value::as_bool) == Some(true);
    // Before Talos is installed no disk is the system's.
    if !devices.iter().any(|d| flag(d, "system_disk")) {
        return None;
    }
    let bytes = |d: &Value| match d.get("size") {
        Some(Value::Str(text)) => text.parse::<u64>().unwrap_or(0),
        Some(other) => other.as_int().and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
        None => 0,
    };
    let cd = |d: &Value| d.get("type").and_then(Value::as_str) == Some("CD");
    let more: Vec<u64> = devices
        .iter()
        .filter(|d| !flag(d, "system_disk") && !flag(d, "readonly") && !cd(d))
        .map(bytes)
        .filter(|n| *n > 0)
        .collect();
    Some((more.len(), more.iter().fold(0, |sum, n| sum.saturating_add(*n))))
}

fn size(bytes: u64) -> String {
    format!("{} GB", (bytes / 1_000_000_000).max(1))
}
