//! Storage selectors that the provider cannot compile.
//!
//! The provider compiles a selector when a machine is made, after its image was downloaded, and then fails for ever: the data of
//! a machine is fixed when the machine is asked for.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, Span};
use crate::selector::Selector;
use crate::yaml::{Node, NodeKind, ScalarStyle};

use super::recipe::{Recipe, get};
use super::{lines, selector_many, selector_type, selector_unsigned};

pub(super) static RULE: Rule = Rule {
    code: "OS0145",
    name: "selector-does-not-compile",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "The provider's CEL environment: `name`, `node` and `storageType` are texts, `availableSpace` is an unsigned number; cel-go's standard functions.",
    stage: Stage::Validate,
    title: "a storage selector that cannot work",
    means: "The condition is no valid expression over storages. The provider finds that out when it makes a machine, after its image was downloaded.",
    bad: "storage_selector: storage.filter(s, s.type == \"lvmthin\")[0].name",
    good: "storage_selector: storageType == \"lvmthin\"",
    act: "Write it over the names that exist, such as `name == \"vm_ssd\"`.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for pairs in recipe.disks() {
        let pair = pairs.iter().find(|(k, _)| k.text() == Some("storage_selector"));
        if let (Some((key, node)), Some(text)) = (pair, get(pairs, "storage_selector").and_then(Node::text)) {
            selector(&Place { recipe, key, node }, text, sink);
        }
    }
}

/// Where a selector stands.
pub(super) struct Place<'a> {
    pub(super) recipe: &'a Recipe<'a>,
    pub(super) key: &'a Node,
    pub(super) node: &'a Node,
}

impl Place<'_> {
    /// Where a part of the selector stands in the file; `None` where quotes or folding change the text.
    pub(super) fn exact(&self, at: Span) -> Option<Span> {
        let span = lines::exact(self.recipe.text(), self.key, self.node)?;
        let quote = match &self.node.kind {
            NodeKind::Scalar { style: ScalarStyle::Plain, .. } => 0,
            _ => 1,
        };
        Some(Span::new(span.start + quote + at.start, span.start + quote + at.end.max(at.start)))
    }

    /// The same, as a whole where it cannot be told.
    pub(super) fn near(&self, at: Span) -> Span {
        self.exact(at).unwrap_or(self.node.span)
    }
}

fn selector(place: &Place<'_>, text: &str, sink: &mut Sink) {
    let (source, span) = (place.recipe.source, place.node.span);
    if text.trim().is_empty() {
        sink.push(
            Diagnostic::of(&RULE, "the storage selector is empty")
                .at(source, span, "")
                .help("write `name == \"<storage>\"`"),
        );
        return;
    }
    let refusal = match Selector::read(text) {
        Ok(selector) => {
            selector_many::check(place, &selector, text, sink);
            return;
        }
        Err(refusal) => refusal,
    };
    // What was not looked at may well work.
    if refusal.logged.is_none() {
        for fault in refusal.faults {
            let d = Diagnostic::of(&RULE, format!("the storage selector is not checked: {}", fault.message));
            sink.push(Diagnostic { severity: crate::diag::Severity::Warning, ..d }.at(source, span, ""));
        }
        return;
    }
    // Two slips that every reader of these selectors makes have rules of their own, where mending them mends all.
    let (types, numbers) = (selector_type::slips(text), selector_unsigned::slips(text));
    for (types, numbers) in [(&types[..], &[][..]), (&[][..], &numbers[..]), (&types[..], &numbers[..])] {
        if types.is_empty() && numbers.is_empty() {
            continue;
        }
        if Selector::read(&mended(text, types, numbers)).is_ok() {
            selector_type::tell(place, types, sink);
            selector_unsigned::tell(place, text, numbers, sink);
            return;
        }
    }
    for fault in refusal.faults {
        let message = format!("the storage selector does not compile: {}", fault.message);
        let mut d = Diagnostic::of(&RULE, message).at(source, place.near(fault.at), "");
        if let Some(help) = fault.help {
            d = d.help(help);
        }
        sink.push(d);
    }
}

/// A selector with `storageType` for `type` and with unsigned numbers.
fn mended(text: &str, types: &[Span], numbers: &[Span]) -> String {
    let mut edits: Vec<(Span, &str)> = types.iter().map(|s| (*s, selector_type::NAME)).collect();
    edits.extend(numbers.iter().map(|s| (Span::new(s.end, s.end), "u")));
    edits.sort();
    let (mut out, mut at) = (String::new(), 0);
    for (span, new) in edits {
        out.push_str(text.get(at..span.start).unwrap_or_default());
        out.push_str(new);
        at = span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The words and numbers of a selector that stand outside of texts and comments, each with what stands before and behind it.
pub(super) fn tokens(text: &str) -> Vec<(Span, &str)> {
    let bytes = text.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let (mut out, mut i) = (Vec::new(), 0);
    while i < bytes.len() {
        match at(i) {
            b'/' if at(i + 1) == b'/' => {
                i = text.get(i..).and_then(|t| t.find('\n')).map_or(bytes.len(), |n| i + n);
            }
            quote @ (b'"' | b'\'') => {
                let three = at(i + 1) == quote && at(i + 2) == quote;
                i += if three { 3 } else { 1 };
                while i < bytes.len() {
                    if at(i) == b'\\' {
                        i += 2;
                    } else if at(i) == quote && (!three || (at(i + 1) == quote && at(i + 2) == quote)) {
                        i += if three { 3 } else { 1 };
                        break;
                    } else {
                        i += 1;
                    }
                }
            }
            c if c.is_ascii_alphanumeric() || c == b'_' => {
                let start = i;
                while at(i).is_ascii_alphanumeric() || at(i) == b'_' {
                    i += 1;
                }
                // A prefix of a text (`r"…"`) is none of its own.
                if !matches!(at(i), b'"' | b'\'') {
                    out.push((Span::new(start, i), text.get(start..i).unwrap_or_default()));
                }
            }
            _ => i += 1,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::rules::testing;

    #[test]
    fn it_speaks_and_is_silent() {
        testing::example(&RULE);
    }

    #[test]
    fn what_has_no_rule_of_its_own() {
        for selector in ["name = \"a\"", "name", "name == 3", "lowerAscii(name) == \"a\"", "''"] {
            let data = format!("storage_selector: >-\n  {selector}\n");
            assert_eq!(testing::data(&data), ["OS0145"], "{selector}");
        }
        assert_eq!(testing::data("storage_selector: ''\n"), ["OS0145"]);
    }

    #[test]
    fn two_slips_in_one_selector_are_two_findings_and_two_fixes() {
        let data = "cores: 4\nsockets: 1\nmemory: 8192\ndisk_size: 40\nstorage_selector: type == \"rbd\" && availableSpace > 100 # big\n";
        assert_eq!(testing::whole(data), ["OS0154", "OS0155"]);
        let fixed = testing::fixed(data);
        assert!(
            fixed.contains("storage_selector: storageType == \"rbd\" && availableSpace > 100u # big\n"),
            "{fixed}"
        );
    }
}
