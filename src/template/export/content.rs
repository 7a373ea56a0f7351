//! Manifests and health checks of a cluster.

use std::collections::BTreeSet;

use super::Fidelity;
use super::collect::Scope;
use super::fields::{Fields, number, text};
use crate::kinds::DurationSpan;
use crate::resource::LiveResource;
use crate::value::Value;
use crate::yaml::Out;

/// Weight of the first manifest; each next one has one more.
const FIRST: usize = 200;

/// Manifests in the order of their ids, which a template makes anew from position and name.
///
/// omnictl takes the annotation `name` for the name, also where the user replaced it. The full form takes the name out of the id,
/// and leaves out what would get another id.
pub(super) fn manifests(scope: &Scope<'_>) -> Vec<Out> {
    if scope.options.fidelity == Fidelity::Omnictl {
        return scope
            .manifests
            .iter()
            .map(|m| manifest(m, m.resource.annotations.get("name").map_or("", String::as_str)))
            .collect();
    }
    let mut named: Vec<(usize, &str, &LiveResource)> = scope
        .manifests
        .iter()
        .filter(|m| mode(m).is_some())
        .filter_map(|m| {
            let (weight, name) = weight_and_name(&m.resource.id.id, &format!("cluster-{}", scope.name))?;
            Some((weight, name, *m))
        })
        .collect();
    named.sort_by_key(|(weight, name, _)| (*weight, *name));
    let mut names = BTreeSet::new();
    let mut out = Vec::new();
    for (weight, name, live) in named {
        if weight == FIRST + out.len() && !name.is_empty() && names.insert(name) {
            out.push(manifest(live, name));
        }
    }
    out
}

fn manifest(live: &LiveResource, name: &str) -> Out {
    let resource = &live.resource;
    let says_name = resource.annotations.get("name").map(String::as_str) == Some(name);
    Fields::default()
        .put("inline", Out::Literal(text(&resource.spec, "data").to_owned()))
        .descriptors(resource, if says_name { &["name"] } else { &[] })
        .put("name", Out::from(name))
        .text("mode", mode(live).unwrap_or_default())
        .out()
}

/// Templates have two modes.
pub(super) fn mode(manifest: &LiveResource) -> Option<&'static str> {
    match number(&manifest.resource.spec, "mode") {
        1 => Some("full"),
        2 => Some("one-time"),
        _ => None,
    }
}

/// Weight and name of an id that a template made: `WWW-PREFIX-NAME`.
pub(super) fn weight_and_name<'a>(id: &'a str, prefix: &str) -> Option<(usize, &'a str)> {
    let (weight, rest) = id.split_once('-')?;
    let name = rest.strip_prefix(prefix)?.strip_prefix('-')?;
    let number: usize = weight.parse().ok()?;
    // `+1` and `0200` are numbers too.
    (format!("{number:03}") == weight).then_some((number, name))
}

/// Health checks under their ids. The full form gives back the name where the id was made from it.
pub(super) fn health_checks(scope: &Scope<'_>) -> Vec<Out> {
    let all = &scope.health_checks.cluster;
    let prefix = format!("cluster-{}-", scope.name);
    let ids: BTreeSet<&str> = all.iter().map(|c| c.resource.id.id.as_str()).collect();
    let name = |id: &'_ str| -> Option<String> {
        let name = id.strip_prefix(&prefix)?;
        let usable = scope.options.fidelity == Fidelity::Full && !name.is_empty() && !ids.contains(name);
        usable.then(|| name.to_owned())
    };
    all.iter().map(|check| health_check(scope, check, name(&check.resource.id.id).as_deref())).collect()
}

fn health_check(scope: &Scope<'_>, live: &LiveResource, name: Option<&str>) -> Out {
    let resource = &live.resource;
    let job = text(&resource.spec, "job");
    let interval = resource
        .spec
        .get("interval")
        .and_then(Value::as_str)
        .and_then(DurationSpan::from_json)
        .filter(|i| *i != DurationSpan::ZERO);
    let job_there = !job.is_empty() || scope.options.fidelity == Fidelity::Full;
    let fields = Fields::default().descriptors(resource, &[]);
    let fields = match name {
        Some(name) => fields.put("name", Out::from(name)),
        None => fields.put("idOverride", Out::from(resource.id.id.as_str())),
    };
    fields
        .maybe("job", job_there.then(|| Out::Literal(job.to_owned())))
        .maybe("interval", interval.map(|i| Out::from(i.to_go().as_str())))
        .out()
}
