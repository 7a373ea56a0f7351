//! The whole of an import.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{Files, NewFile};
use super::left::{Left, named, shown};
use super::providers::{self, Provider};
use super::request::{Choice, Request};
use super::template::{Said, say};
use super::{class, secrets, spec, style};
use crate::diag::{Severity, Sink, Sources, codes};
use crate::graph::edges::class_of_set;
use crate::resource::{LiveResource, OMNI_PREFIX, Phase, Resource};
use crate::spec::{Entry, FileSet};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// A cluster that has a template now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedCluster {
    /// Name.
    pub name: String,
    /// Its file.
    pub path: String,
    /// What is in it, for people.
    pub about: String,
    /// Whether it is in the form for people; else it is as exported, which says the same.
    pub styled: bool,
}

/// A cluster that no template can say without changing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Name.
    pub cluster: String,
    /// Reasons, one line each.
    pub why: Vec<String>,
}

/// Something that holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFound {
    /// What, for people.
    pub what: String,
    /// Fields of it.
    pub fields: Vec<String>,
    /// Whether it was written.
    pub written: bool,
}

/// What an import makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Files to write, by path. None of them may exist.
    pub files: Vec<NewFile>,
    /// Clusters with their templates.
    pub clusters: Vec<ImportedCluster>,
    /// Ids of classes with their files.
    pub classes: Vec<(String, String)>,
    /// What stays live as it is.
    pub left: Vec<Left>,
    /// Clusters that stay as a whole.
    pub refused: Vec<Refused>,
    /// What holds secrets.
    pub secrets: Vec<SecretFound>,
    /// Addresses that the repository describes already.
    pub already: Vec<String>,
    /// Lines that the existing spec lacks, each with the section that it belongs to.
    pub lacking: Vec<(String, String)>,
}

/// Makes the files. Everything that it looks at must have been readable; see [`crate::live::OmniSnapshot::unreadable`].
pub fn import(request: Request<'_>) -> Imported {
    let mut run = Run { request, files: Files::new(request.taken), out: Imported::default() };
    let omni = &request.snapshot.omni;
    let all: BTreeSet<String> = omni.list("Clusters").iter().map(|c| c.resource.id.id.clone()).collect();
    let wanted = match request.choice {
        Choice::All => all,
        Choice::Named(names) => names.clone(),
    };
    let mut said: BTreeMap<String, Said<'_>> = BTreeMap::new();
    for name in wanted {
        if request.present.clusters.contains(&name) {
            run.out.already.push(format!("cluster/{}", shown(&name)));
            continue;
        }
        match say(omni, &name, request.with_secrets, request.dialect) {
            Ok(cluster) => {
                said.insert(name, cluster);
            }
            Err(no) => {
                let mut why = no.why;
                why.extend(no.secrets.iter().map(|s| format!("{s}; `--with-secrets` writes it")));
                run.out.refused.push(Refused { cluster: name, why });
            }
        }
    }
    let providers = run.classes(&said);
    run.spec(&providers, !said.is_empty());
    for (name, cluster) in said {
        run.cluster(&name, cluster);
    }
    if *request.choice == Choice::All {
        run.unbound();
    }
    let Run { files, mut out, .. } = run;
    out.files = files.into_files();
    let rank = |path: &str| match () {
        () if path == request.facts.spec_path => 0,
        () if out.classes.iter().any(|(_, class)| class == path) => 1,
        () => 2,
    };
    out.files.sort_by_key(|f| (rank(&f.path), f.path.clone()));
    out.left.sort();
    out.left.dedup();
    out
}

struct Run<'a> {
    request: Request<'a>,
    files: Files<'a>,
    out: Imported,
}

