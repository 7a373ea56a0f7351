//! Why a saved plan is not true any more: objects with their fields, then what the plan would now do otherwise.

use std::collections::BTreeMap;

use super::diag::Look;
use super::layout::{Page, Tone, safe};
use crate::diff::Difference;
use crate::plan::file::{ActionChange, ReadChange, Role, Stale, What};
use crate::render::value::show;
use crate::resource::ResourceId;

/// Objects that are named; the rest is counted.
const OBJECTS: usize = 20;
/// Fields of one object that are named; the rest is counted.
const FIELDS: usize = 12;

/// One sentence.
pub fn title(stale: &Stale) -> String {
    let written = stale.objects.iter().filter(|o| o.role == Role::Write).count();
    let of = |n: usize, what: &str| match n {
        1 => format!("1 object that it {what} has changed"),
        n => format!("{n} objects that it {what} have changed"),
    };
    match (written, stale.objects.len()) {
        (0, 0) => "the plan is stale: it would not do the same any more".to_owned(),
        (0, n) => format!("the plan is stale: {}", of(n, "depends on")),
        (n, _) => format!("the plan is stale: {}", of(n, "would write")),
    }
}

/// What changed, indented, one object after the other. `authors` says who wrote an object last, where that is known.
pub fn text(stale: &Stale, authors: &BTreeMap<ResourceId, String>, look: Look) -> String {
    let mut page = Page::new(look);
    for object in stale.objects.iter().take(OBJECTS) {
        self::object(object, authors.get(&object.id), &mut page);
    }
    let more = stale.objects.len().saturating_sub(OBJECTS);
    if more > 0 {
        page.line(&[(Tone::Dim, &format!("  and {more} more"))]);
    }
    // What follows from an object that was named does not have to be said again.
    let named = |a: &&ActionChange| {
        !stale.objects.iter().any(|o| o.address.as_ref() == Some(&a.address) && o.role == Role::Write)
    };
    let actions: Vec<&ActionChange> = stale.actions.iter().filter(named).collect();
    for change in actions.iter().take(OBJECTS) {
        action(change, &mut page);
    }
    let more = actions.len().saturating_sub(OBJECTS);
    if more > 0 {
        page.line(&[(Tone::Dim, &format!("  and {more} more steps"))]);
    }
    for what in &stale.others {
        page.line(&[(Tone::Plain, &format!("  {what} would be different now"))]);
    }
    page.finish()
}

fn object(object: &ReadChange, author: Option<&String>, page: &mut Page) {
    let name = object.address.as_ref().map_or_else(|| object.id.to_string(), ToString::to_string);
    let name = safe(&name);
    let when = if object.updated.is_empty() {
        String::new()
    } else {
        format!(", last written {}", safe(&object.updated))
    };
    let by = author.map_or_else(String::new, |who| format!(" by {}", safe(who)));
    let words = match &object.what {
        What::Gone => format!("is gone{}", if by.is_empty() { by } else { format!(", last written{by}") }),
        What::Made => format!("was made{by}{when}"),
        What::MadeAnew => format!("was deleted and made anew{by}{when}"),
        What::Changed(fields) if fields.is_empty() => {
            format!("was changed in a value that is not shown{by}{when}")
        }
        What::Changed(_) => format!("was changed{by}{when}"),
    };
    page.hanging(&[(Tone::Plain, "  "), (Tone::Title, &name), (Tone::Plain, " ")], Tone::Plain, &words);
    let What::Changed(fields) = &object.what else { return };
    for field in fields.iter().take(FIELDS) {
        self::field(field, page);
    }
    let more = fields.len().saturating_sub(FIELDS);
    if more > 0 {
        page.line(&[(Tone::Dim, &format!("       and {more} more fields"))]);
    }
}

fn field(field: &Difference, page: &mut Page) {
    let value = |v: &crate::value::Value| {
        if field.sensitive { "(not shown)".to_owned() } else { show(&field.path, v) }
    };
    let (symbol, tone, text) = match (&field.live, &field.wanted) {
        (Some(was), Some(is)) => ('~', Tone::Update, format!("{} -> {}", value(was), value(is))),
        (None, Some(is)) => ('+', Tone::Create, value(is)),
        (Some(was), None) => ('-', Tone::Destroy, value(was)),
        (None, None) => return,
    };
    let path = safe(&field.path.join("."));
    page.hanging(
        &[(tone, &format!("    {symbol} ")), (Tone::Plain, &path), (Tone::Plain, "   ")],
        Tone::Plain,
        &text,
    );
}

fn action(change: &ActionChange, page: &mut Page) {
    let address = safe(&change.address.to_string());
    let words = match (change.was, change.is) {
        (Some(was), Some(is)) if was == is => {
            format!("is still: {}, but this would be different now: {}", is.word(), change.parts.join(", "))
        }
        (Some(was), Some(is)) => format!("would now be: {}, not {}", is.word(), was.word()),
        (Some(was), None) => format!("would now need nothing, not {}", was.word()),
        (None, Some(is)) => format!("would now be: {}; the plan did not touch it", is.word()),
        (None, None) => return,
    };
    page.hanging(&[(Tone::Plain, "  "), (Tone::Title, &address), (Tone::Plain, " ")], Tone::Plain, &words);
}
