//! What is to become of each line.

use crate::diag::Span;
use crate::yaml::edit::lines::{begins_line, column, line_end, line_start};
use crate::yaml::shape::{Form, Shape, Written};

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A marker, a directive, a scalar at a root: as it is, without blanks at its end.
    Other,
    /// Nothing.
    Blank,
    /// As it is.
    Verbatim,
    /// Begins with a dash, key or value, at this column.
    At(usize),
    /// Goes on with a value that began in a line above: moves by so much, but not below the column.
    Shift(isize, usize),
    /// Text of a block: from this indentation to that one.
    Text(usize, usize),
}

/// A dash or key.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Where.
    pub(super) at: usize,
    /// Columns of the collections that it is in, old and new, the innermost last.
    pub(super) chain: Vec<(usize, usize)>,
    /// Whether its value is nothing.
    pub(super) bare: bool,
}

/// What is to become of a text.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By line.
    pub(super) lines: Vec<Line>,
    /// First byte of each line.
    pub(super) starts: Vec<usize>,
    /// Blanks behind dashes that become one.
    pub(super) gaps: Vec<Span>,
    /// Dashes and keys in file order.
    pub(super) members: Vec<Member>,
}

impl Plan {
    /// Number of the line of a byte.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|s| *s <= at).saturating_sub(1)
    }
    fn set(&mut self, line: usize, what: Line) {
        if let Some(slot) = self.lines.get_mut(line) {
            *slot = what;
        }
    }
    /// Sets a line that nothing was said about.
    fn fill(&mut self, line: usize, what: Line) {
        if let Some(slot) = self.lines.get_mut(line).filter(|l| **l == Line::Other) {
            *slot = what;
        }
    }
}

struct Walk<'a> {
    text: &'a str,
    plan: Plan,
    chain: Vec<(usize, usize)>,
}

/// Decides about all lines.
pub(super) fn walk(text: &str, shape: &Shape) -> Plan {
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(i, _)| i + 1));
    if text.ends_with('\n') || text.is_empty() {
        starts.pop();
    }
    let plan = Plan { lines: vec![Line::Other; starts.len()], starts, ..Plan::default() };
    let mut walk = Walk { text, plan, chain: Vec::new() };
    for document in &shape.documents {
        if let Some(root) = &document.root {
            walk.root(root);
        }
    }
    let mut plan = walk.plan;
    for (i, start) in plan.starts.clone().into_iter().enumerate() {
        let line = text.get(start..line_end(text, start)).unwrap_or_default();
        if line.trim().is_empty() && matches!(plan.lines.get(i), Some(Line::Other | Line::Shift(..))) {
            // Blank lines inside of a scalar say something.
            let inside = shape.is_inside(start);
            plan.set(i, if inside { Line::Verbatim } else { Line::Blank });
        }
    }
    plan
}

impl Walk<'_> {
    fn root(&mut self, root: &Written) {
        if root.is_block() {
            self.collection(root, 0);
            return;
        }
        for line in self.plan.line(root.content)..=self.plan.line(root.end.saturating_sub(1)) {
            let first = line == self.plan.line(root.content);
            self.plan.set(line, if first { Line::Other } else { Line::Verbatim });
        }
    }

    /// A list or mapping of lines whose members come to stand at `to`.
    fn collection(&mut self, written: &Written, to: usize) {
        let old = column(self.text, written.content);
        self.chain.push((old, to));
        match &written.kind {
            Form::Map { entries, .. } => {
                for entry in entries {
                    self.member(entry.start, to, entry.value.is_absent());
                    let mut head = entry.key.end;
                    if let Some(colon) = entry.colon {
                        head = colon + 1;
                        if begins_line(self.text, colon) {
                            let line = self.plan.line(colon);
                            self.plan.set(line, Line::At(to));
                        }
                    }
                    self.going_on(&entry.key, old, to);
                    self.value(&entry.value, head, old, to, false);
                }
            }
            Form::Seq { items, .. } => {
                for item in items {
                    self.member(item.start, to, item.value.is_absent());
                    self.value(&item.value, item.start + 1, old, to, true);
                }
            }
            Form::Scalar { .. } | Form::Alias => {}
        }
        self.chain.pop();
    }

    fn member(&mut self, at: usize, to: usize, bare: bool) {
        if begins_line(self.text, at) {
            let line = self.plan.line(at);
            self.plan.set(line, Line::At(to));
        }
        self.plan.members.push(Member { at, chain: self.chain.clone(), bare });
    }

    /// The value behind `head` (colon or dash) of a member that moves from column `old` to column `to`.
    fn value(&mut self, value: &Written, head: usize, old: usize, to: usize, dash: bool) {
        if value.is_absent() && !value.anchor && !value.tag {
            return;
        }
        let same_line = line_start(self.text, value.start) == line_start(self.text, head);
        let explicit = !dash && begins_line(self.text, head.saturating_sub(1));
        if (dash || (explicit && value.is_block()))
            && same_line
            && let Some(gap) = self.text.get(head..value.start)
            && !gap.is_empty()
            && gap.chars().all(|c| matches!(c, ' ' | '\t'))
        {
            self.plan.gaps.push(Span::new(head, value.start));
        }
        // Anchor and tag, or the value itself, in a line of their own.
        for at in [value.start, value.content] {
            if begins_line(self.text, at) && at > head {
                let line = self.plan.line(at);
                self.plan.set(line, Line::At(to + 2));
            }
        }
        if value.is_block() {
            self.collection(value, to + 2);
        } else if value.is_block_scalar() {
            self.text_of_lines(value, old, to);
        } else {
            let moved = if dash && same_line { column(self.text, value.start) } else { old };
            let target = if dash && same_line { to + 2 } else { to };
            self.going_on(value, moved, target);
        }
    }

    /// The further lines of a scalar or of a collection in brackets.
    fn going_on(&mut self, value: &Written, old: usize, to: usize) {
        let (first, last) = (self.plan.line(value.content), self.plan.line(value.end.saturating_sub(1)));
        let by = to.cast_signed() - old.cast_signed();
        let least = if matches!(value.kind, Form::Scalar { .. }) { to + 1 } else { 0 };
        for line in first + 1..=last {
            self.plan.fill(line, Line::Shift(by, least));
        }
    }

    /// The lines of `|` or `>`.
    fn text_of_lines(&mut self, value: &Written, old: usize, to: usize) {
        let body = line_end(self.text, value.content);
        if value.end <= body {
            return;
        }
        let header = self.text.get(value.content..body).unwrap_or_default();
        let indicators = header.split([' ', '\n']).next().unwrap_or_default();
        let explicit = indicators.chars().find_map(|c| c.to_digit(10)).map(|d| d as usize);
        let lines = self.text.get(body..value.end).unwrap_or_default().split('\n');
        let blanks = |l: &str| l.len() - l.trim_start_matches(' ').len();
        let (from, into) = match explicit {
            Some(by) => (old + by, to + by),
            None => match lines.clone().find(|l| !l.trim_matches(' ').is_empty()) {
                Some(first) => (blanks(first), to + 2),
                // Only blank lines: their number is all that they say.
                None => (usize::MAX, 0),
            },
        };
        let (first, last) = (self.plan.line(body), self.plan.line(value.end.saturating_sub(1)));
        for line in first..=last {
            self.plan.set(line, Line::Text(from, into));
        }
    }
}
