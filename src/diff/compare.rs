//! The three-way comparison: files, last applied, live.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::embedded::{self, Tree};
use super::remembered::{remembered, remembered_tree, unknown};
use super::sensitive::{conceals, is_sensitive};
use super::words::words;
use crate::graph::Prune;
use crate::kinds::{self, fields::by_json, normalise};
use crate::resource::Resource;
use crate::secret::DigestKey;
use crate::value::Value;

/// Why a field differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The files changed since the last apply, or there is no record.
    Files,
    /// Live changed since the last apply, the files did not.
    Drift,
    /// Both changed.
    Both,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Path in the words of the file, one part per level.
    pub path: Vec<String>,
    /// Live value; `None` when absent.
    pub live: Option<Value>,
    /// Wanted value; `None` when it goes.
    pub wanted: Option<Value>,
    /// Why.
    pub cause: Cause,
    /// Whether the values must not be shown.
    pub sensitive: bool,
    /// The text differs, its meaning does not.
    pub formatting: bool,
}

/// One field in the remembered form: what was applied, and what is live and wanted in the same form, secrets as digests.
#[derive(Clone, Copy)]
pub(super) struct Memory<'a> {
    applied: Option<&'a Value>,
    live: Option<&'a Value>,
    wanted: Option<&'a Value>,
    key: Option<&'a DigestKey>,
}

impl<'a> Memory<'a> {
    fn map(self, f: impl Fn(&'a Value) -> Option<&'a Value>) -> Self {
        let Self { applied, live, wanted, key } = self;
        Self { applied: applied.and_then(&f), live: live.and_then(&f), wanted: wanted.and_then(&f), key }
    }

    /// A digest of another key says nothing: then the files count as what changed, as without a record.
    fn cause(self, lenient: bool) -> Cause {
        if self.applied.is_some_and(|a| unknown(a, self.key)) {
            Cause::Files
        } else if same(self.applied, self.wanted, lenient) {
            Cause::Drift
        } else if same(self.applied, self.live, lenient) {
            Cause::Files
        } else {
            Cause::Both
        }
    }
}

/// All fields in which `live` differs from `wanted` (which carries already what belongs to others: see [`super::carry`]),
/// in path order. Empty: nothing is to be sent. `key` made the digests of `applied`.
pub fn compare(
    live: &Resource,
    wanted: &Resource,
    applied: Option<&Resource>,
    prune: Prune,
    key: Option<&DigestKey>,
) -> Vec<Difference> {
    let mut walk = Walk { out: Vec::new(), kind: live.id.short_kind(), lenient: prune == Prune::Record };
    let bare = |r: &Resource| Resource { spec: spec(r), ..r.clone() };
    let (live, wanted) = (bare(live), bare(wanted));
    if live.spec == wanted.spec && live.labels == wanted.labels && live.annotations == wanted.annotations {
        return Vec::new();
    }
    let then = applied.map(|a| [&bare(a), &live, &wanted].map(|r| remembered(r, key)));
    let memory = then.as_ref().map(|[applied, live, wanted]| Memory {
        applied: Some(&applied.spec),
        live: Some(&live.spec),
        wanted: Some(&wanted.spec),
        key,
    });
    walk.spec(&live.spec, &wanted.spec, memory);
    let labels = then.as_ref().map(|t| t.each_ref().map(|r| &r.labels));
    walk.metadata("labels", &live.labels, &wanted.labels, labels, key);
    let annotations = then.as_ref().map(|t| t.each_ref().map(|r| &r.annotations));
    walk.metadata("annotations", &live.annotations, &wanted.annotations, annotations, key);
    walk.out.sort_by(|a, b| a.path.cmp(&b.path));
    walk.out
}

/// Whether the record holds already what the files ask for, so that it need not be written. A digest of another key
/// counts as another value; without any key it counts as the same.
pub fn same_record(applied: &Resource, wanted: &Resource, key: Option<&DigestKey>) -> bool {
    let form = |r: &Resource| remembered(&Resource { spec: spec(r), ..r.clone() }, key);
    let (a, w) = (form(applied), form(wanted));
    let text = |a: Option<&String>, w: Option<&String>| {
        a == w || (key.is_none() && a.is_some_and(|a| unknown(&a.as_str().into(), None)) && w.is_some())
    };
    let texts = |a: &BTreeMap<String, String>, w: &BTreeMap<String, String>| {
        a.keys().chain(w.keys()).all(|k| text(a.get(k), w.get(k)))
    };
    texts(&a.labels, &w.labels)
        && texts(&a.annotations, &w.annotations)
        && if key.is_some() { same(Some(&a.spec), Some(&w.spec), true) } else { alike(&a.spec, &w.spec) }
}

/// Equality where nobody can tell what a digest stands for.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Str(text), Value::Str(_)) if unknown(&text.as_str().into(), None) => true,
        (Value::Map(x), Value::Map(y)) => {
            let keys: BTreeSet<&String> = x.keys().chain(y.keys()).collect();
            keys.into_iter().all(|k| match (x.get(k), y.get(k)) {
                (Some(x), Some(y)) => alike(x, y),
                (x, y) => zero(x) && zero(y),
            })
        }
        (Value::List(x), Value::List(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| alike(x, y)),
        (x, y) => same(Some(x), Some(y), true),
    }
}

