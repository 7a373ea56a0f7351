//! Texts with their secrets covered, in which a change of a secret still shows as one.

use std::ops::Range;

use super::embedded::field;
use super::sensitive::{conceals, is_sensitive, sensitive_name};
use crate::resource::Resource;
use crate::secret::{covered, is_cover, reveals};
use crate::value::Value;
use crate::yaml::{Node, NodeKind, to_value};

/// Copies of a resource before and after a change in which everything that must not be shown reads `(hidden 1)`,
/// `(hidden 2)` and so on: within the two, equal secrets have equal numbers. Comments and layout of patches stay; a text
/// that cannot be read is hidden as a whole.
pub fn masked(before: Option<&Resource>, after: Option<&Resource>) -> (Option<Resource>, Option<Resource>) {
    let mut mask = Mask::default();
    let mut cover = |r: Option<&Resource>| r.map(|r| mask.resource(r));
    (cover(before), cover(after))
}

/// The secrets met so far.
#[derive(Default)]
struct Mask {
    seen: Vec<String>,
}

impl Mask {
    fn name(&mut self, secret: &str) -> String {
        // What was covered already keeps its number.
        if is_cover(secret) {
            return secret.to_owned();
        }
        let at = self.seen.iter().position(|s| s == secret).unwrap_or_else(|| {
            self.seen.push(secret.to_owned());
            self.seen.len() - 1
        });
        format!("(hidden {})", at + 1)
    }

    fn resource(&mut self, resource: &Resource) -> Resource {
        let mut out = resource.clone();
        let text_at = field(resource.id.short_kind());
        let text = text_at.and_then(|path| resource.spec.at(path)).and_then(Value::as_str);
        let text = text.filter(|t| !t.is_empty()).map(ToOwned::to_owned);
        // Embedded YAML has its own cover, which must not be covered once more.
        let slot = |spec: &mut Value, new: Value| {
            if let Some(slot) = text_at.and_then(|path| spec.at_mut(path)) {
                *slot = new;
            }
        };
        if text.is_some() {
            slot(&mut out.spec, Value::Null);
        }
        self.value(&mut out.spec);
        if let Some(text) = text {
            slot(&mut out.spec, self.text(&text).into());
        }
        for map in [&mut out.labels, &mut out.annotations] {
            for (key, value) in map {
                if is_sensitive(std::slice::from_ref(key), Some(&Value::from(value.as_str()))) {
                    *value = self.name(value);
                }
            }
        }
        out
    }

    /// Covers texts outside embedded YAML, as kernel arguments.
    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Str(text) if reveals(text) => *text = self.name(text),
            Value::List(items) => items.iter_mut().for_each(|v| self.value(v)),
            Value::Map(map) => map.values_mut().for_each(|v| self.value(v)),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => {}
        }
    }

    /// Covers the secrets in a YAML text and leaves the rest as it is.
    fn text(&mut self, text: &str) -> String {
        let Some(ranges) = secrets(text) else { return self.name(text) };
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for range in ranges {
            let secret = text.get(range.clone()).unwrap_or_default();
            out.push_str(text.get(at..range.start).unwrap_or_default());
            out.push_str(&self.name(secret.trim()));
            // A block of text ends with its line end.
            out.push_str(if secret.ends_with('\n') { "\n" } else { "" });
            at = range.end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }
}

