//! The architecture, checked against the source text: layers, what the core must not touch, file sizes, words.
//!
//! The layers are read from the table in `src/lib.rs`, so that there is one list. Test code (`#[cfg(test)]` items, files
//! named `tests.rs`) is left out: it may read files and clocks.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Longest file, without its tests.
const MOST_LINES: usize = 600;
/// First layer that may touch the outside.
const OUTSIDE: usize = 5;
/// All that the lab may import: it is a second reading of the reference and must not share the first one's code.
const LAB_MAY_IMPORT: [&str; 7] = ["address", "secret", "untrusted", "diag", "yaml", "world", "lab"];
/// Modules that decide, and must not be able to write.
const INERT: [&str; 5] = ["plan", "graph", "diff", "kinds", "render"];

/// All that the second checker may take from `plan`: data. What makes a plan must not help to check it.
const DATA_OF_PLANS: [&str; 23] = [
    "Action",
    "Affected",
    "Change",
    "ChangeCause",
    "EtcdVoters",
    "Goal",
    "Lifted",
    "Lost",
    "Moved",
    "NotUp",
    "Operation",
    "Plan",
    "PlanInput",
    "Scope",
    "Seen",
    "Step",
    "StepId",
    "Summary",
    "Unchanged",
    "UnknownSubtree",
    "Warning",
    "Wave",
    "Related",
];
/// Modules whose code the planner decides with; of `graph` only the words of the files are data.
const DECIDES: [&str; 4] = ["diff", "graph", "import", "adopt"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

// --- Source text ---------------------------------------------------------------------------------------------------------

/// Code without comments, strings, character literals and test items, line for line.
fn code_only(source: &str) -> String {
    without_tests(&without_text(source))
}

/// Blanks comments and literals; every other character and every line break stays in its place.
fn without_text(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let blank = |out: &mut String, from: usize, to: usize| {
        for c in &chars[from..to.min(chars.len())] {
            out.push(if *c == '\n' { '\n' } else { ' ' });
        }
    };
    let mut i = 0;
    while i < chars.len() {
        let word_before = i > 0 && (at(i - 1).is_alphanumeric() || at(i - 1) == '_');
        if at(i) == '/' && at(i + 1) == '/' {
            let end = (i..chars.len()).find(|j| chars[*j] == '\n').unwrap_or(chars.len());
            blank(&mut out, i, end);
            i = end;
        } else if at(i) == '/' && at(i + 1) == '*' {
            let (mut depth, mut j) = (1, i + 2);
            while j < chars.len() && depth > 0 {
                match (at(j), at(j + 1)) {
                    ('/', '*') => (depth, j) = (depth + 1, j + 2),
                    ('*', '/') => (depth, j) = (depth - 1, j + 2),
                    _ => j += 1,
                }
            }
            blank(&mut out, i, j);
            i = j.min(chars.len());
        } else if let Some(hashes) = raw_string(&chars, i).filter(|_| !word_before) {
            let open = (i..chars.len()).find(|j| chars[*j] == '"').unwrap() + 1;
            let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let end = (open..chars.len())
                .find(|j| chars[*j..].starts_with(&close))
                .map_or(chars.len(), |j| j + close.len());
            blank(&mut out, i, end);
            i = end;
        } else if at(i) == '"' {
            let mut j = i + 1;
            while j < chars.len() && at(j) != '"' {
                j += if at(j) == '\\' { 2 } else { 1 };
            }
            blank(&mut out, i, j + 1);
            i = j + 1;
        } else if at(i) == '\'' && (at(i + 1) == '\\' || at(i + 2) == '\'') {
            // A character literal; anything else behind a quote is a lifetime.
            let mut j = i + 1;
            while j < chars.len() && at(j) != '\'' {
                j += if at(j) == '\\' { 2 } else { 1 };
            }
            // `'''` cannot be: a quote is escaped in a literal.
            blank(&mut out, i, j + 1);
            i = j + 1;
        } else {
            out.push(at(i));
            i += 1;
        }
    }
    out
}

/// Number of `#` if a raw string starts here.
fn raw_string(chars: &[char], i: usize) -> Option<usize> {
    let rest = &chars[i..];
    let rest = rest.strip_prefix(&['b']).unwrap_or(rest).strip_prefix(&['r'])?;
    let hashes = rest.iter().take_while(|c| **c == '#').count();
    (rest.get(hashes) == Some(&'"')).then_some(hashes)
}

/// Blanks items under `#[cfg(test)]`: up to the `;`, or over the braces.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(start) = out.find("#[cfg(test)]") {
        let tail = &out[start..];
        let end = match tail.find([';', '{']) {
            Some(stop) if tail.as_bytes()[stop] == b'{' => {
                let mut depth = 0;
                let close = tail.char_indices().skip_while(|(i, _)| *i < stop).find(|(_, c)| {
                    depth += match c {
                        '{' => 1,
                        '}' => -1,
                        _ => 0,
                    };
                    depth == 0
                });
                close.map_or(tail.len(), |(i, _)| i + 1)
            }
            Some(stop) => stop + 1,
            None => tail.len(),
        };
        let blank: String =
            out[start..start + end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..start + end, &blank);
    }
    out
}

