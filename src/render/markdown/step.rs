//! One step: a line that names it, and a block of what changes.

use super::escape::{Fence, Mark, Markdown};
use crate::diff::lines::{Line, hunks, lines};
use crate::kinds::{Certainty, Effect};
use crate::plan::{Action, Affected, Change, Step};
use crate::render::context::Context;
use crate::render::value::show;
use crate::render::words;

/// Fields of a new object that are listed before the rest is counted.
const NEW_FIELDS: usize = 12;
/// Changed fields of one step.
const FIELDS: usize = 50;
/// Machines of one step.
const MACHINES: usize = 10;
/// Changed lines of one text.
const LINES: usize = 40;
/// Bytes of both sides beyond which a text is not compared line by line.
const LARGEST: usize = 400_000;
/// Equal lines around changed ones.
const CONTEXT: usize = 3;

/// A step in the sizes that it can be shown in.
#[derive(Debug)]
pub(super) struct Piece {
    /// Worst effect on machines: what is mild goes first when there is no room.
    pub(super) effect: Effect,
    /// Steps in it.
    pub(super) steps: usize,
    /// Everything.
    pub(super) full: Markdown,
    /// Without lines that are there for orientation.
    pub(super) lean: Markdown,
    /// Without fields.
    pub(super) bare: Markdown,
    /// Whether fields are missing from `bare`.
    pub(super) cut: bool,
}

/// A step that changes something.
pub(super) fn piece(step: &Step, context: &Context) -> Piece {
    let mut head = Markdown::new();
    head.own("**").own(step.action.word()).own("** ").code(&step.address.to_string()).own(" · ");
    effect(&mut head, step.effect, step.certainty);
    if let Some(source) = step.source.as_deref() {
        head.own(" · ");
        let (path, line) = context.place(source);
        match &context.sources {
            Some(sources) => head.code_link(source, &sources.below(&path, line)),
            None => head.code(source),
        };
    }
    head.own("\n\n");
    let mut rest = Fence::new();
    // Machines that run on are only counted.
    let disturbed: Vec<&Affected> = step.affects.iter().filter(|m| m.effect >= Effect::Reboot).collect();
    for machine in disturbed.iter().take(MACHINES) {
        affected(machine, &mut rest);
    }
    if let Some(more) = disturbed.len().checked_sub(MACHINES).filter(|n| *n > 0) {
        rest.line(Mark::Note, &format!("… {more} more {}", if more == 1 { "machine" } else { "machines" }));
    }
    let running = step.affects.iter().filter(|m| m.effect == Effect::Hot).count();
    if running > 0 {
        let noun = if running == 1 { "machine takes" } else { "machines take" };
        rest.line(Mark::Note, &format!("{running} {noun} it without a reboot"));
    }
    for note in &step.notes {
        rest.line(Mark::Note, note);
    }
    let mut whole = Fence::new();
    fields(step, &mut whole);
    let cut = !whole.is_empty();
    whole.extend(&rest);
    let with = |block: Markdown| {
        let mut out = head.clone();
        out.append(&block);
        out
    };
    Piece {
        effect: step.effect,
        steps: 1,
        full: with(whole.block(true)),
        lean: with(whole.block(false)),
        bare: with(rest.block(false)),
        cut,
    }
}

/// Steps that write nothing but the record, together.
pub(super) fn record_only(steps: &[&Step]) -> Option<Piece> {
    if steps.is_empty() {
        return None;
    }
    let mut out = Markdown::new();
    out.own("**record only**: ").count(steps.len(), "object").own("\n\n");
    let mut block = Fence::new();
    for step in steps {
        let mark =
            if matches!(step.action, Action::Adopt | Action::Move) { Mark::Adopt } else { Mark::Forget };
        let note = step.notes.first().map_or(String::new(), |n| format!("   {n}"));
        block.line(mark, &format!("{} {}{note}", step.action.word(), step.address));
    }
    out.append(&block.block(false));
    Some(Piece {
        effect: Effect::None,
        steps: steps.len(),
        full: out.clone(),
        lean: out.clone(),
        bare: out,
        cut: false,
    })
}

