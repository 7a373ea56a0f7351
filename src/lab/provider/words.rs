//! What the provider's own checker refuses in a selector before it is evaluated, in its words: the mistakes that people make.

/// Names that the expression may use without declaring them.
const KNOWN: &[&str] = &[
    "name",
    "node",
    "storageType",
    "availableSpace",
    "true",
    "false",
    "null",
    "in",
    "size",
    "has",
    "type",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "bytes",
    "dyn",
    "timestamp",
    "duration",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "list",
    "map",
    "null_type",
];
const END: &str = "Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Name,
    Text,
    Int,
    Mark,
}

struct Word<'a> {
    at: usize,
    text: &'a str,
    kind: Kind,
}

/// Why the expression is refused, with the excerpt that the checker prints.
pub fn trouble(expression: &str) -> Option<String> {
    if expression.is_empty() {
        return Some(format!("ERROR: <input>:1:0: {END}"));
    }
    if expression.trim().is_empty() {
        return Some(at(expression, expression.chars().count(), END));
    }
    let words = words(expression);
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|i| words.get(i));
        let after = words.get(index + 1);
        let member = before.is_some_and(|w| w.text == ".");
        if word.kind == Kind::Name && !member && !bound(&words, word.text) && !KNOWN.contains(&word.text) {
            let why = format!("undeclared reference to '{}' (in container '')", word.text);
            return Some(at(expression, word.at, &why));
        }
        let (Some(left), Some(right)) = (before, after) else { continue };
        let operator = ["==", "!=", "<", "<=", ">", ">="].contains(&word.text).then_some(word.text);
        let of = |word: &Word<'_>| match (word.kind, word.text) {
            (Kind::Name, "type") => Some("type(type)"),
            (Kind::Name, "availableSpace") => Some("uint"),
            (Kind::Name, "name" | "node" | "storageType") | (Kind::Text, _) => Some("string"),
            (Kind::Int, _) => Some("int"),
            _ => None,
        };
        let beyond = index.checked_sub(2).and_then(|i| words.get(i)).is_some_and(|w| w.text == ".");
        let called =
            words.get(index + 2).is_some_and(|w| matches!(w.text, "(" | "." | "+" | "-" | "*" | "/" | "%"));
        if let (Some(operator), Some(a), Some(b), false, false) =
            (operator, of(left), of(right), beyond, called)
            && a != b
        {
            let why = format!("found no matching overload for '_{operator}_' applied to '({a}, {b})'");
            return Some(at(expression, word.at, &why));
        }
    }
    match words.as_slice() {
        [one] if matches!(one.text, "name" | "node" | "storageType") || one.kind == Kind::Text => {
            Some("expression output type is string, expected bool".to_owned())
        }
        [one] if one.text == "availableSpace" => {
            Some("expression output type is uint, expected bool".to_owned())
        }
        _ => None,
    }
}

/// Variables of macros: `list.exists(s, …)`.
fn bound(words: &[Word<'_>], name: &str) -> bool {
    words.windows(4).any(|w| match w {
        [call, open, variable, comma] => {
            ["all", "exists", "exists_one", "map", "filter"].contains(&call.text)
                && open.text == "("
                && variable.text == name
                && comma.text == ","
        }
        _ => false,
    })
}

fn at(expression: &str, column: usize, why: &str) -> String {
    let first = expression.lines().next().unwrap_or_default();
    let dots = ".".repeat(column);
    format!("ERROR: <input>:1:{}: {why}\n | {first}\n | {dots}^", column + 1)
}

fn words(expression: &str) -> Vec<Word<'_>> {
    let mut out = Vec::new();
    let mut rest = expression.char_indices().peekable();
    let mut column = 0;
    while let Some((start, c)) = rest.next() {
        let first = column;
        column += 1;
        let mut end = start + c.len_utf8();
        let mut more = |keep: &dyn Fn(char) -> bool| {
            while let Some((at, next)) = rest.peek().copied().filter(|(_, n)| keep(*n)) {
                end = at + next.len_utf8();
                column += 1;
                rest.next();
            }
        };
        let kind = match c {
            _ if c.is_whitespace() => continue,
            '"' | '\'' => {
                more(&|n| n != c);
                if let Some((at, next)) = rest.next() {
                    end = at + next.len_utf8();
                    column += 1;
                }
                Kind::Text
            }
            '0'..='9' => {
                more(&|n| n.is_ascii_alphanumeric() || n == '.');
                let text = expression.get(start..end).unwrap_or_default();
                if text.bytes().all(|b| b.is_ascii_digit()) { Kind::Int } else { Kind::Mark }
            }
            _ if c.is_alphabetic() || c == '_' => {
                more(&|n| n.is_alphanumeric() || n == '_');
                Kind::Name
            }
            '=' | '!' | '<' | '>' => {
                more(&|n| n == '=');
                Kind::Mark
            }
            _ => Kind::Mark,
        };
        out.push(Word { at: first, text: expression.get(start..end).unwrap_or_default(), kind });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_are_told_in_the_checkers_words() {
        assert_eq!(
            trouble("type == \"vm_ssd\"").unwrap(),
            "ERROR: <input>:1:6: found no matching overload for '_==_' applied to '(type(type), string)'\n | type == \"vm_ssd\"\n | .....^"
        );
        assert!(trouble("availableSpace > 100").unwrap().contains("'_>_' applied to '(uint, int)'"));
        assert!(trouble("storage.type == \"rbd\"").unwrap().contains("undeclared reference to 'storage'"));
        assert_eq!(trouble("name").unwrap(), "expression output type is string, expected bool");
        assert!(
            trouble("").unwrap().starts_with("ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>'")
        );
        for good in [
            "name == \"vm_ssd\"",
            "availableSpace > 100u",
            "int(availableSpace) > 100",
            "[\"a\", \"b\"].exists(s, s == name)",
            "size(name) > 3",
            "type(name) == string",
            "name.startsWith('vm_') && storageType != \"dir\"",
        ] {
            assert_eq!(trouble(good), None, "{good}");
        }
    }
}