impl Run<'_> {
    fn folder(folders: &[String], usual: &str) -> String {
        folders.first().cloned().unwrap_or_else(|| usual.to_owned())
    }

    /// Writes the classes; gives the providers that the spec does not name yet.
    fn classes(&mut self, said: &BTreeMap<String, Said<'_>>) -> Vec<Provider> {
        let Request { snapshot, present, facts, choice, with_secrets, .. } = self.request;
        let all = *choice == Choice::All;
        let mut uses: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for set in said.values().flat_map(|s| &s.resources) {
            if let Some(class) = class_of_set(set) {
                let count = set
                    .spec
                    .at(&["machine_allocation", "machine_count"])
                    .and_then(Value::as_int)
                    .unwrap_or(0);
                let unlimited = set.spec.at(&["machine_allocation", "allocation_type"]).is_some();
                let size = if unlimited { "all that fit".to_owned() } else { count.to_string() };
                uses.entry(class.to_owned()).or_default().push(format!("{} ({size})", shown(&set.id.id)));
            }
        }
        let mut chosen: Vec<&LiveResource> = snapshot
            .omni
            .list("MachineClasses")
            .iter()
            .filter(|c| all || uses.contains_key(&c.resource.id.id))
            .collect();
        chosen.sort_by(|a, b| a.resource.id.cmp(&b.resource.id));
        let provider_of = |c: &Resource| {
            c.spec
                .at(&["auto_provision", "provider_id"])
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let used: BTreeSet<String> = chosen.iter().map(|c| provider_of(&c.resource)).collect();
        let new = providers::found(&snapshot.omni, &used, all, facts, present);
        let folder = Self::folder(&present.class_folders, spec::CLASSES);
        let check_spec = match &present.spec {
            Some((_, bytes)) => bytes.clone(),
            None => spec::text(facts, &new, true, false).into_bytes(),
        };
        let mut kept = BTreeSet::new();
        for live in chosen {
            let id = &live.resource.id.id;
            if present.classes.contains(id) {
                self.out.already.push(named(live));
                continue;
            }
            let provider = provider_of(&live.resource);
            let fields = secrets::fields(&live.resource);
            if !fields.is_empty() {
                let written = with_secrets;
                self.out.secrets.push(SecretFound { what: named(live), fields: fields.clone(), written });
            }
            let reason = match () {
                () if !live.owner.is_empty() => {
                    Some(format!("belongs to Omni's controller `{}`", shown(&live.owner)))
                }
                () if live.phase == Phase::TearingDown => Some("is being torn down".to_owned()),
                () if !provider.is_empty()
                    && !present.providers.contains(&provider)
                    && !providers::nameable(&provider) =>
                {
                    Some(format!("a spec cannot name its provider `{}`", shown(&provider)))
                }
                () if !provider.is_empty() && !providers::lives(&snapshot.omni, &provider) => {
                    Some(format!("its provider `{}` is not in Omni any more", shown(&provider)))
                }
                () if !fields.is_empty() && !with_secrets => {
                    Some(format!("holds a secret ({}); `--with-secrets` writes it", fields.join(", ")))
                }
                () => None,
            };
            let about = uses.get(id).map_or_else(
                || "# Not in use by a cluster that was imported with it.\n".to_owned(),
                |sets| format!("# Gives machines to {}.\n", sets.join(", ")),
            );
            let text = class::text(&live.resource, &about);
            let reason = reason.or_else(|| wrong(&check_spec, &text, &live.resource));
            if let Some(why) = reason {
                self.out.left.push(Left::resource("", live, why));
                continue;
            }
            for key in live.resource.labels.keys().chain(live.resource.annotations.keys()) {
                if key.starts_with(OMNI_PREFIX) {
                    self.out.left.push(Left::resource(
                        "",
                        live,
                        format!("`{}` stays as it is: the key is Omni's own", shown(key)),
                    ));
                }
            }
            let path = self.files.add(&folder, id, text, !fields.is_empty());
            self.out.classes.push((id.clone(), path));
            kept.insert(provider);
        }
        new.into_iter().filter(|p| all || kept.contains(&p.id)).collect()
    }

    fn spec(&mut self, providers: &[Provider], clusters: bool) {
        let present = self.request.present;
        let classes = !self.out.classes.is_empty();
        if present.spec.is_none() {
            let text = spec::text(self.request.facts, providers, classes, clusters);
            self.files.put(self.request.facts.spec_path.clone(), text, false);
            return;
        }
        for provider in providers {
            self.out.lacking.push(("providers".to_owned(), spec::entry(provider)));
        }
        if classes && present.class_folders.is_empty() {
            self.out
                .lacking
                .push(("machine_classes".to_owned(), format!("machine_classes: [{}]\n", spec::CLASSES)));
        }
        if clusters && present.cluster_folders.is_empty() {
            self.out.lacking.push(("clusters".to_owned(), format!("clusters: [{}]\n", spec::CLUSTERS)));
        }
    }

    fn cluster(&mut self, name: &str, said: Said<'_>) {
        let with_secrets = self.request.with_secrets;
        let secret = with_secrets && !said.secrets.is_empty();
        let folder = Self::folder(&self.request.present.cluster_folders, spec::CLUSTERS);
        let mut listed = self.request.present.cluster_folders.clone();
        listed.extend(self.request.present.class_folders.iter().cloned());
        listed.push(folder.clone());
        let target = style::Target {
            cluster: name,
            folder: &folder,
            listed: &listed,
            secret,
            dialect: self.request.dialect,
        };
        let about = about(&said.resources);
        let (body, styled) = style::style(&said.text, &said.resources, &target, &mut self.files);
        let mut left = said.left;
        for (live, fields) in &said.secrets {
            let what = named(live);
            if !with_secrets {
                let why = format!("holds a secret ({}); `--with-secrets` writes it", fields.join(", "));
                left.push(Left { cluster: name.to_owned(), what: what.clone(), why });
            }
            self.out.secrets.push(SecretFound { what, fields: fields.clone(), written: with_secrets });
        }
        left.sort();
        let text = format!("{}{body}", head(&about, &left, name));
        let path = self.files.add(&folder, name, text, secret);
        self.out.clusters.push(ImportedCluster { name: name.to_owned(), path, about, styled });
        self.out.left.extend(left);
    }

    /// Patches that are bound to machines, whatever cluster these are in.
    fn unbound(&mut self) {
        for live in self.request.snapshot.omni.list("ConfigPatches") {
            if live.owner.is_empty()
                && live.resource.omni_label("cluster").is_none()
                && live.resource.omni_label("system-patch").is_none()
            {
                let what = format!("ConfigPatches/{}", shown(&live.resource.id.id));
                let why = "is bound to no cluster, so no template can hold it".to_owned();
                self.out.left.push(Left { cluster: String::new(), what, why });
            }
        }
    }
}

