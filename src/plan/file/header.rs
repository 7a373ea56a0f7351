//! What a saved plan is bound to, and the questions that it must answer before anything is sent.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::body::Body;
use super::reads::Read;
use crate::address::Address;
use crate::live::{Observation, Snapshot};
use crate::secret::{DigestKey, reveals};
use crate::untrusted::Untrusted;

/// A saved plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    /// What it is bound to.
    pub header: Header,
    /// What it shows and does, without secrets.
    pub plan: Body,
    /// What it was decided from.
    pub reads: Vec<Read>,
    /// [`super::digest`] of the plan.
    pub digest: String,
}

/// What a plan is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// 128 random bits, hexadecimal: two files are never the same.
    pub id: String,
    /// Version of the program that made it.
    pub tool: String,
    /// Unix time in seconds at which it was made.
    pub created: i64,
    /// Unix time in seconds from which it is good no more.
    pub expires: i64,
    /// Which Omni it was made for, beyond the origin that stands in the plan.
    pub omni: OmniIdentity,
    /// Which Proxmox clusters were read.
    pub proxmox: Vec<ProxmoxIdentity>,
    /// Every file that was used.
    pub files: Vec<FileHash>,
    /// The commit that they come from, where the caller named it.
    pub commit: Option<Commit>,
    /// What the person who planned chose.
    pub choices: Choices,
    /// Name of the digest key, where something in the plan is bound by it.
    pub key: Option<String>,
}

/// What tells one Omni from another at the same address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OmniIdentity {
    /// `account.id` of `FeaturesConfigs`: the UUID that Omni is installed with. `None` where it could not be read.
    pub account: Option<String>,
    /// `instance_name` of `SysVersions`.
    pub instance: Option<String>,
}

/// What tells one Proxmox cluster from another: the names of its nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxmoxIdentity {
    /// Name in the spec.
    pub name: String,
    /// Names of its nodes; empty where they could not be read.
    pub nodes: BTreeSet<String>,
}

impl ProxmoxIdentity {
    /// Of every cluster that was looked at.
    pub fn of(snapshot: &Snapshot) -> Vec<Self> {
        let all = snapshot.proxmox.iter();
        all.map(|(name, seen)| {
            let nodes = seen.nodes.known().into_iter().flatten().map(|n| n.name.clone()).collect();
            Self { name: name.clone(), nodes }
        })
        .collect()
    }
}

/// One file that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileHash {
    /// Path, relative to the repository.
    pub path: String,
    /// SHA-256 of its bytes, hexadecimal; `None` for a file that holds a secret, which a bare hash would give away.
    pub sha256: Option<String>,
    /// Digest of its bytes by the operator's key, for a file that holds a secret.
    pub keyed: Option<String>,
}

impl FileHash {
    /// Of a file.
    pub fn of(path: &str, bytes: &[u8], key: Option<&DigestKey>) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let path = path.to_owned();
        if reveals(&text) {
            Self { path, sha256: None, keyed: key.map(|k| k.digest(&text)) }
        } else {
            Self { path, sha256: Some(crate::secret::sha256(bytes)), keyed: None }
        }
    }
}

/// Name of a commit: 40 to 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commit(String);

impl Commit {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Commit {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digit = |b: u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
        if (40..=64).contains(&text.len()) && text.bytes().all(digit) {
            return Ok(Self(text));
        }
        Err("a commit is 40 to 64 lower-case hexadecimal digits")
    }
}

impl From<Commit> for String {
    fn from(commit: Commit) -> Self {
        commit.0
    }
}

/// What the person who planned chose: apply plans again with the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// Addresses of `--destroy`.
    pub destroy: Vec<Address>,
    /// Values of other options that change what is planned, as given, by option without dashes (`target`, `allow`).
    pub options: BTreeMap<String, Vec<String>>,
}

