//! Rules over models: first each document, then the template as a whole, then what omnictl finds only when it renders.

mod cluster;
mod content;
mod descriptors;
mod disk_selector;
mod duplicates;
mod extension_twice;
mod machine;
mod machine_set;
mod mounts;
mod node_labels;
mod version;
mod version_range;
mod whole;

use super::dialect::Dialect;
use super::files::Contents;
use super::model::{Model, Template};
use super::rendered::Rendered;
use super::semver::Version;
use crate::diag::rule::{Rule, Stands};
use crate::diag::{Sink, SourceId, Sources};

/// The rules with a description, by code, with what their examples are a part of. What omnictl refuses has codes without one:
/// its own words stand beside them.
pub(in crate::template) static ALL: [(&Rule, Stands); 4] = [
    (&node_labels::RULE, Stands::Files),
    (&version_range::RULE, Stands::Files),
    (&mounts::RULE, Stands::Files),
    (&extension_twice::RULE, Stands::Files),
];

/// What the rules look at and where they report.
pub(super) struct Rules<'a> {
    pub(super) dialect: Dialect,
    pub(super) source: SourceId,
    pub(super) sources: &'a Sources,
    pub(super) contents: &'a Contents,
    /// Major and minor version of the Talos that the first Cluster asks for, if it can be read.
    pub(super) talos: Option<(u64, u64)>,
    pub(super) sink: &'a mut Sink,
}

/// Judges a template and what it renders to. Rules over the whole template are left out when a document could not be
/// read.
pub(super) fn validate(
    dialect: Dialect,
    template: &Template,
    rendered: &[Rendered],
    sources: &Sources,
    contents: &Contents,
    sink: &mut Sink,
) {
    let talos =
        template.clusters().next().and_then(|c| Version::parse(&c.talos.value).ok()).map(|v| v.minor());
    let mut rules = Rules { dialect, source: template.source, sources, contents, talos, sink };
    for model in &template.models {
        match model {
            Model::Cluster(cluster) => {
                cluster::check(&mut rules, cluster);
                version_range::check(&mut rules, cluster);
            }
            Model::MachineSet(set) => machine_set::check(&mut rules, set),
            Model::Machine(machine) => machine::check(&mut rules, machine),
        }
    }
    whole::counts(&mut rules, template);
    node_labels::check(&mut rules, template);
    mounts::check(&mut rules, template);
    extension_twice::check(&mut rules, template);
    if !template.incomplete {
        let reported = whole::check(&mut rules, template);
        // With two Clusters or ControlPlanes, duplicates only repeat what was said.
        if template.counted.iter().all(|places| places.len() == 1) {
            duplicates::check(&mut rules, rendered, &reported);
        }
    }
}
