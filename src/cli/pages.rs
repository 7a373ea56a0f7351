//! Every code that this program says, with what there is to read about it.

use crate::diag::rule::Rule;
use crate::diag::{self, Page};
use crate::{checks, plan, policy};

/// Codes of the state, which stand in messages of the command line only.
const STATE: [Page; 1] = [Page {
    code: "OS0601",
    title: "somebody else holds the lease",
    means: "Another apply, or an import that writes the record, is at work on the same Omni and spec. The message says who, since when, and how long ago it was heard of.",
    why: "Two applies at once would undo each other's work. A lease that is not renewed runs out by itself.",
    example: "two pipelines that were started one after the other",
    act: "Wait; `--lock-timeout 10m` waits for it. If its holder is gone for good, `omni-scale lock show` and `omni-scale lock break ID`.",
}];

/// Head of the page.
const HEAD: &str = "\
# Codes

<!-- Made from the pages that `omni-scale explain CODE` prints; a test compares. `UPDATE_GOLDEN=1 cargo test --test golden codes` writes it anew. -->

Every finding has a code that is never reused, and `omni-scale explain CODE` prints what stands here. OS01 and OS02 are about the
files, OS04 about the plan and its guards (docs/reference/guards.md), OS05 about what classes need of Proxmox and what became of machines, OS06 about the record and the lease, OS07 about policies,
OS09 about this program itself.
";

/// All pages, by code.
pub fn all() -> impl Iterator<Item = Page> {
    let mut all: Vec<Page> = diag::pages::PAGES
        .iter()
        .chain(&plan::pages::PAGES)
        .chain(&STATE)
        .chain(&policy::pages::PAGES)
        .copied()
        .chain(checks::all().map(Rule::page))
        .collect();
    all.sort_by_key(|p| p.code);
    all.into_iter()
}

/// The page `docs/reference/codes.md`.
pub fn markdown() -> String {
    let mut out = HEAD.to_owned();
    for page in all() {
        out.push('\n');
        out.push_str(&page.markdown());
    }
    out
}
