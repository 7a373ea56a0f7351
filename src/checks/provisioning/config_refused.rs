//! A machine that refuses its configuration.

use super::causes::cause;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{number, raw, said, seconds, span, word};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `machine-config-refused`
pub(super) static RULE: Rule = Rule {
    code: "OS0580",
    name: "machine-config-refused",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "`ClusterMachineStatuses.last_config_error`, `MachineStatuses.last_error`; a failed apply is tried again, so one that is young says nothing",
    stage: Stage::Doctor,
    title: "a machine refuses its configuration",
    means: "Omni could not apply the machine's configuration, and the error has stood for two minutes: the machine goes round in circles, or stays as it is. Well known are node labels that kubelets may not set, and a host name that is set twice.",
    bad: "static hostname is already set in v1alpha1 config",
    good: "no error",
    act: "Correct the patch that the error is about.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| !m.going()) {
        let of_member = machine.member_status.and_then(|s| {
            // 2 is applied: the error is history.
            let stands = number(s, &["config_apply_status"]) != 2;
            Some((raw(s, &["last_config_error"]).filter(|_| stands)?, s))
        });
        // Errors of talking to a machine that is not connected have their own rules.
        let of_machine = machine.machine.filter(|_| machine.connected() == Some(true));
        let of_machine = of_machine.and_then(|s| Some((raw(s, &["last_error"])?, s)));
        let Some((error, from)) = of_member.or(of_machine) else { continue };
        let age = seconds(&from.updated).map(|at| inventory.scene.now.saturating_sub(at));
        if age.is_none_or(|a| a < super::PATIENCE) {
            continue;
        }
        let known = cause(None, error);
        let what = known.as_ref().map_or_else(
            || "it refuses its configuration".to_owned(),
            |c| format!("it refuses its configuration: {}", c.what),
        );
        let mut finding = Finding::new(&RULE, machine.address.clone(), what)
            .fact("error", said(error))
            .fact("stands for", span(age.unwrap_or_default()));
        finding = match known {
            Some(cause) => cause.act.into_iter().fold(finding, Finding::act),
            None => finding
                .act("correct the patch that the error is about; `omni-scale plan` shows what is sent")
                .act(format!(
                    "`omnictl machine-logs {}` shows what the machine says",
                    word(machine.uuid.as_deref().unwrap_or_default())
                )),
        };
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::{World, uuid};

    fn with(error: &str, status: u8) -> World {
        let mut world = World::new();
        world.spec(
            "ClusterMachineStatuses",
            &uuid(1),
            serde_json::json!({"stage": 3, "last_config_error": error, "config_apply_status": status}),
        );
        world
    }

    #[test]
    fn known_and_unknown_errors_are_told() {
        let found = with("static hostname is already set in v1alpha1 config", 3).found(super::check);
        assert!(found[0].cause.contains("patch of an old provider"), "{}", found[0].cause);
        let found =
            with("is not allowed to modify labels: node-role.kubernetes.io/worker", 3).found(super::check);
        assert!(found[0].cause.contains("node label"), "{}", found[0].cause);
        assert_eq!(with("something else", 3).found(super::check)[0].cause, "it refuses its configuration");
    }

    #[test]
    fn young_and_healed_errors_are_not() {
        assert!(World::new().subjects(super::check).is_empty());
        assert!(with("upgrade failed: EOF", 2).subjects(super::check).is_empty());
        let mut world = with("upgrade failed: EOF", 3);
        world.written("ClusterMachineStatuses", &uuid(1), 10);
        assert!(world.subjects(super::check).is_empty());
    }
}
