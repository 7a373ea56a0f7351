//! Replacing a value.

use super::compose::{self, Manner};
use super::lines::{before_line_end, begins_line, behind_lines, column, line_end, line_start};
use super::locate::{Holder, locate};
use super::splice::Splice;
use super::{EditError, Path};
use crate::diag::Span;
use crate::value::Value;
use crate::yaml::shape::{Form, Shape, Written};
use crate::yaml::{Out, ScalarStyle};

/// A text and how it is written: what edits are planned on.
#[derive(Clone, Copy)]
pub(super) struct Sheet<'a> {
    pub(super) text: &'a str,
    pub(super) shape: &'a Shape,
    /// Whether texts of lines may become blocks.
    pub(super) blocks: bool,
}

impl Sheet<'_> {
    /// How the file is written.
    pub(super) fn manner(self) -> Manner {
        let mut manner = Manner {
            step: 2,
            deeper_dashes: true,
            quotes: None,
            blocks: self.blocks,
            end: if self.text.contains("\r\n") { "\r\n" } else { "\n" },
        };
        let (mut step, mut dashes) = (None, None);
        for document in &self.shape.documents {
            if let Some(root) = &document.root {
                habits(self.text, root, &mut step, &mut dashes);
            }
        }
        manner.step = step.unwrap_or(2);
        manner.deeper_dashes = dashes.unwrap_or(true);
        manner
    }

    pub(super) fn notation(path: &Path, written: &Written) -> EditError {
        EditError::Notation { path: path.to_string(), span: Span::new(written.start, written.end) }
    }

    /// Lines at a place between two lines of the text; `open` if the last one needs its line end.
    pub(super) fn insert_lines(self, at: usize, lines: &[String], open: bool, end: &str) -> Splice {
        let mut text = lines.join(end);
        if self.text.get(..at).is_some_and(|t| t.is_empty() || t.ends_with('\n')) {
            text.push_str(end);
        } else {
            // The last line of the text has no line end, and the new last one gets none either.
            text.insert_str(0, end);
            if open {
                text.push_str(end);
            }
        }
        Splice::new(at, at, text)
    }

    /// What a block scalar at the end of a text without a last line end needs before a line can follow: it must not gain
    /// the line end.
    pub(super) fn close(self, last: &Written) -> Option<Splice> {
        let leaf = last_leaf(last);
        if !leaf.is_block_scalar() || leaf.end < self.text.len() || self.text.ends_with('\n') {
            return None;
        }
        let header = self.text.get(leaf.content..)?.split(['\n', '\r', ' ', '\t']).next()?;
        match header.find(['+', '-']) {
            Some(i) => Some(Splice::new(leaf.content + i, leaf.content + i + 1, "-")),
            None => Some(Splice::new(leaf.content + header.len(), leaf.content + header.len(), "-")),
        }
    }

    /// Makes the value at a path this one.
    pub(super) fn set(self, path: &Path, out: &Out) -> Result<Vec<Splice>, EditError> {
        let (target, holder) = locate(self.shape, path)?;
        let mut manner = self.manner();
        if matches!(out, Out::Scalar(Value::Str(_)))
            && let Form::Scalar { style: style @ (ScalarStyle::Single | ScalarStyle::Double), .. } =
                target.kind
        {
            manner.quotes = Some(style);
        }
        if holder.in_flow() {
            return self.set_in_flow(path, target, holder, &compose::flow(out, manner));
        }
        let (head, column, behind_dash) = match holder {
            Holder::Root => return self.set_root(path, target, out, manner),
            Holder::Entry { entry, .. } => {
                let colon = entry.colon.ok_or_else(|| Self::notation(path, target))?;
                (colon + 1, holder.column(self.text), false)
            }
            Holder::Item { item, .. } => (item.start + 1, holder.column(self.text), true),
        };
        let composed = compose::value(out, column, behind_dash, manner);
        let (anchor, head_used) = self.anchor(path, target, head)?;
        let beside =
            target.is_absent() || line_start(self.text, target.content) == line_start(self.text, head);
        if beside {
            let gap = self
                .text
                .get(head..target.start)
                .filter(|g| !g.is_empty() && g.chars().all(|c| c == ' ') && !target.is_absent())
                .unwrap_or(" ");
            let mut first = String::new();
            for part in [anchor.as_str(), composed.first.as_str()] {
                if !part.is_empty() {
                    first.push_str(if first.is_empty() { gap } else { " " });
                    first.push_str(part);
                }
            }
            return Ok(self.beside(target, head, first, &composed, manner));
        }
        if !begins_line(self.text, target.content) || target.tag {
            return Err(Self::notation(path, target));
        }
        // The value begins below: its lines give way, and comments between stay.
        let between = self.text.get(head_used..target.content).unwrap_or_default();
        let mut from = line_start(self.text, target.content);
        if !composed.first.is_empty() && !composed.lines.is_empty() && !between.contains('#') {
            // Blank lines would be part of a block.
            from = line_end(self.text, head_used);
        }
        let mut splices = Vec::new();
        if !composed.first.is_empty() {
            splices.push(Splice::new(head_used, head_used, format!(" {}", composed.first)));
        }
        let to = behind_lines(self.text, target.end);
        let mut text = String::new();
        for line in &composed.lines {
            text.push_str(line);
            text.push_str(manner.end);
        }
        let at_end = !self.text.get(..to).is_some_and(|t| t.ends_with('\n'));
        if at_end && !composed.open {
            text.truncate(text.len().saturating_sub(manner.end.len()));
        }
        splices.push(Splice::new(from, to, text));
        Ok(splices)
    }

    /// The anchor to keep, and where the part before the value ends.
    fn anchor(self, path: &Path, target: &Written, head: usize) -> Result<(String, usize), EditError> {
        if !target.anchor {
            return Ok((String::new(), head));
        }
        let properties = self.text.get(target.start..target.content).unwrap_or_default();
        let word = properties.split_whitespace().find(|w| w.starts_with('&'));
        let word = word.ok_or_else(|| Self::notation(path, target))?;
        let beside_head = line_start(self.text, target.start) == line_start(self.text, head);
        if !beside_head || properties.contains('#') && target.tag {
            return Err(Self::notation(path, target));
        }
        Ok((word.to_owned(), target.start + word.len()))
    }

    /// A value in the line of its key or dash.
    fn beside(
        self,
        target: &Written,
        head: usize,
        first: String,
        composed: &compose::Composed,
        manner: Manner,
    ) -> Vec<Splice> {
        let mut below = String::new();
        for line in &composed.lines {
            below.push_str(manner.end);
            below.push_str(line);
        }
        if target.is_block() {
            // Behind a dash; the comment of its last line goes with it.
            let end = if self.text.get(..target.end).is_some_and(|t| t.ends_with('\n')) {
                before_line_end(self.text, line_start(self.text, target.end.saturating_sub(1)))
            } else {
                before_line_end(self.text, target.end)
            };
            if composed.open && line_end(self.text, end) == end {
                below.push_str(manner.end);
            }
            return vec![Splice::new(head, end, first + &below)];
        }
        if target.is_block_scalar() {
            let header_end = line_end(self.text, target.content);
            let indicators = self
                .text
                .get(target.content..header_end)
                .and_then(|h| h.split([' ', '\t', '\r', '\n']).next())
                .map_or(0, str::len);
            let body = before_line_end(self.text, target.content);
            let mut end = target.end.max(body);
            if let Some(kept) = self.text.get(body..end).filter(|t| t.ends_with('\n')) {
                end -= if kept.ends_with("\r\n") { 2 } else { 1 };
            }
            if composed.open && line_end(self.text, end) == end {
                below.push_str(manner.end);
            }
            return vec![
                Splice::new(head, target.content + indicators, first),
                Splice::new(body, end.max(body), below),
            ];
        }
        let end = if target.is_absent() { head } else { target.end };
        if below.is_empty() {
            return vec![Splice::new(head, end, first)];
        }
        let line = before_line_end(self.text, end);
        if composed.open && line_end(self.text, line) == line {
            below.push_str(manner.end);
        }
        vec![Splice::new(head, end, first), Splice::new(line, line, below)]
    }

    fn set_in_flow(
        self,
        path: &Path,
        target: &Written,
        holder: Holder<'_>,
        value: &str,
    ) -> Result<Vec<Splice>, EditError> {
        if let Holder::Entry { entry, .. } = holder
            && target.is_absent()
        {
            return Ok(vec![match entry.colon {
                Some(colon) => Splice::new(colon + 1, colon + 1, format!(" {value}")),
                None => Splice::new(entry.key.end, entry.key.end, format!(": {value}")),
            }]);
        }
        // The pair of `[a: b]` has no braces, so that nothing else can stand there.
        let bare_pair = matches!(&target.kind, Form::Map { flow: true, .. })
            && !self.text.get(target.content..target.end).is_some_and(|t| t.starts_with('{'));
        if target.tag || bare_pair {
            return Err(Self::notation(path, target));
        }
        Ok(vec![Splice::new(target.content, target.end, value)])
    }

    fn set_root(
        self,
        path: &Path,
        target: &Written,
        out: &Out,
        manner: Manner,
    ) -> Result<Vec<Splice>, EditError> {
        let whole_lines = begins_line(self.text, target.start);
        if target.anchor
            || target.tag
            || target.is_block_scalar()
            || (compose::is_tall(out, manner) && !whole_lines)
        {
            return Err(Self::notation(path, target));
        }
        if !compose::is_tall(out, manner) && !target.is_block() {
            return Ok(vec![Splice::new(target.content, target.end, compose::one_line(out, manner, false))]);
        }
        if !whole_lines {
            return Err(Self::notation(path, target));
        }
        let (lines, open) = compose::lines(out, 0, manner);
        let to = behind_lines(self.text, target.end);
        let ends = self.text.get(..to).is_some_and(|t| t.ends_with('\n'));
        let mut text = lines.join(manner.end);
        if ends || open {
            text.push_str(manner.end);
        }
        Ok(vec![Splice::new(line_start(self.text, target.start), to, text)])
    }
}

