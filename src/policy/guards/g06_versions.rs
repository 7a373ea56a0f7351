//! G06: versions that go back, and minor versions that are skipped. What Omni does not offer or never takes is found by the
//! planner.

use super::{Guard, View, codes};
use crate::plan::{Action, Step, Warning};
use crate::untrusted::Untrusted;
use crate::value::Value;

pub(super) const GUARD: Guard = Guard {
    code: "G06",
    name: "version-step",
    built: true,
    when: "Talos or Kubernetes goes back to an older version; Talos skips a minor version and Omni does not list the way as an upgrade; or Omni does not offer the version, or not together with the other; or an extension is not offered for the version.",
    does: "Blocks.",
    lift: "`--acknowledge G06:cluster/NAME` or an exception of the spec, for a step back and a skipped minor of Talos. Nothing for what Omni refuses.",
    why: "Talos and Kubernetes are tested for one minor version at a time and forwards; etcd and machine configurations of a newer version may not be read by an older one.",
    codes: &["OS0415", "OS0528", codes::VERSION_STEP],
    acknowledged: true,
};

pub(super) fn find(view: &View<'_>, out: &mut Vec<Warning>) {
    let updates = view.plan.steps.iter().filter(|s| {
        s.address.kind() == "cluster" && matches!(s.action, Action::Update | Action::AdoptUpdate)
    });
    for step in updates {
        if let Some((from, to)) = versions(step, "talos") {
            talos(view, step, from, to, out);
        }
        if let Some((from, to)) = versions(step, "kubernetes")
            && let (Some(a), Some(b)) = (parts(from), parts(to))
            && b < a
            // Below the minor version Omni refuses it, which the planner says.
            && (a.0, a.1) == (b.0, b.1)
        {
            out.push(finding(
                step,
                format!("Kubernetes of `{}` goes back from {} to {}", step.address, v(from), v(to)),
            ));
        }
    }
}

fn talos(view: &View<'_>, step: &Step, from: &str, to: &str, out: &mut Vec<Warning>) {
    let (Some(a), Some(b)) = (parts(from), parts(to)) else { return };
    if b < a {
        out.push(finding(
            step,
            format!(
                "Talos of `{}` goes back from {} to {}; Omni refuses it below the minor version that the cluster was made with",
                step.address,
                v(from),
                v(to)
            ),
        ));
        return;
    }
    let skips = a.0 != b.0 || b.1 > a.1 + 1;
    let current = view.input.snapshot.omni.find("TalosVersions", from.trim_start_matches('v'));
    let listed = current
        .and_then(|t| t.resource.spec.get("upgradable_talos_versions"))
        .and_then(Value::as_list)
        .unwrap_or_default()
        .iter()
        .any(|t| t.as_str().is_some_and(|t| t.trim_start_matches('v') == to.trim_start_matches('v')));
    if skips && !listed {
        out.push(finding(
            step,
            format!("Talos of `{}` skips a minor version, from {} to {}", step.address, v(from), v(to)),
        ));
    }
}

fn finding(step: &Step, message: String) -> Warning {
    let flag = format!("--acknowledge G06:{}", step.address);
    Warning {
        code: codes::VERSION_STEP.to_owned(),
        address: Some(step.address.clone()),
        message,
        blocks: true,
        help: Some(format!(
            "go forwards, one minor version at a time; if that is meant, say so with `{flag}`"
        )),
        guard: Some(GUARD.code.to_owned()),
        lift: Some(flag),
        ..Warning::default()
    }
}

/// Before and after of one of a cluster's versions, where it changes.
fn versions<'s>(step: &'s Step, of: &str) -> Option<(&'s str, &'s str)> {
    let change = step.changes.iter().find(|c| c.path == [of, "version"])?;
    Some((change.before.as_ref()?.as_str()?, change.after.as_ref()?.as_str()?))
}

fn v(version: &str) -> String {
    format!("v{}", Untrusted::new(version.trim_start_matches('v')).line(40))
}

fn parts(version: &str) -> Option<(u64, u64, u64)> {
    let plain = version.trim_start_matches('v').split(['-', '+']).next()?;
    let mut numbers = plain.split('.').map(str::parse::<u64>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?))
}
