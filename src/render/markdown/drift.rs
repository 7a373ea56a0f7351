//! Drift, for an issue and for the summary of a job. No e-mail address stands in it.

use super::escape::{Fence, Mark, Markdown};
use crate::plan::drift::{Deviation, Drift, Drifted};
use crate::render::areas::Topic;
use crate::render::context::Context;
use crate::render::drift::{field_name, files, scope, values, verdict};

/// How much of it is shown; each level leaves out more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// Everything.
    Whole,
    /// What does not matter is counted.
    Minor,
    /// Fields are counted.
    Fields,
    /// Things are listed as far as there is room.
    Cut,
}

/// The report in at most `budget` bytes. What is left out is counted.
pub fn drift(drift: &Drift, context: &Context, full: bool, budget: usize) -> String {
    let first = if full { Level::Whole } else { Level::Minor };
    for level in [first, Level::Minor, Level::Fields] {
        let page = page(drift, context, level, usize::MAX);
        if page.len() <= budget {
            return page.into_string();
        }
    }
    // A thing without its fields takes a few hundred bytes at most.
    let mut shown = drift.drifted.len();
    loop {
        shown /= 2;
        let page = page(drift, context, Level::Cut, shown);
        if page.len() <= budget || shown == 0 {
            return page.into_string();
        }
    }
}

fn page(drift: &Drift, context: &Context, level: Level, most: usize) -> Markdown {
    let mut out = Markdown::new();
    out.own("<!-- omni-scale:drift v1 key=").key(&context.key).own(" -->\n## omni-scale drift");
    out.own(if drift.drifted.is_empty() { ": none" } else { "" }).own("\n\nOmni ").code(&drift.omni);
    out.own(": ").text(&verdict(drift)).own("\n\n");
    if let Some(scope) = scope(drift) {
        out.own("> ").text(&scope).own("\n\n");
    }
    if !drift.unknown.is_empty() {
        out.own("**Not everything could be compared**\n\n");
        for line in drift.unknown.iter().take(if level < Level::Cut { usize::MAX } else { 5 }) {
            out.own("- not seen: ").text(line).own("\n");
        }
        out.own("\n");
    }
    let mut last = None;
    for item in drift.drifted.iter().take(most) {
        let topic = Topic::of(&item.address);
        if last != Some(topic) {
            out.own("### ").own(topic.word());
            if let Some(name) = topic.name() {
                out.own(" ").code(name);
            }
            out.own("\n\n");
            last = Some(topic);
        }
        one(item, level, &mut out);
    }
    let rest = drift.drifted.len().saturating_sub(most);
    if rest > 0 {
        out.own("\n… ").count(rest, "more thing").own(" not shown here, see the JSON report\n");
    }
    if level == Level::Whole && !drift.minor.is_empty() {
        out.own("\n<details><summary>What does not matter</summary>\n\n");
        for minor in &drift.minor {
            out.own("- ").code(&minor.address.to_string()).own(": ").text(&minor.what).own("\n");
        }
        out.own("\n</details>\n");
    }
    if let Some(report) = &context.report {
        out.own("\n").link("full report", report).own("\n");
    }
    out
}

fn one(item: &Drifted, level: Level, out: &mut Markdown) {
    out.own("- **").own(item.deviation.word()).own("** ").code(&item.address.to_string());
    if let Some(machine) = item.machine.as_deref().filter(|m| *m != item.address.name()) {
        out.own(" (machine ").code(machine).own(")");
    }
    if let Some(when) = &item.when {
        out.own(if item.deviation == Deviation::Foreign { ", made " } else { ", last written " }).code(when);
    }
    if let Some(note) = &item.note {
        out.own("; ").text(note);
    }
    out.own("; ").text(&files(item)).own("\n");
    if item.fields.is_empty() {
        return;
    }
    if level >= Level::Fields {
        out.own("  (").count(item.fields.len(), "field").own(" not shown here)\n");
        return;
    }
    let mut block = Fence::new();
    for field in &item.fields {
        let name = field_name(field);
        let (then, now) = values(field);
        for (mark, value) in [(Mark::Gone, then), (Mark::New, now)] {
            if let Some(value) = value {
                block.line(mark, &format!("{name}   {value}"));
            }
        }
    }
    out.own("\n").append(&block.block(true));
}
