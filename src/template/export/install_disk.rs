//! The install disk: up to Omni 1.10 a config patch, recognised by its id and by holding nothing else.

use super::Fidelity;
use crate::diag::SourceId;
use crate::resource::Resource;
use crate::value::Value;
use crate::yaml::{self, Limits, Node, NodeKind, Out};

/// The disk that the patch sets, if a template can say it as `install.disk`.
///
/// omnictl asks for the id and for the only key. The full form also asks whether rendering would give the patch back: its text,
/// its labels and its annotations. If not, it stays a patch, unless Omni's label `system-patch`, which no other patch of a
/// template has, would be lost by that.
pub(super) fn install_disk(patch: &Resource, fidelity: Fidelity) -> Option<String> {
    let machine = patch.omni_label("cluster-machine")?;
    if patch.id.id != format!("000-cm-{machine}-install-disk") {
        return None;
    }
    let data = patch.spec.get("data")?.as_str()?;
    let documents = yaml::parse(SourceId::default(), data, &Limits::default()).ok()?;
    let disk = documents.first()?.root.as_ref().and_then(only_disk)?;
    let kept = || {
        let plain = Out::Map(vec![(
            "machine".to_owned(),
            Out::Map(vec![(
                "install".to_owned(),
                Out::Map(vec![("disk".to_owned(), Out::from(disk.as_str()))]),
            )]),
        )]);
        let name = patch.annotations.get("name").map(String::as_str);
        patch.omni_label("system-patch").is_some()
            || (yaml::write(&plain, 4) == data
                && name == Some("install-disk")
                && patch.annotations.len() == 1)
    };
    (fidelity == Fidelity::Omnictl || kept()).then_some(disk)
}

fn only_disk(root: &Node) -> Option<String> {
    let install = only(only(root, "machine")?, "install")?;
    match yaml::to_value(only(install, "disk")?) {
        Value::Str(disk) if !disk.is_empty() => Some(disk),
        _ => None,
    }
}

/// The value of `key`, if the mapping has nothing else.
fn only<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    match &node.kind {
        NodeKind::Map(pairs) if pairs.len() == 1 => node.get(key),
        _ => None,
    }
}