/// Why a saved plan is not applied. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody approved another plan.
    #[error(
        "this is another plan than the one that was approved: its digest is `{found}`, its file's `{file}`"
    )]
    Digest {
        /// Of what the plan does.
        found: String,
        /// Of the file.
        file: String,
    },
    /// Another program might plan otherwise.
    #[error("the plan was made by omni-scale {made}, this is {own}")]
    Tool {
        /// Version that made it.
        made: String,
        /// This version.
        own: String,
    },
    /// It is for an Omni at another address.
    #[error("the plan is for `{planned}`, the spec names `{here}`")]
    Omni {
        /// Origin in the plan.
        planned: String,
        /// Origin in the spec.
        here: String,
    },
    /// Another Omni answers at the same address.
    #[error("the plan is for the Omni `{planned}`, and the one that answers at `{origin}` is `{here}`")]
    Instance {
        /// Who answered the plan.
        planned: String,
        /// Who answers now.
        here: String,
        /// Where.
        origin: String,
    },
    /// Another Proxmox cluster answers for a name.
    #[error("the plan saw the nodes {planned} in Proxmox cluster `{name}`, now they are {here}")]
    Proxmox {
        /// Name in the spec.
        name: String,
        /// Nodes in the plan.
        planned: String,
        /// Nodes now.
        here: String,
    },
    /// It is too old.
    #[error("the plan expired at {0}")]
    Expired(String),
    /// It was applied already.
    #[error("the plan was used already, by run `{run}` at {at}")]
    Used {
        /// The run.
        run: String,
        /// When, RFC 3339.
        at: String,
    },
    /// Somebody applied in between.
    #[error("something was applied since the plan was made: the record was {planned}, it is {found}")]
    Record {
        /// What was planned with.
        planned: String,
        /// What is there.
        found: String,
    },
    /// The files are others.
    #[error("the files are not those that the plan was made from: {0}")]
    Files(String),
    /// Options that change what is planned are not those of the plan.
    #[error("the plan was made {planned}, not {given}")]
    Choices {
        /// Options of the plan, in words.
        planned: String,
        /// Options given, in words.
        given: String,
    },
    /// What is secret in it cannot be compared.
    #[error("the plan's secrets were digested with another key (`{planned}`)")]
    Key {
        /// Name of its key.
        planned: String,
    },
}

impl Refusal {
    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Digest { .. } => {
                "nothing was sent; apply the plan that was approved, or have this one approved"
            }
            Self::Tool { .. } => "nothing was sent; use the same version for both, or plan again",
            Self::Omni { .. } | Self::Instance { .. } | Self::Proxmox { .. } => {
                "nothing was sent; plan against the servers that are to be changed"
            }
            Self::Choices { .. } => {
                "nothing was sent; the plan carries its options, so leave them out here, or plan again"
            }
            Self::Key { .. } => {
                "nothing was sent; set `OMNI_SCALE_DIGEST_KEY` to the same text for plan and apply, or plan again here"
            }
            Self::Expired(_) | Self::Used { .. } | Self::Record { .. } | Self::Files(_) => {
                "nothing was sent; run `omni-scale plan` again"
            }
        }
    }
}

impl SavedPlan {
    /// Whether `expected` names this plan: by what it does, or by its file.
    pub fn is_named(&self, expected: &str, file: &str) -> Result<(), Refusal> {
        if expected == self.digest || expected == file {
            return Ok(());
        }
        Err(Refusal::Digest { found: self.digest.clone(), file: file.to_owned() })
    }

    /// Whether this version of the program made it.
    pub fn is_of_tool(&self, own: &str) -> Result<(), Refusal> {
        if self.header.tool == own {
            return Ok(());
        }
        Err(Refusal::Tool { made: line(&self.header.tool), own: own.to_owned() })
    }

    /// Whether it is for the Omni at `origin`.
    pub fn is_for(&self, origin: &str) -> Result<(), Refusal> {
        if self.plan.omni == origin {
            return Ok(());
        }
        Err(Refusal::Omni { planned: line(&self.plan.omni), here: origin.to_owned() })
    }

    /// Whether the Omni that answers is the one that was planned with. What was not known then says nothing.
    pub fn is_for_instance(&self, here: &OmniIdentity) -> Result<(), Refusal> {
        let planned = &self.header.omni;
        let same = |a: &Option<String>, b: &Option<String>| a.is_none() || a == b;
        if same(&planned.account, &here.account) && same(&planned.instance, &here.instance) {
            return Ok(());
        }
        let shown = |i: &OmniIdentity| {
            let part = |t: &Option<String>| t.as_deref().map_or("unknown".to_owned(), line);
            format!("{} ({})", part(&i.instance), part(&i.account))
        };
        Err(Refusal::Instance { planned: shown(planned), here: shown(here), origin: line(&self.plan.omni) })
    }

    /// Whether the Proxmox clusters are those that were planned with: of each that both looks saw, a node is still there.
    pub fn is_for_proxmox(&self, here: &[ProxmoxIdentity]) -> Result<(), Refusal> {
        for planned in self.header.proxmox.iter().filter(|p| !p.nodes.is_empty()) {
            let Some(found) = here.iter().find(|h| h.name == planned.name && !h.nodes.is_empty()) else {
                continue;
            };
            if planned.nodes.is_disjoint(&found.nodes) {
                let shown = |nodes: &BTreeSet<String>| {
                    nodes.iter().map(|n| format!("`{}`", line(n))).collect::<Vec<_>>().join(", ")
                };
                return Err(Refusal::Proxmox {
                    name: line(&planned.name),
                    planned: shown(&planned.nodes),
                    here: shown(&found.nodes),
                });
            }
        }
        Ok(())
    }

