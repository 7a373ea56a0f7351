//! "Did you mean": the nearest known name.

/// The candidate nearest to `wanted`: the same but for case and separators, or at most a third of its letters away.
pub fn closest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |s: &str| -> String {
        s.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let folded = fold(wanted);
    let length = wanted.chars().count();
    // A distance is quadratic: nobody mistypes a name of hundreds of characters.
    if length > 64 {
        return None;
    }
    let most = (length / 3).clamp(1, 4);
    let letters = folded.chars().count();
    candidates
        .into_iter()
        .filter(|c| *c != wanted)
        .filter_map(|c| {
            let other = fold(c);
            // Each letter more or less is an edit: most candidates are out without looking at one.
            if other.chars().count().abs_diff(letters) > most {
                return None;
            }
            let distance = if other == folded { 0 } else { distance(&folded, &other, most)? };
            Some((distance, c))
        })
        .min()
        .map(|(_, c)| c)
}

/// Edits (insert, delete, replace, swap of neighbours) between two texts, if they are at most so many.
fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().take(80).collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |r: &[usize], k: usize| r.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (at(&last, j + 1) + 1).min(at(&row, j) + 1).min(at(&last, j) + usize::from(x != y));
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
        // Every later row is made of these two, a swap reaching back over one, and can only add to them.
        if last.iter().chain(&before).all(|edits| *edits > most) {
            return None;
        }
    }
    last.last().copied().filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["endpoint", "lan_address", "Proxmox", "tls", "autoprovision"];
        assert_eq!(closest("endpiont", known), Some("endpoint"));
        assert_eq!(closest("lanAddress", known), Some("lan_address"));
        assert_eq!(closest("proxmox", known), Some("Proxmox"));
        assert_eq!(closest("auto_provision", known), Some("autoprovision"));
        assert_eq!(closest("storage", known), None);
        assert_eq!(closest("tls", known), None, "the name itself is no suggestion");
        let words = ["systemExtensions", "patches", "machines", "name"];
        assert_eq!(closest("system_extensions", words), Some("systemExtensions"));
        assert_eq!(closest("patchs", words), Some("patches"));
        assert_eq!(closest("containerd", words), None);
        assert_eq!(closest(&"n".repeat(5000), words), None);
    }
}
