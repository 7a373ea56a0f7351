//! What the files of a repository are: cluster templates, machine classes, a provider's files, or something else.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Severity, Sink, Source, SourceId};
use crate::spec::class::CLASS_TYPE;
use crate::spec::files::is_yaml;
use crate::spec::rules;
use crate::untrusted::Untrusted;
use crate::yaml::{Document, Limits, Node, NodeKind, parse, parse_inner, text_of};

use super::fact::Fact;
use super::facts::{Facts, ProviderFacts};
use super::listing::{self, LeftOut, Live};
use super::provider_files::{self, Compose};

/// Kinds of the documents of a template.
const MODELS: [&str; 4] = ["Cluster", "ControlPlane", "Workers", "Machine"];
/// Fields of provider data that only the provider for Proxmox has.
const PROXMOX_FIELDS: [&str; 2] = ["storage_selector", "network_bridge"];

/// A class in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClassFound {
    pub(super) id: String,
    pub(super) provider: Option<Fact>,
    pub(super) proxmox: bool,
    pub(super) node: Option<Fact>,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A template, with the names of its clusters.
    Template(Vec<String>),
    /// Machine classes.
    Classes(Vec<ClassFound>),
    /// It looks like one of them, and cannot be used; the text says why.
    Unusable(String),
    /// Anything else.
    Other,
}

/// All files.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub(super) files: BTreeMap<String, Kind>,
    composes: BTreeMap<String, Compose>,
    configs: BTreeMap<String, Fact>,
    /// Folders with a file of these names, whoever reads them.
    named: BTreeMap<&'static str, BTreeSet<String>>,
    /// What a spec that names the folder would be refused for.
    refused: BTreeMap<String, String>,
}

impl Survey {
    /// Looks at a file; `path` is relative to the repository.
    pub fn add(&mut self, path: &str, bytes: &[u8]) {
        let (folder, name) = split(path);
        for known in crate::spec::workspace::PROVIDER_FILES {
            if name == known {
                self.named.entry(known).or_default().insert(folder.to_owned());
            }
        }
        let source = Source::new(path, String::from_utf8_lossy(bytes));
        let looks = looks_like(&source.text);
        if matches!(looks, Looks::Other) && !is_provider_file(name) {
            self.put(path, Kind::Other);
            return;
        }
        let documents = text_of(SourceId::default(), bytes)
            .map_err(|d| vec![d])
            .and_then(|text| parse(SourceId::default(), text, &Limits::default()));
        let kind = match documents {
            Ok(documents) => {
                if crate::spec::workspace::PROVIDER_FILES.contains(&name) {
                    let mut sink = Sink::default();
                    rules::provider_files(SourceId::default(), name, &source.text, &documents, &mut sink);
                    if let Some(error) = sink.all().iter().find(|d| d.severity == Severity::Error) {
                        self.refused.entry(folder.to_owned()).or_insert(format!("{name}: {}", error.message));
                    }
                }
                if name.starts_with("compose.") || name.starts_with("docker-compose.") {
                    if let Some(found) = provider_files::compose(&source, &documents) {
                        self.composes.insert(folder.to_owned(), found);
                    }
                } else if let Some(found) = provider_files::config(&source, &documents) {
                    self.configs.entry(folder.to_owned()).or_insert(found);
                }
                classify(&source, &documents)
            }
            Err(problems) if matches!(looks, Looks::Omni) => {
                let at =
                    problems.first().and_then(|p| p.labels.first()).map(|l| source.line_col(l.span.start));
                let why = problems.first().map_or("", |p| p.message.as_str());
                let line = at.map_or(String::new(), |(line, _)| format!(" at line {line}"));
                Kind::Unusable(format!("it cannot be read as YAML{line}: {}", Untrusted::new(why).line(120)))
            }
            Err(_) => Kind::Other,
        };
        self.put(path, kind);
    }

    /// What is not called YAML is no file that a spec could name.
    fn put(&mut self, path: &str, kind: Kind) {
        if is_yaml(path) {
            self.files.insert(path.to_owned(), kind);
        }
    }

    /// Says that a file is there which cannot be read.
    pub fn add_unread(&mut self, path: &str, why: &str) {
        self.files.insert(path.to_owned(), Kind::Unusable(Untrusted::new(why).line(160)));
    }

    /// The facts in the files, and what is left out of them. `live` is what Omni has, if it was asked.
    pub fn facts(&self, live: Option<&Live>) -> (Facts, Vec<LeftOut>) {
        let mut facts = Facts::default();
        let mut left = Vec::new();
        let (classes, clusters) = listing::choose(self, live, &mut left);
        let used: Vec<&ClassFound> = classes.files.iter().flat_map(|p| self.classes(p)).collect();
        for class in &used {
            let Some(id) = class.provider.clone() else { continue };
            match facts.providers.iter_mut().find(|p| p.id.value == id.value) {
                Some(known) => known.proxmox |= class.proxmox,
                None => facts.providers.push(ProviderFacts { id, proxmox: class.proxmox }),
            }
        }
        let nodes: Vec<Fact> = used.iter().filter_map(|c| c.node.clone()).collect();
        facts.machine_classes = classes.listed;
        facts.clusters = clusters.listed;
        for compose in self.composes.values() {
            facts.omni_endpoint.extend(compose.omni.clone());
            facts.spoken_providers.extend(compose.id.clone());
        }
        facts.on_cluster(|cluster| {
            cluster.endpoints.extend(self.configs.values().cloned());
            for node in nodes {
                if !cluster.nodes.iter().any(|n| n.value == node.value) {
                    cluster.nodes.push(node);
                }
            }
        });
        self.provider_folder(&mut facts);
        (facts, left)
    }

