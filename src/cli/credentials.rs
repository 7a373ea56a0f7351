//! Credentials: from the environment or omnictl's own files, each bound to an origin by its operator before anything is sent.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;

use super::exit::Exit;
use super::fail::Fail;
use super::memory::Memory;
use super::streams::Streams;
use crate::client::trust::{Bindings, Credential, Unbound, bound, trust_line};
use crate::client::{Origin, SigningKey, context, key};
use crate::secret::{DigestKey, Secret};
use crate::state::seal::SealKey;
use crate::wire::proxmox::Token;

pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.trim().is_empty())
}

fn home() -> Option<PathBuf> {
    variable("HOME").map(PathBuf::from)
}

fn trust_path() -> Option<PathBuf> {
    let config =
        variable("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| home().map(|h| h.join(".config")))?;
    Some(config.join("omni-scale/trust"))
}

/// The user's trust file: where it is, its content, and its name for people.
pub(super) fn trust_file() -> (Option<PathBuf>, String, String) {
    let path = trust_path();
    let file = path.as_ref().and_then(|p| std::fs::read_to_string(p).ok()).unwrap_or_default();
    let shown = path.as_ref().map_or("the trust file".to_owned(), |p| p.display().to_string());
    (path, file, shown)
}

/// Checks that the operator bound `credential` to all of `endpoints`. On a terminal it is asked for once and remembered.
pub(super) fn bind(
    credential: &Credential,
    endpoints: &[String],
    context: Option<&str>,
    streams: &Streams,
) -> Result<Vec<Origin>, Fail> {
    let (path, file, shown) = trust_file();
    let variables: BTreeMap<String, String> =
        credential.variables().into_iter().filter_map(|n| variable(&n).map(|v| (n, v))).collect();
    let bindings = Bindings { variables, context, trust_file: &file, trust_path: &shown };
    match bound(credential, endpoints, &bindings) {
        Ok(origins) => Ok(origins),
        Err(unbound @ Unbound::Nowhere { .. }) => {
            let Some(path) = path.filter(|_| may_ask()) else {
                return Err(Fail::new(Exit::Auth, unbound.to_string()));
            };
            let all = endpoints.join(", ");
            streams.tell(&format!(
                "Send the {} credential to {all}? It is remembered in {shown}. [y/N]",
                credential.trust_name()
            ));
            if !yes() {
                return Err(Fail::new(Exit::Auth, unbound.to_string()));
            }
            let origins = endpoints
                .iter()
                .map(|e| Origin::parse(e))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|e| Fail::new(Exit::Auth, Unbound::Spec(e).to_string()))?;
            let lines: String = origins.iter().map(|o| trust_line(credential, o) + "\n").collect();
            let fs = crate::world::real::RealFs::new();
            crate::world::Fs::append(&fs, &path, lines.as_bytes())
                .map_err(|e| Fail::new(Exit::Error, e.to_string()))?;
            Ok(origins)
        }
        Err(unbound) => Err(Fail::new(Exit::Auth, unbound.to_string())),
    }
}

/// Questions are asked on terminals only, and never in a pipeline.
pub(super) fn may_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && variable("CI").is_none()
}

/// One line from the terminal.
pub(super) fn answer() -> String {
    let mut line = String::new();
    // An end of input is a no.
    let _ = std::io::stdin().lock().read_line(&mut line);
    line.trim().to_owned()
}

