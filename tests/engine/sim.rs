//! A simulated outside: the lab's Omni behind a line that can be cut, a disk in memory, a clock that jumps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use omni_scale::backend::OmniBackend;
use omni_scale::client::{Origin, SigningKey, Stack};
use omni_scale::diag::{Sink, Sources};
use omni_scale::engine::apply::{Deadlines, Outside, Report, apply};
use omni_scale::engine::event::Event;
use omni_scale::engine::recover::{RecoverError, recover};
use omni_scale::engine::refresh::{Wanted, refresh};
use omni_scale::engine::stop::Stop;
use omni_scale::lab::omni::pgp::KeyPair;
use omni_scale::lab::omni::{
    Account, Answer, HttpRequest, Key, OmniServer, Resource, Role, ServerVersion, Store as LabStore,
};
use omni_scale::plan::{
    Desired, DesiredCluster, DesiredProvider, DesiredResource, Operation, Plan, PlanInput, PlanOptions, plan,
};
use omni_scale::policy::second;
use omni_scale::secret::DigestKey;
use omni_scale::state::hold::LocalHold;
use omni_scale::state::local::LocalStore;
use omni_scale::state::model::Record;
use omni_scale::state::store::Store;
use omni_scale::template::{self, FileMap};
use omni_scale::world::{
    BoxFuture, Clock, Fs, FsError, FsLock, HeaderValue, Net, NetError, NetReply, NetRequest, Rng,
};
use omni_scale::yaml;
use serde_json::json;

const START: u64 = 1_800_000_000;
/// Methods that write.
const WRITING: [&str; 4] = ["Create", "Update", "Teardown", "Delete"];
const ORIGIN: &str = "http://127.0.0.1:9";

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It never arrives, and we do not know.
    LostRequest,
    /// It has its effect, and we do not know.
    LostReply,
    /// It has its effect, and a proxy says 502.
    BadGateway,
    /// It has its effect only three requests later.
    Late,
    /// The line is down.
    NotSent,
    /// We die before it leaves.
    KillBefore,
    /// We die after it had its effect.
    KillAfter,
}

/// What goes wrong with one write to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// We die before it.
    Before,
    /// We die after it.
    After,
    /// We die in the middle of an appended line.
    Torn,
    /// The disk is full, once.
    Full,
}

#[derive(Clone, Copy, Debug)]
pub enum Disturbance {
    None,
    Request(usize, Cut),
    Write(usize, Tear),
}

/// Everything that outlives a run.
pub struct Sim {
    server: Arc<OmniServer>,
    key: Arc<SigningKey>,
    disk: Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>,
    clock: Arc<SimClock>,
    /// Successful creates by id, and writes that no journal had announced.
    seen: Arc<Mutex<Seen>>,
    seed: Arc<AtomicU64>,
}

#[derive(Default)]
pub struct Seen {
    pub creates: BTreeMap<String, usize>,
    pub unannounced: Vec<String>,
}

struct SimClock(AtomicU64);

impl Clock for SimClock {
    fn unix(&self) -> f64 {
        START as f64 + self.now().as_secs_f64()
    }
    fn now(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst))
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.0.fetch_add(duration.as_micros() as u64, Ordering::SeqCst);
            tokio::task::yield_now().await;
        })
    }
}

struct SimRng(Arc<AtomicU64>);

impl Rng for SimRng {
    fn fill(&self, bytes: &mut [u8]) {
        for b in bytes {
            let n = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            *b = ((n ^ (n >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 56) as u8;
        }
    }
}

/// Whether this run was killed; then nothing of it has any effect any more.
#[derive(Default)]
struct Life {
    dead: AtomicBool,
    died: tokio::sync::Notify,
}

impl Life {
    fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.died.notify_waiters();
        self.died.notify_one();
    }
    fn dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }
}

struct SimFs {
    disk: Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>,
    writes: AtomicUsize,
    tear: Option<(usize, Tear)>,
    life: Arc<Life>,
}

