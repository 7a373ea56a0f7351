//! `lifecycle:` — what is protected, what stays when the files drop it, and what has another address now.

use crate::address::{Address, Glob};
use crate::diag::{Sink, SourceId, Span};
use crate::spec::document::Section;
use crate::spec::fields::{Fields, bad_value, quote};
use crate::spec::model::{Lifecycle, Moved, Pattern, Place};

/// Reads the section.
pub(in crate::spec) fn read(source: SourceId, section: &Section<'_>, sink: &mut Sink) -> Option<Lifecycle> {
    let known = ["protect", "retain", "moved"];
    let fields = Fields::open(source, section.node, "lifecycle", section.at, &known, sink)?;
    let protect = patterns(source, &fields, "protect", sink);
    let retain = patterns(source, &fields, "retain", sink);
    let moved = moved(source, &fields, sink);
    Some(Lifecycle { protect, retain, moved, place: Place { source, span: section.at } })
}

fn patterns(source: SourceId, lifecycle: &Fields<'_>, key: &str, sink: &mut Sink) -> Vec<Pattern> {
    let mut out = Vec::new();
    for (text, span) in lifecycle.texts(key, sink) {
        match text.parse::<Glob>() {
            Ok(glob) => out.push(Pattern { glob, place: Place { source, span } }),
            Err(why) => sink.push(
                bad_value(source, span, format!("{} is no address: {why}", quote(text)))
                    .help("write it as plans do: `cluster/NAME`, `cluster/NAME/**`, `class/NAME`"),
            ),
        }
    }
    out
}

fn moved(source: SourceId, lifecycle: &Fields<'_>, sink: &mut Sink) -> Vec<Moved> {
    let mut out: Vec<Moved> = Vec::new();
    for node in lifecycle.list("moved", sink).unwrap_or_default() {
        let Some(fields) = Fields::open(source, node, "lifecycle.moved[]", node.span, &["from", "to"], sink)
        else {
            continue;
        };
        let mut one = |key: &str| {
            let (text, span) = fields.need_text(key, sink)?;
            address(source, text, span, sink)
        };
        let (Some(from), Some(to)) = (one("from"), one("to")) else { continue };
        let mut wrong = |what: String, help: &str| {
            sink.push(bad_value(source, node.span, what).help(help.to_owned()));
        };
        if from == to {
            wrong(format!("`{from}` is moved to itself"), "take the entry out");
        } else if from.kind() != to.kind() {
            wrong(
                format!("`{from}` cannot become `{to}`: they are of different kinds"),
                "a move changes the address of one and the same object",
            );
        } else if let Some((why, help)) = immovable(&from, &to) {
            wrong(format!("`{from}` cannot move to `{to}`: {why}"), help);
        } else if out.iter().any(|m| m.from == from) {
            wrong(format!("`{from}` is moved twice"), "one object has one address");
        } else if out.iter().any(|m| m.to == to) {
            wrong(format!("two things are moved to `{to}`"), "one address has one object");
        } else if comes_back(&out, &from, &to) {
            wrong(
                format!("`{from}` is moved in a circle"),
                "the last move of a chain ends at an address that the files declare",
            );
        } else {
            out.push(Moved { from, to, place: Place { source, span: node.span } });
        }
    }
    out
}

/// Whether a chain of moves that goes on from `to` ends where it began.
fn comes_back(moves: &[Moved], from: &Address, to: &Address) -> bool {
    let mut at = to;
    for _ in 0..=moves.len() {
        match moves.iter().find(|m| m.from == *at) {
            Some(next) => at = &next.to,
            None => break,
        }
    }
    at == from
}

