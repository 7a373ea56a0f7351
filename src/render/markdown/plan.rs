//! The page: its parts, and what of them is there at each cut.

use super::area::{self, Part};
use super::budget::{Cut, Level, fit};
use super::escape::Markdown;
use super::findings::{self, Depth, Findings};
use super::step::Piece;
use super::{foot, head, lost, table, waves};
use crate::kinds::Effect;
use crate::plan::Plan;
use crate::render::areas::{Area, areas};
use crate::render::context::Context;
use crate::render::words;

/// Bytes of a comment, where nobody says otherwise. GitHub takes 65,536 characters.
pub const COMMENT: usize = 60_000;
/// Bytes of the summary of a job's step. GitHub drops all of one that is larger than 1 MiB.
pub const STEP_SUMMARY: usize = 1_000_000;
/// The least budget: a page with nothing but counts has fewer bytes than this.
pub const LEAST: usize = 2_000;

/// Rows of the table, where the budget asks for less than all.
const ROWS: usize = 50;
/// Names of machines that are lost, where not all fit.
const NAMES: usize = 50;

/// The plan as Markdown with at most `budget` UTF-8 bytes ([`LEAST`] or more). What is left out is counted. Verdict,
/// totals, findings that block and machines that are lost are left out last, and never without their number.
pub fn text(plan: &Plan, context: &Context, budget: usize) -> String {
    let page = Page::new(plan, context);
    let draw = |cut| if words::quiet(plan) { page.quiet(cut) } else { page.draw(cut) };
    let cut = fit(|level| page.items(level), |cut| draw(cut).len() <= budget);
    draw(cut).into_string()
}

/// Everything, drawn once.
struct Page<'p> {
    plan: &'p Plan,
    context: &'p Context,
    areas: Vec<Area<'p>>,
    parts: Vec<Part>,
    findings: Findings<'p>,
}

/// The level at which changes of an effect go.
fn level(effect: Effect) -> Level {
    match effect {
        Effect::None | Effect::NoEffect => Level::Still,
        Effect::Hot => Level::Hot,
        Effect::Reboot => Level::Reboots,
        Effect::Unknown | Effect::Rebuild | Effect::Destroy => Level::Worst,
    }
}

impl<'p> Page<'p> {
    fn new(plan: &'p Plan, context: &'p Context) -> Self {
        let areas = areas(plan);
        let parts = areas.iter().map(|a| area::part(a, context)).collect();
        Self { plan, context, areas, parts, findings: Findings::of(plan) }
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.parts.iter().flat_map(|p| &p.pieces)
    }

    /// How many items could stay of what goes at a level.
    fn items(&self, at: Level) -> usize {
        let of_effect = |at| self.pieces().filter(|p| level(p.effect) == at).count();
        match at {
            Level::Still | Level::Hot | Level::Reboots | Level::Worst => of_effect(at),
            Level::Fields => of_effect(Level::Worst),
            Level::Table => ROWS.min(self.areas.len()),
            Level::Gaps => NAMES,
            Level::Blocks => self.findings.blocks.len() + self.findings.lifted.len(),
            Level::Lost => NAMES.min(self.plan.lost.len()),
            _ => 0,
        }
    }

    /// The page where nothing changes.
    fn quiet(&self, cut: Cut) -> Markdown {
        let mut out = Markdown::new();
        head::marker(self.context, &mut out);
        head::quiet(self.plan, &mut out);
        let tells = self.plan.scope.is_some() || !self.plan.not_up.is_empty();
        if tells || !self.findings.warnings.is_empty() || !self.findings.lifted.is_empty() {
            out.own("\n");
        }
        let gaps = cut.of(Level::Gaps, usize::MAX);
        head::scope(self.plan, gaps, &mut out);
        head::not_up(self.plan, gaps, &mut out);
        self.lifted(cut, &mut out);
        self.warnings(cut, &mut out);
        out
    }

    fn draw(&self, cut: Cut) -> Markdown {
        let mut out = Markdown::new();
        let overflow = !cut.has(Level::Lost) && self.plan.lost.len() > cut.of(Level::Lost, NAMES);
        head::marker(self.context, &mut out);
        head::verdict(self.plan, overflow, &mut out);
        let gaps = cut.of(Level::Gaps, usize::MAX);
        head::scope(self.plan, gaps, &mut out);
        head::unknown(self.plan, gaps, &mut out);
        if cut.level < Level::Bare {
            let rows = if cut.has(Level::Rows) { usize::MAX } else { ROWS };
            table::table(self.plan, &self.areas, cut.of(Level::Table, rows), &mut out);
        }
        if cut.has(Level::Lost) {
            lost::all(self.plan, &mut out);
        } else if !self.plan.lost.is_empty() {
            lost::some(self.plan, cut.of(Level::Lost, NAMES), &mut out);
        }
        self.blocks(cut, &mut out);
        self.lifted(cut, &mut out);
        head::not_up(self.plan, gaps, &mut out);
        let left = self.changes(cut, &mut out);
        if cut.has(Level::Behind) {
            waves::behind(self.plan, &mut out);
        }
        self.warnings(cut, &mut out);
        self.stubs(cut, &left, &mut out);
        foot::foot(self.plan, self.context, cut.level == Level::Bare, &mut out);
        out
    }

