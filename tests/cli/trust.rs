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
