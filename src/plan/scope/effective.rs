//! What is asked of a cluster once a partial plan is carried out.

use crate::graph::{DesiredCluster, DesiredResource};
use crate::plan::{Action, Draft};

/// The cluster as it will be asked for when everything is done but `left`: what is not created is not there, what is not
/// changed or removed is as it is. A wait for what was left out would never end.
pub(in crate::plan) fn effective(cluster: &DesiredCluster, left: &[Draft<'_>]) -> DesiredCluster {
    let mut out = cluster.clone();
    for draft in left.iter().filter(|d| d.address.cluster_name() == Some(&cluster.name)) {
        let as_it_is = draft.live.map(|live| DesiredResource {
            address: draft.address.clone(),
            resource: live.resource.clone(),
            source: None,
        });
        let at = out.resources.iter().position(|d| d.address == draft.address);
        match (draft.action, at, as_it_is) {
            (Action::Create, Some(at), _) => {
                out.resources.remove(at);
            }
            (Action::Update | Action::AdoptUpdate, Some(at), Some(as_it_is)) => {
                if let Some(slot) = out.resources.get_mut(at) {
                    *slot = as_it_is;
                }
            }
            (Action::Destroy, None, Some(as_it_is)) => out.resources.push(as_it_is),
            _ => {}
        }
    }
    out
}
