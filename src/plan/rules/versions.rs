//! Versions that Omni would refuse, by the lists that it publishes: what it does not offer, Kubernetes versions that do not
//! fit the Talos version, skipped and lowered Kubernetes minors.

use super::codes;
use crate::plan::scene::{Readable, Scene};
use crate::plan::{Action, Draft, Warning};
use crate::resource::Resource;
use crate::value::Value;

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    let offered = scene.snapshot().omni.list("TalosVersions");
    for draft in
        drafts.iter().filter(|d| d.kind() == "Clusters" && d.wanted.is_some() && d.action.is_change())
    {
        let Some(wanted) = draft.wanted else { continue };
        let version =
            |r: &Resource, key: &str| r.spec.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (talos, kubernetes) = (version(wanted, "talos_version"), version(wanted, "kubernetes_version"));
        let before = draft
            .live
            .map(|l| (version(&l.resource, "talos_version"), version(&l.resource, "kubernetes_version")));
        let unchanged = before.as_ref().is_some_and(|(t, k)| *t == talos && *k == kubernetes);
        if unchanged {
            continue;
        }
        let mut refuse = |message: String, help: String| {
            out.push(Warning {
                code: codes::VERSION.to_owned(),
                guard: Some("G06".to_owned()),
                address: Some(draft.address.clone()),
                message,
                blocks: draft.action != Action::Adopt,
                help: Some(help),
                ..Warning::default()
            });
        };
        // An empty list right after Omni's start proves nothing.
        if scene.readable("TalosVersions") == Readable::Yes && !offered.is_empty() {
            match offered.iter().find(|v| v.resource.id.id == talos) {
                None => {
                    let near = newest(offered.iter().map(|v| v.resource.id.id.as_str()), &talos);
                    refuse(
                        format!("this Omni does not offer Talos v{talos}"),
                        near.map_or_else(
                            || "choose a version that it offers".to_owned(),
                            |n| format!("the newest it offers of that minor is v{n}"),
                        ),
                    );
                }
                Some(offer) => {
                    let fits = offer
                        .resource
                        .spec
                        .get("compatible_kubernetes_versions")
                        .and_then(Value::as_list)
                        .unwrap_or_default();
                    if !fits.iter().any(|v| v.as_str() == Some(kubernetes.as_str())) {
                        let near = newest(fits.iter().filter_map(Value::as_str), &kubernetes);
                        refuse(
                            format!("this Omni does not offer Kubernetes v{kubernetes} with Talos v{talos}"),
                            near.map_or_else(
                                || "choose versions that fit each other".to_owned(),
                                |n| format!("the newest it offers of that minor is v{n}"),
                            ),
                        );
                    }
                }
            }
        }
        if let Some((_, old)) = before
            && let (Some(from), Some(to)) = (parts(&old), parts(&kubernetes))
        {
            if (to.0, to.1) < (from.0, from.1) {
                refuse(
                    format!("Kubernetes cannot go back from v{old} to v{kubernetes}"),
                    "stay on the minor version or go on to the next".to_owned(),
                );
            } else if to.0 != from.0 || to.1 > from.1 + 1 {
                refuse(
                    format!("Kubernetes goes from v{old} to v{kubernetes} only one minor version at a time"),
                    format!("go to {}.{} first", from.0, from.1 + 1),
                );
            }
        }
    }
}

fn parts(version: &str) -> Option<(u64, u64, u64)> {
    let mut numbers = version.split(['-', '+']).next()?.split('.').map(str::parse::<u64>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn newest<'v>(offered: impl Iterator<Item = &'v str>, wanted: &str) -> Option<String> {
    let minor = parts(wanted).map(|p| (p.0, p.1))?;
    offered
        .filter(|v| !v.contains('-'))
        .filter_map(|v| Some((parts(v)?, v)))
        .filter(|(p, _)| (p.0, p.1) == minor)
        .max()
        .map(|(_, v)| crate::untrusted::Untrusted::new(v).line(40))
}
