//! Fields and documents that Omni owns and patches may not set.
//!
//! Omni 1.9 looks at the first document of a patch only, and at a shorter list; newer versions look at all documents, know more
//! fields, and forbid documents that carry the same secrets. What the dialect refuses is an error here. What only Omni 1.10
//! refuses is a warning before: such a patch stands in the way of the upgrade. The install disk is no such case: until then a
//! patch is the only way to set it.

use super::documents::Part;
use crate::diag::{Diagnostic, Sink, codes};
use crate::template::dialect::Dialect;
use crate::yaml::{Node, NodeKind, Scalar, resolve};

/// Fields of the document without `kind`, in the order in which omnictl reports them, with the oldest dialect that refuses them.
const FIELDS: [(&str, Dialect); 16] = [
    ("cluster.clusterName", Dialect::V1_9),
    ("cluster.id", Dialect::V1_9),
    ("cluster.controlPlane.endpoint", Dialect::V1_9),
    ("cluster.token", Dialect::V1_9),
    ("cluster.secret", Dialect::V1_9),
    ("cluster.aescbcEncryptionSecret", Dialect::V1_9),
    ("cluster.secretboxEncryptionSecret", Dialect::V1_9),
    ("cluster.ca", Dialect::V1_10),
    ("cluster.acceptedCAs", Dialect::V1_9),
    ("cluster.serviceAccount", Dialect::V1_10),
    ("machine.token", Dialect::V1_9),
    ("machine.ca", Dialect::V1_9),
    ("machine.type", Dialect::V1_9),
    ("machine.install.disk", Dialect::Newest),
    ("machine.install.extensions", Dialect::V1_9),
    ("machine.acceptedCAs", Dialect::V1_9),
];
/// Documents that Omni 1.10 and newer refuse whole: unattended install, and what else is Omni's to say about a cluster.
const DOCUMENTS: [&str; 6] = [
    "UnattendedInstallConfig",
    "DiscoveryIdentityConfig",
    "KubeClusterConfig",
    "KubeEtcdEncryptionConfig",
    "KubeAPIServerCAConfig",
    "KubeAggregatorCAConfig",
];
/// Fields of documents with `kind` that Omni 1.10 and newer refuse.
const FIELDS_OF_DOCUMENTS: [(&str, &str); 1] = [("KubeServiceAccountConfig", "issuer.privateKey")];
/// Where Talos API access lists roles: in the document without `kind`, and in one with.
const ROLES: &str = "machine.features.kubernetesTalosAPIAccess.allowedRoles";
const ROLES_OF_DOCUMENTS: [(&str, &str); 1] = [("KubeTalosAPIAccessConfig", "allowedRoles")];
/// The role that must not be among them.
const ADMIN: &str = "os:admin";

/// Reports what `dialect` refuses as errors and, below Omni 1.10, what that will refuse as warnings.
pub(super) fn check(dialect: Dialect, parts: &[Part], sink: &mut Sink) {
    for (number, part) in parts.iter().enumerate() {
        let Some(root) = &part.root else { continue };
        let found = findings(dialect, number, root);
        let soon = if dialect < Dialect::V1_10 { findings(Dialect::V1_10, number, root) } else { Vec::new() };
        for finding in &found {
            sink.push(finding.problem(part, true));
        }
        for finding in soon.iter().filter(|f| !found.contains(f)) {
            sink.push(finding.problem(part, false));
        }
    }
}

/// Something that a patch may not say.
#[derive(PartialEq)]
enum Finding<'n> {
    Field(&'static str, &'n Node),
    Document(&'static str, &'n Node),
    Role(&'static str, &'n Node),
}

/// What a dialect refuses in one document, in omnictl's order.
fn findings(dialect: Dialect, number: usize, root: &Node) -> Vec<Finding<'_>> {
    let mut out = Vec::new();
    if number > 0 && !dialect.searches_all_documents() {
        return out;
    }
    // Omni 1.9 does not ask what kind of document it is.
    let kind = root.get("kind").filter(|k| dialect.searches_all_documents() && resolve(k) == Scalar::Str);
    let Some((node, kind)) = kind.and_then(|node| Some((node, node.text()?))) else {
        let fields = FIELDS.iter().filter(|(_, since)| *since <= dialect);
        out.extend(fields.filter_map(|(path, _)| Some(Finding::Field(path, find(root, path)?))));
        out.extend(admin(root, ROLES).into_iter().map(|role| Finding::Role(ROLES, role)));
        return out;
    };
    if let Some(name) = DOCUMENTS.iter().find(|name| **name == kind) {
        out.push(Finding::Document(name, node));
        return out;
    }
    let of_kind = |(name, path): &(&str, &'static str)| (*name == kind).then_some(*path);
    for path in FIELDS_OF_DOCUMENTS.iter().filter_map(of_kind) {
        out.extend(find(root, path).map(|key| Finding::Field(path, key)));
    }
    for path in ROLES_OF_DOCUMENTS.iter().filter_map(of_kind) {
        out.extend(admin(root, path).into_iter().map(|role| Finding::Role(path, role)));
    }
    out
}

impl Finding<'_> {
    fn problem(&self, part: &Part, now: bool) -> Diagnostic {
        let (node, message, omnictl, help) = match self {
            Self::Field(path, node) => (
                node,
                format!("a patch may not set `{path}`: Omni sets it"),
                format!("overriding \"{path}\" is not allowed in the config patch"),
                if *path == "machine.install.disk" {
                    "remove it from the patch, and write `install: {disk: …}` into a Machine document"
                } else {
                    "remove it from the patch"
                },
            ),
            Self::Document(kind, node) => (
                node,
                format!("a patch may not have a document `{kind}`: Omni says what stands there"),
                format!("the \"{kind}\" document is not allowed in the config patch"),
                "remove the document from the patch",
            ),
            Self::Role(path, node) => (
                node,
                format!("`{path}` must not have `{ADMIN}`"),
                format!("element \"{ADMIN}\" is not allowed in field \"{path}\""),
                "remove the role from the list",
            ),
        };
        let problem = if now {
            Diagnostic::error(codes::PATCH_FORBIDDEN, message)
        } else {
            Diagnostic::warning(codes::PATCH_FORBIDDEN_SOON, message)
                .note("Omni 1.9 lets it pass here, Omni 1.10 and newer refuse it")
        };
        problem.at(part.source, node.span, "set here").note(format!("omnictl: {omnictl}")).help(help)
    }
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

fn admin<'n>(root: &'n Node, path: &str) -> Vec<&'n Node> {
    let list = path.split('.').try_fold(root, |node, part| node.get(part));
    match list.map(|n| &n.kind) {
        Some(NodeKind::Seq(items)) => items.iter().filter(|i| i.text() == Some(ADMIN)).collect(),
        _ => Vec::new(),
    }
}
