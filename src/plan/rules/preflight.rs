//! What the rules over evidence find, as findings of the plan, and what new machines make of nodes and storages.
//!
//! Of these only what Omni refuses blocks: where machines are made of a class that cannot be made, apply would only wait for
//! them, and the plan says so loudly. A policy may refuse it.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::checks::alike::listed_up_to;
use crate::checks::placement::{Making, Outlook};
use crate::checks::{self, Finding, SetView, Severity, count_of};
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft, Warning};
use crate::resource::ResourceId;

/// What the plan says already in its own words: a Proxmox cluster without credentials or with refused ones, a provider that is
/// away.
const SAID: [&str; 3] = ["credentials-missing", "credentials-refused", "provider-not-connected"];
/// The rule about clusters that one node takes down.
const ONE_NODE: &str = "single-node-loss";
/// The rule about extensions that Omni does not offer: it refuses lists with them (guard G06).
const NO_EXTENSION: &str = "extension-not-offered";
/// The rule about keys that the provider passes over.
const UNREAD_KEY: &str = "provider-schema";
/// Subjects of one finding that are named before the rest is counted.
const NAMED: usize = 3;

/// What there is to find, and the outlook.
pub(in crate::plan) fn ahead(scene: &Scene<'_>, drafts: &[Draft<'_>]) -> (Vec<Warning>, Outlook) {
    if scene.input.desired.removal.is_some() {
        return (Vec::new(), Outlook::default());
    }
    let seen =
        checks::Scene::new(scene.snapshot(), scene.input.desired, scene.input.options.now.unwrap_or(0));
    let going = drafts.iter().flat_map(|d| &d.lost).filter_map(|l| l.machine.as_deref()).collect();
    let making = Making { counts: counts(scene, &seen.sets, drafts), going };
    let (findings, mut outlook) = checks::preflight::ahead(&seen, &making);
    let makes: BTreeSet<&str> = outlook.machines.iter().filter_map(|b| b.set.cluster_name()).collect();
    let touched: BTreeSet<&Address> = drafts
        .iter()
        .filter(|d| matches!(d.action, Action::Adopt | Action::AdoptUpdate | Action::Update))
        .map(|d| &d.address)
        .collect();
    let concerned = |cluster: &Address| {
        let planes = cluster.child("machineset", "control-planes");
        makes.contains(cluster.name()) || touched.contains(cluster) || touched.contains(&planes)
    };
    let quiet = outlook.is_empty();
    let refused = super::provider_schema::refused(scene, drafts);
    let findings = findings
        .into_iter()
        .filter(|f| !SAID.contains(&f.rule.name))
        .filter(|f| f.severity < Severity::Info || !quiet)
        .filter(|f| f.rule.name != UNREAD_KEY || !refused.contains(&f.subject))
        .filter(|f| f.rule.name != ONE_NODE || concerned(&f.subject))
        .filter(|f| concerns(scene, drafts, &f.subject))
        .collect();
    let refused = |f: &Finding| f.rule.name == NO_EXTENSION && lists_change(drafts, &f.subject);
    let warnings = grouped(findings, &outlook, refused);
    outlook.clusters.retain(|c| makes.contains(c.cluster.name()));
    if outlook.is_empty() {
        outlook = Outlook::default();
    }
    (warnings, outlook)
}

/// Of a part of the whole: sets without a step stay as they are.
fn counts<'s>(
    scene: &Scene<'_>,
    sets: &'s [SetView],
    drafts: &[Draft<'_>],
) -> BTreeMap<&'s Address, Option<u32>> {
    if scene.selection().is_none() {
        return BTreeMap::new();
    }
    let planned: BTreeSet<&Address> = drafts.iter().map(|d| &d.address).collect();
    let still = sets.iter().filter(|s| !planned.contains(&s.address) && !scene.takes(&s.address));
    let live = |set: &SetView| scene.live(&ResourceId::default_ns("MachineSets", &set.id));
    still.map(|s| (&s.address, live(s).and_then(|l| count_of(&l.resource)))).collect()
}

/// Whether a plan writes a cluster's lists of extensions, or its version, for which they must hold.
fn lists_change(drafts: &[Draft<'_>], cluster: &Address) -> bool {
    drafts.iter().filter(|d| d.action.is_change() && cluster.contains(&d.address)).any(|d| match d.kind() {
        "ExtensionsConfigurations" => d.wanted.is_some(),
        "Clusters" => d.changes.iter().any(|c| c.path == ["talos", "version"]),
        _ => false,
    })
}

/// Whether a finding belongs into the plan: what is wrong with Proxmox belongs into every one.
fn concerns(scene: &Scene<'_>, drafts: &[Draft<'_>], subject: &Address) -> bool {
    scene.selection().is_none()
        || !matches!(subject.kind(), "class" | "cluster")
        || scene.takes(subject)
        || drafts.iter().any(|d| subject.contains(&d.address))
}

