//! The two back ends, real or of the lab, and where memory of them lies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::credentials;
use super::exit::Exit;
use super::fail::Fail;
use super::memory::Memory;
use super::remote::{self, StoreTarget};
use super::streams::Streams;
use crate::backend::omni::ProbeError;
use crate::backend::{OmniBackend, OmniReader as _, ProxmoxApi, ProxmoxReader};
use crate::client::trust::Credential;
use crate::client::{Origin, SigningKey, Stack, Trace};
use crate::engine::refresh::{Wanted, examine, histories, lists, refresh};
use crate::lab::{self, Lab, LabError, LabOptions, Speed};
use crate::live::{OmniSnapshot, ProxmoxFailure, Snapshot};
use crate::secret::{DigestKey, Secret};
use crate::state::local::LocalStore;
use crate::state::object::Keys;
use crate::wire::Fingerprint;
use crate::wire::proxmox::Token;
use crate::world::real::{RealClock, RealFs, RealNet, RealRng, Trust};
use crate::world::{Clock, Fs, Rng};

/// One Proxmox cluster of the spec.
#[derive(Clone, Debug)]
pub(super) struct ProxmoxTarget {
    /// Name.
    pub(super) name: String,
    /// Origins, in the order to try.
    pub(super) endpoints: Vec<String>,
    /// What makes them trusted.
    pub(super) trust: Trust,
    /// Whether a class may make machines there.
    pub(super) drawn: bool,
}

/// What the spec says about the outside.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    /// Path of the spec, as part of the record's identity.
    pub(super) spec: String,
    /// Omni.
    pub(super) omni: String,
    /// What makes Omni trusted.
    pub(super) omni_trust: Trust,
    /// Proxmox clusters.
    pub(super) proxmox: Vec<ProxmoxTarget>,
    /// Providers of the spec by id, each with its Proxmox cluster.
    pub(super) providers: BTreeMap<String, Option<String>>,
    /// The record's object store; without one it is in `state/`.
    pub(super) store: Option<StoreTarget>,
    /// Whether all of a lab's Proxmox clusters count: there is no spec yet that could name them.
    pub(super) any_proxmox: bool,
    /// Talos versions of clusters that ask for extensions.
    pub(super) catalogues: BTreeSet<String>,
}

impl Targets {
    fn wanted(&self) -> Wanted {
        let drawn = self.proxmox.iter().filter(|p| p.drawn).map(|p| p.name.clone());
        Wanted {
            preflight: drawn.collect(),
            providers: self.providers.clone(),
            catalogues: self.catalogues.clone(),
        }
    }
}

/// The outside, ready to be asked.
pub(super) struct Connection {
    pub(super) omni: OmniBackend,
    pub(super) proxmox: Vec<Arc<dyn ProxmoxReader>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rng: Arc<dyn Rng>,
    pub(super) fs: Arc<dyn Fs>,
    pub(super) memory: Memory,
    /// Makes digests of secrets: the operator's, else the one beside the record, else none yet.
    pub(super) digest_key: Option<DigestKey>,
    /// Name of the Omni instance in record and plan: its origin, or `lab/WORLD`, whose port changes.
    pub(super) name: String,
    /// What a plan's look needs besides.
    pub(super) wanted: Wanted,
    /// What the tool cannot see, one line each.
    pub(super) blind: Vec<String>,
    /// `lab` for messages with next commands, if it is one.
    pub(super) world: Option<String>,
    lab: Option<Lab>,
}

/// Said once where secrets cannot be compared with what was applied.
const NO_DIGEST_KEY: &str = "`OMNI_SCALE_DIGEST_KEY` is not set, so secrets are compared between files and Omni only, not with what was last applied: make a key with `openssl rand -hex 32`, and give it to every machine that applies";

/// An origin without its scheme.
fn shown(origin: &str) -> String {
    origin.split("://").last().unwrap_or(origin).to_owned()
}

/// Folder of all worlds of a repository.
pub(super) fn lab_root(root: &Path) -> PathBuf {
    root.join("state/lab")
}

