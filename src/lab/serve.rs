//! The lab as a running thing: opens a world, serves it on loopback, keeps it.

use std::fs::File;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::listen::{self, Front, Servers};
use super::omni::pgp::KeyPair;
use super::omni::{Account, OmniServer, RequestLine, Role};
use super::persist::{self, ServedFile};
use super::s3;
use super::scenario;
use super::time::{Time, VirtualClock, lock, wall};
use super::world::Plant;
use crate::secret::Secret;
use crate::world::Clock;

/// Name of the lab's own account.
const ACCOUNT: &str = "lab";
/// Most real time between two writes of the world file.
const KEEP: Duration = Duration::from_secs(2);

/// How virtual time passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// It jumps to its next event whenever every client waits: for a client in the same process that sleeps on [`Lab::clock`].
    Jump,
    /// It runs this many times as fast as real time: for clients in other processes.
    Times(f64),
}

/// How to run a world.
#[derive(Clone, Debug)]
pub struct LabOptions {
    /// Folder of all worlds (`state/lab`).
    pub root: PathBuf,
    /// Name of the world; made from the scenario of that name on first use.
    pub world: String,
    /// Real time before every answer.
    pub latency: Duration,
    /// How virtual time passes.
    pub speed: Speed,
}

/// Why the lab cannot do something.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// No scenario has the name of a world that does not exist yet.
    #[error("there is no world `{name}`; worlds are {}", known.join(", "))]
    UnknownWorld {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No such fault.
    #[error("there is no fault `{name}`; faults are\n  {}", known.join("\n  "))]
    UnknownFault {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The fault names something that the world does not have.
    #[error("{0}")]
    NoTarget(String),
    /// Another process serves the world.
    #[error("world `{0}` is served by another process; stop its `lab up` first")]
    InUse(String),
    /// A file of the world cannot be read or written.
    #[error("`{path}`: {cause}")]
    File {
        /// Which.
        path: String,
        /// Why.
        cause: String,
    },
    /// A server cannot be started.
    #[error("the lab cannot serve: {0}")]
    Serve(String),
}

/// One Proxmox cluster of a world.
#[derive(Clone, Debug)]
pub struct LabProxmox {
    /// Name in the spec (`matrix`).
    pub name: String,
    /// Origins, in the order to try.
    pub endpoints: Vec<String>,
    /// SHA-256 of the certificate, upper-case hex with colons.
    pub sha256: String,
    /// API token, `user@realm!name=secret`.
    pub token: Secret<String>,
}

/// The object store of a world.
#[derive(Clone, Debug)]
pub struct LabStore {
    /// Origin (`http://127.0.0.1:PORT`).
    pub endpoint: String,
    /// Access key.
    pub access: String,
    /// Secret access key.
    pub secret: Secret<String>,
}

/// Where a served world is found.
#[derive(Clone, Debug)]
pub struct Served {
    /// Origin of Omni (`http://127.0.0.1:PORT`).
    pub omni_endpoint: String,
    /// Service account key, as `OMNI_SERVICE_ACCOUNT_KEY` has it.
    pub service_account_key: Secret<String>,
    /// Proxmox clusters.
    pub proxmox: Vec<LabProxmox>,
    /// Object store.
    pub store: LabStore,
    /// Process that serves.
    pub pid: u32,
}

/// What a test counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabCounts {
    /// Requests served in this run, both servers.
    pub requests: u64,
    /// Of them, requests that write.
    pub writes: u64,
    /// Guests of kind VM.
    pub vms: usize,
    /// Omni's Machines.
    pub machines: usize,
    /// Machine requests.
    pub requests_open: usize,
}

/// A fault to inject, by name (`node-offline:hotel`, `provider-stopped`, …).
pub type Fault = str;

/// A served world. Its servers stop when it is dropped, and the world is written then; [`Lab::stop`] also reports how that went.
pub struct Lab {
    served: Served,
    servers: Arc<Servers>,
    folder: PathBuf,
    tasks: Vec<JoinHandle<()>>,
    kept: bool,
    _lock: File,
}

/// The world, read or made.
fn open(folder: &Path, world: &str) -> Result<(Plant, Vec<Account>), LabError> {
    if let Some(found) = persist::load(folder)? {
        return Ok(found);
    }
    let plant = scenario::build(world).ok_or_else(|| persist::unknown(world))?;
    Ok((plant, Vec::new()))
}

