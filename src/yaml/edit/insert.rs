//! Adding a key, an item, a document.

use super::change::Sheet;
use super::compose::{self, Manner};
use super::lines::{before_line_end, begins_line, behind_lines, column, line_end, line_start};
use super::locate::locate;
use super::splice::Splice;
use super::{EditError, Path, Place};
use crate::value::Value;
use crate::yaml::shape::{Form, Written, skip};
use crate::yaml::{Out, ScalarStyle};

/// Where a member of a collection begins and ends.
type Extent = (usize, usize);

impl Sheet<'_> {
    /// Adds a key to a mapping.
    pub(super) fn insert_key(
        self,
        path: &Path,
        place: &Place,
        key: &str,
        out: &Out,
    ) -> Result<Vec<Splice>, EditError> {
        let (target, holder) = locate(self.shape, path)?;
        let alone = || Out::Map(vec![(key.to_owned(), out.clone())]);
        let Form::Map { flow, entries } = &target.kind else {
            return self.set(path, &alone());
        };
        if entries.is_empty() {
            return self.set(path, &alone());
        }
        let find = |name: &str| entries.iter().position(|e| e.key.text() == Some(name));
        let position = match place {
            Place::First => Some(0),
            Place::Last => None,
            Place::After(name) => find(name).map(|i| i + 1),
            Place::Before(name) => find(name),
        };
        let position = position.unwrap_or(entries.len());
        let values: Vec<&Written> = entries.iter().map(|e| &e.value).collect();
        let manner = self.quoting(&values, out);
        let extents: Vec<Extent> = entries
            .iter()
            .map(|e| (e.start, e.value.end.max(e.colon.map_or(e.key.end, |c| c + 1)).max(e.key.end)))
            .collect();
        if *flow || holder.in_flow() {
            let text = format!("{}: {}", compose::key(&Out::from(key), true), compose::flow(out, manner));
            return self.into_brackets(path, target, &extents, position, &text, manner);
        }
        let at = column(self.text, extents.first().map_or(0, |e| e.0));
        let composed = compose::value(out, at, false, manner);
        let gap = if composed.first.is_empty() { "" } else { " " };
        let mut lines = vec![format!(
            "{}{}:{gap}{}",
            " ".repeat(at),
            compose::key(&Out::from(key), false),
            composed.first
        )];
        lines.extend(composed.lines);
        Ok(self.between(&extents, &values, position, at, &lines, composed.open, manner))
    }

    /// Adds an item to a list.
    pub(super) fn insert_item(
        self,
        path: &Path,
        position: usize,
        out: &Out,
    ) -> Result<Vec<Splice>, EditError> {
        let (target, holder) = locate(self.shape, path)?;
        let alone = || Out::List(vec![out.clone()]);
        let Form::Seq { flow, items } = &target.kind else {
            return self.set(path, &alone());
        };
        if items.is_empty() {
            return self.set(path, &alone());
        }
        let position = position.min(items.len());
        let values: Vec<&Written> = items.iter().map(|i| &i.value).collect();
        let manner = self.quoting(&values, out);
        let extents: Vec<Extent> = items.iter().map(|i| (i.start, i.value.end)).collect();
        if *flow || holder.in_flow() {
            return self.into_brackets(path, target, &extents, position, &compose::flow(out, manner), manner);
        }
        let extents: Vec<Extent> = extents.into_iter().map(|(s, e)| (s, e.max(s + 1))).collect();
        let at = column(self.text, extents.first().map_or(0, |e| e.0));
        let composed = compose::value(out, at, true, manner);
        let mut lines = vec![format!("{}- {}", " ".repeat(at), composed.first)];
        lines.extend(composed.lines);
        Ok(self.between(&extents, &values, position, at, &lines, composed.open, manner))
    }

    /// The file's manner, and for a single text the quotes that all its neighbours have.
    fn quoting(self, neighbours: &[&Written], out: &Out) -> Manner {
        let mut manner = self.manner();
        let style = |w: &&Written| match w.kind {
            Form::Scalar { style, .. } => Some(style),
            _ => None,
        };
        if matches!(out, Out::Scalar(Value::Str(_)))
            && let Some(first @ (ScalarStyle::Single | ScalarStyle::Double)) =
                neighbours.first().and_then(style)
            && neighbours.iter().all(|w| style(w) == Some(first))
        {
            manner.quotes = Some(first);
        }
        manner
    }

    /// Lines before the member `position` of a collection of lines.
    #[expect(clippy::too_many_arguments, reason = "one place where keys and items are the same")]
    fn between(
        self,
        extents: &[Extent],
        values: &[&Written],
        position: usize,
        at: usize,
        lines: &[String],
        open: bool,
        manner: Manner,
    ) -> Vec<Splice> {
        let Some(before) = position.checked_sub(1).and_then(|p| extents.get(p)) else {
            let first = extents.first().map_or(0, |e| e.0);
            if begins_line(self.text, first) {
                return vec![self.insert_lines(line_start(self.text, first), lines, open, manner.end)];
            }
            // The first member stands behind a dash.
            let mut text = lines.join(manner.end).split_off(at);
            text.push_str(manner.end);
            text.push_str(&" ".repeat(at));
            return vec![Splice::new(first, first, text)];
        };
        let mut place = behind_lines(self.text, before.1);
        if position == extents.len() && at > 0 {
            // Comments that stand as deep as the members belong to them.
            while let Some(line) = self.text.get(place..line_end(self.text, place)) {
                let comment = line.trim_start_matches(' ');
                if !comment.starts_with('#') || line.len() - comment.len() < at {
                    break;
                }
                place += line.len();
            }
        }
        let mut splices = vec![self.insert_lines(place, lines, open, manner.end)];
        if place == self.text.len()
            && let Some(close) = values.get(position - 1).and_then(|v| self.close(v))
        {
            splices.push(close);
        }
        splices
    }

    /// Text before the member `position` of a collection in brackets.
    fn into_brackets(
        self,
        path: &Path,
        target: &Written,
        extents: &[Extent],
        position: usize,
        text: &str,
        manner: Manner,
    ) -> Result<Vec<Splice>, EditError> {
        if !self.text.get(target.content..).is_some_and(|t| t.starts_with(['[', '{'])) {
            return Err(Self::notation(path, target));
        }
        let Some(before) = position.checked_sub(1).and_then(|p| extents.get(p)) else {
            let first = extents.first().map_or(target.content + 1, |e| e.0);
            let apart = if begins_line(self.text, first) {
                format!("{}{}", manner.end, " ".repeat(column(self.text, first)))
            } else {
                " ".to_owned()
            };
            return Ok(vec![Splice::new(first, first, format!("{text},{apart}"))]);
        };
        let comma = Some(skip(self.text, before.1))
            .filter(|c| self.text.get(*c..).is_some_and(|t| t.starts_with(',')));
        let behind = comma.map_or(before.1, |c| c + 1);
        let line = before_line_end(self.text, behind);
        let rest = self.text.get(behind..line).unwrap_or_default().trim();
        if begins_line(self.text, before.0) && (rest.is_empty() || rest.starts_with('#')) {
            let new_line = format!("{}{}{text}", manner.end, " ".repeat(column(self.text, before.0)));
            return Ok(match comma {
                Some(_) => vec![Splice::new(line, line, new_line + ",")],
                None => vec![Splice::new(before.1, before.1, ","), Splice::new(line, line, new_line)],
            });
        }
        Ok(vec![Splice::new(before.1, before.1, format!(", {text}"))])
    }

    /// Adds a document behind the last.
    pub(super) fn append_document(self, out: &Out) -> Vec<Splice> {
        let manner = self.manner();
        let (mut lines, open) = compose::lines(out, 0, manner);
        let mut splices = Vec::new();
        if let Some(last) = self.shape.documents.last() {
            lines.insert(0, "---".to_owned());
            splices.extend(last.root.as_ref().and_then(|r| self.close(r)));
        }
        splices.push(self.insert_lines(self.text.len(), &lines, open, manner.end));
        splices
    }

    /// Gives an empty document a root.
    pub(super) fn fill_document(self, document: usize, out: &Out) -> Option<Vec<Splice>> {
        let manner = self.manner();
        let written = self.shape.documents.get(document).filter(|d| d.root.is_none())?;
        let (lines, open) = compose::lines(out, 0, manner);
        let at = line_end(self.text, written.marker?.end);
        Some(vec![self.insert_lines(at, &lines, open, manner.end)])
    }
}
