//! From what, until when, and where everything is to be read.

use super::escape::Markdown;
use crate::plan::Plan;
use crate::render::context::Context;

/// Longest address in a line that must be short, in bytes.
const SHORT: usize = 200;

/// The last line; `bare`: only which plan it is, and where all of it is to be read.
pub(super) fn foot(plan: &Plan, context: &Context, bare: bool, out: &mut Markdown) {
    out.own("plan ");
    match &context.digest {
        Some(digest) => out.code(digest),
        None => out.own("not saved"),
    };
    if bare {
        if let Some(report) = context.report.as_ref().filter(|r| r.as_str().len() <= SHORT) {
            out.own(" · ").link("full report", report);
        }
        out.own("\n");
        return;
    }
    for (word, commit) in
        [(" · base ", &context.base), (" · head ", &context.head), (" · merge ", &context.merge)]
    {
        if let Some(commit) = commit {
            out.own(word).code(commit.short());
        }
    }
    out.own(" · Omni ");
    match &plan.omni_version {
        Some(version) => out.code(version),
        None => out.own("of an unknown version"),
    };
    out.own(" at ").code(&plan.omni).own(" · ");
    match &plan.record {
        Some((_, serial)) => out.own("record ").number(*serial),
        None => out.own("no record: compared two ways, nothing is pruned"),
    };
    if let Some(expires) = &context.expires {
        out.own(" · expires ").code(expires);
    }
    if let Some(report) = &context.report {
        out.own(" · ").link("full report", report);
    }
    out.own("\n");
}
