//! Storage selectors (CEL) with mistakes that can be seen without a compiler.
//!
//! The provider offers `name`, `node`, `storageType` (texts) and `availableSpace` (unsigned bytes). A selector that does not
//! compile is found only when a machine is made, after its image was downloaded.

use crate::diag::{Diagnostic, Sink, codes};
use crate::yaml::Node;

use super::recipe::{Recipe, get};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for node in recipe.disks().into_iter().filter_map(|d| get(d, "storage_selector")) {
        if let Some(text) = node.text()
            && let Some((what, help)) = mistake(text)
        {
            sink.push(problem(recipe, node, what, help));
        }
    }
}

fn problem(recipe: &Recipe<'_>, node: &Node, what: &str, help: &str) -> Diagnostic {
    Diagnostic::error(codes::STORAGE_SELECTOR, what).at(recipe.source, node.span, "").help(help)
}

/// What is wrong with a selector, and what to write.
fn mistake(text: &str) -> Option<(&'static str, &'static str)> {
    let tokens = tokens(text);
    if tokens.is_empty() {
        return Some(("the storage selector is empty", "write `name == \"<storage>\"`"));
    }
    let pair = |i: usize, n: usize| tokens.get(i + n).map(String::as_str);
    for (i, token) in tokens.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|b| tokens.get(b)).map(String::as_str);
        let compared = |t: Option<&str>| matches!(t, Some("==" | "!=" | "in"));
        let literal = |t: Option<&str>| t.is_some_and(|t| t.starts_with(['"', '\'']));
        match token.as_str() {
            "type"
                if before != Some(".")
                    && ((compared(pair(i, 1)) && (literal(pair(i, 2)) || pair(i, 2) == Some("[")))
                        || (compared(before) && literal(i.checked_sub(2).and_then(|b| pair(b, 0))))) =>
            {
                return Some((
                    "`type` in a storage selector is CEL's type function, not the type of the storage",
                    "write `storageType == \"rbd\"`",
                ));
            }
            "storage" if before != Some(".") && pair(i, 1) == Some(".") => {
                return Some((
                    "there is no `storage` in a storage selector",
                    "its variables are `name`, `node`, `storageType` and `availableSpace`",
                ));
            }
            "=" => return Some(("a single `=` compares nothing in a storage selector", "write `==`")),
            "and" | "or" | "not" if before != Some(".") => {
                return Some((
                    "`and`, `or` and `not` are no operators in a storage selector",
                    "write `&&`, `||` and `!`",
                ));
            }
            "availableSpace" if before != Some("(") || i < 2 || !is_word(pair(i - 2, 0)) => {
                let ordering = matches!(pair(i, 1), Some("==" | "!=" | "<" | "<=" | ">" | ">="));
                let number = pair(i, 2)
                    .is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit()) && !t.ends_with(['u', 'U']));
                if ordering && number {
                    return Some((
                        "`availableSpace` is unsigned and cannot be compared with a signed number",
                        "put `u` after the number: `availableSpace > 107374182400u`",
                    ));
                }
            }
            _ => {}
        }
    }
    None
}

fn is_word(token: Option<&str>) -> bool {
    token.is_some_and(|t| t.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Words, numbers, texts in quotes and operators. Comments end at the line end.
fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mut token = String::from(c);
        if c.is_whitespace() {
            continue;
        } else if c == '/' && chars.peek() == Some(&'/') {
            while chars.next_if(|c| *c != '\n').is_some() {}
            continue;
        } else if matches!(c, '"' | '\'') {
            while let Some(next) = chars.next() {
                token.push(next);
                if next == '\\' {
                    token.extend(chars.next());
                } else if next == c {
                    break;
                }
            }
        } else if c.is_alphanumeric() || c == '_' {
            let number = c.is_ascii_digit();
            while let Some(next) =
                chars.next_if(|n| n.is_alphanumeric() || *n == '_' || (number && *n == '.'))
            {
                token.push(next);
            }
        } else if matches!(c, '=' | '!' | '<' | '>')
            && let Some(next) = chars.next_if_eq(&'=')
        {
            token.push(next);
        }
        out.push(token);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::mistake;

    #[test]
    fn only_what_cannot_work_is_refused() {
        for text in [
            "name == \"vm_ssd\"",
            "storageType == 'rbd' && availableSpace > 107374182400u",
            "availableSpace >= uint(100) * 1024u * 1024u * 1024u",
            "int(availableSpace) > 100",
            "double(availableSpace) > 1e11",
            "type(name) == string",
            "type == string",
            "type(1) == int",
            "name == \"type == 'x' and = storage.x\"",
            "name in [\"a\",\"b\"] // type == \"x\"",
            "!(name == \"local\")",
            "name.startsWith(\"vm_\")",
            "name != \"x\" || true",
        ] {
            assert_eq!(mistake(text), None, "{text}");
        }
        for text in [
            "",
            "  ",
            "type == \"rbd\"",
            "\"rbd\" == type",
            "type in [\"rbd\"]",
            "storage.type == \"rbd\"",
            "storage.filter(s, s.type == \"lvmthin\")[0].name",
            "availableSpace > 100",
            "availableSpace == 0",
            "availableSpace > 1.5",
            "name = \"vm_ssd\"",
            "not name == \"x\"",
            "name == \"a\" and true",
        ] {
            assert!(mistake(text).is_some(), "{text}");
        }
    }
}