struct NoLock;
impl FsLock for NoLock {}

impl SimFs {
    fn write(&self, path: &Path, bytes: &[u8], append: bool) -> Result<(), FsError> {
        let other = |cause: &str| FsError::Other { path: path.display().to_string(), cause: cause.into() };
        if self.life.dead() {
            return Err(other("dead"));
        }
        let n = self.writes.fetch_add(1, Ordering::SeqCst);
        let tear = self.tear.filter(|(at, _)| *at == n).map(|(_, t)| t);
        let mut disk = self.disk.lock().unwrap();
        match tear {
            Some(Tear::Before) => {
                self.life.die();
                return Err(other("dead"));
            }
            Some(Tear::Full) => return Err(other("no space left on device")),
            Some(Tear::Torn) if append => {
                let half = &bytes[..bytes.len() / 2];
                disk.entry(path.to_owned()).or_default().extend_from_slice(half);
                self.life.die();
                return Err(other("dead"));
            }
            _ => {}
        }
        if append {
            disk.entry(path.to_owned()).or_default().extend_from_slice(bytes);
        } else {
            disk.insert(path.to_owned(), bytes.to_vec());
        }
        if matches!(tear, Some(Tear::After | Tear::Torn)) {
            self.life.die();
            return Err(other("dead"));
        }
        Ok(())
    }
}

impl Fs for SimFs {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FsError> {
        let disk = self.disk.lock().unwrap();
        disk.get(path).cloned().ok_or_else(|| FsError::Missing(path.display().to_string()))
    }
    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), FsError> {
        self.write(path, bytes, false)
    }
    fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), FsError> {
        self.write(path, bytes, true)
    }
    fn remove(&self, path: &Path) -> Result<(), FsError> {
        self.disk.lock().unwrap().remove(path);
        Ok(())
    }
    fn list(&self, path: &Path) -> Result<Vec<String>, FsError> {
        let disk = self.disk.lock().unwrap();
        Ok(disk
            .keys()
            .filter(|p| p.parent() == Some(path))
            .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
            .collect())
    }
    fn lock(&self, _path: &Path) -> Result<Box<dyn FsLock>, FsError> {
        Ok(Box::new(NoLock))
    }
}

struct SimNet {
    server: Arc<OmniServer>,
    clock: Arc<SimClock>,
    requests: Mutex<Vec<bool>>,
    cut: Option<(usize, Cut)>,
    late: Mutex<Option<(usize, HttpRequest)>>,
    life: Arc<Life>,
    disk: Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>,
    seen: Arc<Mutex<Seen>>,
}

impl SimNet {
    fn deliver(&self, request: &HttpRequest) -> NetReply {
        let now = self.clock.unix() as i64;
        let Answer::Now(reply) = self.server.handle(request, now, now) else {
            panic!("we never send Delete")
        };
        self.observe(request, reply.status);
        NetReply { status: reply.status, reason: None, headers: reply.headers, body: reply.body }
    }

    /// What an observer beside the server checks: creates happen once, and writes were announced.
    fn observe(&self, request: &HttpRequest, status: u16) {
        let Some(method) = request.path.rsplit('/').next() else { return };
        if !WRITING.contains(&method) {
            return;
        }
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let at = if body["resource"].is_object() { &body["resource"]["metadata"] } else { &body };
        let id = format!("{}/{}", at["type"].as_str().unwrap(), at["id"].as_str().unwrap());
        let mut seen = self.seen.lock().unwrap();
        if method == "Create" && status == 200 {
            *seen.creates.entry(id.clone()).or_default() += 1;
        }
        let wanted = format!("\"id\":{}", at["id"]);
        let announced = self.disk.lock().unwrap().iter().any(|(path, bytes)| {
            path.extension().is_some_and(|e| e == "jsonl")
                && String::from_utf8_lossy(bytes)
                    .lines()
                    .any(|l| l.contains("\"begin\"") && l.contains(&wanted))
        });
        if !announced {
            seen.unannounced.push(format!("{method} {id}"));
        }
    }
}