/// A word or sign of the code, with its line.
type Token = (usize, String);

fn tokens(code: &str) -> Vec<Token> {
    let mut all = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut word = String::new();
        let mut previous = ' ';
        for c in line.chars().chain([' ']) {
            if c.is_alphanumeric() || c == '_' {
                word.push(c);
            } else {
                if !word.is_empty() {
                    all.push((number + 1, std::mem::take(&mut word)));
                }
                if c == ':' && previous == ':' && all.last().is_some_and(|(_, t)| t == ":") {
                    "::".clone_into(&mut all.last_mut().unwrap().1);
                } else if !c.is_whitespace() {
                    all.push((number + 1, c.to_string()));
                }
            }
            previous = c;
        }
    }
    all
}

/// All paths that code names, with the line: `use` trees taken apart, and every `a::b::c` in between.
fn paths(tokens: &[Token]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let text = tokens[i].1.as_str();
        // `use<'a>` captures lifetimes and imports nothing.
        if text == "use" && tokens.get(i + 1).is_some_and(|(_, next)| next != "<") {
            let mut tree = i + 1;
            use_tree(tokens, &mut tree, &mut Vec::new(), &mut found);
            i = tree;
        } else if word(text) && i + 1 < tokens.len() && tokens[i + 1].1 == "::" {
            let line = tokens[i].0;
            let mut path = vec![text.to_owned()];
            i += 1;
            while i + 1 < tokens.len() && tokens[i].1 == "::" && word(&tokens[i + 1].1) {
                path.push(tokens[i + 1].1.clone());
                i += 2;
            }
            found.push((line, path));
        } else {
            i += 1;
        }
    }
    found
}

