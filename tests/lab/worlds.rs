//! Worlds are served, kept, reset and broken.

use std::path::Path;
use std::time::{Duration, Instant};

use omni_scale::lab::{self, Lab, LabError, LabOptions, Speed};
use omni_scale::secret::Secret;
use omni_scale::wire::Fingerprint;
use omni_scale::world::real::{RealNet, Trust};
use omni_scale::world::{Deadline, HeaderValue, Method, Net as _, NetError, NetReply, NetRequest};

async fn start(root: &Path, world: &str, speed: Speed) -> Result<Lab, LabError> {
    let options =
        LabOptions { root: root.to_owned(), world: world.to_owned(), latency: Duration::ZERO, speed };
    Lab::start(options).await
}

async fn send(lab: &Lab, method: Method, origin: &str, target: &str, token: Option<&str>) -> NetReply {
    let pin = Fingerprint::parse(&lab.proxmox()[0].sha256).unwrap();
    let trusts = [
        (lab.omni_endpoint().to_owned(), Trust::SystemRoots),
        (lab.proxmox()[0].endpoints[0].clone(), Trust::Pins(vec![pin])),
    ];
    let mut headers = vec![("content-type".to_owned(), HeaderValue::Plain("application/json".to_owned()))];
    if let Some(token) = token {
        headers.push((
            "authorization".to_owned(),
            HeaderValue::Secret(Secret::new(format!("PVEAPIToken={token}"))),
        ));
    }
    let request = NetRequest {
        method,
        origin: origin.to_owned(),
        target: target.to_owned(),
        headers,
        body: if method == Method::Get { Vec::new() } else { b"{}".to_vec() },
        deadline: Deadline { connect: Duration::from_secs(5), total: Duration::from_secs(30) },
        limit: 1 << 20,
    };
    RealNet::new(trusts).unwrap().send(request).await.unwrap()
}

fn json(reply: &NetReply) -> serde_json::Value {
    serde_json::from_slice(&reply.body).unwrap()
}

#[tokio::test]
async fn both_servers_answer_and_every_request_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let lab = start(folder.path(), "fresh", Speed::Jump).await.unwrap();
    let origin = lab.proxmox()[0].endpoints[0].clone();
    let token = lab.proxmox()[0].token.expose().clone();

    let version = send(&lab, Method::Get, &origin, "/api2/json/version", Some(&token)).await;
    assert_eq!((version.status, json(&version)["data"]["version"].as_str()), (200, Some("9.1.4")));
    let nodes = json(&send(&lab, Method::Get, &origin, "/api2/json/nodes", Some(&token)).await);
    let names: Vec<&str> =
        nodes["data"].as_array().unwrap().iter().map(|n| n["node"].as_str().unwrap()).collect();
    assert_eq!(names, ["foxtrot", "golf", "hotel"]);
    let container =
        send(&lab, Method::Get, &origin, "/api2/json/nodes/foxtrot/lxc/200/status/current", Some(&token))
            .await;
    assert_eq!(json(&container)["data"]["name"], "omni-provider");

    let wrong = send(&lab, Method::Get, &origin, "/api2/json/version", Some("a@pam!b=c")).await;
    assert_eq!(
        (wrong.status, wrong.reason.as_deref(), wrong.body.len()),
        (401, Some("Authentication failed!"), 0)
    );
    let unknown = send(&lab, Method::Get, &origin, "/api2/json/nodes/golf/nosuch", Some(&token)).await;
    assert_eq!(unknown.reason.as_deref(), Some("Method 'GET /nodes/golf/nosuch' not implemented"));
    let missing =
        send(&lab, Method::Get, &origin, "/api2/json/nodes/golf/qemu/999/config", Some(&token)).await;
    assert_eq!(
        (missing.status, missing.reason.as_deref()),
        (500, Some("Configuration file 'nodes/golf/qemu-server/999.conf' does not exist"))
    );
    let unsigned =
        send(&lab, Method::Post, lab.omni_endpoint(), "/api/omni.resources.ResourceService/List", None).await;
    assert_eq!(unsigned.status, 401);

    let log = std::fs::read_to_string(folder.path().join("fresh/requests.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 7);
    assert_eq!(lines.iter().filter(|l| l["server"] == "omni").count(), 1);
    assert!(!log.contains(token.split_once('=').unwrap().1), "no secret in the log");
    assert_eq!(lab.counts().requests, 7);
}

#[tokio::test]
async fn a_certificate_that_is_not_pinned_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lab = start(folder.path(), "fresh", Speed::Jump).await.unwrap();
    let origin = lab.proxmox()[0].endpoints[0].clone();
    let other = Fingerprint::parse(&["AB"; 32].join(":")).unwrap();
    let net = RealNet::new([(origin.clone(), Trust::Pins(vec![other]))]).unwrap();
    let request = NetRequest {
        method: Method::Get,
        origin,
        target: "/api2/json/version".to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        deadline: Deadline { connect: Duration::from_secs(5), total: Duration::from_secs(30) },
        limit: 1 << 20,
    };
    let Err(NetError::Untrusted { fingerprint, .. }) = net.send(request).await else { panic!("trusted") };
    assert_eq!(fingerprint.as_deref(), Some(lab.proxmox()[0].sha256.as_str()));
}