/// The word of an effect, in bold where machines are disturbed, and whether it is a prediction.
pub(super) fn effect(out: &mut Markdown, effect: Effect, certainty: Certainty) {
    let (word, predicted) = words::effect(effect, certainty);
    if effect >= Effect::Reboot {
        out.own("**").own(word).own("**");
    } else {
        out.own(word);
    }
    if predicted {
        out.own(" (predicted)");
    }
}

fn affected(machine: &Affected, block: &mut Fence) {
    let name = machine.machine.as_deref().unwrap_or("one that Omni chooses");
    let mut text = format!("machine {name}");
    if let Some(vm) = &machine.vm {
        text.push_str(&format!(", VM {vm}"));
    }
    text.push_str(&format!(": {}", machine.effect.word()));
    if machine.predicted {
        text.push_str(" (predicted)");
    }
    let lost = matches!(machine.effect, Effect::Rebuild | Effect::Destroy);
    block.line(if lost { Mark::Lost } else { Mark::Note }, &text);
}

fn fields(step: &Step, block: &mut Fence) {
    let all: Vec<&Change> = step.changes.iter().filter(|c| !c.formatting).collect();
    let most = if step.action == Action::Create { NEW_FIELDS } else { FIELDS };
    let names: Vec<String> = all.iter().take(most).map(|c| words::field_name(&c.path)).collect();
    let width = names.iter().map(|n| n.chars().count()).filter(|n| *n <= 40).max().unwrap_or(0);
    for (change, name) in all.iter().zip(&names) {
        field(step, change, &format!("{name:<width$}"), block);
    }
    let rest = all.len().saturating_sub(most);
    if rest > 0 {
        let noun = if rest == 1 { "field" } else { "fields" };
        block.line(Mark::Note, &format!("… {rest} more {noun}"));
    }
    let formatting = step.changes.len() - all.len();
    if formatting > 0 {
        let noun = if formatting == 1 { "text differs" } else { "texts differ" };
        block.line(Mark::Note, &format!("{formatting} {noun} in form only"));
    }
}

fn field(step: &Step, change: &Change, name: &str, block: &mut Fence) {
    let value = |v: &crate::value::Value| {
        if change.sensitive { "(not shown)".to_owned() } else { show(&change.path, v) }
    };
    let mut tail = String::new();
    if step.changes.len() > 1 && change.effect != Effect::None && change.effect != step.effect {
        let (word, predicted) = words::effect(change.effect, change.certainty);
        tail.push_str(&format!("   [{word}{}]", if predicted { " (predicted)" } else { "" }));
    }
    if let Some(cause) = words::cause(change.cause) {
        tail.push_str(&format!("   * {cause}"));
    }
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            block.line(Mark::Gone, &format!("{name}   {}", value(before)));
            block.line(Mark::New, &format!("{name}   {}{tail}", value(after)));
            if !change.sensitive {
                texts(before.as_str(), after.as_str(), block);
            }
        }
        (None, Some(after)) => block.line(Mark::New, &format!("{name}   {}{tail}", value(after))),
        (Some(before), None) => block.line(Mark::Gone, &format!("{name}   {}{tail}", value(before))),
        (None, None) => {}
    }
}

/// The lines of a longer text that differ, with some around them.
fn texts(before: Option<&str>, after: Option<&str>, block: &mut Fence) {
    let (Some(before), Some(after)) = (before, after) else { return };
    if !(before.contains('\n') || after.contains('\n')) || before.len() + after.len() > LARGEST {
        return;
    }
    let (mut shown, mut more) = (0, 0);
    for hunk in hunks(&lines(before, after), CONTEXT) {
        for line in hunk.lines {
            let (mark, text) = match line {
                Line::Same(text) => (Mark::Same, text),
                Line::Gone(text) => (Mark::Gone, text),
                Line::New(text) => (Mark::New, text),
            };
            if shown < LINES {
                block.line(mark, &format!("  {text}"));
                shown += usize::from(mark != Mark::Same);
            } else {
                more += usize::from(mark != Mark::Same);
            }
        }
    }
    if more > 0 {
        let noun = if more == 1 { "line differs" } else { "lines differ" };
        block.line(Mark::Note, &format!("… {more} more {noun}"));
    }
}
