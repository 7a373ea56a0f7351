//! What there is to read about the codes of policies.

use super::codes;
use crate::diag::Page;

/// All of them.
pub const PAGES: [Page; 7] = [
    Page {
        code: codes::DENIED,
        title: "a rule of the policy is broken",
        means: "A rule of severity `deny` under `policy.rules` is false for this plan, or for the step at this address. The plan is not applied (exit 3). In brackets stands what the condition looked at.",
        why: "The rule stands in the spec, under review like everything else.",
        example: "policy:\n  rules:\n    - { name: two-workers, assert: 'desired.clusters.all(c, c.workers >= 2)' }",
        act: "Change the files so that the rule holds, or write an exception of the rule with owner, reason and last day under `policy.exceptions`. A rule about the plan as a whole has no address: its exception says `address: \"**\"`.",
    },
    Page {
        code: codes::WARNED,
        title: "a rule of severity `warn` is broken",
        means: "The condition is false for this plan. Nothing is stopped.",
        why: "The rule stands in the spec with `severity: warn`.",
        example: "policy:\n  rules:\n    - { name: small, severity: warn, assert: plan.summary.create <= 3 }",
        act: "Read it. Whoever wants it to stop plans changes the rule's severity to `deny`.",
    },
    Page {
        code: codes::TOLD,
        title: "a rule of severity `info` has something to tell",
        means: "The condition is false for this plan. Nothing is stopped, and nothing is wrong.",
        why: "The rule stands in the spec with `severity: info`.",
        example: "policy:\n  rules:\n    - { name: seen, severity: info, assert: plan.lost.size() == 0 }",
        act: "Nothing.",
    },
    Page {
        code: codes::DECISION,
        title: "a locked decision is broken",
        means: "A decision under `locked_decisions` has an `assert`, and this plan or these files break it. The plan is not applied (exit 3); the message has the decision, its rationale and what a change costs.",
        why: "A decision with an `assert` is one that a later change cannot pass by.",
        example: "locked_decisions:\n  storage:\n    decision: Ceph pool vm_ssd\n    assert: desired.classes.all(c, c.provider_data.storage_selector == 'name == \"vm_ssd\"')",
        act: "Change the files back. There is no exception: whoever changes the decision edits it, with its assertion, where reviewers see both.",
    },
    Page {
        code: codes::NOT_EVALUATED,
        title: "a rule or a locked decision cannot be evaluated",
        means: "The condition has no value for this plan: a key that is not there, null where a text is needed, a number too large, or more work than is allowed. What cannot be evaluated is not passed: a rule of severity `deny` and a decision block.",
        why: "An expression that fails would otherwise let everything through.",
        example: "policy:\n  rules:\n    - { name: gpus, assert: 'desired.classes.all(c, c.provider_data.gpus < 2)' }",
        act: "Ask first whether the key is there: `!has(c.provider_data.gpus) || c.provider_data.gpus < 2`. Names and their kinds are in docs/reference/policy.md.",
    },
    Page {
        code: codes::LOOSENED,
        title: "this change loosens the policy",
        means: "The spec lets plans do more than it did when the last complete apply took it in: a threshold is higher, a rule is gone or weaker, an assertion of a locked decision is gone, something is protected or retained no more, an exception is new, `clusters.prune` became `template`, or a gate of a phase is gone. The record of the last apply is what it is compared with, not a branch: nothing that a change edits can hide it.",
        why: "What a pull request takes away must not pass as quietly as what it adds.",
        example: "policy:\n  thresholds: { destroy: 10 }   # the last apply took in 1",
        act: "Read it as a part of the change. Until an apply has taken it in, plans are judged by the stricter of both; only exceptions lift at once, because every plan shows what they lift, whose they are and until when. Whoever needs both at once says so for that one thing: `--allow threshold:…`, `--allow loosen:OPTION`, or an exception.",
    },
    Page {
        code: codes::STILL_BINDS,
        title: "what this change takes out still binds",
        means: "A rule of severity `deny` or the assertion of a locked decision that the last apply took in is broken by this plan, and this same change takes it out, weakens it or rewrites it. Or something goes that the last apply retained, or that only the new `clusters.prune: template` removes. The plan is not applied (exit 3).",
        why: "A change could otherwise switch off what would have stopped it, and do it, in one go.",
        example: "policy:\n  rules: []   # the last apply took in a rule that this plan breaks",
        act: "Apply the change of the spec by itself first; after that the rest is judged by the new one. If both at once are meant, the message has the flag, as `--allow loosen:policy.rules.small`.",
    },
];

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
