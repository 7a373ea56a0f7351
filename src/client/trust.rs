//! A credential goes only to the origin that its operator bound it to.
//!
//! The spec lies in a repository that many may edit; the credential is the operator's. So the endpoint that a spec names is
//! asked only when the operator's own environment or trust file names it too: a pull request that edits an endpoint gets
//! nothing, not even a connection.

use super::origin::{Origin, OriginError};
use crate::untrusted::Untrusted;

/// Which credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Omni's service account or user key.
    Omni,
    /// API token of a Proxmox cluster, by its name in the spec.
    Proxmox {
        /// Name in the spec.
        name: String,
        /// Whether the spec has no other: then the variables without a name count as well.
        only: bool,
    },
}

impl Credential {
    /// Variables that bind it, in order of precedence.
    pub fn variables(&self) -> Vec<String> {
        match self {
            Self::Omni => vec!["OMNI_ENDPOINT".into()],
            Self::Proxmox { name, only } => {
                let upper: String = name
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
                    .collect();
                let mut out = vec![format!("OMNI_SCALE_PROXMOX_{upper}_ENDPOINT")];
                if *only {
                    out.push("PROXMOX_VE_ENDPOINT".into());
                }
                out
            }
        }
    }

    /// First word of its lines in the trust file.
    pub fn trust_name(&self) -> String {
        match self {
            Self::Omni => "omni".into(),
            Self::Proxmox { name, .. } => format!("proxmox/{name}"),
        }
    }
}

/// What the operator bound, outside the repository.
#[derive(Clone, Debug, Default)]
pub struct Bindings<'a> {
    /// Value of an environment variable by its name; unset ones are missing. Only [`Credential::variables`] are asked for.
    pub variables: std::collections::BTreeMap<String, String>,
    /// Content of the user's trust file, empty where there is none: one `<credential> <origin>` per line, `#` comments.
    pub trust_file: &'a str,
    /// Endpoint of the omnictl context that the key belongs to, for an interactive user's key: omnictl's own file binds it.
    pub context: Option<&'a str>,
    /// Where the trust file is, for messages.
    pub trust_path: &'a str,
}

/// Why nothing may be sent. Its text is complete: what is wrong and the line to add (exit code 7).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbound {
    /// The spec's own endpoint is not one.
    #[error("the spec's endpoint cannot be used: {0}")]
    Spec(OriginError),
    /// A variable is set, but what it holds is not an endpoint.
    #[error("`{variable}` cannot be used: {cause}")]
    Variable {
        /// Which.
        variable: String,
        /// Why.
        cause: OriginError,
    },
    /// The operator bound the credential to something else.
    #[error(
        "the spec sends the {credential} credential to `{endpoint}`, but `{variable}` binds it to {bound}; nothing was sent. If the spec is right, set `{line}`"
    )]
    Elsewhere {
        /// Which credential.
        credential: String,
        /// What the spec says.
        endpoint: Origin,
        /// Which variable binds it.
        variable: String,
        /// To what.
        bound: String,
        /// What to set.
        line: String,
    },
    /// The operator bound the credential to nothing.
    #[error(
        "the {credential} credential is not bound to `{endpoint}`; nothing was sent. If this endpoint is yours, set `{line}` in the environment or add the line `{trust_line}` to `{trust_path}`"
    )]
    Nowhere {
        /// Which credential.
        credential: String,
        /// What the spec says.
        endpoint: Origin,
        /// What to set.
        line: String,
        /// What to add.
        trust_line: String,
        /// To which file.
        trust_path: String,
    },
}