    fn blocks(&self, cut: Cut, out: &mut Markdown) {
        const TITLE: &str = "Blocked: apply refuses because of this";
        let all = &self.findings.blocks;
        if cut.has(Level::Named) {
            findings::list(TITLE, all, Depth::Whole, out);
        } else {
            // Where machines are lost by the thousand, some findings are named all the same.
            let few = if cut.level == Level::Lost { 5 } else { 0 };
            findings::some(TITLE, all, cut.of(Level::Blocks, all.len()).max(few), out);
        }
    }

    fn lifted(&self, cut: Cut, out: &mut Markdown) {
        const TITLE: &str = "Lifted: this would block, and somebody answers for it";
        let all = &self.findings.lifted;
        if cut.has(Level::Named) {
            findings::list(TITLE, all, Depth::Whole, out);
        } else {
            let room = match cut.level {
                Level::Blocks => cut.keep.saturating_sub(self.findings.blocks.len()),
                _ => cut.of(Level::Blocks, all.len()),
            };
            if !all.is_empty() {
                findings::some(TITLE, all, room.min(all.len()), out);
            }
        }
    }

    fn warnings(&self, cut: Cut, out: &mut Markdown) {
        if cut.has(Level::Warnings) {
            findings::folded("warning", &self.findings.warnings, out);
            findings::folded("note", &self.findings.notes, out);
        }
    }

    /// The changes that stay; returns what is left out.
    fn changes(&self, cut: Cut, out: &mut Markdown) -> Vec<(Level, usize, usize)> {
        let mut left: Vec<(Level, usize, usize)> =
            [Level::Still, Level::Hot, Level::Reboots, Level::Worst, Level::Fields]
                .map(|level| (level, 0, 0))
                .to_vec();
        let mut room: Vec<(Level, usize)> = left.iter().map(|(l, ..)| (*l, cut.of(*l, usize::MAX))).collect();
        let mut take = |at: Level| {
            let slot = room.iter_mut().find(|(l, _)| *l == at);
            slot.is_some_and(|(_, n)| {
                let there = *n > 0;
                *n = n.saturating_sub(1);
                there
            })
        };
        for part in &self.parts {
            let mut shown: Vec<&Markdown> = Vec::new();
            let mut gone: Vec<(Level, usize)> = Vec::new();
            for piece in &part.pieces {
                let at = level(piece.effect);
                if !take(at) {
                    gone.push((at, piece.steps));
                    continue;
                }
                let whole = at != Level::Worst || !piece.cut || take(Level::Fields);
                if !whole {
                    gone.push((Level::Fields, piece.steps));
                }
                shown.push(match (whole, cut.has(Level::Context)) {
                    (false, _) => &piece.bare,
                    (true, true) => &piece.full,
                    (true, false) => &piece.lean,
                });
            }
            part.with(shown.into_iter(), out);
            for (at, steps, areas) in &mut left {
                let here: usize = gone.iter().filter(|(l, _)| l == at).map(|(_, n)| n).sum();
                *steps += here;
                *areas += usize::from(here > 0);
            }
        }
        left.retain(|(_, steps, _)| *steps > 0);
        left
    }

    /// What is left out, in numbers.
    fn stubs(&self, cut: Cut, left: &[(Level, usize, usize)], out: &mut Markdown) {
        let before = out.len();
        let (waves, drift) = if cut.has(Level::Behind) { (0, 0) } else { waves::counts(self.plan) };
        let (warnings, notes) = if cut.has(Level::Warnings) {
            (0, 0)
        } else {
            (self.findings.warnings.len(), self.findings.notes.len())
        };
        let others = [(waves, "wave"), (drift, "drifted field"), (warnings, "warning"), (notes, "note")];
        let others = others.into_iter().filter(|(n, _)| *n > 0);
        if cut.level == Level::Bare {
            let changes =
                left.iter().filter(|(at, ..)| *at != Level::Fields).map(|(_, steps, _)| steps).sum();
            out.own("- … ").count(changes, "change");
            for (n, what) in others {
                out.own(", ").count(n, what);
            }
            out.own(", not shown here\n");
        } else {
            for one in left {
                stub(*one, out);
            }
            for (n, what) in others {
                out.own("- … ").count(n, what).own(", not shown here\n");
            }
        }
        if out.len() > before {
            out.own("\nThis page is cut to its size; the report has everything.\n\n");
        }
    }
}

/// Changes that are left out at one level: how many, in how many areas.
fn stub((at, steps, areas): (Level, usize, usize), out: &mut Markdown) {
    if at == Level::Fields {
        out.own("- … the fields of ").count(steps, "change").own(" are not shown here\n");
        return;
    }
    out.own("- … ").count(steps, "change").own(match at {
        Level::Still => " that touch no machine",
        Level::Hot => " without a reboot (effect hot)",
        Level::Reboots => " with reboots",
        _ => " that rebuild, destroy or are of unknown effect",
    });
    out.own(" in ").count(areas, "area").own(", not shown here\n");
}