pub(super) fn yes() -> bool {
    matches!(answer().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// The endpoint that the operator named where no spec does: the variable that binds the key, else omnictl's context; and where
/// it stands, for people.
pub(super) fn omni_endpoint() -> Result<Option<(String, String)>, Fail> {
    for name in Credential::Omni.variables() {
        if let Some(value) = variable(&name) {
            let origin = Origin::parse(&value)
                .map_err(|e| Fail::new(Exit::Auth, format!("`{name}` cannot be used: {e}")))?;
            return Ok(Some((origin.as_str().to_owned(), format!("`{name}`"))));
        }
    }
    // A key in the environment belongs to an endpoint in the environment.
    if key::choose(|name| variable(name).map(Secret::new)).is_some() {
        return Ok(None);
    }
    let Some(text) = omnictl_config().and_then(|p| std::fs::read_to_string(p).ok()) else { return Ok(None) };
    let Ok(found) = context::read(&text, None) else { return Ok(None) };
    let Ok(origin) = Origin::parse(&found.url) else { return Ok(None) };
    let name = crate::untrusted::Untrusted::new(found.name).line(80);
    Ok(Some((origin.as_str().to_owned(), format!("omnictl's context `{name}`"))))
}

/// The Proxmox origins that the operator named where no spec does.
pub(super) fn proxmox_endpoints(credential: &Credential) -> Vec<String> {
    let named = credential.variables().into_iter().find_map(|n| variable(&n)).unwrap_or_default();
    named.split(',').filter_map(|e| Origin::parse(e).ok()).map(|o| o.as_str().to_owned()).collect()
}

/// Variables that name the origins of Proxmox: the variable, the name of the cluster in it, and its value.
pub(super) fn proxmox_variables() -> Vec<(String, Option<String>, String)> {
    let (before, after) = ("OMNI_SCALE_PROXMOX_", "_ENDPOINT");
    let mut out: Vec<(String, Option<String>, String)> = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .filter_map(|(k, v)| {
            let name = k.strip_prefix(before)?.strip_suffix(after)?.to_ascii_lowercase();
            Some((k, Some(name), v))
        })
        .filter(|(_, _, v)| !v.trim().is_empty())
        .collect();
    out.sort();
    if out.is_empty()
        && let Some(value) = variable("PROXMOX_VE_ENDPOINT")
    {
        out.push(("PROXMOX_VE_ENDPOINT".to_owned(), None, value));
    }
    out
}

/// omnictl's configuration file: where its variable says, else at its usual place, else where older ones kept it.
pub(super) fn omnictl_config() -> Option<PathBuf> {
    if let Some(named) = variable(context::CONFIG_VARIABLE) {
        return Some(PathBuf::from(named)).filter(|p| p.is_file());
    }
    let usual = home().map(|h| h.join(".talos/omni/config"));
    let older = variable("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| home().map(|h| h.join(".config")));
    usual.into_iter().chain(older.map(|o| o.join("omni/config"))).find(|p| p.is_file())
}

/// The key for Omni, and the endpoint of the omnictl context that it came with.
pub(super) fn omni_key(streams: &Streams) -> Result<(Arc<SigningKey>, Option<String>), Fail> {
    if let Some((source, value)) = key::choose(|name| variable(name).map(Secret::new)) {
        return match SigningKey::service_account(&value) {
            Ok((signing, warnings)) => {
                for warning in warnings {
                    streams.say(&format!("warning: `{source}`: {warning}"));
                }
                Ok((Arc::new(signing), None))
            }
            Err(e) => Err(Fail::new(Exit::Auth, key::explain(source, &e))),
        };
    }
    let missing = || {
        Fail::new(Exit::Auth, "there is no key for Omni").help(
            "set `OMNI_SERVICE_ACCOUNT_KEY` (`omnictl serviceaccount create` prints it; role Reader is enough for `plan`), or use `--lab`",
        )
    };
    let Some(config) = omnictl_config() else { return Err(missing()) };
    let shown = config.display().to_string();
    let unusable = |why: &dyn std::fmt::Display| {
        Fail::new(Exit::Auth, format!("`{shown}` cannot be used: {why}"))
            .help("set `OMNI_SERVICE_ACCOUNT_KEY`, or log in with omnictl")
    };
    let text = std::fs::read_to_string(&config).map_err(|e| unusable(&e))?;
    let context = context::read(&text, None).map_err(|e| unusable(&e))?;
    let name = context::key_file(&context).map_err(|e| unusable(&e))?;
    let path = home().map(|h| h.join(".talos/keys").join(&name)).filter(|p| p.is_file());
    let Some(path) = path else {
        return Err(unusable(&format!(
            "there is no key `{name}` in ~/.talos/keys; log in with `omnictl get cluster`"
        )));
    };
    let armour = std::fs::read_to_string(&path).map_err(|e| unusable(&e))?;
    let signing = SigningKey::armoured(&armour, &context.identity)
        .map_err(|e| Fail::new(Exit::Auth, key::explain(&path.display().to_string(), &e)))?;
    // The context that the user logged in to is the binding of the key that this made.
    Ok((Arc::new(signing), Some(context.url)))
}

/// The token for a Proxmox cluster, if there is one.
pub(super) fn proxmox_token(credential: &Credential) -> Result<Option<Token>, Fail> {
    for name in credential.variables() {
        let name = name.replace("_ENDPOINT", "_API_TOKEN");
        if let Some(value) = variable(&name) {
            let value = Secret::new(value);
            return Token::parse(value.expose())
                .map(Some)
                .map_err(|e| Fail::new(Exit::Auth, format!("`{name}` cannot be used: {e}")));
        }
    }
    Ok(None)
}

/// Hold the keys that records in buckets are sealed with.
const SEAL_KEY: &str = "OMNI_SCALE_SEAL_KEY";
const SEAL_KEY_FILE: &str = "OMNI_SCALE_SEAL_KEY_FILE";
/// Most bytes of the file: a few keys.
const SEAL_KEY_LONGEST: u64 = 4096;

/// The keys that the record's objects are sealed with, the first one first; none where nobody asks for it. Only the
/// environment asks: a repository could otherwise turn it off.
pub(super) fn seal_keys() -> Result<Vec<SealKey>, Fail> {
    let wrong = |message: String| {
        Err(Fail::new(Exit::Usage, message).help(
            "make a key with `openssl rand -hex 32`; several are separated by commas: the first seals, all of them open",
        ))
    };
    let (text, named) = match (variable(SEAL_KEY).map(Secret::new), variable(SEAL_KEY_FILE)) {
        (None, None) => return Ok(Vec::new()),
        (Some(_), Some(_)) => return wrong(format!("`{SEAL_KEY}` and `{SEAL_KEY_FILE}` are both set")),
        (Some(text), None) => (text, SEAL_KEY),
        (None, Some(path)) => match seal_key_file(&path) {
            Ok(text) => (text, SEAL_KEY_FILE),
            Err(why) => return wrong(format!("the file that `{SEAL_KEY_FILE}` names cannot be used: {why}")),
        },
    };
    let parts: Vec<&str> =
        text.expose().split(|c: char| c == ',' || c.is_whitespace()).filter(|p| !p.is_empty()).collect();
    let keys: Vec<SealKey> = parts.iter().filter_map(|p| SealKey::parse(p)).collect();
    if keys.is_empty() || keys.len() != parts.len() {
        return wrong(format!("`{named}` holds something that is not a key of 64 hexadecimal digits"));
    }
    Ok(keys)
}

fn seal_key_file(path: &str) -> Result<Secret<String>, String> {
    let found = std::fs::metadata(path).map_err(|e| e.to_string())?;
    if !found.is_file() || found.len() > SEAL_KEY_LONGEST {
        return Err("it is no small file".to_owned());
    }
    std::fs::read_to_string(path).map(Secret::new).map_err(|e| e.to_string())
}

/// Holds the operator's own digest key.
const DIGEST_KEY: &str = "OMNI_SCALE_DIGEST_KEY";
/// Shortest text for it, in characters: what is shorter can be guessed, and with it every short secret.
const SHORTEST_KEY: usize = 16;

/// The key of digests: the operator's, else the one beside the record, else none yet.
pub(super) fn digest_key(memory: &Memory) -> Result<Option<DigestKey>, Fail> {
    match variable(DIGEST_KEY).map(Secret::new) {
        None => Ok(memory.digest_key()?),
        Some(text) if text.expose().trim().chars().count() < SHORTEST_KEY => {
            let message = format!("`{DIGEST_KEY}` is shorter than {SHORTEST_KEY} characters");
            Err(Fail::new(Exit::Usage, message).help("make one with `openssl rand -hex 32`, and keep it"))
        }
        Some(text) => Ok(Some(DigestKey::from_text(text.expose().trim()))),
    }
}
