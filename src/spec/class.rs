//! Machine class files, in the form that `omnictl get -o yaml` prints and `omnictl apply` reads.
//!
//! omnictl ignores keys that it does not know, so a misspelt `providerData` silently makes a class without data. Here such a
//! key is an error.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Sink, SourceId, Span, closest, codes};
use crate::kinds::{MACHINE_CLASSES, normalise};
use crate::resource::{OMNI_PREFIX, Resource};
use crate::value::Value;
use crate::yaml::{Document, Mismatch, Node, as_list, as_pairs, as_string, as_u32, describe, is_null};

use super::fields::quote;
use super::model::Place;

/// The type that a class document states.
pub const CLASS_TYPE: &str = "MachineClasses.omni.sidero.dev";

/// A machine class as a file asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// The resource in normal form; `provider_data` byte for byte as Omni stores it.
    pub resource: Resource,
    /// Where its document stands.
    pub place: Place,
    /// Where its id stands.
    pub id_place: Place,
    /// Id of the provider that makes its machines, and where it stands; `None` for a class that selects machines.
    pub provider: Option<(String, Place)>,
    /// The scalar that holds the provider data.
    pub provider_data: Option<Node>,
}

/// Metadata that omnictl prints and nobody sets.
const PRINTED: [&str; 6] = ["version", "owner", "phase", "created", "updated", "finalizers"];

/// Reads the classes of a file's documents. Empty documents are skipped, as omnictl does.
pub(super) fn read(documents: &[Document], sink: &mut Sink) -> Vec<Class> {
    documents
        .iter()
        .filter_map(|d| {
            let root = d.root.as_ref().filter(|r| !is_null(r))?;
            Reader { source: d.source, sink }.class(root)
        })
        .collect()
}

struct Reader<'s> {
    source: SourceId,
    sink: &'s mut Sink,
}