/// Decides whether `credential` may go to every one of the spec's `endpoints` and returns them in normal form, in order.
///
/// A variable that is set decides alone: it belongs to the credential beside it. It may list several origins, separated by
/// commas; every endpoint of the spec must be among them. Without a variable the trust file decides.
pub fn bound(
    credential: &Credential,
    endpoints: &[String],
    bindings: &Bindings<'_>,
) -> Result<Vec<Origin>, Unbound> {
    let wanted: Vec<Origin> =
        endpoints.iter().map(|e| Origin::parse(e).map_err(Unbound::Spec)).collect::<Result<_, _>>()?;
    let names = credential.variables();
    let set = names.iter().find_map(|n| {
        bindings.variables.get(n).map(|v| v.trim()).filter(|v| !v.is_empty()).map(|v| (n.clone(), v))
    });
    let all = wanted.iter().map(Origin::as_str).collect::<Vec<_>>().join(",");
    let label = credential.trust_name();
    if let Some((variable, value)) = set {
        let allowed = value
            .split(',')
            .filter(|part| !part.trim().is_empty())
            .map(|part| {
                Origin::parse(part).map_err(|cause| Unbound::Variable { variable: variable.clone(), cause })
            })
            .collect::<Result<Vec<_>, _>>()?;
        return match wanted.iter().find(|w| !allowed.contains(w)) {
            None => Ok(wanted),
            Some(stray) => Err(Unbound::Elsewhere {
                credential: label,
                endpoint: stray.clone(),
                line: format!("{variable}={all}"),
                variable,
                bound: allowed.iter().map(|o| format!("`{o}`")).collect::<Vec<_>>().join(", "),
            }),
        };
    }
    let mut trusted = trusted_origins(&label, bindings.trust_file);
    if *credential == Credential::Omni {
        trusted.extend(bindings.context.and_then(|url| Origin::parse(url).ok()));
    }
    match wanted.iter().find(|w| !trusted.contains(w)) {
        None => Ok(wanted),
        Some(stray) => Err(Unbound::Nowhere {
            line: format!("{}={all}", names.last().map_or("OMNI_ENDPOINT", String::as_str)),
            trust_line: trust_line(credential, stray),
            credential: label,
            endpoint: stray.clone(),
            trust_path: Untrusted::new(bindings.trust_path).line(300),
        }),
    }
}

/// The line of the trust file that binds `credential` to `origin`.
pub fn trust_line(credential: &Credential, origin: &Origin) -> String {
    format!("{} {origin}", credential.trust_name())
}