fn word(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn use_tree(
    tokens: &[Token],
    i: &mut usize,
    prefix: &mut Vec<String>,
    found: &mut Vec<(usize, Vec<String>)>,
) {
    let depth = prefix.len();
    while let Some((line, text)) = tokens.get(*i) {
        *i += 1;
        match text.as_str() {
            "::" => {}
            "{" => loop {
                use_tree(tokens, i, prefix, found);
                let previous = tokens.get(*i - 1).map(|(_, t)| t.as_str());
                if previous != Some(",") {
                    break;
                }
            },
            "as" => *i += 1,
            "," | ";" | "}" => {
                if prefix.len() > depth {
                    found.push((*line, prefix.clone()));
                }
                prefix.truncate(depth);
                return;
            }
            "*" => prefix.push("*".to_owned()),
            name => prefix.push(name.to_owned()),
        }
        // After a group only `,`, `;` or `}` of the outer tree follows.
        if text == "{" {
            prefix.truncate(depth);
            *i = skip_to_end(tokens, *i);
            return;
        }
    }
}

/// Past the `,`, `;` or `}` that ends the tree around a group.
fn skip_to_end(tokens: &[Token], i: usize) -> usize {
    if tokens.get(i).is_some_and(|(_, t)| matches!(t.as_str(), "," | ";" | "}")) { i + 1 } else { i }
}

// --- Layers --------------------------------------------------------------------------------------------------------------

/// Module path (`state::model`) to layer, from the table in `src/lib.rs`.
fn layers(lib: &str) -> BTreeMap<String, usize> {
    let mut table = BTreeMap::new();
    for line in lib.lines() {
        let cells: Vec<&str> = line.trim_start_matches("//!").split('|').map(str::trim).collect();
        let [_, number, modules, ..] = cells.as_slice() else { continue };
        let Ok(layer) = number.parse::<usize>() else { continue };
        for name in modules.split('`').skip(1).step_by(2) {
            match name.split_once("::{") {
                Some((parent, children)) => {
                    for child in children.trim_end_matches('}').split(',') {
                        table.insert(format!("{parent}::{}", child.trim()), layer);
                    }
                }
                None => {
                    table.insert(name.to_owned(), layer);
                }
            }
        }
    }
    table
}

/// The entry of the table that a module path belongs to; a parent of several entries counts as the highest.
fn unit(table: &BTreeMap<String, usize>, path: &[String]) -> Option<(String, usize)> {
    for length in [2, 1] {
        let name = path.iter().take(length).cloned().collect::<Vec<_>>().join("::");
        if let Some(layer) = table.get(&name) {
            return Some((name, *layer));
        }
    }
    let top = path.first()?;
    let inside = format!("{top}::");
    table.iter().filter(|(name, _)| name.starts_with(&inside)).map(|(_, layer)| (top.clone(), *layer)).max()
}

/// `super`, `self` and `crate` resolved; `None` for other crates' paths.
fn resolve(path: &[String], here: &[String]) -> Option<Vec<String>> {
    let mut at: Vec<String> = match path.first()?.as_str() {
        "crate" | "omni_scale" => Vec::new(),
        "self" => here.to_vec(),
        "super" => here[..here.len().saturating_sub(1)].to_vec(),
        _ => return None,
    };
    for name in &path[1..] {
        match name.as_str() {
            "super" => {
                at.pop();
            }
            "self" => {}
            name => at.push(name.to_owned()),
        }
    }
    Some(at)
}

struct File {
    /// As shown: `src/plan/order.rs`.
    shown: String,
    /// `["plan", "order"]`.
    module: Vec<String>,
    source: String,
}

impl File {
    fn new(shown: &str, source: &str) -> Self {
        let inner = shown.trim_start_matches("src/").trim_end_matches(".rs");
        let module =
            inner.split('/').filter(|p| !matches!(*p, "mod" | "lib" | "main")).map(str::to_owned).collect();
        Self { shown: shown.to_owned(), module, source: source.to_owned() }
    }
}

/// What the core must not touch, and why it is no function of values then.
const OUTSIDE_PATHS: [(&[&str], &str); 16] = [
    (&["std", "fs"], "filesystem"),
    (&["std", "env"], "environment"),
    (&["std", "process"], "processes"),
    (&["std", "thread"], "threads"),
    (&["std", "os"], "operating system"),
    (&["std", "io", "stdin"], "standard input"),
    (&["std", "io", "stdout"], "standard output"),
    (&["std", "io", "stderr"], "standard error"),
    (&["tokio"], "async runtime"),
    (&["futures"], "async"),
    (&["reqwest"], "network"),
    (&["hyper"], "network"),
    (&["axum"], "network"),
    (&["rustls"], "network"),
    (&["rand"], "randomness"),
    (&["getrandom"], "randomness"),
];

/// Pure values that happen to live in `std::net`.
const ADDRESS_TYPES: [&str; 9] = [
    "IpAddr",
    "Ipv4Addr",
    "Ipv6Addr",
    "SocketAddr",
    "SocketAddrV4",
    "SocketAddrV6",
    "AddrParseError",
    "Ipv6MulticastScope",
    "self",
];

fn check_layers(file: &File, table: &BTreeMap<String, usize>, edges: &mut Edges) -> Vec<String> {
    let mut wrong = Vec::new();
    // The roots name every module.
    if file.module.is_empty() {
        return wrong;
    }
    let Some((own, layer)) = unit(table, &file.module) else {
        return vec![format!(
            "{}: module `{}` is in no layer of the table in src/lib.rs",
            file.shown,
            file.module.join("::")
        )];
    };
    let tokens = tokens(&code_only(&file.source));
    for (line, path) in paths(&tokens) {
        let at = format!("{}:{line}", file.shown);
        if let Some(target) = resolve(&path, &file.module) {
            let Some((other, other_layer)) = unit(table, &target) else { continue };
            let same = other == own || (file.module.first() == target.first() && file.module.len() == 1);
            if same {
                continue;
            }
            if own == "lab" && !LAB_MAY_IMPORT.contains(&other.as_str()) {
                wrong.push(format!(
                    "{at}: `lab` imports `{}`; it may share only {LAB_MAY_IMPORT:?}",
                    target.join("::")
                ));
            } else if own == "lab" && target.iter().take(2).eq(["world", "real"]) {
                wrong.push(format!("{at}: `lab` may use the `world` traits, not `{}`", target.join("::")));
            } else if other == "lab" && own != "cli" {
                wrong.push(format!("{at}: `{own}` imports `lab`; only `cli` may"));
            } else if other_layer > layer {
                wrong.push(format!(
                    "{at}: `{own}` (layer {layer}) imports `{}` (layer {other_layer})",
                    target.join("::")
                ));
            } else if other_layer == layer {
                edges.entry(own.clone()).or_default().entry(other).or_insert(at);
            }
        } else if layer < OUTSIDE {
            let thread_of_cel = path.starts_with(&["std".to_owned(), "thread".to_owned()])
                && file.shown == "src/cel/thread.rs";
            for (forbidden, what) in OUTSIDE_PATHS {
                if path.iter().map(String::as_str).take(forbidden.len()).eq(forbidden.iter().copied())
                    && !thread_of_cel
                {
                    wrong.push(format!("{at}: `{}` ({what}) below layer {OUTSIDE}", path.join("::")));
                }
            }
            if path.len() > 1
                && path[..2] == ["std", "net"]
                && !path.get(2).is_some_and(|t| ADDRESS_TYPES.contains(&t.as_str()))
            {
                wrong.push(format!("{at}: `{}` (network) below layer {OUTSIDE}", path.join("::")));
            }
            let draws = path.windows(2).any(|pair| {
                matches!(
                    (pair[0].as_str(), pair[1].as_str()),
                    ("Uuid", "new_v4" | "now_v7" | "now_v1") | ("Timestamp" | "Zoned", "now")
                )
            });
            if draws {
                wrong
                    .push(format!("{at}: `{}` (clock or randomness) below layer {OUTSIDE}", path.join("::")));
            }
        }
    }
    if layer < OUTSIDE {
        for (i, (line, token)) in tokens.iter().enumerate() {
            let called = i > 0 && tokens[i - 1].1 == ".";
            let what = match token.as_str() {
                "async" | "await" => "async",
                "SystemTime" | "Instant" => "clock",
                "canonicalize" | "read_dir" | "symlink_metadata" if called => "filesystem",
                _ => continue,
            };
            wrong.push(format!("{}:{line}: `{token}` ({what}) below layer {OUTSIDE}", file.shown));
        }
    }
    wrong
}

/// Imports within one layer: from, to, first place.
type Edges = BTreeMap<String, BTreeMap<String, String>>;

/// Modules of one layer may use each other, but not in a circle.
fn circles(edges: &Edges) -> Vec<String> {
    fn visit(edges: &Edges, at: &str, trail: &mut Vec<String>, found: &mut BTreeSet<String>) {
        if let Some(start) = trail.iter().position(|m| m == at) {
            let mut circle = trail[start..].to_vec();
            let first = circle.iter().enumerate().min_by_key(|(_, m)| m.as_str()).map_or(0, |(i, _)| i);
            circle.rotate_left(first);
            let steps: Vec<String> = circle
                .iter()
                .zip(circle.iter().cycle().skip(1))
                .map(|(a, b)| format!("`{a}` imports `{b}` ({})", edges[a][b]))
                .collect();
            found.insert(format!("a circle within one layer: {}", steps.join(", ")));
            return;
        }
        trail.push(at.to_owned());
        for next in edges.get(at).into_iter().flat_map(BTreeMap::keys) {
            visit(edges, next, trail, found);
        }
        trail.pop();
    }
    let mut found = BTreeSet::new();
    for start in edges.keys() {
        visit(edges, start, &mut Vec::new(), &mut found);
    }
    found.into_iter().collect()
}

// --- Other rules ---------------------------------------------------------------------------------------------------------

fn check_text(file: &File) -> Vec<String> {
    let mut wrong = Vec::new();
    let code = code_only(&file.source);
    let own =
        file.source.lines().position(|l| l.trim() == "#[cfg(test)]").unwrap_or(file.source.lines().count());
    if own > MOST_LINES {
        wrong
            .push(format!("{}: {own} lines before its tests; at most {MOST_LINES}, so split it", file.shown));
    }
    let name = file.module.last().map_or("", String::as_str);
    if ["util", "utils", "helper", "helpers", "manager", "common", "misc"].contains(&name) {
        wrong.push(format!("{}: `{name}` says nothing about what is in it", file.shown));
    }
    let top = file.module.first().map_or("", String::as_str);
    let tokens = tokens(&code);
    for (i, (line, token)) in tokens.iter().enumerate() {
        let at = format!("{}:{line}", file.shown);
        let is_macro = tokens.get(i + 1).is_some_and(|(_, t)| t == "!");
        let prints = ["print", "println", "eprint", "eprintln", "dbg"].contains(&token.as_str());
        if prints && is_macro && top != "cli" && file.shown != "src/main.rs" {
            wrong.push(format!("{at}: `{token}!` outside `cli`"));
        }
        if token == "anyhow" {
            wrong.push(format!("{at}: `anyhow`; errors are typed"));
        }
        if ["HashMap", "HashSet"].contains(&token.as_str()) {
            wrong.push(format!(
                "{at}: `{token}`, whose order is random; use `BTreeMap`, `BTreeSet` or `IndexMap`"
            ));
        }
        if token.ends_with("Writer") && token.starts_with("Omni") && INERT.contains(&top) {
            wrong.push(format!("{at}: `{top}` names `{token}`; it must not be able to write"));
        }
    }
    wrong
}

/// Words that speak of the machine that something was written on, or of a package registry.
fn check_words(shown: &str, text: &str) -> Vec<String> {
    let paths =
        [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/fa", "rm/"), concat!("../sha", "red")];
    let hosts = [
        ["crates", ".io"],
        ["registry.npmjs", ".org"],
        ["pypi", ".org"],
        ["proxy.golang", ".org"],
        ["rubygems", ".org"],
        ["registry-1.docker", ".io"],
    ];
    let mut wrong = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for path in paths {
            // The root of a process below `/proc` is another place.
            let starts =
                |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-./}".contains(c));
            if line.match_indices(path).any(|(at, _)| path.starts_with('.') || starts(at)) {
                wrong.push(format!("{shown}:{}: `{path}` is a place on somebody's machine", number + 1));
            }
        }
        for host in hosts.map(|parts| parts.concat()) {
            if line.contains(&host) {
                wrong.push(format!("{shown}:{}: names the registry `{host}`", number + 1));
            }
        }
    }
    wrong
}

