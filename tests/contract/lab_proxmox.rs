//! Two independent readings of Proxmox meet on the wire: our reader, and the lab's server over TLS.

use std::sync::Arc;
use std::time::Duration;

use omni_scale::backend::{ProxmoxApi, ProxmoxReader};
use omni_scale::lab::{Lab, LabOptions, Speed};
use omni_scale::live::placement::{NewMachine, Placement, Scheduler, predict, survival};
use omni_scale::live::{NodeStatus, Observation, ProxmoxFailure, ProxmoxSnapshot};
use omni_scale::wire::Fingerprint;
use omni_scale::wire::proxmox::Token;
use omni_scale::world::real::{RealNet, Trust};

async fn read(endpoints: &[String], pin: &str, token: &str) -> ProxmoxSnapshot {
    let pin = Fingerprint::parse(pin).unwrap();
    let net = RealNet::new(endpoints.iter().map(|e| (e.clone(), Trust::Pins(vec![pin])))).unwrap();
    let api = ProxmoxApi::new("matrix", endpoints.to_vec(), Token::parse(token).unwrap(), Arc::new(net));
    api.snapshot(omni_scale::backend::Depth::Storages).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contract_lab_proxmox_is_read_whole() {
    for world in ["fresh", "deployed", "matrix"] {
        let root = tempfile::tempdir().unwrap();
        let options = LabOptions {
            root: root.path().to_owned(),
            world: world.to_owned(),
            latency: Duration::ZERO,
            speed: Speed::Jump,
        };
        let lab = Lab::start(options).await.unwrap();
        let cluster = &lab.served().proxmox[0];
        let token = cluster.token.expose().clone();

        let seen = read(&cluster.endpoints, &cluster.sha256, &token).await;
        assert_eq!(seen.failure, None, "{world}");
        assert_eq!(seen.quorate, Observation::Known(true), "{world}");
        let nodes = seen.nodes.known().unwrap();
        let names: Vec<&str> = nodes.iter().map(|n| n.name.as_str()).collect();
        assert_eq!(names, ["foxtrot", "golf", "hotel"], "{world}");
        assert!(
            nodes.iter().all(|n| n.status == NodeStatus::Online && n.mem.is_some() && n.maxmem.is_some())
        );
        let guests = seen.guests.known().unwrap_or_else(|| panic!("{world}: {:?}", seen.guests));
        assert!(guests.iter().any(|g| g.vmid == 200), "{world}: the provider's container is a guest");
        for node in &names {
            let storages =
                seen.storages[*node].known().unwrap_or_else(|| panic!("{world}: {:?}", seen.storages));
            let disks = storages.iter().find(|s| s.name == "vm_ssd").unwrap();
            assert!(
                disks.enabled && disks.active && disks.content == ["images"] && disks.avail > 0,
                "{disks:?}"
            );
        }
        assert!(seen.version.known().is_some_and(|v| v.starts_with(char::is_numeric)));

        // What the reader sees is enough to foresee the provider's choice.
        let machine = NewMachine { set: "new-control-planes".to_owned(), pinned: None, memory_mib: 8192 };
        let placed = predict(Scheduler::MostFree, nodes, Some(guests), &vec![machine; 3]);
        let Placement::Node(node) = &placed[0] else { panic!("{world}: {placed:?}") };
        let by_node = [(node.clone(), placed.iter().filter(|p| *p == &placed[0]).count())].into();
        let warning = survival(&by_node, 0).warning();
        assert_eq!(
            warning,
            Some(format!("3 of 3 control planes on {node}: no single-node survival")),
            "{world}"
        );

        let other = Fingerprint::from_digest([7; 32]).to_string();
        match read(&cluster.endpoints, &other, &token).await.failure {
            Some(ProxmoxFailure::Untrusted { fingerprint, .. }) => {
                assert_eq!(fingerprint.as_deref(), Some(cluster.sha256.as_str()), "{world}");
            }
            other => panic!("{world}: {other:?}"),
        }
        let stranger = read(&cluster.endpoints, &cluster.sha256, "root@pam!stranger=canary").await;
        assert!(
            matches!(stranger.failure, Some(ProxmoxFailure::Unauthenticated { .. })),
            "{world}: {stranger:?}"
        );
        assert!(stranger.guests.unknown().is_some());
        lab.stop().await.unwrap();
    }
}
