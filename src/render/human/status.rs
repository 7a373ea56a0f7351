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
    for (i, line) in status.unread.iter().enumerate() {
        if i == 0 {
            page.blank();
        }
        page.hanging(&[(Tone::Destroy, "  ?  ")], Tone::Plain, &safe(line));
    }
    page.finish()
}

/// What is different from an earlier look, as lines that need no tree around them; at first only the clusters themselves,
/// as the tree at the end has the rest.
pub fn changes(before: Option<&Status>, after: &Status) -> Vec<String> {
    let mut out = Vec::new();
    for cluster in &after.clusters {
        let lead = |row: &Row| {
            if row.key == cluster.name { String::new() } else { format!("{}: ", safe(&cluster.name)) }
        };
        let old = before.and_then(|b| b.clusters.iter().find(|c| c.name == cluster.name));
        let old_row = old.map(row);
        let old_lines = old_row.as_ref().map(lines).unwrap_or_default();
        let new_row = row(cluster);
        let new_lines = lines(&new_row);
        new_row.walk(&mut |row| {
            let wanted = before.is_some() || row.key == cluster.name;
            let line = new_lines.get(row.key.as_str());
            if let Some(line) = line.filter(|l| wanted && old_lines.get(row.key.as_str()) != Some(l)) {
                out.push(format!("{}{line}", lead(row)));
            }
        });
        let machines = format!("{}/machine/", cluster.name);
        for (key, line) in old_lines.iter().filter(|(key, _)| key.starts_with(&machines)) {
            if !new_lines.contains_key(key) {
                out.push(format!("{}: gone: {line}", safe(&cluster.name)));
            }
        }
    }
    out
}

/// Rows that are worth a line when they change, by what they are about: notes are for the end.
fn lines(root: &Row) -> BTreeMap<&str, String> {
    let mut all = BTreeMap::new();
    root.walk(&mut |row| {
        if !row.key.contains("/note/") {
            all.insert(row.key.as_str(), row.line());
        }
    });
    all
}

fn header(status: &Status, page: &mut Page) {
    let version = status.omni_version.as_deref().map_or_else(|| "version unknown".to_owned(), safe);
    let lead = [(Tone::Title, "omni-scale status"), (Tone::Plain, "   ")];
    page.hanging(&lead, Tone::Plain, &format!("{} (Omni {version})", safe(&status.omni)));
    for proxmox in &status.proxmox {
        one_proxmox(proxmox, page);
    }
}

fn one_proxmox(proxmox: &ProxmoxStatus, page: &mut Page) {
    let name = safe(&proxmox.name);
    match (&proxmox.unread, &proxmox.endpoint) {
        // Nobody was asked: the sentence names the cluster and what to do.
        (Some(why), None) => page.hanging(&[], Tone::Update, &safe(why)),
        (Some(why), Some(_)) => {
            let lead =
                [(Tone::Update, "Proxmox "), (Tone::Plain, name.as_str()), (Tone::Update, " not read: ")];
            page.hanging(&lead, Tone::Plain, &safe(why));
        }
        (None, _) => {}
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
            Next::Plan => (format!("omni-scale plan{flag}"), "shows what is not applied yet"),
            Next::InstallCni if flag.is_empty() => {
                (format!("omnictl kubeconfig --cluster {name}"), "then install a CNI, for example Cilium")
            }
            Next::InstallCni => (
                format!("omni-scale lab inject cni-installed:{name}{}", flag.replace(" --lab=", " ")),
                "installs a CNI in the lab",
            ),
        };
        let line = format!("  next  {command}");
        if columns(&line) + 3 + columns(why) <= page.width() {
            page.line(&[(Tone::Plain, &line), (Tone::Dim, "   "), (Tone::Dim, why)]);
        } else {
            page.line(&[(Tone::Plain, &line)]);
            page.line(&[(Tone::Dim, "        "), (Tone::Dim, why)]);
        }
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
    if cluster.leaving && cluster.phase != ClusterPhase::Destroying {
        phrases.push(bad("Destroying"));
    }
    let mut root = Row::new(&cluster.name, phrases);
    let key = |what: &str| format!("{}/{what}", cluster.name);
    if let Some(why) = &cluster.blocker {
        let word = if cluster.up == Up::Unknown { "Unknown" } else { "In the way" };
        let word = if cluster.failing { bad("Failing:") } else { warn(format!("{word}:")) };
        root.rows.push(Row::new(key("blocker"), vec![word, Phrase::sentence(safe(why))]));
    }
    for (i, text) in cluster.not_applied.iter().enumerate() {
        root.rows.push(Row::new(
            key(&format!("files/{i}")),
            vec![warn("Not applied:"), Phrase::sentence(safe(text))],
        ));
    }
    for (i, text) in cluster.notes.iter().enumerate() {
        root.rows.push(Row::new(key(&format!("note/{i}")), vec![dim("Note:"), Phrase::sentence(safe(text))]));
    }
    for (what, versions) in [("Kubernetes", &cluster.kubernetes), ("Talos", &cluster.talos)] {
        root.rows.extend(component(what, versions, key(what)));
    }
    root.rows.extend(cluster.machine_sets.iter().map(|set| machine_set(cluster, set)));
    root
}