/// Constants that are diagnostic codes, `pub const NAME: u16 = 100;` in `src/diag/codes.rs` and
/// `pub const NAME: &str = "OS0400";` anywhere: each code has one meaning, which is written down.
fn check_codes(files: &[File]) -> Vec<String> {
    let mut seen: BTreeMap<u32, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for file in files {
        let mut documented = false;
        for line in file.source.lines().map(str::trim) {
            if let Some((name, number)) = code_constant(&file.shown, line) {
                let here = format!("`{name}` ({})", file.shown);
                if let Some(other) = seen.insert(number, here.clone()) {
                    wrong.push(format!("code OS{number:04} means both {other} and {here}"));
                }
                if !documented {
                    wrong.push(format!("code OS{number:04}, {here}, says nowhere what it means"));
                }
            }
            documented = line.starts_with("///");
        }
    }
    wrong
}

fn code_constant<'a>(shown: &str, line: &'a str) -> Option<(&'a str, u32)> {
    let (name, value) = line.strip_prefix("pub const ").or(line.strip_prefix("const "))?.split_once(": ")?;
    let value = value.trim_end_matches(';');
    let digits = match value.strip_prefix("u16 = ") {
        Some(number) if shown == "src/diag/codes.rs" => number.replace('_', ""),
        _ => value.strip_prefix("&str = \"OS")?.strip_suffix('"')?.to_owned(),
    };
    Some((name, digits.parse().ok()?))
}

