//! The smallest edits that make a value equal to another.

use super::{EditError, Editor, Path, Place};
use crate::value::Value;
use crate::yaml::{Node, NodeKind, to_value};

impl Editor {
    /// Makes the value at a path equal to `value` by the smallest edits inside it: keys and items that are equal already
    /// are not touched. New keys become the last of their mapping.
    ///
    /// # Errors
    /// See [`EditError`]; the text is then as before.
    pub fn update(&mut self, path: &Path, value: &Value) -> Result<(), EditError> {
        let mut copy = self.clone();
        copy.walk(path, value)?;
        *self = copy;
        Ok(())
    }

    fn walk(&mut self, path: &Path, value: &Value) -> Result<(), EditError> {
        let Some(node) = self.get(path) else { return self.set(path, value.clone()) };
        if to_value(node) == *value {
            return Ok(());
        }
        match (&node.kind, value) {
            (NodeKind::Map(pairs), Value::Map(wanted)) if !wanted.is_empty() && !pairs.is_empty() => {
                let names: Vec<String> =
                    pairs.iter().filter_map(|(k, _)| k.text().map(str::to_owned)).collect();
                for (key, value) in wanted {
                    if names.contains(key) {
                        self.walk(&path.key(key), value)?;
                    } else {
                        self.insert_key(path, &Place::Last, key, value.clone())?;
                    }
                }
                for name in names.iter().filter(|n| !wanted.contains_key(*n)) {
                    self.remove(&path.key(name))?;
                }
                Ok(())
            }
            (NodeKind::Seq(items), Value::List(wanted)) if !wanted.is_empty() && !items.is_empty() => {
                let before: Vec<Value> = items.iter().map(to_value).collect();
                self.list(path, &before, wanted)
            }
            _ => self.set(path, value.clone()),
        }
    }

    /// Items that are in both stay with their comments; of those between, as many as there are of both change in place.
    fn list(&mut self, path: &Path, before: &[Value], wanted: &[Value]) -> Result<(), EditError> {
        let mut at = 0;
        let (mut old, mut new) = (0, 0);
        let end = [(before.len(), wanted.len())];
        for (i, j) in common(before, wanted).into_iter().chain(end) {
            let (gone, come) = (i - old, j - new);
            let fresh = wanted.get(new..j).unwrap_or_default();
            let kept = if gone == come { gone } else { 0 };
            for (n, value) in fresh.iter().enumerate() {
                if n < kept {
                    self.walk(&path.item(at + n), value)?;
                } else {
                    self.insert_item(path, at + n, value.clone())?;
                }
            }
            at += fresh.len();
            for _ in kept..gone {
                self.remove(&path.item(at))?;
            }
            at += 1;
            (old, new) = (i + 1, j + 1);
        }
        Ok(())
    }

    /// The text of the scalar at a path.
    pub(super) fn scalar(&self, path: &Path) -> Result<&Node, EditError> {
        self.get(path)
            .filter(|n| n.text().is_some())
            .ok_or_else(|| EditError::Missing { path: path.to_string(), wanted: "text" })
    }
}

/// The longest run of items that both lists have in one order, as positions in both. Of very long lists only what is equal
/// at their ends is looked for.
fn common(a: &[Value], b: &[Value]) -> Vec<(usize, usize)> {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let rest = a.len().min(b.len()) - head;
    let tail = a.iter().rev().zip(b.iter().rev()).take(rest).take_while(|(x, y)| x == y).count();
    let (rows, columns) = (a.len() - head - tail, b.len() - head - tail);
    let mut out: Vec<(usize, usize)> = (0..head).map(|i| (i, i)).collect();
    if rows * columns <= 1_000_000 {
        let mut best = vec![vec![0_usize; columns + 1]; rows + 1];
        let get = |best: &Vec<Vec<usize>>, i: usize, j: usize| {
            best.get(i).and_then(|r| r.get(j)).copied().unwrap_or(0)
        };
        let equal = |i: usize, j: usize| a.get(head + i) == b.get(head + j);
        for i in (0..rows).rev() {
            for j in (0..columns).rev() {
                let value = if equal(i, j) {
                    get(&best, i + 1, j + 1) + 1
                } else {
                    get(&best, i + 1, j).max(get(&best, i, j + 1))
                };
                if let Some(slot) = best.get_mut(i).and_then(|r| r.get_mut(j)) {
                    *slot = value;
                }
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < rows && j < columns {
            if equal(i, j) {
                out.push((head + i, head + j));
                (i, j) = (i + 1, j + 1);
            } else if get(&best, i + 1, j) >= get(&best, i, j + 1) {
                i += 1;
            } else {
                j += 1;
            }
        }
    }
    out.extend((0..tail).map(|k| (a.len() - tail + k, b.len() - tail + k)));
    out
}