    /// Whether there is anything to move in with.
    pub fn is_empty(&self) -> bool {
        self.composes.is_empty()
            && !self.files.values().any(|k| matches!(k, Kind::Template(_) | Kind::Classes(_)))
    }

    /// Numbers of templates and files of classes.
    pub fn counts(&self) -> (usize, usize) {
        let count = |f: fn(&Kind) -> bool| self.files.values().filter(|k| f(k)).count();
        (count(|k| matches!(k, Kind::Template(_))), count(|k| matches!(k, Kind::Classes(_))))
    }

    pub(super) fn classes(&self, path: &str) -> &[ClassFound] {
        match self.files.get(path) {
            Some(Kind::Classes(classes)) => classes,
            _ => &[],
        }
    }

    /// The one folder that `compose:` may name, or why none.
    fn provider_folder(&self, facts: &mut Facts) {
        let has = |name: &str, folder: &String| self.named.get(name).is_some_and(|f| f.contains(folder));
        let mut folders = self.composes.keys();
        let (Some(folder), None) = (folders.next(), folders.next()) else { return };
        let fact = |value: String| Fact::<String>::file(value, folder.clone());
        if !has("compose.yml", folder) {
            facts.compose_refused =
                Some(fact("the compose file there is not called `compose.yml`".to_owned()));
        } else if !has("config.yaml", folder) {
            facts.compose_refused = Some(fact(
                "it has no `config.yaml`: commit one whose secrets are references (`${NAME}`)".to_owned(),
            ));
        } else if let Some(why) = self.refused.get(folder) {
            facts.compose_refused = Some(fact(why.clone()));
        } else if folder.is_empty() {
            facts.compose = Some(fact(".".to_owned()));
        } else {
            facts.compose = Some(fact(folder.clone()));
        }
    }
}

/// Folder and name of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn is_provider_file(name: &str) -> bool {
    ["compose.", "docker-compose.", "config."].iter().any(|p| name.starts_with(p))
}

enum Looks {
    /// Like a file for Omni: if it cannot be read, that is told.
    Omni,
    /// It has words of one.
    Perhaps,
    Other,
}

/// Whether a text can be a template or resources of Omni; cheap, for trees full of other YAML.
fn looks_like(text: &str) -> Looks {
    if text.contains(".omni.sidero.dev") {
        return Looks::Omni;
    }
    let text = text.trim_start_matches('\u{feff}');
    let words = text.contains("kind") && MODELS.iter().any(|m| text.contains(m));
    if !words || text.lines().any(|l| l.starts_with("apiVersion:")) {
        return Looks::Other;
    }
    let kind = |line: &str| {
        let Some(rest) = line.strip_prefix("kind:") else { return false };
        let word = rest.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        MODELS.contains(&word)
    };
    if text.lines().any(kind) { Looks::Omni } else { Looks::Perhaps }
}

/// Whether documents are a cluster template: one of them has the kind `Cluster`, and none is an object of Kubernetes.
pub fn is_template(documents: &[Document]) -> bool {
    let roots = || documents.iter().filter_map(|d| d.root.as_ref());
    roots().any(|r| model(r) == Some("Cluster")) && roots().all(|r| model(r).is_some())
}

fn model(root: &Node) -> Option<&str> {
    let kind = root.get("kind")?.text()?;
    let foreign = root.get("apiVersion").is_some() || root.get("metadata").is_some();
    (!foreign && MODELS.contains(&kind)).then_some(kind)
}

fn resource_type(root: &Node) -> Option<&str> {
    root.get("metadata")?.get("type")?.text().filter(|t| t.ends_with(".omni.sidero.dev"))
}