    /// Whether it is still good at `now` (Unix time in seconds).
    pub fn is_good_at(&self, now: i64) -> Result<(), Refusal> {
        if now < self.header.expires {
            return Ok(());
        }
        Err(Refusal::Expired(instant(self.header.expires)))
    }

    /// Whether the record is the one that was planned with.
    pub fn is_of_record(&self, found: Option<(&str, u64)>) -> Result<(), Refusal> {
        let planned = self.plan.record();
        if planned == found {
            return Ok(());
        }
        let shown = |r: Option<(&str, u64)>| {
            r.map_or("missing".to_owned(), |(lineage, serial)| {
                format!("serial {serial} of {}", line(lineage.get(..8).unwrap_or(lineage)))
            })
        };
        Err(Refusal::Record { planned: shown(planned), found: shown(found) })
    }

    /// Whether the files are those that it was made from. `digest` is over all of them.
    pub fn is_of_files(&self, digest: &str, here: &[FileHash]) -> Result<(), Refusal> {
        if self.plan.files_digest == digest {
            return Ok(());
        }
        let by = |files: &'_ [FileHash]| -> BTreeMap<String, FileHash> {
            files.iter().map(|f| (f.path.clone(), f.clone())).collect()
        };
        let (was, is) = (by(&self.header.files), by(here));
        let mut words = Vec::new();
        for (path, file) in &was {
            let path = line(path);
            match is.get(path.as_str()) {
                None => words.push(format!("`{path}` is not used any more")),
                Some(found) if found.sha256 != file.sha256 || found.keyed != file.keyed => {
                    words.push(format!("`{path}` was edited"));
                }
                Some(_) => {}
            }
        }
        words.extend(is.keys().filter(|p| !was.contains_key(*p)).map(|p| format!("`{}` is new", line(p))));
        let more = words.len().saturating_sub(5);
        words.truncate(5);
        if more > 0 {
            words.push(format!("{more} more"));
        }
        if words.is_empty() {
            words.push("a file that holds a secret was edited".to_owned());
        }
        Err(Refusal::Files(words.join(", ")))
    }

    /// Whether options that were given besides the file are those of the plan; none at all is as well.
    pub fn is_of_choices(&self, given: &Choices) -> Result<(), Refusal> {
        let planned = &self.header.choices;
        let same = given.destroy.is_empty() || given.destroy == planned.destroy;
        if same && given.options.iter().all(|(k, v)| v.is_empty() || planned.options.get(k) == Some(v)) {
            return Ok(());
        }
        Err(Refusal::Choices { planned: planned.words(), given: given.words() })
    }

    /// The key to digest the fresh plan's secrets with, so that it can be compared: the one that made the plan's, or none
    /// where none did.
    pub fn digest_key<'k>(&self, here: Option<&'k DigestKey>) -> Result<Option<&'k DigestKey>, Refusal> {
        match &self.header.key {
            None => Ok(None),
            Some(name) => match here.filter(|k| k.name() == name) {
                Some(key) => Ok(Some(key)),
                None => Err(Refusal::Key { planned: line(name) }),
            },
        }
    }
}

impl Choices {
    fn words(&self) -> String {
        let destroy = self.destroy.iter().map(|a| format!("`--destroy {}`", line(&a.to_string())));
        let others = self.options.iter().flat_map(|(option, values)| {
            values.iter().map(move |v| format!("`--{} {}`", line(option), line(v)))
        });
        let all: Vec<String> = destroy.chain(others).collect();
        if all.is_empty() { "without options".to_owned() } else { format!("with {}", all.join(" ")) }
    }
}

/// RFC 3339 of a Unix time in seconds.
pub(super) fn instant(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).map_or_else(|_| format!("Unix time {unix}"), |t| t.to_string())
}

fn line(text: &str) -> String {
    Untrusted::new(text).line(120)
}

impl OmniIdentity {
    /// What two single reads say: `FeaturesConfigs` and `SysVersions`.
    pub fn of(
        features: &Observation<crate::resource::LiveResource>,
        version: &Observation<crate::resource::LiveResource>,
    ) -> Self {
        let text = |seen: &Observation<crate::resource::LiveResource>, path: &[&str]| {
            let value = seen.known()?.resource.spec.at(path)?.as_str()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        Self { account: text(features, &["account", "id"]), instance: text(version, &["instance_name"]) }
    }
}
