//! Text fields that hold YAML: read as trees, so that a difference has a place and a meaning.

use std::collections::BTreeMap;

use crate::value::Value;

/// Path of the spec field of a type that holds YAML text.
pub(super) fn field(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "MachineClasses" => Some(&["auto_provision", "provider_data"]),
        "ConfigPatches" | "KubernetesManifestGroups" => Some(&["data"]),
        "KubernetesHealthChecks" => Some(&["job"]),
        _ => None,
    }
}

/// The documents of a YAML text with meaning as in Go; `None` if it is not YAML, or nothing but blanks and comments.
pub fn documents(text: &str) -> Option<Vec<Value>> {
    let limits = crate::yaml::Limits::default();
    let parsed = crate::yaml::parse(crate::diag::SourceId::default(), text, &limits).ok()?;
    let values: Vec<Value> =
        parsed.iter().filter_map(|d| d.root.as_ref().map(crate::yaml::to_value)).collect();
    (!values.is_empty()).then_some(values)
}

/// The documents of a text as one tree.
pub(super) fn tree(text: &str) -> Option<Tree> {
    Tree::of(documents(text)?)
}

/// No document, one, or several by title.
pub(super) enum Tree {
    Nothing,
    One(Value),
    Many(BTreeMap<String, Value>),
}

impl Tree {
    /// A single document is itself; several are entries under `Kind/name` (documents without `kind` under `machine
    /// configuration`), numbered where names repeat. `None` if there is none.
    pub(super) fn of(documents: Vec<Value>) -> Option<Self> {
        if documents.len() <= 1 {
            return documents.into_iter().next().map(Self::One);
        }
        let mut map = BTreeMap::new();
        for document in documents {
            let title = title(&document);
            let mut key = title.clone();
            let mut n = 1;
            while map.contains_key(&key) {
                n += 1;
                key = format!("{title} #{n}");
            }
            map.insert(key, document);
        }
        Some(Self::Many(map))
    }
    /// As a mapping by title, for comparison with a text of another number of documents.
    fn many(self) -> Value {
        Value::Map(match self {
            Self::Nothing => BTreeMap::new(),
            Self::One(value) => BTreeMap::from([(title(&value), value)]),
            Self::Many(map) => map,
        })
    }
    /// Live and wanted text, and the remembered forms of the applied, live and wanted ones, in one shape: as they are if
    /// all hold one document, else by title.
    pub(super) fn align(
        live: Self,
        wanted: Self,
        applied: Option<[Self; 3]>,
    ) -> (Value, Value, Option<[Value; 3]>) {
        match (live, wanted, applied) {
            (Self::One(l), Self::One(w), None) => (l, w, None),
            (Self::One(live), Self::One(wanted), Some([Self::One(was), Self::One(is), Self::One(to)])) => {
                (live, wanted, Some([was, is, to]))
            }
            (Self::Nothing, Self::One(w), None) => (Value::map(), w, None),
            (Self::One(l), Self::Nothing, None) => (l, Value::map(), None),
            (l, w, a) => (l.many(), w.many(), a.map(|a| a.map(Self::many))),
        }
    }
}

fn title(document: &Value) -> String {
    let text = |path: &[&str]| document.at(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = text(&["kind"]);
    if kind.is_empty() {
        return "machine configuration".to_owned();
    }
    let name = match text(&["metadata", "name"]) {
        n if n.is_empty() => text(&["name"]),
        n => n,
    };
    if name.is_empty() { kind } else { format!("{kind}/{name}") }
}

/// Whether a patch leaves the cluster without a CNI, so that nodes stay NotReady until somebody installs one.
/// `Some(true)` if it says `cluster.network.cni.name: none`; `Some(false)` if it names another CNI or takes the setting out
/// again (`$patch: delete`), which brings Talos' own CNI back; `None` if it says nothing about it: an empty value changes
/// nothing in a merge.
pub fn leaves_no_cni(patch: &str) -> Option<bool> {
    documents(patch)?.iter().rev().find_map(without_cni)
}

fn without_cni(document: &Value) -> Option<bool> {
    let mut at = document;
    for key in ["cluster", "network", "cni", "name"] {
        at = at.get(key)?;
        if at.get("$patch").and_then(Value::as_str) == Some("delete") {
            return Some(false);
        }
    }
    at.as_str().filter(|name| !name.is_empty()).map(|name| name == "none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_patch_on_the_cni() {
        for (patch, none) in [
            ("cluster: {network: {cni: {name: none}}}", Some(true)),
            ("cluster: {network: {cni: {name: flannel}}}", Some(false)),
            ("cluster: {network: {cni: {name: custom, urls: [https://a/cni.yaml]}}}", Some(false)),
            ("cluster: {network: {cni: {$patch: delete}}}", Some(false)),
            ("cluster: {network: {cni: {name: none, $patch: delete}}}", Some(false)),
            ("cluster: {network: {cni: {name: {$patch: delete}}}}", Some(false)),
            ("cluster: {network: {$patch: delete}}", Some(false)),
            ("cluster: {network: {podSubnets: {$patch: delete}}}", None),
            ("cluster: {network: {cni: {name: ''}}}", None),
            ("cluster: {network: {cni: }}", None),
            ("cluster: {proxy: {disabled: true}}", None),
            ("machine: {network: {cni: {name: none}}}", None),
            (
                "cluster: {network: {cni: {name: none}}}\n---\ncluster: {network: {cni: {$patch: delete}}}",
                Some(false),
            ),
            (
                "cluster: {network: {cni: {$patch: delete}}}\n---\ncluster: {network: {cni: {name: none}}}",
                Some(true),
            ),
            (
                "cluster: {network: {cni: {name: none}}}\n---\napiVersion: v1alpha1\nkind: X\n$patch: delete",
                Some(true),
            ),
            ("a: [", None),
        ] {
            assert_eq!(leaves_no_cni(patch), none, "{patch}");
        }
    }
}
