//! Words that every renderer uses for the same thing.

use crate::kinds::{Certainty, Effect};
use crate::plan::{Action, ChangeCause, EtcdVoters, Gate, Goal, Plan, Step, Wave};
use crate::untrusted::Untrusted;

/// One safe line of text that may come from outside. What a sink needs besides is its own escaper's.
pub(super) fn safe(text: &str) -> String {
    Untrusted::new(text).line(2000)
}

/// A number of things.
pub(super) fn count(n: u32, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// The name of a field in the words of its file; the key that holds an embedded text says nothing and is left out.
pub(super) fn field_name(path: &[String]) -> String {
    let skip =
        usize::from(path.len() > 1 && path.first().is_some_and(|p| p == "providerdata" || p == "data"));
    safe(&path.iter().skip(skip).cloned().collect::<Vec<_>>().join("."))
}

/// An effect, and whether it is a prediction.
pub(super) fn effect_words(effect: Effect, certainty: Certainty) -> String {
    match (effect, certainty) {
        (Effect::None | Effect::Unknown, _) | (_, Certainty::Server | Certainty::Derived) => {
            effect.word().to_owned()
        }
        (_, Certainty::Predicted) => format!("{} (predicted)", effect.word()),
    }
}

/// What is waited for.
pub(super) fn goal_words(goal: &Goal) -> String {
    match goal {
        Goal::ClusterUp { cluster, machine_sets, kubernetes, talos, ready } => {
            let machines = machine_sets.values().fold(0u32, |all, n| all.saturating_add(*n));
            let mut text = format!(
                "{}: {} up, Kubernetes v{}, Talos v{}",
                safe(cluster),
                count(machines, "machine"),
                safe(kubernetes),
                safe(talos)
            );
            if !ready {
                text.push_str(" (NotReady until a CNI is installed)");
            }
            text
        }
        Goal::MachinesGone { machine_set, machines } => {
            format!("{}: no more than {} left", safe(machine_set), count(*machines, "machine request"))
        }
    }
}

/// The word of an effect, which is ours, and whether it is a prediction; what is not known is none.
pub(super) fn effect(effect: Effect, certainty: Certainty) -> (&'static str, bool) {
    let predicted = certainty == Certainty::Predicted && !matches!(effect, Effect::None | Effect::Unknown);
    (effect.word(), predicted)
}

/// Who changed a field, where it was not the files alone.
pub(super) fn cause(cause: ChangeCause) -> Option<&'static str> {
    match cause {
        ChangeCause::Files => None,
        ChangeCause::Drift => Some("drift: changed in Omni since the last apply"),
        ChangeCause::Both => Some("drift, and the files changed too"),
    }
}

/// The order in which actions are counted.
pub(super) const COUNTED: [Action; 8] = [
    Action::Adopt,
    Action::Move,
    Action::Create,
    Action::AdoptUpdate,
    Action::Update,
    Action::Release,
    Action::Destroy,
    Action::Forget,
];

/// Whether there is nothing to show but that nothing changes: adoptions, blocks and gaps are something.
pub(super) fn quiet(plan: &Plan) -> bool {
    plan.steps.iter().all(|s| s.action == Action::Await)
        && plan.unknown.is_empty()
        && !plan.warnings.iter().any(|w| w.blocks)
}

/// Whether a step writes nothing but the record.
pub(super) fn record_only(step: &Step) -> bool {
    matches!(step.action, Action::Adopt | Action::Move | Action::Forget)
}

/// The title of a wave, with its phase where it has one.
pub(super) fn wave_title(wave: &Wave) -> String {
    match &wave.phase {
        Some(phase) => format!("{phase}: {}", wave.title),
        None => wave.title.clone(),
    }
}

/// Where a gate stands and what it asks for, behind "gate at the".
pub(super) fn gate_words(gate: &Gate) -> String {
    if gate.criteria.is_empty() {
        return format!("end of phase {}: all of it is done", gate.phase);
    }
    format!("end of phase {}: all of it is done, and {}", gate.phase, gate.criteria.join("; "))
}

/// `talos-prod-01: 3 of 3 voters, lowest 2, quorum 2`
pub(super) fn voters(etcd: &EtcdVoters) -> String {
    let cluster = safe(etcd.cluster.name());
    let mut text = match etcd.healthy {
        Some(healthy) => format!("{cluster}: {healthy} of {}", count(etcd.before, "voter")),
        None => format!("{cluster}: {}, health not seen", count(etcd.before, "voter")),
    };
    if etcd.after != etcd.before {
        text.push_str(&format!(", then {}", etcd.after));
    }
    if let Some(lowest) = etcd.lowest {
        text.push_str(&format!(", lowest {lowest}"));
    }
    text.push_str(&format!(", quorum {}", etcd.quorum));
    if etcd.lowest.is_some_and(|lowest| lowest < etcd.quorum) {
        text.push_str(": etcd stops");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_no_prediction() {
        for (one, certainty) in [
            (Effect::Unknown, Certainty::Predicted),
            (Effect::Reboot, Certainty::Predicted),
            (Effect::Reboot, Certainty::Derived),
        ] {
            let (word, predicted) = effect(one, certainty);
            assert_eq!(
                effect_words(one, certainty),
                format!("{word}{}", if predicted { " (predicted)" } else { "" })
            );
        }
    }
}