/// A fresh key for the lab's account: it lives as long as the process that serves.
fn account() -> Result<(Account, Secret<String>), LabError> {
    let broken = |why: String| LabError::Serve(why);
    let mut random = [0_u8; 64];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| broken("no randomness".to_owned()))?;
    let identity = Account::identity_of(ACCOUNT);
    let created = wall() as i64 - 60;
    let pair = KeyPair::new(&random, &format!("{ACCOUNT} <{identity}>"), created, 30 * 24 * 3600)
        .ok_or_else(|| broken("no key could be made".to_owned()))?;
    let mut account = Account::new(&identity, "00000000-0000-4000-8000-0000000000a1", Role::Admin);
    account.add_key(&pair.public()).map_err(|e| broken(e.to_string()))?;
    Ok((account, pair.service_account_key(ACCOUNT)))
}

/// A secret access key for the world's object store.
fn secret() -> Result<String, LabError> {
    let mut random = [0_u8; 20];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| LabError::Serve("no randomness".to_owned()))?;
    Ok(random.iter().map(|b| format!("{b:02x}")).collect())
}

/// A certificate for loopback and its SHA-256, upper-case hexadecimal with colons.
fn certificate() -> Result<(TlsAcceptor, String), LabError> {
    let broken = |e: &dyn std::fmt::Display| LabError::Serve(e.to_string());
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).map_err(|e| broken(&e))?;
    let leaf = made.cert.der().clone();
    let digits = super::machine::sha256(&leaf).to_uppercase();
    let pin = digits
        .as_bytes()
        .chunks(2)
        .map(|c| String::from_utf8_lossy(c).into_owned())
        .collect::<Vec<_>>()
        .join(":");
    let key = rustls_pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| broken(&e))?
        .with_no_client_auth()
        .with_single_cert(vec![leaf], key)
        .map_err(|e| broken(&e))?;
    Ok((TlsAcceptor::from(Arc::new(config)), pin))
}

async fn bind() -> Result<(TcpListener, SocketAddr), LabError> {
    let broken = |e: std::io::Error| LabError::Serve(e.to_string());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(broken)?;
    let address = listener.local_addr().map_err(broken)?;
    Ok((listener, address))
}

/// Accounts that users made; the lab's own is made anew every time.
fn kept_accounts(omni: &OmniServer) -> Vec<Account> {
    let own = Account::identity_of(ACCOUNT);
    omni.accounts().into_iter().filter(|a| a.identity != own).collect()
}

