//! What the operator's environment, Omni and Proxmox say about a deployment that has no spec yet. Nothing here is fatal: what
//! cannot be asked is left open, and said.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::connect::{self, Connection, Targets};
use super::credentials;
use super::dialect::dialect;
use super::fail::Fail;
use super::streams::Streams;
use crate::backend::{Depth, OmniReader as _, ProxmoxApi, ProxmoxReader as _};
use crate::client::trust::Credential;
use crate::client::{Origin, context};
use crate::engine::refresh::lists;
use crate::live::{OmniSnapshot, ProxmoxFailure, ProxmoxSnapshot};
use crate::spec::upgrade::{Fact, Facts, Live, ProviderFacts, ProxmoxFacts, Scaffold, Trusting};
use crate::template::Dialect;
use crate::untrusted::Untrusted;
use crate::value::Value;
use crate::wire::Fingerprint;
use crate::world::real::{RealNet, Trust};
use crate::world::{Deadline, Method, Net as _, NetError, NetRequest};

/// Types of Omni that say what a spec has to name, with their namespaces.
const TYPES: [(&str, &str); 5] = [
    ("MachineClasses", "default"),
    ("Clusters", "default"),
    ("InfraProviderCombinedStatuses", "ephemeral"),
    ("TalosVersions", "default"),
    ("MachineInstallDiskConfigs", "default"),
];

