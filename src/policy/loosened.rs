//! What a change of the spec loosens, by what the last apply took in. The spec lies in the repository that a change edits, so
//! a change could switch off what speaks against it: until an apply has taken it in, plans are judged by the stricter of both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cel::{Documents, Shape, compile, evaluate};
use super::circumstances::Settings;
use super::codes;
use super::document::{NAMES, STEP_NAMES};
use super::overrides::Override;
use crate::address::Glob;
use crate::graph::Prune;
use crate::plan::{Action, Plan, PlanInput, Warning};
use crate::spec::{self, Excepted, RuleSeverity, Spec, Thresholds, Together};
use crate::state::model::{KeptException, KeptGate, KeptPolicy, KeptRule};
use crate::untrusted::Untrusted;

/// What the record keeps of a spec.
pub fn kept(spec: &Spec) -> KeptPolicy {
    let policy = spec.policy.as_ref();
    let severity = |s: RuleSeverity| match s {
        RuleSeverity::Deny => "deny",
        RuleSeverity::Warn => "warn",
        RuleSeverity::Info => "info",
    };
    KeptPolicy {
        thresholds: policy.map(|p| p.thresholds).unwrap_or_default(),
        together: policy.and_then(|p| p.together).map(|t| word(t).to_owned()),
        etcd_backup_max_age: policy.and_then(|p| p.etcd_backup_max_age),
        stateful: policy.into_iter().flat_map(|p| &p.stateful).cloned().collect(),
        exceptions: policy
            .into_iter()
            .flat_map(|p| &p.exceptions)
            .map(|e| KeptException {
                of: match &e.of {
                    Excepted::Guard(code) => code.clone(),
                    Excepted::Rule(name) => format!("rule {name}"),
                },
                address: e.address.clone(),
                until: e.expires_unix,
            })
            .collect(),
        rules: spec
            .rules
            .iter()
            .map(|r| {
                let kept = KeptRule {
                    severity: severity(r.severity).to_owned(),
                    assert: r.assert.text().to_owned(),
                    applies_to: r.applies_to.clone(),
                };
                (r.name.clone(), kept)
            })
            .collect(),
        decisions: spec
            .locked_decisions
            .iter()
            .map(|d| (d.key.clone(), d.assert.text().to_owned()))
            .collect(),
        gates: spec
            .phases
            .iter()
            .map(|p| {
                let checks = p.criteria.iter().filter_map(|c| Some(c.check.as_ref()?.text().to_owned()));
                let resources = p.resources.iter().map(|r| r.glob.clone());
                (p.key.clone(), KeptGate { resources: resources.collect(), checks: checks.collect() })
            })
            .collect(),
        protect: globs(spec, |l| &l.protect),
        retain: globs(spec, |l| &l.retain),
        prune_like_sync: spec.clusters.prune == spec::Prune::Template,
    }
}

fn globs(spec: &Spec, of: fn(&spec::Lifecycle) -> &Vec<spec::Pattern>) -> BTreeSet<Glob> {
    spec.lifecycle.iter().flat_map(of).map(|p| p.glob.clone()).collect()
}

fn word(together: Together) -> &'static str {
    match together {
        Together::Split => "split",
        Together::Allow => "allow",
    }
}

/// One option that is looser than it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Loosening {
    /// Its path in the spec: `policy.thresholds.destroy`.
    pub(super) option: String,
    /// From what to what.
    pub(super) how: String,
    /// What follows for plans until an apply has taken it in.
    pub(super) until_then: &'static str,
}

const STRICTER: &str = "until an apply has taken that in, plans are judged by the stricter of both";
const BOTH: &str = "until an apply has taken that in, plans are judged by the old condition too";
const SHOWN: &str = "it lifts at once, and every plan shows what it lifts, whose it is, why and until when";
const KEEPS: &str = "until an apply has taken that in, nothing that it held is let go";
const GATE: &str = "apply goes by the phases that the files have now";

