//! Omni's controllers: what it does by itself after a write. One file for each concern; each looks at everything and
//! writes what differs, so that the order in this list decides only how soon one sees what another wrote.

mod bootstrap;
mod class_nodes;
mod cluster;
mod cluster_machine;
mod cluster_machine_status;
mod cluster_request;
mod cluster_status;
mod config_status;
mod control_plane_status;
mod destroy;
mod etcd_backup;
mod extensions;
mod infra_provider;
mod kubernetes_status;
mod kubernetes_upgrade;
mod link;
mod load_balancer;
mod machine_request;
mod machine_set;
mod machine_set_status;
mod machine_status;
mod patches;
mod talos;
mod talos_upgrade;
mod view;

use super::provider;
use super::world::Pass;

/// One look of everybody.
pub fn pass(pass: &mut Pass<'_>) {
    infra_provider::run(pass);
    cluster::run(pass);
    cluster_status::run(pass);
    extensions::run(pass);
    talos_upgrade::run(pass);
    machine_set::run(pass);
    machine_set_status::run(pass);
    machine_request::run(pass);
    cluster_request::run(pass);
    provider::run(pass);
    talos::run(pass);
    link::run(pass);
    machine_status::run(pass);
    class_nodes::run(pass);
    cluster_machine::run(pass);
    config_status::images(pass);
    cluster_machine_status::run(pass);
    config_status::run(pass);
    bootstrap::run(pass);
    etcd_backup::run(pass);
    load_balancer::run(pass);
    control_plane_status::run(pass);
    kubernetes_status::run(pass);
    kubernetes_upgrade::run(pass);
    destroy::run(pass);
}
