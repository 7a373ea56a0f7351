//! A status as a tree, in the words of Omni's own client where it has them. Nothing is computed here.

use std::collections::BTreeMap;

use super::diag::Look;
use super::layout::{Page, Tone, columns, safe};
use super::tree::{Phrase, Row, draw};
use crate::plan::status::{
    Check, ClusterPhase, ClusterStatus, Counts, LoadBalancer, MachineStatus, Missing, MissingKind, Next,
    ProxmoxStatus, RequestStage, Role, SetPhase, SetStatus, Stage, Status, Up, Upgrade, UpgradePhase,
    Versions, Vm,
};

/// The whole status. `flag` is what next commands need besides, as ` --lab=fresh`.
pub fn text(status: &Status, flag: &str, look: Look) -> String {
    let mut page = Page::new(look);
    header(status, &mut page);
    for cluster in &status.clusters {
        page.blank();
        draw(&row(cluster), look, &mut page);
        next(cluster, flag, &mut page);
    }
    if status.clusters.is_empty() {
        page.blank();
        page.line(&[(Tone::Plain, "No file declares a cluster.")]);
    }
    if !status.others.is_empty() {
        page.blank();
        let names = status.others.iter().map(|n| safe(n)).collect::<Vec<_>>().join(", ");
        page.hanging(
            &[(Tone::Adopt, "In Omni, in no file: ")],
            Tone::Plain,
            &format!("{names} (--all shows them too)"),
        );
    }
    for line in &status.unread {
        page.blank();
        page.hanging(&[(Tone::Destroy, "not read  ")], Tone::Plain, &safe(line));
    }
    page.finish()
}

/// What is different from an earlier look, as lines that need no tree around them.
pub fn changes(before: Option<&Status>, after: &Status) -> Vec<String> {
    let old = before.map(lines).unwrap_or_default();
    let mut out = Vec::new();
    for cluster in &after.clusters {
        row(cluster).walk(&mut |row| {
            let line = row.line();
            // At first only the clusters themselves: the tree at the end has the rest.
            let wanted = before.is_some() || row.key == cluster.name;
            if wanted && old.get(&row.key) != Some(&line) {
                let lead = if row.key == cluster.name {
                    String::new()
                } else {
                    format!("{}: ", safe(&cluster.name))
                };
                out.push(format!("{lead}{line}"));
            }
        });
    }
    let new = lines(after);
    for (key, line) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
        if let Some(cluster) = after.clusters.iter().find(|c| key.starts_with(&format!("{}/", c.name))) {
            out.push(format!("{}: gone: {line}", safe(&cluster.name)));
        }
    }
    out
}

/// Rows that are worth a line when they change, by what they are about. Notes and what is in the way stand in the
/// cluster's own line or repeat what other rows say.
fn lines(status: &Status) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for cluster in &status.clusters {
        row(cluster).walk(&mut |row| {
            all.insert(row.key.clone(), row.line());
        });
    }
    all
}

fn header(status: &Status, page: &mut Page) {
    let version = status.omni_version.as_deref().map_or_else(|| "version unknown".to_owned(), safe);
    page.line(&[
        (Tone::Title, "omni-scale status"),
        (Tone::Plain, &format!("   {} (Omni {version})", safe(&status.omni))),
    ]);
    for proxmox in &status.proxmox {
        one_proxmox(proxmox, page);
    }
}

fn one_proxmox(proxmox: &ProxmoxStatus, page: &mut Page) {
    let name = safe(&proxmox.name);
    if let Some(why) = &proxmox.unread {
        page.hanging(
            &[(Tone::Update, "Proxmox "), (Tone::Plain, &name), (Tone::Update, " not read: ")],
            Tone::Plain,
            &safe(why),
        );
    }
    if proxmox.quorate == Some(false) {
        page.line(&[(Tone::Update, "Proxmox "), (Tone::Plain, &name), (Tone::Destroy, " has no quorum")]);
    }
    if !proxmox.offline.is_empty() {
        let nodes = proxmox.offline.iter().map(|n| safe(n)).collect::<Vec<_>>().join(", ");
        page.hanging(
            &[(Tone::Update, "Proxmox "), (Tone::Plain, &name), (Tone::Destroy, " offline: ")],
            Tone::Plain,
            &nodes,
        );
    }
}

