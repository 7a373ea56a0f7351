//! The plan as `omnictl cluster template diff` prints it: updates, then creations, then removals, each resource in its
//! printed form as a unified difference.
//!
//! Secrets are covered unless they are asked for: a line then reads `(hidden 1)`, and a changed secret still shows as a
//! changed line. Steps that send nothing print nothing.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;

use super::unified;
use crate::diff::{masked, reads_as_nothing};
use crate::kinds::SYNC_ORDER;
use crate::plan::{Action, Operation, Plan, Seen, Step};
use crate::resource::{Phase, Resource, ResourceId};
use crate::template::Dialect;
use crate::template::render::{Head, resource};
use crate::untrusted::hidden;

/// Lines of both sides beyond which only the size is told.
const MOST: usize = 75_000;

/// What to do with values that must not be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// `(hidden 1)` stands in their place.
    Covered,
    /// They are printed, as omnictl does it.
    Shown,
}

/// All differences of a plan. `now` (RFC 3339, UTC, seconds) stands as the time of what is created.
pub fn text(plan: &Plan, now: &str, secrets: Secrets, colour: bool) -> String {
    let mut steps: Vec<(&Step, Sides<'_>)> =
        plan.steps.iter().filter_map(|s| Some((s, sides(&s.operation)?))).collect();
    steps.sort_by(|a, b| order(a, b));
    let disks = steps.iter().any(|(_, s)| s.id.short_kind() == "MachineInstallDiskConfigs");
    let dialect = Dialect::of_server(plan.omni_version.as_deref(), disks).unwrap_or_default();
    let mut out = String::new();
    let page = Page { dialect, now, secrets, colour };
    for (step, sides) in steps {
        page.one(step, &sides, &mut out);
    }
    out
}

/// Both sides of a change.
struct Sides<'p> {
    id: &'p ResourceId,
    before: Option<&'p Resource>,
    after: Option<&'p Resource>,
}

fn sides(operation: &Operation) -> Option<Sides<'_>> {
    let (before, after) = match operation {
        Operation::Create(after) => (None, Some(after)),
        Operation::Update { before, after } => (Some(before), Some(after)),
        Operation::Teardown { before, .. } => (Some(before), None),
        Operation::Record(_) | Operation::Drop | Operation::Await(_) => return None,
    };
    Some(Sides { id: &before.or(after)?.id, before, after })
}

/// What belongs to no cluster first, then cluster by cluster in omnictl's order: members as the server lists them, by id;
/// what the template alone names in the template's order.
fn order(a: &(&Step, Sides<'_>), b: &(&Step, Sides<'_>)) -> Ordering {
    let rank = |kind: &str| SYNC_ORDER.iter().position(|k| k.short == kind).unwrap_or(SYNC_ORDER.len());
    let key = |(step, sides): &(&Step, Sides<'_>)| {
        let kind = sides.id.short_kind();
        let group = match (sides.before, sides.after) {
            (Some(_), Some(_)) => 0,
            (None, _) => 1,
            (Some(_), None) if matches!(kind, "MachineSets" | "MachineSetNodes") => 2,
            (Some(_), None) => 3,
        };
        let stranger = !step.seen.as_ref().is_some_and(|s| s.member);
        let position = step.position.filter(|_| stranger);
        (
            step.address.cluster_name().map(str::to_owned),
            group,
            rank(kind),
            stranger,
            position,
            sides.id.clone(),
        )
    };
    key(a).cmp(&key(b))
}

/// How everything is printed.
struct Page<'p> {
    dialect: Dialect,
    now: &'p str,
    secrets: Secrets,
    colour: bool,
}

impl Page<'_> {
    fn one(&self, step: &Step, sides: &Sides<'_>, out: &mut String) {
        let (mut before, after) = match self.secrets {
            Secrets::Covered => masked(sides.before, sides.after),
            Secrets::Shown => (sides.before.cloned(), sides.after.cloned()),
        };
        if let (Some(before), Some(after)) = (&mut before, &after) {
            as_wanted(&mut before.labels, &after.labels);
            as_wanted(&mut before.annotations, &after.annotations);
        }
        let print = |r: Option<Resource>, phase: Phase| {
            let head = head(step.seen.as_ref(), self.now, phase);
            r.map_or_else(String::new, |r| resource(self.dialect, &r, &head.as_ref()))
        };
        let phase = step.seen.as_ref().map_or(Phase::Running, |s| s.phase);
        let old = print(before, phase);
        // Only kernel arguments that are released are taken as they are, whatever their phase.
        let new = print(after, if step.action == Action::Release { phase } else { Phase::Running });
        if old == new {
            return;
        }
        let name = |there: bool| if there { sides.id.to_string() } else { "/dev/null".to_owned() };
        let mut line = |style: Style, text: &str| {
            let text: String =
                text.chars().map(|c| if hidden(c) && c != '\t' { '\u{FFFD}' } else { c }).collect();
            let _ = if self.colour && style != Style::new() {
                writeln!(out, "{style}{text}{style:#}")
            } else {
                writeln!(out, "{text}")
            };
        };
        line(Style::new().bold(), &format!("--- {}", name(sides.before.is_some())));
        line(Style::new().bold(), &format!("+++ {}", name(sides.after.is_some())));
        let count = |text: &str| text.bytes().filter(|b| *b == b'\n').count();
        if count(&old) + count(&new) > MOST {
            let size = format!("@@ -1,{} +1,{} @@ diff too large to display", count(&old), count(&new));
            line(unified::place(), &size);
            return;
        }
        unified::draw(&old, &new, line);
    }
}

/// What a server shows as nothing and the template spells `null` counts as that.
fn as_wanted(live: &mut BTreeMap<String, String>, wanted: &BTreeMap<String, String>) {
    for (key, value) in live {
        if let Some(wanted) = wanted.get(key).filter(|w| reads_as_nothing(value, w)) {
            value.clone_from(wanted);
        }
    }
}

/// Owned texts of a [`Head`].
struct Heading {
    version: String,
    phase: &'static str,
    created: String,
    updated: String,
    finalizers: Vec<String>,
}

impl Heading {
    fn as_ref(&self) -> Head<'_> {
        Head {
            version: &self.version,
            phase: self.phase,
            created: &self.created,
            updated: &self.updated,
            finalizers: &self.finalizers,
        }
    }
}

/// What stands above the content. An update takes version, times and finalizers over from what is there, not the phase.
fn head(seen: Option<&Seen>, now: &str, phase: Phase) -> Heading {
    let phase = match phase {
        Phase::TearingDown => "tearingDown",
        Phase::Running => "running",
    };
    match seen {
        Some(seen) => Heading {
            version: seen.version.to_string(),
            phase,
            created: seconds(&seen.created),
            updated: seconds(&seen.updated),
            finalizers: seen.finalizers.clone(),
        },
        None => Heading {
            version: "undefined".to_owned(),
            phase,
            created: now.to_owned(),
            updated: now.to_owned(),
            finalizers: Vec::new(),
        },
    }
}

/// A time as omnictl prints it, without fractions of a second.
fn seconds(time: &str) -> String {
    let whole = time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
    let cut = whole.and_then(|s| jiff::Timestamp::from_second(s).ok());
    cut.map_or_else(|| time.to_owned(), |t| t.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_no_fractions() {
        assert_eq!(seconds("2026-01-02T03:04:05.678Z"), "2026-01-02T03:04:05Z");
        assert_eq!(seconds("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
        assert_eq!(seconds("odd"), "odd");
    }
}