/// Why a move cannot be, whatever the record holds, and what to do instead. Omni changes no ids, and machines hang on those of
/// clusters and machine sets.
fn immovable(from: &Address, to: &Address) -> Option<(&'static str, &'static str)> {
    let same_cluster = from.cluster_name() == to.cluster_name();
    let same_name = from.name() == to.name();
    match from.kind() {
        "class" => None,
        "cluster" => Some((
            "Omni knows no renaming of clusters: under another name it is another cluster, with other machines",
            "keep the name, or take the entry out and let the plan show what is lost",
        )),
        "machineset" => Some((
            "the name of a machine set is its id in Omni: under another name it is another set, and its machines are made anew",
            "keep the name (`name` of `Workers`), or take the entry out and let the plan show what is lost",
        )),
        "node" | "kernelargs" | "installdisk" if same_name => None,
        "node" | "kernelargs" | "installdisk" => {
            Some(("the name is the UUID of a machine, and they are different machines", "take the entry out"))
        }
        "patch" | "extensions" | "healthcheck" if same_cluster => None,
        "patch" | "extensions" | "healthcheck" => Some((
            "it is for the machines of one cluster, and the addresses are of two",
            "take the entry out: what is new is made, and what the files no longer have is removed",
        )),
        "manifest" => Some((
            "two groups with the same Kubernetes objects would each own them, and what Omni does with them when the old group goes is not known",
            "keep the `name` of the manifest, and its place in the list",
        )),
        "provider" | "container" | "files" => Some((
            "an infrastructure provider and its container are not made by this tool: their names are what they are",
            "change the spec alone",
        )),
        _ => Some((
            "it is only observed: nothing is remembered of it",
            "a move is of `class/…`, or of `node`, `kernelargs`, `installdisk`, `patch`, `extensions` or `healthcheck` below a cluster",
        )),
    }
}

fn address(source: SourceId, text: &str, span: Span, sink: &mut Sink) -> Option<Address> {
    match text.parse::<Address>() {
        Ok(address) => Some(address),
        Err(why) => {
            sink.push(bad_value(source, span, format!("{} is no address: {why}", quote(text))));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diag::{Sink, Sources};
    use crate::spec::read_spec;

    fn problems(lifecycle: &str) -> Vec<String> {
        let (mut sources, mut sink) = (Sources::default(), Sink::default());
        let text = format!("omni: {{ endpoint: https://a }}\nlifecycle: {lifecycle}\n");
        read_spec(&mut sources, "spec/omni.yaml", text.as_bytes(), &mut sink);
        sink.all().iter().map(|d| format!("{} {}", d.message, d.help.clone().unwrap_or_default())).collect()
    }

    #[test]
    fn whole_sections_are_read_and_wrong_ones_are_said() {
        assert_eq!(problems("{ protect: [cluster/a, class/**], retain: [cluster/b/**] }"), [""; 0]);
        assert_eq!(
            problems("{ moved: [{ from: cluster/a/kernelargs/x, to: cluster/b/kernelargs/x }] }"),
            [""; 0]
        );
        assert_eq!(
            problems("{ moved: [{ from: class/a, to: class/b }, { from: class/b, to: class/c }] }"),
            [""; 0]
        );
        let table = [
            ("{ moved: [{ from: cluster/a, to: cluster/b }] }", "knows no renaming"),
            ("{ moved: [{ from: cluster/a/machineset/w, to: cluster/a/machineset/v }] }", "made anew"),
            ("{ moved: [{ from: cluster/a/node/x, to: cluster/a/node/y }] }", "different machines"),
            ("{ moved: [{ from: cluster/a/patch/x, to: cluster/b/patch/y }] }", "the addresses are of two"),
            ("{ moved: [{ from: cluster/a/manifest/x, to: cluster/a/manifest/y }] }", "each own them"),
            ("{ moved: [{ from: provider/a, to: provider/b }] }", "not made by this tool"),
            ("{ moved: [{ from: machine/a, to: machine/b }] }", "only observed"),
            ("{ moved: [{ from: class/a, to: class/b }, { from: class/b, to: class/a }] }", "in a circle"),
            ("{ protects: [] }", "did you mean `protect`?"),
            ("{ protect: cluster/a }", "a list"),
            ("{ retain: [a//b] }", "is no address"),
            ("{ moved: [{ from: class/a }] }", "has no `to`"),
            ("{ moved: [{ from: class/a, to: class/a }] }", "moved to itself"),
            ("{ moved: [{ from: class/a, to: cluster/a }] }", "different kinds"),
            ("{ moved: [{ from: class/a, to: class/b }, { from: class/a, to: class/c }] }", "moved twice"),
            ("{ moved: [{ from: class/a, to: class/c }, { from: class/b, to: class/c }] }", "two things"),
        ];
        for (lifecycle, words) in table {
            let found = problems(lifecycle);
            assert!(found.iter().any(|p| p.contains(words)), "{lifecycle}: {found:?}");
        }
    }
}
