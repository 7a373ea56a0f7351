//! What `doctor` finds: in every recorded variant of a Proxmox cluster, over the lab's Omni, exactly what is committed as its
//! list; and in the lab's worlds what is true there, and nothing else.

use std::collections::BTreeSet;
use std::io::{BufRead as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use omni_scale::diff::documents;
use omni_scale::value::Value;
use omni_scale::wire::Fingerprint;
use sha2::{Digest as _, Sha256};

use crate::proxmox::{Exchange, answer, cluster, read_head, recordings};
use crate::support::{Facts, Tally};

/// Findings of each variant, written before the rules.
const VARIANTS: &str = include_str!("../fixtures/findings/variants.yaml");
/// Findings of each world of the lab.
const WORLDS: &str = include_str!("../fixtures/findings/worlds.yaml");
const SECRET: &str = "00000000-canary-0000";

/// The Omni of a spec that is not asked.
const NOWHERE: &str = "https://omni.example.net";

/// A finding: rule and subject.
type Found = BTreeSet<(String, String)>;

/// The files of a deployment whose machines the world `matrix` has.
fn repository(omni: &str, proxmox: &str, pin: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "spec/omni.yaml",
        &format!(
            "omni:\n  endpoint: {omni}\nproxmox:\n  matrix:\n    endpoints: ['{proxmox}']\n    tls: {{ sha256: '{pin}' }}\n    nodes: [foxtrot, golf, hotel]\nproviders:\n  matrix-cluster:\n    proxmox: matrix\n    container: {{ node: foxtrot, vmid: 200 }}\nmachine_classes: [machine-classes]\nclusters: {{ paths: [clusters], prune: record }}\nstate: {{ store: local }}\n"
        ),
    );
    let class = |id: &str, cores: u32, memory: u32, disk: u32, storage: &str, node: &str| {
        format!(
            "metadata:\n  namespace: default\n  type: MachineClasses.omni.sidero.dev\n  id: {id}\nspec:\n  autoprovision:\n    providerid: matrix-cluster\n    providerdata: |\n      cores: {cores}\n      sockets: 1\n      memory: {memory}\n      disk_size: {disk}\n      network_bridge: vmbr0\n      storage_selector: name == \"{storage}\"\n{node}      cpu_type: host\n      machine_type: q35\n      balloon: false\n      disk_ssd: true\n      disk_discard: true\n      disk_cache: none\n      disk_iothread: true\n      disk_aio: io_uring\n"
        )
    };
    write("machine-classes/control-plane.yaml", &class("matrix-control-plane", 4, 8192, 40, "local-lvm", ""));
    let mut template = "kind: Cluster\nname: talos-prod-01\nkubernetes:\n  version: v1.35.0\ntalos:\n  version: v1.12.0\n---\nkind: ControlPlane\nmachineClass:\n  name: matrix-control-plane\n  size: 3\n".to_owned();
    for node in ["foxtrot", "golf", "hotel"] {
        let id = format!("matrix-worker-{node}");
        let text = class(&id, 8, 16384, 100, "vm_ssd", &format!("      node: {node}\n"));
        write(&format!("machine-classes/worker-{node}.yaml"), &text);
        template.push_str(&format!(
            "---\nkind: Workers\nname: worker-{node}\nmachineClass:\n  name: {id}\n  size: 1\n"
        ));
    }
    write("clusters/talos-prod-01.yaml", &template);
    folder
}

fn binary(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omni-scale"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("PATH", std::env::var_os("PATH").unwrap())
        .stdin(Stdio::null());
    command
}

/// A world that another process serves, with the environment that it prints.
struct Served {
    child: Child,
    env: Vec<(String, String)>,
    _folder: tempfile::TempDir,
}

