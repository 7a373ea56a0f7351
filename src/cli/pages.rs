//! Every code that this program says, with what there is to read about it.

use crate::diag::rule::{Basis, Rule, Severity, Stage, Stands};
use crate::diag::{self, Page};
use crate::{checks, plan, policy, spec, template};

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

/// Every rule, by code; of those about files also what their examples are a part of.
pub fn rules() -> impl Iterator<Item = (&'static Rule, Option<Stands>)> {
    let files = spec::file_rules().iter().chain(template::file_rules());
    let mut all: Vec<(&'static Rule, Option<Stands>)> =
        files.map(|(rule, stands)| (*rule, Some(*stands))).collect();
    all.extend(checks::all().map(|rule| (rule, None)));
    all.sort_by_key(|(rule, _)| rule.code);
    all.into_iter()
}

/// All pages, by code.
pub fn all() -> impl Iterator<Item = Page> {
    let mut all: Vec<Page> = diag::pages::PAGES
        .iter()
        .chain(&plan::pages::PAGES)
        .chain(&STATE)
        .chain(&policy::pages::PAGES)
        .copied()
        .chain(rules().map(|(rule, _)| rule.page()))
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

/// Head of the page of rules.
const CHECKS_HEAD: &str = "\
# Checks

<!-- Made from the rules themselves; a test compares. `UPDATE_GOLDEN=1 cargo test --test golden codes` writes it anew. -->

What is known of machine classes, the files of providers, templates, Proxmox and machines before somebody reads the log of a
container. `validate` needs files only; `plan` looks at Omni and Proxmox as well; `doctor` looks deeper. How sure a rule is:
*observed* when the real program ran, read in its *source*, *reported* by people, or a judgement of this program (*design*).
`validate --fix` makes the changes that can do no harm. `omni-scale explain CODE` prints one rule.
";

/// The page `docs/reference/checks.md`.
pub fn checks_markdown() -> String {
    use std::fmt::Write as _;
    let mut out = CHECKS_HEAD.to_owned();
    out.push_str("\n| code | rule | when | how bad | certainty | what |\n|---|---|---|---|---|---|\n");
    for (rule, _) in rules() {
        let _ = writeln!(
            out,
            "| [{}](#{}) | `{}` | {} | {} | {} | {} |",
            rule.code,
            rule.code.to_ascii_lowercase(),
            rule.name,
            stage(rule.stage),
            severity(rule.severity),
            basis(rule.basis),
            rule.title.replace('|', "\\|")
        );
    }
    for (rule, stands) in rules() {
        let _ = write!(
            out,
            "\n## {}\n\n`{}`: {}\n\n{}\n\n- When: {}; how bad: {}; certainty: {}\n- Source: {}\n",
            rule.code,
            rule.name,
            rule.title,
            rule.means,
            stage(rule.stage),
            severity(rule.severity),
            basis(rule.basis),
            rule.source
        );
        let part = match stands {
            Some(Stands::Data) => " (in `providerdata`, beside what is needed)",
            Some(Stands::Whole) => " (all of `providerdata`)",
            Some(Stands::Files) | None => "",
        };
        let _ = write!(
            out,
            "\nWrong{part}:\n\n```text\n{}\n```\n\nRight:\n\n```text\n{}\n```\n\n{}\n",
            rule.bad, rule.good, rule.act
        );
    }
    out
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Validate => "`validate`",
        Stage::Plan => "`plan`",
        Stage::Doctor => "`doctor`",
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Observed => "observed",
        Basis::Source => "source",
        Basis::Reported => "reported",
        Basis::Design => "design",
    }
}