/// Everything that `now` leaves looser than `before`, in a fixed order.
pub(super) fn loosened(before: &KeptPolicy, now: &KeptPolicy) -> Vec<Loosening> {
    let mut out = Vec::new();
    let mut say = |option: String, how: String, until_then: &'static str| {
        out.push(Loosening { option, how, until_then });
    };
    for (name, of) in THRESHOLDS {
        let (was, is) = (of(&before.thresholds), of(&now.thresholds));
        if is > was {
            say(format!("policy.thresholds.{name}"), format!("{was} -> {is}"), STRICTER);
        }
    }
    if strictness(now.together.as_deref()) < strictness(before.together.as_deref()) {
        let shown = |t: &Option<String>| t.clone().unwrap_or_else(|| "not set".to_owned());
        let how = format!("{} -> {}", shown(&before.together), shown(&now.together));
        say("policy.versions.together".to_owned(), how, STRICTER);
    }
    // Nothing said is the loosest: the guard then only warns.
    let age = |p: &KeptPolicy| p.etcd_backup_max_age.unwrap_or(u64::MAX);
    if age(now) > age(before) {
        let how = format!("{} -> {}", hours(before.etcd_backup_max_age), hours(now.etcd_backup_max_age));
        say("policy.etcd_backup_max_age".to_owned(), how, STRICTER);
    }
    for glob in before.stateful.difference(&now.stateful) {
        say("policy.stateful".to_owned(), format!("`{glob}` taken out"), STRICTER);
    }
    for exception in &now.exceptions {
        let same = |e: &&KeptException| e.of == exception.of && e.address == exception.address;
        let how = match before.exceptions.iter().filter(same).map(|e| e.until).max() {
            None => "added",
            Some(until) if until < exception.until => "longer than before",
            Some(_) => continue,
        };
        let option = format!("policy.exceptions of {} at {}", exception.of, exception.address);
        say(option, how.to_owned(), SHOWN);
    }
    for (name, rule) in &before.rules {
        let option = format!("policy.rules.{name}");
        match now.rules.get(name) {
            None => say(option, "taken out".to_owned(), BOTH),
            Some(is) if weight(&is.severity) < weight(&rule.severity) => {
                say(option, format!("severity {} -> {}", rule.severity, is.severity), BOTH);
            }
            Some(is) if is.assert != rule.assert => say(option, "another condition".to_owned(), BOTH),
            Some(is) if is.applies_to != rule.applies_to => {
                say(option, "it applies to other steps".to_owned(), BOTH);
            }
            Some(_) => {}
        }
    }
    for (key, assert) in &before.decisions {
        let option = format!("locked_decisions.{key}.assert");
        match now.decisions.get(key) {
            None => say(option, "taken out".to_owned(), BOTH),
            Some(is) if is != assert => say(option, "another condition".to_owned(), BOTH),
            Some(_) => {}
        }
    }
    for (key, gate) in &before.gates {
        let Some(is) = now.gates.get(key) else {
            say(format!("phases.{key}"), "taken out".to_owned(), GATE);
            continue;
        };
        let gone = gate.checks.difference(&is.checks).count();
        if gone > 0 {
            let how = format!("{gone} of {} checks taken out or changed", gate.checks.len());
            say(format!("phases.{key}.exit_criteria"), how, GATE);
        }
        for glob in gate.resources.difference(&is.resources) {
            say(format!("phases.{key}.resources"), format!("`{glob}` taken out"), GATE);
        }
    }
    for (name, was, is) in
        [("protect", &before.protect, &now.protect), ("retain", &before.retain, &now.retain)]
    {
        for glob in was.difference(is) {
            say(format!("lifecycle.{name}"), format!("`{glob}` taken out"), KEEPS);
        }
    }
    if now.prune_like_sync && !before.prune_like_sync {
        say("clusters.prune".to_owned(), "record -> template".to_owned(), KEEPS);
    }
    out
}

