//! omnictl's own configuration: contexts and interactive users' keys, read where they are present.

use crate::diag::SourceId;
use crate::untrusted::Untrusted;
use crate::yaml::{Limits, Node, parse};

/// Variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "OMNICONFIG";

/// One context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Name.
    pub name: String,
    /// Endpoint, as written. It binds the user's key to it.
    pub url: String,
    /// The user's e-mail address.
    pub identity: String,
}

/// Why a context cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// Not one YAML document.
    #[error("it is not a YAML document")]
    Malformed,
    /// No such context.
    #[error("it has no context `{0}`")]
    Unknown(String),
    /// No current context.
    #[error("it names no current context; choose one with `omnictl config context NAME`")]
    NoneChosen,
    /// A field is missing.
    #[error("its context `{0}` has no `{1}`")]
    Missing(String, &'static str),
    /// A name that would leave the folder of keys.
    #[error("its context `{0}` or its identity cannot be part of a file name")]
    Name(String),
}

/// The context `wanted`, or the current one, of a configuration file's text.
pub fn read(text: &str, wanted: Option<&str>) -> Result<Context, ContextError> {
    let documents =
        parse(SourceId::default(), text, &Limits::default()).map_err(|_| ContextError::Malformed)?;
    let root = documents.first().and_then(|d| d.root.as_ref()).ok_or(ContextError::Malformed)?;
    context(root, wanted)
}

/// The context `wanted`, or the current one, of a parsed configuration file:
/// `{context: <name>, contexts: {<name>: {url: …, auth: {siderov1: {identity: <e-mail>}}}}}`.
pub fn context(root: &Node, wanted: Option<&str>) -> Result<Context, ContextError> {
    let name = match wanted {
        Some(name) => name,
        None => root
            .get("context")
            .and_then(Node::text)
            .filter(|n| !n.is_empty())
            .ok_or(ContextError::NoneChosen)?,
    };
    let shown = || Untrusted::new(name).line(80);
    let entry =
        root.get("contexts").and_then(|c| c.get(name)).ok_or_else(|| ContextError::Unknown(shown()))?;
    let text = |node: Option<&Node>, field| {
        node.and_then(Node::text)
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| ContextError::Missing(shown(), field))
    };
    let url = text(entry.get("url"), "url")?;
    let identity = text(
        entry.get("auth").and_then(|a| a.get("siderov1")).and_then(|s| s.get("identity")),
        "auth.siderov1.identity",
    )?;
    Ok(Context { name: name.to_owned(), url, identity })
}

/// Name and endpoint of the current context of a configuration file's text, whoever logs in there.
pub fn url(text: &str) -> Result<(String, String), ContextError> {
    let documents =
        parse(SourceId::default(), text, &Limits::default()).map_err(|_| ContextError::Malformed)?;
    let root = documents.first().and_then(|d| d.root.as_ref()).ok_or(ContextError::Malformed)?;
    let name =
        root.get("context").and_then(Node::text).filter(|n| !n.is_empty()).ok_or(ContextError::NoneChosen)?;
    let shown = || Untrusted::new(name).line(80);
    let entry =
        root.get("contexts").and_then(|c| c.get(name)).ok_or_else(|| ContextError::Unknown(shown()))?;
    let url = entry.get("url").and_then(Node::text).filter(|t| !t.is_empty());
    url.map(|u| (name.to_owned(), u.to_owned())).ok_or_else(|| ContextError::Missing(shown(), "url"))
}

/// Name of the user's key file in the folder of keys (`~/.talos/keys`): `<context>-<identity>.pgp`.
pub fn key_file(context: &Context) -> Result<String, ContextError> {
    let name = format!("{}-{}.pgp", context.name, context.identity);
    if name.contains(['/', '\\', '\0']) || name.starts_with('.') {
        return Err(ContextError::Name(Untrusted::new(&*context.name).line(80)));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ctx(name: &str, identity: &str) -> Context {
        Context { name: name.into(), url: String::new(), identity: identity.into() }
    }

    #[test]
    fn the_current_context_is_read_or_the_one_asked_for() {
        let text = "context: home\ncontexts:\n  home:\n    url: https://omni.example.org\n    auth:\n      siderov1:\n        identity: me@example.org\n  other:\n    url: grpc://127.0.0.1:8080\n    auth: {}\n";
        let home = read(text, None).unwrap();
        assert_eq!((home.name.as_str(), home.url.as_str()), ("home", "https://omni.example.org"));
        assert_eq!(key_file(&home).unwrap(), "home-me@example.org.pgp");
        assert_eq!(
            read(text, Some("other")),
            Err(ContextError::Missing("other".into(), "auth.siderov1.identity"))
        );
        assert_eq!(read(text, Some("x")), Err(ContextError::Unknown("x".into())));
        assert_eq!(read("contexts: {}", None), Err(ContextError::NoneChosen));
        assert_eq!(read("a: [", None), Err(ContextError::Malformed));
        assert_eq!(url(text), Ok(("home".into(), "https://omni.example.org".into())));
        let other = text.replacen("context: home", "context: other", 1);
        assert_eq!(url(&other), Ok(("other".into(), "grpc://127.0.0.1:8080".into())));
        assert!(url("context: x").is_err() && url("context: x\ncontexts: {x: {url: []}}").is_err());
    }

    #[test]
    fn key_files_stay_in_their_folder() {
        assert_eq!(key_file(&ctx("default", "a@b.example")).unwrap(), "default-a@b.example.pgp");
        for (name, identity) in [("../x", "a@b"), ("x", "/etc/a"), (".", "a"), ("x\\y", "a")] {
            assert!(key_file(&ctx(name, identity)).is_err(), "{name} {identity}");
        }
    }
}