impl Lab {
    /// Opens the world (made from its scenario on first use) and serves it on loopback.
    pub async fn start(options: LabOptions) -> Result<Self, LabError> {
        let folder = persist::folder(&options.root, &options.world)?;
        if !folder.exists() && !scenario::known(&options.world) {
            return Err(persist::unknown(&options.world));
        }
        let held = persist::own(&folder, &options.world)?;
        let (mut plant, mut accounts) = open(&folder, &options.world)?;
        if plant.world.objects.secret.is_empty() {
            plant.world.objects.secret = secret()?;
        }
        let secret = Secret::new(plant.world.objects.secret.clone());
        let (own, key) = account()?;
        accounts.push(own);
        let (log_omni, log_proxmox) = writers(&folder)?;
        let omni = OmniServer::new(Arc::clone(&plant.store), accounts, plant.world.omni, plant.world.unix())
            .logging(log_omni);
        let token = plant.world.proxmox.tokens.first().map(|t| format!("{}={}", t.id, t.secret));
        let time = Time::new(plant, options.speed);
        let changed = Arc::new(AtomicU64::new(1));
        let noted = Arc::clone(&changed);
        let servers = Arc::new(Servers {
            time: Arc::clone(&time),
            omni,
            latency: options.latency,
            requests: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            log: log_proxmox,
            written: Box::new(move || {
                noted.fetch_add(1, Ordering::SeqCst);
            }),
        });
        let (acceptor, pin) = certificate()?;
        let (plain, omni_address) = bind().await?;
        let (secure, proxmox_address) = bind().await?;
        let (store, store_address) = bind().await?;
        let served = Served {
            omni_endpoint: format!("http://{omni_address}"),
            service_account_key: key,
            proxmox: vec![LabProxmox {
                name: "matrix".to_owned(),
                endpoints: vec![format!("https://{proxmox_address}")],
                sha256: pin,
                token: Secret::new(token.unwrap_or_default()),
            }],
            store: LabStore {
                endpoint: format!("http://{store_address}"),
                access: s3::ACCESS_KEY.to_owned(),
                secret,
            },
            pid: std::process::id(),
        };
        let tasks = vec![
            tokio::spawn(s3::serve(Arc::clone(&servers), store)),
            tokio::spawn(listen::serve(Arc::clone(&servers), plain, Front::Omni)),
            tokio::spawn(listen::serve(Arc::clone(&servers), secure, Front::Proxmox(acceptor))),
            tokio::spawn(Arc::clone(&time).drive()),
        ];
        let mut lab = Self { served, servers: Arc::clone(&servers), folder, tasks, kept: false, _lock: held };
        lab.keep()?;
        lab.tasks.push(tokio::spawn(keeper(servers, lab.folder.clone(), changed)));
        if let Speed::Times(_) = options.speed {
            persist::announce(&lab.folder, &announcement(&lab.served))?;
        }
        Ok(lab)
    }
    fn keep(&self) -> Result<(), LabError> {
        let plant = lock(&self.servers.time.plant);
        persist::save(&self.folder, &plant, &kept_accounts(&self.servers.omni))
    }
    /// Origin of Omni.
    pub fn omni_endpoint(&self) -> &str {
        &self.served.omni_endpoint
    }
    /// The key of an Admin service account.
    pub fn service_account_key(&self) -> Secret<String> {
        self.served.service_account_key.clone()
    }
    /// Proxmox clusters.
    pub fn proxmox(&self) -> &[LabProxmox] {
        &self.served.proxmox
    }
    /// Everything another process needs.
    pub fn served(&self) -> &Served {
        &self.served
    }
    /// The clock that the client must wait on in [`Speed::Jump`]; its `unix` is wall time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(VirtualClock(Arc::clone(&self.servers.time)))
    }
    /// Counts.
    pub fn counts(&self) -> LabCounts {
        let plant = lock(&self.servers.time.plant);
        LabCounts {
            requests: self.servers.requests.load(Ordering::SeqCst),
            writes: self.servers.writes.load(Ordering::SeqCst),
            vms: plant
                .world
                .proxmox
                .guests
                .values()
                .filter(|g| g.kind == super::proxmox::GuestKind::Qemu)
                .count(),
            machines: plant.store.all("Machines").len(),
            requests_open: plant.store.all("MachineRequests").len(),
        }
    }
    /// Stops serving and writes the world.
    #[expect(clippy::unused_async, reason = "writing a world may come to wait for its servers")]
    pub async fn stop(mut self) -> Result<(), LabError> {
        self.kept = true;
        self.halt();
        self.keep()
    }
    fn halt(&self) {
        for task in &self.tasks {
            task.abort();
        }
        persist::withdraw(&self.folder);
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if !self.kept {
            self.halt();
            // Nobody is left who could be told; `stop` tells.
            let _written = self.keep();
        }
    }
}

type Writer = Box<dyn Fn(&RequestLine) + Send + Sync>;

/// Two writers into the world's log of requests.
fn writers(folder: &Path) -> Result<(Writer, Writer), LabError> {
    let file = Arc::new(Mutex::new(persist::log(folder)?));
    let writer = |file: Arc<Mutex<File>>| -> Writer {
        Box::new(move |line: &RequestLine| {
            if let Ok(mut text) = serde_json::to_string(line) {
                text.push('\n');
                // A full disk must not fail the request that is logged.
                let _written = lock(&file).write_all(text.as_bytes());
            }
        })
    };
    Ok((writer(Arc::clone(&file)), writer(file)))
}

/// Writes the world now and then, so that a killed process loses little of it.
async fn keeper(servers: Arc<Servers>, folder: PathBuf, changed: Arc<AtomicU64>) {
    let mut seen = changed.load(Ordering::SeqCst);
    loop {
        // Soon after somebody wrote, and else every few seconds for what happens by itself.
        for _ in 0..20 {
            tokio::time::sleep(KEEP / 20).await;
            if changed.load(Ordering::SeqCst) != seen {
                break;
            }
        }
        seen = changed.load(Ordering::SeqCst);
        let plant = lock(&servers.time.plant);
        // The next attempt comes soon, and `stop` reports.
        let _written = persist::save(&folder, &plant, &kept_accounts(&servers.omni));
    }
}

