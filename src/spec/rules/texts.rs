//! Files beside the compose files that are no YAML: environments, scripts, notes.

use crate::diag::{SourceId, Span};
use crate::yaml::{Node, NodeKind};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::spec) enum Kind {
    /// `NAME=value` lines.
    Environment,
    /// Commands.
    Script,
    /// Text for people.
    Notes,
}

/// What a file of this name is; `None` for files that no rule looks at.
pub(in crate::spec) fn kind(path: &str) -> Option<Kind> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let plain = name.strip_suffix(".example").or_else(|| name.strip_suffix(".sample")).unwrap_or(name);
    let ends = |end: &str| plain.len() > end.len() && plain.ends_with(end);
    if plain == ".env" || ends(".env") {
        Some(Kind::Environment)
    } else if ends(".sh")
        || ends(".bash")
        || matches!(plain, "Makefile" | "makefile" | "justfile" | "Justfile")
    {
        Some(Kind::Script)
    } else if ends(".md") {
        Some(Kind::Notes)
    } else {
        None
    }
}

/// One file.
#[derive(Clone, Copy)]
pub(in crate::spec) struct Text<'a> {
    pub(in crate::spec) source: SourceId,
    pub(in crate::spec) content: &'a str,
    pub(in crate::spec) kind: Kind,
}

impl<'a> Text<'a> {
    /// Its lines that are no comments, each with its first byte.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
        let mut at = 0;
        self.content
            .split('\n')
            .map(move |line| {
                let start = at;
                at += line.len() + 1;
                (start, line)
            })
            .filter(|(_, line)| !line.trim_start().starts_with('#'))
    }
}

/// The value of a variable in a file of `NAME=value` lines, without its quotes.
pub(super) fn variable<'a>(text: &'a str, name: &str) -> Option<(&'a str, Span)> {
    let file = Text { source: SourceId::default(), content: text, kind: Kind::Environment };
    file.lines().find_map(|(start, line)| {
        let (key, value) = line.split_once('=')?;
        if key.trim().trim_start_matches("export ").trim() != name {
            return None;
        }
        let begin = start + key.len() + 1;
        let quoted = ['"', '\''].into_iter().find(|q| value.starts_with(*q));
        let (from, len) = match quoted {
            Some(quote) => (1, value.get(1..)?.find(quote)?),
            None => (0, value.find(" #").unwrap_or(value.len())),
        };
        let value = value.get(from..from + len)?.trim_end();
        Some((value, Span::new(begin + from, begin + from + value.len())))
    })
}

/// Calls `seen` for every entry of every mapping in a node.
pub(super) fn walk<'a>(node: &'a Node, seen: &mut dyn FnMut(&'a Node, &'a Node)) {
    match &node.kind {
        NodeKind::Map(pairs) => {
            for (key, value) in pairs {
                seen(key, value);
                walk(value, seen);
            }
        }
        NodeKind::Seq(items) => items.iter().for_each(|n| walk(n, seen)),
        NodeKind::Scalar { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_names() {
        for (name, want) in [
            ("omni/.env", Some(Kind::Environment)),
            ("omni/omni.env.example", Some(Kind::Environment)),
            (".env.example", Some(Kind::Environment)),
            ("a/x.sh", Some(Kind::Script)),
            ("a/Makefile", Some(Kind::Script)),
            ("README.md", Some(Kind::Notes)),
            ("a/env", None),
            ("a/.sh", None),
            ("a/key.asc", None),
        ] {
            assert_eq!(kind(name), want, "{name}");
        }
    }

    #[test]
    fn variables_without_quotes_and_comments() {
        let text = "# A=0\nA=1 # one\nexport B=\"two\"\nC='th ree' # x\r\n";
        assert_eq!(variable(text, "A").map(|v| v.0), Some("1"));
        assert_eq!(variable(text, "B").map(|v| v.0), Some("two"));
        assert_eq!(variable(text, "C").map(|v| v.0), Some("th ree"));
        assert_eq!(variable(text, "D"), None);
    }
}
