//! Text to documents under limits.
//!
//! The parser's events are built into nodes with a stack of our own, so that depth costs no call stack. What Go's YAML
//! refuses and the parser lets pass (leading tabs, a few escapes) is refused here, because omnictl would refuse the file.

mod block;
mod empty;
mod escapes;

use std::collections::BTreeMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle as RawStyle, Tag};

use block::{block_span, tab_in_first_line, unfinished};
use empty::{absent, bad_key};

use super::merge;
use super::resolve;
use super::tabs;
use super::{Aliases, Document, EmptyInFlow, Limits, Node, NodeKind, ScalarStyle};
use crate::diag::{Diagnostic, SourceId, Span, codes};
use crate::untrusted::Untrusted;

/// Byte order mark, allowed as the first character of a text only.
const BOM: char = '\u{feff}';

/// Reads a text as a stream of documents.
///
/// An empty or comments-only text has no documents; an empty document (between two `---`, or after a trailing `---`) is a
/// document without a root. Mappings come out with merge keys resolved (own keys win, then the first merged mapping that
/// has the key) and aliases replayed.
///
/// # Errors
/// All problems found: a limit, text that is not YAML (the parser stops at the first such place), what Go's YAML
/// refuses, duplicate keys with both places, aliases that cannot be resolved.
pub fn parse(source: SourceId, text: &str, limits: &Limits) -> Result<Vec<Document>, Vec<Diagnostic>> {
    if text.len() > limits.bytes {
        return Err(vec![
            Diagnostic::error(
                codes::LIMIT,
                format!("the text has {} bytes, more than the {} that are read", text.len(), limits.bytes),
            )
            .at(source, Span::new(0, 0), ""),
        ]);
    }
    if let Some((at, c)) = text.char_indices().find(|(i, c)| forbidden(*i, *c)) {
        return Err(vec![
            Diagnostic::error(
                codes::ENCODING,
                format!("character U+{:04X} is not allowed in YAML", c as u32),
            )
            .at(source, Span::new(at, at + c.len_utf8()), "here")
            .help("remove it, or write it as an escape in a double-quoted text"),
        ]);
    }
    let skipped = if text.starts_with(BOM) { BOM.len_utf8() } else { 0 };
    let mut builder = Builder::new(source, text, skipped, limits);
    builder.run(text.get(skipped..).unwrap_or_default());
    builder.finish()
}

/// Reads bytes as UTF-8 text.
///
/// # Errors
/// The first place that is not UTF-8.
pub fn text_of(source: SourceId, bytes: &[u8]) -> Result<&str, Diagnostic> {
    std::str::from_utf8(bytes).map_err(|e| {
        Diagnostic::error(codes::ENCODING, format!("byte {} is not UTF-8 text", e.valid_up_to()))
            .at(source, Span::new(e.valid_up_to(), e.valid_up_to() + 1), "")
            .help("save the file as UTF-8")
    })
}

/// Characters that Go's reader refuses anywhere in a text, and the rare line separators, which YAML 1.1 readers (Go's) and 1.2
/// readers take differently.
fn forbidden(at: usize, c: char) -> bool {
    (c < ' ' && !matches!(c, '\t' | '\n' | '\r'))
        || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
        || (c == BOM && at > 0)
}

/// A collection that is not complete yet.
struct Open {
    node: Node,
    /// The key that waits for its value.
    key: Option<Node>,
    anchor: usize,
    size: Size,
}

/// What replaying a node costs.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
    /// Collections inside each other; 0 for a scalar.
    height: usize,
}

impl Size {
    fn add(&mut self, child: Self) {
        self.nodes += child.nodes;
        self.bytes += child.bytes;
        self.height = self.height.max(child.height + 1);
    }
}

struct Builder<'a> {
    source: SourceId,
    text: &'a str,
    /// Bytes before the text that the parser sees.
    skipped: usize,
    limits: &'a Limits,
    stack: Vec<Open>,
    anchors: BTreeMap<usize, (Node, Size)>,
    /// Merge keys of the document.
    merges: Vec<Span>,
    documents: Vec<Document>,
    start: usize,
    root: Option<Node>,
    nodes: usize,
    replayed: usize,
    /// Bytes of scalars and of flow collections: no indentation rules for tabs inside.
    inside: Vec<Span>,
    flow: usize,
    /// End of the last scalar or alias.
    last: usize,
    problems: Vec<Diagnostic>,
    stopped: bool,
}