/// Origins that the trust file names for a credential. A line that cannot be read binds nothing.
fn trusted_origins(label: &str, file: &str) -> Vec<Origin> {
    file.lines()
        .map(|l| l.split('#').next().unwrap_or_default().trim())
        .filter_map(|l| l.split_once(char::is_whitespace))
        .filter(|(name, _)| *name == label)
        .filter_map(|(_, origin)| Origin::parse(origin).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OMNI: &str = "https://omni.spaceships.work";

    fn bindings<'a>(variables: &[(&str, &str)], trust_file: &'a str) -> Bindings<'a> {
        Bindings {
            variables: variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            trust_file,
            context: None,
            trust_path: "/home/u/.config/omni-scale/trust",
        }
    }

    fn proxmox(only: bool) -> Credential {
        Credential::Proxmox { name: "matrix".into(), only }
    }

    #[test]
    fn a_bound_origin_is_allowed() {
        let two = ["https://192.168.3.5:8006".to_owned(), "https://192.168.3.6:8006/".to_owned()];
        let list = "https://192.168.3.6:8006, https://192.168.3.5:8006,";
        for (credential, endpoints, set, file) in [
            (
                Credential::Omni,
                &[OMNI.to_owned()][..],
                vec![("OMNI_ENDPOINT", "https://OMNI.spaceships.work:443/")],
                "",
            ),
            (
                Credential::Omni,
                &[OMNI.to_owned()],
                vec![],
                "# mine\nomni https://omni.spaceships.work # yes\n",
            ),
            (
                Credential::Omni,
                &[OMNI.to_owned()],
                vec![("OMNI_ENDPOINT", "")],
                "omni https://omni.spaceships.work",
            ),
            (
                Credential::Omni,
                &["http://127.0.0.1:9".to_owned()],
                vec![("OMNI_ENDPOINT", "grpc://127.0.0.1:9")],
                "",
            ),
            (proxmox(true), &two, vec![("PROXMOX_VE_ENDPOINT", list)], ""),
            (proxmox(false), &two, vec![("OMNI_SCALE_PROXMOX_MATRIX_ENDPOINT", list)], ""),
            (
                proxmox(false),
                &two,
                vec![],
                "proxmox/matrix https://192.168.3.5:8006\nproxmox/matrix https://192.168.3.6:8006",
            ),
        ] {
            let got = bound(&credential, endpoints, &bindings(&set, file));
            assert_eq!(got.map(|o| o.len()), Ok(endpoints.len()), "{credential:?} {set:?} {file}");
        }
    }

    #[test]
    fn a_users_key_is_bound_by_its_context() {
        let own = Bindings { context: Some("https://omni.spaceships.work/"), ..bindings(&[], "") };
        assert!(bound(&Credential::Omni, &[OMNI.to_owned()], &own).is_ok());
        assert!(bound(&Credential::Omni, &["https://evil.example".to_owned()], &own).is_err());
        assert!(bound(&proxmox(true), &[OMNI.to_owned()], &own).is_err());
    }

    #[test]
    fn anything_else_is_refused_with_the_line_to_add() {
        let evil = "https://omni.spaceships.work.evil.example".to_owned();
        let two = ["https://192.168.3.5:8006".to_owned(), "https://192.168.3.6:8006".to_owned()];
        for (credential, endpoints, set, file, want) in [
            (
                Credential::Omni,
                &[OMNI.to_owned()][..],
                vec![],
                "",
                "set `OMNI_ENDPOINT=https://omni.spaceships.work`",
            ),
            (
                Credential::Omni,
                &[OMNI.to_owned()],
                vec![],
                "",
                "add the line `omni https://omni.spaceships.work`",
            ),
            (
                Credential::Omni,
                std::slice::from_ref(&evil),
                vec![("OMNI_ENDPOINT", OMNI)],
                "",
                "binds it to `https://omni.spaceships.work`",
            ),
            // A set variable decides alone.
            (
                Credential::Omni,
                std::slice::from_ref(&evil),
                vec![("OMNI_ENDPOINT", OMNI)],
                "omni https://omni.spaceships.work.evil.example",
                "nothing was sent",
            ),
            (
                Credential::Omni,
                &["https://omni.spaceships.work:8443".to_owned()],
                vec![("OMNI_ENDPOINT", OMNI)],
                "",
                "nothing was sent",
            ),
            (
                Credential::Omni,
                &[OMNI.to_owned()],
                vec![("OMNI_ENDPOINT", "nonsense")],
                "",
                "`OMNI_ENDPOINT` cannot be used",
            ),
            (
                Credential::Omni,
                &["http://omni.spaceships.work".to_owned()],
                vec![("OMNI_ENDPOINT", OMNI)],
                "",
                "not encrypted",
            ),
            (
                Credential::Omni,
                &[OMNI.to_owned()],
                vec![],
                "proxmox/matrix https://omni.spaceships.work",
                "not bound",
            ),
            (
                proxmox(true),
                &two,
                vec![("PROXMOX_VE_ENDPOINT", "https://192.168.3.5:8006")],
                "",
                "`https://192.168.3.6:8006`",
            ),
            // With several clusters the variable without a name binds none of them.
            (
                proxmox(false),
                &two,
                vec![("PROXMOX_VE_ENDPOINT", "https://192.168.3.5:8006,https://192.168.3.6:8006")],
                "",
                "OMNI_SCALE_PROXMOX_MATRIX_ENDPOINT=https://192.168.3.5:8006,https://192.168.3.6:8006",
            ),
        ] {
            let error = bound(&credential, endpoints, &bindings(&set, file)).unwrap_err().to_string();
            assert!(error.contains(want), "{error}\nlacks {want}");
        }
    }
}
