//! Fields as lines: before and after, why, and what stays as it is beside them.

use std::collections::BTreeSet;

use super::layout::{Page, Tone, columns, safe};
use super::plan::{Detail, View};
use crate::diff::lines::{Line, hunks, lines};
use crate::diff::{Difference, compare};
use crate::graph::Prune;
use crate::kinds::Effect;
use crate::plan::{Action, Change, Operation, Step};
use crate::render::value::{show, show_raw};
use crate::render::word_diff::{Piece, word_diff};
use crate::render::words::{cause, count, effect_words, field_name};
use crate::value::Value;

/// How many new fields of one object are listed before the rest is counted.
const NEW_FIELDS: usize = 12;
/// How many lines of one text are listed before the rest is counted.
const LINES: usize = 10;
/// Equal lines around lines that differ, where everything is shown.
const CONTEXT: usize = 3;

/// A field that changes, or one beside it that does not.
enum Row<'s> {
    Change(&'s Change),
    Same(Difference),
    /// So many fields that stay as they are and are not shown.
    Gap(usize),
}

/// The fields of a step.
pub(super) fn fields(step: &Step, view: View, page: &mut Page) {
    let full = view.detail == Detail::Full;
    let changes: Vec<&Change> = step.changes.iter().filter(|c| full || !c.formatting).collect();
    let most = if step.action == Action::Create && !full { NEW_FIELDS } else { usize::MAX };
    let rest = changes.len().saturating_sub(most);
    let context = if full { usize::MAX } else { view.context };
    let rows = rows(step, changes.into_iter().take(most), context);
    let name = |row: &Row<'_>| match row {
        Row::Change(change) => field_name(&change.path),
        Row::Same(same) => field_name(&same.path),
        Row::Gap(_) => String::new(),
    };
    let names: Vec<String> = rows.iter().map(name).collect();
    let width = names.iter().map(|n| columns(n)).filter(|n| *n <= 40).max().unwrap_or(0);
    for (row, name) in rows.iter().zip(&names) {
        let pad = " ".repeat(width.saturating_sub(columns(name)) + 3);
        match row {
            Row::Change(change) => field(step, change, &format!("{name}{pad}"), full, page),
            Row::Same(same) => {
                let value = if same.sensitive {
                    "(not shown)".to_owned()
                } else {
                    same.wanted.as_ref().map_or_else(String::new, |v| shown(&same.path, v, full))
                };
                page.hanging(
                    &[(Tone::Dim, "       = "), (Tone::Dim, name), (Tone::Dim, &pad)],
                    Tone::Dim,
                    &value,
                );
            }
            Row::Gap(n) => {
                let text = format!("       … {} as it is", count(*n as u32, "field"));
                page.line(&[(Tone::Dim, &text)]);
            }
        }
    }
    if rest > 0 {
        let text = format!("       … {} (--full has all)", count(rest as u32, "more field"));
        page.line(&[(Tone::Dim, &text)]);
    }
}

