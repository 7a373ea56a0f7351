//! What changed since it was applied: the remembered form against what is live, without the files.

use super::carry::carry;
use super::compare::{Cause, Difference, Walk, spec};
use super::embedded::{self, Tree};
use super::marks::only_marks;
use super::remembered::{SECRET, remembered, remembered_tree, shows_digest, unknown};
use super::unsayable::keep_unsayable;
use crate::graph::Prune;
use crate::resource::Resource;
use crate::secret::DigestKey;
use crate::value::Value;

/// What changed since it was applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Since {
    /// Fields that are otherwise now: `live` is the value now, `wanted` the one that was applied, in the form in which values
    /// are remembered. Where one may be secret the field is sensitive, and the values are digests.
    pub differences: Vec<Difference>,
    /// Fields that nobody can compare, because the digests in the record are of another key.
    pub incomparable: u32,
}

/// Compares `live` with what was `applied`. What others added counts only where everything of theirs goes
/// ([`Prune::Template`]); fields that this server's templates cannot state (`newer`: it is newer than 1.9) are not ours.
pub fn since(
    applied: &Resource,
    live: &Resource,
    prune: Prune,
    newer: bool,
    key: Option<&DigestKey>,
) -> Since {
    // As if the files asked for what was applied: the same rules say what belongs to others.
    let mut ours = carry(live, applied, Some(applied), prune);
    if prune == Prune::Record {
        keep_unsayable(live, &mut ours, newer);
    }
    let form = |r: &Resource| remembered(&Resource { spec: spec(r), ..r.clone() }, key);
    let (then, now) = (form(&ours), form(live));
    let kind = live.id.short_kind();
    let mut walk = Walk { out: Vec::new(), kind, lenient: prune == Prune::Record };
    match embedded::field(kind) {
        None => walk.tree(&mut Vec::new(), Some(&now.spec), Some(&then.spec), None, false),
        Some(path) => embedded_text(&mut walk, path, &now.spec, &then.spec, key),
    }
    walk.metadata("labels", &now.labels, &then.labels, None, key);
    walk.metadata("annotations", &now.annotations, &then.annotations, None, key);
    let mut out = Since::default();
    for mut difference in walk.out {
        let ours = difference.wanted.as_ref();
        if ours.is_some_and(|value| unknown(value, key)) {
            out.incomparable += 1;
            continue;
        }
        if prune == Prune::Record && only_marks(std::slice::from_ref(&difference)) {
            continue;
        }
        difference.cause = Cause::Drift;
        if difference.path.last().is_some_and(|part| part == SECRET) {
            difference.path.pop();
            difference.sensitive = true;
        }
        difference.sensitive |=
            [&difference.live, &difference.wanted].into_iter().flatten().any(shows_digest);
        out.differences.push(difference);
    }
    out.differences.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

fn embedded_text(walk: &mut Walk<'_>, path: &[&str], now: &Value, then: &Value, key: Option<&DigestKey>) {
    let (text_now, text_then) = (now.at(path), then.at(path));
    let rest = |value: &Value| super::compare::remove(value, path);
    walk.tree(&mut Vec::new(), Some(&rest(now)), Some(&rest(then)), None, false);
    let empty = |v: Option<&Value>| v.is_none_or(|v| *v == Value::Null || v.as_str() == Some(""));
    if text_now == text_then || (empty(text_now) && empty(text_then)) {
        return;
    }
    let mut prefix: Vec<String> = path.iter().map(|p| (*p).to_owned()).collect();
    let before = walk.out.len();
    match (remembered_tree(text_now), remembered_tree(text_then)) {
        (Some(now), Some(then)) => {
            let (now, then, _) = Tree::align(now, then, None);
            walk.tree(&mut prefix, Some(&now), Some(&then), None, true);
            // Of another key's digest of the text nobody knows whether only the layout changed.
            if walk.out.len() == before && !text_then.is_some_and(|t| unknown(t, key)) {
                walk.push(&prefix, None, None, Cause::Drift, true);
            }
        }
        _ => walk.push(&prefix, text_now, text_then, Cause::Drift, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceId;

    const KEY: [u8; 32] = [1; 32];

    fn patch(data: &str) -> Resource {
        let mut r = Resource::new(ResourceId::default_ns("ConfigPatches", "p"));
        r.labels.insert("omni.sidero.dev/cluster".into(), "c".into());
        r.spec.set("data", data.into());
        r
    }

    fn shown(applied: &Resource, live: &Resource, key: [u8; 32]) -> (Vec<String>, u32) {
        let record = remembered(applied, Some(&DigestKey::new(KEY)));
        let found = since(&record, live, Prune::Record, true, Some(&DigestKey::new(key)));
        let v = |v: &Option<Value>| v.as_ref().map_or("absent".into(), Value::canonical);
        let line = |d: &Difference| match (d.sensitive, d.formatting) {
            (true, _) => format!("{} hidden", d.path.join(".")),
            (_, true) => format!("{} formatting", d.path.join(".")),
            _ => format!("{} {} {}", d.path.join("."), v(&d.wanted), v(&d.live)),
        };
        (found.differences.iter().map(line).collect(), found.incomparable)
    }

    #[test]
    fn fields_of_texts_are_compared_with_what_was_applied() {
        let applied = patch("machine: {sysctls: {a: \"1\", b: \"1\"}}\n");
        assert_eq!(shown(&applied, &applied, KEY), (vec![], 0));
        assert_eq!(
            shown(&applied, &patch("machine: {sysctls: {a: \"2\", c: x}}\n"), KEY).0,
            [
                r#"data.machine.sysctls.a "1" "2""#,
                r#"data.machine.sysctls.b "1" absent"#,
                r#"data.machine.sysctls.c absent "x""#
            ]
        );
        let reformatted = patch("machine:\n  sysctls: {a: \"1\", b: \"1\"} # same\n");
        assert_eq!(shown(&applied, &reformatted, KEY).0, ["data formatting"]);
    }

    #[test]
    fn secrets_show_that_they_changed_and_nothing_else() {
        let of = |p: &str| {
            patch(&format!("machine: {{registries: {{config: {{ghcr.io: {{auth: {{password: {p}}}}}}}}}}}\n"))
        };
        let (lines, _) = shown(&of("hunter2"), &of("hunter3"), KEY);
        assert_eq!(lines, ["data.machine.registries.config.ghcr.io.auth.password hidden"]);
        assert_eq!(shown(&of("hunter2"), &of("hunter2"), KEY), (vec![], 0));
        // With another key nobody can tell.
        assert_eq!(shown(&of("hunter2"), &of("hunter3"), [2; 32]), (vec![], 1));
        assert_eq!(shown(&of("hunter2"), &of("hunter2"), [2; 32]), (vec![], 1));
    }

    #[test]
    fn marks_of_others_are_theirs_and_ours_are_not() {
        let mut applied = patch("a: 1");
        applied.labels.insert("team".into(), "infra".into());
        let mut live = applied.clone();
        live.labels.insert("theirs".into(), "x".into());
        live.annotations.insert("note".into(), "y".into());
        assert_eq!(shown(&applied, &live, KEY), (vec![], 0));
        live.labels.insert("team".into(), "other".into());
        assert_eq!(shown(&applied, &live, KEY).0, [r#"labels.team "infra" "other""#]);
        live.labels.remove("team");
        assert_eq!(shown(&applied, &live, KEY).0, [r#"labels.team "infra" absent"#]);
    }
}