/// Whether two specs of one type mean and say the same (zero values aside).
pub fn same_spec(a: &Resource, b: &Resource) -> bool {
    same(Some(&spec(a)), Some(&spec(b)), true)
}

/// The spec in normal form, without what the server owns.
pub(super) fn spec(resource: &Resource) -> Value {
    let Some(kind) = kinds::by_type(&resource.id.kind) else { return resource.spec.clone() };
    match normalise(kind, &resource.spec) {
        Value::Map(map) => Value::Map(
            map.into_iter()
                .filter(|(k, _)| !by_json(kind.fields, k).is_some_and(|f| f.server_owned))
                .collect(),
        ),
        other => other,
    }
}

pub(super) struct Walk<'a> {
    pub(super) out: Vec<Difference>,
    pub(super) kind: &'a str,
    pub(super) lenient: bool,
}

impl Walk<'_> {
    fn spec(&mut self, live: &Value, wanted: &Value, memory: Option<Memory<'_>>) {
        let Some(path) = embedded::field(self.kind) else {
            return self.tree(&mut Vec::new(), Some(live), Some(wanted), memory, false);
        };
        let text = |v: &Value| v.at(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (live_text, wanted_text) = (text(live), text(wanted));
        let (live_rest, wanted_rest) = (remove(live, path), remove(wanted, path));
        self.tree(&mut Vec::new(), Some(&live_rest), Some(&wanted_rest), memory, false);
        if live_text == wanted_text {
            return;
        }
        let prefix: Vec<String> = path.iter().map(|p| (*p).to_owned()).collect();
        let memory = memory.map(|m| m.map(|v| v.at(path)));
        let cause = memory.filter(|m| m.applied.is_some()).map_or(Cause::Files, |m| m.cause(true));
        let before = self.out.len();
        // Of a text that appears or goes, every field is shown.
        let nothing = |text: &str| if text.is_empty() { Some(Tree::Nothing) } else { embedded::tree(text) };
        match (nothing(&live_text), nothing(&wanted_text)) {
            (Some(l), Some(w)) => {
                let then = memory.filter(|m| m.applied.is_some()).and_then(|m| {
                    let [a, l, w] = [m.applied, m.live, m.wanted].map(remembered_tree);
                    Some([a?, l?, w?])
                });
                let (l, w, then) = Tree::align(l, w, then);
                let fields = then.as_ref().zip(memory).map(|([applied, live, wanted], m)| Memory {
                    applied: Some(applied),
                    live: Some(live),
                    wanted: Some(wanted),
                    ..m
                });
                self.tree(&mut prefix.clone(), Some(&l), Some(&w), fields, true);
                if self.out.len() == before {
                    self.push(&prefix, Some(&live_text.into()), Some(&wanted_text.into()), cause, true);
                }
            }
            _ => {
                let value = |t: String| (!t.is_empty()).then(|| Value::from(t));
                self.push(&prefix, value(live_text).as_ref(), value(wanted_text).as_ref(), cause, false);
            }
        }
    }

    pub(super) fn tree(
        &mut self,
        path: &mut Vec<String>,
        live: Option<&Value>,
        wanted: Option<&Value>,
        memory: Option<Memory<'_>>,
        embedded: bool,
    ) {
        let lenient = self.lenient && !embedded;
        if same(live, wanted, lenient) {
            return;
        }
        let maps = |v: Option<&Value>| match v {
            Some(Value::Map(m)) => Some(!m.is_empty()),
            None => Some(false),
            Some(_) => None,
        };
        if let (Some(a), Some(b)) = (maps(live), maps(wanted))
            && (a || b)
        {
            let both = || [live, wanted].into_iter().flatten();
            let keys: BTreeSet<&String> = both().filter_map(Value::as_map).flat_map(BTreeMap::keys).collect();
            for key in keys {
                let get = |v: Option<&'_ Value>| v.and_then(|v| v.get(key)).cloned();
                let (l, w) = (get(live), get(wanted));
                let before = self.out.len();
                path.push(key.clone());
                self.tree(path, l.as_ref(), w.as_ref(), memory.map(|m| m.map(|v| v.get(key))), embedded);
                path.pop();
                if both().any(|map| conceals(map, key)) {
                    self.out.iter_mut().skip(before).for_each(|d| d.sensitive = true);
                }
            }
            return;
        }
        if let (Some(Value::List(l)), Some(Value::List(w))) = (live, wanted)
            && l.len() == w.len()
            && l.iter().chain(w).all(|v| matches!(v, Value::Map(_)))
        {
            let items = |v: Option<&Value>| v.and_then(Value::as_list).map(<[Value]>::len);
            let memory = memory.filter(|m| items(m.applied) == Some(w.len()));
            for (i, (l, w)) in l.iter().zip(w).enumerate() {
                path.push(format!("[{i}]"));
                let item = memory.map(|m| m.map(|v| v.as_list().and_then(|items| items.get(i))));
                self.tree(path, Some(l), Some(w), item, embedded);
                path.pop();
            }
            return;
        }
        self.push(path, live, wanted, memory.map_or(Cause::Files, |m| m.cause(lenient)), false);
    }

    pub(super) fn metadata(
        &mut self,
        name: &str,
        live: &BTreeMap<String, String>,
        wanted: &BTreeMap<String, String>,
        memory: Option<[&BTreeMap<String, String>; 3]>,
        digests: Option<&DigestKey>,
    ) {
        let keys: BTreeSet<&String> = live.keys().chain(wanted.keys()).collect();
        for key in keys {
            let (l, w) = (live.get(key), wanted.get(key));
            if l == w || l.zip(w).is_some_and(|(l, w)| reads_as_nothing(l, w)) {
                continue;
            }
            let cause = memory.map_or(Cause::Files, |maps| {
                let [applied, live, wanted] = maps.map(|m| m.get(key).map(|v| Value::from(v.as_str())));
                Memory {
                    applied: applied.as_ref(),
                    live: live.as_ref(),
                    wanted: wanted.as_ref(),
                    key: digests,
                }
                .cause(false)
            });
            let value = |v: Option<&String>| v.map(|v| Value::from(v.as_str()));
            let path = vec![name.to_owned(), key.clone()];
            let sensitive = is_sensitive(&path, value(l).as_ref()) || is_sensitive(&path, value(w).as_ref());
            self.out.push(Difference {
                path,
                live: value(l),
                wanted: value(w),
                cause,
                sensitive,
                formatting: false,
            });
        }
    }

    pub(super) fn push(
        &mut self,
        path: &[String],
        live: Option<&Value>,
        wanted: Option<&Value>,
        cause: Cause,
        formatting: bool,
    ) {
        let path = words(self.kind, path);
        let sensitive = is_sensitive(&path, live) || is_sensitive(&path, wanted);
        self.out.push(Difference {
            path,
            live: live.cloned(),
            wanted: wanted.cloned(),
            cause,
            sensitive,
            formatting,
        });
    }
}

