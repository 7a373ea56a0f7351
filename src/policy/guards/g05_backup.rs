//! G05: something that can cost etcd, without a backup that is young enough.

use std::collections::{BTreeMap, BTreeSet};

use super::losses::{cluster_goes, is_control_plane};
use super::{Guard, View, codes};
use crate::address::Address;
use crate::kinds::Effect;
use crate::live::Observation;
use crate::plan::{Operation, Step, Warning};
use crate::resource::Resource;
use crate::untrusted::Untrusted;
use crate::value::Value;

pub(super) const GUARD: Guard = Guard {
    code: "G05",
    name: "backup-stale",
    built: true,
    when: "The number or the machines of control planes, the version of Talos or of Kubernetes, or the disk encryption of a cluster that runs change, and the last backup of its etcd is older than `policy.etcd_backup_max_age` (24 h where the spec says nothing), there is none, or nobody can tell.",
    does: "Blocks, once for each cluster, where the spec has `policy.etcd_backup_max_age`; warns where it says nothing.",
    lift: "`--acknowledge G05:cluster/NAME`, or an exception of the spec; or a backup.",
    why: "A backup is the only way back when etcd is lost.",
    codes: &[codes::BACKUP_STALE],
    acknowledged: true,
};

/// Seconds that a backup may be old where the spec says nothing.
const MAX_AGE: u64 = 24 * 3600;

/// What to do.
const FIRST: &str = "let Omni take a backup first (by hand, or regularly with `features.backupConfiguration` in the template)";

pub(super) fn find(view: &View<'_>, out: &mut Vec<Warning>) {
    let mut changes: BTreeMap<&str, BTreeSet<&'static str>> = BTreeMap::new();
    for step in &view.plan.steps {
        if let Some(cluster) = step.address.cluster_name().filter(|_| !cluster_goes(view.plan, &step.address))
        {
            let what = risky(step);
            if !what.is_empty() {
                changes.entry(cluster).or_default().extend(what);
            }
        }
    }
    let asked = view.with.settings.etcd_backup_max_age;
    let limit = asked.unwrap_or(MAX_AGE);
    for (cluster, what) in changes.into_iter().filter(|(c, _)| runs(view, c)) {
        let Some((found, why)) = missing(view, cluster, limit) else { continue };
        let address = Address::cluster(cluster);
        let flag = format!("--acknowledge G05:{address}");
        let what: Vec<&str> = what.into_iter().collect();
        out.push(Warning {
            code: codes::BACKUP_STALE.to_owned(),
            message: format!("`{address}` changes {}, and {why}", what.join(" and ")),
            // Who has never asked for backups is told, and not stopped.
            blocks: asked.is_some(),
            help: Some(if asked.is_some() {
                format!("{FIRST}; if it is meant without, say so with `{flag}`")
            } else {
                format!("{FIRST}; with `policy.etcd_backup_max_age` in the spec this is a block")
            }),
            guard: Some(GUARD.code.to_owned()),
            evidence: [("last_backup".to_owned(), found), ("limit".to_owned(), hours(limit))].into(),
            lift: asked.is_some().then_some(flag),
            address: Some(address),
            ..Warning::default()
        });
    }
}

/// What a step changes that a backup should stand behind.
fn risky(step: &Step) -> BTreeSet<&'static str> {
    let mut out = BTreeSet::new();
    if let Operation::Update { before, after } = &step.operation
        && before.id.short_kind() == "Clusters"
    {
        let rows: [(&[&str], &'static str); 3] = [
            (&["talos_version"], "its version of Talos"),
            (&["kubernetes_version"], "its version of Kubernetes"),
            (&["features", "disk_encryption"], "its disk encryption"),
        ];
        for (path, words) in rows {
            if text(before, path) != text(after, path) {
                out.insert(words);
            }
        }
    }
    if is_control_plane(step) {
        let member = step.address.kind() == "node"
            && matches!(step.operation, Operation::Create(_) | Operation::Teardown { .. });
        let size =
            |r: &Resource| ["machine_class", "machine_allocation"].map(|f| text(r, &[f, "machine_count"]));
        let resized =
            matches!(&step.operation, Operation::Update { before, after } if size(before) != size(after));
        let lost = step.affects.iter().any(|a| matches!(a.effect, Effect::Destroy | Effect::Rebuild));
        if member || resized || lost {
            out.insert("its control planes");
        }
    }
    out
}

/// A value as text; what is not there is nothing, as false and zero are on the wire.
fn text(resource: &Resource, path: &[&str]) -> String {
    match resource.spec.at(path) {
        None | Some(Value::Null | Value::Bool(false) | Value::Int(0)) => String::new(),
        Some(value) => value.canonical(),
    }
}

/// Whether there is an etcd already.
fn runs(view: &View<'_>, cluster: &str) -> bool {
    let omni = &view.input.snapshot.omni;
    let there = omni.find("Clusters", cluster).is_some();
    let started = omni.find("ClusterBootstrapStatuses", cluster);
    let started = started.map(|b| b.resource.spec.get("bootstrapped").and_then(Value::as_bool) == Some(true));
    there && started != Some(false)
}

/// What was found in place of a backup that is young enough: for programs, and for people.
fn missing(view: &View<'_>, cluster: &str, limit: u64) -> Option<(String, String)> {
    let failed = |error: &Option<String>| {
        error.as_ref().map_or_else(String::new, |e| {
            format!(" (the last attempt failed: {})", Untrusted::new(e.as_str()).line(160))
        })
    };
    match view.input.snapshot.omni.backup(cluster) {
        Observation::Unknown(reason) => Some((
            "unknown".to_owned(),
            format!("when its etcd was last backed up is not known: {}", Untrusted::new(&reason.0).line(160)),
        )),
        Observation::Absent => {
            Some(("none".to_owned(), "there is no backup of its etcd: none was ever tried".to_owned()))
        }
        Observation::Known(backup) => match (backup.last, backup.shown) {
            (Some(last), _)
                if view.with.now.saturating_sub(last) <= i64::try_from(limit).unwrap_or(i64::MAX) =>
            {
                None
            }
            (Some(_), shown) => {
                let shown = Untrusted::new(shown.unwrap_or_default()).line(40);
                let why = format!(
                    "the last backup of its etcd is of {shown}, more than {} ago{}",
                    hours(limit),
                    failed(&backup.error)
                );
                Some((shown, why))
            }
            (None, _) => {
                Some(("none".to_owned(), format!("there is no backup of its etcd{}", failed(&backup.error))))
            }
        },
    }
}

/// `24h`, `90m`, `45s`.
fn hours(seconds: u64) -> String {
    match seconds {
        s if s > 0 && s.is_multiple_of(3600) => format!("{}h", s / 3600),
        s if s > 0 && s.is_multiple_of(60) => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
