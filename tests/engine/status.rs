//! Waiting for a status, in virtual time against worlds of the lab.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use omni_scale::backend::{OmniBackend, ProxmoxApi, ProxmoxReader};
use omni_scale::client::{Origin, SigningKey, Stack};
use omni_scale::engine::refresh::StatusLook;
use omni_scale::engine::stop::{self, Stop};
use omni_scale::engine::wait::{Watched, watch};
use omni_scale::lab::{Lab, LabOptions, Speed};
use omni_scale::live::Snapshot;
use omni_scale::wire::Fingerprint;
use omni_scale::wire::proxmox::Token;
use omni_scale::world::Clock;
use omni_scale::world::real::{RealNet, RealRng, Trust};

/// A world whose clock jumps, and a client for it.
pub struct World {
    pub lab: Lab,
    pub omni: OmniBackend,
    pub proxmox: Vec<Arc<dyn ProxmoxReader>>,
    clock: Arc<dyn Clock>,
}

impl World {
    pub async fn start(root: &Path, world: &str) -> Self {
        let lab = Lab::start(LabOptions {
            root: root.to_owned(),
            world: world.to_owned(),
            latency: Duration::ZERO,
            speed: Speed::Jump,
        })
        .await
        .unwrap();
        let served = lab.served().clone();
        let origin = Origin::parse(&served.omni_endpoint).unwrap();
        let (key, _) = SigningKey::service_account(&served.service_account_key).unwrap();
        let mut trusts = vec![(origin.as_str().to_owned(), Trust::SystemRoots)];
        for cluster in &served.proxmox {
            let pin = Fingerprint::parse(&cluster.sha256).unwrap();
            trusts.extend(cluster.endpoints.iter().map(|e| (e.clone(), Trust::Pins(vec![pin]))));
        }
        let net = Arc::new(RealNet::new(trusts).unwrap());
        let clock = lab.clock();
        let stack = Stack::new(origin, Arc::new(key), net.clone(), clock.clone(), Arc::new(RealRng));
        let proxmox = served.proxmox.iter().map(|c| {
            let token = Token::parse(c.token.expose()).unwrap();
            let api = ProxmoxApi::new(c.name.clone(), c.endpoints.clone(), token, net.clone());
            Arc::new(api) as Arc<dyn ProxmoxReader>
        });
        Self { omni: OmniBackend::new(stack), proxmox: proxmox.collect(), clock, lab }
    }
    /// Virtual time since `start`.
    fn since(&self, start: Duration) -> Duration {
        self.clock.now().saturating_sub(start)
    }
    fn look(&self) -> StatusLook<'_> {
        StatusLook::new(&self.omni, &self.proxmox, self.clock.as_ref(), false)
    }
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test]
async fn what_is_never_up_is_waited_for_until_the_deadline_exactly() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path(), "fresh").await;
    let (start, mut looks) = (world.clock.now(), 0);
    let ended = watch(&mut world.look(), &Stop::never(), seconds(90), false, &mut |_| {
        looks += 1;
        false
    })
    .await;
    assert_eq!((ended, world.since(start)), (Watched::TimedOut, seconds(90)));
    assert!((45..60).contains(&looks), "{looks}");
    world.lab.stop().await.unwrap();
}

#[tokio::test]
async fn up_counts_only_when_it_lasts() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path(), "fresh").await;
    // Up at first, off and on for a while, then for good.
    let answers = Mutex::new([true, false, true, false].into_iter());
    let (start, mut since) = (world.clock.now(), None);
    let ended = watch(&mut world.look(), &Stop::never(), seconds(60), true, &mut |_| {
        let up = answers.lock().unwrap().next().unwrap_or(true);
        let now = world.since(start);
        since = if up { since.or(Some(now)) } else { None };
        up
    })
    .await;
    assert_eq!(ended, Watched::Up);
    let lasted = world.since(start).saturating_sub(since.unwrap());
    assert!(lasted >= seconds(1), "{lasted:?}");

    // What is up at the deadline is not given up on.
    let ended =
        watch(&mut world.look(), &Stop::never(), Duration::from_millis(100), false, &mut |_| true).await;
    assert_eq!(ended, Watched::Up);
    world.lab.stop().await.unwrap();
}

#[tokio::test]
async fn an_interrupt_ends_it_between_two_looks() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path(), "fresh").await;
    let (sender, stop) = stop::channel();
    let mut looks = 0;
    let ended = watch(&mut world.look(), &stop, seconds(3600), false, &mut |_| {
        looks += 1;
        if looks == 3 {
            sender.stop();
        }
        false
    })
    .await;
    assert_eq!((ended, looks), (Watched::Stopped, 3));
    world.lab.stop().await.unwrap();
}

#[tokio::test]
async fn proxmox_is_asked_less_often_than_omni_and_stays_known() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path(), "deployed").await;
    let vms = |seen: &Snapshot| seen.proxmox["matrix"].guests.known().map_or(0, Vec::len);
    let mut look = world.look();
    let (mut looks, mut all) = (0u64, true);
    watch(&mut look, &Stop::never(), seconds(60), false, &mut |seen| {
        looks += 1;
        all &= vms(seen) > 5;
        false
    })
    .await;
    assert!(all, "every look has the VMs");
    let log = std::fs::read_to_string(dir.path().join("deployed/requests.jsonl")).unwrap();
    let lines = || log.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    let of = |path: &str| lines().filter(|l| l.to_string().contains(path)).count() as u64;
    assert_eq!(of("ClusterStatuses.omni"), looks);
    let resources = of("/cluster/resources");
    assert!((6..=8).contains(&resources), "{resources} of {looks}");
    world.lab.stop().await.unwrap();
}
