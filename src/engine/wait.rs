//! Waiting for a goal: look, say what is in the way, look again, give up in time.

use std::time::Duration;

use super::goal::{GoalState, goal_state, types};
use super::refresh::lists;
use super::stop::Stop;
use crate::backend::OmniReader;
use crate::plan::Goal;
use crate::world::Clock;

/// Between two looks.
pub const INTERVAL: Duration = Duration::from_secs(2);
/// Before the first look, so that controllers have noticed the write: an old `done` stays for up to 0.4 s.
const FIRST: Duration = Duration::from_secs(1);
/// How long a failure may last before it is believed: providers try again after a second, and a failed configuration
/// heals by itself within a few.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The goal was seen twice in a row; facts for people.
    Reached(Vec<String>),
    /// Somebody failed for good.
    Failed(String),
    /// The deadline came; what was in the way.
    TimedOut(String),
    /// An interrupt came; what was in the way.
    Stopped(String),
}

/// Polls until the goal holds in two looks in a row (readiness flickers during rollouts), or the deadline.
pub async fn until(
    omni: &dyn OmniReader,
    clock: &dyn Clock,
    stop: &Stop,
    goal: &Goal,
    deadline: Duration,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Waited {
    let start = clock.now();
    let mut seen_once = false;
    let mut failing_since: Option<Duration> = None;
    let mut blocker = "the first look".to_owned();
    let mut pause = FIRST;
    loop {
        if stop.sleep(clock, pause).await {
            return Waited::Stopped(blocker);
        }
        pause = INTERVAL;
        let state = goal_state(goal, &lists(omni, types(goal)).await);
        let now = clock.now();
        match state {
            GoalState::Reached(notes) if seen_once => return Waited::Reached(notes),
            GoalState::Reached(_) => {
                seen_once = true;
                failing_since = None;
                "a second look".clone_into(&mut blocker);
                continue;
            }
            GoalState::Waiting(why) => {
                failing_since = None;
                blocker = why;
            }
            GoalState::Failing(why) => {
                if now.saturating_sub(*failing_since.get_or_insert(now)) >= PATIENCE {
                    return Waited::Failed(why);
                }
                blocker = why;
            }
        }
        seen_once = false;
        progress(&blocker);
        if now.saturating_sub(start) >= deadline {
            return Waited::TimedOut(blocker);
        }
    }
}