#[tokio::test]
async fn waiting_takes_no_time_and_several_waiters_wake_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let lab = start(folder.path(), "deployed", Speed::Jump).await.unwrap();
    let (clock, began) = (lab.clock(), Instant::now());
    let start = clock.now();
    let seen = std::sync::Mutex::new(Vec::new());
    let wait = |name: &'static str, seconds: u64| {
        let (clock, seen) = (&clock, &seen);
        async move {
            clock.sleep(Duration::from_secs(seconds)).await;
            seen.lock().unwrap().push((name, clock.now().checked_sub(start).unwrap().as_secs()));
        }
    };
    futures::join!(wait("hour", 3600), wait("minute", 60), wait("day", 86_400));
    assert_eq!(*seen.lock().unwrap(), [("minute", 60), ("hour", 3600), ("day", 86_400)]);
    assert!(began.elapsed() < Duration::from_mins(1));
}

#[tokio::test]
async fn a_world_is_kept_until_it_is_reset() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let lab = start(root, "deployed", Speed::Jump).await.unwrap();
    let counts = lab.counts();
    assert_eq!((counts.vms, counts.machines, counts.requests_open), (6, 5, 5));
    assert!(matches!(start(root, "deployed", Speed::Jump).await, Err(LabError::InUse(_))));
    lab.clock().sleep(Duration::from_hours(2)).await;
    let later = lab.clock().now();
    lab.stop().await.unwrap();

    lab::inject(root, "deployed", "cni-installed:other").unwrap();
    let again = start(root, "deployed", Speed::Jump).await.unwrap();
    assert_eq!(again.clock().now(), later);
    assert_eq!(again.counts().machines, 5);
    again.stop().await.unwrap();
    lab::reset(root, "deployed").unwrap();
    let anew = start(root, "deployed", Speed::Jump).await.unwrap();
    assert!(anew.clock().now() < later);
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let unknown = start(root, "nowhere", Speed::Jump).await.err().unwrap().to_string();
    assert_eq!(
        unknown,
        "there is no world `nowhere`; worlds are fresh, deployed, matrix, fresh-1.9, deployed-1.9, matrix-1.9, fleet-N"
    );
    for name in ["../up", "..", ".", ".hidden", ""] {
        assert!(start(root, name, Speed::Jump).await.is_err(), "{name}");
    }
    let fault = lab::inject(root, "fresh", "flood").unwrap_err().to_string();
    assert!(
        fault.starts_with("there is no fault `flood`; faults are\n  node-offline:<a Proxmox node>\n  "),
        "{fault}"
    );
    let target = lab::inject(root, "fresh", "node-offline:kilo").unwrap_err().to_string();
    assert_eq!(target, "the world has no node `kilo`");
}

#[tokio::test]
async fn another_process_finds_a_world_that_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let lab = start(folder.path(), "fresh", Speed::Times(60.0)).await.unwrap();
    let found = lab::attached(folder.path(), "fresh").unwrap();
    assert_eq!(found.omni_endpoint, lab.omni_endpoint());
    assert_eq!(found.proxmox[0].sha256, lab.proxmox()[0].sha256);
    assert_eq!(found.service_account_key.expose(), lab.service_account_key().expose());
    lab.stop().await.unwrap();
    assert!(lab::attached(folder.path(), "fresh").is_none());
}
