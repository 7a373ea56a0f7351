//! `lifecycle:` — what is protected, what stays when the files drop it, and what has another address now.

use crate::address::{Address, Glob};
use crate::diag::{Diagnostic, Sink, SourceId, Span, codes};
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
    if let Some(first) = moved.first() {
        sink.push(
            Diagnostic::warning(
                codes::NOT_BUILT,
                "`lifecycle.moved` is read and kept, but nothing acts on it in this version",
            )
            .at(source, first.place.span, "has no effect yet"),
        );
    }
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
        } else if out.iter().any(|m| m.from == from) {
            wrong(format!("`{from}` is moved twice"), "one object has one address");
        } else if out.iter().any(|m| m.to == to) {
            wrong(format!("two things are moved to `{to}`"), "one address has one object");
        } else {
            out.push(Moved { from, to, place: Place { source, span: node.span } });
        }
    }
    out
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
        let table = [
            (
                "{ moved: [{ from: cluster/a/kernelargs/x, to: cluster/b/kernelargs/x }] }",
                "nothing acts on it",
            ),
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