impl Reader<'_> {
    fn place(&self, span: Span) -> Place {
        Place { source: self.source, span }
    }

    fn wrong(&mut self, node: &Node, name: &str, why: Mismatch) {
        self.sink.push(
            Diagnostic::error(codes::WRONG_TYPE, format!("`{name}` takes {}, not {}", why.wanted, why.found))
                .at(self.source, node.span, ""),
        );
    }

    fn take<T>(&mut self, node: &Node, name: &str, result: Result<T, Mismatch>) -> Option<T> {
        result.map_err(|why| self.wrong(node, name, why)).ok()
    }

    /// The entries of a mapping, after every key that is not known was reported.
    fn entries<'a>(&mut self, node: &'a Node, name: &str, known: &[&str]) -> &'a [(Node, Node)] {
        let pairs = self.take(node, name, as_pairs(node)).unwrap_or_default();
        for (key, _) in pairs {
            let text = key.text().unwrap_or_default();
            if known.contains(&text) {
                continue;
            }
            let mut d =
                Diagnostic::error(codes::UNKNOWN_KEY, format!("`{name}` has no field {}", quote(text)))
                    .at(self.source, key.span, "not known")
                    .note("omnictl ignores it without a word");
            d = match closest(text, known.iter().copied()) {
                Some(near) => d.help(format!("did you mean `{near}`?")),
                None => d.help(format!("it has {}", super::fields::list(known))),
            };
            self.sink.push(d);
        }
        pairs
    }

    fn class(&mut self, root: &Node) -> Option<Class> {
        let Ok(pairs) = as_pairs(root) else {
            let what = describe(root);
            self.sink.push(
                Diagnostic::error(
                    codes::NOT_A_CLASS,
                    format!("a machine class is a mapping of `metadata` and `spec`, not {what}"),
                )
                .at(self.source, root.span, ""),
            );
            return None;
        };
        let get = |key: &str| pairs.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v);
        let Some(metadata) = get("metadata").filter(|m| !is_null(m)) else {
            let what = if get("kind").is_some() {
                "this document is a cluster template, not a machine class"
            } else {
                "this document has no `metadata`, so it is no machine class"
            };
            self.sink.push(
                Diagnostic::error(codes::NOT_A_CLASS, what)
                    .at(self.source, root.span, "")
                    .help("templates belong to the paths of `clusters`"),
            );
            return None;
        };
        self.entries(root, "class", &["metadata", "spec"]);
        let (mut resource, id_place) = self.metadata(metadata)?;
        let mut class = Class {
            place: self.place(root.span),
            id_place,
            provider: None,
            provider_data: None,
            resource: Resource::new(resource.id.clone()),
        };
        let mut spec = Value::map();
        if let Some(node) = get("spec") {
            self.spec(node, &mut spec, &mut class);
        }
        self.one_of_two(&spec, &class);
        resource.spec = normalise(&MACHINE_CLASSES, &spec);
        class.resource = resource;
        Some(class)
    }

    fn metadata(&mut self, node: &Node) -> Option<(Resource, Place)> {
        let known: Vec<&str> =
            ["namespace", "type", "id", "labels", "annotations"].into_iter().chain(PRINTED).collect();
        let pairs = self.entries(node, "metadata", &known);
        let get = |key: &str| pairs.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v);
        let mut need = |key: &str| -> Option<(&str, Span)> {
            let value = get(key).filter(|v| !is_null(v));
            let Some(value) = value else {
                self.sink.push(
                    Diagnostic::error(codes::MISSING_FIELD, format!("`metadata` has no `{key}`"))
                        .at(self.source, node.span, "")
                        .help(match key {
                            "namespace" => "add `namespace: default`; Omni does not assume it".to_owned(),
                            "type" => format!("add `type: {CLASS_TYPE}`"),
                            _ => "add the name of the class".to_owned(),
                        }),
                );
                return None;
            };
            let text = self.take(value, &format!("metadata.{key}"), as_string(value))??;
            Some((text, value.span))
        };
        let (namespace, kind, id) = (need("namespace"), need("type"), need("id"));
        for (key, _) in pairs.iter().filter(|(k, _)| k.text().is_some_and(|t| PRINTED.contains(&t))) {
            let name = key.text().unwrap_or_default();
            self.sink.push(
                Diagnostic::warning(codes::NO_EFFECT, format!("`metadata.{name}` has no effect in a file"))
                    .at(self.source, key.span, "the server sets it")
                    .help("remove it"),
            );
        }
        if let Some((text, span)) = kind
            && text != CLASS_TYPE
        {
            self.sink.push(
                Diagnostic::error(codes::NOT_A_CLASS, format!("{} is not a machine class", quote(text)))
                    .at(self.source, span, "")
                    .help(format!("the paths of `machine_classes` hold `{CLASS_TYPE}` only")),
            );
            return None;
        }
        if let Some((text, span)) = namespace
            && text != MACHINE_CLASSES.namespace
        {
            self.sink.push(
                Diagnostic::error(
                    codes::BAD_VALUE,
                    format!("machine classes are in the namespace `default`, not {}", quote(text)),
                )
                .at(self.source, span, ""),
            );
        }
        let (id, span) = id?;
        if id.is_empty() || id.chars().any(crate::untrusted::hidden) {
            self.sink.push(
                Diagnostic::error(codes::BAD_VALUE, "the id of a class is empty or has invisible characters")
                    .at(self.source, span, ""),
            );
            return None;
        }
        let mut resource = Resource::new(MACHINE_CLASSES.id(id));
        for (name, map) in [("labels", &mut resource.labels), ("annotations", &mut resource.annotations)] {
            if let Some(value) = get(name) {
                *map = self.texts_by_key(value, &format!("metadata.{name}"));
            }
        }
        let id_place = self.place(span);
        kind?;
        namespace?;
        Some((resource, id_place))
    }

    fn texts_by_key(&mut self, node: &Node, name: &str) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        for (key, value) in self.take(node, name, as_pairs(node)).unwrap_or_default() {
            let key_text = key.text().unwrap_or_default();
            if key_text.starts_with(OMNI_PREFIX) {
                self.sink.push(
                    Diagnostic::warning(
                        codes::BAD_VALUE,
                        format!("{} begins with the prefix that Omni keeps for itself", quote(key_text)),
                    )
                    .at(self.source, key.span, ""),
                );
            }
            if let Some(text) = self.take(value, name, as_string(value)) {
                out.insert(key_text.to_owned(), text.unwrap_or_default().to_owned());
            }
        }
        out
    }

    fn texts(&mut self, node: &Node, name: &str) -> Value {
        let items = self.take(node, name, as_list(node)).unwrap_or_default();
        let mut out = Vec::new();
        for item in items {
            if let Some(Some(text)) = self.take(item, name, as_string(item)) {
                out.push(Value::from(text));
            }
        }
        Value::List(out)
    }

    fn spec(&mut self, node: &Node, spec: &mut Value, class: &mut Class) {
        for (key, value) in self.entries(node, "spec", &["matchlabels", "autoprovision"]) {
            match key.text() {
                Some("matchlabels") => {
                    let labels = self.texts(value, "spec.matchlabels");
                    spec.set("match_labels", labels);
                }
                Some("autoprovision") if !is_null(value) => {
                    let mut provision = Value::map();
                    self.provision(value, &mut provision, class);
                    spec.set("auto_provision", provision);
                }
                _ => {}
            }
        }
    }

    fn provision(&mut self, node: &Node, out: &mut Value, class: &mut Class) {
        let known = ["providerid", "kernelargs", "metavalues", "providerdata", "grpctunnel"];
        let name = "spec.autoprovision";
        class.provider = Some((String::new(), self.place(node.span)));
        for (key, value) in self.entries(node, name, &known) {
            match key.text().unwrap_or_default() {
                "providerid" => {
                    if let Some(Some(id)) = self.take(value, "providerid", as_string(value)) {
                        class.provider = Some((id.to_owned(), self.place(value.span)));
                        out.set("provider_id", id.into());
                    }
                }
                "kernelargs" => {
                    let args = self.texts(value, "kernelargs");
                    self.kernel_args(value, &args);
                    out.set("kernel_args", args);
                }
                "metavalues" => {
                    let values = self.meta_values(value);
                    out.set("meta_values", values);
                }
                "providerdata" => match as_string(value) {
                    Ok(Some(text)) => {
                        out.set("provider_data", text.into());
                        class.provider_data = Some(value.clone());
                    }
                    Ok(None) => {}
                    Err(_) => self.sink.push(
                        Diagnostic::error(
                            codes::WRONG_TYPE,
                            format!("`providerdata` takes YAML as text, not {}", describe(value)),
                        )
                        .at(self.source, key.span, "")
                        .help("write `providerdata: |` and indent the data below it"),
                    ),
                },
                "grpctunnel" => {
                    if let Some(Some(mode)) = self.take(value, "grpctunnel", as_u32(value)) {
                        if mode > 2 {
                            self.sink.push(
                                Diagnostic::error(codes::BAD_VALUE, format!("`grpctunnel` cannot be {mode}"))
                                    .at(self.source, value.span, "")
                                    .help("0 unset, 1 enabled, 2 disabled"),
                            );
                        }
                        out.set("grpc_tunnel", mode.into());
                    }
                }
                _ => {}
            }
        }
    }

    /// Omni's own bounds: at most 64 arguments of at most 256 bytes without control characters.
    fn kernel_args(&mut self, node: &Node, args: &Value) {
        let args = args.as_list().unwrap_or_default();
        let too_long =
            |a: &Value| a.as_str().is_some_and(|t| t.len() > 256 || t.chars().any(char::is_control));
        if args.len() > 64 || args.iter().any(too_long) {
            self.sink.push(
                Diagnostic::error(codes::BAD_VALUE, "Omni refuses these kernel arguments")
                    .at(self.source, node.span, "")
                    .help("at most 64, each of at most 256 bytes without control characters"),
            );
        }
    }

    fn meta_values(&mut self, node: &Node) -> Value {
        let mut out = Vec::new();
        for item in self.take(node, "metavalues", as_list(node)).unwrap_or_default() {
            let mut value = Value::map();
            for (key, node) in self.entries(item, "metavalues[]", &["key", "value"]) {
                match key.text() {
                    Some("key") => {
                        if let Some(Some(n)) = self.take(node, "metavalues[].key", as_u32(node)) {
                            value.set("key", n.into());
                        }
                    }
                    Some("value") => {
                        if let Some(Some(text)) = self.take(node, "metavalues[].value", as_string(node)) {
                            value.set("value", text.into());
                        }
                    }
                    _ => {}
                }
            }
            out.push(value);
        }
        Value::List(out)
    }

    /// Omni wants exactly one of a selector and a recipe.
    fn one_of_two(&mut self, spec: &Value, class: &Class) {
        let selects = spec.get("match_labels").and_then(Value::as_list).is_some_and(|l| !l.is_empty());
        let id = quote(&class.resource.id.id);
        let problem = match (selects, &class.provider) {
            (true, Some(_)) => format!("the class {id} has both `matchlabels` and `autoprovision`"),
            (false, None) => format!("the class {id} has neither `matchlabels` nor `autoprovision`"),
            (false, Some((provider, _))) if provider.is_empty() => {
                format!("the class {id} names no provider")
            }
            _ => return,
        };
        let help = if problem.contains("no provider") {
            "add `providerid: <id>`"
        } else {
            "Omni takes exactly one of them"
        };
        self.sink.push(
            Diagnostic::error(codes::MISSING_FIELD, problem)
                .at(class.place.source, class.id_place.span, "")
                .help(help),
        );
    }
}