/// Turns the lab's errors into ends.
pub(super) fn lab_fail(e: &LabError) -> Fail {
    let exit = match e {
        LabError::UnknownWorld { .. } | LabError::UnknownFault { .. } | LabError::NoTarget(_) => Exit::Usage,
        LabError::InUse(_) => Exit::Held,
        LabError::File { .. } | LabError::Serve(_) => Exit::Error,
    };
    Fail::new(exit, e.to_string())
}

fn stack(
    origin: Origin,
    key: Arc<SigningKey>,
    net: &Arc<RealNet>,
    clock: &Arc<dyn Clock>,
    rng: &Arc<dyn Rng>,
    streams: &Streams,
) -> Stack {
    let mut stack = Stack::new(origin, key, net.clone(), clock.clone(), rng.clone());
    if let Some(total) = streams.read_timeout {
        stack = stack.with_patience(total);
    }
    if streams.verbose == 0 {
        return stack;
    }
    stack.with_trace(Arc::new(|t: &Trace| {
        let status = t.status.map_or("no answer".to_owned(), |s| s.to_string());
        let again = if t.attempt > 1 { format!(" (attempt {})", t.attempt) } else { String::new() };
        let line = format!("omni {} {} {status} {} ms{again}\n", t.method, t.kind, t.ms);
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }))
}

/// Connects to what the spec names. Nothing is sent yet, and nothing will be to an origin that is not bound.
pub(super) fn real(root: &Path, targets: &Targets, streams: &Streams) -> Result<Connection, Fail> {
    let (key, context) = credentials::omni_key(streams)?;
    let origins = credentials::bind(
        &Credential::Omni,
        std::slice::from_ref(&targets.omni),
        context.as_deref(),
        streams,
    )?;
    let Some(origin) = origins.into_iter().next() else {
        return Err(Fail::new(Exit::Files, "the spec has no Omni endpoint"));
    };
    let mut trusts = vec![(origin.as_str().to_owned(), targets.omni_trust.clone())];
    let mut clusters = Vec::new();
    let mut blind = Vec::new();
    for target in &targets.proxmox {
        let credential = Credential::Proxmox { name: target.name.clone(), only: targets.proxmox.len() == 1 };
        let Some(token) = credentials::proxmox_token(&credential)? else {
            let names: Vec<String> = credential
                .variables()
                .iter()
                .map(|v| format!("`{}`", v.replace("_ENDPOINT", "_API_TOKEN")))
                .collect();
            blind.push(format!(
                "Proxmox cluster `{}` is not read, so placement, VMs and storages are not known: set {}",
                target.name,
                names.join(" or ")
            ));
            continue;
        };
        let bound = credentials::bind(&credential, &target.endpoints, None, streams)?;
        let endpoints: Vec<String> = bound.iter().map(|o| o.as_str().to_owned()).collect();
        trusts.extend(endpoints.iter().map(|e| (e.clone(), target.trust.clone())));
        clusters.push((target.name.clone(), endpoints, token));
    }
    let net = Arc::new(RealNet::new(trusts).map_err(|e| Fail::new(Exit::Auth, e.to_string()))?);
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
    let rng: Arc<dyn Rng> = Arc::new(RealRng);
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let name = origin.as_str().to_owned();
    let home = LocalStore::new(fs.clone(), &root.join("state"), &targets.spec, &name);
    let store = targets.store.as_ref().map(|t| remote::open(t, &targets.spec, &name, &clock, streams));
    let memory = Memory { home, remote: store.transpose()?, omni: shown(&name) };
    let digest_key = digest_key(&memory, &mut blind)?;
    Ok(Connection {
        omni: OmniBackend::new(stack(origin, key, &net, &clock, &rng, streams)),
        proxmox: proxmox(clusters, &net, streams),
        memory,
        digest_key,
        clock,
        rng,
        fs,
        name,
        wanted: targets.wanted(),
        blind,
        world: None,
        lab: None,
    })
}

/// The key of digests, if there is one. Where the record is shared, its absence is told.
fn digest_key(memory: &Memory, blind: &mut Vec<String>) -> Result<Option<DigestKey>, Fail> {
    let key = credentials::digest_key(memory)?;
    if memory.remote.is_some() && key.is_none() {
        blind.push(NO_DIGEST_KEY.to_owned());
    }
    Ok(key)
}

