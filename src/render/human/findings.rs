//! Findings as lines: what blocks, what somebody lifted, warnings, and what a policy tells.

use std::collections::BTreeMap;

use super::layout::{Page, Tone, safe};
use crate::plan::{ABOUT_SCOPE, KEPT, NOT_MOVED, Plan, Warning};
use crate::policy::codes::LOOSENED;
use crate::render::words::count;

/// Findings of one code that are listed before the rest is counted.
const GROUP: usize = 3;

/// What a finding is, worst first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Block,
    Lifted,
    Warning,
    Told,
}

impl Sort {
    const ALL: [Self; 4] = [Self::Block, Self::Lifted, Self::Warning, Self::Told];

    fn of(w: &Warning) -> Self {
        match w {
            w if w.blocks => Self::Block,
            w if w.lifted.is_some() => Self::Lifted,
            w if w.info => Self::Told,
            _ => Self::Warning,
        }
    }
    fn title(self) -> (&'static str, Tone) {
        match self {
            Self::Block => ("Blocked", Tone::Destroy),
            Self::Lifted => ("Lifted: these would block", Tone::Rebuild),
            Self::Warning => ("Warnings", Tone::Warning),
            Self::Told => ("Told", Tone::Adopt),
        }
    }
}

/// All findings. Of what does not block and has been said three times the rest is counted, unless all is wanted. Of a
/// plan that changes nothing (`quiet`) only the whole text tells them, and not again what [`quiet`] said.
pub(super) fn all(found: &[Warning], quiet: bool, full: bool, page: &mut Page) {
    let said = |w: &Warning| quiet && (w.code == KEPT || always(w));
    for sort in Sort::ALL {
        let all: Vec<&Warning> = found.iter().filter(|w| Sort::of(w) == sort && !said(w)).collect();
        if all.is_empty() || (quiet && !full) {
            continue;
        }
        page.blank();
        let (title, tone) = sort.title();
        page.line(&[(tone, title)]);
        let folds = !full && matches!(sort, Sort::Warning | Sort::Told);
        let mut said: BTreeMap<&str, usize> = BTreeMap::new();
        let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
        for warning in &all {
            *totals.entry(&warning.code).or_default() += 1;
        }
        for warning in &all {
            // Each option that is loosened is a decision of its own.
            let folds = folds && warning.code != LOOSENED;
            let nth = said.entry(&warning.code).or_default();
            *nth += 1;
            let total = totals.get(warning.code.as_str()).copied().unwrap_or_default();
            if folds && *nth > GROUP {
                if *nth == total {
                    let rest = count((total - GROUP) as u32, "more finding");
                    let text = format!("  {}  … {rest} of this code (--full has all)", safe(&warning.code));
                    page.line(&[(Tone::Dim, &text)]);
                }
                continue;
            }
            one(warning, tone, full, page);
        }
    }
}

fn one(w: &Warning, tone: Tone, full: bool, page: &mut Page) {
    let by = w.guard.as_deref().or(w.rule.as_deref());
    let by = by.map_or_else(String::new, |by| format!("{}: ", safe(by)));
    let code = format!("  {}  ", safe(&w.code));
    page.hanging(&[(tone, &code), (tone, &by)], Tone::Plain, &safe(&w.message));
    let mut line = |name: &str, text: &str| {
        page.hanging(&[(Tone::Plain, "          "), (Tone::Dim, name)], Tone::Plain, &safe(text));
    };
    if full {
        if let Some(address) = &w.address {
            line("about: ", &address.to_string());
        }
        for (name, value) in &w.evidence {
            line(&format!("{}: ", safe(name)), value);
        }
    }
    if let Some(help) = &w.help {
        line("help: ", help);
    }
    match &w.lifted {
        Some(lifted) => {
            let mut text = lifted.by.clone();
            for (name, value) in
                [("owner", &lifted.owner), ("until", &lifted.expires), ("reason", &lifted.reason)]
            {
                if let Some(value) = value {
                    text.push_str(&format!(", {name} {value}"));
                }
            }
            line("lifted by: ", &text);
        }
        None => {
            // Where the help says it already, once is enough.
            let said = |lift: &&String| w.help.as_ref().is_some_and(|help| help.contains(lift.as_str()));
            if let Some(lift) = w.lift.as_ref().filter(|l| !said(l)) {
                line("lift: ", lift);
            }
        }
    }
}

/// Marks of others, and what is odd about the choice, in a plan that changes nothing.
pub(super) fn quiet(plan: &Plan, page: &mut Page) {
    for told in plan.warnings.iter().filter(|w| w.code == KEPT || always(w)) {
        page.hanging(
            &[(Tone::Warning, "  "), (Tone::Warning, &told.code), (Tone::Plain, "  ")],
            Tone::Plain,
            &safe(&told.message),
        );
        if let Some(help) = told.help.as_deref().filter(|_| always(told)) {
            page.hanging(&[(Tone::Plain, "          "), (Tone::Dim, "help: ")], Tone::Plain, &safe(help));
        }
    }
}

/// What is told of a plan even where nothing changes: what it was restricted to, and what the spec itself has changed.
fn always(warning: &Warning) -> bool {
    let code = warning.code.as_str();
    ABOUT_SCOPE.contains(&code) || [LOOSENED, NOT_MOVED].contains(&code)
}

/// What blocks and what was lifted, a sentence each.
pub(super) fn brief(plan: &Plan, page: &mut Page) {
    for (sort, word) in [(Sort::Block, "blocked "), (Sort::Lifted, "lifted ")] {
        for w in plan.warnings.iter().filter(|w| Sort::of(w) == sort) {
            let guard = w.guard.as_deref().map_or_else(String::new, |g| format!("{}: ", safe(g)));
            page.line(&[(sort.title().1, word), (Tone::Plain, &guard), (Tone::Plain, &safe(&w.message))]);
        }
    }
}
