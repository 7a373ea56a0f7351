//! "Did you mean": the known word nearest to an unknown one.

/// The candidate that differs from `word` only by case or separators, or by at most a third of its letters.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain =
        |w: &str| w.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let word = plain(word);
    let limit = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|c| (distance(&word, &plain(c)), c))
        .filter(|(d, _)| *d <= limit)
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// Insertions, deletions and replacements that make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    // A long word is never near; its cost would be the product of both lengths.
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |r: &Vec<usize>, k: usize| r.get(k).copied().unwrap_or(usize::MAX / 2);
            let cost = at(&row, j) + usize::from(x != *y);
            next.push(cost.min(at(&row, j + 1) + 1).min(at(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_only() {
        let words = ["systemExtensions", "patches", "machines", "name"];
        assert_eq!(nearest("system_extensions", words), Some("systemExtensions"));
        assert_eq!(nearest("patchs", words), Some("patches"));
        assert_eq!(nearest("containerd", words), None);
        assert_eq!(nearest(&"n".repeat(5000), words), None);
    }
}
