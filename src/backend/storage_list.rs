//! Lists of storages that somebody kept: what `GET /nodes/N/storage` answered, or `pvesh` printed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::proxmox::sorted_storages;
use crate::live::Storage;
use crate::wire::proxmox::StorageEntry;

#[derive(Deserialize)]
#[serde(untagged)]
enum Kept {
    /// The list itself, as `pvesh get … --output-format json` prints it.
    List(Vec<StorageEntry>),
    /// A whole answer.
    Answer { data: Vec<StorageEntry> },
    /// Several nodes.
    Nodes(BTreeMap<String, Vec<StorageEntry>>),
}

/// Storages by node; a list that names no node is that of `node`.
///
/// # Errors
/// A sentence, if the text is nothing of the kind.
pub fn listed_storages(text: &str, node: &str) -> Result<BTreeMap<String, Vec<Storage>>, String> {
    let kept: Kept = serde_json::from_str(text).map_err(|_| {
        "this is no list of storages: wanted is JSON as `pvesh get /nodes/NODE/storage --output-format json` prints it, or `{\"NODE\": [ … ]}`".to_owned()
    })?;
    let nodes = match kept {
        Kept::List(list) | Kept::Answer { data: list } => BTreeMap::from([(node.to_owned(), list)]),
        Kept::Nodes(nodes) => nodes,
    };
    Ok(nodes.into_iter().map(|(node, list)| (node, sorted_storages(&list))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_an_answer_and_several_nodes() {
        let list = r#"[{"storage":"b","type":"rbd","content":"images,rootdir","enabled":1,"active":1,"avail":5,"total":9},{"storage":"a","type":"dir"}]"#;
        let seen = |text: &str| -> Vec<(String, Vec<String>)> {
            let all = listed_storages(text, "golf").unwrap();
            all.into_iter().map(|(n, s)| (n, s.into_iter().map(|s| s.name).collect())).collect()
        };
        let wanted = |node: &str| vec![(node.to_owned(), vec!["a".to_owned(), "b".to_owned()])];
        assert_eq!(seen(list), wanted("golf"));
        assert_eq!(seen(&format!("{{\"data\":{list}}}")), wanted("golf"));
        assert_eq!(seen(&format!("{{\"hotel\":{list}}}")), wanted("hotel"));
        for text in ["", "{}x", "[1]", "{\"golf\": 1}", "a: b"] {
            assert!(listed_storages(text, "golf").is_err(), "{text}");
        }
    }
}