/// Changes in the order of their paths, each with up to `context` fields before and after it that stay.
fn rows<'s>(step: &'s Step, changes: impl Iterator<Item = &'s Change>, context: usize) -> Vec<Row<'s>> {
    let changes: Vec<&Change> = changes.collect();
    let Operation::Update { after, .. } = &step.operation else {
        return changes.into_iter().map(Row::Change).collect();
    };
    if context == 0 {
        return changes.into_iter().map(Row::Change).collect();
    }
    // Everything that the object says, in the words of its file: the difference to one that says nothing.
    let nothing = crate::resource::Resource {
        spec: Value::map(),
        labels: std::collections::BTreeMap::new(),
        annotations: std::collections::BTreeMap::new(),
        ..after.clone()
    };
    let changed: BTreeSet<&[String]> = changes.iter().map(|c| c.path.as_slice()).collect();
    let touches = |path: &[String]| changed.iter().any(|c| path.starts_with(c) || c.starts_with(path));
    let mut all: Vec<(Vec<String>, Row<'s>)> =
        changes.iter().map(|c| (c.path.clone(), Row::Change(c))).collect();
    for same in compare(&nothing, after, None, Prune::Template, None) {
        if !touches(&same.path) {
            all.push((same.path.clone(), Row::Same(same)));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let places: Vec<usize> =
        all.iter().enumerate().filter(|(_, (_, r))| matches!(r, Row::Change(_))).map(|(i, _)| i).collect();
    let near = |i: usize| places.iter().any(|p| p.abs_diff(i) <= context);
    let mut out: Vec<Row<'s>> = Vec::new();
    for (i, (_, row)) in all.into_iter().enumerate() {
        if near(i) {
            out.push(row);
        } else if let Some(Row::Gap(n)) = out.last_mut() {
            *n += 1;
        } else {
            out.push(Row::Gap(1));
        }
    }
    out
}

/// A value; where everything is wanted, with the number that stands in the file beside its unit.
fn shown(path: &[String], value: &Value, full: bool) -> String {
    if full { show_raw(path, value) } else { show(path, value) }
}

fn field(step: &Step, change: &Change, name: &str, full: bool, page: &mut Page) {
    let value = |v: &Value| {
        if change.sensitive { "(not shown)".to_owned() } else { shown(&change.path, v, full) }
    };
    let (symbol, tone, mut text) = match (&change.before, &change.after) {
        (Some(b), Some(a)) => {
            let words = b.as_str().zip(a.as_str()).filter(|_| !change.sensitive);
            let words = words.and_then(|(b, a)| word_diff(b, a));
            let text = words.map_or_else(|| format!("{} -> {}", value(b), value(a)), |w| in_words(&w));
            ('~', Tone::Update, text)
        }
        (None, Some(a)) => ('+', Tone::Create, value(a)),
        (Some(b), None) => ('-', Tone::Destroy, value(b)),
        (None, None) => return,
    };
    if change.formatting {
        text.push_str("   only its formatting differs");
    }
    if let Some(cause) = cause(change.cause) {
        text.push_str(&format!("   * {cause}"));
    }
    if matches!(change.effect, Effect::Rebuild | Effect::Destroy) && step.action != Action::Create {
        text.push_str(&format!("   (forces {})", change.effect.word()));
    } else if step.changes.len() > 1 && change.effect != Effect::None && change.effect != step.effect {
        text.push_str(&format!("   [{}]", effect_words(change.effect, change.certainty)));
    }
    page.hanging(&[(tone, &format!("       {symbol} ")), (Tone::Plain, name)], Tone::Plain, &text);
    many_lines(change, full, page);
}

/// Two long lines as one, with what goes and what comes marked as `git diff --word-diff` marks it.
fn in_words(pieces: &[Piece<'_>]) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Same(text) => out.push_str(text),
            Piece::Gone(text) => out.push_str(&format!("[-{text}-]")),
            Piece::New(text) => out.push_str(&format!("{{+{text}+}}")),
        }
    }
    safe(&out)
}

/// The lines of a longer text that differ.
fn many_lines(change: &Change, full: bool, page: &mut Page) {
    let text = |v: &Option<Value>| match v {
        Some(v) => v.as_str().map(str::to_owned),
        None => Some(String::new()),
    };
    let (Some(before), Some(after)) = (text(&change.before), text(&change.after)) else { return };
    let one_side = change.before.is_none() || change.after.is_none();
    if change.sensitive || !(before.contains('\n') || after.contains('\n')) || (one_side && !full) {
        return;
    }
    let (most, context) = if full { (usize::MAX, CONTEXT) } else { (LINES, 0) };
    let mut left = most;
    let mut rest = 0;
    for line in hunks(&lines(&before, &after), context).into_iter().flat_map(|h| h.lines) {
        let (tone, symbol, text) = match line {
            Line::Same(text) => (Tone::Dim, ' ', text),
            Line::Gone(text) => (Tone::Destroy, '-', text),
            Line::New(text) => (Tone::Create, '+', text),
        };
        if left == 0 {
            rest += 1;
            continue;
        }
        left -= 1;
        let text = crate::untrusted::Untrusted::new(text).verbatim(2000);
        page.line(&[(Tone::Plain, "           "), (tone, &format!("{symbol} {text}"))]);
    }
    if rest > 0 {
        let text = format!("           … {} (--full has all)", count(rest, "more line"));
        page.line(&[(Tone::Dim, &text)]);
    }
}
