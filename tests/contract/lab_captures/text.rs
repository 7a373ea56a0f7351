//! Words of refusals: their reasons without frame and prefixes, what varies in them, what they tell.

/// The part between two marks.
pub fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let (_, rest) = text.split_once(start)?;
    let (part, _) = rest.split_once(end)?;
    Some(part.to_owned())
}

/// The innermost reasons: frame, `failed to …: ` and `rpc error: …` removed.
pub fn reasons(refusal: &str) -> Vec<String> {
    let framed = refusal.split_once("occurred:\n\t* ").map(|(_, rest)| rest.trim_end_matches('\n'));
    let list: Vec<&str> = match framed {
        Some(rest) => rest.split("\n\t* ").collect(),
        None => vec![refusal],
    };
    list.into_iter().map(innermost).collect()
}

fn innermost(reason: &str) -> String {
    let mut rest = reason;
    loop {
        let cut = match rest {
            _ if rest.starts_with("failed to get provider: ") => 24,
            _ if rest.starts_with("failed to ") => match rest.split_once(": ") {
                Some((head, _)) if head.split(' ').count() == 3 => head.len() + 2,
                _ => 0,
            },
            _ if rest.starts_with("rpc error: ") => rest.find("desc = ").map_or(0, |at| at + 7),
            _ => 0,
        };
        if cut == 0 {
            return masked(rest);
        }
        rest = &rest[cut..];
    }
}

/// White space as one blank, versions of resources and a parser's own words masked.
fn masked(text: &str) -> String {
    let mut out = text
        .split(|c: char| c.is_whitespace() || c == '\u{a0}')
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    if let Some((head, _)) = out.split_once('@')
        && let Some((_, tail)) = out.split_once(')')
    {
        out = format!("{head}@N){tail}");
    }
    match out.find("failed to unmarshal YAML ") {
        Some(at) => format!("{}failed to unmarshal YAML …", &out[..at]),
        None => out,
    }
}

/// What kind of refusal it is: names of resources and types, everything in quotes, every number and every list after `: `
/// masked, and what is said of several values said once.
pub fn class(reason: &str) -> String {
    let mut out = String::new();
    let mut quote = false;
    for c in unnamed(reason).chars() {
        match c {
            '"' => {
                quote = !quote;
                out.push('"');
            }
            _ if quote => {}
            '0'..='9' => {
                if !out.ends_with('#') {
                    out.push('#');
                }
            }
            _ => out.push(c),
        }
    }
    let mut parts: Vec<&str> = out.split("; ").map(|p| p.trim_start_matches("- ")).collect();
    parts.dedup();
    let out = parts.join("; ");
    match out.find("machine sets: ") {
        Some(at) => out[..at].to_owned(),
        None => out,
    }
}

/// The reason without the identity in `resource Type(namespace/id@version)` and without the type in `resource type Type`.
fn unnamed(reason: &str) -> String {
    for mark in ["resource type ", "resource "] {
        let Some((head, rest)) = reason.split_once(mark) else { continue };
        let word = rest.split(' ').next().unwrap_or("");
        if word.contains(".omni.sidero.dev") {
            return format!("{head}{mark}#{}", &rest[word.len()..]);
        }
    }
    reason.to_owned()
}

/// `@4)`: the version in the name of a resource.
pub fn version_of(refusal: &str) -> Option<u64> {
    between(refusal, "@", ")")?.parse().ok()
}

/// `expected version '\x01', actual version '\x04'`.
pub fn quoted_versions(refusal: &str) -> Option<(u64, u64)> {
    let number = |start: &str| {
        let (_, rest) = refusal.split_once(start)?;
        let text = rest.strip_prefix('\'')?;
        let body = text.split_once('\'').map_or(text, |(b, _)| b);
        match body {
            "" => Some(u64::from(b'\'')),
            "\\n" => Some(10),
            "\\t" => Some(9),
            "\\r" => Some(13),
            "\\a" => Some(7),
            "\\b" => Some(8),
            "\\f" => Some(12),
            "\\v" => Some(11),
            "\\\\" => Some(92),
            _ => match body.strip_prefix("\\x") {
                Some(hex) => u64::from_str_radix(hex, 16).ok(),
                None => body.chars().next().map(|c| u64::from(u32::from(c))),
            },
        }
    };
    Some((number("expected version ")?, number("actual version ")?))
}
