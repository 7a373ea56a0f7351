//! The review of a plan at the command line: what was allowed by hand, and who could be asked.

use clap::Args;

use super::exit::Exit;
use super::fail::Fail;
use super::repository::Repository;
use super::review::{bound, policies};
use crate::plan::{Plan, PlanInput, Warning};
use crate::policy::{
    Circumstances, Override, OverrideError, ReviewError, Settings, kept, lift_loosened, review, second,
};
use crate::world::Clock as _;
use crate::world::real::RealClock;

/// What somebody allows by hand; always of one thing at one address.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Guards")]
pub struct Overrides {
    /// Allow what a guard blocks, in the words that its message prints: `destroy:cluster/dev`,
    /// `threshold:cluster/dev=2`; may be repeated. One that lifts nothing is an error
    #[arg(long, value_name = "KIND:ADDRESS")]
    pub allow: Vec<String>,
    /// Acknowledge a guard at an address, as its message prints it: `G06:cluster/dev`; may be repeated
    #[arg(long, value_name = "GUARD:ADDRESS")]
    pub acknowledge: Vec<String>,
}

impl Overrides {
    /// What was given, checked for its form before anything is read from servers.
    pub(super) fn given(&self) -> Result<Vec<Override>, Fail> {
        let wrong = |flag: &str, text: &str, why: &OverrideError| {
            Fail::new(Exit::Usage, format!("`{flag} {text}`: {why}"))
                .help("the message of a guard prints the exact words that lift it; `omni-scale explain G01` says more")
        };
        let allowed = self.allow.iter().map(|t| Override::allow(t).map_err(|why| wrong("--allow", t, &why)));
        let acknowledged = self
            .acknowledge
            .iter()
            .map(|t| Override::acknowledge(t).map_err(|why| wrong("--acknowledge", t, &why)));
        allowed.chain(acknowledged).collect()
    }
}

/// Whether this is a pipeline.
pub(super) fn is_pipeline() -> bool {
    std::env::var("CI").is_ok_and(|v| !v.is_empty() && v != "false" && v != "0")
}

/// Lets guards and the spec's policy speak about a plan, lifts what is allowed, and has it checked a second time.
pub(super) fn reviewed(
    plan: &mut Plan,
    repository: &Repository,
    input: &PlanInput<'_>,
    overrides: &[Override],
) -> Result<(), Fail> {
    let with = Circumstances {
        now: RealClock::new().unix() as i64,
        ci: is_pipeline(),
        settings: Settings::of(repository.policy(), &repository.sources),
        overrides: overrides.to_vec(),
        now_kept: Some(kept(repository.spec())),
    };
    review(plan, input, &with, Vec::new()).map_err(refused)?;
    // Rules may look at what the guards said.
    policies(repository, plan, with.now);
    if let (Some(before), Some(now)) = (input.record.and_then(|r| r.policy.as_ref()), &with.now_kept) {
        bound(repository, plan, before, now);
    }
    let idle: Vec<String> = lift_loosened(plan, overrides).iter().map(ToString::to_string).collect();
    if idle.is_empty() {
        Ok(())
    } else {
        Err(refused(ReviewError::Unused { flags: idle, asked: Vec::new() }))
    }
}

/// Has a plan that nobody reviews checked a second time: what a command proves with it would be worth nothing otherwise.
pub(super) fn checked(plan: Plan, input: &PlanInput<'_>) -> Result<Plan, Fail> {
    let notes = second::unreviewed(&plan, input);
    if notes.is_empty() { Ok(plan) } else { Err(refused(ReviewError::Contradiction(notes))) }
}

/// A review that does not end in a plan.
fn refused(e: ReviewError) -> Fail {
    let message = e.to_string();
    match e {
        ReviewError::Unused { .. } => Fail::new(Exit::Usage, message)
            .help("leave it out; what is allowed by hand is allowed for one plan, not for ever"),
        ReviewError::Contradiction(_) => {
            Fail::new(Exit::Bug, message).help("this is a bug of omni-scale; nothing was sent")
        }
    }
}

/// What blocks, by guard or code, and what lifts it: message and help.
pub(super) fn blocked(blocks: &[&Warning]) -> (String, String) {
    let name = |w: &&Warning| {
        let code = w.guard.as_ref().or(w.rule.as_ref()).unwrap_or(&w.code);
        w.address.as_ref().map_or_else(|| code.clone(), |a| format!("{code} `{a}`"))
    };
    let mut names: Vec<String> = blocks.iter().map(name).collect();
    names.dedup();
    let noun = if blocks.len() == 1 { "block" } else { "blocks" };
    let message = format!("the plan has {} {noun}, so it is not applied: {}", blocks.len(), names.join(", "));
    let mut flags: Vec<&str> =
        blocks.iter().filter_map(|w| w.lift.as_deref()).filter(|l| l.starts_with("--")).collect();
    flags.sort_unstable();
    flags.dedup();
    let fixed = blocks.iter().filter(|w| !w.lift.as_deref().is_some_and(|l| l.starts_with("--"))).count();
    let help = match (flags.is_empty(), fixed) {
        (true, _) => "nothing was changed; no flag lifts this: see the help of each".to_owned(),
        (false, 0) => format!("nothing was changed; if all of that is meant: {}", flags.join(" ")),
        (false, _) => format!(
            "nothing was changed; {} lifts a part of it, for the rest see the help of each",
            flags.join(" ")
        ),
    };
    (message, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_contradicts_itself_is_a_bug_of_ours() {
        let fail =
            refused(ReviewError::Contradiction(vec!["the totals say 2 create, and there are 1".into()]));
        assert_eq!(fail.exit, Exit::Bug);
        let said = format!("{fail:?}");
        for words in ["the plan contradicts itself: the totals say 2 create", "nothing was sent"] {
            assert!(said.contains(words), "{said}");
        }
    }
}
