//! Warnings and blocks: one rule per file. A rule looks at the scene and the steps and adds what people must know.

mod both_versions;
mod class_in_use;
mod class_missing;
pub mod codes;
mod control_planes;
mod digest_key;
mod disabled_patch;
mod foreign;
mod foreign_vm;
mod install_disk_patch;
pub(super) mod kept;
mod locks;
mod mixed_scope;
mod no_record;
mod nothing_declared;
pub mod pages;
mod preflight;
mod provider_schema;
mod proxmox_unread;
mod refusals;
mod renamed_cluster;
mod renamed_patches;
mod section_removed;
mod still_declared;
mod target_alone;
mod unlimited;
mod versions;

use super::scene::Scene;
use super::{Draft, Unchanged, Warning};

pub(super) use preflight::ahead;
pub(super) use proxmox_unread::out_of_reach;
pub(super) use target_alone::target_alone;

/// Every rule, over the finished steps. Where a person named what is to go, only the rules about that.
pub(super) fn judge(scene: &Scene<'_>, drafts: &[Draft<'_>], unchanged: &[Unchanged]) -> Vec<Warning> {
    let mut all = Vec::new();
    if scene.input.desired.removal.is_some() {
        locks::rule(scene, drafts, &mut all);
        class_in_use::rule(scene, drafts, &mut all);
        foreign_vm::rule(scene, drafts, &mut all);
        still_declared::rule(scene, drafts, &mut all);
        return all;
    }
    no_record::rule(scene, &mut all);
    mixed_scope::rule(scene, &mut all);
    digest_key::rule(scene, &mut all);
    locks::rule(scene, drafts, &mut all);
    class_missing::rule(scene, &mut all);
    provider_schema::rule(scene, drafts, &mut all);
    class_in_use::rule(scene, drafts, &mut all);
    foreign_vm::rule(scene, drafts, &mut all);
    refusals::rule(scene, drafts, &mut all);
    unlimited::rule(scene, drafts, &mut all);
    versions::rule(scene, drafts, &mut all);
    both_versions::rule(drafts, &mut all);
    control_planes::rule(scene, &mut all);
    proxmox_unread::rule(scene, &mut all);
    nothing_declared::rule(scene, drafts, &mut all);
    renamed_cluster::rule(scene, drafts, &mut all);
    renamed_patches::rule(scene, drafts, unchanged, &mut all);
    section_removed::rule(scene, drafts, &mut all);
    kept::rule(scene, &mut all);
    install_disk_patch::rule(scene, drafts, &mut all);
    disabled_patch::rule(scene, &mut all);
    foreign::rule(unchanged, &mut all);
    all
}
