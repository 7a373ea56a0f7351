//! An exported template as a person would write it: names instead of ids where the place in the list gives the id, mappings
//! instead of texts where they are encoded to the same bytes, long texts in files, documents and keys in the usual order.

use super::content::{self, Content};
use super::files::{Files, beside};
use super::names::{Names, is_plain_path};
use crate::diag::{SourceId, Sources};
use crate::resource::Resource;
use crate::template::{self, Dialect, FileMap};
use crate::value::Value;
use crate::yaml::{self, Node, NodeKind, Out, Scalar};

const CLUSTER: [&str; 10] = [
    "kind",
    "name",
    "labels",
    "annotations",
    "kubernetes",
    "talos",
    "features",
    "systemExtensions",
    "kernelArgs",
    "patches",
];
const MACHINE_SET: [&str; 13] = [
    "kind",
    "name",
    "labels",
    "annotations",
    "machineClass",
    "machines",
    "bootstrapSpec",
    "updateStrategy",
    "deleteStrategy",
    "upgradeStrategy",
    "systemExtensions",
    "kernelArgs",
    "patches",
];
const MACHINE: [&str; 9] = [
    "kind",
    "name",
    "labels",
    "annotations",
    "locked",
    "install",
    "systemExtensions",
    "kernelArgs",
    "patches",
];
/// Where a template will stand, and for what.
pub(super) struct Target<'a> {
    pub(super) cluster: &'a str,
    /// Folder of the template.
    pub(super) folder: &'a str,
    /// Folders that are read whole, so that no patch file may stand there.
    pub(super) listed: &'a [String],
    /// Whether the cluster's patches hold secrets.
    pub(super) secret: bool,
    pub(super) dialect: Dialect,
}

/// The text of the template; its files go to `files`. It renders to `resources` exactly: where a nicer form does not, it is
/// as exported, which the second value tells.
pub(super) fn style(
    exported: &str,
    resources: &[Resource],
    target: &Target<'_>,
    files: &mut Files<'_>,
) -> (String, bool) {
    let before = files.paths();
    let styled = documents(exported, target, files);
    if let Some(text) = styled.filter(|text| same(text, resources, target, files)) {
        return (text, true);
    }
    files.truncate(&before);
    (exported.to_owned(), false)
}

fn same(text: &str, resources: &[Resource], target: &Target<'_>, files: &Files<'_>) -> bool {
    let mut sources = Sources::default();
    let source = sources.add("template", text);
    let Ok(documents) = yaml::parse(source, text, &yaml::Limits::default()) else { return false };
    let mut beside =
        FileMap { template_dir: target.folder.to_owned(), allowed_dir: ".".to_owned(), ..FileMap::default() };
    for reference in documents.iter().filter_map(|d| d.root.as_ref()).flat_map(references) {
        let path = template::join(target.folder, &reference);
        if let Some(bytes) = files.content(&path) {
            beside.files.insert(path, Ok(bytes));
        }
    }
    let mut sink = crate::diag::Sink::default();
    let loaded = template::load(target.dialect, source, &documents, &beside, &mut sources, &mut sink);
    if sink.has_errors() {
        return false;
    }
    let mut again: Vec<&Resource> = loaded.resources.iter().map(|r| &r.resource).collect();
    let mut wanted: Vec<&Resource> = resources.iter().collect();
    again.sort_by(|a, b| a.id.cmp(&b.id));
    wanted.sort_by(|a, b| a.id.cmp(&b.id));
    again == wanted
}

fn references(node: &Node) -> Vec<String> {
    match &node.kind {
        NodeKind::Map(pairs) => pairs
            .iter()
            .flat_map(|(k, v)| match (k.text(), v.text()) {
                (Some("file"), Some(path)) => vec![path.to_owned()],
                _ => references(v),
            })
            .collect(),
        NodeKind::Seq(items) => items.iter().flat_map(references).collect(),
        NodeKind::Scalar { .. } => Vec::new(),
    }
}