/// How the reason begins of what Omni's controllers own.
const CONTROLLERS: &str = "belongs to Omni's controller";

/// What stands above a template.
fn head(about: &str, left: &[Left], name: &str) -> String {
    let mut out = format!("# {}: {about}.\n", shown(name));
    // What controllers make comes with every cluster.
    let left: Vec<&Left> = left.iter().filter(|l| !l.why.starts_with(CONTROLLERS)).collect();
    if !left.is_empty() {
        out.push_str("# Live beside it, and left as it is:\n");
        let named_cluster = crate::address::Address::cluster(name).to_string();
        let below = format!("{named_cluster}/");
        for item in left {
            let itself = item.what == named_cluster;
            let what =
                if itself { "the cluster" } else { item.what.strip_prefix(&below).unwrap_or(&item.what) };
            out.push_str(&format!(
                "#   {}: {}\n",
                Untrusted::new(what).line(120),
                Untrusted::new(&item.why).line(200)
            ));
        }
    }
    out
}

/// `3 control planes, 4 workers in 2 sets`.
fn about(resources: &[Resource]) -> String {
    let mut planes = String::new();
    let mut workers = (0i128, 0usize, false);
    for set in resources.iter().filter(|r| r.id.short_kind() == "MachineSets") {
        let allocation = set.spec.get("machine_allocation");
        let count = match allocation {
            Some(allocation) => allocation.get("machine_count").and_then(Value::as_int).unwrap_or(0),
            None => {
                let nodes = resources.iter().filter(|r| r.id.short_kind() == "MachineSetNodes");
                nodes.filter(|n| n.omni_label("machine-set") == Some(&set.id.id)).count() as i128
            }
        };
        let unlimited = allocation.is_some_and(|a| a.get("allocation_type").is_some());
        if set.omni_label("role-controlplane").is_some() {
            let noun = if count == 1 && !unlimited { "control plane" } else { "control planes" };
            planes =
                if unlimited { format!("all fitting machines as {noun}") } else { format!("{count} {noun}") };
        } else {
            workers = (workers.0 + count, workers.1 + 1, workers.2 || unlimited);
        }
    }
    let (count, sets, unlimited) = workers;
    let noun = if count == 1 { "worker" } else { "workers" };
    let more = if unlimited { " and all that fit" } else { "" };
    match sets {
        0 => format!("{planes}, no workers"),
        1 => format!("{planes}, {count} {noun}{more}"),
        n => format!("{planes}, {count} {noun}{more} in {n} sets"),
    }
}

/// Why the repository's own rules refuse a class file, if they do; or that it says something else than what is live.
fn wrong(spec: &[u8], text: &str, live: &Resource) -> Option<String> {
    const FOLDER: &str = "class-under-test";
    let path = format!("{FOLDER}/class.yaml");
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let mut found = crate::spec::read_spec(&mut sources, "spec", spec, &mut sink)?;
    let place = found.spec.omni.place;
    found.spec.machine_classes = vec![crate::spec::Listed { path: FOLDER.to_owned(), place }];
    found.spec.clusters.paths.clear();
    let mut files = FileSet::default();
    files.entries.insert(FOLDER.to_owned(), Entry::Folder(vec![path.clone()]));
    files.add_file(path.clone(), text.as_bytes());
    let mut sink = Sink::default();
    let workspace = crate::spec::load(found, &files, &mut sources, &mut sink);
    let problem = sink.all().iter().find(|d| {
        let here = d.labels.first().and_then(|l| sources.get(l.source)).is_some_and(|s| s.path == path);
        // A provider that Omni has and the spec lacks is told as a line for the spec.
        d.severity == Severity::Error && here && d.code.0 != codes::UNKNOWN_REFERENCE
    });
    if let Some(problem) = problem {
        return Some(format!("the rules for files refuse it: {}", problem.message));
    }
    let class = workspace.classes.get(&live.id.id)?;
    let after = crate::diff::carry(live, &class.resource, None, crate::graph::Prune::Record);
    let differences = crate::diff::compare(live, &after, None, crate::graph::Prune::Record, None);
    (!differences.is_empty()).then(|| {
        let paths: Vec<String> =
            differences.iter().map(|d| format!("`{}`", shown(&d.path.join(".")))).collect();
        format!("a file would change {}", paths.join(", "))
    })
}
