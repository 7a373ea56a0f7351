//! A request whose failure is told: by the newer providers in Omni, by the older ones in their log.

use super::causes::cause;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{number, raw, said, shown, time};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `request-failed`
pub(super) static RULE: Rule = Rule {
    code: "OS0577",
    name: "request-failed",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "`MachineRequestStatuses.error` of newer providers; `machine provision failed` in the log of all",
    stage: Stage::Doctor,
    title: "a machine cannot be made",
    means: "The provider says why it cannot make this machine. Its provider data was copied into the request when that was made: correcting the class helps only requests that are made afterwards.",
    bad: "error: failed to pick the disk: no matches for the condition \"name == \\\"nope\\\"\"",
    good: "no error",
    act: "Mend the cause; where it lies in the class, make the request anew: scale the set up by one and down again.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| m.request.is_some() && !m.provisioned() && !m.going())
    {
        let story = inventory.logs.and_then(|l| l.of(machine.id));
        let logged = story.and_then(|s| s.failure.as_ref());
        let told = machine
            .status
            .filter(|s| number(s, &["stage"]) == 3)
            .and_then(|s| raw(s, &["error"]))
            .or_else(|| {
                machine.cluster_status.filter(|s| number(s, &["stage"]) == 5).and_then(|s| raw(s, &["error"]))
            });
        let step = logged.and_then(|f| f.step.as_deref());
        let Some(error) = told.or(logged.map(|f| f.error.as_str())) else { continue };
        // The status of newer providers names the step at which it failed.
        let named = machine.status.and_then(|s| raw(s, &["status"])).and_then(|t| t.split('"').nth(1));
        let step = step.or(if told.is_some() { named } else { None });
        let cause = cause(step, error);
        let what = cause.as_ref().map_or_else(
            || format!("the provider cannot make it: {}", said(error)),
            |c| format!("the provider cannot make it: {}", c.what),
        );
        let mut finding = Finding::new(&RULE, machine.address.clone(), what).fact("error", said(error));
        if let Some(step) = step {
            finding = finding.fact("step", shown(step));
        }
        if let Some(failure) = logged {
            if let Some(at) = failure.at {
                finding = finding.fact("last seen in the log", time(at));
            }
            if failure.times > 1 {
                finding = finding.fact("times in the log", failure.times.to_string());
            }
        }
        let record = machine.record.as_ref();
        let upid = match step {
            Some("startVM") => record.and_then(|r| r.vm_start_task),
            _ => record.and_then(|r| r.vm_create_task),
        };
        if let Some(upid) = upid.filter(|_| error == "stopped") {
            finding = finding.fact("task", shown(upid)).act(format!(
                "`pvenode task log {}` on node {}",
                shown(upid),
                shown(record.and_then(|r| r.node).unwrap_or("NODE"))
            ));
        }
        finding = match cause {
            Some(cause) => {
                let cost = !cause.heals;
                let finding = cause.act.into_iter().fold(finding, Finding::act);
                if cost { finding.cost("nothing is lost: the machine was never made") } else { finding }
            }
            None => finding.act("the text is the provider's own; it tries again every minute"),
        };
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::checks::logs::Logs;

    const ID: &str = "c-workers-bbbbb2";

    fn making(spec: serde_json::Value) -> World {
        let mut world = World::new();
        world.spec("MachineRequestStatuses", ID, spec);
        world
    }

    #[test]
    fn the_error_in_omni_is_told_with_its_cause() {
        let error = "failed to pick the disk: no matches for the condition \"name == \\\"x\\\"\"";
        let mut world = making(
            serde_json::json!({"stage": 3, "error": error, "status": "Running Step: \"syncVM\" (4/5)"}),
        );
        let found = world.found(super::check);
        assert!(found[0].cause.contains("true for no storage"), "{}", found[0].cause);
        assert!(found[0].act[1].contains("scale its set up by one"), "{:?}", found[0].act);
    }

    #[test]
    fn the_log_tells_what_older_providers_do_not() {
        let mut world =
            making(serde_json::json!({"stage": 1, "status": "Running Step: \"uploadISO\" (3/5)"}));
        assert!(world.subjects(super::check).is_empty());
        world.logs = Some(Logs::read(&format!(
            "{{\"msg\":\"machine provision failed\",\"ts\":1772323100,\"id\":\"{ID}\",\"step\":\"syncVM\",\"error\":\"not authorized to access endpoint\"}}"
        )));
        let found = world.found(super::check);
        assert!(found[0].cause.contains("VM.Config.HWType"), "{}", found[0].cause);
    }

    #[test]
    fn a_machine_that_is_made_has_no_failure_and_hostile_text_is_harmless() {
        assert!(World::new().subjects(super::check).is_empty());
        let mut world = making(serde_json::json!({"stage": 3, "error": "\u{1b}[2J::error::x\n\u{202e}"}));
        let found = world.found(super::check);
        assert!(!found[0].cause.chars().any(crate::untrusted::hidden), "{:?}", found[0].cause);
    }
}