fn proxmox(
    clusters: Vec<(String, Vec<String>, Token)>,
    net: &Arc<RealNet>,
    streams: &Streams,
) -> Vec<Arc<dyn ProxmoxReader>> {
    clusters
        .into_iter()
        .map(|(name, endpoints, token)| {
            let api = ProxmoxApi::new(name, endpoints, token, net.clone());
            let api = match streams.read_timeout {
                Some(total) => api.with_patience(total),
                None => api,
            };
            Arc::new(api) as Arc<dyn ProxmoxReader>
        })
        .collect()
}

/// Connects to a world of the lab: the one that `lab up` serves, or one in this process whose clock jumps.
/// The spec's endpoints, pins and credentials are not looked at.
pub(super) async fn lab(
    root: &Path,
    world: &str,
    targets: &Targets,
    streams: &Streams,
) -> Result<Connection, Fail> {
    let folder = lab_root(root);
    let (served, running) = match lab::attached(&folder, world) {
        Some(served) => (served, None),
        None => {
            let options = LabOptions {
                root: folder.clone(),
                world: world.to_owned(),
                latency: Duration::ZERO,
                speed: Speed::Jump,
            };
            let lab = Lab::start(options).await.map_err(|e| lab_fail(&e))?;
            (lab.served().clone(), Some(lab))
        }
    };
    let broken = |e: &dyn std::fmt::Display| Fail::new(Exit::Error, format!("the lab is not usable: {e}"));
    let origin = Origin::parse(&served.omni_endpoint).map_err(|e| broken(&e))?;
    let (key, _) = SigningKey::service_account(&served.service_account_key).map_err(|e| broken(&e))?;
    let mut trusts = vec![(origin.as_str().to_owned(), Trust::SystemRoots)];
    let mut clusters = Vec::new();
    for cluster in &served.proxmox {
        if !targets.any_proxmox && !targets.proxmox.iter().any(|t| t.name == cluster.name) {
            continue;
        }
        let pin = Fingerprint::parse(&cluster.sha256).map_err(|e| broken(&e))?;
        trusts.extend(cluster.endpoints.iter().map(|e| (e.clone(), Trust::Pins(vec![pin]))));
        let token: &Secret<String> = &cluster.token;
        let token = Token::parse(token.expose()).map_err(|e| broken(&e))?;
        clusters.push((cluster.name.clone(), cluster.endpoints.clone(), token));
    }
    let mut blind: Vec<String> = targets
        .proxmox
        .iter()
        .filter(|t| !clusters.iter().any(|(name, _, _)| *name == t.name))
        .map(|t| format!("world `{world}` has no Proxmox cluster `{}`, so placement is not known", t.name))
        .collect();
    let net = Arc::new(RealNet::new(trusts).map_err(|e| broken(&e))?);
    let clock: Arc<dyn Clock> = running.as_ref().map_or_else(|| Arc::new(RealClock::new()) as _, Lab::clock);
    let rng: Arc<dyn Rng> = Arc::new(RealRng);
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let name = format!("lab/{world}");
    let home = LocalStore::new(fs.clone(), &folder.join(world), &targets.spec, &name);
    // A world in this process ends with it: nobody else could meet its lease.
    let store = targets.store.as_ref().filter(|_| running.is_none()).map(|t| {
        let keys =
            Keys { access: served.store.access.clone(), secret: served.store.secret.clone(), token: None };
        let trust = Trust::SystemRoots;
        remote::connect(&t.store, &served.store.endpoint, trust, &keys, &targets.spec, &name, &clock)
    });
    let memory = Memory { home, remote: store.transpose()?, omni: name.clone() };
    let digest_key = digest_key(&memory, &mut blind)?;
    Ok(Connection {
        omni: OmniBackend::new(stack(origin, Arc::new(key), &net, &clock, &rng, streams)),
        proxmox: proxmox(clusters, &net, streams),
        memory,
        digest_key,
        clock,
        rng,
        fs,
        name,
        wanted: targets.wanted(),
        blind,
        world: Some(world.to_owned()),
        lab: running,
    })
}

