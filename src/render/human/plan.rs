//! The plan as text.
//!
//! Worst first, by area; then the waves, what blocks, warnings, and one line of totals. Nothing is computed here: every
//! fact stands in the plan.

use std::collections::BTreeMap;

use super::diag::Look;
use super::layout::{Page, Tone, columns, safe};
use super::machines;
use super::scope;
use crate::kinds::Effect;
use crate::plan::{ABOUT_SCOPE, Action, Change, ChangeCause, KEPT, Operation, Plan, Step, Warning};
use crate::render::areas::{Area, areas};
use crate::render::value::show;
use crate::render::words::{count, effect_words, field_name, goal_words};

/// How many new fields of one object are listed before the rest is counted.
const NEW_FIELDS: usize = 12;

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
        Detail::Default | Detail::Full => text(plan, look),
    }
}

/// The whole plan.
pub fn text(plan: &Plan, look: Look) -> String {
    let mut page = Page::new(look);
    if quiet(plan, &mut page) {
        return page.finish();
    }
    header(plan, &mut page);
    scope::unknown(plan, &mut page);
    lost(plan, &mut page);
    for area in areas(plan) {
        block(&area, &mut page);
    }
    not_compared(plan, &mut page);
    if !plan.not_up.is_empty() {
        page.blank();
        not_up(plan, &mut page);
    }
    waves(plan, &mut page);
    warnings(&plan.warnings, &mut page);
    page.blank();
    totals(plan, &mut page);
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
        let folded = folded(&steps);
        for step in steps.into_iter().filter(|s| !folds(&folded, s)) {
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
    for warning in plan.warnings.iter().filter(|w| w.blocks) {
        page.line(&[(Tone::Destroy, "blocked "), (Tone::Plain, &safe(&warning.message))]);
    }
    for line in &plan.unknown {
        page.line(&[(Tone::Destroy, "unknown "), (Tone::Plain, &safe(line))]);
    }
    totals(plan, &mut page);
    page.finish()
}

/// Says that there is nothing to change, if so; adoptions, blocks and gaps are something.
fn quiet(plan: &Plan, page: &mut Page) -> bool {
    let something = plan.steps.iter().any(|s| s.action != Action::Await)
        || !plan.unknown.is_empty()
        || plan.warnings.iter().any(|w| w.blocks);
    if something {
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
    let about_scope = |w: &Warning| ABOUT_SCOPE.contains(&w.code.as_str());
    for told in plan.warnings.iter().filter(|w| w.code == KEPT || about_scope(w)) {
        page.hanging(
            &[(Tone::Warning, "  "), (Tone::Warning, &told.code), (Tone::Plain, "  ")],
            Tone::Plain,
            &safe(&told.message),
        );
        if let Some(help) = told.help.as_deref().filter(|_| about_scope(told)) {
            page.hanging(&[(Tone::Plain, "          "), (Tone::Dim, "help: ")], Tone::Plain, &safe(help));
        }
    }
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

fn block(area: &Area<'_>, page: &mut Page) {
    page.blank();
    let (effect, certainty) = area.worst();
    let title = format!("worst effect: {}", effect_words(effect, certainty));
    let name = match area.topic.name() {
        Some(name) => format!("{} {}", area.topic.word(), safe(name)),
        None => area.topic.word().to_owned(),
    };
    page.line(&[(Tone::Title, &name), (Tone::Plain, "   "), (effect_tone(effect), &title)]);
    let folded = folded(&area.steps);
    let steps: Vec<&Step> = area.steps.iter().copied().filter(|s| !folds(&folded, s)).collect();
    let longest = steps.iter().map(|s| columns(&safe(&s.address.to_string()))).max().unwrap_or(0);
    for step in steps {
        head(step, longest, page);
        fields(step, page);
        machines::affects(step, page);
        for note in &step.notes {
            page.hanging(&[(Tone::Plain, "       ")], Tone::Plain, &safe(note));
        }
        if let Some(source) = step.source.as_deref().filter(|_| step.action.is_change()) {
            page.line(&[(Tone::Plain, "       "), (Tone::Dim, &format!("in {}", safe(source)))]);
        }
    }
    for (note, n) in folded {
        let lead = format!("  {}  {:<14}", Action::Forget.symbol(), Action::Forget.word());
        page.hanging(
            &[(Tone::Dim, &lead)],
            Tone::Plain,
            &format!("{n} objects, each {}   record only", safe(note)),
        );
    }
}

/// Entries of the record that go for one reason: what lies below a cluster that goes is only counted.
fn folded<'p>(steps: &[&'p Step]) -> BTreeMap<&'p str, usize> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for step in steps.iter().filter(|s| s.action == Action::Forget) {
        if let [note] = step.notes.as_slice() {
            *counts.entry(note).or_default() += 1;
        }
    }
    counts.retain(|_, n| *n > 1);
    counts
}