impl<'a> Builder<'a> {
    fn new(source: SourceId, text: &'a str, skipped: usize, limits: &'a Limits) -> Self {
        Self {
            source,
            text,
            skipped,
            limits,
            stack: Vec::new(),
            anchors: BTreeMap::new(),
            merges: Vec::new(),
            documents: Vec::new(),
            start: 0,
            root: None,
            nodes: 0,
            replayed: 0,
            inside: Vec::new(),
            flow: 0,
            last: skipped,
            problems: Vec::new(),
            stopped: false,
        }
    }

    fn run(&mut self, text: &str) {
        let mut options = granit_parser::options! {
            emit_unresolved_aliases: true,
            flow_nesting_limit: self.limits.depth + 1,
            block_nesting_limit: self.limits.depth + 1,
        };
        options.set_emit_comments(false);
        for next in Parser::new_from_str_with_options(text, options) {
            match next {
                Ok((event, span)) => {
                    let at = self.span(&span);
                    self.event(event, at);
                }
                Err(e) => {
                    let at = self.offset(*e.marker());
                    self.syntax(e.kind(), at);
                    self.stopped = true;
                }
            }
            if self.stopped {
                break;
            }
        }
    }

    fn finish(mut self) -> Result<Vec<Document>, Vec<Diagnostic>> {
        let marker = |line: &str| line == "..." || line.starts_with("... ");
        let mut lines = self.text.get(self.skipped..).unwrap_or_default().lines();
        let first = lines.find(|line| !line.trim().is_empty() && !line.starts_with('#'));
        if !self.stopped && first.is_some_and(marker) {
            self.problems.push(
                Diagnostic::error(codes::SYNTAX, "not YAML: `...` ends a document, but there is none").at(
                    self.source,
                    Span::new(self.skipped, self.skipped),
                    "",
                ),
            );
        }
        if !self.stopped {
            self.problems.extend(tabs::check(self.source, self.text, &self.inside));
        }
        if self.problems.is_empty() { Ok(self.documents) } else { Err(self.problems) }
    }

    fn offset(&self, marker: granit_parser::Marker) -> usize {
        (marker.byte_offset().unwrap_or(0) + self.skipped).min(self.text.len())
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        Span::new(self.offset(span.start), self.offset(span.end))
    }

    fn refuse(&mut self, diagnostic: Diagnostic) {
        self.problems.push(diagnostic);
        self.stopped = true;
    }

    /// The tab that a refusal at `at` means: the parser stands behind it, or at the header of the block scalar before it.
    fn tab(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        if before.ends_with('\t') {
            return at - 1;
        }
        self.text.get(at..).and_then(|rest| rest.find('\t')).map_or(at, |further| at + further)
    }

    fn syntax(&mut self, kind: &ErrorKind, at: usize) {
        let (code, message) = match kind {
            ErrorKind::RecursionLimitExceeded => {
                (codes::LIMIT, format!("more than {} collections inside each other", self.limits.depth))
            }
            ErrorKind::DirectiveDisallowed => (codes::SYNTAX, "directives are not allowed here".to_owned()),
            other => (codes::SYNTAX, format!("not YAML: {}", Untrusted::new(other.to_string()).line(160))),
        };
        let tabs = matches!(
            kind,
            ErrorKind::TabInIndentation
                | ErrorKind::TabNotAllowed
                | ErrorKind::TabInBlockIndentation
                | ErrorKind::TabAtBlockScalarStart
        );
        let at = if tabs { self.tab(at) } else { at };
        let end = self.text.get(at..).and_then(|t| t.chars().next()).map_or(at, |c| at + c.len_utf8());
        let mut d = Diagnostic::error(code, message).at(self.source, Span::new(at, end), "here");
        if tabs {
            d = d.help("indent with spaces");
        } else if matches!(kind, ErrorKind::MappingValueNotAllowed) {
            d = d
                .help("a text that has `: ` in it needs quotes; a key needs the indentation of its siblings");
        }
        self.problems.push(d);
    }

