//! The three-way comparison: files, last applied, live.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::embedded::{self, Tree};
use super::sensitive::is_sensitive;
use super::words::words;
use crate::graph::Prune;
use crate::kinds::{self, fields::by_json, normalise};
use crate::resource::Resource;
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

/// What the record says about one field.
#[derive(Clone, Copy)]
enum Applied<'a> {
    /// No record of it (or a digest, or text that is not a tree): two-way.
    Nothing,
    /// The value that we applied; `None` when we applied none.
    Was(Option<&'a Value>),
}

/// All fields in which `live` differs from `wanted` (which carries already what belongs to others: see [`super::carry`]),
/// in path order. Empty: nothing is to be sent.
pub fn compare(
    live: &Resource,
    wanted: &Resource,
    applied: Option<&Resource>,
    prune: Prune,
) -> Vec<Difference> {
    let mut walk = Walk { out: Vec::new(), kind: live.id.short_kind(), lenient: prune == Prune::Record };
    let live_spec = spec(live);
    let wanted_spec = spec(wanted);
    let applied_spec = applied.map(spec);
    walk.spec(&live_spec, &wanted_spec, applied_spec.as_ref());
    walk.metadata("labels", &live.labels, &wanted.labels, applied.map(|a| &a.labels));
    walk.metadata("annotations", &live.annotations, &wanted.annotations, applied.map(|a| &a.annotations));
    walk.out.sort_by(|a, b| a.path.cmp(&b.path));
    walk.out
}

/// Whether two specs of one type mean and say the same (zero values aside).
pub fn same_spec(a: &Resource, b: &Resource) -> bool {
    same(Some(&spec(a)), Some(&spec(b)), true)
}

/// The spec in normal form, without what the server owns.
fn spec(resource: &Resource) -> Value {
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

struct Walk<'a> {
    out: Vec<Difference>,
    kind: &'a str,
    lenient: bool,
}

