//! The plan as text.
//!
//! Worst first, by area; then the waves, what blocks, warnings, and one line of totals. Nothing is computed here: every
//! fact stands in the plan.

use super::diag::Look;
use super::layout::{Page, Tone, columns, safe};
use super::{findings, placement, scope, steps, waves};
use crate::kinds::Effect;
use crate::plan::{Action, Plan, Step, Warning};
use crate::render::areas::{Area, areas};
use crate::render::words::{self, count, effect_words};

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// What a reviewer needs; what is left out is counted.
    #[default]
    Default,
    /// One sentence per change.
    Brief,
    /// All of it: every field, every declared thing, raw numbers beside units.
    Full,
}

/// What of a plan is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// How much.
    pub detail: Detail,
    /// Fields beside a changed one that stay as they are, at most so many before it and after it.
    pub context: usize,
    /// Most UTF-8 bytes, for the formats that are cut to a size; `None`: what a comment on GitHub takes.
    pub max_bytes: Option<usize>,
}

/// The plan as `view` wants it.
pub fn shown(plan: &Plan, look: Look, view: View) -> String {
    match view.detail {
        Detail::Brief => brief(plan, look),
        Detail::Default | Detail::Full => whole(plan, look, view),
    }
}

/// The whole plan, as it is shown unless something else is asked for.
pub fn text(plan: &Plan, look: Look) -> String {
    whole(plan, look, View::default())
}

fn whole(plan: &Plan, look: Look, view: View) -> String {
    let mut page = Page::new(look);
    let full = view.detail == Detail::Full;
    if quiet(plan, &mut page) && !full {
        return page.finish();
    }
    if !words::quiet(plan) {
        header(plan, &mut page);
        scope::unknown(plan, &mut page);
        lost(plan, &mut page);
        for area in areas(plan) {
            steps::block(plan, &area, view, &mut page);
        }
    }
    rest(plan, full, &mut page);
    if !words::quiet(plan) && !plan.not_up.is_empty() {
        page.blank();
        not_up(plan, &mut page);
    }
    waves::waves(plan, full, &mut page);
    placement::placement(plan, full, &mut page);
    findings::all(&plan.warnings, words::quiet(plan), full, &mut page);
    if !words::quiet(plan) {
        page.blank();
        totals(plan, &mut page);
    }
    page.finish()
}

/// Findings without a plan around them, as of files alone.
pub fn findings(all: &[Warning], look: Look) -> String {
    let mut page = Page::new(look);
    findings::all(all, false, false, &mut page);
    page.finish()
}

/// One sentence per change, then the totals.
pub fn brief(plan: &Plan, look: Look) -> String {
    let mut page = Page::new(look);
    if quiet(plan, &mut page) {
        return page.finish();
    }
    if let Some(partial) = &plan.scope {
        scope::partial(partial, &mut page);
    }
    for Area { steps, .. } in areas(plan) {
        let folded = steps::folded(&steps);
        for step in steps.into_iter().filter(|s| !steps::folds(&folded, s)) {
            let (address, effect) =
                (safe(&step.address.to_string()), effect_words(step.effect, step.certainty));
            let lead = format!("{} {} ", step.action.symbol(), step.action.word());
            page.line(&[
                (tone(step), &lead),
                (Tone::Plain, &address),
                (Tone::Plain, ", effect "),
                (effect_tone(step.effect), &effect),
            ]);
        }
        for (note, n) in &folded {
            page.line(&[(Tone::Dim, &format!("< forget {n} objects, each {}", safe(note)))]);
        }
    }
    not_up(plan, &mut page);
    findings::brief(plan, &mut page);
    for line in &plan.unknown {
        page.line(&[(Tone::Destroy, "unknown "), (Tone::Plain, &safe(line))]);
    }
    totals(plan, &mut page);
    page.finish()
}

/// Says that there is nothing to change, if so; adoptions, blocks and gaps are something.
fn quiet(plan: &Plan, page: &mut Page) -> bool {
    if !words::quiet(plan) {
        return false;
    }
    let n = plan.summary.unchanged;
    let none = if plan.scope.is_some() { "No changes in this part." } else { "No changes." };
    let mut line = format!("{none} {} match{}.", count(n, "object"), if n == 1 { "es" } else { "" });
    if plan.summary.foreign > 0 {
        line.push_str(&format!(" {} left alone.", count(plan.summary.foreign, "foreign object")));
    }
    if plan.summary.kept > 0 {
        line.push_str(&format!(" {} of others kept.", count(plan.summary.kept, "mark")));
    }
    page.line(&[(Tone::Title, &line)]);
    if let Some(partial) = &plan.scope {
        scope::partial(partial, page);
    }
    findings::quiet(plan, page);
    not_up(plan, page);
    true
}

/// Clusters that are as the files ask and still on their way.
fn not_up(plan: &Plan, page: &mut Page) {
    for cluster in &plan.not_up {
        let name = safe(cluster.address.name());
        let lead = [(Tone::Update, name.as_str()), (Tone::Plain, " ")];
        page.hanging(&lead, Tone::Plain, &format!("is not up yet: {}", safe(&cluster.blocker)));
    }
}

