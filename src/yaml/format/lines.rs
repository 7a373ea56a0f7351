//! Lines in their new form.

use super::walk::{Line, Plan};
use crate::diag::Span;
use crate::yaml::edit::lines::{begins_line, column, line_end};
use crate::yaml::shape::Shape;

/// A line that is written, and the comment behind it.
#[derive(Default)]
struct Row {
    text: String,
    /// The comment, its column before, and the blanks before it.
    tail: Option<(String, usize, usize)>,
}

/// Writes all lines.
pub(super) fn write(text: &str, shape: &Shape, plan: &Plan) -> String {
    let mut rows: Vec<Row> = Vec::new();
    let mut comments = shape.comments.iter().peekable();
    for (number, start) in plan.starts.iter().copied().enumerate() {
        let end = line_end(text, start);
        let line = text.get(start..end).unwrap_or_default().trim_end_matches('\n');
        let mut comment = None;
        while let Some(next) = comments.next_if(|c| c.start < end) {
            comment = Some(*next);
        }
        // A scalar goes on in the next line: blanks at the end of this one are its own.
        let open = shape.is_inside(start + line.len());
        let what = plan.lines.get(number).copied().unwrap_or(Line::Other);
        if let Some(comment) = comment.filter(|c| begins_line(text, c.start)) {
            let words = text.get(comment.start..comment.end).unwrap_or_default().trim_end();
            let at = match what {
                Line::Shift(by, _) => shifted(column(text, comment.start), by, 0),
                _ => depth(text, plan, comment),
            };
            rows.push(Row { text: format!("{}{words}", " ".repeat(at)), tail: None });
            continue;
        }
        let (from, at) = match what {
            Line::Blank => {
                if rows.last().is_some_and(|r| !r.text.is_empty()) {
                    rows.push(Row::default());
                }
                continue;
            }
            Line::Verbatim => {
                rows.push(Row { text: line.to_owned(), tail: None });
                continue;
            }
            Line::Text(from, into) => {
                rows.push(Row { text: moved(line, from, into), tail: None });
                continue;
            }
            Line::Other => (start, None),
            Line::At(at) => (start + blanks(line), Some(at)),
            Line::Shift(by, least) => {
                let by = shifted(blanks(line), by, least);
                (start + blanks(line), Some(by))
            }
        };
        let till = comment.map_or(start + line.len(), |c| c.start);
        let mut body = " ".repeat(at.unwrap_or(0));
        body.push_str(&closed_gaps(text, Span::new(from, till.max(from)), &plan.gaps));
        let bare = body.trim_end_matches([' ', '\t']).len();
        let tail = comment.map(|c| {
            let gap = text.get(from..till).map_or(1, |t| t.len() - t.trim_end_matches([' ', '\t']).len());
            let words = text.get(c.start..c.end).unwrap_or_default().trim_end().to_owned();
            (words, column(text, c.start), gap.max(1))
        });
        if tail.is_some() || !open {
            body.truncate(bare);
        }
        rows.push(Row { text: body, tail });
    }
    let unfinished = unfinished(text, shape);
    if !keeps(text, shape) {
        while rows.last().is_some_and(|r| r.text.is_empty() && r.tail.is_none()) {
            rows.pop();
        }
    }
    join(&rows, unfinished)
}

fn blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

fn shifted(column: usize, by: isize, least: usize) -> usize {
    column.saturating_add_signed(by).max(least)
}

/// A line of a text with another indentation; what reaches beyond the old one is text.
fn moved(line: &str, from: usize, into: usize) -> String {
    let own = (line.len() - line.trim_start_matches(' ').len()).min(from);
    let rest = line.get(own..).unwrap_or_default();
    if rest.is_empty() { String::new() } else { format!("{}{rest}", " ".repeat(into)) }
}

/// Text in which each gap is one blank.
fn closed_gaps(text: &str, span: Span, gaps: &[Span]) -> String {
    let mut out = String::new();
    let mut at = span.start;
    let first = gaps.partition_point(|g| g.start < span.start);
    for gap in gaps.iter().skip(first).take_while(|g| g.end <= span.end) {
        out.push_str(text.get(at..gap.start).unwrap_or_default());
        out.push(' ');
        at = gap.end;
    }
    out.push_str(text.get(at..span.end).unwrap_or_default());
    out
}

/// Whether the text ends in a block that has no line end: it must not get one.
fn unfinished(text: &str, shape: &Shape) -> bool {
    !text.ends_with('\n')
        && shape.opaque.last().is_some_and(|s| text.get(s.end..).is_some_and(|t| t.trim().is_empty()))
        && shape.ends_in_block_scalar()
}

/// Whether the text ends in a block that keeps its blank lines.
fn keeps(text: &str, shape: &Shape) -> bool {
    shape.opaque.last().is_some_and(|s| s.end == text.len()) && text.ends_with('\n')
}

/// The column of a comment that has a line of its own.
fn depth(text: &str, plan: &Plan, comment: Span) -> usize {
    let old = column(text, comment.start);
    let next = plan.members.partition_point(|m| m.at < comment.start);
    let boundary = |from: usize, to: usize| {
        text.get(from..to).is_some_and(|t| t.lines().any(|l| l.starts_with("---") || l.starts_with("...")))
    };
    let previous =
        next.checked_sub(1).and_then(|p| plan.members.get(p)).filter(|m| !boundary(m.at, comment.start));
    let following = plan.members.get(next).filter(|m| !boundary(comment.end, m.at));
    let mut candidates: Vec<(usize, usize)> = Vec::new();
    if let Some(first) = following {
        let line = plan.line(first.at);
        let beside = plan.members.iter().skip(next).take_while(|m| plan.line(m.at) == line);
        candidates.extend(beside.filter_map(|m| m.chain.last().copied()));
    }
    if let Some(previous) = previous {
        // Below a key without a value stand the members that it does not have.
        if let Some((own, to)) = previous.chain.last().copied().filter(|_| previous.bare)
            && old > own
            && !candidates.iter().any(|c| c.0 > own && c.0 <= old)
        {
            return to + 2;
        }
        candidates.extend(previous.chain.iter().rev().copied());
    }
    let exact = candidates.iter().find(|c| c.0 == old);
    let nearest = || candidates.iter().rev().filter(|c| c.0 < old).max_by_key(|c| c.0);
    exact.or_else(nearest).or_else(|| candidates.first()).map_or(0, |c| c.1)
}

/// Joins the rows. Comments behind values that stood under each other do so again.
fn join(rows: &[Row], unfinished: bool) -> String {
    let mut out = String::new();
    let mut from = 0;
    while from < rows.len() {
        let old = |i: usize| rows.get(i).and_then(|r| r.tail.as_ref()).map(|t| t.1);
        let mut to = from + 1;
        while old(from).is_some() && old(to) == old(from) {
            to += 1;
        }
        let group = rows.get(from..to).unwrap_or_default();
        let width = |r: &Row| r.text.chars().count();
        let gap = if group.len() > 1 {
            group.iter().filter_map(|r| r.tail.as_ref()).map(|t| t.2).min().unwrap_or(1)
        } else {
            1
        };
        let at = group.iter().map(width).max().unwrap_or(0) + gap;
        for row in group {
            out.push_str(&row.text);
            if let Some((comment, ..)) = &row.tail {
                out.push_str(&" ".repeat(at - width(row)));
                out.push_str(comment);
            }
            out.push('\n');
        }
        from = to;
    }
    if unfinished {
        out.pop();
    }
    out
}