/// A node as it is, in its own order.
fn as_is(node: &Node) -> Out {
    match &node.kind {
        NodeKind::Scalar { text, .. } => match yaml::resolve(node) {
            Scalar::Null => Out::Scalar(Value::Null),
            Scalar::Bool(b) => Out::Scalar(Value::Bool(b)),
            Scalar::Int(i) => Out::Scalar(Value::Int(i)),
            Scalar::Float(_) | Scalar::Timestamp(_) => Out::Raw(text.clone()),
            Scalar::Str => Out::from(text.as_str()),
        },
        NodeKind::Seq(items) => Out::List(items.iter().map(as_is).collect()),
        NodeKind::Map(pairs) => {
            Out::Map(pairs.iter().map(|(k, v)| (k.text().unwrap_or_default().to_owned(), as_is(v))).collect())
        }
    }
}

fn documents(exported: &str, target: &Target<'_>, files: &mut Files<'_>) -> Option<String> {
    let parsed = yaml::parse(SourceId(0), exported, &yaml::Limits::default()).ok()?;
    let mut texts = Vec::new();
    for root in parsed.iter().filter_map(|d| d.root.as_ref()) {
        if let Some(text) = document(root, target, files)? {
            texts.push(text);
        }
    }
    Some(texts.join("---\n"))
}

/// One document; `None` inside for a Machine that says nothing.
fn document(root: &Node, target: &Target<'_>, files: &mut Files<'_>) -> Option<Option<String>> {
    let NodeKind::Map(pairs) = &root.kind else { return None };
    let text = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default();
    let order: &[&str] = match text("kind") {
        "Cluster" => &CLUSTER,
        "ControlPlane" | "Workers" => &MACHINE_SET,
        "Machine" if pairs.len() <= 2 => return Some(None),
        "Machine" => &MACHINE,
        _ => return None,
    };
    let mut keys: Vec<(usize, &str, &Node)> = pairs
        .iter()
        .filter_map(|(k, v)| {
            let key = k.text()?;
            Some((order.iter().position(|o| *o == key).unwrap_or(order.len()), key, v))
        })
        .collect();
    keys.sort_by_key(|(rank, _, _)| *rank);
    let mut out = String::new();
    for (_, key, node) in keys {
        let value = match key {
            "patches" => patches(node, target, files)?,
            "kubernetes" => kubernetes(node, target, files)?,
            _ => as_is(node),
        };
        out.push_str(&yaml::write(&Out::Map(vec![(key.to_owned(), value)]), 2));
    }
    Some(Some(out))
}

/// An entry of `patches`, `manifests` or `healthchecks`, taken apart.
struct Item<'n> {
    id: &'n str,
    name: &'n str,
    content: &'n str,
    node: &'n Node,
}

impl<'n> Item<'n> {
    fn read(node: &'n Node, content: &str) -> Option<Self> {
        let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
        let annotated = node.get("annotations").and_then(|a| a.get("name")).and_then(Node::text);
        let name = if text("name").is_empty() { annotated.unwrap_or_default() } else { text("name") };
        Some(Self { id: text("idOverride"), name, content: node.get(content)?.text()?, node })
    }

    /// Labels and annotations, without the name where it says the same as the entry's own.
    fn descriptors(&self) -> Vec<(String, Out)> {
        let mut out = Vec::new();
        for key in ["labels", "annotations"] {
            let Some(Out::Map(mut pairs)) = self.node.get(key).map(as_is) else { continue };
            let own = Out::from(self.name);
            pairs.retain(|(k, v)| key != "annotations" || k != "name" || self.name.is_empty() || *v != own);
            if !pairs.is_empty() {
                out.push((key.to_owned(), Out::Map(pairs)));
            }
        }
        out
    }