    fn event(&mut self, event: Event<'_>, at: Span) {
        match event {
            Event::DocumentStart(explicit, version) => {
                if !explicit && !self.documents.is_empty() {
                    self.refuse(
                        Diagnostic::error(codes::SYNTAX, "not YAML: a further document begins with `---`")
                            .at(self.source, at, "here"),
                    );
                    return;
                }
                if version.is_some_and(|v| v.major != 1 || !(1..=2).contains(&v.minor)) {
                    self.problems.push(
                        Diagnostic::error(codes::SYNTAX, "only YAML 1.1 and 1.2 are read").at(
                            self.source,
                            at,
                            "this document",
                        ),
                    );
                }
                self.start = at.start;
                self.root = None;
                self.anchors.clear();
                if self.documents.len() >= self.limits.documents {
                    self.refuse(
                        Diagnostic::error(
                            codes::LIMIT,
                            format!("more than {} documents in one file", self.limits.documents),
                        )
                        .at(self.source, at, "this one is too many"),
                    );
                }
            }
            Event::DocumentEnd => {
                let root = self.root.take().filter(|r| !absent(r));
                let end = root.as_ref().map_or(at.end, |r| r.span.end.max(at.start));
                let span = Span::new(self.start, end.max(self.start));
                let merges = std::mem::take(&mut self.merges);
                self.documents.push(Document { source: self.source, root, span, merges });
            }
            Event::Scalar(text, style, anchor, tag) => {
                if style == RawStyle::DoubleQuoted {
                    let raw = self.text.get(at.start..at.end).unwrap_or_default();
                    self.problems.extend(escapes::refused(self.source, raw, at));
                }
                let style = scalar_style(style);
                let mut text = text.into_owned();
                let mut span = at;
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    span = block_span(self.text, self.last, at);
                    let line_begins = self.text.get(..at.start).is_some_and(|t| t.ends_with('\n'));
                    if line_begins && !text.trim().is_empty() {
                        self.problems.push(
                            Diagnostic::error(codes::SYNTAX, "the text of a block needs indentation").at(
                                self.source,
                                at,
                                "begins at the margin",
                            ),
                        );
                    }
                    if let Some(tab) = tab_in_first_line(self.text, span) {
                        let tab = Span::new(tab, tab + 1);
                        self.problems.push(
                            Diagnostic::error(codes::SYNTAX, "a tab stands where YAML wants spaces")
                                .at(self.source, tab, "this tab")
                                .help("begin the text with another character, or say its indentation (`|2`)"),
                        );
                    }
                    if unfinished(self.text, at) && text.ends_with('\n') {
                        text.pop();
                    }
                } else if style == ScalarStyle::Plain && at.start == at.end {
                    // The parser writes a value that is not there as `~`.
                    text.clear();
                }
                self.last = self.last.max(span.end);
                if span.end > span.start {
                    self.inside.push(span);
                }
                let tag = tag.as_deref().map(tag_text);
                if tag.as_deref() == Some("!!binary") {
                    match decode_binary(&text) {
                        Some(decoded) => text = decoded,
                        None => self.problems.push(
                            Diagnostic::error(codes::ENCODING, "a `!!binary` value must be text in base64")
                                .at(self.source, span, ""),
                        ),
                    }
                }
                let size = Size { nodes: 1, bytes: text.len(), height: 0 };
                let style = if tag.is_none() && at.start == at.end { self.empty(style) } else { style };
                let node = Node { kind: NodeKind::Scalar { text, style }, span, tag };
                self.check_tag(node.tag.as_deref(), span);
                if resolve::tag_contradicts(&node) {
                    let tag = node.tag.as_deref().unwrap_or_default();
                    self.problems.push(
                        Diagnostic::error(
                            codes::SYNTAX,
                            format!("this value is not what its tag `{tag}` says"),
                        )
                        .at(self.source, span, ""),
                    );
                }
                if self.count(1, span) {
                    self.anchor(anchor, &node, size);
                    self.place(node, size);
                }
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.open(NodeKind::Seq(Vec::new()), is_flow(style), anchor, tag.as_deref(), at);
            }
            Event::MappingStart(style, anchor, tag) => {
                self.open(NodeKind::Map(Vec::new()), is_flow(style), anchor, tag.as_deref(), at);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(at),
            Event::Alias(id) => {
                self.last = self.last.max(at.end);
                self.alias(id, at);
            }
            Event::UnresolvedAlias(name) => {
                let name = Untrusted::new(name.into_owned()).line(60);
                self.problems.push(
                    Diagnostic::error(
                        codes::ALIAS,
                        format!("there is no anchor `&{name}` before this alias"),
                    )
                    .at(self.source, at, "not defined in this document"),
                );
                let node = Node {
                    kind: NodeKind::Scalar { text: String::new(), style: ScalarStyle::Plain },
                    span: at,
                    tag: None,
                };
                self.place(node, Size { nodes: 1, ..Size::default() });
            }
            _ => {}
        }
    }

