//! Removing a key or an item.

use super::change::{Sheet, last_leaf};
use super::lines::{before_blanks, before_line_end, begins_line, behind_lines, line_end, line_start};
use super::locate::{Holder, locate};
use super::splice::Splice;
use super::{EditError, Path};
use crate::yaml::Out;
use crate::yaml::shape::{Form, Written, skip};

impl Sheet<'_> {
    /// Removes what stands at a path.
    pub(super) fn remove(self, path: &Path) -> Result<Vec<Splice>, EditError> {
        let (target, holder) = locate(self.shape, path)?;
        let Some((parent, _)) = path.parent() else { return Err(Self::notation(path, target)) };
        let (extents, position, flow, empty): (Vec<(usize, usize)>, _, _, _) = match holder {
            Holder::Entry {
                mapping: Written { kind: Form::Map { entries, .. }, .. },
                position,
                flow,
                ..
            } => (
                entries
                    .iter()
                    .map(|e| (e.start, e.value.end.max(e.colon.map_or(e.key.end, |c| c + 1))))
                    .collect(),
                position,
                flow,
                Out::Map(Vec::new()),
            ),
            Holder::Item { list: Written { kind: Form::Seq { items, .. }, .. }, position, flow, .. } => (
                items
                    .iter()
                    .map(|i| (i.start, i.value.end.max(if flow { i.start } else { i.start + 1 })))
                    .collect(),
                position,
                flow,
                Out::List(Vec::new()),
            ),
            Holder::Root | Holder::Entry { .. } | Holder::Item { .. } => {
                return Err(Self::notation(path, target));
            }
        };
        let before = position.checked_sub(1).and_then(|p| match holder {
            Holder::Entry { mapping: Written { kind: Form::Map { entries, .. }, .. }, .. } => {
                entries.get(p).map(|e| &e.value)
            }
            Holder::Item { list: Written { kind: Form::Seq { items, .. }, .. }, .. } => {
                items.get(p).map(|i| &i.value)
            }
            _ => None,
        });
        if extents.len() == 1 {
            return self.set(&parent, &empty);
        }
        let Some(own) = extents.get(position).copied() else { return Err(Self::notation(path, target)) };
        if flow {
            let before = position.checked_sub(1).and_then(|p| extents.get(p)).copied();
            return self.out_of_brackets(own, before).ok_or_else(|| Self::notation(path, target));
        }
        let mut end = behind_lines(self.text, own.1);
        if begins_line(self.text, own.0) {
            let keeps = before.is_some_and(|b| {
                let leaf = last_leaf(b);
                leaf.is_block_scalar() && self.text.get(..leaf.end).is_some_and(|t| t.ends_with('\n'))
            });
            // A block that keeps its blank lines must not gain those behind what goes.
            while let Some(line) = self.text.get(end..line_end(self.text, end)) {
                if !keeps || line.is_empty() || !line.trim().is_empty() {
                    break;
                }
                end += line.len();
            }
            return Ok(vec![Splice::new(line_start(self.text, own.0), end, "")]);
        }
        // The first member stands behind a dash; the line of the next one moves up.
        while let Some(line) = self.text.get(end..line_end(self.text, end)).filter(|l| !l.is_empty()) {
            if !line.trim().is_empty() {
                end += line.len() - line.trim_start_matches(' ').len();
                break;
            }
            end += line.len();
        }
        Ok(vec![Splice::new(own.0, end, "")])
    }

    fn out_of_brackets(self, own: (usize, usize), before: Option<(usize, usize)>) -> Option<Vec<Splice>> {
        let comma = skip(self.text, own.1);
        if self.text.get(comma..)?.starts_with(',') {
            // Comments between the value and its comma would lose their place.
            let end = comma + 1;
            self.text.get(own.1..comma).filter(|t| !t.contains('#'))?;
            let line = before_line_end(self.text, end);
            if begins_line(self.text, own.0) && self.text.get(end..line)?.trim().is_empty() {
                return Some(vec![Splice::new(line_start(self.text, own.0), line_end(self.text, end), "")]);
            }
            let rest = self.text.get(end..line)?;
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            // A comment behind it stays, and keeps its blank.
            let keep = usize::from(rest.trim_start().starts_with('#'));
            return Some(vec![Splice::new(own.0, end + blanks.saturating_sub(keep), "")]);
        }
        let before = before?;
        let comma = skip(self.text, before.1);
        self.text.get(comma..)?.starts_with(',').then_some(())?;
        let line = before_line_end(self.text, own.1);
        if begins_line(self.text, own.0) && self.text.get(own.1..line)?.trim().is_empty() {
            return Some(vec![
                Splice::new(comma, comma + 1, ""),
                Splice::new(line_start(self.text, own.0), line_end(self.text, own.1), ""),
            ]);
        }
        if self.text.get(before.1..own.0)?.contains(['#', '\n']) {
            let own = if begins_line(self.text, own.0) {
                let rest = self.text.get(own.1..line)?;
                (own.0, own.1 + rest.len() - rest.trim_start_matches([' ', '\t']).len())
            } else {
                (before_blanks(self.text, own.0).max(comma + 1), own.1)
            };
            return Some(vec![Splice::new(comma, comma + 1, ""), Splice::new(own.0, own.1, "")]);
        }
        Some(vec![Splice::new(before.1, own.1, "")])
    }
}
