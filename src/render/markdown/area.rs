//! What belongs to one cluster, to the classes or to the providers: a part that can be folded.

use super::escape::Markdown;
use super::step::{self, Piece};
use crate::kinds::Effect;
use crate::plan::Step;
use crate::render::areas::{Area, Topic};
use crate::render::context::Context;
use crate::render::words;

/// An area's part of the page.
#[derive(Debug)]
pub(super) struct Part {
    /// What stands before the pieces.
    head: Markdown,
    /// The pieces, worst first.
    pub(super) pieces: Vec<Piece>,
}

/// Draws an area.
pub(super) fn part(area: &Area<'_>, context: &Context) -> Part {
    let (kept, written): (Vec<&Step>, Vec<&Step>) =
        area.steps.iter().copied().partition(|s| words::record_only(s));
    let (effect, certainty) = area.worst();
    let mut head = Markdown::new();
    head.own(if effect >= Effect::Reboot { "<details open>" } else { "<details>" });
    head.own("<summary><b>").own(area.topic.word());
    if let Some(name) = area.topic.name() {
        head.own(" ").html(name);
    }
    head.own("</b>: ");
    if written.is_empty() {
        head.own("record only");
    } else {
        head.count(written.len(), "change").own(", worst effect ");
        let (word, predicted) = words::effect(effect, certainty);
        head.own(word).own(if predicted { " (predicted)" } else { "" });
    }
    head.own("</summary>\n\n");
    let pieces = written.iter().map(|s| step::piece(s, context)).chain(step::record_only(&kept)).collect();
    Part { head, pieces }
}

impl Part {
    /// The part with the pieces that are chosen; nothing if none is.
    pub(super) fn with<'p>(&'p self, chosen: impl Iterator<Item = &'p Markdown>, out: &mut Markdown) {
        let mut chosen = chosen.peekable();
        if chosen.peek().is_none() {
            return;
        }
        out.append(&self.head);
        for piece in chosen {
            out.append(piece);
        }
        out.own("</details>\n\n");
    }
}

/// Name of a topic in a table.
pub(super) fn cell(topic: Topic<'_>, out: &mut Markdown) {
    match topic.name() {
        Some(name) => out.cell(name),
        None => out.own(topic.word()),
    };
}