fn next(cluster: &ClusterStatus, flag: &str, page: &mut Page) {
    for next in &cluster.next {
        let name = safe(&cluster.name);
        let (command, why) = match next {
            Next::Plan => (format!("omni-scale plan{flag}"), "shows what is not applied yet".to_owned()),
            Next::InstallCni if flag.is_empty() => (
                format!("omnictl kubeconfig --cluster {name}"),
                "then install a CNI, for example Cilium".to_owned(),
            ),
            Next::InstallCni => (
                format!("omni-scale lab inject cni-installed:{name}{}", flag.replace(" --lab=", " ")),
                "is the lab's way to install a CNI".to_owned(),
            ),
        };
        let lead = format!("  next  {command}   ");
        page.hanging(&[(Tone::Plain, &lead)], Tone::Dim, &why);
    }
}

fn ready(ready: bool) -> Phrase {
    if ready { Phrase::new(Tone::Create, "Ready") } else { Phrase::new(Tone::Destroy, "Not Ready") }
}

fn title(text: impl Into<String>) -> Phrase {
    Phrase::new(Tone::Update, text)
}

fn plain(text: impl Into<String>) -> Phrase {
    Phrase::new(Tone::Plain, text)
}

fn dim(text: impl Into<String>) -> Phrase {
    Phrase::new(Tone::Dim, text)
}

fn bad(text: impl Into<String>) -> Phrase {
    Phrase::new(Tone::Destroy, text)
}

fn warn(text: impl Into<String>) -> Phrase {
    Phrase::new(Tone::Warning, text)
}

fn quoted(name: &str) -> Phrase {
    plain(format!("\"{}\"", safe(name)))
}

fn healthy(counts: &Counts) -> String {
    format!("({}/{})", counts.healthy, counts.total)
}

/// A cluster with all below it.
fn row(cluster: &ClusterStatus) -> Row {
    let mut phrases = vec![title("Cluster"), quoted(&cluster.name)];
    phrases.push(match cluster.up {
        Up::Yes => Phrase::new(Tone::Create, "up"),
        Up::No if cluster.failing => bad("failing"),
        Up::No => warn("not up"),
        Up::Unknown => warn("unknown"),
    });
    if cluster.in_omni {
        let tone = match cluster.phase {
            ClusterPhase::Running => Tone::Create,
            ClusterPhase::Destroying => Tone::Destroy,
            ClusterPhase::Unknown | ClusterPhase::ScalingUp | ClusterPhase::ScalingDown => Tone::Warning,
        };
        phrases.push(Phrase::new(tone, cluster.phase.word()));
        phrases.push(ready(cluster.ready));
        phrases.push(plain(format!("{} (healthy/total)", healthy(&cluster.machines))));
    }
    if cluster.locked {
        phrases.push(Phrase::new(Tone::Adopt, "Locked"));
    }
    if cluster.leaving {
        phrases.push(bad("Destroying"));
    }
    let mut root = Row::new(&cluster.name, phrases);
    let key = |what: &str| format!("{}/{what}", cluster.name);
    if let Some(why) = &cluster.blocker {
        let word = if cluster.up == Up::Unknown { "Unknown" } else { "Waiting for" };
        let word = if cluster.failing { bad("Failing:") } else { warn(format!("{word}:")) };
        root.rows.push(Row::new(key("blocker"), vec![word, plain(safe(why))]));
    }
    for (i, text) in cluster.not_applied.iter().enumerate() {
        root.rows.push(Row::new(key(&format!("files/{i}")), vec![warn("Not applied:"), plain(safe(text))]));
    }
    for (i, text) in cluster.notes.iter().enumerate() {
        root.rows.push(Row::new(key(&format!("note/{i}")), vec![dim("Note:"), plain(safe(text))]));
    }
    for (what, versions) in [("Kubernetes", &cluster.kubernetes), ("Talos", &cluster.talos)] {
        root.rows.extend(component(what, versions, key(what)));
    }
    root.rows.extend(cluster.machine_sets.iter().map(|set| machine_set(&cluster.name, set)));
    root
}

fn component(what: &str, versions: &Versions, key: String) -> Option<Row> {
    let mut phrases = vec![title(what)];
    phrases.push(plain(format!("v{}", safe(versions.wanted()?))));
    if let Some(upgrade) = &versions.upgrade {
        phrases.push(title("Upgrade"));
        phrases.extend(rollout(upgrade));
    } else if versions.omni.is_some() {
        phrases.push(dim("no upgrade status yet"));
    }
    Some(Row::new(key, phrases))
}