fn announcement(served: &Served) -> ServedFile {
    ServedFile {
        pid: served.pid,
        omni_endpoint: served.omni_endpoint.clone(),
        service_account_key: served.service_account_key.expose().clone(),
        proxmox: served
            .proxmox
            .iter()
            .map(|p| (p.name.clone(), p.endpoints.clone(), p.sha256.clone(), p.token.expose().clone()))
            .collect(),
        store: (
            served.store.endpoint.clone(),
            served.store.access.clone(),
            served.store.secret.expose().clone(),
        ),
    }
}

/// Names of the scenarios.
pub fn worlds() -> &'static [&'static str] {
    &scenario::NAMES
}

/// Makes a world anew.
pub fn reset(root: &Path, world: &str) -> Result<(), LabError> {
    let folder = persist::folder(root, world)?;
    if !folder.exists() && !scenario::known(world) {
        return Err(persist::unknown(world));
    }
    if folder.exists() {
        drop(persist::own(&folder, world)?);
        persist::clear(&folder)?;
    }
    if scenario::known(world) {
        let held = persist::own(&folder, world)?;
        let (plant, accounts) = open(&folder, world)?;
        persist::save(&folder, &plant, &accounts)?;
        drop(held);
    }
    Ok(())
}

/// Injects a fault into a world that is not being served.
pub fn inject(root: &Path, world: &str, fault: &Fault) -> Result<(), LabError> {
    let folder = persist::folder(root, world)?;
    if !folder.exists() && !scenario::known(world) {
        return Err(persist::unknown(world));
    }
    let held = persist::own(&folder, world)?;
    let (mut plant, accounts) = open(&folder, world)?;
    super::inject::inject(&mut plant, fault)?;
    persist::save(&folder, &plant, &accounts)?;
    drop(held);
    Ok(())
}

/// All faults with what they do, one a line.
pub fn faults() -> String {
    super::inject::text()
}

/// What a world's provider did, from its beginning or as far back as is kept.
#[derive(Clone, Debug, Default)]
pub struct ProviderLog {
    /// Lines of its log, JSON, as its container writes them. Their times are those of the clock on the wall, as with
    /// everything that the lab's Omni tells.
    pub lines: Vec<String>,
    /// Its requests to Proxmox VE, JSON: `at` (milliseconds since the world's beginning), `id` (machine request), `method`,
    /// `path`, `parameters`, `status`, `reason`.
    pub requests: Vec<String>,
}

/// Reads what a world's provider did. A world that is served now is read as it was kept last, some seconds ago at most.
pub fn provider_log(root: &Path, world: &str) -> Result<ProviderLog, LabError> {
    let folder = persist::folder(root, world)?;
    if !folder.exists() && !scenario::known(world) {
        return Err(persist::unknown(world));
    }
    let (plant, _) = open(&folder, world)?;
    let shift = wall() - plant.world.unix() as f64;
    let provider = &plant.world.provider;
    let lines = provider.log.iter().map(|line| {
        let mut line = line.clone();
        if let Some(at) = line.get("ts").and_then(serde_json::Value::as_f64) {
            line.insert("ts".to_owned(), serde_json::Value::from(at + shift));
        }
        serde_json::Value::Object(line).to_string()
    });
    let requests = provider.asked.iter().filter_map(|asked| serde_json::to_string(asked).ok());
    Ok(ProviderLog { lines: lines.collect(), requests: requests.collect() })
}

/// The world, if another process serves it now.
pub fn attached(root: &Path, world: &str) -> Option<Served> {
    let file = persist::announced(&persist::folder(root, world).ok()?)?;
    let address: SocketAddr = file.omni_endpoint.strip_prefix("http://")?.parse().ok()?;
    // An announcement outlives a killed server.
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).ok()?;
    Some(Served {
        omni_endpoint: file.omni_endpoint,
        service_account_key: Secret::new(file.service_account_key),
        proxmox: file
            .proxmox
            .into_iter()
            .map(|(name, endpoints, sha256, token)| LabProxmox {
                name,
                endpoints,
                sha256,
                token: Secret::new(token),
            })
            .collect(),
        store: LabStore { endpoint: file.store.0, access: file.store.1, secret: Secret::new(file.store.2) },
        pid: file.pid,
    })
}