// --- The tests -----------------------------------------------------------------------------------------------------------

fn walk(folder: &Path, wanted: &dyn Fn(&Path) -> bool, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, wanted, found);
        } else if wanted(&path) {
            found.push(path);
        }
    }
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

/// Source files but for test files.
fn sources() -> Vec<File> {
    let mut found = Vec::new();
    walk(&root().join("src"), &|path| path.extension().is_some_and(|e| e == "rs"), &mut found);
    let files = found.iter().filter(|path| !path.iter().any(|part| part == "tests" || part == "tests.rs"));
    files.map(|path| File::new(&shown(path), &std::fs::read_to_string(path).unwrap())).collect()
}

fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{} breaches:\n  {}", wrong.len(), wrong.join("\n  "));
}

#[test]
fn modules_import_only_from_lower_layers_and_the_core_touches_nothing_outside() {
    let table = layers(&std::fs::read_to_string(root().join("src/lib.rs")).unwrap());
    assert!(
        table.len() > 20 && table.contains_key("state::model"),
        "the table in src/lib.rs was not read: {table:?}"
    );
    let mut edges = Edges::new();
    let files = sources();
    assert!(files.len() > 50);
    let mut wrong: Vec<String> =
        files.iter().flat_map(|file| check_layers(file, &table, &mut edges)).collect();
    wrong.extend(circles(&edges));
    none(wrong);
}