fn rollout(upgrade: &Upgrade) -> Vec<Phrase> {
    let tone = match upgrade.phase {
        UpgradePhase::Done => Tone::Create,
        UpgradePhase::Failed => Tone::Destroy,
        UpgradePhase::Unknown
        | UpgradePhase::Upgrading
        | UpgradePhase::Reverting
        | UpgradePhase::UpdatingMachineSchematics => Tone::Warning,
    };
    let word = if upgrade.phase == UpgradePhase::Unknown { "Unknown" } else { upgrade.phase.word() };
    let mut out = vec![Phrase::new(tone, word)];
    match (&upgrade.from, &upgrade.to) {
        (Some(from), Some(to)) if from != to => out.push(plain(format!("v{} -> v{}", safe(from), safe(to)))),
        (None, Some(to)) => out.push(plain(format!("to v{}", safe(to)))),
        (Some(from), _) => out.push(dim(format!("(v{})", safe(from)))),
        (None, None) => {}
    }
    if let Some(step) = &upgrade.step {
        out.push(plain(safe(step)));
    }
    if let Some(error) = &upgrade.error {
        out.push(bad(safe(error)));
    }
    out
}

fn machine_set(cluster: &str, set: &SetStatus) -> Row {
    let what = match set.role {
        Role::ControlPlane => "Control Plane",
        Role::Workers => "Workers",
        Role::AdditionalWorkers => "Additional Workers",
    };
    let mut phrases = vec![title(what), quoted(&set.id)];
    if set.in_omni {
        let tone = match set.phase {
            SetPhase::Running => Tone::Create,
            SetPhase::Destroying | SetPhase::Failed => Tone::Destroy,
            SetPhase::Unknown
            | SetPhase::ScalingUp
            | SetPhase::ScalingDown
            | SetPhase::Reconfiguring
            | SetPhase::Upgrading => Tone::Warning,
        };
        let word = if set.phase == SetPhase::Unknown { "Unknown" } else { set.phase.word() };
        phrases.push(Phrase::new(tone, word));
        phrases.push(ready(set.ready));
        phrases.push(plain(healthy(&set.counts)));
    } else {
        phrases.push(warn("not in Omni"));
    }
    match set.wanted {
        Some(n) if n != set.counts.total => phrases.push(warn(format!("wanted {n}"))),
        None => phrases.push(dim("wanted: all of its class")),
        Some(_) => {}
    }
    if set.locked_updates > 0 {
        phrases.push(Phrase::new(Tone::Adopt, format!("{} held back by locks", set.locked_updates)));
    }
    if let Some(error) = &set.error {
        phrases.push(bad(format!("error: {}", safe(error))));
    }
    let key = format!("{cluster}/set/{}", set.id);
    let mut root = Row::new(&key, phrases);
    if let Some(balancer) = set.load_balancer {
        let state = match balancer {
            LoadBalancer::Ready => ready(true),
            LoadBalancer::NotReady => ready(false),
            LoadBalancer::Stopped => bad("Stopped"),
        };
        root.rows.push(Row::new(format!("{key}/load-balancer"), vec![title("Load Balancer"), state]));
    }
    if !set.checks.is_empty() {
        root.rows.push(Row::new(format!("{key}/checks"), checks(&set.checks)));
    }
    root.rows.extend(set.machines.iter().map(|m| machine(cluster, m)));
    root.rows.extend(set.missing.iter().map(|m| missing(cluster, m)));
    if set.unrequested > 0 {
        let noun = if set.unrequested == 1 { "machine" } else { "machines" };
        let text = format!("{} more {noun} not requested yet", set.unrequested);
        root.rows.push(Row::new(format!("{key}/unrequested"), vec![warn(text)]));
    }
    root
}

fn checks(all: &[Check]) -> Vec<Phrase> {
    let failing: Vec<&Check> = all.iter().filter(|c| !c.ok).collect();
    let mut phrases = vec![title("Status Checks")];
    if failing.is_empty() {
        phrases.push(Phrase::new(Tone::Create, "OK"));
        return phrases;
    }
    let names = failing.iter().map(|c| safe(&c.name)).collect::<Vec<_>>().join(" ");
    phrases.push(bad(format!("Failing: [{names}]")));
    phrases.extend(failing.iter().filter_map(|c| c.reason.as_deref()).map(|r| plain(safe(r))));
    phrases
}

