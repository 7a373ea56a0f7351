//! YAML inside of a scalar: provider data, the text of a patch.

use super::change::Sheet;
use super::lines::line_end;
use super::locate::locate;
use super::splice::Splice;
use super::{Change, EditError, Editor, Path};
use crate::value::Value;
use crate::yaml::shape::Form;
use crate::yaml::{Out, ScalarStyle};

impl Editor {
    /// Edits a YAML text that stands in a scalar (provider data, the text of a patch): its lines that the edit is not
    /// about stay as they are.
    ///
    /// # Errors
    /// See [`EditError`]; what `edit` refuses.
    pub fn inside(
        &mut self,
        path: &Path,
        edit: impl FnOnce(&mut Editor) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        let text = self.scalar(path)?.text().unwrap_or_default().to_owned();
        let mut inner = Editor::new(&text, &self.limits).map_err(|_| self.refused(path))?;
        edit(&mut inner)?;
        self.set_text(path, inner.text())
    }

    /// Makes the text of the scalar at a path this one; of a block (`|`) the lines that are the same stay as they are.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn set_text(&mut self, path: &Path, text: &str) -> Result<(), EditError> {
        let before = self.scalar(path)?.text().unwrap_or_default().to_owned();
        if before == text {
            return Ok(());
        }
        let out = Out::from(text);
        let value = self.node(path, &out)?;
        let by_lines = self.commit(path, Change::Set(value), |sheet| {
            sheet.literal_lines(path, &before, text).ok_or_else(|| EditError::Notation {
                path: path.to_string(),
                span: crate::diag::Span::new(0, 0),
            })
        });
        by_lines.or_else(|_| self.set(path, Value::from(text)))
    }
}

impl Sheet<'_> {
    /// The lines of a literal block that differ.
    fn literal_lines(self, path: &Path, before: &str, after: &str) -> Option<Vec<Splice>> {
        let (target, _) = locate(self.shape, path).ok()?;
        if !matches!(target.kind, Form::Scalar { style: ScalarStyle::Literal, .. }) {
            return None;
        }
        let ends = |t: &str| t.len() - t.trim_end_matches('\n').len();
        if ends(before) != ends(after) || ends(before) > 1 {
            return None;
        }
        let old: Vec<&str> = before.trim_end_matches('\n').split('\n').collect();
        let new: Vec<&str> = after.trim_end_matches('\n').split('\n').collect();
        let body = line_end(self.text, target.content);
        let raw: Vec<&str> = self.text.get(body..target.end)?.split_inclusive('\n').collect();
        if raw.len() != old.len() || after.contains('\r') {
            return None;
        }
        let indent = old
            .iter()
            .zip(&raw)
            .find(|(o, _)| !o.trim().is_empty())
            .and_then(|(o, r)| r.trim_end_matches(['\n', '\r']).len().checked_sub(o.len()))?;
        let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let rest = old.len().min(new.len()) - head;
        let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
        let length = |lines: &[&str]| lines.iter().map(|l| l.len()).sum::<usize>();
        let from = body + length(raw.get(..head)?);
        let to = body + length(raw.get(..raw.len() - tail)?);
        let manner = self.manner();
        let mut lines: Vec<String> = new
            .get(head..new.len() - tail)?
            .iter()
            .map(|l| if l.is_empty() { String::new() } else { format!("{}{l}", " ".repeat(indent)) })
            .collect();
        let at_end = tail == 0;
        let mut text = String::new();
        if at_end && head == old.len() {
            // Behind the last line, whose line end stands outside.
            for line in lines.drain(..) {
                text.push_str(manner.end);
                text.push_str(&line);
            }
            return Some(vec![Splice::new(target.end, target.end, text)]);
        }
        if at_end && lines.is_empty() {
            // The last lines go, with the line end before them instead of the one behind.
            let start = self.text.get(..from)?.trim_end_matches('\n').trim_end_matches('\r').len();
            return Some(vec![Splice::new(start, to, "")]);
        }
        text.push_str(&lines.join(manner.end));
        if !at_end && !lines.is_empty() {
            text.push_str(manner.end);
        }
        Some(vec![Splice::new(from, to, text)])
    }
}
