//! What the provider's error texts mean. A text that is not in the table has no cause here: none is made up.

/// What an error text means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::checks) struct Cause {
    /// The cause, one sentence without final period.
    pub(in crate::checks) what: String,
    /// What to do.
    pub(in crate::checks) act: Vec<String>,
    /// Whether it ends by itself once its reason is gone.
    pub(in crate::checks) heals: bool,
}

/// The way out for a request that will never get on: its provider data, or the id of its dead task, is frozen in it.
pub(in crate::checks) const ANEW: &str = "then make the request anew: scale its set up by one and down again; Omni takes the request without a machine away first";
/// The reader of the text that the provider writes for 401 and 403 alike.
const RIGHTS: &str = "compare the privileges of the provider's token with what it needs (`pveum user permissions USER --path PATH`), and whether the token expired";

/// The text between the first pair of quotes.
fn quoted(text: &str) -> String {
    super::super::inventory::sight::shown(text.split('"').nth(1).unwrap_or_default())
}

/// The parameter that Proxmox refused, from `… - {"sockets":"…"}`.
fn parameter(error: &str) -> Option<String> {
    let json = error.get(error.find('{')?..)?;
    let errors: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).ok()?;
    let (key, why) = errors.iter().next()?;
    Some(super::super::inventory::sight::said(&format!("{key}: {}", why.as_str().unwrap_or_default())))
}

fn anew(what: impl Into<String>, first: &str) -> Cause {
    Cause { what: what.into(), act: vec![first.to_owned(), ANEW.to_owned()], heals: false }
}

fn heals(what: impl Into<String>, act: &[&str]) -> Cause {
    Cause { what: what.into(), act: act.iter().map(|a| (*a).to_owned()).collect(), heals: true }
}