/// What was learnt beside the facts.
#[derive(Default)]
pub(super) struct Heard {
    /// What Omni has, if it was asked.
    pub(super) live: Option<Live>,
    /// Names for the first files.
    pub(super) scaffold: Scaffold,
    /// For people: who was asked and what came of it.
    pub(super) lines: Vec<(&'static str, String)>,
}

/// The operator's own settings: endpoints in the environment, and omnictl's context.
pub(super) fn settings(facts: &mut Facts, heard: &mut Heard) {
    let mut wrong: Vec<String> = Vec::new();
    let mut refused = |name: &str, why: &dyn std::fmt::Display| {
        wrong.push(format!(
            "{}: {}",
            Untrusted::new(name).line(120),
            Untrusted::new(why.to_string()).line(200)
        ));
    };
    for name in Credential::Omni.variables() {
        match credentials::variable(&name).map(|v| Origin::parse(&v)) {
            Some(Ok(origin)) => facts.omni_endpoint.push(Fact::operator(origin.as_str(), &name)),
            Some(Err(e)) => refused(&name, &e),
            None => {}
        }
    }
    if let Some(path) = credentials::omnictl_config() {
        let shown = path.display().to_string();
        let read = std::fs::read_to_string(&path).map_err(|e| e.to_string());
        let found = read.and_then(|text| context::url(&text).map_err(|e| e.to_string()));
        match found.and_then(|(name, url)| Origin::parse(&url).map(|o| (name, o)).map_err(|e| e.to_string()))
        {
            Ok((name, origin)) => {
                let source = format!("omnictl's context {}", Untrusted::new(&*name).line(60));
                heard.lines.push((
                    "omnictl",
                    format!(
                        "context `{}` in {}",
                        Untrusted::new(name).line(60),
                        Untrusted::new(shown).line(120)
                    ),
                ));
                facts.omni_endpoint.push(Fact::live(origin.as_str(), source));
            }
            Err(why) => refused(&shown, &why),
        }
    }
    let named = credentials::proxmox_variables();
    let mut clusters: Vec<ProxmoxFacts> = Vec::new();
    for (variable, name, value) in named {
        let name = name.map(|n| Fact::operator(n, &variable));
        let mut cluster = ProxmoxFacts { name, ..ProxmoxFacts::default() };
        for part in value.split(',').filter(|p| !p.trim().is_empty()) {
            match Origin::parse(part) {
                Ok(origin) if origin.as_str().starts_with("https://") => {
                    cluster.endpoints.push(Fact::operator(origin.as_str(), &variable));
                }
                Ok(_) => refused(&variable, &"Proxmox is reached by `https://` only"),
                Err(e) => refused(&variable, &e),
            }
        }
        if !cluster.endpoints.is_empty() {
            clusters.push(cluster);
        }
    }
    // What the files say about Proxmox is about the first one.
    match (facts.proxmox.first_mut(), clusters.is_empty()) {
        (Some(first), false) => {
            let named = clusters.remove(0);
            first.name = named.name;
            first.endpoints.splice(0..0, named.endpoints);
            facts.proxmox.extend(clusters);
        }
        _ => facts.proxmox.extend(clusters),
    }
    heard.lines.extend(wrong.into_iter().map(|line| ("left out", line)));
}

/// Asks a world of the lab.
pub(super) async fn lab(
    root: &Path,
    spec: &str,
    world: &str,
    facts: &mut Facts,
    heard: &mut Heard,
    streams: &Streams,
) -> Result<(), Fail> {
    let targets = Targets {
        spec: spec.to_owned(),
        omni: String::new(),
        omni_trust: Trust::SystemRoots,
        proxmox: Vec::new(),
        providers: BTreeMap::new(),
        store: None,
        any_proxmox: true,
        catalogues: BTreeSet::new(),
    };
    let connection = connect::lab(root, world, &targets, streams).await?;
    let seen = connection.look_around().await;
    connection.close().await?;
    let seen = seen?;
    let shown = format!("world {} of the lab", Untrusted::new(world).line(60));
    facts.rehearsal = Some(world.to_owned());
    take_omni(&seen.omni, &shown, facts, heard);
    for (i, (name, cluster)) in seen.proxmox.iter().enumerate() {
        if facts.proxmox.len() <= i {
            facts.proxmox.push(ProxmoxFacts::default());
        }
        if let Some(known) = facts.proxmox.get_mut(i) {
            known.name.get_or_insert_with(|| Fact::live(name.clone(), &shown));
            take_proxmox(cluster, &shown, known, heard);
        }
    }
    Ok(())
}

/// Asks the Omni that the facts name, if a key for it is here.
pub(super) async fn omni(root: &Path, spec: &str, facts: &mut Facts, heard: &mut Heard, streams: &Streams) {
    let best = facts.omni_endpoint.iter().min_by_key(|f| f.rank).map(|f| f.value.clone());
    let Some(endpoint) = best else {
        heard.lines.push(("omni", "not asked: no endpoint was found".to_owned()));
        return;
    };
    let targets = Targets {
        spec: spec.to_owned(),
        omni: endpoint.clone(),
        omni_trust: Trust::SystemRoots,
        proxmox: Vec::new(),
        providers: BTreeMap::new(),
        store: None,
        any_proxmox: false,
        catalogues: BTreeSet::new(),
    };
    let connection = match connect::real(root, &targets, streams) {
        Ok(connection) => connection,
        Err(fail) => {
            heard.lines.push(("omni", format!("not asked: {}", fail.message)));
            return;
        }
    };
    match look(&connection).await {
        Ok(seen) => take_omni(&seen, &endpoint, facts, heard),
        Err((why, refused)) => {
            facts.omni_refused = refused;
            heard.lines.push(("omni", format!("{endpoint}: {}", Untrusted::new(why).line(300))));
        }
    }
}

async fn look(connection: &Connection) -> Result<OmniSnapshot, (String, bool)> {
    use crate::backend::omni::ProbeError;
    connection.omni.probe().await.map_err(|e| (e.to_string(), matches!(e, ProbeError::Untrusted(_))))?;
    let (version, seen) = tokio::join!(connection.omni.version(), lists(&connection.omni, &TYPES));
    Ok(OmniSnapshot { version, ..seen })
}

fn take_omni(seen: &OmniSnapshot, shown: &str, facts: &mut Facts, heard: &mut Heard) {
    let ids = |short: &str| seen.list(short).iter().map(|r| r.resource.id.id.clone()).collect();
    let version = seen.version.known().map(|v| Untrusted::new(v.as_str()).line(40));
    // A world's version says nothing about the server that the spec is for.
    if let (Some(dialect), None) = (dialect(seen), &facts.rehearsal) {
        let named = match dialect {
            Dialect::V1_9 => "1.9",
            Dialect::V1_10 => "1.10",
            Dialect::Newest => "newest",
        };
        let said = version.as_deref().unwrap_or("nothing");
        facts.omni_version = Some(Fact::live(named, format!("{shown}, which answered {said}")));
    }
    let mut providers = Vec::new();
    for status in seen.list("InfraProviderCombinedStatuses") {
        let id = status.resource.id.id.clone();
        let text = |key: &str| {
            status.resource.spec.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_lowercase()
        };
        let proxmox =
            [text("name"), text("description"), id.to_lowercase()].iter().any(|t| t.contains("proxmox"));
        providers.push(Untrusted::new(id.as_str()).line(60));
        match facts.providers.iter_mut().find(|p| p.id.value == id) {
            Some(known) => known.proxmox |= proxmox,
            None => facts.providers.push(ProviderFacts { id: Fact::live(id, shown), proxmox }),
        }
    }
    if seen.unreadable("MachineClasses").is_none() && seen.unreadable("Clusters").is_none() {
        heard.live = Some(Live { classes: ids("MachineClasses"), clusters: ids("Clusters") });
    }
    names(seen, shown, facts, heard);
    let providers = if providers.is_empty() { "none".to_owned() } else { providers.join(", ") };
    let version = version.map_or(String::new(), |v| format!(" ({v})"));
    heard.lines.push(("omni", format!("{shown}{version}; infrastructure providers: {providers}")));
}

/// Names for the first files: the provider that there is, and the newest release with the newest Kubernetes that fits it.
fn names(seen: &OmniSnapshot, shown: &str, facts: &Facts, heard: &mut Heard) {
    let mut ours = facts.providers.iter().filter(|p| p.proxmox);
    if let (Some(one), None) = (ours.next(), ours.next()) {
        heard.scaffold.provider.clone_from(&one.id.value);
    }
    let number = |text: &str| -> Option<Vec<u64>> {
        text.trim_start_matches('v').split('.').map(|n| n.parse().ok()).collect::<Option<Vec<u64>>>()
    };
    let newest = seen
        .list("TalosVersions")
        .iter()
        .filter(|v| !v.resource.spec.get("deprecated").and_then(Value::as_bool).unwrap_or(false))
        .filter_map(|v| {
            let list = v.resource.spec.get("compatible_kubernetes_versions")?.as_list()?;
            let kubernetes =
                list.iter().filter_map(|k| k.as_str()).filter_map(|k| Some((number(k)?, k))).max()?;
            Some((number(&v.resource.id.id)?, v.resource.id.id.as_str(), kubernetes.1))
        })
        .max();
    if let Some((_, talos, kubernetes)) = newest {
        heard.scaffold.talos = format!("v{}", talos.trim_start_matches('v'));
        heard.scaffold.kubernetes = format!("v{}", kubernetes.trim_start_matches('v'));
        heard.scaffold.versions_from = format!("the newest that {shown} offers");
    }
}

fn take_proxmox(seen: &ProxmoxSnapshot, shown: &str, cluster: &mut ProxmoxFacts, heard: &mut Heard) {
    // A name that is no label would be a fault of the spec.
    let label = |n: &String| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let nodes: Vec<String> =
        seen.nodes.known().into_iter().flatten().map(|n| n.name.clone()).filter(label).collect();
    for node in &nodes {
        cluster.nodes.push(Fact::live(node.clone(), shown));
    }
    let said = match (&seen.failure, seen.nodes.unknown()) {
        (Some(ProxmoxFailure::Untrusted { .. }), _) => {
            "its certificate is not believed by this system".to_owned()
        }
        (Some(ProxmoxFailure::Unauthenticated { why, .. }), _) => why.clone(),
        (Some(ProxmoxFailure::Unreachable { tried }), _) => tried.join("; "),
        (None, Some(why)) => why.0.clone(),
        (None, None) => format!("nodes {}", nodes.join(", ")),
    };
    heard.lines.push(("proxmox", format!("{shown}: {}", Untrusted::new(said).line(300))));
}

/// Asks the Proxmox clusters that the operator named: on a terminal for their certificates first.
pub(super) async fn proxmox(facts: &mut Facts, heard: &mut Heard, streams: &Streams) {
    let only = facts.proxmox.len() == 1;
    for cluster in &mut facts.proxmox {
        let named: Vec<&Fact> =
            cluster.endpoints.iter().filter(|e| e.rank == crate::spec::upgrade::Rank::Operator).collect();
        let Some(variable) = named.first().map(|e| e.source.clone()) else { continue };
        let endpoints: Vec<String> = named.iter().map(|e| e.value.clone()).collect();
        let shown = endpoints.join(", ");
        let name = cluster.name.as_ref().map_or("pve", |n| n.value.as_str()).to_owned();
        let token = match credentials::proxmox_token(&Credential::Proxmox { name: name.clone(), only }) {
            Ok(token) => token,
            Err(fail) => {
                heard.lines.push(("proxmox", format!("not asked: {}", fail.message)));
                None
            }
        };
        let trust = if credentials::may_ask() {
            match believe(&endpoints, streams).await {
                Ok(trust) => trust,
                Err(why) => {
                    heard.lines.push(("proxmox", format!("{shown}: {why}")));
                    continue;
                }
            }
        } else {
            Trusting::Open
        };
        let believed = match &trust {
            Trusting::Pins(pins) => {
                Trust::Pins(pins.iter().filter_map(|p| Fingerprint::parse(&p.value).ok()).collect())
            }
            Trusting::Open | Trusting::System => Trust::SystemRoots,
        };
        cluster.trust = trust;
        let Some(token) = token else {
            let wanted = variable.replace("_ENDPOINT", "_API_TOKEN");
            heard.lines.push(("proxmox", format!("{shown}: nodes not asked for: `{wanted}` is not set")));
            continue;
        };
        let trusts = endpoints.iter().map(|e| (e.clone(), believed.clone()));
        match RealNet::new(trusts) {
            Ok(net) => {
                let api = ProxmoxApi::new(name, endpoints, token, Arc::new(net));
                let seen = api.snapshot(Depth::Cluster).await;
                if seen.failure.is_none() && cluster.trust == Trusting::Open {
                    cluster.trust = Trusting::System;
                }
                take_proxmox(&seen, &shown, cluster, heard);
            }
            Err(e) => heard.lines.push(("proxmox", format!("{shown}: {e}"))),
        }
    }
}

/// Looks at each certificate. One that the system does not believe is shown, and the operator compares it. No credential is sent.
async fn believe(endpoints: &[String], streams: &Streams) -> Result<Trusting, String> {
    let mut pins: Vec<Fact> = Vec::new();
    for endpoint in endpoints {
        let net = RealNet::new([(endpoint.clone(), Trust::SystemRoots)]).map_err(|e| e.to_string())?;
        let request = NetRequest {
            method: Method::Get,
            origin: endpoint.clone(),
            target: "/".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            deadline: Deadline { connect: Duration::from_secs(5), total: Duration::from_secs(10) },
            limit: 1 << 20,
        };
        match net.send(request).await {
            Ok(_) | Err(NetError::Unknown(_) | NetError::Unfit(_)) => {}
            Err(NetError::NotSent(why) | NetError::Untrusted { fingerprint: None, why }) => {
                return Err(Untrusted::new(why).line(200));
            }
            Err(NetError::Untrusted { fingerprint: Some(shown), .. }) => {
                let shown = Untrusted::new(shown).line(120);
                if pins.iter().any(|p| p.value == shown) {
                    continue;
                }
                streams.tell(&format!(
                    "{endpoint} shows a certificate that this system does not believe:\n  {shown}\nIs it what `pvenode cert info` shows on that node? Whoever sits in between can show one too. [y/N]"
                ));
                if !credentials::yes() {
                    return Ok(Trusting::Open);
                }
                pins.push(Fact::operator(shown, format!("{endpoint}, compared by whoever ran init")));
            }
        }
    }
    Ok(if pins.is_empty() { Trusting::System } else { Trusting::Pins(pins) })
}
