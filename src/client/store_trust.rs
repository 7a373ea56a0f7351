//! The credentials of an object store go only to the store that their operator bound them to: bucket, prefix and endpoint.
//!
//! As with [`super::trust`], the spec alone decides nothing: whoever may edit it could otherwise read the record through
//! another bucket, or have requests signed for a host of their own.

use std::collections::BTreeMap;

use super::origin::Origin;
use crate::untrusted::Untrusted;

/// Binds bucket and prefix.
pub const STORE: &str = "OMNI_SCALE_STATE_STORE";
/// Bind the endpoint, in this order; the names are those of AWS's own tools.
pub const ENDPOINTS: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];

/// The store that a spec names.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// `s3://BUCKET/PREFIX`.
    pub url: &'a str,
    /// `scheme://host[:port]`.
    pub endpoint: &'a str,
    /// Whether the endpoint is AWS's own.
    pub aws: bool,
}

/// Why nothing may be sent. Its text is complete (exit code 7).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbound {
    /// The operator bound the credentials to another store.
    #[error(
        "the spec keeps the record at `{named}`, but `{variable}` binds the store's credentials to `{bound}`; nothing was sent. If the spec is right, set `{variable}={named}`"
    )]
    Elsewhere {
        /// What the spec says.
        named: String,
        /// Which variable says otherwise.
        variable: String,
        /// What it says.
        bound: String,
    },
    /// The spec leaves the endpoint to AWS, and the operator has another one.
    #[error(
        "the spec keeps the record at AWS, but `{variable}` binds the store's credentials to `{bound}`; nothing was sent. If the spec is right, unset `{variable}`; else write `endpoint: {bound}` in `state`"
    )]
    NotAws {
        /// Which variable.
        variable: String,
        /// What it says.
        bound: String,
    },
    /// Nowhere.
    #[error(
        "the credentials of the record's store are not bound to `{url}`; nothing was sent. If this store is yours, set {lines} in the environment, or add the line `{trust_line}` to `{trust_path}`"
    )]
    Nowhere {
        /// What the spec says.
        url: String,
        /// What to set.
        lines: String,
        /// What to add.
        trust_line: String,
        /// To which file.
        trust_path: String,
    },
}

/// Decides whether the store's credentials may go where the spec says. `variables` are those of [`STORE`] and [`ENDPOINTS`]
/// that are set; when [`STORE`] is, the environment decides alone.
pub fn bound(
    named: Named<'_>,
    variables: &BTreeMap<String, String>,
    trust_file: &str,
    trust_path: &str,
) -> Result<(), Unbound> {
    let set = |name: &str| variables.get(name).map(|v| v.trim()).filter(|v| !v.is_empty());
    let endpoint = ENDPOINTS.into_iter().find_map(|n| set(n).map(|v| (n, v)));
    let shown = |text: &str| Untrusted::new(text).line(200);
    // An endpoint that is set belongs to the credentials beside it, whatever else is bound.
    if let Some((variable, value)) = endpoint {
        let same = Origin::parse(value).is_ok_and(|o| o.as_str() == named.endpoint);
        if !same && named.aws {
            return Err(Unbound::NotAws { variable: variable.to_owned(), bound: shown(value) });
        }
        if !same {
            return Err(Unbound::Elsewhere {
                named: named.endpoint.to_owned(),
                variable: variable.to_owned(),
                bound: shown(value),
            });
        }
    }
    let nowhere = || {
        let mut lines = format!("`{STORE}={}`", named.url);
        if !named.aws {
            lines.push_str(&format!(" and `{}={}`", ENDPOINTS[0], named.endpoint));
        }
        Unbound::Nowhere {
            url: named.url.to_owned(),
            lines,
            trust_line: trust_line(named),
            trust_path: Untrusted::new(trust_path).line(300),
        }
    };
    match set(STORE) {
        Some(value) if value.trim_end_matches('/') == named.url => {
            if named.aws || endpoint.is_some() {
                Ok(())
            } else {
                Err(nowhere())
            }
        }
        Some(value) => Err(Unbound::Elsewhere {
            named: named.url.to_owned(),
            variable: STORE.to_owned(),
            bound: shown(value),
        }),
        None if trust_file.lines().any(|l| same_line(l, named)) => Ok(()),
        None => Err(nowhere()),
    }
}

