//! What there is to read about guards: one page for all, and one text for each.

use std::fmt::Write as _;

use super::{ALL, Guard};

/// Head of the page.
const HEAD: &str = "\
# Guards

<!-- Made from the guards themselves; a test compares. `UPDATE_GOLDEN=1 cargo test --test golden guards` writes it anew. -->

A guard stops a plan that could ruin something. Guards speak in `plan`, where their verdict stands in every format, and again in
`apply`, which ends with exit 3 as long as one of them blocks.

What lifts a guard is always of one address, never of everything: there is no `--force`. A flag that lifts nothing in a plan is a
usage error (exit 64), so that none stays in a pipeline for ever. What was lifted stays in the plan with who lifted it.
Thresholds and exceptions stand in `policy` of the spec, under review like everything else; an exception has an owner, a reason and
a last day, and lifts nothing after it.

";

/// The page `docs/reference/guards.md`.
pub fn markdown() -> String {
    let mut out = HEAD.to_owned();
    out.push_str("| guard | speaks when | lifted by |\n|---|---|---|\n");
    for guard in ALL {
        let built = if guard.built { "" } else { " (not built)" };
        let _ = writeln!(
            out,
            "| [{} {}](#{}-{}){built} | {} | {} |",
            guard.code,
            guard.name,
            guard.code.to_ascii_lowercase(),
            guard.name,
            guard.when,
            guard.lift
        );
    }
    for guard in ALL {
        let _ = write!(out, "\n## {} {}\n\n", guard.code, guard.name);
        for (title, text) in rows(guard) {
            let _ = writeln!(out, "- **{title}**: {text}");
        }
    }
    out
}

/// What `explain` prints of a guard.
pub fn text(guard: &Guard) -> String {
    let mut out = format!("{} {}\n", guard.code, guard.name);
    for (title, text) in rows(guard) {
        let _ = write!(out, "\n{title}\n  {text}\n");
    }
    out
}

fn rows(guard: &Guard) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("Speaks when", guard.when.to_owned()),
        ("What it does", guard.does.to_owned()),
        ("Lifted by", guard.lift.to_owned()),
        ("Why", guard.why.to_owned()),
    ];
    if !guard.codes.is_empty() {
        rows.push(("Its findings", guard.codes.join(", ")));
    }
    rows
}