/// What the second checker shares with the planner, beyond data.
fn shared_with_the_planner(file: &File) -> Vec<String> {
    if !file.module.starts_with(&["policy".to_owned(), "second".to_owned()]) {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    for (line, path) in paths(&tokens(&code_only(&file.source))) {
        let Some(target) = resolve(&path, &file.module) else { continue };
        let names: Vec<&str> = target.iter().map(String::as_str).collect();
        let fine = match names.as_slice() {
            ["plan", name, ..] => DATA_OF_PLANS.contains(name),
            ["graph", "Prune", ..] | [] => true,
            [first, ..] => !DECIDES.contains(first),
        };
        if !fine {
            wrong.push(format!("{}:{line}: the second checker uses `{}`", file.shown, target.join("::")));
        }
    }
    wrong
}

#[test]
fn the_second_checker_shares_no_code_with_the_planner() {
    none(sources().iter().flat_map(shared_with_the_planner).collect());
    let of = |source: &str| shared_with_the_planner(&File::new("src/policy/second/totals.rs", source)).len();
    assert_eq!(of("use crate::plan::{Action, Plan};"), 0);
    for source in [
        "use crate::plan::plan;",
        "use crate::plan::{Plan, check};",
        "fn f() { crate::plan::facts(c); }",
        "use crate::diff::compare;",
        "use crate::graph::Graph;",
    ] {
        assert_eq!(of(source), 1, "{source}");
    }
}

#[test]
fn files_are_short_and_print_nothing_and_plan_cannot_write() {
    none(sources().iter().flat_map(check_text).collect());
}

#[test]
fn texts_speak_of_no_machine_and_no_registry() {
    let mut found = Vec::new();
    let text = |path: &Path| {
        path.extension().is_some_and(|e| ["rs", "md", "toml", "yaml", "yml"].iter().any(|x| e == *x))
    };
    for folder in ["src", "docs", "spec", "machine-classes", "clusters", "proxmox-provider", ".ci", "benches"]
    {
        walk(&root().join(folder), &text, &mut found);
    }
    let top =
        std::fs::read_dir(root()).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file() && text(p));
    found.extend(top);
    none(
        found
            .iter()
            .flat_map(|path| check_words(&shown(path), &std::fs::read_to_string(path).unwrap()))
            .collect(),
    );
}

