//! Two long lines that differ in a few words, taken apart into what stays and what does not.

/// A piece of two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// In both.
    Same(&'t str),
    /// Only in the first.
    Gone(&'t str),
    /// Only in the second.
    New(&'t str),
}

/// Characters from which on a text counts as long.
const LONG: usize = 40;
/// Characters beyond which nobody compares by eye, and comparing takes long.
const MOST: usize = 4000;

/// The words of two long lines; `None` where whole values read better: short ones, and ones that have little in common.
pub(super) fn word_diff<'t>(before: &'t str, after: &'t str) -> Option<Vec<Piece<'t>>> {
    let (shorter, longer) = (before.len().min(after.len()), before.len().max(after.len()));
    if shorter < LONG || longer > MOST || before == after || before.contains('\n') || after.contains('\n') {
        return None;
    }
    let diff = similar::TextDiff::from_words(before, after);
    let mut pieces: Vec<Piece<'t>> = Vec::new();
    let mut same = 0;
    // Positions rather than slices of the difference: neighbours of one sort become one piece.
    let (mut old_at, mut new_at) = (0, 0);
    for op in diff.ops() {
        let old: usize = op.old_range().filter_map(|i| diff.old_slice(i)).map(str::len).sum();
        let new: usize = op.new_range().filter_map(|i| diff.new_slice(i)).map(str::len).sum();
        let (gone, came) = (before.get(old_at..old_at + old)?, after.get(new_at..new_at + new)?);
        (old_at, new_at) = (old_at + old, new_at + new);
        if op.tag() == similar::DiffTag::Equal {
            same += gone.len();
            pieces.push(Piece::Same(gone));
            continue;
        }
        if !gone.is_empty() {
            pieces.push(Piece::Gone(gone));
        }
        if !came.is_empty() {
            pieces.push(Piece::New(came));
        }
    }
    (same * 2 > longer).then_some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_taken_apart_and_nothing_is_lost() {
        let before = "console=ttyS0 net.ifnames=0 panic=10 mitigations=off quiet";
        let after = "console=ttyS0 net.ifnames=1 panic=10 mitigations=off debug quiet";
        let pieces = word_diff(before, after).unwrap();
        let side = |skip: fn(&Piece<'_>) -> bool| -> String {
            pieces
                .iter()
                .filter(|p| !skip(p))
                .map(|p| match p {
                    Piece::Same(t) | Piece::Gone(t) | Piece::New(t) => *t,
                })
                .collect()
        };
        assert_eq!(side(|p| matches!(p, Piece::New(_))), before);
        assert_eq!(side(|p| matches!(p, Piece::Gone(_))), after);
        assert!(pieces.contains(&Piece::Gone("net.ifnames=0")), "{pieces:?}");
        assert_eq!(word_diff("short", "shore"), None);
        assert_eq!(word_diff(&"a ".repeat(30), &"b ".repeat(30)), None);
    }
}