/// A threshold by its name in the spec.
type Threshold = (&'static str, fn(&Thresholds) -> u32);

const THRESHOLDS: [Threshold; 5] = [
    ("destroy", |t| t.destroy),
    ("destroy_percent", |t| t.destroy_percent),
    ("rebuild_percent", |t| t.rebuild_percent),
    ("classes_percent", |t| t.classes_percent),
    ("clusters", |t| t.clusters),
];

fn strictness(together: Option<&str>) -> u8 {
    match together {
        Some("split") => 2,
        Some("allow") => 0,
        _ => 1,
    }
}

fn hours(age: Option<u64>) -> String {
    match age {
        None => "not set".to_owned(),
        Some(age) if age.is_multiple_of(3600) => format!("{} h", age / 3600),
        Some(age) => format!("{age} s"),
    }
}

fn weight(severity: &str) -> u8 {
    match severity {
        "deny" => 2,
        "warn" => 1,
        _ => 0,
    }
}

/// The settings that guards judge by: the stricter of what the spec says and what the last apply took in.
pub(super) fn stricter(settings: &Settings, before: Option<&KeptPolicy>) -> Settings {
    let Some(before) = before else { return settings.clone() };
    let (a, b) = (settings.thresholds, before.thresholds);
    let mut out = settings.clone();
    out.thresholds = Thresholds {
        destroy: a.destroy.min(b.destroy),
        destroy_percent: a.destroy_percent.min(b.destroy_percent),
        rebuild_percent: a.rebuild_percent.min(b.rebuild_percent),
        classes_percent: a.classes_percent.min(b.classes_percent),
        clusters: a.clusters.min(b.clusters),
    };
    out.etcd_backup_max_age = match (settings.etcd_backup_max_age, before.etcd_backup_max_age) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let held = before.stateful.iter().filter(|glob| !settings.stateful.contains(glob));
    out.stateful.extend(held.cloned());
    let now = settings.together.map(word);
    if strictness(before.together.as_deref()) > strictness(now) {
        out.together = match before.together.as_deref() {
            Some("split") => Some(Together::Split),
            _ => None,
        };
    }
    out
}

/// Tells of every loosening, and holds what the last apply kept from being let go.
pub(super) fn speak(plan: &mut Plan, input: &PlanInput<'_>, now: Option<&KeptPolicy>) {
    let (Some(before), Some(now)) = (input.record.and_then(|r| r.policy.as_ref()), now) else { return };
    let found: Vec<Warning> = loosened(before, now).into_iter().map(told).collect();
    plan.warnings.extend(found);
    if now.prune_like_sync && !before.prune_like_sync {
        like_sync(plan, input);
    }
    let let_go: Vec<&Glob> = before.retain.difference(&now.retain).collect();
    retained(plan, &let_go);
}

fn told(one: Loosening) -> Warning {
    let option = Untrusted::new(&one.option).line(200);
    let how = Untrusted::new(&one.how).line(300);
    Warning {
        code: codes::LOOSENED.to_owned(),
        message: format!("this change loosens `{option}`: {how}"),
        help: Some(one.until_then.to_owned()),
        evidence: [("option".to_owned(), option), ("change".to_owned(), how)].into(),
        ..Warning::default()
    }
}

/// What nobody recorded goes by a rule that this change brings in.
fn like_sync(plan: &mut Plan, input: &PlanInput<'_>) {
    let ours = |a| input.record.is_some_and(|r| r.entries.contains_key(a));
    let gone: Vec<String> = plan
        .steps
        .iter()
        .filter(|s| matches!(s.action, Action::Destroy | Action::Release) && !ours(&s.address))
        .filter(|s| {
            input
                .desired
                .clusters
                .iter()
                .any(|c| c.prune == Prune::Template && s.address.cluster_name() == Some(c.name.as_str()))
        })
        .map(|s| format!("`{}`", s.address))
        .collect();
    let Some(first) = gone.first() else { return };
    let all = if gone.len() == 1 { first.clone() } else { format!("{first} and {} more", gone.len() - 1) };
    plan.warnings.push(block(
        "clusters.prune",
        format!("{all} would go by `clusters.prune: template`, which this change brings in, and the record has nothing of it"),
    ));
}

fn retained(plan: &mut Plan, let_go: &[&Glob]) {
    let mut found = Vec::new();
    for step in plan.steps.iter().filter(|s| s.action == Action::Destroy) {
        let lines = || std::iter::successors(Some(step.address.clone()), crate::address::Address::parent);
        let Some(glob) = let_go.iter().find(|g| lines().any(|a| g.matches(&a))) else { continue };
        found.push(Warning {
            address: Some(step.address.clone()),
            ..block(
                "lifecycle.retain",
                format!(
                    "the last apply retained `{}`, and this change takes that and `{}` away at once",
                    Untrusted::new(glob.as_str()).line(160),
                    step.address
                ),
            )
        });
    }
    plan.warnings.extend(found);
}

fn block(option: &str, message: String) -> Warning {
    let flag = Override::Loosen(option.to_owned()).to_string();
    Warning {
        code: codes::STILL_BINDS.to_owned(),
        message,
        blocks: true,
        help: Some(format!(
            "apply the change of the spec by itself first; if both at once are meant, say so with `{flag}`"
        )),
        lift: Some(flag),
        ..Warning::default()
    }
}

/// What rules and decisions that this change takes out, weakens or rewrites say of a plan.
pub fn still_binding(
    before: &KeptPolicy,
    now: &KeptPolicy,
    plan: &Plan,
    documents: &Arc<Documents>,
) -> Vec<Warning> {
    let mut out = Vec::new();
    let denied = before
        .rules
        .iter()
        .filter(|(name, rule)| rule.severity == "deny" && now.rules.get(*name) != Some(*rule));
    for (name, rule) in denied {
        let what = format!("the rule `{}`", Untrusted::new(name).line(80));
        let names: &'static [(&str, &Shape)] = if rule.applies_to.is_some() { &STEP_NAMES } else { &NAMES };
        let Ok(program) = compile(&rule.assert, names) else {
            out.push(unreadable(&what, &format!("policy.rules.{name}")));
            continue;
        };
        let steps = rule.applies_to.as_ref().map(|glob| {
            let all = plan.steps.iter().enumerate().filter(|(_, s)| glob.matches(&s.address));
            all.map(|(i, _)| i).collect::<Vec<_>>()
        });
        let about: Vec<Option<usize>> =
            steps.as_ref().map_or_else(|| vec![None], |s| s.iter().copied().map(Some).collect());
        for (step, result) in about.into_iter().zip(evaluate(&program, documents, steps)) {
            let address = step.and_then(|i| plan.steps.get(i)).map(|s| s.address.clone());
            if !result.is_ok_and(|r| r.holds) {
                out.push(Warning {
                    address,
                    rule: Some(name.clone()),
                    ..broken(&what, &format!("policy.rules.{name}"))
                });
            }
        }
    }
    for (key, assert) in
        before.decisions.iter().filter(|(key, assert)| now.decisions.get(*key) != Some(*assert))
    {
        let what = format!("the locked decision `{}`", Untrusted::new(key).line(80));
        let option = format!("locked_decisions.{key}.assert");
        match compile(assert, &NAMES) {
            Err(_) => out.push(unreadable(&what, &option)),
            Ok(program) => {
                let holds =
                    evaluate(&program, documents, None).pop().is_some_and(|r| r.is_ok_and(|r| r.holds));
                if !holds {
                    out.push(broken(&what, &option));
                }
            }
        }
    }
    out
}

fn broken(what: &str, option: &str) -> Warning {
    block(
        option,
        format!(
            "this breaks {what} as the last apply took it in, and this change takes it out or rewrites it"
        ),
    )
}

/// A newer program may not read what an older one wrote; that is nobody's way around a rule.
fn unreadable(what: &str, option: &str) -> Warning {
    block(
        option,
        format!(
            "{what}, which this change takes out or rewrites, cannot be evaluated any more as the last apply took it in"
        ),
    )
}

/// Lifts what `--allow loosen:…` names, and gives back the flags that lift nothing.
pub fn lift_loosened(plan: &mut Plan, flags: &[Override]) -> Vec<Override> {
    let mut idle: BTreeMap<String, Override> = BTreeMap::new();
    for flag in flags.iter().filter(|f| matches!(f, Override::Loosen(_))) {
        let text = flag.to_string();
        let mut used = false;
        for warning in
            plan.warnings.iter_mut().filter(|w| w.blocks && w.lift.as_deref() == Some(text.as_str()))
        {
            used = true;
            warning.blocks = false;
            let by = text.clone();
            warning.lifted = Some(crate::plan::Lifted { by, owner: None, reason: None, expires: None });
        }
        if !used {
            idle.insert(text, flag.clone());
        }
    }
    plan.add_findings([]);
    idle.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Sink, Sources};
    use crate::spec::read_spec;

    fn of(sections: &str) -> KeptPolicy {
        let (mut sources, mut sink) = (Sources::default(), Sink::default());
        let text = format!("omni: {{ endpoint: https://a }}\n{sections}");
        let spec = read_spec(&mut sources, "spec/omni.yaml", text.as_bytes(), &mut sink);
        assert!(!sink.has_errors(), "{:?}", sink.all());
        kept(&spec.unwrap().spec)
    }

    const STRICT: &str = "policy:\n  thresholds: { destroy: 1, destroy_percent: 20, rebuild_percent: 34, classes_percent: 30, clusters: 0 }\n  versions: { together: split }\n  etcd_backup_max_age: 24h\n  stateful: [cluster/a/machineset/db]\n  rules:\n  - { name: small, severity: deny, assert: plan.summary.create <= 3 }\n  - { name: steps, severity: warn, applies_to: 'class/*', assert: 'step.action == \"adopt\"' }\n  exceptions:\n  - { guard: G02, address: cluster/a/**, owner: o, reason: r, expires: 2026-01-01 }\nlocked_decisions: { cni: { decision: none, assert: plan.lost.size() == 0 } }\nlifecycle: { protect: [cluster/a], retain: [cluster/b] }\nclusters: { paths: [clusters], prune: record }\nphases: { first: { resources: ['class/*', cluster/a], exit_criteria: [{ text: t, check: 'true' }] } }\n";

    /// Each option of the spec that can be loosened, loosened by itself.
    #[test]
    fn every_loosening_is_told_and_tightening_is_not() {
        let before = of(STRICT);
        assert_eq!(loosened(&before, &before), []);
        let rows = [
            ("destroy: 1,", "destroy: 10,", "policy.thresholds.destroy: 1 -> 10"),
            ("destroy_percent: 20", "destroy_percent: 21", "policy.thresholds.destroy_percent: 20 -> 21"),
            ("rebuild_percent: 34", "rebuild_percent: 100", "policy.thresholds.rebuild_percent: 34 -> 100"),
            ("classes_percent: 30", "classes_percent: 31", "policy.thresholds.classes_percent: 30 -> 31"),
            ("clusters: 0", "clusters: 2", "policy.thresholds.clusters: 0 -> 2"),
            ("  versions: { together: split }\n", "", "policy.versions.together: split -> not set"),
            ("together: split", "together: allow", "policy.versions.together: split -> allow"),
            ("max_age: 24h", "max_age: 36h", "policy.etcd_backup_max_age: 24 h -> 36 h"),
            ("  etcd_backup_max_age: 24h\n", "", "policy.etcd_backup_max_age: 24 h -> not set"),
            ("max_age: 24h", "max_age: 86401s", "policy.etcd_backup_max_age: 24 h -> 86401 s"),
            (
                "stateful: [cluster/a/machineset/db]",
                "stateful: []",
                "policy.stateful: `cluster/a/machineset/db` taken out",
            ),
            (
                "expires: 2026-01-01",
                "expires: 2027-01-01",
                "policy.exceptions of G02 at cluster/a/**: longer than before",
            ),
            ("address: cluster/a/**", "address: '**'", "policy.exceptions of G02 at **: added"),
            ("guard: G02", "guard: G16", "policy.exceptions of G16 at cluster/a/**: added"),
            ("severity: deny", "severity: info", "policy.rules.small: severity deny -> info"),
            ("create <= 3", "create <= 30", "policy.rules.small: another condition"),
            ("applies_to: 'class/*'", "applies_to: class/a", "policy.rules.steps: it applies to other steps"),
            (
                "  - { name: small, severity: deny, assert: plan.summary.create <= 3 }\n",
                "",
                "policy.rules.small: taken out",
            ),
            (", assert: plan.lost.size() == 0", "", "locked_decisions.cni.assert: taken out"),
            (
                "plan.lost.size() == 0",
                "plan.lost.size() < 9",
                "locked_decisions.cni.assert: another condition",
            ),
            ("protect: [cluster/a]", "protect: []", "lifecycle.protect: `cluster/a` taken out"),
            ("retain: [cluster/b]", "retain: []", "lifecycle.retain: `cluster/b` taken out"),
            ("prune: record", "prune: template", "clusters.prune: record -> template"),
            (
                "check: 'true'",
                "check: '!false'",
                "phases.first.exit_criteria: 1 of 1 checks taken out or changed",
            ),
            (", cluster/a]", "]", "phases.first.resources: `cluster/a` taken out"),
            ("phases: { first:", "phases: { second:", "phases.first: taken out"),
        ];
        for (strict, loose, words) in rows {
            assert!(STRICT.contains(strict), "{strict}");
            let now = of(&STRICT.replacen(strict, loose, 1));
            let said: Vec<String> =
                loosened(&before, &now).iter().map(|l| format!("{}: {}", l.option, l.how)).collect();
            assert_eq!(said, [words], "{strict} -> {loose}");
            let back: Vec<Loosening> = loosened(&now, &before);
            let rewritten =
                ["another condition", "other steps", "or changed", "`second`", "G16", "**: added"];
            if !rewritten.iter().any(|w| words.contains(w)) && !words.starts_with("phases.first: ") {
                assert_eq!(back, [], "{loose} -> {strict} tightens");
            }
        }
        // A policy that is taken out as a whole loses all of it.
        let nothing = loosened(&before, &of(""));
        assert!(nothing.len() >= 6, "{nothing:?}");
    }

    #[test]
    fn guards_judge_by_the_stricter_of_both() {
        let loose =
            of(&STRICT.replace("destroy: 1,", "destroy: 10,").replace("together: split", "together: allow"));
        let settings =
            |k: &KeptPolicy, together| Settings { thresholds: k.thresholds, together, ..Settings::default() };
        let judged = stricter(&settings(&loose, Some(Together::Allow)), Some(&of(STRICT)));
        assert_eq!((judged.thresholds.destroy, judged.together), (1, Some(Together::Split)));
        let judged = stricter(&settings(&of(STRICT), Some(Together::Split)), Some(&loose));
        assert_eq!(
            (judged.thresholds.destroy, judged.together),
            (1, Some(Together::Split)),
            "tightening acts at once"
        );
        assert_eq!(judged.etcd_backup_max_age, Some(86_400), "the spec now says nothing");
        let older = Settings { etcd_backup_max_age: Some(90_000), ..Settings::default() };
        let judged = stricter(&older, Some(&of(STRICT)));
        assert_eq!(judged.etcd_backup_max_age, Some(86_400));
        assert_eq!(judged.stateful.len(), 1, "{:?}", judged.stateful);
        let younger = Settings { etcd_backup_max_age: Some(60), ..judged.clone() };
        let judged = stricter(&younger, Some(&of(STRICT)));
        assert_eq!((judged.etcd_backup_max_age, judged.stateful.len()), (Some(60), 1));
        let judged = stricter(&settings(&loose, Some(Together::Allow)), None);
        assert_eq!(judged.thresholds.destroy, 10, "nothing was taken in yet");
    }
}
