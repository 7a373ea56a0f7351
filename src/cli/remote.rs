//! The record's object store: credentials, their binding, and who we are for others that meet our lease.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::credentials::{self, variable};
use super::exit::Exit;
use super::fail::Fail;
use super::streams::Streams;
use crate::client::store_trust::{ENDPOINTS, Named, STORE, Unbound, bound, trust_line};
use crate::secret::Secret;
use crate::spec::ObjectStore;
use crate::state::lease::{Holder, TTL};
use crate::state::object::{Bucket, Keys, Location};
use crate::state::remote::RemoteStore;
use crate::state::seal::Seal;
use crate::world::Clock;
use crate::world::real::{RealNet, Trust};

/// Shortens the life of leases, seconds; for tests of takeovers.
const TTL_VARIABLE: &str = "OMNI_SCALE_LEASE_TTL";

/// Where the record is, and what makes that server trusted.
#[derive(Clone, Debug)]
pub(super) struct StoreTarget {
    pub(super) store: ObjectStore,
    pub(super) trust: Trust,
}

/// The store of the record of `omni`. Nothing is sent yet, and nothing will be to a store that is not bound.
pub(super) fn open(
    target: &StoreTarget,
    spec: &str,
    omni: &str,
    clock: &Arc<dyn Clock>,
    streams: &Streams,
) -> Result<RemoteStore, Fail> {
    let store = &target.store;
    bind(store, streams)?;
    let keys = keys()?;
    connect(store, &store.endpoint, target.trust.clone(), &keys, spec, omni, clock)
}

/// The same with credentials and an endpoint of the lab.
pub(super) fn connect(
    store: &ObjectStore,
    origin: &str,
    trust: Trust,
    keys: &Keys,
    spec: &str,
    omni: &str,
    clock: &Arc<dyn Clock>,
) -> Result<RemoteStore, Fail> {
    let net = RealNet::new([(origin.to_owned(), trust)]).map_err(|e| Fail::new(Exit::Auth, e.to_string()))?;
    let location = Location {
        bucket: store.bucket.clone(),
        prefix: store.prefix.clone(),
        region: store.region.clone(),
        origin: origin.to_owned(),
    };
    let bucket = Bucket::new(&location, keys, Arc::new(net), Arc::clone(clock))?;
    Ok(RemoteStore::new(Arc::new(bucket), Seal::new(credentials::seal_keys()?), spec, omni))
}

fn keys() -> Result<Keys, Fail> {
    let (Some(access), Some(secret)) =
        (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY").map(Secret::new))
    else {
        return Err(Fail::new(Exit::Auth, "there are no credentials for the record's store").help(
            "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, and `AWS_SESSION_TOKEN` with temporary ones; profiles and roles of machines are not looked for",
        ));
    };
    Ok(Keys {
        access: access.trim().to_owned(),
        secret: Secret::new(secret.expose().trim().to_owned()),
        token: variable("AWS_SESSION_TOKEN").map(|t| Secret::new(t.trim().to_owned())),
    })
}

fn bind(store: &ObjectStore, streams: &Streams) -> Result<(), Fail> {
    let (path, file, shown) = credentials::trust_file();
    let variables: BTreeMap<String, String> = std::iter::once(STORE)
        .chain(ENDPOINTS)
        .filter_map(|n| variable(n).map(|v| (n.to_owned(), v)))
        .collect();
    let named = Named { url: &store.url, endpoint: &store.endpoint, aws: store.aws };
    let unbound = match bound(named, &variables, &file, &shown) {
        Ok(()) => return Ok(()),
        Err(unbound) => unbound,
    };
    let refused = Fail::new(Exit::Auth, unbound.to_string());
    let asks = matches!(unbound, Unbound::Nowhere { .. })
        && !variables.contains_key(STORE)
        && credentials::may_ask();
    let Some(path) = path.filter(|_| asks) else { return Err(refused) };
    streams.tell(&format!(
        "Keep the record at {} ({}) with the credentials in the environment? It is remembered in {shown}. [y/N]",
        store.url, store.endpoint
    ));
    if !credentials::yes() {
        return Err(refused);
    }
    let line = trust_line(named) + "\n";
    let fs = crate::world::real::RealFs::new();
    crate::world::Fs::append(&fs, &path, line.as_bytes()).map_err(|e| Fail::new(Exit::Error, e.to_string()))
}

/// Life of the leases that we take, seconds.
pub(super) fn ttl() -> u64 {
    variable(TTL_VARIABLE).and_then(|t| t.trim().parse().ok()).map_or(TTL, |t: u64| t.clamp(2, 120))
}

/// Who we are, for people who meet our lease.
pub(super) fn holder(purpose: &str) -> Holder {
    let host = host();
    let by_hand = || format!("{}@{host}", plain(&variable("USER").unwrap_or_default(), 40, "somebody"));
    let (who, url) = github().or_else(gitlab).map_or_else(|| (by_hand(), None), |(who, url)| (who, url));
    Holder { who, host, pid: std::process::id(), url, purpose: purpose.to_owned() }
}

/// This machine's name.
fn host() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    plain(kernel.or_else(|| variable("HOSTNAME")).unwrap_or_default().trim(), 64, "a machine")
}

/// A name made of letters, digits and a few marks, else `otherwise`.
fn plain(text: &str, max: usize, otherwise: &str) -> String {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if text.is_empty() || text.len() > max || !text.chars().all(good) {
        otherwise.to_owned()
    } else {
        text.to_owned()
    }
}

fn github() -> Option<(String, Option<String>)> {
    variable("GITHUB_ACTIONS").filter(|v| v == "true")?;
    let run = digits("GITHUB_RUN_ID")?;
    let branch = plain(&variable("GITHUB_REF_NAME").unwrap_or_default(), 80, "a branch");
    let commit: String = variable("GITHUB_SHA").unwrap_or_default().chars().take(7).collect();
    let commit = plain(&commit, 7, "a commit");
    let url =
        variable("GITHUB_SERVER_URL").zip(variable("GITHUB_REPOSITORY")).and_then(|(server, repository)| {
            let named = repository.split('/').count() == 2 && plain(&repository, 140, "") == repository;
            page(&server, named.then(|| format!("/{repository}/actions/runs/{run}"))?)
        });
    Some((format!("github run {run} ({branch} @ {commit})"), url))
}

fn gitlab() -> Option<(String, Option<String>)> {
    variable("GITLAB_CI").filter(|v| v == "true")?;
    let job = digits("CI_JOB_ID")?;
    let branch = plain(&variable("CI_COMMIT_REF_NAME").unwrap_or_default(), 80, "a branch");
    let url = variable("CI_SERVER_URL").zip(variable("CI_PROJECT_PATH")).and_then(|(server, project)| {
        page(&server, (plain(&project, 200, "") == project).then(|| format!("/{project}/-/jobs/{job}"))?)
    });
    Some((format!("gitlab job {job} ({branch})"), url))
}

/// A page below a server that is only an origin.
fn page(server: &str, path: String) -> Option<String> {
    let origin = crate::client::Origin::parse(server).ok()?;
    Some(format!("{}{path}", origin.as_str()))
}

fn digits(name: &str) -> Option<String> {
    variable(name).filter(|v| v.len() <= 20 && v.bytes().all(|b| b.is_ascii_digit()))
}
