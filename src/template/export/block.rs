//! Texts that a block (`|`) does not give back.

use crate::diag::SourceId;
use crate::yaml::{self, Limits, Out};

/// Whether a text that is written as a block reads back as itself. One that begins with a tab, or with an empty line and then a
/// blank, does not: readers take that for indentation. omnictl writes such a block all the same.
pub(super) fn reads_back(text: &str) -> bool {
    let written = yaml::write(&Out::Map(vec![("t".to_owned(), Out::Literal(text.to_owned()))]), 2);
    let Ok(documents) = yaml::parse(SourceId::default(), &written, &Limits::default()) else { return false };
    let root = documents.first().and_then(|d| d.root.as_ref());
    root.and_then(|r| r.get("t")).and_then(|t| t.text()) == Some(text)
}

/// The same tree with such texts in quotes.
pub(super) fn readable(out: &Out) -> Out {
    let pairs = |(key, value): &(String, Out)| (key.clone(), readable(value));
    match out {
        Out::Literal(text) if !reads_back(text) => Out::Quoted(text.clone()),
        Out::List(items) => Out::List(items.iter().map(readable).collect()),
        Out::Map(entries) => Out::Map(entries.iter().map(pairs).collect()),
        other => other.clone(),
    }
}
