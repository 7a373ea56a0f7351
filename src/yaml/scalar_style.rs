//! How Go's YAML encoder writes a scalar: which quoting a text needs.

use super::resolve::{Scalar, resolve_plain};

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// What the characters of a text allow.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a text")]
pub(super) struct Facts {
    pub(super) multiline: bool,
    plain: bool,
    pub(super) single: bool,
    pub(super) block: bool,
}

impl Facts {
    /// Whether it may stand as a block.
    pub(super) fn block(self) -> bool {
        self.block
    }
}

/// The bytes that Go's encoder takes for a line break.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Characters that may stand unescaped. Those beyond the basic plane are escaped by Go's encoder.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Looks at a text as Go's encoder does.
pub(super) fn facts(text: &str) -> Facts {
    if text.is_empty() {
        return Facts { multiline: false, plain: true, single: true, block: false };
    }
    let mut indicators = text.starts_with("---") || text.starts_with("...");
    let (mut breaks, mut special, mut tab, mut break_space, mut space_break) =
        (false, false, false, false, false);
    let (mut previous_space, mut previous_break) = (false, false);
    let mut after_blank = true;
    let mut chars = text.chars().enumerate().peekable();
    while let Some((i, c)) = chars.next() {
        let before_blank = chars.peek().is_none_or(|(_, next)| matches!(next, ' ' | '\t'));
        indicators |= match c {
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                i == 0
            }
            '#' => i == 0 || after_blank,
            ':' => before_blank,
            '?' | '-' => i == 0 && before_blank,
            _ => false,
        };
        if c == '\t' {
            tab = true;
        } else if !is_printable(c) {
            special = true;
        }
        if c == ' ' {
            break_space |= previous_break;
            (previous_space, previous_break) = (true, false);
        } else if is_break(c) {
            breaks = true;
            space_break |= previous_space;
            (previous_space, previous_break) = (false, true);
        } else {
            (previous_space, previous_break) = (false, false);
        }
        after_blank = matches!(c, ' ' | '\t' | '\0') || is_break(c);
    }
    let leading = text.starts_with(|c| c == ' ' || is_break(c));
    let trailing = text.ends_with(|c| c == ' ' || is_break(c));
    let awkward = space_break || tab || special;
    Facts {
        multiline: breaks,
        plain: !(indicators || leading || trailing || break_space || awkward || breaks),
        single: !(break_space || awkward),
        block: !(text.ends_with(' ') || space_break || special),
    }
}

/// The style of a text that must be read back as text.
pub(super) fn of_text(text: &str, facts: Facts, simple_key: bool) -> Style {
    let wish = if text.contains('\n') {
        // Go writes a block only where there is something to see.
        if text.chars().all(char::is_whitespace) { Style::Double } else { Style::Literal }
    } else if ambiguous(text) {
        Style::Double
    } else {
        Style::Plain
    };
    adapt(wish, text, facts, simple_key)
}

/// The style of a text that is wanted as a block.
pub(super) fn of_block(text: &str, facts: Facts, simple_key: bool) -> Style {
    adapt(Style::Literal, text, facts, simple_key)
}

/// The style of a number, truth value, null or other text that is written without asking what it reads as. Of several lines,
/// which only texts have, it is a block.
pub(super) fn of_raw(text: &str, facts: Facts, simple_key: bool) -> Style {
    let wish = if text.contains('\n') { Style::Literal } else { Style::Plain };
    adapt(wish, text, facts, simple_key)
}

fn adapt(mut style: Style, text: &str, facts: Facts, simple_key: bool) -> Style {
    if simple_key && facts.multiline {
        style = Style::Double;
    }
    if style == Style::Plain && (!facts.plain || (text.is_empty() && simple_key)) {
        style = Style::Single;
    }
    if style == Style::Single && !facts.single {
        style = Style::Double;
    }
    if style == Style::Literal && (!facts.block || simple_key) {
        style = Style::Double;
    }
    style
}

/// Whether a plain text would be read as something else by YAML 1.1 or 1.2.
fn ambiguous(text: &str) -> bool {
    resolve_plain(text) != Scalar::Str || text == "<<" || is_old_bool(text) || is_base_60(text)
}

fn is_old_bool(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
    )
}

/// `1:30` and the like: a number to the base of 60 in YAML 1.1.
fn is_base_60(text: &str) -> bool {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = body.split(':');
    let Some(first) = parts.next() else { return false };
    if !first.starts_with(|c: char| c.is_ascii_digit())
        || !first.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        || !body.contains(':')
    {
        return false;
    }
    let rest: Vec<&str> = parts.collect();
    let last = rest.len().saturating_sub(1);
    rest.iter().enumerate().all(|(i, part)| {
        let (whole, fraction) = part.split_once('.').map_or((*part, None), |(w, f)| (w, Some(f)));
        let fraction_fits =
            fraction.is_none_or(|f| i == last && f.bytes().all(|b| b.is_ascii_digit() || b == b'_'));
        let whole_fits = match whole.as_bytes() {
            [d] => d.is_ascii_digit(),
            [tens, d] => (b'0'..=b'5').contains(tens) && d.is_ascii_digit(),
            _ => false,
        };
        whole_fits && fraction_fits
    })
}
