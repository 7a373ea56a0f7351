//! Credentials go where their operator bound them, and nowhere else.

use omni_scale::lab::omni::pgp::KeyPair;

use crate::repository::{Ran, Repository};

pub fn key() -> String {
    let mail = "automation@serviceaccount.omni.sidero.dev";
    let user = format!("automation (test) <{mail}>");
    let pair = KeyPair::new(&[3; 64], &user, 1_790_000_000, 86_400 * 365).unwrap();
    pair.service_account_key("automation").expose().clone()
}

fn with(r: &Repository, variables: &[(&str, &str)]) -> Ran {
    let mut command = r.command(&["plan"]);
    command.envs(variables.iter().copied());
    Ran::new(command.output().unwrap())
}

#[test]
fn without_a_key_nothing_is_asked() {
    with(&Repository::new(), &[]).exits(7).says("OMNI_SERVICE_ACCOUNT_KEY");
}

#[test]
fn a_key_that_is_not_bound_to_the_specs_endpoint_is_not_sent() {
    let (r, key) = (Repository::new(), key());
    with(&r, &[("OMNI_SERVICE_ACCOUNT_KEY", &key)])
        .exits(7)
        .says("nothing was sent")
        .says("OMNI_ENDPOINT=https://omni.spaceships.work");
    let elsewhere =
        with(&r, &[("OMNI_SERVICE_ACCOUNT_KEY", &key), ("OMNI_ENDPOINT", "https://omni.example.net")])
            .exits(7)
            .says("binds it to `https://omni.example.net`");
    assert!(!elsewhere.err.contains(&key));
}

#[test]
fn a_broken_key_is_not_quoted() {
    let ran = with(&Repository::new(), &[("OMNI_SERVICE_ACCOUNT_KEY", "c2VjcmV0LWNhbmFyeQ==")]).exits(7);
    assert!(!ran.err.contains("c2VjcmV0") && !ran.err.contains("secret-canary"), "{}", ran.err);
}

#[test]
fn an_omni_that_does_not_answer_is_69() {
    let (r, key) = (Repository::new(), key());
    // A port that was free a moment ago: nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    r.edit("spec/omni.yaml", "https://omni.spaceships.work", &endpoint);
    with(&r, &[("OMNI_SERVICE_ACCOUNT_KEY", &key), ("OMNI_ENDPOINT", &endpoint)])
        .exits(69)
        .says("cannot be reached");
}

/// A world served by another process, with the environment that it prints.
pub struct Served {
    child: std::process::Child,
    pub env: Vec<(String, String)>,
}

impl Served {
    pub fn up(r: &Repository) -> Self {
        Self::with(r, &[])
    }

    pub fn with(r: &Repository, arguments: &[&str]) -> Self {
        use std::io::BufRead as _;
        let mut child = r
            .command(&[&["lab", "up", "fresh"], arguments].concat())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
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
        Self { child, env }
    }

    fn plan(&self, r: &Repository, changed: &[(&str, &str)]) -> Ran {
        let mut command = r.command(&["plan"]);
        command.envs(self.env.iter().cloned()).envs(changed.iter().copied());
        Ran::new(command.output().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_proxmox_that_refuses_the_token_is_7_and_one_that_does_not_answer_69() {
    let r = Repository::new();
    let served = Served::up(&r);
    served.plan(&r, &[]).exits(0);
    let wrong = "terraform@pam!automation=ffffffff-0000-4000-8000-ffffffffffff";
    let ran = served.plan(&r, &[("PROXMOX_VE_API_TOKEN", wrong)]).exits(7).says("does not accept the token");
    assert!(!ran.err.contains("ffffffff") && !ran.out.contains("ffffffff"), "{}", ran.err);

    let spec = "state/lab/fresh/spec.yaml";
    let (_, real) = served.env.iter().find(|(name, _)| name == "PROXMOX_VE_ENDPOINT").unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let silent = format!("https://127.0.0.1:{port}");
    r.edit(spec, real, &silent);
    let ran = served.plan(&r, &[("PROXMOX_VE_ENDPOINT", &silent)]).exits(69);
    assert!(ran.out.contains("cannot be reached"), "{}", ran.out);
    // The Omni side is planned all the same.
    assert!(ran.out.contains("class/matrix-control-plane"), "{}", ran.out);
}