    /// Counts nodes; false when there are too many.
    fn count(&mut self, nodes: usize, at: Span) -> bool {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > self.limits.nodes {
            self.refuse(
                Diagnostic::error(
                    codes::LIMIT,
                    format!("more than {} values in one file, aliases replayed", self.limits.nodes),
                )
                .at(self.source, at, "reached here"),
            );
        }
        !self.stopped
    }

    fn open(&mut self, kind: NodeKind, flow: bool, anchor: usize, tag: Option<&Tag>, at: Span) {
        if !self.count(1, at) {
            return;
        }
        if self.stack.len() >= self.limits.depth {
            let depth = self.limits.depth;
            self.refuse(
                Diagnostic::error(codes::LIMIT, format!("more than {depth} collections inside each other"))
                    .at(self.source, at, "here"),
            );
            return;
        }
        if flow || self.flow > 0 {
            self.flow += 1;
        }
        let node = Node { kind, span: at, tag: tag.map(tag_text) };
        self.check_tag(node.tag.as_deref(), at);
        self.stack.push(Open { node, key: None, anchor, size: Size { nodes: 1, bytes: 0, height: 0 } });
    }

    fn close(&mut self, at: Span) {
        let Some(mut open) = self.stack.pop() else { return };
        let mut end = open.node.span.start;
        match &open.node.kind {
            NodeKind::Seq(items) => end = items.last().map_or(end, |n| n.span.end),
            NodeKind::Map(pairs) => end = pairs.last().map_or(end, |(k, v)| v.span.end.max(k.span.end)),
            NodeKind::Scalar { .. } => {}
        }
        // An alias replays nodes of another place; the end of a collection is never before its start.
        if self.flow > 0 {
            self.flow -= 1;
            end = end.max(at.end);
            open.node.span = Span::new(open.node.span.start, end.max(open.node.span.start));
            if self.flow == 0 {
                self.inside.push(open.node.span);
            }
        } else {
            open.node.span = Span::new(open.node.span.start, end.max(open.node.span.start));
        }
        if let NodeKind::Map(pairs) = &mut open.node.kind {
            for (key, _) in pairs.iter() {
                if let Some(why) = bad_key(self.text, key) {
                    self.problems.push(Diagnostic::error(codes::SYNTAX, why).at(
                        self.source,
                        key.span,
                        "this key",
                    ));
                }
            }
            let pairs_before = std::mem::take(pairs);
            self.merges.extend(merge::places(&pairs_before));
            merge::duplicates(self.source, &pairs_before, &mut self.problems);
            let refuse = self.limits.aliases == Aliases::Refuse;
            let (merged, added) = merge::resolve(self.source, pairs_before, refuse, &mut self.problems);
            *pairs = merged;
            if !self.count(added, open.node.span) {
                return;
            }
        }
        self.anchor(open.anchor, &open.node, open.size);
        self.place(open.node, open.size);
    }

    /// How a value of no characters counts as written: what is quoted is text.
    fn empty(&self, style: ScalarStyle) -> ScalarStyle {
        let value = self.stack.last().is_some_and(|open| open.key.is_some());
        let text = self.flow > 0 && value && self.limits.empty_in_flow == EmptyInFlow::Text;
        if text && style == ScalarStyle::Plain { ScalarStyle::Double } else { style }
    }

