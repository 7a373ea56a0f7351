//! The files of an import, read as the program reads a repository.

use std::collections::BTreeMap;

use omni_scale::address::Address;
use omni_scale::diag::{Severity, Sink, Sources};
use omni_scale::import::NewFile;
use omni_scale::plan::{Desired, DesiredCluster, DesiredProvider, DesiredResource, Prune};
use omni_scale::spec::{self, Entry, FileSet};
use omni_scale::template::{self, Dialect, FileMap};

pub type Tree = BTreeMap<String, Vec<u8>>;

pub fn tree(files: &[NewFile]) -> Tree {
    files.iter().map(|f| (f.path.clone(), f.text.clone().into_bytes())).collect()
}

fn file_set(tree: &Tree) -> FileSet {
    let mut set = FileSet::default();
    for (path, bytes) in tree {
        set.add_file(path.clone(), bytes.clone());
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let entry = set.entries.entry(folder.to_owned()).or_insert_with(|| Entry::Folder(Vec::new()));
        let Entry::Folder(names) = entry else { panic!("{folder} is a file and a folder") };
        names.push(path.clone());
    }
    set
}

/// What the files ask for.
///
/// # Errors
/// Every error that the rules for files give.
pub fn desired(tree: &Tree) -> Result<Desired, Vec<String>> {
    let files = file_set(tree);
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let found =
        spec::read_spec(&mut sources, "spec/omni.yaml", &tree["spec/omni.yaml"], &mut sink).expect("a spec");
    let workspace = spec::load(found, &files, &mut sources, &mut sink);
    let mut loaded = Vec::new();
    for file in &workspace.templates {
        let folder = file.path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let files = tree.iter().map(|(path, bytes)| (path.clone(), Ok(bytes.clone()))).collect();
        let beside = FileMap { template_dir: folder.to_owned(), allowed_dir: ".".to_owned(), files };
        loaded.push(template::load(
            Dialect::default(),
            file.source,
            &file.documents,
            &beside,
            &mut sources,
            &mut sink,
        ));
    }
    template::check_together(&loaded, &mut sink);
    let errors: Vec<String> = sink
        .all()
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| {
            let at = d.labels.first().and_then(|l| sources.get(l.source)).map_or("", |s| s.path.as_str());
            format!("{at}: {}", d.message)
        })
        .collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let providers = workspace
        .spec
        .providers
        .iter()
        .map(|(id, p)| DesiredProvider {
            id: id.clone(),
            proxmox: p.proxmox.clone(),
            ..DesiredProvider::default()
        })
        .collect();
    let classes = workspace
        .classes
        .iter()
        .map(|(id, c)| DesiredResource {
            address: Address::class(id),
            resource: c.resource.clone(),
            source: None,
        })
        .collect();
    let clusters = loaded
        .into_iter()
        .map(|l| DesiredCluster {
            name: l.template.clusters().next().unwrap().name.value.clone(),
            prune: Prune::Record,
            resources: l
                .resources
                .into_iter()
                .map(|r| DesiredResource { address: r.address, resource: r.resource, source: None })
                .collect(),
            ..DesiredCluster::default()
        })
        .collect();
    Ok(Desired { providers, classes, clusters, files_digest: workspace.files_digest, ..Desired::default() })
}
