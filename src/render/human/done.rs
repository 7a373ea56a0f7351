//! The definition of done, entry by entry, with what was observed.

use super::diag::Look;
use super::layout::{Page, Tone, safe};
use crate::policy::{Checked, Standing};

/// The list, and one line of totals.
pub fn text(all: &[Checked], look: Look) -> String {
    let mut page = Page::new(look);
    for entry in all {
        let (word, tone) = match &entry.standing {
            Standing::Holds => ("holds", Tone::Create),
            Standing::Fails => ("fails", Tone::Destroy),
            Standing::Unclear(_) => ("unclear", Tone::Warning),
            Standing::Unchecked => ("not checked", Tone::Dim),
        };
        page.hanging(&[(tone, &format!("  {word:<11}  "))], Tone::Plain, &safe(&entry.text));
        let indent = " ".repeat(15);
        if let Standing::Unclear(why) = &entry.standing {
            page.hanging(&[(Tone::Plain, &indent)], Tone::Dim, &safe(why));
        }
        for (words, value) in &entry.seen {
            page.hanging(
                &[(Tone::Plain, &indent)],
                Tone::Dim,
                &format!("{} is {}", safe(words), safe(value)),
            );
        }
    }
    page.blank();
    page.line(&[(Tone::Title, &totals(all))]);
    page.finish()
}

fn totals(all: &[Checked]) -> String {
    if all.is_empty() {
        return "The spec has no definition of done.".to_owned();
    }
    let count = |of: fn(&Standing) -> bool| all.iter().filter(|c| of(&c.standing)).count();
    let (holds, fails) = (count(|s| *s == Standing::Holds), count(|s| *s == Standing::Fails));
    let unclear = count(|s| matches!(s, Standing::Unclear(_)));
    let unchecked = count(|s| *s == Standing::Unchecked);
    let verb = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let mut parts = vec![verb(holds, "holds", "hold")];
    if fails > 0 {
        parts.push(verb(fails, "fails", "fail"));
    }
    if unclear > 0 {
        parts.push(format!("{unclear} unclear"));
    }
    if unchecked > 0 {
        parts.push(format!("{unchecked} not checked"));
    }
    format!("Definition of done: {} of {}.", parts.join(", "), all.len())
}