fn machine(cluster: &str, machine: &MachineStatus) -> Row {
    let node = machine.node.as_deref().map_or_else(String::new, |n| format!("({})", safe(n)));
    let tone = match machine.stage {
        Stage::Running => Tone::Create,
        Stage::BeforeDestroy | Stage::Destroying | Stage::ShuttingDown => Tone::Destroy,
        Stage::PoweredOff => Tone::Dim,
        Stage::Unknown
        | Stage::Booting
        | Stage::Installing
        | Stage::Configuring
        | Stage::Upgrading
        | Stage::Rebooting
        | Stage::PoweringOn => Tone::Warning,
    };
    let mut phrases = vec![
        title("Machine"),
        quoted(&machine.id),
        Phrase::new(Tone::Adopt, node),
        Phrase::new(tone, machine.stage.word()),
    ];
    if machine.stage == Stage::Running {
        phrases.push(ready(machine.ready));
    }
    if !machine.connected {
        phrases.push(bad("Unreachable"));
    }
    if machine.locked {
        phrases.push(Phrase::new(Tone::Adopt, "Locked"));
    }
    if !machine.config_up_to_date {
        phrases.push(warn("Config Outdated"));
    }
    if machine.update_locked {
        phrases.push(Phrase::new(Tone::Adopt, "Pending Config Update"));
    } else if let Some(why) = &machine.config_error {
        phrases.push(bad(format!("Config Apply Failed: {}", safe(why))));
    }
    for (what, version, outdated) in [
        ("Talos", &machine.talos, machine.talos_outdated),
        ("Kubernetes", &machine.kubernetes, machine.kubernetes_outdated),
    ] {
        match version {
            Some(v) if outdated => phrases.push(warn(format!("{what} v{} Outdated", safe(v)))),
            Some(v) => phrases.push(dim(format!("{what} v{}", safe(v)))),
            None => {}
        }
    }
    if !machine.extensions_missing.is_empty() {
        let names = machine.extensions_missing.iter().map(|e| safe(e)).collect::<Vec<_>>().join(", ");
        phrases.push(warn(format!("lacks {names}")));
    } else if machine.image_outdated {
        phrases.push(warn("Image Outdated"));
    }
    phrases.extend(vm(&machine.vm));
    Row::new(format!("{cluster}/machine/{}", machine.id), phrases)
}

fn vm(vm: &Vm) -> Vec<Phrase> {
    match vm {
        Vm::Found { proxmox, node, node_offline, vmid, status, lock } => {
            let place = format!("VM {vmid} on {}/{}", safe(proxmox), safe(node));
            let mut out = vec![dim(place)];
            if *node_offline {
                out.push(bad("node offline"));
            }
            if status == "running" {
                out.push(dim("running"));
            } else {
                out.push(warn(safe(status)));
            }
            if let Some(lock) = lock {
                out.push(warn(format!("VM lock {}", safe(lock))));
            }
            out
        }
        Vm::NotFound => vec![bad("no VM in Proxmox")],
        Vm::Several { count } => vec![warn(format!("{count} VMs of its name in Proxmox"))],
        Vm::NotRead | Vm::Elsewhere => Vec::new(),
    }
}

fn missing(cluster: &str, missing: &Missing) -> Row {
    let mut phrases = match missing.kind {
        MissingKind::Request => vec![title("Machine Request"), quoted(&missing.id)],
        MissingKind::Node => vec![title("Machine"), quoted(&missing.id), warn("not joined")],
    };
    if missing.kind == MissingKind::Request {
        let tone = match missing.stage {
            RequestStage::Failed | RequestStage::Deprovisioning => Tone::Destroy,
            RequestStage::Unknown
            | RequestStage::Pending
            | RequestStage::Provisioning
            | RequestStage::Provisioned => Tone::Warning,
        };
        phrases.push(Phrase::new(tone, missing.stage.word()));
    }
    if missing.leaving && missing.stage != RequestStage::Deprovisioning {
        phrases.push(bad("leaving"));
    }
    if let Some(step) = &missing.step {
        phrases.push(plain(safe(step)));
    }
    if let Some(error) = &missing.error {
        phrases.push(bad(safe(error)));
    }
    if missing.provider_down {
        let provider = missing.provider.as_deref().map_or_else(String::new, safe);
        phrases.push(bad(format!("provider `{provider}` is not connected")));
    }
    // Before the provider has begun there is no VM to miss.
    if !matches!((&missing.vm, missing.kind), (Vm::NotFound, _) | (_, MissingKind::Node)) {
        phrases.extend(vm(&missing.vm));
    }
    Row::new(format!("{cluster}/machine/{}", missing.id), phrases)
}

/// What a wait is for, cut to a line: who or what is in the way of each cluster that is not up.
pub fn waiting(status: &Status, width: usize) -> String {
    let all: Vec<String> = status
        .clusters
        .iter()
        .filter(|c| c.up != Up::Yes)
        .map(|c| format!("{}: {}", safe(&c.name), c.blocker.as_deref().map_or_else(String::new, safe)))
        .collect();
    let mut line = all.join("; ");
    while columns(&line) > width.max(20) {
        line.pop();
    }
    line
}