/// The line of the trust file that binds the credentials.
pub fn trust_line(named: Named<'_>) -> String {
    format!("state {} {}", named.url, named.endpoint)
}

fn same_line(line: &str, named: Named<'_>) -> bool {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_whitespace();
    words.next() == Some("state")
        && words.next().is_some_and(|url| url.trim_end_matches('/') == named.url)
        && words.next().and_then(|e| Origin::parse(e).ok()).is_some_and(|o| o.as_str() == named.endpoint)
        && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWS: Named<'_> =
        Named { url: "s3://records/prod", endpoint: "https://s3.eu-central-1.amazonaws.com", aws: true };
    const OWN: Named<'_> =
        Named { url: "s3://records/prod", endpoint: "https://minio.example:9000", aws: false };

    fn decide(named: Named<'_>, set: &[(&str, &str)], file: &str) -> Result<(), String> {
        let variables = set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        bound(named, &variables, file, "/home/u/.config/omni-scale/trust").map_err(|e| e.to_string())
    }

    #[test]
    fn a_store_that_the_operator_named_is_allowed() {
        assert_eq!(decide(AWS, &[(STORE, "s3://records/prod/")], ""), Ok(()));
        let both = [(STORE, "s3://records/prod"), ("AWS_ENDPOINT_URL", "https://minio.example:9000/")];
        assert_eq!(decide(OWN, &both, ""), Ok(()));
        let line = "# mine\nstate s3://records/prod https://minio.example:9000 # yes\n";
        assert_eq!(decide(OWN, &[], line), Ok(()));
    }

    #[test]
    fn anything_else_is_refused_with_what_to_set() {
        for (named, set, file, want) in [
            (AWS, vec![], "", "set `OMNI_SCALE_STATE_STORE=s3://records/prod` in the environment"),
            (OWN, vec![], "", "`AWS_ENDPOINT_URL_S3=https://minio.example:9000`"),
            // Another prefix, another bucket.
            (AWS, vec![(STORE, "s3://records")], "", "binds the store's credentials to `s3://records`"),
            (AWS, vec![(STORE, "s3://records-prod")], "", "binds the store's credentials to"),
            // The right bucket at another host, and the other way round.
            (OWN, vec![(STORE, "s3://records/prod")], "", "AWS_ENDPOINT_URL_S3="),
            (
                OWN,
                vec![
                    (STORE, "s3://records/prod"),
                    ("AWS_ENDPOINT_URL_S3", "https://minio.example.evil:9000"),
                ],
                "",
                "binds the store's credentials to `https://minio.example.evil:9000`",
            ),
            (
                AWS,
                vec![(STORE, "s3://records/prod"), ("AWS_ENDPOINT_URL", "https://minio.example:9000")],
                "",
                "unset `AWS_ENDPOINT_URL`",
            ),
            // A variable decides alone; a line binds only what it says in full.
            (
                AWS,
                vec![(STORE, "s3://x-y-z")],
                "state s3://records/prod https://s3.eu-central-1.amazonaws.com",
                "binds",
            ),
            (AWS, vec![], "state s3://records/prod https://s3.eu-west-1.amazonaws.com", "not bound"),
            (AWS, vec![], "state s3://records/prod", "not bound"),
            (AWS, vec![], "omni s3://records/prod https://s3.eu-central-1.amazonaws.com", "not bound"),
        ] {
            let error = decide(named, &set, file).unwrap_err();
            assert!(error.contains(want) && error.contains("nothing was sent"), "{error}\nlacks {want}");
        }
    }
}