#[test]
fn a_diagnostic_code_has_one_meaning() {
    let files = sources();
    let registry = files.iter().find(|file| file.shown == "src/diag/codes.rs").expect("src/diag/codes.rs");
    assert!(registry.source.lines().any(|line| code_constant(&registry.shown, line).is_some()), "not read");
    none(check_codes(&files));
}

#[test]
fn each_direct_dependency_is_justified() {
    let manifest: toml::Table = std::fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let page = std::fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let mut tables: Vec<&toml::Table> = ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .filter_map(|section| manifest.get(*section)?.as_table())
        .collect();
    for target in
        manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values)
    {
        tables.extend(target.get("dependencies").and_then(toml::Value::as_table));
    }
    let named: BTreeSet<&str> = tables.iter().flat_map(|table| table.keys().map(String::as_str)).collect();
    let rows: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let wrong = named
        .difference(&rows)
        .map(|name| format!("`{name}` is in Cargo.toml, but docs/dependencies.md does not say why"))
        .chain(
            rows.difference(&named)
                .map(|name| format!("`{name}` is in docs/dependencies.md, but not in Cargo.toml")),
        );
    none(wrong.collect());
}

/// The checks themselves: each must find what it is for.
mod the_checks {
    use super::*;

    fn layer_breaches(path: &str, source: &str) -> Vec<String> {
        let table = layers(
            "//! | 0 | `address` `yaml` `secret` `cel` | x |\n//! | 2 | `state::model` `live` | x |\n//! | 3 | `plan` | x |\n\
             //! | 4 | `policy` | x |\n//! | 5 | `world` `backend` `state::{store,local}` | x |\n//! | 7 | `cli` `lab` | x |",
        );
        check_layers(&File::new(path, source), &table, &mut Edges::new())
    }

    #[test]
    fn find_an_upward_import_however_it_is_written() {
        for source in [
            "use crate::backend::Outcome;",
            "use crate::{live::Snapshot, backend::{Outcome, Refusal}};",
            "use crate::{self as all, backend};",
            "pub use crate::backend as b;",
            "use super::super::backend::x;",
            "fn f() { crate::backend::g() }",
            "fn f(x: &dyn crate::backend::Reader) {}",
            "use crate\n    ::backend::x;",
            "use crate::state::store::Store;",
            "use crate::state::Anything;",
            "use crate::cli::x;",
        ] {
            assert!(!layer_breaches("src/plan/order.rs", source).is_empty(), "{source}");
        }
        assert_eq!(layer_breaches("src/state/model.rs", "use super::store::Store;").len(), 1);
        assert_eq!(layer_breaches("src/backend/x.rs", "use crate::lab::y;").len(), 1);
        assert_eq!(layer_breaches("src/unheard_of.rs", "").len(), 1);
    }

    #[test]
    fn leave_downward_imports_comments_strings_and_tests_alone() {
        for source in [
            "use crate::live::{self, Snapshot}; use crate::state::model::Record; use super::other; use self::inner::x;",
            "// use crate::backend::x;\n/* crate::backend /* nested */ */\n/// crate::backend::y\nconst A: &str = \"crate::backend::x\";",
            "const A: &str = r#\"use crate::backend::x; \"quoted\" \"#; const B: char = '\"'; fn f<'a>(x: &'a str) {}",
            "#[cfg(test)]\nmod tests { use crate::backend::x; fn f() { std::fs::read(\"x\"); } }",
            "#[cfg(test)]\nuse crate::backend::x;",
            "use std::net::{IpAddr, Ipv4Addr}; use std::time::Duration; use std::io::Write; use std::path::Path;",
        ] {
            assert_eq!(layer_breaches("src/plan/order.rs", source), [""; 0], "{source}");
        }
        assert_eq!(layer_breaches("src/state/mod.rs", "pub mod model; pub use model::Record;"), [""; 0]);
        assert_eq!(
            layer_breaches("src/cli/x.rs", "use crate::lab::y; fn f() { println!(); std::env::args(); }"),
            [""; 0]
        );
    }