impl Net for SimNet {
    fn send(&self, request: NetRequest) -> BoxFuture<'_, Result<NetReply, NetError>> {
        Box::pin(async move {
            if self.life.dead() {
                return std::future::pending().await;
            }
            let n = {
                let mut requests = self.requests.lock().unwrap();
                requests.push(WRITING.iter().any(|w| request.target.ends_with(w)));
                requests.len() - 1
            };
            let due = self.late.lock().unwrap().take_if(|(at, _)| *at <= n);
            if let Some((_, late)) = due {
                self.deliver(&late);
            }
            let http = HttpRequest {
                method: "POST".into(),
                path: request.target,
                headers: request
                    .headers
                    .into_iter()
                    .map(|(name, value)| match value {
                        HeaderValue::Plain(v) => (name, v),
                        HeaderValue::Secret(v) => (name, v.expose().clone()),
                    })
                    .collect(),
                body: request.body,
            };
            let unknown = || Err(NetError::Unknown("connection reset".into()));
            match self.cut.filter(|(at, _)| *at == n).map(|(_, c)| c) {
                None => Ok(self.deliver(&http)),
                Some(Cut::NotSent) => Err(NetError::NotSent("connection refused".into())),
                Some(Cut::LostRequest) => unknown(),
                Some(Cut::LostReply) => {
                    self.deliver(&http);
                    unknown()
                }
                Some(Cut::BadGateway) => {
                    self.deliver(&http);
                    let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
                    Ok(NetReply { status: 502, reason: None, headers, body: b"<html>".to_vec() })
                }
                Some(Cut::Late) => {
                    *self.late.lock().unwrap() = Some((n + 3, http));
                    unknown()
                }
                Some(Cut::KillBefore) => {
                    self.life.die();
                    std::future::pending().await
                }
                Some(Cut::KillAfter) => {
                    self.deliver(&http);
                    self.life.die();
                    std::future::pending().await
                }
            }
        })
    }
}

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// Nothing was to do.
    Empty,
    /// It ran to its end.
    Ran(Box<Report>),
    /// It was killed.
    Killed,
    /// It did not start; why.
    NotStarted(#[expect(dead_code, reason = "shown when a test fails")] String),
}

/// A run's counters.
pub struct Run {
    pub ended: Ended,
    /// For each request whether it writes.
    pub requests: Vec<bool>,
    pub writes: usize,
}

impl Sim {
    pub fn new() -> Self {
        let store = Arc::new(LabStore::new());
        for (ns, kind, id, spec) in [
            (
                "default",
                "TalosVersions.omni.sidero.dev",
                "1.11.6",
                json!({"version": "1.11.6", "compatible_kubernetes_versions": ["1.34.3"]}),
            ),
            (
                "default",
                "TalosExtensions.omni.sidero.dev",
                "1.11.6",
                json!({"items": [{"name": "siderolabs/iscsi-tools"}, {"name": "siderolabs/qemu-guest-agent"}]}),
            ),
            (
                "infra-provider",
                "InfraProviderStatuses.omni.sidero.dev",
                "Proxmox",
                json!({"name": "Proxmox"}),
            ),
            (
                "ephemeral",
                "InfraProviderCombinedStatuses.omni.sidero.dev",
                "Proxmox",
                json!({"name": "Proxmox", "health": {"connected": true, "initialized": true}}),
            ),
        ] {
            store.put_back(Resource::new(Key::new(ns, kind, id), spec).owned_by("Test"));
        }
        let mail = "automation@serviceaccount.omni.sidero.dev";
        let pair =
            KeyPair::new(&[7; 64], &format!("automation (lab) <{mail}>"), START as i64 - 60, 86_400 * 300)
                .unwrap();
        let mut account = Account::new(mail, "user", Role::Admin);
        account.add_key(&pair.public()).unwrap();
        let server = OmniServer::new(store, vec![account], ServerVersion::V1_9_3, START as i64);
        let (key, _) = SigningKey::service_account(&pair.service_account_key("automation")).unwrap();
        Self {
            server: Arc::new(server),
            key: Arc::new(key),
            disk: Arc::default(),
            clock: Arc::new(SimClock(AtomicU64::new(0))),
            seen: Arc::default(),
            seed: Arc::new(AtomicU64::new(1)),
        }
    }