fn header(plan: &Plan, page: &mut Page) {
    let version = plan.omni_version.as_deref().map_or_else(|| "version unknown".to_owned(), safe);
    let endpoint = safe(&plan.omni);
    page.line(&[
        (Tone::Title, "omni-scale plan"),
        (Tone::Plain, "   "),
        (Tone::Plain, &endpoint),
        (Tone::Plain, &format!(" (Omni {version})")),
    ]);
    let compared = match &plan.record {
        Some((_, serial)) => format!("Compared three ways: files, last applied (record {serial}), live."),
        None => "Compared two ways: files, live.".to_owned(),
    };
    page.line(&[(Tone::Dim, &compared)]);
    if let Some(partial) = &plan.scope {
        scope::partial(partial, page);
    }
}

fn lost(plan: &Plan, page: &mut Page) {
    if plan.lost.is_empty() {
        return;
    }
    page.blank();
    page.line(&[(Tone::Destroy, "Machines that will be lost, with the data on their disks")]);
    let rows: Vec<(String, String, String)> = plan
        .lost
        .iter()
        .map(|l| {
            let name = l.machine.as_deref().map_or_else(|| "Omni chooses one".to_owned(), safe);
            let vm = l.vm.as_deref().map_or_else(String::new, |v| format!("VM {}", safe(v)));
            let mut from = safe(&l.address.to_string());
            if l.predicted {
                from.push_str(" (predicted)");
            }
            (name, vm, from)
        })
        .collect();
    let name = rows.iter().map(|r| columns(&r.0)).max().unwrap_or(0);
    let vm = rows.iter().map(|r| columns(&r.1)).max().unwrap_or(0);
    for (n, v, from) in &rows {
        let mut lead = format!("{}{}", n, " ".repeat(name - columns(n) + 2));
        if vm > 0 {
            lead.push_str(&format!("{v}{}", " ".repeat(vm - columns(v) + 2)));
        }
        page.hanging(&[(Tone::Destroy, "  -  "), (Tone::Plain, &lead)], Tone::Dim, from);
    }
}

fn totals(plan: &Plan, page: &mut Page) {
    let s = &plan.summary;
    let blocked = plan.warnings.iter().any(|w| w.blocks);
    if s.adopt > 0 && !blocked && plan.unknown.is_empty() && !plan.steps.iter().any(|x| x.action.is_change())
    {
        let verb = if s.adopt == 1 { "is" } else { "are" };
        let none = if plan.scope.is_some() { "No changes in this part." } else { "No changes." };
        let line = format!(
            "{none} {} {verb} live as the files have it; apply only writes the record.",
            count(s.adopt, "object")
        );
        page.hanging(&[], Tone::Title, &line);
    }
    let mut line = format!("Plan: {} create, {} update, {} destroy.", s.create, s.update, s.destroy);
    for (n, word) in
        [(s.adopt, "adopted"), (s.release, "released"), (s.moved, "moved"), (s.foreign, "foreign")]
    {
        if n > 0 {
            line.push_str(&format!(" {n} {word}."));
        }
    }
    if s.machines_lost > 0 {
        line.push_str(&format!(" {} lost.", count(s.machines_lost, "machine")));
    }
    line.push_str(&format!(" Worst effect: {}.", s.worst.word()));
    let blocks = plan.warnings.iter().filter(|w| w.blocks).count();
    if blocks > 0 {
        line.push_str(&format!(" BLOCKED ({blocks})."));
    }
    if !plan.unknown.is_empty() {
        line.push_str(" INCOMPLETE.");
    }
    if let Some(scope) = &plan.scope {
        line.push_str(&format!(" PARTIAL ({} left out).", scope.left_out));
    }
    page.hanging(&[], if blocks > 0 { Tone::Destroy } else { Tone::Title }, &line);
}

/// Declared things that are not compared; with everything else that needs nothing, where all is wanted.
fn rest(plan: &Plan, full: bool, page: &mut Page) {
    let mut by: std::collections::BTreeMap<&str, Vec<&crate::plan::Unchanged>> =
        std::collections::BTreeMap::new();
    for one in plan.unchanged.iter().filter(|u| full || u.status == "not compared yet") {
        by.entry(&one.status).or_default().push(one);
    }
    for (status, all) in by {
        page.blank();
        let lead = format!("{}  ", safe(status));
        let names: Vec<String> = all
            .iter()
            .map(|u| match u.note.as_ref().filter(|_| full) {
                Some(note) => format!("{} ({})", safe(&u.address.to_string()), safe(note)),
                None => safe(&u.address.to_string()),
            })
            .collect();
        page.hanging(&[(Tone::Dim, &lead)], Tone::Dim, &names.join(", "));
    }
}

pub(super) fn effect_tone(effect: Effect) -> Tone {
    match effect {
        Effect::None | Effect::NoEffect => Tone::Dim,
        Effect::Hot => Tone::Plain,
        Effect::Reboot | Effect::Unknown => Tone::Update,
        Effect::Rebuild => Tone::Rebuild,
        Effect::Destroy => Tone::Destroy,
    }
}

pub(super) fn tone(step: &Step) -> Tone {
    match step.action {
        Action::Create => Tone::Create,
        Action::Update | Action::AdoptUpdate => Tone::Update,
        Action::Adopt | Action::Move => Tone::Adopt,
        Action::Destroy => Tone::Destroy,
        Action::Release | Action::Forget | Action::Await => Tone::Dim,
    }
}