fn classify(source: &Source, documents: &[Document]) -> Kind {
    let roots: Vec<&Node> = documents.iter().filter_map(|d| d.root.as_ref()).collect();
    let models = roots.iter().filter(|r| model(r).is_some()).count();
    let types: BTreeSet<&str> = roots.iter().filter_map(|r| resource_type(r)).collect();
    let resources = roots.iter().filter(|r| resource_type(r).is_some()).count();
    let shown = |t: &str| Untrusted::new(t.strip_suffix(".omni.sidero.dev").unwrap_or(t)).line(60);
    if models > 0 && resources > 0 {
        return Kind::Unusable(
            "it mixes a cluster template and resources; put them into files of their own".into(),
        );
    }
    if models > 0 {
        if !is_template(documents) {
            let why = if roots.iter().any(|r| model(r) == Some("Cluster")) {
                "some of its documents are no part of a cluster template"
            } else {
                "it has parts of a cluster template, but no document of `kind: Cluster`"
            };
            return Kind::Unusable(why.into());
        }
        let names = roots
            .iter()
            .filter(|r| model(r) == Some("Cluster"))
            .filter_map(|r| r.get("name").and_then(Node::text).map(str::to_owned))
            .collect();
        return Kind::Template(names);
    }
    if !types.contains(CLASS_TYPE) {
        return match types.first() {
            Some(one) => Kind::Unusable(format!(
                "it holds `{}`, which is not managed as a resource; cluster templates have a place for most",
                shown(one)
            )),
            None => Kind::Other,
        };
    }
    if types.len() > 1 || resources < roots.len() {
        let other =
            types.iter().find(|t| **t != CLASS_TYPE).map_or("something else".to_owned(), |t| shown(t));
        return Kind::Unusable(format!(
            "it mixes machine classes and {other}; put the classes into a file of their own"
        ));
    }
    Kind::Classes(roots.iter().filter_map(|r| class(source, r)).collect())
}

fn class(source: &Source, root: &Node) -> Option<ClassFound> {
    let at = |node: &Node| format!("{}:{}", source.path, source.line_col(node.span.start).0);
    let id = root.get("metadata")?.get("id")?.text()?.to_owned();
    let provision = root.get("spec").and_then(|s| s.get("autoprovision"));
    let provider = provision.and_then(|p| p.get("providerid"));
    let data = provision.and_then(|p| p.get("providerdata"));
    let inner = data.and_then(|d| {
        parse_inner(SourceId::default(), &source.text, d, &Limits::default()).ok()?.into_iter().next()?.root
    });
    let field = |name: &str| inner.as_ref().and_then(|r| r.get(name));
    let fact = |node: &Node| node.text().filter(|t| !t.is_empty()).map(|t| Fact::file(t, at(node)));
    Some(ClassFound {
        id,
        provider: provider.and_then(fact),
        proxmox: PROXMOX_FIELDS.iter().any(|f| field(f).is_some()),
        node: field("node").filter(|n| matches!(n.kind, NodeKind::Scalar { .. })).and_then(fact),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Kind {
        let mut survey = Survey::default();
        survey.add("f.yaml", text.as_bytes());
        survey.files.remove("f.yaml").unwrap()
    }

    #[test]
    fn files_are_what_their_documents_are() {
        let class = "metadata: {type: MachineClasses.omni.sidero.dev, id: c}\nspec: {autoprovision: {providerid: p}}\n";
        let template = "# t\nkind: Cluster # mine\nname: a\n---\nkind: Workers\n";
        assert_eq!(kind(template), Kind::Template(vec!["a".into()]));
        for written in [
            "{kind: Cluster, name: b}",
            "{name: b, kind: Cluster}",
            "\u{feff}kind : Cluster\r\nname: b\r\n",
            "  'kind': Cluster\n  name: b\n",
        ] {
            assert_eq!(kind(written), Kind::Template(vec!["b".into()]), "{written}");
        }
        assert_eq!(kind("\"kind\": \"Cluster\"\n\"name\": \"c\"\n"), Kind::Template(vec!["c".into()]));
        assert!(matches!(kind(class), Kind::Classes(c) if c.len() == 1 && c[0].id == "c"));
        assert!(matches!(kind(&format!("{class}---\n---\n{class}")), Kind::Classes(c) if c.len() == 2));
        for other in [
            "",
            "kind: Pod\n",
            "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: a}\n",
            "machine: {type: worker}\n",
            "a: [",
        ] {
            assert_eq!(kind(other), Kind::Other, "{other}");
        }
        for unusable in [
            format!("{template}---\n{class}"),
            format!("{template}---\na: 1\n"),
            format!("{class}---\na: 1\n"),
            "kind: Cluster\nname: [".into(),
            "kind: Workers\n".into(),
        ] {
            assert!(matches!(kind(&unusable), Kind::Unusable(_)), "{unusable}");
        }
    }

    #[test]
    fn a_provider_is_one_for_proxmox_by_its_data() {
        let class = |data: &str| {
            format!(
                "metadata: {{type: MachineClasses.omni.sidero.dev, id: c}}\nspec:\n  autoprovision:\n    providerid: p\n    providerdata: |\n      {data}\n"
            )
        };
        let found = |data: &str| {
            let mut survey = Survey::default();
            survey.add("f.yaml", class(data).as_bytes());
            survey.facts(None).0
        };
        let facts = found("storage_selector: name == \"a\"\n      node: one");
        assert!(facts.providers[0].proxmox && facts.providers[0].id.source == "f.yaml:4");
        assert_eq!(facts.proxmox[0].nodes, [Fact::file("one", "f.yaml:7")]);
        assert!(!found("size: 3").providers[0].proxmox);
    }
}
