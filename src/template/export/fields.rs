//! Documents in the making: keys in the order in which they are put, empty ones left out.

use std::collections::BTreeMap;

use crate::resource::{OMNI_PREFIX, Resource};
use crate::value::Value;
use crate::yaml::Out;

/// A mapping in the making.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, Out)>);

impl Fields {
    /// A document of a kind.
    pub(super) fn document(kind: &str) -> Self {
        Self::default().put("kind", Out::from(kind))
    }
    /// A key, whatever its value.
    pub(super) fn put(mut self, key: &str, value: Out) -> Self {
        self.0.push((key.to_owned(), value));
        self
    }
    /// A key that may be absent.
    pub(super) fn maybe(self, key: &str, value: Option<Out>) -> Self {
        match value {
            Some(value) => self.put(key, value),
            None => self,
        }
    }
    /// A text, unless it is empty.
    pub(super) fn text(self, key: &str, text: &str) -> Self {
        self.maybe(key, (!text.is_empty()).then(|| Out::from(text)))
    }
    /// `true`, or nothing.
    pub(super) fn flag(self, key: &str, value: bool) -> Self {
        self.maybe(key, value.then(|| Out::Scalar(true.into())))
    }
    /// A list, unless it is empty.
    pub(super) fn list(self, key: &str, items: Vec<Out>) -> Self {
        self.maybe(key, (!items.is_empty()).then_some(Out::List(items)))
    }
    /// A mapping, unless it is empty.
    pub(super) fn map(self, key: &str, fields: Fields) -> Self {
        self.maybe(key, (!fields.0.is_empty()).then(|| fields.out()))
    }
    /// The user's labels and annotations of a resource: what is Omni's own no template may set.
    pub(super) fn descriptors(self, resource: &Resource, without: &[&str]) -> Self {
        let users = |map: &BTreeMap<String, String>, without: &[&str]| {
            Value::Map(
                map.iter()
                    .filter(|(key, _)| !key.starts_with(OMNI_PREFIX) && !without.contains(&key.as_str()))
                    .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
                    .collect(),
            )
        };
        let some = |value: Value| value.as_map().is_some_and(|m| !m.is_empty()).then(|| Out::from(value));
        self.maybe("labels", some(users(&resource.labels, &[])))
            .maybe("annotations", some(users(&resource.annotations, without)))
    }
    /// The mapping.
    pub(super) fn out(self) -> Out {
        Out::Map(self.0)
    }
    /// Whether nothing was put after the first `n` keys.
    pub(super) fn only(&self, n: usize) -> bool {
        self.0.len() <= n
    }
}

/// A text field of a spec; empty when absent.
pub(super) fn text<'a>(spec: &'a Value, key: &str) -> &'a str {
    spec.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A number of a spec; 0 when absent.
pub(super) fn number(spec: &Value, key: &str) -> i128 {
    spec.get(key).and_then(Value::as_int).unwrap_or(0)
}

/// A truth value of a spec; false when absent.
pub(super) fn truth(spec: Option<&Value>, key: &str) -> bool {
    spec.and_then(|s| s.get(key)).and_then(Value::as_bool).unwrap_or(false)
}

/// A list of texts of a spec, written even when it is empty.
pub(super) fn texts(spec: &Value, key: &str) -> Out {
    let items = spec.get(key).and_then(Value::as_list).unwrap_or_default();
    Out::List(items.iter().map(Out::from).collect())
}
