//! Waiting for a goal: look, say what is in the way, look again, give up in time.

use std::time::Duration;

use super::refresh::{StatusLook, lists};
use super::stop::Stop;
use crate::backend::OmniReader;
use crate::live::Snapshot;
use crate::plan::Goal;
use crate::plan::goal::{GoalState, goal_state, types};
use crate::world::Clock;

/// Before the first look; each further pause is twice as long.
const FIRST: Duration = Duration::from_millis(100);
/// Longest pause between two looks.
const INTERVAL: Duration = Duration::from_secs(2);
/// How long a goal must hold in every look: controllers notice a write only after a moment, so that an old `done` stays
/// for up to 0.4 s, and readiness flickers during rollouts.
const STEADY: Duration = Duration::from_secs(1);
/// How long a failure may last before it is believed: providers try again after a second, and a failed configuration
/// heals by itself within a few.
const PATIENCE: Duration = Duration::from_mins(1);

/// Pauses between looks: short at first, so that what is quick is seen at once, then longer.
pub(super) struct Pauses(Duration);

impl Pauses {
    pub(super) fn new() -> Self {
        Self(FIRST)
    }
}

impl Iterator for Pauses {
    type Item = Duration;
    /// Never ends.
    fn next(&mut self) -> Option<Duration> {
        let pause = self.0;
        self.0 = (pause * 2).min(INTERVAL);
        Some(pause)
    }
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The goal held in several looks in a row; facts for people.
    Reached(Vec<String>),
    /// Somebody failed for good.
    Failed(String),
    /// The deadline came; what was in the way.
    TimedOut(String),
    /// An interrupt came; what was in the way.
    Stopped(String),
}

/// Polls until the goal holds steadily, or the deadline. An interrupt also ends a look that is under way: it only reads.
pub async fn until(
    omni: &dyn OmniReader,
    clock: &dyn Clock,
    stop: &Stop,
    goal: &Goal,
    deadline: Duration,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Waited {
    let start = clock.now();
    let mut reached_since: Option<Duration> = None;
    let mut failing_since: Option<Duration> = None;
    let mut blocker = "nothing was seen yet".to_owned();
    for pause in Pauses::new() {
        if stop.sleep(clock, pause).await {
            break;
        }
        let seen = tokio::select! {
            biased;
            seen = lists(omni, types(goal)) => seen,
            () = stop.wait() => break,
        };
        let now = clock.now();
        let lasts = |since: &mut Option<Duration>| now.saturating_sub(*since.get_or_insert(now));
        match goal_state(goal, &seen) {
            GoalState::Reached(notes) => {
                failing_since = None;
                if lasts(&mut reached_since) >= STEADY {
                    return Waited::Reached(notes);
                }
                "it is up; looking whether it stays so".clone_into(&mut blocker);
                continue;
            }
            GoalState::Waiting(why) => {
                failing_since = None;
                blocker = why;
            }
            GoalState::Failing(why) => {
                if lasts(&mut failing_since) >= PATIENCE {
                    return Waited::Failed(why);
                }
                blocker = why;
            }
        }
        reached_since = None;
        progress(&blocker);
        if now.saturating_sub(start) >= deadline {
            return Waited::TimedOut(blocker);
        }
    }
    Waited::Stopped(blocker)
}

/// How watching a status ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// It was up in every look for a while.
    Up,
    /// The deadline came.
    TimedOut,
    /// An interrupt came.
    Stopped,
}

/// Looks again and again until `judge` says for a while that all is up, or the deadline; the first look (`up`) was before.
/// What is up at the deadline is given the time to prove that it stays so.
pub async fn watch(
    look: &mut StatusLook<'_>,
    stop: &Stop,
    deadline: Duration,
    up: bool,
    judge: &mut (dyn FnMut(&Snapshot) -> bool + Send),
) -> Watched {
    let clock = look.clock();
    let start = clock.now();
    let mut up_since = up.then_some(start);
    for pause in Pauses::new() {
        let left = deadline.saturating_sub(clock.now().saturating_sub(start));
        if up_since.is_none() && left.is_zero() {
            return Watched::TimedOut;
        }
        // The last look is at the deadline itself.
        let pause = if up_since.is_none() { pause.min(left) } else { pause };
        if stop.sleep(clock, pause).await {
            break;
        }
        let seen = tokio::select! {
            biased;
            seen = look.look() => seen,
            () = stop.wait() => break,
        };
        let now = clock.now();
        if !judge(&seen) {
            up_since = None;
        } else if now.saturating_sub(*up_since.get_or_insert(now)) >= STEADY {
            return Watched::Up;
        }
    }
    Watched::Stopped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_a_tenth_of_a_second_to_two_seconds() {
        let first: Vec<u128> = Pauses::new().take(7).map(|p| p.as_millis()).collect();
        assert_eq!(first, [100, 200, 400, 800, 1600, 2000, 2000]);
    }
}
