//! `PVEVMAdmin` alone does not let the provider make machines.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, Span};

use super::texts::Text;

pub(super) static RULE: Rule = Rule {
    code: "OS0229",
    name: "role-not-enough",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "Proxmox VE: the role has privileges on VMs only. The provider also needs `Datastore.AllocateSpace`, `Datastore.AllocateTemplate`, `Datastore.Allocate`, `Datastore.Audit`, `Sys.AccessNetwork`, `Sys.Audit` and `SDN.Use`.",
    stage: Stage::Validate,
    title: "a role that does not suffice for the provider",
    means: "Machines stop at the download of their image with `not authorized to access endpoint`, and their removal at the ISO that they were joined with.",
    bad: "==> proxmox-provider/token.sh <==\npveum acl modify / --tokens 'omni@pve!provider' --roles PVEVMAdmin",
    good: "==> proxmox-provider/token.sh <==\npveum role add OmniNetwork --privs Sys.AccessNetwork\npveum acl modify / --tokens 'omni@pve!provider' --roles PVEVMAdmin,PVEDatastoreAdmin,PVESDNUser,PVEMappingUser,PVEAuditor,OmniNetwork",
    act: "Give the token `PVEVMAdmin`, `PVEDatastoreAdmin`, `PVESDNUser`, `PVEMappingUser`, `PVEAuditor` and a role with `Sys.AccessNetwork`; and the user as well.",
};

const ROLE: &str = "PVEVMAdmin";

pub(super) fn check(file: &Text<'_>, sink: &mut Sink) {
    // Somebody who gives rights on storages knows that they are needed.
    let storages = ["PVEDatastoreAdmin", "Datastore.Allocate", "Administrator", "PVEAdmin"];
    if storages.iter().any(|s| file.content.contains(s)) {
        return;
    }
    for (start, line) in file.lines() {
        let grant = line.contains("pveum")
            && (line.contains("acl") || line.contains("aclmod"))
            && line.contains("role");
        if let Some(at) = line.find(ROLE).filter(|_| grant) {
            sink.push(
                Diagnostic::of(&RULE, "`PVEVMAdmin` alone does not let the provider make machines")
                    .at(file.source, Span::new(start + at, start + at + ROLE.len()), "privileges on VMs only")
                    .note("missing are rights on storages, networks, downloads and nodes")
                    .help("add `PVEDatastoreAdmin`, `PVESDNUser`, `PVEMappingUser`, `PVEAuditor` and a role with `Sys.AccessNetwork`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::rules::testing;

    #[test]
    fn it_speaks_and_is_silent() {
        testing::example(&RULE);
    }

    #[test]
    fn only_where_it_is_given() {
        let with =
            |line: &str| testing::deployment(&[("proxmox-provider/README.md", &format!("{line}\n"))]).codes();
        assert_eq!(with("    pveum aclmod / -token 'a@pve!b' -role PVEVMAdmin"), ["OS0229"]);
        assert_eq!(with("PVEVMAdmin is a role of Proxmox"), [""; 0]);
        assert_eq!(with("pveum role list | grep PVEVMAdmin"), [""; 0]);
        assert_eq!(with("pveum acl modify / --roles Administrator"), [""; 0]);
    }
}
