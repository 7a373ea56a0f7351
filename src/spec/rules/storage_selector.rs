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

const VARIABLES: [&str; 4] = ["name", "node", "storageType", "availableSpace"];
/// Words that mean something by themselves: literals, and types as values.
const WORDS: [&str; 15] = [
    "true",
    "false",
    "null",
    "in",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "bytes",
    "list",
    "map",
    "type",
    "null_type",
    "dyn",
];
/// Functions and methods of the standard environment.
const FUNCTIONS: [&str; 27] = [
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "bytes",
    "type",
    "dyn",
    "timestamp",
    "duration",
    "size",
    "has",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
    "in",
];
/// Operators with a left side.
const BINARY: [&str; 14] = ["==", "!=", "<", "<=", ">", ">=", "&&", "||", "in", "+", "*", "/", "%", "?"];
/// Macros: the first argument names a variable of their own.
const MACROS: [&str; 5] = ["all", "exists", "exists_one", "map", "filter"];

const USE_VARIABLES: &str =
    "its variables are `name`, `node`, `storageType` and `availableSpace`; texts need quotes";

/// What is wrong with a selector, and what to write.
fn mistake(text: &str) -> Option<(&'static str, &'static str)> {
    let tokens = tokens(text);
    if tokens.is_empty() {
        return Some(("the storage selector is empty", "write `name == \"<storage>\"`"));
    }
    specific(&tokens).or_else(|| shape(&tokens)).or_else(|| undeclared(&tokens))
}

/// Mistakes of the whole: quotes, characters and operators where none can be, and a result that is no truth value.
fn shape(tokens: &[String]) -> Option<(&'static str, &'static str)> {
    let open = |t: &String| {
        let body = t.trim_start_matches(['r', 'b', 'R', 'B']);
        body.starts_with(['"', '\''])
            && (body.len() < 2 || !body.ends_with(body.get(..1).unwrap_or_default()))
    };
    if tokens.iter().any(open) {
        return Some(("a text in the storage selector has no closing quote", "close it"));
    }
    if tokens.iter().any(|t| matches!(t.as_str(), ";" | "&" | "|" | "@" | "#" | "$" | "`" | "\\" | "~" | "^"))
    {
        return Some((
            "the storage selector has a character that CEL does not know",
            "operators are `&&`, `||`, `!` and comparisons",
        ));
    }
    if tokens.first().is_some_and(|t| BINARY.contains(&t.as_str()))
        || tokens.last().is_some_and(|t| BINARY.contains(&t.as_str()) || t == "!" || t == "-")
    {
        return Some(("an operand is missing in the storage selector", "write `name == \"<storage>\"`"));
    }
    if let [only] = tokens
        && !matches!(only.as_str(), "true" | "false")
        && (VARIABLES.contains(&only.as_str()) || !is_word(Some(only)))
    {
        return Some(("the storage selector is not a condition", "write `name == \"<storage>\"`"));
    }
    let null_compared = tokens.windows(3).any(|w| match w {
        [a, op, b] if matches!(op.as_str(), "==" | "!=") => {
            (VARIABLES.contains(&a.as_str()) && b == "null")
                || (a == "null" && VARIABLES.contains(&b.as_str()))
        }
        _ => false,
    });
    null_compared.then_some((
        "nothing in a storage selector is ever null, and CEL refuses the comparison",
        "compare with a text",
    ))
}

/// Names that nobody declares.
fn undeclared(tokens: &[String]) -> Option<(&'static str, &'static str)> {
    let at = |i: usize| tokens.get(i).map_or("", String::as_str);
    let own: Vec<&str> = (0..tokens.len())
        .filter(|i| MACROS.contains(&at(*i)) && at(i + 1) == "(" && at(i + 3) == ",")
        .map(|i| at(i + 2))
        .collect();
    for (i, token) in tokens.iter().enumerate() {
        let word = token.as_str();
        if !is_word(Some(word)) && !word.starts_with('_') {
            continue;
        }
        let (member, call) = (i > 0 && at(i - 1) == ".", at(i + 1) == "(");
        let known = if call {
            FUNCTIONS.contains(&word) || (member && MACROS.contains(&word))
        } else {
            // A key of a map literal or a field of a value is left to the provider.
            member || own.contains(&word) || VARIABLES.contains(&word) || WORDS.contains(&word)
        };
        if !known {
            return Some(if call {
                (
                    "the storage selector calls a function that the provider does not have",
                    "texts have `startsWith`, `endsWith`, `contains`, `matches` and `size`",
                )
            } else {
                ("the storage selector uses a name that the provider does not have", USE_VARIABLES)
            });
        }
    }
    None
}

/// Mistakes that people make.
fn specific(tokens: &[String]) -> Option<(&'static str, &'static str)> {
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
                return Some(("there is no `storage` in a storage selector", USE_VARIABLES));
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
        }
        if c == '/' && chars.peek() == Some(&'/') {
            while chars.next_if(|c| *c != '\n').is_some() {}
            continue;
        } else if matches!(c, '"' | '\'') {
            // Triple quotes: everything up to the next three.
            let rest: String = chars.clone().take(2).collect();
            if rest == format!("{c}{c}") {
                token.extend(chars.by_ref().take(2));
                let end = rest + &c.to_string();
                while !(token.len() >= 6 && token.ends_with(&end)) {
                    let Some(next) = chars.next() else { break };
                    token.push(next);
                }
                out.push(token);
                continue;
            }
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
            // `r"…"` and `b"…"` are texts.
            if matches!(c, 'r' | 'R' | 'b' | 'B') && matches!(chars.peek(), Some('"' | '\'')) {
                continue;
            }
            while let Some(next) =
                chars.next_if(|n| n.is_alphanumeric() || *n == '_' || (number && *n == '.'))
            {
                token.push(next);
            }
        } else if matches!(c, '=' | '!' | '<' | '>') {
            token.extend(chars.next_if_eq(&'='));
        } else if matches!(c, '&' | '|') {
            token.extend(chars.next_if_eq(&c));
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
            "true",
            "[\"vm_ssd\",\"x\"].exists(s, s == name)",
            "\"\"\"vm_ssd\"\"\" == name",
            "r\"vm_ssd\" == name",
            "name == \"a\" ? true : false",
            "dyn(name) == 3",
            "timestamp(\"2020-01-01T00:00:00Z\") < timestamp(\"2021-01-01T00:00:00Z\")",
            "1 / 0 == 1",
            "size(name) > 3 && name.size() < 9",
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
            "name",
            "\"vm_ssd\"",
            "name == vm_ssd",
            "name == vm-ssd",
            "name == \"vm_ssd",
            "name == \"vm_ssd\"; true",
            "name.charAt(0) == \"v\"",
            "math.greatest(1,2) == 2",
            "optional.of(1).hasValue()",
            "in == \"x\"",
            "name == null",
            "availableSpace > 100u * GiB",
            "name ==",
            "name == \"a\" & true",
        ] {
            assert!(mistake(text).is_some(), "{text}");
        }
    }
}