/// Whether a live text cannot be told from the wanted one: Omni's gateway answers a label or annotation that says `null`
/// as an empty one, because its own document does not quote it.
pub fn reads_as_nothing(live: &str, wanted: &str) -> bool {
    live.is_empty() && matches!(wanted, "null" | "Null" | "NULL" | "~")
}

pub(super) fn remove(value: &Value, path: &[&str]) -> Value {
    let (Value::Map(map), Some((first, rest))) = (value, path.split_first()) else { return value.clone() };
    let mut map = map.clone();
    if rest.is_empty() {
        map.remove(*first);
    } else if let Some(inner) = map.get(*first) {
        let inner = remove(inner, rest);
        map.insert((*first).to_owned(), inner);
    }
    Value::Map(map)
}

/// Equality; where `lenient`, absent, zero and empty are one, as protobuf's JSON cannot tell them apart.
fn same(a: Option<&Value>, b: Option<&Value>, lenient: bool) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(Value::Map(x)), Some(Value::Map(y))) => {
            let keys: BTreeSet<&String> = x.keys().chain(y.keys()).collect();
            keys.into_iter().all(|k| same(x.get(k), y.get(k), lenient))
        }
        (Some(x), Some(y)) if x == y => true,
        (x, y) => lenient && zero(x) && zero(y),
    }
}

