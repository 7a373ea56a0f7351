//! Progress of an apply: a tree that is redrawn on terminals, plain lines that are only appended elsewhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::streams::Streams;
use crate::engine::event::{Ending, Event, Observer};
use crate::plan::{Plan, StepId};
use crate::world::Clock;
use crate::world::real::RealClock;

/// At most one line a minute says that something still runs.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// Shorter durations of steps are not worth a word.
const NOTICED: Duration = Duration::from_millis(50);

/// Shows events to people.
pub(super) struct Progress {
    streams: Streams,
    tree: Option<MultiProgress>,
    /// The run's own time, which jumps in the lab: durations agree with those of the report.
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Wave and its title by step, for the groups of a workflow's log.
    waves: Mutex<BTreeMap<StepId, (u32, String)>>,
}

struct State {
    started: Duration,
    /// Real time, as a reader waits.
    spoke: Instant,
    total: usize,
    ended: usize,
    /// The wave whose group is open.
    wave: u32,
    running: BTreeMap<StepId, Running>,
}

struct Running {
    address: String,
    since: Duration,
    text: String,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A tree where stderr is a terminal, lines elsewhere. `clock` is the one that the run waits on.
    pub(super) fn new(streams: &Streams, clock: Arc<dyn Clock>) -> Self {
        let tree = streams.tree().cloned();
        let state = State {
            started: clock.now(),
            spoke: Instant::now(),
            total: 0,
            ended: 0,
            wave: 0,
            running: BTreeMap::new(),
        };
        Self { streams: streams.clone(), tree, clock, state: Mutex::new(state), waves: Mutex::default() }
    }

    /// Learns the waves of the plan that is carried out.
    pub(super) fn follow(&self, plan: &Plan) {
        let title = |wave: u32| {
            let of = (wave as usize).checked_sub(1).and_then(|at| plan.waves.get(at));
            let title = of.map(|w| match &w.phase {
                Some(phase) => format!("{phase}: {}", w.title),
                None => w.title.clone(),
            });
            format!("wave {wave} of {}: {}", plan.waves.len(), title.unwrap_or_default())
        };
        let waves = plan.steps.iter().map(|s| (s.id, (s.wave, title(s.wave)))).collect();
        *self.waves.lock().unwrap_or_else(PoisonError::into_inner) = waves;
    }

    /// Begins the group of a later wave. Steps of an earlier one that still run speak in it: groups do not overlap.
    fn group(&self, state: &mut State, step: StepId) {
        let waves = self.waves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((wave, title)) = waves.get(&step).filter(|(wave, _)| *wave > state.wave) {
            if state.wave > 0 {
                self.streams.group(None);
            }
            self.streams.group(Some(title));
            state.wave = *wave;
        }
    }

    /// A line that stays.
    fn line(&self, text: &str) {
        match &self.tree {
            Some(tree) => {
                let _ = tree.println(text);
            }
            None => self.streams.say(&format!("{} {text}", time())),
        }
    }

    /// Ends the redrawing, so that what follows is not overwritten.
    pub(super) fn finish(&self) {
        if self.state.lock().unwrap_or_else(PoisonError::into_inner).wave > 0 {
            self.streams.group(None);
        }
        if let Some(tree) = &self.tree {
            let _ = tree.clear();
            // The last line that was printed above the tree has no line end yet.
            self.streams.tell("");
        }
    }

    fn start(&self, state: &mut State, step: StepId, address: &str, word: &str) {
        let now = self.clock.now();
        let bar = self.tree.as_ref().map(|tree| {
            let bar = tree.add(ProgressBar::new_spinner());
            let template = if self.streams.err.ascii {
                "  {prefix}  {took}  {wide_msg}"
            } else {
                "{spinner} {prefix}  {took}  {wide_msg}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                let clock = self.clock.clone();
                let took = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                    let _ = out.write_str(&seconds(clock.now().saturating_sub(now)));
                };
                bar.set_style(style.with_key("took", took));
            }
            bar.set_prefix(format!("{word:<12} {address}"));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if bar.is_none() {
            self.line(&format!("step {address} {word}"));
        }
        state.spoke = Instant::now();
        state
            .running
            .insert(step, Running { address: address.to_owned(), since: now, text: String::new(), bar });
    }

    fn end(&self, state: &mut State, step: StepId, address: &str, ending: &Ending) {
        state.ended += 1;
        let running = state.running.remove(&step);
        let took = running.as_ref().map(|r| self.clock.now().saturating_sub(r.since));
        if let Some(bar) = running.and_then(|r| r.bar) {
            bar.finish_and_clear();
        }
        let took = took.filter(|t| *t >= NOTICED).map_or(String::new(), |t| format!(" in {}", seconds(t)));
        let why = ending.why().map_or(String::new(), |w| format!(": {w}"));
        let text = match &self.tree {
            Some(_) => format!("{:<12} {address}{took}{why}", ending.word()),
            None => format!("step {address} {}{took}{why}", ending.word()),
        };
        if self.streams.quiet && *ending != Ending::Done {
            self.streams.tell(&text);
        }
        self.line(&text);
        state.spoke = Instant::now();
    }

    fn progress(&self, state: &mut State, step: StepId, text: &str) {
        let Some(running) = state.running.get_mut(&step) else { return };
        if running.text != text {
            text.clone_into(&mut running.text);
            if let Some(bar) = &running.bar {
                bar.set_message(text.to_owned());
            }
        }
        if self.tree.is_none() && state.spoke.elapsed() >= HEARTBEAT {
            state.spoke = Instant::now();
            let line = format!(
                "still running ({}): {}: {text}; {} of {} {} ended",
                seconds(self.clock.now().saturating_sub(state.started)),
                running.address,
                state.ended,
                state.total,
                if state.total == 1 { "step" } else { "steps" }
            );
            self.line(&line);
        }
    }
}

impl Observer for Progress {
    fn on(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::RunStarted { run, steps } => {
                state.total = *steps;
                state.started = self.clock.now();
                self.line(&format!("run {run}: {steps} {}", if *steps == 1 { "step" } else { "steps" }));
            }
            Event::StepStarted { step, address, action } => {
                self.group(&mut state, *step);
                self.start(&mut state, *step, &address.to_string(), action.word());
            }
            Event::StepProgress { step, text } => self.progress(&mut state, *step, text),
            Event::StepEnded { step, address, ending } => {
                self.end(&mut state, *step, &address.to_string(), ending);
            }
            Event::Recovered { address, text } => self.line(&format!("earlier run: {address} {text}")),
            Event::Gate { phase, open } if open.is_empty() => {
                self.line(&format!("gate of phase {phase}: open"));
            }
            Event::Gate { phase, open } => {
                self.line(&format!("gate of phase {phase}: closed: {}", open.join("; ")));
            }
            Event::Note(text) => self.line(text),
        }
    }
}

/// UTC time of day.
pub(super) fn time() -> String {
    jiff::Timestamp::from_second(RealClock::new().unix() as i64)
        .map_or_else(|_| "--:--:--".to_owned(), |t| t.strftime("%H:%M:%S").to_string())
}

/// A duration for people.
pub(super) fn seconds(d: Duration) -> String {
    let s = d.as_secs();
    match s {
        0..10 => format!("{:.1}s", d.as_secs_f64()),
        10..60 => format!("{s}s"),
        60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        _ => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        for (ms, want) in [(450, "0.5s"), (12_900, "12s"), (187_000, "3m07s"), (3_780_000, "1h03m")] {
            assert_eq!(seconds(Duration::from_millis(ms)), want);
        }
    }
}
