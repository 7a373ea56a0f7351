//! Words that every renderer uses for the same thing.

use crate::kinds::{Certainty, Effect};
use crate::plan::{Change, Goal};
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
pub(super) fn field_name(change: &Change) -> String {
    let skip = usize::from(
        change.path.len() > 1 && change.path.first().is_some_and(|p| p == "providerdata" || p == "data"),
    );
    safe(&change.path.iter().skip(skip).cloned().collect::<Vec<_>>().join("."))
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
