//! `policy:` — what a plan may do without somebody's word, and what is lifted for a while.

use crate::address::Glob;
use crate::diag::{Diagnostic, Sink, SourceId, codes};
use crate::kinds::DurationSpan;
use crate::spec::document::Section;
use crate::spec::fields::{Fields, bad_value, quote, wrong_type};
use crate::spec::model::{Excepted, Exception, Place, Policy, PolicyRule, Thresholds, Together};

/// The guards that an exception can lift: those whose block is a judgement of ours. What a server refuses anyway, and what
/// says that the files or the view are not whole, has no exception; and a cluster never goes without a word at that time.
pub const EXCEPTABLE: [&str; 8] = ["G02", "G04", "G05", "G06", "G07", "G13", "G14", "G16"];
/// Every guard, so that a wrong code is told from one that has no exception.
const GUARDS: std::ops::RangeInclusive<u32> = 1..=18;

/// Reads the section, but for its rules, which exceptions call by name.
pub(in crate::spec) fn read(
    source: SourceId,
    section: &Section<'_>,
    rules: &[PolicyRule],
    sink: &mut Sink,
) -> Option<Policy> {
    let known = ["thresholds", "etcd_backup_max_age", "stateful", "versions", "rules", "exceptions"];
    let fields = Fields::open(source, section.node, "policy", section.at, &known, sink)?;
    let thresholds = thresholds(source, &fields, sink);
    let etcd_backup_max_age = backup_age(source, &fields, sink);
    let stateful = stateful(source, &fields, sink);
    let together = versions(source, &fields, sink);
    let exceptions = exceptions(source, &fields, rules, sink);
    let place = Place { source, span: section.at };
    Some(Policy { thresholds, etcd_backup_max_age, stateful, together, exceptions, place })
}

fn thresholds(source: SourceId, policy: &Fields<'_>, sink: &mut Sink) -> Thresholds {
    let mut out = Thresholds::default();
    let known = ["destroy", "destroy_percent", "rebuild_percent", "classes_percent", "clusters"];
    let Some(node) = policy.get("thresholds") else { return out };
    let Some(fields) = Fields::open(source, node, "policy.thresholds", node.span, &known, sink) else {
        return out;
    };
    let rows: [(&str, u64, &mut u32); 5] = [
        ("destroy", 100_000, &mut out.destroy),
        ("destroy_percent", 100, &mut out.destroy_percent),
        ("rebuild_percent", 100, &mut out.rebuild_percent),
        ("classes_percent", 100, &mut out.classes_percent),
        ("clusters", 100_000, &mut out.clusters),
    ];
    for (key, most, slot) in rows {
        if let Some(n) = fields.number(key, 0, most, sink).and_then(|n| u32::try_from(n).ok()) {
            *slot = n;
        }
    }
    out
}

fn backup_age(source: SourceId, policy: &Fields<'_>, sink: &mut Sink) -> Option<u64> {
    let node = policy.get("etcd_backup_max_age")?;
    let Some(text) = node.text() else {
        sink.push(wrong_type(source, node, "policy.etcd_backup_max_age", "a duration"));
        return None;
    };
    let span = DurationSpan::from_go(text).filter(|d| d.is_positive());
    let Some(span) = span else {
        sink.push(
            bad_value(source, node.span, format!("{} is no duration", quote(text)))
                .help("write it as `24h` or `90m`"),
        );
        return None;
    };
    u64::try_from(span.seconds()).ok()
}

fn stateful(source: SourceId, policy: &Fields<'_>, sink: &mut Sink) -> Vec<Glob> {
    let mut out = Vec::new();
    for node in policy.list("stateful", sink).unwrap_or_default() {
        let Some(text) = node.text() else {
            sink.push(wrong_type(source, node, "policy.stateful[]", "an address or a pattern of addresses"));
            continue;
        };
        match text.parse::<Glob>() {
            Ok(glob) => out.push(glob),
            Err(why) => {
                sink.push(bad_value(source, node.span, format!("{} is no address: {why}", quote(text))));
            }
        }
    }
    out
}

fn versions(source: SourceId, policy: &Fields<'_>, sink: &mut Sink) -> Option<Together> {
    let node = policy.get("versions")?;
    let fields = Fields::open(source, node, "policy.versions", node.span, &["together"], sink)?;
    match fields.text("together", sink)? {
        ("split", _) => Some(Together::Split),
        ("allow", _) => Some(Together::Allow),
        (other, span) => {
            sink.push(
                bad_value(source, span, format!("`policy.versions.together` cannot be {}", quote(other)))
                    .help("it is `split` (one after the other is asked for) or `allow`"),
            );
            None
        }
    }
}