    /// The content as an entry, and as whose name it counts: a file gives its path where nothing else names the entry.
    fn content(&self, key: &str, target: &Target<'_>, files: &mut Files<'_>) -> (String, Out, bool) {
        let own = self.name;
        if is_plain_path(own) {
            let path = beside(target.folder, own);
            let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned();
            if !target.listed.contains(&folder) && files.share(&path, self.content, target.secret) {
                return ("file".to_owned(), Out::from(own), true);
            }
        }
        // A patch without a name would be called after its file.
        if own.is_empty() && key == "inline" {
            return (key.to_owned(), Out::from(self.content), false);
        }
        match content::choose(self.content) {
            Content::Here(out) => (key.to_owned(), out, false),
            Content::File => {
                let name = if own.is_empty() { self.id } else { own };
                let folder = format!("patches/{}", Names::folder(target.cluster));
                let path =
                    files.add(&beside(target.folder, &folder), name, self.content.to_owned(), target.secret);
                let named = path.strip_prefix(&format!("{}/", target.folder)).unwrap_or(&path);
                ("file".to_owned(), Out::from(named), false)
            }
        }
    }
}

fn patches(node: &Node, target: &Target<'_>, files: &mut Files<'_>) -> Option<Out> {
    let NodeKind::Seq(nodes) = &node.kind else { return None };
    let mut out = Vec::new();
    for node in nodes {
        let item = Item::read(node, "inline")?;
        let (key, content, names_it) = item.content("inline", target, files);
        let mut entry = Vec::new();
        if !item.name.is_empty() && !names_it {
            entry.push(("name".to_owned(), Out::from(item.name)));
        }
        if !item.id.is_empty() {
            entry.push(("idOverride".to_owned(), Out::from(item.id)));
        }
        entry.extend(item.descriptors());
        entry.push((key, content));
        out.push(Out::Map(entry));
    }
    Some(Out::List(out))
}

fn kubernetes(node: &Node, target: &Target<'_>, files: &mut Files<'_>) -> Option<Out> {
    let NodeKind::Map(pairs) = &node.kind else { return None };
    let mut out = Vec::new();
    for key in ["version", "manifests", "healthchecks"] {
        let Some(value) = node.get(key) else { continue };
        let NodeKind::Seq(nodes) = &value.kind else {
            out.push((key.to_owned(), as_is(value)));
            continue;
        };
        let mut items = Vec::new();
        for entry in nodes {
            items.push(match key {
                "manifests" => manifest(entry, target, files)?,
                _ => health_check(entry, target, files)?,
            });
        }
        out.push((key.to_owned(), Out::List(items)));
    }
    (out.len() == pairs.len()).then_some(Out::Map(out))
}

fn rest(node: &Node, handled: &[&str]) -> Vec<(String, Out)> {
    let NodeKind::Map(pairs) = &node.kind else { return Vec::new() };
    pairs
        .iter()
        .filter_map(|(k, v)| Some((k.text()?, v)))
        .filter(|(k, _)| !handled.contains(k))
        .map(|(k, v)| (k.to_owned(), as_is(v)))
        .collect()
}

/// A manifest keeps its name, which is part of its id.
fn manifest(node: &Node, target: &Target<'_>, files: &mut Files<'_>) -> Option<Out> {
    let own = node.get("name").and_then(Node::text).unwrap_or_default();
    let item = Item { name: own, ..Item::read(node, "inline")? };
    let (key, content, names_it) = item.content("inline", target, files);
    let mut entry = rest(node, &["inline", "labels", "annotations"]);
    entry.retain(|(k, _)| !(names_it && k == "name"));
    entry.sort_by_key(|(key, _)| key != "name");
    entry.extend(item.descriptors());
    entry.push((key, content));
    Some(Out::Map(entry))
}

fn health_check(node: &Node, target: &Target<'_>, files: &mut Files<'_>) -> Option<Out> {
    let item = Item { name: "", ..Item::read(node, "job")? };
    let (key, content, _) = item.content("job", target, files);
    let mut entry = rest(node, &["job"]);
    entry.sort_by_key(|(key, _)| key != "name" && key != "idOverride");
    entry.push((key, content));
    Some(Out::Map(entry))
}