/// Findings of one cause are one warning, however many classes it concerns.
fn grouped(findings: Vec<Finding>, outlook: &Outlook, refused: impl Fn(&Finding) -> bool) -> Vec<Warning> {
    type Key = (&'static str, Severity, String, Vec<String>, bool);
    let mut groups: BTreeMap<Key, Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        let refused = refused(&finding);
        let key = (finding.rule.code, finding.severity, finding.cause.clone(), finding.act.clone(), refused);
        groups.entry(key).or_default().push(finding);
    }
    let mut by_class: BTreeMap<&str, u32> = BTreeMap::new();
    for batch in &outlook.machines {
        *by_class.entry(&batch.class).or_default() += batch.count;
    }
    let all = groups.into_iter().filter_map(|((.., refused), group)| {
        let mut told = warning(&group, &by_class)?;
        if refused {
            told.guard = Some("G06".to_owned());
            told.blocks = true;
        }
        Some(told)
    });
    all.collect()
}

fn warning(group: &[Finding], by_class: &BTreeMap<&str, u32>) -> Option<Warning> {
    let first = group.first()?;
    let subjects: Vec<String> = group.iter().map(|f| format!("`{}`", f.subject)).collect();
    let who = listed_up_to(&subjects, NAMED);
    let classes = group.iter().filter(|f| f.subject.kind() == "class");
    let doomed: u32 = classes.filter_map(|f| by_class.get(f.subject.name())).sum();
    let loudly = match doomed {
        _ if first.severity > Severity::Error => String::new(),
        0 => String::new(),
        1 => "; 1 new machine of this plan will not come up".to_owned(),
        n => format!("; {n} new machines of this plan will not come up"),
    };
    let mut evidence: BTreeMap<String, String> =
        first.evidence.iter().map(|f| (f.what.clone(), f.value.clone())).collect();
    if group.len() > 1 {
        let all: Vec<String> = group.iter().map(|f| f.subject.to_string()).collect();
        evidence.insert("subjects".to_owned(), all.join(", "));
    }
    Some(Warning {
        code: first.rule.code.to_owned(),
        address: Some(first.subject.clone()),
        message: format!("{who}: {}{loudly}", first.cause),
        help: (!first.act.is_empty()).then(|| first.act.join("; ")),
        info: first.severity == Severity::Info,
        evidence,
        ..Warning::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::by_name;

    fn finding(class: &str, name: &str) -> Finding {
        Finding::new(by_name(name).unwrap(), Address::class(class), "it is so").fact("a", "b").act("do this")
    }

    #[test]
    fn one_cause_is_one_warning_however_many_classes_it_concerns() {
        let all = (0..1000).map(|i| finding(&format!("c{i:03}"), "storage-not-on-node")).collect();
        let warnings = grouped(all, &Outlook::default(), |_| false);
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].message, "`class/c000`, `class/c001`, `class/c002` and 997 more: it is so");
        assert!(!warnings[0].blocks);
        assert!(warnings[0].evidence["subjects"].ends_with("class/c999"));
        let two = vec![finding("a", "storage-not-on-node"), finding("b", "storage-not-on-node")];
        assert_eq!(
            grouped(two, &Outlook::default(), |_| false)[0].message,
            "`class/a` and `class/b`: it is so"
        );
        let others = vec![finding("a", "storage-not-on-node"), finding("a", "storage-inactive")];
        assert_eq!(grouped(others, &Outlook::default(), |_| false).len(), 2);
    }

    #[test]
    fn machines_that_will_not_come_up_are_counted() {
        let batch = crate::checks::placement::Batch {
            set: "cluster/c/machineset/workers".parse().unwrap(),
            class: "a".to_owned(),
            proxmox: None,
            count: 3,
            memory: 0,
            pinned: None,
            fate: crate::checks::placement::Fate::Unknown,
            node: None,
            why: None,
            failure: None,
        };
        let outlook = Outlook { machines: vec![batch], ..Outlook::default() };
        let said = |finding: Finding| grouped(vec![finding], &outlook, |_| false)[0].message.clone();
        assert!(
            said(finding("a", "storage-not-on-node"))
                .ends_with("3 new machines of this plan will not come up")
        );
        assert_eq!(said(finding("b", "storage-not-on-node")), "`class/b`: it is so");
        assert_eq!(said(finding("a", "provider-schema")), "`class/a`: it is so");
    }
}
