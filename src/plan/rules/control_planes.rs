//! An even number of control planes tolerates no more failures than one less.

use super::codes;
use crate::address::Address;
use crate::plan::Warning;
use crate::plan::facts::{Wanted, facts};
use crate::plan::scene::Scene;

pub(super) fn rule(scene: &Scene<'_>, out: &mut Vec<Warning>) {
    for cluster in &scene.input.desired.clusters {
        for (_, set) in facts(cluster).sets.into_iter().filter(|(_, s)| s.control_plane) {
            if let Wanted::Count(n) = set.wanted
                && n > 0
                && n % 2 == 0
            {
                out.push(Warning {
                    code: codes::EVEN_CONTROL_PLANES.to_owned(),
                    guard: Some("G04".to_owned()),
                    evidence: [("control_planes".to_owned(), n.to_string())].into(),
                    address: Some(Address::cluster(&cluster.name).child("machineset", &set.name)),
                    message: format!(
                        "{n} control planes tolerate no more failures than {}: etcd needs a majority",
                        n - 1
                    ),
                    blocks: false,
                    help: Some("use an odd number: 1, 3 or 5".to_owned()),
                    ..Warning::default()
                });
            }
        }
    }
}
