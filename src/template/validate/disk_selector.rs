//! Disk selectors (CEL) with mistakes that can be seen without a compiler: open quotes and brackets, and names that nobody
//! declares. Types are the server's to check.

use super::Rules;
use crate::diag::{Diagnostic, closest, codes};
use crate::template::model::Text;
use crate::untrusted::Untrusted;

/// Names that stand alone: variables, the function that Talos adds, multipliers, and CEL's own words.
const NAMES: [&str; 37] = [
    "disk",
    "system_disk",
    "glob",
    "KiB",
    "MiB",
    "GiB",
    "TiB",
    "PiB",
    "EiB",
    "kB",
    "MB",
    "GB",
    "TB",
    "PB",
    "EB",
    "true",
    "false",
    "null",
    "in",
    "has",
    "size",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "bytes",
    "list",
    "map",
    "type",
    "dyn",
    "timestamp",
    "duration",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
];
/// Fields of a disk.
const FIELDS: [&str; 18] = [
    "size",
    "io_size",
    "sector_size",
    "readonly",
    "model",
    "serial",
    "modalias",
    "wwid",
    "bus_path",
    "sub_system",
    "transport",
    "rotational",
    "cdrom",
    "dev_path",
    "pretty_size",
    "secondary_disks",
    "uuid",
    "symlinks",
];
/// Macros, whose first argument names a variable of their own.
const MACROS: [&str; 5] = ["all", "exists", "exists_one", "map", "filter"];

/// Reports a selector that certainly does not compile.
pub(super) fn check(rules: &mut Rules<'_>, selector: &Text) {
    if selector.value.is_empty() {
        return;
    }
    let Some(why) = mistake(&selector.value) else { return };
    rules.sink.push(
        Diagnostic::error(
            codes::INSTALL_DISK,
            format!("the disk selector is no condition over disks: {why}"),
        )
        .at(rules.source, selector.span, "this expression")
        .note("omnictl: install.diskSelector is not a valid boolean disk expression")
        .help("write a condition such as `disk.size > 100u * GB && !disk.readonly`"),
    );
}

fn mistake(text: &str) -> Option<String> {
    let tokens = match tokens(text) {
        Ok(tokens) => tokens,
        Err(why) => return Some(why),
    };
    if let [only] = tokens.as_slice()
        && !matches!(*only, "true" | "false" | "system_disk")
    {
        return Some(format!("`{}` alone is no truth value", Untrusted::new(*only).line(40)));
    }
    let at = |i: usize| tokens.get(i).copied().unwrap_or_default();
    let own: Vec<&str> = (0..tokens.len())
        .filter(|i| MACROS.contains(&at(*i)) && at(i + 1) == "(")
        .map(|i| at(i + 2))
        .collect();
    for (i, word) in tokens.iter().copied().enumerate() {
        if !word.starts_with(|c: char| c.is_alphabetic() || c == '_') || word.ends_with(['"', '\'']) {
            continue;
        }
        let shown = || Untrusted::new(word).line(40);
        let before = i.checked_sub(1).map_or("", at);
        if before != "." {
            if !NAMES.contains(&word) && !own.contains(&word) {
                return Some(format!("there is no `{}`", shown()));
            }
        } else if i.checked_sub(2).map_or("", at) == "disk" && !FIELDS.contains(&word) {
            // A newer Talos may have more fields; one that is nearly known is misspelt.
            if let Some(near) = closest(word, FIELDS) {
                return Some(format!("a disk has no `{}`, but `{near}`", shown()));
            }
        }
    }
    None
}

/// Words, numbers, texts in quotes, and single characters; what is opened must be closed.
fn tokens(text: &str) -> Result<Vec<&str>, String> {
    let mut out = Vec::new();
    let mut open = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let quote = rest.get(word..).and_then(|r| r.chars().next()).filter(|c| matches!(c, '"' | '\''));
        // `r"…"` and `b'…'` are texts, too.
        let end = match quote {
            Some(quote) if word <= 2 => {
                let start = word + 1;
                let mut escaped = false;
                let close = rest.get(start..).unwrap_or_default().char_indices().find(|(_, c)| {
                    let closes = *c == quote && !escaped;
                    escaped = *c == '\\' && !escaped;
                    closes
                });
                start + close.ok_or("a text has no closing quote")?.0 + 1
            }
            _ if word > 0 => word,
            _ => first.len_utf8(),
        };
        match first {
            '(' | '[' | '{' => open.push(first),
            ')' | ']' | '}' => {
                let wanted = open.pop().map(|o| match o {
                    '(' => ')',
                    '[' => ']',
                    _ => '}',
                });
                if wanted != Some(first) {
                    return Err(format!("`{first}` closes nothing"));
                }
            }
            _ => {}
        }
        let (token, after) = rest.split_at(end);
        out.push(token);
        rest = after.trim_start();
    }
    match open.pop() {
        Some(bracket) => Err(format!("`{bracket}` is not closed")),
        None => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_certainly_does_not_compile() {
        for good in [
            "disk.size > 100u * GB && !disk.readonly",
            "disk.transport == 'nvme'",
            "glob(\"/dev/sd*\", disk.dev_path) || system_disk",
            "disk.symlinks.exists(s, s.startsWith(r'/dev/disk/by-id/ata-'))",
            "disk.size in [1u, 2u]",
            "true",
            "disk.model.matches(\"it's \\\"x\\\"\")",
        ] {
            assert_eq!(mistake(good), None, "{good}");
        }
        for (bad, why) in [
            ("disk.sise > 1u", "a disk has no `sise`, but `size`"),
            ("dsk.size > 1u", "there is no `dsk`"),
            ("disk.size > (1u", "`(` is not closed"),
            ("disk.size > 1u]", "`]` closes nothing"),
            ("disk.model == \"x", "a text has no closing quote"),
            ("/dev/sda", "there is no `dev`"),
            ("'x'", "`'x'` alone is no truth value"),
            ("disk", "`disk` alone is no truth value"),
        ] {
            assert_eq!(mistake(bad).as_deref(), Some(why), "{bad}");
        }
    }
}