impl Walk<'_> {
    fn spec(&mut self, live: &Value, wanted: &Value, applied: Option<&Value>) {
        let Some(path) = embedded::field(self.kind) else {
            return self.tree(&mut Vec::new(), Some(live), Some(wanted), was(applied), false);
        };
        let text = |v: &Value| v.at(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (live_text, wanted_text) = (text(live), text(wanted));
        let without = |v: &Value| remove(v, path);
        let (live_rest, wanted_rest) = (without(live), without(wanted));
        let applied_rest = applied.map(without);
        self.tree(&mut Vec::new(), Some(&live_rest), Some(&wanted_rest), was(applied_rest.as_ref()), false);
        if live_text == wanted_text {
            return;
        }
        let prefix: Vec<String> = path.iter().map(|p| (*p).to_owned()).collect();
        let applied_text = applied.map(text);
        let before = self.out.len();
        // Of a text that appears or goes, every field is shown.
        let nothing = |text: &str| if text.is_empty() { Some(Tree::Nothing) } else { embedded::tree(text) };
        match (nothing(&live_text), nothing(&wanted_text)) {
            (Some(l), Some(w)) => {
                let a = applied_text.as_deref().and_then(embedded::tree);
                let (l, w, a) = Tree::align(l, w, a);
                self.tree(&mut prefix.clone(), Some(&l), Some(&w), was(a.as_ref()), true);
                if self.out.len() == before {
                    let cause = cause(applied_text.as_ref(), &live_text, &wanted_text);
                    self.push(&prefix, Some(&live_text.into()), Some(&wanted_text.into()), cause, true);
                }
            }
            _ => {
                let value = |t: String| (!t.is_empty()).then(|| Value::from(t));
                let cause = cause(applied_text.as_ref(), &live_text, &wanted_text);
                self.push(&prefix, value(live_text).as_ref(), value(wanted_text).as_ref(), cause, false);
            }
        }
    }

    fn tree(
        &mut self,
        path: &mut Vec<String>,
        live: Option<&Value>,
        wanted: Option<&Value>,
        applied: Applied<'_>,
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
            let keys: BTreeSet<&String> = [live, wanted]
                .into_iter()
                .flatten()
                .filter_map(Value::as_map)
                .flat_map(BTreeMap::keys)
                .collect();
            for key in keys {
                let get = |v: Option<&'_ Value>| v.and_then(|v| v.get(key)).cloned();
                let (l, w) = (get(live), get(wanted));
                let child = match applied {
                    Applied::Was(v) => Some(get(v)),
                    Applied::Nothing => None,
                };
                let child = child.as_ref().map_or(Applied::Nothing, |c| Applied::Was(c.as_ref()));
                path.push(key.clone());
                self.tree(path, l.as_ref(), w.as_ref(), child, embedded);
                path.pop();
            }
            return;
        }
        if let (Some(Value::List(l)), Some(Value::List(w))) = (live, wanted)
            && l.len() == w.len()
            && l.iter().chain(w).all(|v| matches!(v, Value::Map(_)))
        {
            for (i, (l, w)) in l.iter().zip(w).enumerate() {
                let child = match applied {
                    Applied::Was(Some(Value::List(a))) if a.len() == w_len(wanted) => Applied::Was(a.get(i)),
                    _ => Applied::Nothing,
                };
                path.push(format!("[{i}]"));
                self.tree(path, Some(l), Some(w), child, embedded);
                path.pop();
            }
            return;
        }
        let cause = match applied {
            Applied::Nothing => Cause::Files,
            Applied::Was(a) if a.is_some_and(is_digest) => Cause::Files,
            Applied::Was(a) if same(a, wanted, lenient) => Cause::Drift,
            Applied::Was(a) if same(a, live, lenient) => Cause::Files,
            Applied::Was(_) => Cause::Both,
        };
        self.push(path, live, wanted, cause, false);
    }

    fn metadata(
        &mut self,
        name: &str,
        live: &BTreeMap<String, String>,
        wanted: &BTreeMap<String, String>,
        applied: Option<&BTreeMap<String, String>>,
    ) {
        let keys: BTreeSet<&String> = live.keys().chain(wanted.keys()).collect();
        for key in keys {
            let (l, w) = (live.get(key), wanted.get(key));
            if l == w {
                continue;
            }
            let cause = match applied.map(|a| a.get(key)) {
                None => Cause::Files,
                Some(a) if a == w => Cause::Drift,
                Some(a) if a == l => Cause::Files,
                Some(_) => Cause::Both,
            };
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

    fn push(
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

fn was(applied: Option<&Value>) -> Applied<'_> {
    applied.map_or(Applied::Nothing, |a| Applied::Was(Some(a)))
}

fn w_len(value: Option<&Value>) -> usize {
    value.and_then(Value::as_list).map_or(0, <[Value]>::len)
}

fn cause(applied: Option<&String>, live: &str, wanted: &str) -> Cause {
    match applied.map(String::as_str) {
        Some(a) if a == wanted => Cause::Drift,
        Some(a) if a != live => Cause::Both,
        _ => Cause::Files,
    }
}

/// Whether a recorded value is a digest in place of a secret.
fn is_digest(value: &Value) -> bool {
    value.get("$secret").is_some()
}

fn remove(value: &Value, path: &[&str]) -> Value {
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
    fn provider_data_is_compared_as_a_tree_in_three_ways() {
        let live = class("cores: 8\nmemory: 8192\nsockets: 1\n");
        let files = class("cores: 12\nmemory: 8192\nsockets: 1\ndisk: 3\n");
        assert_eq!(
            show(&compare(&live, &files, None, Prune::Record)),
            ["providerdata.cores 8 12 Files", "providerdata.disk absent 3 Files"]
        );
        let applied = class("cores: 12\nmemory: 8192\nsockets: 1\n");
        assert_eq!(
            show(&compare(&live, &files, Some(&applied), Prune::Record)),
            ["providerdata.cores 8 12 Drift", "providerdata.disk absent 3 Files"]
        );
        let applied = class("cores: 4\n");
        assert_eq!(
            show(&compare(&live, &files, Some(&applied), Prune::Record)),
            ["providerdata.cores 8 12 Both", "providerdata.disk absent 3 Files"]
        );
    }

    #[test]
    fn other_formatting_is_a_difference_that_says_so() {
        let d = compare(&patch("machine: {a: 1}\n"), &patch("machine:\n  a: 1 # one\n"), None, Prune::Record);
        assert_eq!(d.len(), 1);
        assert!(d[0].formatting && d[0].path == ["data"]);
    }

    #[test]
    fn documents_are_matched_by_kind_and_name() {
        let one = "machine:\n  sysctls: {a: \"1\"}\n";
        let two =
            "machine:\n  sysctls: {a: \"2\"}\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: x\n";
        assert_eq!(
            show(&compare(&patch(one), &patch(two), None, Prune::Record)),
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
            show(&compare(&ext(&["a", "b"]), &ext(&["b", "a"]), None, Prune::Record)),
            [r#"systemExtensions ["a","b"] ["b","a"] Files"#]
        );
        let empty = Resource::new(ResourceId::default_ns("ExtensionsConfigurations", "e"));
        assert!(compare(&ext(&[]), &empty, None, Prune::Record).is_empty());
        let mut featured = Resource::new(ResourceId::default_ns("Clusters", "c"));
        featured.spec.set("features", Value::map());
        let bare = Resource::new(ResourceId::default_ns("Clusters", "c"));
        assert!(compare(&bare, &featured, None, Prune::Record).is_empty());
        assert_eq!(show(&compare(&bare, &featured, None, Prune::Template)), ["features absent {} Files"]);
    }
}
