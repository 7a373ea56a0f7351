//! Fields that Omni owns and patches may not set.
//!
//! Omni 1.9.3 looks at the first document of a patch only, and at a shorter list; newer versions look at all documents and
//! know two fields more. What 1.9.3 refuses is an error here; what only newer versions refuse is a warning.

use super::documents::Part;
use crate::diag::{Diagnostic, Sink, codes};
use crate::yaml::{Node, NodeKind};

/// In the order in which omnictl reports them.
const FORBIDDEN: [&str; 13] = [
    "cluster.clusterName",
    "cluster.id",
    "cluster.controlPlane.endpoint",
    "cluster.token",
    "cluster.secret",
    "cluster.aescbcEncryptionSecret",
    "cluster.secretboxEncryptionSecret",
    "cluster.acceptedCAs",
    "machine.token",
    "machine.ca",
    "machine.type",
    "machine.install.extensions",
    "machine.acceptedCAs",
];
/// Refused by 1.10 and newer.
const FORBIDDEN_SOON: [&str; 2] = ["cluster.ca", "cluster.serviceAccount"];
/// Where Talos API access lists roles.
const ROLES: &str = "machine.features.kubernetesTalosAPIAccess.allowedRoles";
/// The role that must not be among them.
const ADMIN: &str = "os:admin";

pub(super) fn check(parts: &[Part], sink: &mut Sink) {
    for (number, part) in parts.iter().enumerate() {
        let Some(root) = &part.root else { continue };
        let now = number == 0;
        for path in FORBIDDEN {
            if let Some(key) = find(root, path) {
                sink.push(overriding(part, key, path, now));
            }
        }
        for path in FORBIDDEN_SOON {
            if let Some(key) = find(root, path) {
                sink.push(overriding(part, key, path, false));
            }
        }
        for role in admin(root) {
            let message = format!("`{ROLES}` must not have `{ADMIN}`");
            sink.push(
                place(part, role, now, message)
                    .note(format!("omnictl: element \"{ADMIN}\" is not allowed in field \"{ROLES}\"")),
            );
        }
    }
}

fn overriding(part: &Part, key: &Node, path: &str, now: bool) -> Diagnostic {
    place(part, key, now, format!("a patch may not set `{path}`: Omni sets it"))
        .note(format!("omnictl: overriding \"{path}\" is not allowed in the config patch"))
        .help("remove it from the patch")
}

fn place(part: &Part, node: &Node, now: bool, message: String) -> Diagnostic {
    let problem = if now {
        Diagnostic::error(codes::PATCH_FORBIDDEN, message)
    } else {
        Diagnostic::warning(codes::PATCH_FORBIDDEN_SOON, message)
            .note("Omni 1.9.3 lets it pass here, newer versions refuse it")
    };
    problem.at(part.source, node.span, "set here")
}

/// The key at `path`, whatever its value.
fn find<'n>(root: &'n Node, path: &str) -> Option<&'n Node> {
    let mut node = root;
    let mut found = None;
    for part in path.split('.') {
        let (key, value) = node.entry(part)?;
        found = Some(key);
        node = value;
    }
    found
}

fn admin(root: &Node) -> Vec<&Node> {
    let list = ROLES.split('.').try_fold(root, |node, part| node.get(part));
    match list.map(|n| &n.kind) {
        Some(NodeKind::Seq(items)) => items.iter().filter(|i| i.text() == Some(ADMIN)).collect(),
        _ => Vec::new(),
    }
}