fn component(what: &str, versions: &Versions, key: String) -> Option<Row> {
    let mut phrases = vec![title(what)];
    phrases.push(plain(format!("v{}", safe(versions.wanted()?))));
    if let Some(upgrade) = &versions.upgrade {
        phrases.push(title("Upgrade"));
        phrases.extend(rollout(upgrade, versions.wanted()));
    } else if versions.omni.is_some() {
        phrases.push(dim("no upgrade status yet"));
    }
    Some(Row::new(key, phrases))
}

fn rollout(upgrade: &Upgrade, wanted: Option<&str>) -> Vec<Phrase> {
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
        (Some(from), _) if Some(from.as_str()) != wanted => out.push(warn(format!("at v{}", safe(from)))),
        (Some(_), _) | (None, None) => {}
    }
    if let Some(step) = &upgrade.step {
        out.push(plain(safe(step)));
    }
    if let Some(error) = &upgrade.error {
        out.push(bad(safe(error)));
    }
    out
}

fn machine_set(of: &ClusterStatus, set: &SetStatus) -> Row {
    let (cluster, declared) = (of.name.as_str(), of.declared);
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
        let counts = &set.counts;
        phrases.push(match set.wanted {
            Some(n) if n != counts.total && (set.declared || !declared) => {
                warn(format!("({}/{}, wanted {n})", counts.healthy, counts.total))
            }
            Some(_) => plain(healthy(counts)),
            None => plain(format!("({}/{}, wanted all of its class)", counts.healthy, counts.total)),
        });
    } else {
        let wanted = set.wanted.map_or_else(|| "all of its class".to_owned(), |n| n.to_string());
        phrases.push(warn(format!("not in Omni, wanted {wanted}")));
    }
    if set.in_omni && !set.declared && declared {
        phrases.push(Phrase::new(Tone::Adopt, "in no file"));
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
    let mut details = Vec::new();
    for (what, version, outdated) in [
        ("Talos", &machine.talos, machine.talos_outdated),
        ("Kubernetes", &machine.kubernetes, machine.kubernetes_outdated),
    ] {
        match version {
            Some(v) if outdated => details.push(warn(format!("{what} v{} Outdated", safe(v)))),
            Some(v) => details.push(dim(format!("{what} v{}", safe(v)))),
            None => {}
        }
    }
    if !machine.extensions_missing.is_empty() {
        let names = machine.extensions_missing.iter().map(|e| safe(e)).collect::<Vec<_>>().join(", ");
        details.push(warn(format!("lacks {names}")));
    } else if machine.image_outdated {
        details.push(warn("Image Outdated"));
    }
    details.extend(vm(&machine.vm));
    // A request and the machine that comes of it are one thing.
    let key = machine.request.as_ref().unwrap_or(&machine.id);
    Row::new(format!("{cluster}/machine/{key}"), phrases).with(details)
}

fn vm(vm: &Vm) -> Option<Phrase> {
    match vm {
        Vm::Found { proxmox, node, node_offline, vmid, status, lock } => {
            let lock = lock.as_ref().map_or_else(String::new, |l| format!(" locked for {}", safe(l)));
            // Of a node that is down, Proxmox tells what it knew before.
            let state = if *node_offline {
                ", a node that is offline".to_owned()
            } else {
                format!(" {}", safe(status))
            };
            let text = format!("VM {vmid} on {}/{}{state}{lock}", safe(proxmox), safe(node));
            let calm = status == "running" && !node_offline && lock.is_empty();
            Some(if calm { dim(text) } else { warn(text) })
        }
        Vm::NotFound => Some(bad("no VM in Proxmox")),
        Vm::Several { count } => Some(warn(format!("{count} VMs of its name in Proxmox"))),
        Vm::NotNamed => Some(warn("VM not told while a node is down")),
        Vm::NotRead | Vm::Elsewhere => None,
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
    let vm = if missing.vm == Vm::NotFound { None } else { vm(&missing.vm) };
    Row::new(format!("{cluster}/machine/{}", missing.id), phrases).with(vm.into_iter().collect())
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
