//! Sizes: a decimal number, perhaps with thousands in commas, and a unit.

/// Units in any letter case, and what they multiply by.
const UNITS: [(&str, f64); 6] = [("k", 1e3), ("m", 1e6), ("g", 1e9), ("t", 1e12), ("p", 1e15), ("e", 1e18)];

/// A size that fits 64 bits.
pub(super) fn bytes(text: &str) -> bool {
    let digits = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    let (number, unit) = text.split_at(text.find(|c| !digits(c)).unwrap_or(text.len()));
    let Ok(number) = number.replace(',', "").parse::<f64>() else { return false };
    multiplier(&unit.trim().to_lowercase()).is_some_and(|by| number * by < 18_446_744_073_709_551_616.0)
}

fn multiplier(unit: &str) -> Option<f64> {
    let prefix = unit.strip_suffix('b').unwrap_or(unit);
    let (prefix, binary) = match prefix.strip_suffix('i') {
        Some(prefix) => (prefix, true),
        None => (prefix, false),
    };
    if prefix.is_empty() {
        return (!binary).then_some(1.0);
    }
    let power = UNITS.iter().position(|(name, _)| *name == prefix)?;
    let decimal = UNITS.get(power).map(|(_, by)| *by)?;
    Some(if binary { 1024_f64.powi(i32::try_from(power).ok()? + 1) } else { decimal })
}

/// A size, perhaps with a minus; nothing is no size, and allowed.
pub(super) fn signed(text: &str) -> bool {
    text.is_empty() || bytes(text.strip_prefix('-').unwrap_or(text))
}

/// A size or a percentage from 0 to 100, perhaps with a minus.
pub(super) fn size(text: &str) -> bool {
    if !text.contains('%') {
        return signed(text);
    }
    let number = text.strip_suffix('%').map(|rest| rest.strip_prefix('-').unwrap_or(rest));
    // What is no number at all (`NaN%`) is in no range, and Talos refuses only what is outside.
    number.and_then(|n| n.parse::<f64>().ok()).is_some_and(|n| n.is_nan() || (0.0..=100.0).contains(&n))
}

/// A size behind a comparison.
pub(super) fn compared(text: &str) -> bool {
    let text = text.trim();
    let size = [">=", "<=", "==", ">", "<"].iter().find_map(|op| text.strip_prefix(op)).unwrap_or(text);
    bytes(size.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_units() {
        for text in ["10GB", "1.5 GiB", "4096", "1,000", "5.", "16eib", "10 k", "0b"] {
            assert_eq!(bytes(text), text != "16eib", "{text}");
        }
        for text in ["", "GB", "10XB", "1.2.3", "-1", "1e3", "10ib", "1_0"] {
            assert!(!bytes(text), "{text}");
        }
        assert!(signed("-1GB") && signed("") && !signed("--1"));
        assert!(size("50%") && size("-5.5%") && size("1GiB") && !size("101%") && !size("5%%") && !size("%"));
        assert!(compared(">= 1TB") && compared("4GB") && !compared("> ") && !compared("!= 1GB"));
    }
}
