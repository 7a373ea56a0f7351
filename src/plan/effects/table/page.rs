//! The table as a page of Markdown.

use super::row::{Proof, Row, Source, Subject};
use crate::kinds::{Certainty, Effect};

const HEAD: &str = "# What each field does to machines that exist

This page is printed from the table that the planner reads (`src/plan/effects/table`); a test fails when the two differ.

- Effects, mildest first: `none` (no machine is involved), `no-effect` (stored, and machines that exist stay as they are), `hot` (applied to running
  machines), `reboot`, `unknown` (ranks as worse than a reboot), `rebuild`, `destroy` (data on local disk is lost).
- `predicted` means that Omni or Proxmox decide, and that the rule is expected rather than proved; the others follow from what Omni was seen doing.
- Where no machine exists, every effect is `none`. A machine that is locked in Omni takes nothing up until somebody unlocks it.
- A timeline is a recording of a real Omni's controllers, second by second; its machines were emulated ones. An exchange is a recorded request
  with Omni's answer, in `tests/fixtures/omni/captures`.
- A field that is named without its parts stands for them too. The last row of a table stands for every field without a row.
";

/// The whole page.
pub fn page() -> String {
    let mut out = HEAD.to_owned();
    for subject in Subject::ALL {
        out.push_str(&format!("\n## {}\n\n", subject.title()));
        out.push_str("| Field | When it | Effect | Why | Source | Test |\n|---|---|---|---|---|---|\n");
        let rows = subject.rows();
        for (i, row) in rows.iter().enumerate() {
            out.push_str(&line(row, i + 1 == rows.len()));
        }
    }
    out
}

fn line(row: &Row, last: bool) -> String {
    let field = match row.field() {
        Some(field) => format!("`{field}`"),
        None if last => "any other".to_owned(),
        None => "the whole".to_owned(),
    };
    format!(
        "| {field} | {} | {} | {} | {} | {} |\n",
        row.when.word(),
        effect(row),
        row.rule,
        source(row.source),
        proof(row.proof)
    )
}

fn effect(row: &Row) -> String {
    let word = row.effect.word();
    match (row.effect, row.certainty) {
        (Effect::Unknown, _) | (_, Certainty::Server | Certainty::Derived) => format!("`{word}`"),
        (_, Certainty::Predicted) => format!("`{word}`, predicted"),
    }
}

fn source(source: Source) -> String {
    match source {
        Source::Timeline(what) => format!("timeline {what}"),
        Source::Exchange(name) => format!("exchange `{name}`"),
        Source::Reference(topic) => format!("reference, {topic}"),
        Source::Ours => "this program".to_owned(),
        Source::Missing(what) => format!("nothing; missing: {what}"),
    }
}

fn proof(proof: Proof) -> String {
    match proof {
        Proof::Golden(name) => format!("`tests/golden/{name}`"),
        Proof::Test(name) => format!("`{name}`"),
    }
}