    #[test]
    fn find_what_the_core_must_not_touch() {
        for source in [
            "use std::fs;",
            "use std::{collections::BTreeMap, env};",
            "fn f() { std::process::exit(1) }",
            "use std::net::TcpStream;",
            "use std::net;",
            "async fn f() {}",
            "use std::time::Instant;",
            "fn f() { let t = std::time::SystemTime::now(); }",
            "use tokio::sync::Mutex;",
            "fn f() { uuid::Uuid::new_v4(); }",
            "fn f() { jiff::Timestamp::now(); }",
            "fn f(p: &Path) { p.canonicalize(); }",
            "fn f() { std::thread::spawn(|| {}); }",
        ] {
            assert_eq!(layer_breaches("src/plan/order.rs", source).len(), 1, "{source}");
            assert_eq!(layer_breaches("src/backend/x.rs", source), [""; 0], "{source}");
        }
        assert_eq!(layer_breaches("src/cel/thread.rs", "use std::thread;"), [""; 0]);
    }

    #[test]
    fn keep_the_lab_a_second_reading() {
        for (source, count) in [
            ("use crate::{address, yaml::Node, world::Clock, secret::Secret};", 0),
            ("use crate::live::Snapshot;", 1),
            ("use crate::world::real::RealNet;", 1),
            ("use crate::backend::x;", 1),
            ("use super::omni::Store; use crate::lab::x;", 0),
        ] {
            assert_eq!(layer_breaches("src/lab/serve.rs", source).len(), count, "{source}");
        }
    }

    #[test]
    fn find_circles_within_a_layer() {
        let edge =
            |a: &str, b: &str| (a.to_owned(), BTreeMap::from([(b.to_owned(), "src/x.rs:1".to_owned())]));
        assert_eq!(circles(&Edges::from([edge("a", "b"), edge("b", "c")])).len(), 0);
        let found = circles(&Edges::from([edge("a", "b"), edge("b", "c"), edge("c", "a")]));
        assert!(found.len() == 1 && found[0].contains("`c` imports `a` (src/x.rs:1)"), "{found:?}");
    }

    #[test]
    fn find_size_prints_names_words_and_codes() {
        let text = |path: &str, source: &str| check_text(&File::new(path, source)).len();
        assert_eq!(text("src/plan/a.rs", &"x\n".repeat(601)), 1);
        assert_eq!(
            text("src/plan/a.rs", &format!("{}#[cfg(test)]\n{}", "x\n".repeat(600), "y\n".repeat(900))),
            0
        );
        assert_eq!(text("src/plan/a.rs", "fn f() { println!(\"x\"); dbg!(1); }"), 2);
        assert_eq!(text("src/cli/a.rs", "fn f() { println!(\"x\"); }"), 0);
        assert_eq!(text("src/plan/a.rs", "use anyhow::Result; // anyhow"), 1);
        assert_eq!(text("src/plan/a.rs", "use crate::backend::OmniWriter;"), 1);
        assert_eq!(text("src/engine/a.rs", "use crate::backend::OmniWriter;"), 0);
        assert_eq!(text("src/plan/utils.rs", ""), 1);
        assert_eq!(text("src/plan/a.rs", "use std::collections::HashMap;"), 1);
        let words = |line: &str| check_words("docs/x.md", line).len();
        assert_eq!(words(concat!("see /wo", "rk/x or (/ro", "ot/y)")), 2);
        assert_eq!(words(concat!("/proc/self/ro", "ot/etc, https://host/wo", "rk/x and homework/")), 0);
        assert_eq!(words(&["from crates", ".io"].concat()), 1);
        let first = File::new(
            "src/diag/codes.rs",
            "/// A.\npub const A: u16 = 1;\n/// B.\npub const B: u16 = 1;\npub const C: u16 = 2;",
        );
        let second = File::new(
            "src/plan/codes.rs",
            "/// D.\npub const D: &str = \"OS0002\";\npub const LIMIT: u16 = 1;",
        );
        assert_eq!(check_codes(&[first, second]).len(), 3);
    }
}