fn exceptions(
    source: SourceId,
    policy: &Fields<'_>,
    rules: &[PolicyRule],
    sink: &mut Sink,
) -> Vec<Exception> {
    let known = ["guard", "rule", "address", "owner", "reason", "expires"];
    let mut out = Vec::new();
    for node in policy.list("exceptions", sink).unwrap_or_default() {
        let Some(fields) = Fields::open(source, node, "policy.exceptions[]", node.span, &known, sink) else {
            continue;
        };
        let of = excepted(source, &fields, rules, sink);
        let address = fields.need_text("address", sink).and_then(|(text, span)| match text.parse::<Glob>() {
            Ok(glob) => Some(glob),
            Err(why) => {
                sink.push(bad_value(source, span, format!("{} is no address: {why}", quote(text))));
                None
            }
        });
        let mut said = |key: &str| {
            let (text, span) = fields.need_text(key, sink)?;
            if text.trim().is_empty() {
                sink.push(bad_value(source, span, format!("the `{key}` of an exception is empty")));
                return None;
            }
            Some(text.to_owned())
        };
        let (owner, reason) = (said("owner"), said("reason"));
        let expires = fields.need("expires", sink).and_then(|node| {
            let text = node.text().unwrap_or_default();
            let unix = moment(text);
            if unix.is_none() {
                sink.push(
                    bad_value(source, node.span, format!("{} is no date", quote(text)))
                        .help("write the last day as `2026-12-31`, or a moment as `2026-12-31T18:00:00Z`"),
                );
            }
            Some((text.to_owned(), unix?))
        });
        if let (Some(of), Some(address), Some(owner), Some(reason), Some((expires, expires_unix))) =
            (of, address, owner, reason, expires)
        {
            let place = Place { source, span: node.span };
            out.push(Exception { of, address, owner, reason, expires, expires_unix, place });
        }
    }
    out
}

fn excepted(
    source: SourceId,
    fields: &Fields<'_>,
    rules: &[PolicyRule],
    sink: &mut Sink,
) -> Option<Excepted> {
    match (fields.text("guard", sink), fields.text("rule", sink)) {
        (Some((code, span)), None) => {
            let number = code.strip_prefix('G').filter(|n| n.len() == 2).and_then(|n| n.parse::<u32>().ok());
            if !number.is_some_and(|n| GUARDS.contains(&n)) {
                sink.push(
                    bad_value(source, span, format!("there is no guard {}", quote(code)))
                        .help("guards are called `G01` to `G18`"),
                );
                return None;
            }
            if !EXCEPTABLE.contains(&code) {
                sink.push(
                    bad_value(source, span, format!("the guard `{code}` has no exceptions"))
                        .help(format!("those that have are {}", crate::spec::fields::list(&EXCEPTABLE))),
                );
                return None;
            }
            Some(Excepted::Guard(code.to_owned()))
        }
        (None, Some((name, span))) => {
            if !rules.iter().any(|r| r.name == name) {
                let near = crate::diag::closest(name, rules.iter().map(|r| r.name.as_str()));
                let d = bad_value(source, span, format!("the policy has no rule {}", quote(name)));
                sink.push(match near {
                    Some(near) => d.help(format!("did you mean `{near}`?")),
                    None => d,
                });
                return None;
            }
            Some(Excepted::Rule(name.to_owned()))
        }
        (Some(_), Some((_, span))) => {
            sink.push(
                bad_value(source, span, "an exception is of a guard or of a rule, not of both")
                    .help("write two exceptions"),
            );
            None
        }
        (None, None) => {
            sink.push(
                Diagnostic::error(codes::MISSING_FIELD, "an exception says what it lifts")
                    .at(source, fields.span, "")
                    .help("add `guard: G02`, or `rule:` with the name of a rule"),
            );
            None
        }
    }
}

