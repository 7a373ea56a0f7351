//! Provider data as plain data, each field of the type that the provider reads.

use crate::diag::SourceId;
use crate::spec::{PROVIDER_FIELDS, ProviderFieldType as Type};
use crate::value::Value;
use crate::yaml::{
    Limits, Mismatch, Node, NodeKind, as_bool, as_i64, as_list, as_pairs, as_string, as_u64, is_null, parse,
    to_value,
};

/// The first document as a mapping: `yes` of a truth value is `true`, `1024` of a text is `"1024"`. Keys that no release reads stay
/// as they are. A value that does not fit its field stays too; the provider then reads nothing ([`super::read`] says why).
/// Nothing, if the text is no mapping.
pub fn typed(text: &str) -> Option<Value> {
    let root = parse(SourceId::default(), text, &Limits::default()).ok()?.into_iter().next()?.root?;
    let NodeKind::Map(_) = &root.kind else { return None };
    Some(table(&root, PROVIDER_FIELDS))
}

fn table(node: &Node, fields: &[(&str, Type)]) -> Value {
    let mut out = Value::map();
    for (key, value) in as_pairs(node).unwrap_or_default() {
        let Some(key) = key.text() else { continue };
        let kind = fields.iter().find(|(name, _)| *name == key).map_or(Type::Any, |(_, kind)| *kind);
        out.set(key, field(kind, value).unwrap_or_else(|_| to_value(value)));
    }
    out
}

fn field(kind: Type, node: &Node) -> Result<Value, Mismatch> {
    if is_null(node) {
        return Ok(Value::Null);
    }
    Ok(match kind {
        Type::Int => as_i64(node)?.map_or(Value::Null, |n| Value::Int(n.into())),
        Type::Uint => as_u64(node)?.map_or(Value::Null, |n| Value::Int(n.into())),
        Type::Bool => as_bool(node)?.map_or(Value::Null, Value::Bool),
        Type::Text => as_string(node)?.map_or(Value::Null, Value::from),
        Type::Texts => {
            let items = as_list(node)?.iter().map(|item| field(Type::Text, item));
            Value::List(items.collect::<Result<_, _>>()?)
        }
        Type::Table(fields) => {
            as_pairs(node)?;
            table(node, fields)
        }
        Type::Tables(fields) => Value::List(as_list(node)?.iter().map(|item| table(item, fields)).collect()),
        Type::Any => to_value(node),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_types_that_the_provider_reads() {
        let read = typed("disk_ssd: yes\nhugepages: 1024\nnode: 010\ncores: 010\nballoon: off\nmemory: 8_192\nmine: yes\nadditional_nics: [{bridge: 1, firewall: on}]\ntags: [a, 2]\nvlan:\n").unwrap();
        assert_eq!(
            read.to_json(),
            serde_json::json!({
                "disk_ssd": true, "hugepages": "1024", "node": "010", "cores": 8, "balloon": false, "memory": 8192, "mine": "yes",
                "additional_nics": [{"bridge": "1", "firewall": true}], "tags": ["a", "2"], "vlan": null
            })
        );
        assert_eq!(typed("cores: four").unwrap().to_json(), serde_json::json!({"cores": "four"}));
        assert_eq!((typed("- a"), typed(""), typed("a: [")), (None, None, None));
    }
}
