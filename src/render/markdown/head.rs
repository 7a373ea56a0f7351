//! What nobody may miss: the marker by which a comment is found again, the verdict, and why the plan is not whole.

use super::escape::Markdown;
use crate::plan::{NotUp, Plan};
use crate::policy::Risk;
use crate::render::context::Context;

/// The marker. It stands once, at the very top; nothing that data can write looks like it.
pub(super) fn marker(context: &Context, out: &mut Markdown) {
    out.own("<!-- omni-scale:comment v1 key=").key(&context.key).own(" -->\n");
}

/// The verdict in one line. `overflow`: not all lost machines can be listed, which is the highest risk whatever else.
pub(super) fn verdict(plan: &Plan, overflow: bool, out: &mut Markdown) {
    let s = &plan.summary;
    out.own("## omni-scale plan: ");
    let mut first = plan.steps.iter().any(|s| s.action.is_change());
    if !first {
        out.own("no changes");
    }
    for (n, word) in [
        (s.create, " create"),
        (s.update, " update"),
        (s.destroy, " destroy"),
        (s.release, " release"),
        (s.moved, " move (record only)"),
        (s.adopt, " adopt (record only)"),
    ] {
        if n > 0 {
            out.own(if first { "" } else { ", " }).number(u64::from(n)).own(word);
            first = false;
        }
    }
    if s.machines_lost > 0 {
        out.own(", **").count(s.machines_lost as usize, "machine").own(" lost**");
    }
    let risk = if overflow { Risk::Critical } else { Risk::of(s.worst) };
    out.own(" · risk **").own(risk.word()).own("**");
    let blocks = plan.warnings.iter().filter(|w| w.blocks).count();
    if blocks > 0 {
        out.own(" · **blocked** by ").count(blocks, "finding");
    }
    if !plan.unknown.is_empty() {
        out.own(" · **incomplete**");
    }
    if plan.scope.is_some() {
        out.own(" · **partial**");
    }
    out.own("\n\n");
}

/// One line where nothing changes.
pub(super) fn quiet(plan: &Plan, out: &mut Markdown) {
    let s = &plan.summary;
    out.own("**No changes.** ").count(s.unchanged as usize, "object");
    out.own(if s.unchanged == 1 { " matches." } else { " match." });
    if s.foreign > 0 {
        out.own(" ").count(s.foreign as usize, "foreign object").own(" left alone.");
    }
    if s.kept > 0 {
        out.own(" ").count(s.kept as usize, "mark").own(" of others kept.");
    }
    out.own("\n");
}

/// What was left out on purpose: at most `most` names of each sort.
pub(super) fn scope(plan: &Plan, most: usize, out: &mut Markdown) {
    let Some(scope) = &plan.scope else { return };
    out.own("> [!IMPORTANT]\n> **Partial plan**: ").count(scope.left_out as usize, "step");
    out.own(" of the whole plan left out.");
    for (words, names) in
        [(" Only ", &scope.targets), (" Without ", &scope.excludes), (" Only clusters ", &scope.clusters)]
    {
        for (i, name) in names.iter().take(most).enumerate() {
            out.own(if i == 0 { words } else { ", " }).code(name);
        }
        end(names.len(), most, words, out);
    }
    for (words, all) in [(" Brought along: ", &scope.brought), (" Left out with them: ", &scope.left_too)] {
        for (i, one) in all.iter().take(most).enumerate() {
            out.own(if i == 0 { words } else { ", " }).code(&one.address.to_string());
            out.own(" (").text(&one.because).own(")");
        }
        end(all.len(), most, words, out);
    }
    out.own("\n\n");
}

fn end(n: usize, most: usize, words: &'static str, out: &mut Markdown) {
    if n > most {
        out.own(if most > 0 { ", … " } else { words }).number((n - most) as u64);
        out.own(if most > 0 { " more" } else { " names" });
    }
    out.own(if n > 0 { "." } else { "" });
}

/// What was not seen: at most `most` of it.
pub(super) fn unknown(plan: &Plan, most: usize, out: &mut Markdown) {
    if plan.unknown.is_empty() {
        return;
    }
    out.own("> [!WARNING]\n> **Incomplete**: this was not seen, so it is not planned, and apply refuses (");
    out.number(plan.unknown.len() as u64).own(")\n");
    if most > 0 {
        out.own(">\n");
    }
    for line in plan.unknown.iter().take(most) {
        out.own("> - ").text(line).own("\n");
    }
    for subtree in plan.unknown_subtrees.iter().take(most) {
        out.own("> - ").code(&subtree.address.to_string()).own(": ").text(&subtree.reason);
        if subtree.not_planned > 0 {
            out.own(" · ").count(subtree.not_planned as usize, "object").own(" not planned");
        }
        out.own("\n");
    }
    for (n, what) in [(plan.unknown.len(), " more\n"), (plan.unknown_subtrees.len(), " more subtrees\n")] {
        if most > 0 && n > most {
            out.own("> - … ").number((n - most) as u64).own(what);
        }
    }
    out.own("\n");
}

/// Clusters that are as the files ask and still on their way.
pub(super) fn not_up(plan: &Plan, most: usize, out: &mut Markdown) {
    if plan.not_up.is_empty() {
        return;
    }
    let line = |one: &NotUp, out: &mut Markdown| {
        out.own("- ").code(one.address.name()).own(" is not up yet: ").text(&one.blocker).own("\n");
    };
    for one in plan.not_up.iter().take(most) {
        line(one, out);
    }
    if plan.not_up.len() > most {
        out.own("- … ").count(plan.not_up.len() - most, "cluster").own(" not up yet\n");
    }
    out.own("\n");
}
