//! What there is to read about the codes of policies.

use super::codes;

/// One code, explained.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// `OS0701`
    pub code: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it means.
    pub means: &'static str,
    /// How it comes about, as a piece of the spec.
    pub example: &'static str,
    /// What to do.
    pub act: &'static str,
}

/// All of them.
pub const PAGES: [Page; 5] = [
    Page {
        code: codes::DENIED,
        title: "a rule of the policy is broken",
        means: "A rule of severity `deny` under `policy.rules` is false for this plan, or for the step at this address. The plan is not applied (exit 3). In brackets stands what the condition looked at.",
        example: "policy:\n  rules:\n    - { name: two-workers, assert: 'desired.clusters.all(c, c.workers >= 2)' }",
        act: "Change the files so that the rule holds, or write an exception of the rule with owner, reason and last day under `policy.exceptions`. A rule about the plan as a whole has no address: its exception says `address: \"**\"`.",
    },
    Page {
        code: codes::WARNED,
        title: "a rule of severity `warn` is broken",
        means: "The condition is false for this plan. Nothing is stopped.",
        example: "policy:\n  rules:\n    - { name: small, severity: warn, assert: plan.summary.create <= 3 }",
        act: "Read it. Whoever wants it to stop plans changes the rule's severity to `deny`.",
    },
    Page {
        code: codes::TOLD,
        title: "a rule of severity `info` has something to tell",
        means: "The condition is false for this plan. Nothing is stopped, and nothing is wrong.",
        example: "policy:\n  rules:\n    - { name: seen, severity: info, assert: plan.lost.size() == 0 }",
        act: "Nothing.",
    },
    Page {
        code: codes::DECISION,
        title: "a locked decision is broken",
        means: "A decision under `locked_decisions` has an `assert`, and this plan or these files break it. The plan is not applied (exit 3); the message has the decision, its rationale and what a change costs.",
        example: "locked_decisions:\n  storage:\n    decision: Ceph pool vm_ssd\n    assert: desired.classes.all(c, c.provider_data.storage_selector == 'name == \"vm_ssd\"')",
        act: "Change the files back. There is no exception: whoever changes the decision edits it, with its assertion, where reviewers see both.",
    },
    Page {
        code: codes::NOT_EVALUATED,
        title: "a rule or a locked decision cannot be evaluated",
        means: "The condition has no value for this plan: a key that is not there, null where a text is needed, a number too large, or more work than is allowed. What cannot be evaluated is not passed: a rule of severity `deny` and a decision block.",
        example: "policy:\n  rules:\n    - { name: gpus, assert: 'desired.classes.all(c, c.provider_data.gpus < 2)' }",
        act: "Ask first whether the key is there: `!has(c.provider_data.gpus) || c.provider_data.gpus < 2`. Names and their kinds are in docs/reference/policy.md.",
    },
];

/// What `explain` prints.
pub fn text(page: &Page) -> String {
    let example: Vec<String> = page.example.lines().map(|l| format!("  {l}")).collect();
    format!(
        "{} {}\n\nWhat it means\n  {}\n\nExample\n{}\n\nWhat to do\n  {}\n",
        page.code,
        page.title,
        page.means,
        example.join("\n"),
        page.act
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page() {
        let source = include_str!("codes.rs");
        let codes: Vec<&str> = source.split('"').skip(1).step_by(2).collect();
        assert_eq!(codes, PAGES.map(|p| p.code));
    }
}