/// The cause of an error text in a step (`None` for a removal), if the text tells one.
pub(in crate::checks) fn cause(step: Option<&str>, error: &str) -> Option<Cause> {
    let has = |part: &str| error.contains(part);
    Some(if error.starts_with("yaml:") {
        anew(
            "the provider data is not what the provider can read",
            "correct the machine class (`omni-scale validate` shows the place)",
        )
    } else if has("specified node \"") && has("not found in cluster") {
        anew(
            format!("the class names node {}, which the Proxmox cluster does not have", quoted(error)),
            "correct `node` in the machine class: names are in lower case",
        )
    } else if has("specified node \"") && has("is not online") {
        heals(
            format!("the class names node {}, which is down; the provider takes no other", quoted(error)),
            &["bring the node back", "or change `node` in the class and make the request anew"],
        )
    } else if has("failed to get node \"") {
        heals(
            format!(
                "node {} is down, and this release of the provider makes no machine without `node` while any node is down",
                quoted(error)
            ),
            &[
                "bring the node back, or take it out of the Proxmox cluster",
                "or name a node in the class, or use provider 0.1 or later",
            ],
        )
    } else if has("cannot unmarshal array into Go value of type proxmox.Node") {
        anew(
            "the provider asked for a node without a name: an old build",
            "use a tagged release of the provider",
        )
    } else if has("not authorized to access endpoint") {
        let missing = match step {
            Some("pickNode") => "the token is not accepted at all, or lacks Sys.Audit on /nodes",
            Some("uploadISO") => {
                "the token lacks Datastore.AllocateTemplate on the storage of the images, or Sys.AccessNetwork on the node"
            }
            Some("syncVM") => {
                "the token lacks a privilege for making VMs: VM.Allocate, VM.Config.HWType, Datastore.AllocateSpace on the disk's storage, SDN.Use on the bridge"
            }
            Some("startVM") => {
                "the token lacks VM.Audit, VM.Config.CDROM, VM.PowerMgmt, or Datastore.AllocateTemplate on the storage of the images"
            }
            _ => {
                "the token lacks VM.Allocate or VM.PowerMgmt on the VM, or Datastore.Allocate on the storage of the images"
            }
        };
        heals(
            format!("Proxmox refuses the provider (401 and 403 read alike): {missing}"),
            &[RIGHTS, "grant what is missing; the provider tries again every minute"],
        )
    } else if has("failed to create schematic") {
        heals(
            "the provider cannot reach the image factory, or it does not know an extension",
            &[
                "check from the provider's container that factory.talos.dev is reached, and the names of the extensions",
            ],
        )
    } else if has("unable to find the item you are looking for") {
        heals(
            "the node has no enabled storage for ISO images that the token may see",
            &["enable content `iso` on a storage of that node, or grant Datastore.Audit on it"],
        )
    } else if has("no matches for the condition") {
        anew(
            "the storage selector is true for no storage of the node that was chosen",
            "correct `storage_selector` in the class (`omni-scale explain selector` evaluates it on every node)",
        )
    } else if has("found no matching overload")
        || has("undeclared reference")
        || has("Syntax error")
        || has("reserved identifier")
    {
        anew(
            "the storage selector is no expression that the provider can evaluate",
            "correct `storage_selector` in the class: its variables are name, node, storageType and availableSpace",
        )
    } else if has("does not support vm images") {
        anew(
            "the storage selector picks a storage that holds no disks of VMs",
            "make `storage_selector` true only for a storage with content `images`",
        )
    } else if has("only root can set") {
        anew(
            "`hugepages` can be set by root's password login only, never with a token",
            "take `hugepages` out of the class",
        )
    } else if has("bad request: 400") && has("no such task") {
        anew("Proxmox no longer knows the task that the provider waits for", "nothing to correct")
    } else if has("bad request: 400") {
        let which = parameter(error).map_or_else(String::new, |p| format!(" ({p})"));
        anew(
            format!("Proxmox refuses a parameter that comes from the class{which}"),
            "correct it in the machine class (`omni-scale validate` knows the usual ones)",
        )
    } else if has("already exists") {
        heals("somebody else took the VMID at the same moment", &["nothing: the next attempt takes another"])
    } else if error == "stopped" {
        anew(
            "the task in Proxmox failed or ended with warnings, and the provider waits for it for ever; the reason is only in the task's log",
            "read the log of the task in Proxmox and mend what it says",
        )
    } else if has("used in HA resources") {
        heals(
            "high availability manages the VM, so Proxmox does not remove it",
            &["`ha-manager remove vm:VMID`; the provider tries again by itself"],
        )
    } else if has("protection mode enabled") {
        heals(
            "the VM is protected, so Proxmox does not remove it",
            &["`qm set VMID --protection 0`; the provider tries again by itself"],
        )
    } else if has("is locked (") || has("can't lock file") {
        heals("a task holds the VM", &["wait for the task; if none runs, `qm unlock VMID`"])
    } else if has("hostname lookup '") {
        heals(
            "the node of the provider's record is not in the Proxmox cluster: renamed or taken out",
            &["give the node its name back, or use provider 0.3 or later"],
        )
    } else if has("no quorum") {
        heals(
            "the Proxmox cluster has no quorum and takes no change",
            &["bring back enough nodes for a majority (`pvecm status`)"],
        )
    } else if has("missing the node information") {
        heals(
            "the provider's record has no node, so it cannot remove the VM",
            &["remove the VM by hand; the request ends only with its provider"],
        )
    } else if has("x509:") {
        heals(
            "the provider does not trust a certificate",
            &[
                "Proxmox: a certificate of a known authority, or `insecureSkipVerify: true` in the provider's config.yaml; Omni: the authority in the container",
            ],
        )
    } else if has("unsupported protocol scheme") {
        heals(
            "the address of Proxmox in the provider's config.yaml has no `https://`",
            &["`proxmox.url` is `https://HOST:8006/api2/json`; correct it and restart the provider"],
        )
    } else if has("connection refused") {
        heals(
            "the address that the provider asks refuses connections: a node that restarts, or a wrong URL",
            &["check `url` in the provider's config.yaml; it has one address and no other to fall back to"],
        )
    } else if has("no such host")
        || has("i/o timeout")
        || has("no route to host")
        || has("context deadline exceeded")
    {
        heals(
            "the provider cannot reach an address: name resolution or network",
            &["check from the provider's container that the address is reached"],
        )
    } else if has("unexpected end of JSON input") || has("invalid character") {
        heals(
            "Proxmox answered nothing that is JSON: the node that was asked is down or cut off, or a proxy stands in between",
            &["bring the node back; the provider tries again by itself"],
        )
    } else if has("500 Internal Server Error") {
        heals(
            "an HTTP/2 proxy in front of Proxmox removes the words by which the provider tells a VM that is gone",
            &["let the provider ask a Proxmox node directly"],
        )
    } else if has("resource ID must match the infra provider ID") {
        heals(
            "the key of the provider is of another provider id",
            &[
                "start the provider with the id of its key, exact to the case, or renew the key: `omnictl infraprovider renewkey ID`",
            ],
        )
    } else if has("omni-api-endpoint flag is not set") {
        heals(
            "the provider was started without the address of Omni",
            &["set `OMNI_ENDPOINT` in its container"],
        )
    } else if has("static hostname is already set") {
        heals(
            "a patch of an old provider sets the host name, which Talos 1.12 and later refuse beside a HostnameConfig",
            &[
                "use a tagged release of the provider; the patch of the step configureHostname is gone since 2026-02",
            ],
        )
    } else if has("is not allowed to modify labels") {
        heals(
            "a patch sets a node label that kubelets may not set themselves",
            &["take the label out of `machine.nodeLabels`, and set it with kubectl once the node has joined"],
        )
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_error_has_its_cause() {
        let heals = [
            (
                Some("pickNode"),
                r#"failed to get node "hotel", unexpected end of JSON input"#,
                "node hotel is down",
            ),
            (
                Some("pickNode"),
                r#"specified node "hotel" is not online (status: offline)"#,
                "names node hotel, which is down",
            ),
            (Some("pickNode"), "not authorized to access endpoint", "not accepted at all"),
            (Some("syncVM"), "not authorized to access endpoint", "VM.Config.HWType"),
            (
                Some("uploadISO"),
                "failed to get storage: unable to find the item you are looking for",
                "no enabled storage for ISO",
            ),
            (None, "unexpected end of JSON input", "down or cut off"),
            (None, r#"Get "/api2/json/nodes": unsupported protocol scheme """#, "no `https://`"),
            (
                None,
                "500 unable to remove VM 105 - used in HA resources and purge parameter not set.",
                "high availability",
            ),
            (None, "500 can't remove VM 105 - protection mode enabled", "protected"),
            (None, "500 VM is locked (backup)", "holds the VM"),
        ];
        let never = [
            (Some("pickNode"), r#"specified node "kilo" not found in cluster"#, "node kilo, which the"),
            (
                Some("syncVM"),
                r#"failed to pick the disk: no matches for the condition "name == \"nope\"""#,
                "true for no storage",
            ),
            (Some("syncVM"), "ERROR: <input>:1:6: found no matching overload for '_==_'", "no expression"),
            (Some("syncVM"), "ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>'", "no expression"),
            (
                Some("pickNode"),
                "yaml: construct errors:\n  line 1: cannot construct !!str `four` into int",
                "not what the provider can read",
            ),
            (Some("syncVM"), "stopped", "task in Proxmox failed"),
            (
                Some("syncVM"),
                r#"bad request: 400 Parameter verification failed. - {"sockets":"value must have a minimum value of 1"}"#,
                "(sockets: value must have",
            ),
        ];
        for (all, healing) in [(&heals[..], true), (&never[..], false)] {
            for (step, error, part) in all {
                let cause = cause(*step, error).unwrap_or_else(|| panic!("{error}"));
                assert!(cause.what.contains(part), "{error}: {}", cause.what);
                assert_eq!(cause.heals, healing, "{error}");
                assert_eq!(cause.act.iter().any(|a| a == ANEW), !healing, "{error}");
            }
        }
    }

    #[test]
    fn what_cannot_be_a_cause_is_none() {
        for text in ["429 Too Many Requests", "rate limited", "", "connection pool exhausted", "{\"a\":"] {
            assert_eq!(cause(Some("syncVM"), text), None, "{text}");
        }
    }
}