fn folds(folded: &BTreeMap<&str, usize>, step: &Step) -> bool {
    step.action == Action::Forget
        && matches!(step.notes.as_slice(), [note] if folded.contains_key(note.as_str()))
}

fn head(step: &Step, longest: usize, page: &mut Page) {
    let lead = format!("  {}  {:<14}", step.action.symbol(), step.action.word());
    let address = safe(&step.address.to_string());
    let effect = match step.action {
        Action::Adopt | Action::Forget => "record only".to_owned(),
        _ => effect_words(step.effect, step.certainty),
    };
    let tone = tone(step);
    // Effects stand in one column as far as the width allows.
    let room = page.width().saturating_sub(columns(&lead) + 3 + columns(&effect));
    let own = columns(&address);
    if own <= room {
        let gap = " ".repeat(longest.min(room).max(own) - own + 3);
        page.line(&[
            (tone, &lead),
            (Tone::Plain, &address),
            (Tone::Plain, &gap),
            (effect_tone(step.effect), &effect),
        ]);
    } else {
        page.line(&[(tone, &lead), (Tone::Plain, &address)]);
        page.line(&[(Tone::Plain, "       effect "), (effect_tone(step.effect), &effect)]);
    }
}

fn fields(step: &Step, page: &mut Page) {
    let all: Vec<&Change> = step.changes.iter().filter(|c| !c.formatting).collect();
    let shown = if step.action == Action::Create { NEW_FIELDS } else { usize::MAX };
    let names: Vec<String> = all.iter().map(|c| field_name(c)).collect();
    let width = names.iter().take(shown).map(|n| columns(n)).filter(|n| *n <= 40).max().unwrap_or(0);
    for (change, name) in all.iter().zip(&names).take(shown) {
        field(step, change, name, width, page);
    }
    let rest = all.len().saturating_sub(shown);
    if rest > 0 {
        let noun = if rest == 1 { "field" } else { "fields" };
        page.line(&[(Tone::Dim, &format!("       … {rest} more {noun} (--format json has all)"))]);
    }
}

fn field(step: &Step, change: &Change, name: &str, width: usize, page: &mut Page) {
    let value = |v: &crate::value::Value| {
        if change.sensitive { "(not shown)".to_owned() } else { show(&change.path, v) }
    };
    let (symbol, tone, mut text) = match (&change.before, &change.after) {
        (Some(b), Some(a)) => ('~', Tone::Update, format!("{} -> {}", value(b), value(a))),
        (None, Some(a)) => ('+', Tone::Create, value(a)),
        (Some(b), None) => ('-', Tone::Destroy, value(b)),
        (None, None) => return,
    };
    match change.cause {
        ChangeCause::Files => {}
        ChangeCause::Drift => text.push_str("   * drift: changed in Omni since the last apply"),
        ChangeCause::Both => text.push_str("   * drift, and the files changed too"),
    }
    if step.changes.len() > 1 && change.effect != Effect::None && change.effect != step.effect {
        text.push_str(&format!("   [{}]", effect_words(change.effect, change.certainty)));
    }
    let pad = " ".repeat(width.saturating_sub(columns(name)) + 3);
    page.hanging(
        &[(tone, &format!("       {symbol} ")), (Tone::Plain, name), (Tone::Plain, &pad)],
        Tone::Plain,
        &text,
    );
    lines(change, page);
}