fn zero(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false) | Value::Int(0)) => true,
        Some(Value::Float(f)) => *f == 0.0,
        Some(Value::Str(s)) => s.is_empty(),
        Some(Value::List(l)) => l.is_empty(),
        Some(Value::Map(m)) => m.values().all(|v| zero(Some(v))),
        Some(Value::Bool(_) | Value::Int(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceId;

    fn class(data: &str) -> Resource {
        let mut r = Resource::new(ResourceId::default_ns("MachineClasses", "c"));
        let mut auto = Value::map();
        auto.set("provider_id", "Proxmox".into());
        auto.set("provider_data", data.into());
        r.spec.set("auto_provision", auto);
        r
    }
    fn patch(data: &str) -> Resource {
        let mut r = Resource::new(ResourceId::default_ns("ConfigPatches", "p"));
        r.spec.set("data", data.into());
        r
    }
    fn show(d: &[Difference]) -> Vec<String> {
        let v = |v: &Option<Value>| v.as_ref().map_or("absent".into(), Value::canonical);
        d.iter()
            .map(|d| format!("{} {} {} {:?}", d.path.join("."), v(&d.live), v(&d.wanted), d.cause))
            .collect()
    }

    #[test]
    fn a_label_that_says_null_is_no_difference_for_ever() {
        let with = |value: &str| {
            let mut r = patch("");
            r.labels.insert("team".into(), value.into());
            r
        };
        for (live, wanted, same) in
            [("", "null", true), ("", "~", true), ("null", "", false), ("", "x", false), ("x", "null", false)]
        {
            let found = compare(&with(live), &with(wanted), None, Prune::Template, None);
            assert_eq!(found.is_empty(), same, "{live:?} {wanted:?}");
        }
    }

    #[test]
    fn provider_data_is_compared_as_a_tree_in_three_ways() {
        let live = class("cores: 8\nmemory: 8192\nsockets: 1\n");
        let files = class("cores: 12\nmemory: 8192\nsockets: 1\ndisk: 3\n");
        assert_eq!(
            show(&compare(&live, &files, None, Prune::Record, None)),
            ["providerdata.cores 8 12 Files", "providerdata.disk absent 3 Files"]
        );
        let applied = class("cores: 12\nmemory: 8192\nsockets: 1\n");
        assert_eq!(
            show(&compare(&live, &files, Some(&applied), Prune::Record, None)),
            ["providerdata.cores 8 12 Drift", "providerdata.disk absent 3 Files"]
        );
        let applied = class("cores: 4\n");
        assert_eq!(
            show(&compare(&live, &files, Some(&applied), Prune::Record, None)),
            ["providerdata.cores 8 12 Both", "providerdata.disk absent 3 Files"]
        );
    }

    #[test]
    fn other_formatting_is_a_difference_that_says_so() {
        let d = compare(
            &patch("machine: {a: 1}\n"),
            &patch("machine:\n  a: 1 # one\n"),
            None,
            Prune::Record,
            None,
        );
        assert_eq!(d.len(), 1);
        assert!(d[0].formatting && d[0].path == ["data"]);
    }

    #[test]
    fn documents_are_matched_by_kind_and_name() {
        let one = "machine:\n  sysctls: {a: \"1\"}\n";
        let two =
            "machine:\n  sysctls: {a: \"2\"}\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: x\n";
        assert_eq!(
            show(&compare(&patch(one), &patch(two), None, Prune::Record, None)),
            [
                r#"data.HostnameConfig.apiVersion absent "v1alpha1" Files"#,
                r#"data.HostnameConfig.hostname absent "x" Files"#,
                r#"data.HostnameConfig.kind absent "HostnameConfig" Files"#,
                r#"data.machine configuration.machine.sysctls.a "1" "2" Files"#,
            ]
        );
    }

    #[test]
    fn list_order_matters_and_zero_values_do_not() {
        let ext = |list: &[&str]| {
            let mut r = Resource::new(ResourceId::default_ns("ExtensionsConfigurations", "e"));
            r.spec.set("extensions", Value::List(list.iter().map(|e| (*e).into()).collect()));
            r
        };
        assert_eq!(
            show(&compare(&ext(&["a", "b"]), &ext(&["b", "a"]), None, Prune::Record, None)),
            [r#"systemExtensions ["a","b"] ["b","a"] Files"#]
        );
        let empty = Resource::new(ResourceId::default_ns("ExtensionsConfigurations", "e"));
        assert!(compare(&ext(&[]), &empty, None, Prune::Record, None).is_empty());
        let mut featured = Resource::new(ResourceId::default_ns("Clusters", "c"));
        featured.spec.set("features", Value::map());
        let bare = Resource::new(ResourceId::default_ns("Clusters", "c"));
        assert!(compare(&bare, &featured, None, Prune::Record, None).is_empty());
        assert_eq!(
            show(&compare(&bare, &featured, None, Prune::Template, None)),
            ["features absent {} Files"]
        );
    }
}
