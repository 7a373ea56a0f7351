//! New sections behind an old text, which stays as it is, byte for byte.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, SourceId};
use crate::spec::document::ENGINE;
use crate::value::Value;
use crate::yaml::{Limits, NodeKind, parse, to_value};

/// Why sections cannot be added.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum AppendError {
    /// The text is not YAML; its problems say where.
    #[error("the spec is not YAML")]
    Malformed(Vec<Diagnostic>),
    /// It has sections that the tool acts on.
    #[error("the spec has engine sections already")]
    Present(Vec<String>),
    /// What it says would change: its last value is open to what follows.
    #[error("the last value of the spec would change with text behind it; end it with a line break")]
    Open,
}

/// The text with `sections` behind it as a document of its own, under `heading` (lines without `#`). Line ends are those
/// of the text.
pub fn append(text: &str, heading: &[&str], sections: &str) -> Result<String, AppendError> {
    let before = values(text)?;
    let present: Vec<String> = before.keys().filter(|k| ENGINE.contains(&k.as_str())).cloned().collect();
    if !present.is_empty() {
        return Err(AppendError::Present(present));
    }
    let mut out = text.to_owned();
    let crlf = text.contains("\r\n");
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(if crlf { "\r\n" } else { "\n" });
    }
    let mut added = String::new();
    if !before.is_empty() {
        added.push_str("---\n");
    }
    for line in heading {
        added.push_str(&format!("# {line}\n"));
    }
    added.push_str(sections);
    out.push_str(&if crlf { added.replace('\n', "\r\n") } else { added });
    let after = values(&out)?;
    if before.iter().any(|(key, value)| after.get(key) != Some(value)) {
        return Err(AppendError::Open);
    }
    Ok(out)
}

/// The values of a stream by section.
fn values(text: &str) -> Result<BTreeMap<String, Value>, AppendError> {
    let documents = parse(SourceId::default(), text, &Limits::spec()).map_err(AppendError::Malformed)?;
    let mut out = BTreeMap::new();
    for root in documents.iter().filter_map(|d| d.root.as_ref()) {
        if let NodeKind::Map(pairs) = &root.kind {
            for (key, value) in pairs {
                out.insert(key.text().unwrap_or_default().to_owned(), to_value(value));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_text_stays_and_the_new_one_is_a_document() {
        for old in [
            "# top\nphases: {a: b} # end\n",
            "---\nphases: {a: b}\n...\n",
            "phases:\r\n  a: b\r\n",
            "phases: {a: b}",
        ] {
            let new = append(old, &["Engine"], "omni: { endpoint: https://omni.example.org }\n").unwrap();
            assert!(new.starts_with(old), "{new}");
            let values = values(&new).unwrap();
            assert_eq!(values.keys().map(String::as_str).collect::<Vec<_>>(), ["omni", "phases"]);
            assert_eq!(new.contains("\r\n"), old.contains("\r\n"));
            assert!(!old.contains('\r') || !new.replace("\r\n", "").contains('\n'));
            assert!(matches!(append(&new, &[], ""), Err(AppendError::Present(_))), "again");
        }
    }

    #[test]
    fn a_value_that_would_change_is_not_touched() {
        assert_eq!(append("phases: |+\n  a", &[], "omni: {}\n"), Err(AppendError::Open));
        assert!(matches!(append("a: [", &[], ""), Err(AppendError::Malformed(_))));
    }
}