/// The moment from which on something does not hold: the end of a day (UTC), or an RFC 3339 moment.
fn moment(text: &str) -> Option<i64> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_second());
    }
    if text.len() != 10 {
        return None;
    }
    let next = text.parse::<jiff::civil::Date>().ok()?.tomorrow().ok()?;
    format!("{next}T00:00:00Z").parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::spec::Spec;
    use crate::spec::read_spec;

    fn read(policy: &str) -> (Option<Spec>, Vec<String>) {
        let (mut sources, mut sink) = (Sources::default(), Sink::default());
        let text = format!("omni: {{ endpoint: https://a }}\npolicy:\n{policy}");
        let spec = read_spec(&mut sources, "spec/omni.yaml", text.as_bytes(), &mut sink);
        let found =
            sink.all().iter().map(|d| format!("{} {}", d.message, d.help.clone().unwrap_or_default()));
        (spec.map(|s| s.spec), found.collect())
    }

    const WHOLE: &str =
        "  { guard: G02, address: cluster/dev/**, owner: ops, reason: rebuild, expires: 2026-12-31 }";

    #[test]
    fn a_whole_policy_is_read() {
        let (spec, problems) = read(&format!(
            "  thresholds: {{ destroy: 3, destroy_percent: 50, clusters: 2 }}\n  versions: {{ together: allow }}\n  etcd_backup_max_age: 12h\n  stateful: [cluster/dev/machineset/db]\n  rules:\n    - {{ name: small, severity: warn, assert: 'true', message: m }}\n  exceptions:\n  - {WHOLE}\n  - {{ rule: small, address: '**', owner: o, reason: r, expires: '2026-12-31T12:00:00Z' }}\n"
        ));
        assert_eq!(problems, [""; 0]);
        let policy = spec.unwrap().policy.unwrap();
        let t = policy.thresholds;
        assert_eq!(
            (t.destroy, t.destroy_percent, t.rebuild_percent, t.classes_percent, t.clusters),
            (3, 50, 34, 30, 2)
        );
        assert_eq!(policy.together, Some(Together::Allow));
        assert_eq!(policy.etcd_backup_max_age, Some(43_200));
        assert!(policy.stateful[0].matches(&"cluster/dev/machineset/db".parse().unwrap()));
        let first = &policy.exceptions[0];
        assert_eq!((&first.of, first.expires.as_str()), (&Excepted::Guard("G02".into()), "2026-12-31"));
        assert_eq!(first.expires_unix, 1_798_761_600, "through the last day");
        assert_eq!(policy.exceptions[1].expires_unix, 1_798_718_400);
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_meant() {
        let table = [
            ("  tresholds: {}\n", "did you mean `thresholds`?"),
            ("  thresholds: { destroys: 1 }\n", "did you mean `destroy`?"),
            ("  thresholds: { destroy_percent: 120 }\n", "must be from 0 to 100"),
            ("  thresholds: { destroy: -1 }\n", "a whole number"),
            ("  etcd_backup_max_age: tomorrow\n", "`tomorrow` is no duration"),
            ("  stateful: [a//b]\n", "is no address"),
            ("  stateful: [[x]]\n", "an address or a pattern of addresses"),
            ("  versions: { together: never }\n", "cannot be `never`"),
            (
                "  exceptions: [{ guard: G2, address: '**', owner: o, reason: r, expires: 2026-01-01 }]\n",
                "no guard `G2`",
            ),
            (
                "  exceptions: [{ guard: G03, address: '**', owner: o, reason: r, expires: 2026-01-01 }]\n",
                "`G03` has no exceptions",
            ),
            (
                "  exceptions: [{ guard: G02, address: '**', reason: r, expires: 2026-01-01 }]\n",
                "has no `owner`",
            ),
            (
                "  exceptions: [{ guard: G02, address: '**', owner: '', reason: r, expires: 2026-01-01 }]\n",
                "`owner` of an exception is empty",
            ),
            (
                "  exceptions: [{ guard: G02, address: '**', owner: o, expires: 2026-01-01 }]\n",
                "has no `reason`",
            ),
            ("  exceptions: [{ guard: G02, address: '**', owner: o, reason: r }]\n", "has no `expires`"),
            (
                "  exceptions: [{ guard: G02, owner: o, reason: r, expires: 2026-01-01 }]\n",
                "has no `address`",
            ),
            (
                "  exceptions: [{ guard: G02, address: a//b, owner: o, reason: r, expires: 2026-01-01 }]\n",
                "is no address",
            ),
            (
                "  exceptions: [{ guard: G02, address: '**', owner: o, reason: r, expires: 2026-02-30 }]\n",
                "`2026-02-30` is no date",
            ),
            (
                "  exceptions: [{ guard: G02, address: '**', owner: o, reason: r, expires: soon }]\n",
                "write the last day",
            ),
            (
                "  exceptions: [{ rule: x, address: '**', owner: o, reason: r, expires: 2026-01-01 }]\n",
                "no rule `x`",
            ),
            (
                "  exceptions: [{ address: '**', owner: o, reason: r, expires: 2026-01-01 }]\n",
                "says what it lifts",
            ),
        ];
        for (policy, words) in table {
            let (_, problems) = read(policy);
            assert!(problems.iter().any(|p| p.contains(words)), "{policy}: no {words} in {problems:?}");
        }
    }
}
