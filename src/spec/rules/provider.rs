//! What the files of a provider say of it: its release, by what it logs in.

use std::collections::BTreeMap;

use crate::yaml::{Document, Node};

use super::compose;

/// A release of the provider, as far as its image tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Release {
    /// The tag says nothing (`latest`, a digest, a variable), or there is none.
    #[default]
    Unknown,
    /// Sources from before the first release.
    Unreleased,
    /// A release, by major and minor number.
    Tagged(u64, u64),
}

impl Release {
    /// Whether it is certain that this release is older than another.
    pub(super) fn before(self, major: u64, minor: u64) -> bool {
        match self {
            Self::Unknown => false,
            Self::Unreleased => (0, 0) < (major, minor),
            Self::Tagged(a, b) => (a, b) < (major, minor),
        }
    }

    /// What a tag says.
    pub(super) fn of(tag: &str) -> Self {
        if tag == "local-fix" {
            return Self::Unreleased;
        }
        let mut parts = tag.trim_start_matches('v').split(['.', '-', '+']).map(str::parse::<u64>);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor)), Some(Ok(_))) => Self::Tagged(major, minor),
            _ => Self::Unknown,
        }
    }
}

/// By what the provider logs in to Proxmox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Login {
    /// Not known.
    #[default]
    Unknown,
    /// With a token.
    Token,
    /// As `root@pam` with a password.
    Root,
    /// As somebody else with a password.
    Password,
}

/// One provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Provider {
    pub(super) release: Release,
    /// The tag that tells the release.
    pub(super) tag: String,
    pub(super) login: Login,
}

/// All providers by id.
#[derive(Debug, Default)]
pub(in crate::spec) struct Providers {
    known: BTreeMap<String, Provider>,
    unknown: Provider,
}

impl Providers {
    /// What is known of a provider.
    pub(super) fn get(&self, id: &str) -> &Provider {
        self.known.get(id).unwrap_or(&self.unknown)
    }

    /// Releases that the tags of images tell, by id: major and minor number, 0.0 for sources from before the first release.
    pub(in crate::spec) fn releases(&self) -> BTreeMap<String, (u64, u64)> {
        let told = self.known.iter().filter_map(|(id, provider)| {
            let release = match provider.release {
                Release::Unknown => return None,
                Release::Unreleased => (0, 0),
                Release::Tagged(major, minor) => (major, minor),
            };
            Some((id.clone(), release))
        });
        told.collect()
    }

    /// Takes in what a file of a provider's folder says.
    pub(in crate::spec) fn take(&mut self, id: &str, name: &str, documents: &[Document]) {
        let provider = self.known.entry(id.to_owned()).or_default();
        let Some(root) = documents.first().and_then(|d| d.root.as_ref()) else { return };
        if name == "config.yaml" {
            provider.login = login(root);
        } else if let Some(image) = compose::provider(root).and_then(|s| s.image()) {
            provider.release = Release::of(image.tag);
            image.tag.clone_into(&mut provider.tag);
        }
    }
}

/// A password wins over a token, as in the provider.
fn login(root: &Node) -> Login {
    let get =
        |key: &str| root.get("proxmox").and_then(|p| p.get(key)).and_then(Node::text).unwrap_or_default();
    let (user, password) = (get("username"), get("password"));
    if !user.is_empty() && !password.is_empty() {
        return match (user, get("realm")) {
            ("root@pam", _) | ("root", "pam" | "") => Login::Root,
            (user, _) if user.contains('$') => Login::Unknown,
            _ => Login::Password,
        };
    }
    if get("tokenID").is_empty() || get("tokenSecret").is_empty() { Login::Unknown } else { Login::Token }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_tell_releases() {
        for (tag, want) in [
            ("v0.2.0", Release::Tagged(0, 2)),
            ("0.3.1", Release::Tagged(0, 3)),
            ("v0.1.0-rc.1", Release::Tagged(0, 1)),
            ("local-fix", Release::Unreleased),
            ("latest", Release::Unknown),
            ("v0.2", Release::Unknown),
            ("${TAG}", Release::Unknown),
            ("", Release::Unknown),
        ] {
            assert_eq!(Release::of(tag), want, "{tag}");
        }
        assert!(Release::Unreleased.before(0, 1) && Release::Tagged(0, 1).before(0, 2));
        assert!(!Release::Unknown.before(9, 9) && !Release::Tagged(0, 2).before(0, 2));
    }
}