impl Connection {
    /// Looks at both back ends. An Omni that cannot be used at all is an end with the right code.
    pub(super) async fn look(&self) -> Result<Snapshot, Fail> {
        let snapshot = self.look_around().await?;
        for (name, cluster) in &snapshot.proxmox {
            // A refused token or certificate is somebody's mistake to mend, not a blind spot to plan around.
            if let Some(ProxmoxFailure::Untrusted { .. } | ProxmoxFailure::Unauthenticated { .. }) =
                &cluster.failure
            {
                let why = cluster.nodes.unknown().map_or("refused", |r| r.0.as_str());
                return Err(Fail::new(Exit::Auth, format!("Proxmox cluster `{name}`: {why}")).help(
                    "nothing was changed; correct `proxmox.*.tls` in the spec or the token, or leave the token out to plan without Proxmox",
                ));
            }
        }
        Ok(snapshot)
    }

    /// The same, where a Proxmox that refuses is a fact like any other.
    pub(super) async fn look_around(&self) -> Result<Snapshot, Fail> {
        let mut snapshot = Box::pin(refresh(&self.omni, &self.proxmox, &self.wanted)).await;
        self.usable(&snapshot).await?;
        self.rename(&mut snapshot);
        Ok(snapshot)
    }

    /// Looks as deep as `doctor` needs it.
    pub(super) async fn examine(&self) -> Snapshot {
        examine(&self.omni, &self.proxmox, &self.wanted).await
    }

    /// Adds what happened to some guests, by Proxmox cluster, node and VMID.
    pub(super) async fn histories(&self, seen: Snapshot, guests: &[(String, String, u32)]) -> Snapshot {
        histories(&self.proxmox, seen, guests).await
    }

    /// An Omni that cannot be used at all is an end with the right code.
    pub(super) async fn usable(&self, seen: &Snapshot) -> Result<(), Fail> {
        if seen.omni.version.unknown().is_some() {
            // One more, small question tells a refused key from a dead line.
            self.omni.why_unusable().await.map_err(|e| self.unusable(&e))?;
        }
        Ok(())
    }

    /// Whether Omni answers, with the right code if it does not.
    pub(super) async fn reachable(&self) -> Result<(), Fail> {
        self.omni.probe().await.map(drop).map_err(|e| self.unusable(&e))
    }

    /// Names the back ends as people know them: the ports of a lab change.
    pub(super) fn rename(&self, snapshot: &mut Snapshot) {
        snapshot.omni.endpoint.clone_from(&self.name);
        if let Some(world) = &self.world {
            for (name, cluster) in &mut snapshot.proxmox {
                cluster.endpoint = format!("lab/{world}/{name}");
            }
        }
    }

    /// Looks at some types of Omni only. An Omni that cannot be used at all is an end with the right code.
    pub(super) async fn lists(&self, types: &[(&str, &str)]) -> Result<OmniSnapshot, Fail> {
        let mut seen = lists(&self.omni, types).await;
        if seen.types.values().all(|t| t.unknown().is_some()) {
            self.omni.probe().await.map_err(|e| self.unusable(&e))?;
        }
        seen.version = self.omni.version().await;
        Ok(seen)
    }

    fn unusable(&self, e: &ProbeError) -> Fail {
        let at = self.omni.endpoint();
        match e {
            ProbeError::Unauthenticated(_) | ProbeError::Untrusted(_) => {
                Fail::new(Exit::Auth, format!("Omni at `{at}`: {e}"))
            }
            ProbeError::Unreachable(_) => {
                Fail::new(Exit::Unreachable, format!("Omni at `{at}` cannot be reached: {e}"))
                    .help("nothing was changed; try again, or check endpoint and network")
            }
            ProbeError::Refused(_) => Fail::new(Exit::Auth, format!("Omni at `{at}` refused: {e}")),
        }
    }

    /// Ends the lab, if it runs in this process, and keeps its world.
    pub(super) async fn close(self) -> Result<(), Fail> {
        match self.lab {
            Some(lab) => lab.stop().await.map_err(|e| lab_fail(&e)),
            None => Ok(()),
        }
    }
}
