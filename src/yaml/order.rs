//! The order in which Go writes the keys of a mapping.

use std::cmp::Ordering;

/// Go's "natural" order of keys: character by character; at the first difference two letters compare by code point; if one
/// is a letter it comes after the other, except right after a digit, where it comes first; otherwise runs of digits compare
/// as numbers, then by length, then by code point. A prefix comes first: `B1 a-b a_b b9 b10`.
pub fn natural(a: &str, b: &str) -> Ordering {
    let left: Vec<char> = a.chars().collect();
    let right: Vec<char> = b.chars().collect();
    let mut after_digit = false;
    for (i, (x, y)) in left.iter().zip(&right).enumerate() {
        if x == y {
            after_digit = x.is_ascii_digit();
            continue;
        }
        return match (x.is_alphabetic(), y.is_alphabetic()) {
            (true, true) => x.cmp(y),
            (true, false) if after_digit => Ordering::Less,
            (true, false) => Ordering::Greater,
            (false, true) if after_digit => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => digits(&left, &right, i).then_with(|| x.cmp(y)),
        };
    }
    left.len().cmp(&right.len())
}

/// Compares the digit runs that begin at `at`. Zeros after a non-zero digit are part of a longer number, so they count.
fn digits(left: &[char], right: &[char], at: usize) -> Ordering {
    let zero = left.get(at) == Some(&'0') || right.get(at) == Some(&'0');
    let inside_number = zero
        && left
            .get(..at)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|c| c.is_ascii_digit())
            .any(|c| *c != '0');
    let run = |text: &[char]| {
        let mut number: i64 = i64::from(inside_number);
        let mut len = 0;
        for c in text.get(at..).unwrap_or_default().iter().take_while(|c| c.is_ascii_digit()) {
            number = number.wrapping_mul(10).wrapping_add(i64::from(*c as u32) - i64::from('0' as u32));
            len += 1;
        }
        (number, len)
    };
    run(left).cmp(&run(right))
}

#[cfg(test)]
mod tests {
    use super::natural;

    #[test]
    fn keys_come_in_gos_order() {
        let mut keys =
            vec!["zone", "b10", "b9", "a_b", "a.b/c", "a-b/c", "Zone", "B1", "10", "9", "a", "a1b", "a10"];
        keys.sort_by(|a, b| natural(a, b));
        assert_eq!(
            keys,
            ["9", "10", "B1", "Zone", "a", "a-b/c", "a.b/c", "a_b", "a1b", "a10", "b9", "b10", "zone"]
        );
    }
}