    /// A spec has no tags: what a value is stands in its spelling and its field.
    fn check_tag(&mut self, tag: Option<&str>, at: Span) {
        if self.limits.aliases == Aliases::Refuse
            && let Some(tag) = tag
        {
            let tag = Untrusted::new(tag).line(40);
            self.problems.push(
                Diagnostic::error(codes::ALIAS_REFUSED, format!("tags (`{tag}`) are not allowed in a spec"))
                    .at(self.source, at, "this value has one")
                    .help("remove the tag"),
            );
        }
    }

    fn anchor(&mut self, id: usize, node: &Node, size: Size) {
        if id == 0 {
            return;
        }
        if self.limits.aliases == Aliases::Refuse {
            self.problems.push(
                Diagnostic::error(codes::ALIAS_REFUSED, "anchors and aliases are not allowed in a spec")
                    .at(self.source, node.span, "this value has an anchor")
                    .help("write the value where it is used"),
            );
            return;
        }
        // Kept without copying the text twice only while the budget lasts; a replay is counted when it happens.
        self.anchors.insert(id, (node.clone(), size));
    }

    fn alias(&mut self, id: usize, at: Span) {
        if self.limits.aliases == Aliases::Refuse {
            // Its anchor was reported; the alias gets a stand-in so that the rest is still checked.
            let stand_in = Node {
                kind: NodeKind::Scalar { text: String::new(), style: ScalarStyle::Plain },
                span: at,
                tag: None,
            };
            self.place(stand_in, Size { nodes: 1, ..Size::default() });
            return;
        }
        let Some((node, size)) = self.anchors.get(&id) else {
            self.refuse(
                Diagnostic::error(codes::ALIAS, "an anchor contains an alias of itself")
                    .at(self.source, at, "here")
                    .help("write the value without the alias"),
            );
            return;
        };
        let size = *size;
        if self.stack.len() + size.height > self.limits.depth {
            let depth = self.limits.depth;
            self.refuse(
                Diagnostic::error(
                    codes::LIMIT,
                    format!("more than {depth} collections inside each other, aliases replayed"),
                )
                .at(self.source, at, "by this alias"),
            );
            return;
        }
        let node = node.clone();
        self.replayed = self.replayed.saturating_add(size.bytes);
        if self.replayed > self.limits.replayed_bytes {
            self.refuse(
                Diagnostic::error(
                    codes::LIMIT,
                    format!("aliases replay more than {} bytes", self.limits.replayed_bytes),
                )
                .at(self.source, at, "reached here"),
            );
            return;
        }
        if self.count(size.nodes, at) {
            self.place(node, size);
        }
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node, size: Size) {
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        open.size.add(size);
        match &mut open.node.kind {
            NodeKind::Seq(items) => items.push(node),
            NodeKind::Map(pairs) => match open.key.take() {
                Some(key) => pairs.push((key, node)),
                None => open.key = Some(node),
            },
            NodeKind::Scalar { .. } => {}
        }
    }
}

/// The text of a `!!binary` scalar.
fn decode_binary(text: &str) -> Option<String> {
    use base64::Engine as _;
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(compact).ok()?;
    String::from_utf8(bytes).ok()
}

fn is_flow(style: granit_parser::StructureStyle) -> bool {
    matches!(style, granit_parser::StructureStyle::Flow)
}

fn scalar_style(style: RawStyle) -> ScalarStyle {
    match style {
        RawStyle::SingleQuoted => ScalarStyle::Single,
        RawStyle::DoubleQuoted => ScalarStyle::Double,
        RawStyle::Literal => ScalarStyle::Literal,
        RawStyle::Folded => ScalarStyle::Folded,
        RawStyle::Plain => ScalarStyle::Plain,
    }
}

fn tag_text(tag: &Tag) -> String {
    tag.core_suffix().map_or_else(|| tag.original(), |suffix| format!("!!{suffix}"))
}

#[cfg(test)]
mod tests;