/// Where the secrets of a YAML text stand, in order and apart; `None` if that cannot be told.
fn secrets(text: &str) -> Option<Vec<Range<usize>>> {
    let limits = crate::yaml::Limits::default();
    let documents = crate::yaml::parse(crate::diag::SourceId::default(), text, &limits).ok()?;
    let mut found = Vec::new();
    for document in &documents {
        if let Some(root) = &document.root {
            scalars(root, false, &mut found);
        }
    }
    let aliased = !found.is_empty() && text.contains('&') && text.contains('*');
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        found.extend(covered(line.trim_end()).into_iter().map(|r| start + r.start..start + r.end));
        start += line.len();
    }
    found.retain(|r| !r.is_empty());
    found.sort_by_key(|r| (r.start, std::cmp::Reverse(r.end)));
    let mut apart: Vec<Range<usize>> = Vec::new();
    for range in found {
        match apart.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    // What is left must look harmless, or nobody knows where the secret is. A value that is used by reference stands
    // elsewhere too.
    let mut rest = String::new();
    let mut at = 0;
    for range in &apart {
        rest.push_str(text.get(at..range.start)?);
        rest.push_str("${hidden}");
        rest.push_str(if text.get(range.clone())?.ends_with('\n') { "\n" } else { "" });
        at = range.end;
    }
    rest.push_str(text.get(at..)?);
    let harmless = !aliased && !reveals(&rest.replace("kind: Secret", "kind: ${hidden}"));
    harmless.then_some(apart)
}

/// The places of scalars that must not be shown.
fn scalars(node: &Node, secret: bool, out: &mut Vec<Range<usize>>) {
    match &node.kind {
        NodeKind::Scalar { text, .. } => {
            if !text.is_empty() && (secret || reveals(text)) {
                out.push(node.span.start..node.span.end);
            }
        }
        NodeKind::Seq(items) => items.iter().for_each(|item| scalars(item, secret, out)),
        NodeKind::Map(pairs) => {
            let whole = to_value(node);
            for (key, value) in pairs {
                let name = key.text().unwrap_or_default();
                let inner = secret || sensitive_name(name, value.text().is_none()) || conceals(&whole, name);
                scalars(value, inner, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceId;

    fn patch(data: &str) -> Resource {
        let mut r = Resource::new(ResourceId::default_ns("ConfigPatches", "p"));
        r.spec.set("data", data.into());
        r
    }
    fn both(before: &str, after: &str) -> (String, String) {
        let (b, a) = masked(Some(&patch(before)), Some(&patch(after)));
        let data = |r: Option<Resource>| r.unwrap().spec.get("data").unwrap().as_str().unwrap().to_owned();
        (data(b), data(a))
    }

    #[test]
    fn a_changed_secret_shows_as_a_change_and_layout_stays() {
        let text = |password: &str, a: u8| {
            format!(
                "# why\nmachine:\n  sysctls: {{a: \"{a}\"}}\n  registries: {{config: {{x: {{auth: {{password: {password}}}}}}}}}\n"
            )
        };
        let (before, after) = both(&text("hunter2", 1), &text("hunter3", 2));
        assert_eq!(before, text("(hidden 1)", 1));
        assert_eq!(after, text("(hidden 2)", 2));
        let (before, after) = both(&text("hunter2", 1), &text("hunter2", 2));
        assert_eq!((before, after), (text("(hidden 1)", 1), text("(hidden 1)", 2)));
    }

    #[test]
    fn blocks_comments_and_secrets_of_kubernetes_are_covered() {
        let (before, after) = both(
            "a: 1\nmachine:\n  token: |\n    line one\n    line two\nz: 1\n# old password: hunter2\n",
            "kind: Secret\ndata:\n  x: aHVudGVyMg==\nstringData: {y: hunter2}\n",
        );
        assert_eq!(before, "a: 1\nmachine:\n  token: (hidden 1)\nz: 1\n# old password: (hidden 2)\n");
        assert_eq!(after, "kind: Secret\ndata:\n  x: (hidden 3)\nstringData: {y: (hidden 2)}\n");
    }

    #[test]
    fn what_cannot_be_read_is_hidden_whole() {
        let (before, after) = both("a: [\npassword: hunter2", "a: &x hunter2\npassword: *x\n");
        assert_eq!(before, "(hidden 1)");
        assert_eq!(after, "(hidden 2)");
        let (plain, same) = both("machine: {sysctls: {a: \"1\"}}\n", "no: secret\n");
        assert_eq!((plain.as_str(), same.as_str()), ("machine: {sysctls: {a: \"1\"}}\n", "no: secret\n"));
    }
}