/// The first indentation of a mapping in a mapping, and of a list in a mapping.
fn habits(text: &str, written: &Written, step: &mut Option<usize>, dashes: &mut Option<bool>) {
    match &written.kind {
        Form::Map { flow: false, entries } => {
            for entry in entries {
                let own = column(text, entry.start);
                match &entry.value.kind {
                    Form::Map { flow: false, entries: inner } => {
                        if let Some(first) = inner.first()
                            && step.is_none()
                            && let by @ 1..=8 = column(text, first.start).saturating_sub(own)
                        {
                            *step = Some(by);
                        }
                    }
                    Form::Seq { flow: false, items } => {
                        if let Some(first) = items.first()
                            && dashes.is_none()
                        {
                            *dashes = Some(column(text, first.start) > own);
                        }
                    }
                    _ => {}
                }
                habits(text, &entry.value, step, dashes);
            }
        }
        Form::Seq { flow: false, items } => {
            for item in items {
                habits(text, &item.value, step, dashes);
            }
        }
        _ => {}
    }
}

/// What stands last in a value.
pub(super) fn last_leaf(written: &Written) -> &Written {
    match &written.kind {
        Form::Map { flow: false, entries } => entries.last().map_or(written, |e| last_leaf(&e.value)),
        Form::Seq { flow: false, items } => items.last().map_or(written, |i| last_leaf(&i.value)),
        _ => written,
    }
}
