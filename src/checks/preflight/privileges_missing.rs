//! Privileges that the provider needs and this token lacks.

use crate::checks::preflight::survey::{Survey, name};
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};
use std::collections::{BTreeMap, BTreeSet};

use crate::checks::preflight::rights::{Need, looks_only, needs};

pub(super) static RULE: Rule = Rule {
    code: "OS0503",
    name: "privileges-missing",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "Proxmox VE 9, the checks of each call that the provider makes",
    stage: Stage::Plan,
    title: "privileges that the provider needs are missing",
    means: "The token may make VMs, and lacks some of what the provider needs for it. The role `PVEVMAdmin` holds `VM.*` only: the provider also downloads an image to an ISO storage, allocates disks, uses a bridge and, when a machine goes, deletes its join image. What is missing shows as `not authorized to access endpoint` in its log, for a machine that then waits for ever.",
    bad: "PVEVMAdmin alone",
    good: "PVEVMAdmin, PVEDatastoreAdmin, PVESDNUser, PVEMappingUser, PVEAuditor and a role with Sys.AccessNetwork",
    act: "Grant what is named on the path that is named. The provider may have another token than this program: this is told of the one that was used to look.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for (proxmox, seen) in survey.seen() {
        let Some(held) = seen.permissions.known().filter(|p| !p.is_empty()) else { continue };
        if looks_only(held) {
            continue;
        }
        let missing: Vec<Need> = needs(survey, proxmox).into_iter().filter(|need| !need.met(held)).collect();
        if missing.is_empty() {
            continue;
        }
        let mut by_path: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for need in &missing {
            by_path.entry(&need.path).or_default().push(need.privilege);
        }
        let what: BTreeSet<&str> = missing.iter().map(|n| n.privilege).collect();
        let what: Vec<&str> = what.into_iter().collect();
        let token =
            seen.principal.as_deref().map_or_else(|| "the token".to_owned(), |t| format!("`{}`", name(t)));
        let cause = format!(
            "{token} may make VMs and lacks {} of what the provider needs: {}",
            what.len(),
            what.join(", ")
        );
        let mut finding = Finding::new(&RULE, Scene::cluster_address(proxmox), cause);
        for (path, privileges) in by_path {
            finding = finding.fact(name(path), format!("{} missing", privileges.join(", ")));
        }
        out.push(
            finding
                .act("grant what is missing: `pveum acl modify PATH --tokens TOKEN --roles ROLE`; `PVEVMAdmin` holds `VM.*` only, `PVEDatastoreAdmin`, `PVESDNUser`, `PVEMappingUser` and `PVEAuditor` hold the rest but `Sys.AccessNetwork`")
                .act("this is told of the token that this program uses; if the provider has another one, look at that one"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use std::collections::BTreeMap;

    use crate::live::Observation;

    #[test]
    fn what_is_missing_is_named_with_its_path() {
        let mut world = World::new();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        let vm = crate::checks::preflight::rights::VM.map(|p| (p.to_owned(), true));
        world.seen().permissions = Observation::Known(BTreeMap::from([("/".to_owned(), BTreeMap::from(vm))]));
        let found = world.findings(&super::RULE);
        assert_eq!(found.len(), 1);
        for part in ["Datastore.AllocateSpace", "Datastore.Allocate,", "SDN.Use", "Sys.AccessNetwork"] {
            assert!(found[0].cause.contains(part), "{}", found[0].cause);
        }
        let paths: Vec<&str> = found[0].evidence.iter().map(|f| f.what.as_str()).collect();
        assert!(paths.contains(&"/storage/vm_ssd") && paths.contains(&"/storage/local"), "{paths:?}");
        assert!(paths.contains(&"/sdn/zones/localnetwork/vmbr0"), "{paths:?}");
    }

    #[test]
    fn a_token_that_only_looks_says_nothing_of_the_providers() {
        let mut world = World::new();
        let audit = BTreeMap::from([("VM.Audit".to_owned(), true), ("Sys.Audit".to_owned(), true)]);
        world.seen().permissions = Observation::Known(BTreeMap::from([("/".to_owned(), audit)]));
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
}