    /// Another world that stands where this one does.
    pub fn copy(&self) -> Self {
        let store = LabStore::restore(self.server.store().resources());
        let server =
            OmniServer::new(Arc::new(store), self.server.accounts(), ServerVersion::V1_9_3, START as i64);
        Self {
            server: Arc::new(server),
            key: self.key.clone(),
            disk: Arc::new(Mutex::new(self.disk.lock().unwrap().clone())),
            clock: Arc::new(SimClock(AtomicU64::new(self.clock.0.load(Ordering::SeqCst)))),
            seen: Arc::default(),
            seed: Arc::new(AtomicU64::new(self.seed.load(Ordering::SeqCst))),
        }
    }

    /// One process: recovers, plans and applies.
    pub fn run(&self, desired: &Desired, disturbance: Disturbance) -> Run {
        let life = Arc::new(Life::default());
        let (mut cut, mut tear) = (None, None);
        match disturbance {
            Disturbance::None => {}
            Disturbance::Request(at, c) => cut = Some((at, c)),
            Disturbance::Write(at, t) => tear = Some((at, t)),
        }
        let net = Arc::new(SimNet {
            server: self.server.clone(),
            clock: self.clock.clone(),
            requests: Mutex::default(),
            cut,
            late: Mutex::new(None),
            life: life.clone(),
            disk: self.disk.clone(),
            seen: self.seen.clone(),
        });
        let disk = Arc::new(SimFs {
            disk: self.disk.clone(),
            writes: AtomicUsize::new(0),
            tear,
            life: life.clone(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ended = runtime.block_on(async {
            tokio::select! {
                biased;
                () = life.died.notified() => Ended::Killed,
                ended = self.process(desired, net.clone(), disk.clone()) => ended,
            }
        });
        // Whatever was still on its way arrives now.
        let late = net.late.lock().unwrap().take();
        if let Some((_, late)) = late {
            net.deliver(&late);
        }
        let ended = if life.dead() { Ended::Killed } else { ended };
        let requests = net.requests.lock().unwrap().clone();
        Run { ended, requests, writes: disk.writes.load(Ordering::SeqCst) }
    }

    async fn process(&self, desired: &Desired, net: Arc<SimNet>, disk: Arc<SimFs>) -> Ended {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let rng: Arc<dyn Rng> = Arc::new(SimRng(self.seed.clone()));
        let stack =
            Stack::new(Origin::parse(ORIGIN).unwrap(), self.key.clone(), net, clock.clone(), rng.clone());
        let omni = OmniBackend::new(stack);
        let fs: Arc<dyn Fs> = disk;
        let store = LocalStore::new(fs.clone(), Path::new("/state"), "spec/omni.yaml", ORIGIN);
        let key = DigestKey::new([7; 32]);
        let stop = Stop::never();
        let observer = |_: &Event| {};
        let runs = store.runs();
        let hold = LocalHold::new(store.lease().unwrap());
        let outside = Outside {
            omni: &omni,
            clock: clock.as_ref(),
            rng: rng.as_ref(),
            key: &key,
            store: &store,
            hold: &hold,
            fs: &fs,
            runs: &runs,
            observer: &observer,
            stop: &stop,
            deadlines: Deadlines::default(),
            gates: &omni_scale::engine::gate::Open,
        };
        let record = match store.load().await {
            Ok(record) => record,
            Err(e) => return Ended::NotStarted(e.to_string()),
        };
        let record = match recover(outside, ORIGIN, record).await {
            Ok(record) => record,
            Err(e @ (RecoverError::Store(_) | RecoverError::Unreadable { .. })) => {
                return Ended::NotStarted(e.to_string());
            }
            Err(e) => panic!("{e}"),
        };
        let snapshot = refresh(&omni, &[], &Wanted::default()).await;
        let options = PlanOptions::default();
        let input =
            PlanInput { desired, snapshot: &snapshot, record: record.as_ref(), key: Some(&key), options };
        let plan = plan(&input).unwrap();
        let notes = second::unreviewed(&plan, &input);
        assert!(notes.is_empty(), "{notes:?}");
        if !plan.unknown.is_empty() {
            return Ended::NotStarted(plan.unknown.join("; "));
        }
        let plan = without_awaits(plan);
        if plan.steps.is_empty() {
            return Ended::Empty;
        }
        assert!(!plan.warnings.iter().any(|w| w.blocks), "{:?}", plan.warnings);
        match apply(outside, &plan, record).await {
            Ok(report) => Ended::Ran(Box::new(report)),
            Err(e) => Ended::NotStarted(e.to_string()),
        }
    }

    /// Users' resources, without what the server counts.
    pub fn resources(&self) -> BTreeMap<String, serde_json::Value> {
        self.server
            .store()
            .resources()
            .into_iter()
            .filter(|r| r.owner.is_empty() && omni_scale::lab::omni::schema::user_managed(&r.key.kind))
            .map(|r| {
                let id = format!("{}/{}", r.key.kind, r.key.id);
                (id, json!({"spec": r.spec, "labels": r.labels, "annotations": r.annotations, "phase": r.phase}))
            })
            .collect()
    }

    pub fn record(&self) -> Option<Record> {
        let disk = self.disk.lock().unwrap();
        let (path, bytes) = disk.iter().find(|(p, _)| {
            let name = p.file_name().unwrap().to_string_lossy();
            name.ends_with(".json") && !name.contains("backup")
        })?;
        Some(omni_scale::state::store::decode(&path.display().to_string(), bytes).unwrap())
    }

    pub fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap())
    }
}

/// Nothing moves behind this Omni, so that nothing is waited for.
fn without_awaits(mut plan: Plan) -> Plan {
    let awaits: Vec<_> =
        plan.steps.iter().filter(|s| matches!(s.operation, Operation::Await(_))).map(|s| s.id).collect();
    plan.steps.retain(|s| !awaits.contains(&s.id));
    for step in &mut plan.steps {
        step.after.retain(|(id, _)| !awaits.contains(id));
    }
    plan
}

/// What one version of a small repository asks for.
pub fn desired(template: &str, memory: u32) -> Desired {
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let source = sources.add("clusters/c.yaml", template);
    let documents = yaml::parse(source, template, &yaml::Limits::default()).unwrap();
    let files = FileMap { template_dir: "clusters".into(), allowed_dir: ".".into(), ..FileMap::default() };
    let loaded =
        template::load(template::Dialect::default(), source, &documents, &files, &mut sources, &mut sink);
    assert!(!sink.has_errors(), "{:?}", sink.all());
    let class = |id: &str| {
        let mut class = omni_scale::resource::Resource::new(omni_scale::resource::ResourceId::default_ns(
            "MachineClasses",
            id,
        ));
        class.spec = omni_scale::value::Value::from_json(&json!({
            "auto_provision": {"provider_id": "Proxmox", "provider_data": format!("cores: 4\nmemory: {memory}\n")}
        }));
        DesiredResource { address: omni_scale::address::Address::class(id), resource: class, source: None }
    };
    Desired {
        providers: vec![DesiredProvider { id: "Proxmox".into(), ..DesiredProvider::default() }],
        classes: vec![class("cp"), class("w")],
        clusters: vec![DesiredCluster {
            name: "c".into(),
            prune: omni_scale::plan::Prune::Record,
            resources: loaded
                .resources
                .into_iter()
                .map(|r| DesiredResource { address: r.address, resource: r.resource, source: None })
                .collect(),
            ..DesiredCluster::default()
        }],
        files_digest: "0".into(),
        ..Desired::default()
    }
}
