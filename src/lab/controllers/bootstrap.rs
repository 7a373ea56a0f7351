//! Bootstrap of Kubernetes: once, some time after the first control plane runs.

use serde_json::json;

use super::super::world::Pass;
use super::view::{flag, running_planes};

/// Milliseconds from the first running control plane to a bootstrapped cluster.
const BOOTSTRAP: u64 = 10_000;

/// One look at every cluster.
pub fn run(pass: &mut Pass<'_>) {
    for cluster in pass.all("Clusters") {
        if cluster.tearing_down() {
            continue;
        }
        let id = cluster.key.id.clone();
        let running = running_planes(pass, &id);
        let mark = format!("bootstrap:{id}");
        if !done(pass, &id) && running > 0 && pass.waited(&mark, BOOTSTRAP) {
            pass.forget(&mark);
            pass.modify("ClusterBootstrapStatuses", &id, |b| {
                b.spec = json!({ "bootstrapped": true });
            });
        }
    }
}

/// Whether a cluster is bootstrapped.
pub fn done(pass: &Pass<'_>, cluster: &str) -> bool {
    pass.get("ClusterBootstrapStatuses", cluster).is_some_and(|b| flag(&b, "/bootstrapped"))
}
