//! What the provider needs to be allowed, path by path.

use std::collections::{BTreeMap, BTreeSet};

use super::survey::Survey;
use crate::live::placement::Scheduler;
use crate::selector::Pick;

/// Privileges on VMs.
pub(super) const VM: [&str; 10] = [
    "VM.Allocate",
    "VM.Audit",
    "VM.Config.CDROM",
    "VM.Config.CPU",
    "VM.Config.Disk",
    "VM.Config.HWType",
    "VM.Config.Memory",
    "VM.Config.Network",
    "VM.Config.Options",
    "VM.PowerMgmt",
];

/// Privileges by access path, each with whether it is passed on to the paths below.
type Held = BTreeMap<String, BTreeMap<String, bool>>;

/// One privilege on one path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Need {
    /// Access path.
    pub(super) path: String,
    /// Privilege.
    pub(super) privilege: &'static str,
}

impl Need {
    /// Whether the token holds it, or what does as well.
    pub(super) fn met(&self, held: &Held) -> bool {
        let has = |path: &str, privilege: &str| holds(held, path, privilege);
        has(&self.path, self.privilege)
            || match self.privilege {
                // Either shows a storage in lists.
                "Datastore.Audit" => has(&self.path, "Datastore.AllocateSpace"),
                "Sys.AccessNetwork" => has("/", "Sys.Audit") && has("/", "Sys.Modify"),
                _ => false,
            }
    }
}

/// Whether a token makes no VMs: it is there to look, and says nothing of the provider's.
pub(in crate::checks) fn looks_only(held: &Held) -> bool {
    !held.values().any(|p| p.contains_key("VM.Allocate"))
}

/// Whether a privilege is held on a path. What is given on a path takes the place of what comes from above.
pub(in crate::checks) fn holds(held: &Held, path: &str, privilege: &str) -> bool {
    if let Some(here) = held.get(path) {
        return here.contains_key(privilege);
    }
    let mut at = path;
    while let Some((above, _)) = at.rsplit_once('/') {
        at = above;
        let above = if above.is_empty() { "/" } else { above };
        if let Some(here) = held.get(above) {
            return here.get(privilege) == Some(&true);
        }
    }
    false
}

/// What the classes of a Proxmox cluster need of it.
pub(super) fn needs(survey: &Survey<'_>, proxmox: &str) -> BTreeSet<Need> {
    let mut all = BTreeSet::new();
    let mut need = |path: &str, privilege: &'static str| {
        all.insert(Need { path: path.to_owned(), privilege });
    };
    for landing in survey.landings.iter().filter(|l| l.proxmox == proxmox) {
        for privilege in VM {
            need("/vms", privilege);
        }
        for node in &landing.nodes {
            need(&format!("/nodes/{node}"), "Sys.Audit");
            need(&format!("/nodes/{node}"), "Sys.AccessNetwork");
            let storages = landing.storages(node);
            let iso = storages
                .and_then(|all| all.iter().find(|s| s.enabled && s.content.iter().any(|c| c == "iso")))
                .map_or_else(|| "/storage".to_owned(), |s| format!("/storage/{}", s.name));
            for privilege in ["Datastore.AllocateTemplate", "Datastore.Allocate", "Datastore.Audit"] {
                need(&iso, privilege);
            }
            for disk in &landing.disks {
                match survey.pick(landing, node, disk.selector) {
                    Some(Pick::Storage(name)) => need(&format!("/storage/{name}"), "Datastore.AllocateSpace"),
                    None => need("/storage", "Datastore.AllocateSpace"),
                    Some(_) => {}
                }
            }
        }
        for nic in &landing.nics {
            let tag = if nic.vlan > 0 { format!("/{}", nic.vlan) } else { String::new() };
            need(&format!("/sdn/zones/localnetwork/{}{tag}", nic.bridge), "SDN.Use");
        }
        for mapping in super::devices::mappings(landing.class) {
            need(&format!("/mapping/pci/{mapping}"), "Mapping.Use");
        }
        // From 0.1 on it makes a pool for each machine set.
        if landing.scheduler != Scheduler::MostFree {
            need("/pool", "Pool.Allocate");
            need("/pool", "Pool.Audit");
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(all: &[(&str, &[(&str, bool)])]) -> Held {
        let inner = |p: &[(&str, bool)]| p.iter().map(|(n, b)| ((*n).to_owned(), *b)).collect();
        all.iter().map(|(path, p)| ((*path).to_owned(), inner(p))).collect()
    }

    #[test]
    fn a_nearer_path_takes_the_place_of_what_comes_from_above() {
        let all = held(&[("/", &[("A", true), ("B", false)]), ("/storage/x", &[("C", true)])]);
        for (path, privilege, has) in [
            ("/", "B", true),
            ("/nodes/golf", "A", true),
            ("/nodes/golf", "B", false),
            ("/storage/x", "A", false),
            ("/storage/x", "C", true),
            ("/storage/y", "A", true),
        ] {
            assert_eq!(holds(&all, path, privilege), has, "{path} {privilege}");
        }
        assert!(!holds(&Held::new(), "/vms", "A"));
    }

    #[test]
    fn some_privileges_stand_for_others() {
        let need = |privilege| Need { path: "/nodes/golf".to_owned(), privilege };
        let all = held(&[("/", &[("Sys.Audit", true), ("Sys.Modify", true)])]);
        assert!(need("Sys.AccessNetwork").met(&all));
        assert!(!need("Datastore.Audit").met(&all));
        let space = held(&[("/", &[("Datastore.AllocateSpace", true)])]);
        assert!(need("Datastore.Audit").met(&space) && !need("Sys.AccessNetwork").met(&space));
    }
}