/// The lines of a longer text that differ.
fn lines(change: &Change, page: &mut Page) {
    let (Some(before), Some(after)) =
        (change.before.as_ref().and_then(|v| v.as_str()), change.after.as_ref().and_then(|v| v.as_str()))
    else {
        return;
    };
    if change.sensitive || !(before.contains('\n') || after.contains('\n')) {
        return;
    }
    let diff = similar::TextDiff::from_lines(before, after);
    let changed: Vec<(char, String)> = diff
        .iter_all_changes()
        .filter_map(|c| match c.tag() {
            similar::ChangeTag::Delete => Some(('-', safe(c.value()))),
            similar::ChangeTag::Insert => Some(('+', safe(c.value()))),
            similar::ChangeTag::Equal => None,
        })
        .collect();
    for (symbol, line) in changed.iter().take(10) {
        let tone = if *symbol == '+' { Tone::Create } else { Tone::Destroy };
        page.line(&[(Tone::Plain, "           "), (tone, &format!("{symbol} {line}"))]);
    }
    if changed.len() > 10 {
        let rest = changed.len() - 10;
        let noun = if rest == 1 { "line" } else { "lines" };
        page.line(&[(Tone::Dim, &format!("           … {rest} more {noun}"))]);
    }
}

fn not_compared(plan: &Plan, page: &mut Page) {
    let all: Vec<String> = plan
        .unchanged
        .iter()
        .filter(|u| u.status == "not compared yet")
        .map(|u| safe(&u.address.to_string()))
        .collect();
    if !all.is_empty() {
        page.blank();
        page.hanging(&[(Tone::Dim, "not compared yet  ")], Tone::Dim, &all.join(", "));
    }
}

fn waves(plan: &Plan, page: &mut Page) {
    if plan.waves.is_empty() {
        return;
    }
    page.blank();
    page.line(&[(Tone::Title, "Waves")]);
    let width = plan.waves.iter().map(|w| columns(&w.title)).max().unwrap_or(0);
    for (i, wave) in plan.waves.iter().enumerate() {
        let title = &wave.title;
        let steps: Vec<&Step> = plan.steps.iter().filter(|s| s.wave as usize == i + 1).collect();
        let mut parts: Vec<String> = Vec::new();
        for action in [
            Action::Adopt,
            Action::Create,
            Action::AdoptUpdate,
            Action::Update,
            Action::Release,
            Action::Destroy,
            Action::Forget,
        ] {
            let n = steps.iter().filter(|s| s.action == action).count();
            if n > 0 {
                parts.push(format!("{n} {}", action.word()));
            }
        }
        parts.extend(steps.iter().filter_map(|s| match &s.operation {
            Operation::Await(goal) => Some(format!("wait for {}", goal_words(goal))),
            _ => None,
        }));
        let lead = format!("  {:>2}  {title}{}", i + 1, " ".repeat(width - columns(title) + 3));
        page.hanging(&[(Tone::Plain, &lead)], Tone::Plain, &parts.join("; "));
        machines::disruption(wave, &" ".repeat(columns(&lead)), page);
    }
}

/// Findings without a plan around them, as of files alone.
pub fn findings(all: &[Warning], look: Look) -> String {
    let mut page = Page::new(look);
    warnings(all, &mut page);
    page.finish()
}

fn warnings(found: &[Warning], page: &mut Page) {
    for (title, blocks, tone) in [("Blocked", true, Tone::Destroy), ("Warnings", false, Tone::Warning)] {
        let all: Vec<&Warning> = found.iter().filter(|w| w.blocks == blocks).collect();
        if all.is_empty() {
            continue;
        }
        page.blank();
        page.line(&[(tone, title)]);
        for warning in all {
            let code = format!("  {}  ", warning.code);
            page.hanging(&[(tone, &code)], Tone::Plain, &safe(&warning.message));
            if let Some(help) = &warning.help {
                page.hanging(&[(Tone::Plain, "          "), (Tone::Dim, "help: ")], Tone::Plain, &safe(help));
            }
        }
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
    for (n, word) in [(s.adopt, "adopted"), (s.release, "released"), (s.foreign, "foreign")] {
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

pub(super) fn effect_tone(effect: Effect) -> Tone {
    match effect {
        Effect::None | Effect::NoEffect => Tone::Dim,
        Effect::Hot => Tone::Plain,
        Effect::Reboot | Effect::Unknown => Tone::Update,
        Effect::Rebuild => Tone::Rebuild,
        Effect::Destroy => Tone::Destroy,
    }
}

fn tone(step: &Step) -> Tone {
    match step.action {
        Action::Create => Tone::Create,
        Action::Update | Action::AdoptUpdate => Tone::Update,
        Action::Adopt => Tone::Adopt,
        Action::Destroy => Tone::Destroy,
        Action::Release | Action::Forget | Action::Await => Tone::Dim,
    }
}
