//! All files of a repository together, for rules that look at more than one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::diag::{SourceId, Sources};
use crate::spec::class::Class;
use crate::spec::model::{Place, Spec};
use crate::spec::workspace::TemplateFile;
use crate::yaml::{Limits, Node, as_integer, parse_inner};

use super::provider::Providers;
use super::sets::{self, Cluster};

/// What rules over several files look at.
pub(in crate::spec) struct Around<'a> {
    pub(super) clusters: Vec<Cluster<'a>>,
    pub(super) providers: &'a Providers,
    spec: &'a Spec,
    classes: &'a BTreeMap<String, Class>,
    sources: &'a Sources,
    read: RefCell<BTreeMap<String, Option<Rc<ClassFacts>>>>,
}

/// What a class asks for.
pub(super) struct ClassFacts {
    /// Id of its provider.
    pub(super) provider: String,
    /// The node that it is pinned to.
    pub(super) node: Option<(String, Place)>,
    /// How many nodes its Proxmox cluster has in the spec.
    pub(super) nodes: usize,
    /// Cores of all sockets.
    pub(super) cores: Option<i128>,
    /// MiB.
    pub(super) memory: Option<i128>,
    /// GiB.
    pub(super) disk: Option<i128>,
    pub(super) place: Place,
}

impl<'a> Around<'a> {
    /// All files together.
    pub(in crate::spec) fn new(
        spec: &'a Spec,
        classes: &'a BTreeMap<String, Class>,
        templates: &'a [TemplateFile],
        providers: &'a Providers,
        sources: &'a Sources,
    ) -> Self {
        let read = RefCell::default();
        Self { clusters: sets::clusters(templates), providers, spec, classes, sources, read }
    }

    /// Whether there is a class of this id, whatever makes its machines.
    pub(super) fn has_class(&self, id: &str) -> bool {
        self.classes.contains_key(id)
    }

    /// What a class asks for whose machines a Proxmox provider makes; read once.
    pub(super) fn class(&self, id: &str) -> Option<Rc<ClassFacts>> {
        if let Some(known) = self.read.borrow().get(id) {
            return known.clone();
        }
        let facts = self.facts(id).map(Rc::new);
        self.read.borrow_mut().insert(id.to_owned(), facts.clone());
        facts
    }

    fn facts(&self, id: &str) -> Option<ClassFacts> {
        let class = self.classes.get(id)?;
        let (provider, _) = class.provider.as_ref()?;
        let cluster = self.spec.proxmox.get(self.spec.providers.get(provider)?.proxmox.as_ref()?)?;
        let source: SourceId = class.place.source;
        let text = self.sources.get(source).map_or("", |s| s.text.as_str());
        let root = parse_inner(source, text, class.provider_data.as_ref()?, &Limits::default())
            .ok()?
            .into_iter()
            .next()?
            .root?;
        let number = |key: &str| as_integer(root.get(key)?, 0, i128::from(u32::MAX)).ok()?;
        let cores = number("cores").zip(number("sockets")).map(|(c, s)| c * s);
        let node = root.get("node").filter(|n| n.text().is_some_and(|t| !t.is_empty()));
        let pinned = |n: &Node| Some((n.text()?.to_owned(), Place { source, span: n.span }));
        Some(ClassFacts {
            provider: provider.clone(),
            node: node.filter(|n| !crate::yaml::is_null(n)).and_then(pinned),
            nodes: cluster.nodes.len(),
            cores,
            memory: number("memory"),
            disk: number("disk_size"),
            place: Place { source, span: class.id_place.span },
        })
    }
}