impl Served {
    fn up(world: &str) -> Self {
        let folder = repository(NOWHERE, "https://192.0.2.1:8006", &"00".repeat(32));
        let mut child = binary(folder.path(), &["lab", "up", world])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut env = Vec::new();
        for line in std::io::BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
            env.push((name.to_owned(), value.trim_matches('\'').to_owned()));
            if name == "OMNI_SCALE_SPEC" {
                break;
            }
        }
        Self { child, env, _folder: folder }
    }
    fn get(&self, name: &str) -> &str {
        self.env.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Recordings over TLS.
struct Node {
    origin: String,
    pin: String,
}

impl Node {
    fn serve(exchanges: Vec<Exchange>) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let pin = Fingerprint::from_digest(Sha256::digest(&certificate).into()).to_string();
        let key = rustls_pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
        let (config, exchanges) = (Arc::new(config), Arc::new(exchanges));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("https://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (config, exchanges) = (Arc::clone(&config), Arc::clone(&exchanges));
                std::thread::spawn(move || {
                    let session = rustls::ServerConnection::new(config).unwrap();
                    let mut stream = rustls::StreamOwned::new(session, socket.unwrap());
                    while let Some(head) = read_head(&mut stream) {
                        let reply = answer(&exchanges, &head);
                        if stream.write_all(reply.as_bytes()).and_then(|()| stream.flush()).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { origin, pin }
    }
}

/// Rules and subjects of a report.
fn found(output: &Output) -> Result<Found, String> {
    let json: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("{e}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains("canary") || String::from_utf8_lossy(&output.stderr).contains("canary") {
        return Err("the secret is in the output".to_owned());
    }
    let all = json["findings"].as_array().ok_or("no findings")?;
    Ok(all
        .iter()
        .map(|f| {
            let word = |key: &str| f[key].as_str().unwrap_or_default().to_owned();
            (word("rule"), word("subject"))
        })
        .collect())
}

fn listed(value: &Value) -> Found {
    let all = value.as_list().unwrap_or_default().iter();
    all.map(|f| {
        let word = |key: &str| f.get(key).and_then(Value::as_str).unwrap().to_owned();
        assert!(f.get("why").is_some() || f.get("rule").is_some());
        (word("rule"), word("subject"))
    })
    .collect()
}

fn committed(text: &str) -> Value {
    documents(text).unwrap().remove(0)
}

fn same(have: &Found, want: &Found) -> Result<(), String> {
    let only = |a: &Found, b: &Found| -> Vec<String> {
        a.difference(b).map(|(rule, subject)| format!("{rule} {subject}")).collect()
    };
    let (more, less) = (only(have, want), only(want, have));
    if more.is_empty() && less.is_empty() {
        return Ok(());
    }
    Err(format!("found besides: {more:?}; not found: {less:?}"))
}

#[test]
fn contract_findings_of_variants() {
    let suite = "findings of variants";
    let Some(recorded) = recordings(suite) else { return };
    let lists = committed(VARIANTS);
    let base = listed(lists.get("base").unwrap());
    let lists = lists.get("variants").unwrap();
    let served = Served::up("matrix");
    let mut tally = Tally::new(suite);
    assert_eq!(
        lists.as_map().unwrap().keys().collect::<BTreeSet<_>>(),
        recorded.variants.keys().collect(),
        "every variant has its list"
    );
    let mut worlds = vec![("base".to_owned(), Vec::new())];
    worlds.extend(recorded.variants.clone());
    for (name, overrides) in worlds {
        let facts = Facts::from([("variant".to_owned(), name.clone())]);
        tally.case(&name, &facts, || {
            let mut list = lists.get(&name);
            if let Some(other) = list.and_then(|l| l.get("same")).and_then(Value::as_str) {
                list = lists.get(other);
            }
            let (list, without) = match list {
                Some(map @ Value::Map(_)) => (map.get("found"), map.get("without").map(listed)),
                other => (other, None),
            };
            let mut want: Found = base.union(&list.map(listed).unwrap_or_default()).cloned().collect();
            for finding in without.unwrap_or_default() {
                assert!(want.remove(&finding), "{finding:?} is not in the base");
            }
            let node = Node::serve(cluster(&recorded.base, &overrides));
            let folder = repository(served.get("OMNI_ENDPOINT"), &node.origin, &node.pin);
            let mut command = binary(folder.path(), &["doctor", "--format", "json"]);
            for key in ["OMNI_ENDPOINT", "OMNI_SERVICE_ACCOUNT_KEY"] {
                command.env(key, served.get(key));
            }
            if name != "no-credentials" {
                command
                    .env("PROXMOX_VE_ENDPOINT", &node.origin)
                    .env("PROXMOX_VE_API_TOKEN", format!("terraform@pam!automation={SECRET}"));
            }
            let output = command.output().unwrap();
            let refused = matches!(name.as_str(), "token-expired" | "token-invalid");
            let code = output.status.code();
            if code != Some(if refused { 7 } else { 0 }) {
                return Err(format!("exit {code:?}: {}", String::from_utf8_lossy(&output.stderr)));
            }
            same(&found(&output)?, &want)
        });
    }
    tally.finish();
}

#[test]
fn contract_findings_of_worlds() {
    let suite = "findings of worlds";
    let mut tally = Tally::new(suite);
    let lists = committed(WORLDS);
    for (name, list) in lists.as_map().unwrap() {
        let facts = Facts::from([("world".to_owned(), name.clone())]);
        tally.case(name, &facts, || {
            let folder = if name == "matrix" {
                repository(NOWHERE, "https://192.0.2.1:8006", &"00".repeat(32))
            } else {
                let folder = tempfile::tempdir().unwrap();
                for part in ["spec", "machine-classes", "clusters", "proxmox-provider"] {
                    crate::matrix::copy(
                        &Path::new(env!("CARGO_MANIFEST_DIR")).join(part),
                        &folder.path().join(part),
                    );
                }
                folder
            };
            let world = format!("--lab={name}");
            let output = binary(folder.path(), &["doctor", &world, "--format", "json"]).output().unwrap();
            same(&found(&output)?, &listed(list))
        });
    }
    tally.finish();
}
