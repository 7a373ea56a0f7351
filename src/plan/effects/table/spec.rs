//! The spec file: it steers this program. What it makes the program do to machines stands in the plan as steps of their own.

use super::row::{NONE, Proof, Row, Source};

const COVERED: Proof = Proof::Test("every_field_of_the_spec_has_a_row");

/// A field that only steers this program.
const fn steers(path: &'static [&'static str], rule: &'static str) -> Row {
    Row::new(path, NONE, rule, Source::Ours, COVERED)
}

/// The same, held by a scenario.
const fn shown(path: &'static [&'static str], rule: &'static str, golden: &'static str) -> Row {
    Row::new(path, NONE, rule, Source::Ours, Proof::Golden(golden))
}

const TLS: &str = "By what a certificate is believed; nothing is sent to a server that is not.";
const CONTAINER: &str = "Kept and not compared yet: the provider's container is not managed in this version.";
const THRESHOLD: &str = "How much a plan may take away before it is blocked.";
const RULE: &str = "A rule over plans: it can block one, and changes nothing.";
const EXCEPTION: &str = "Lifts a guard or a rule for an address until a day; the plan shows it.";
const PROSE: &str = "For people. Only what is asserted is looked at, and that changes nothing.";

/// The rows.
pub(super) const ROWS: &[Row] = &[
    steers(
        &["omni", "endpoint"],
        "Which Omni is read and written; another one is another world, with a record of its own.",
    ),
    steers(&["omni", "lan_address"], "What machines must resolve Omni's name to; only checked."),
    steers(&["omni", "compose"], "Where Omni's own compose file is; its files are only checked."),
    steers(&["omni", "version"], "The language of templates for commands that ask no server."),
    steers(&["omni", "tls", "sha256"], TLS),
    steers(&["omni", "tls", "ca_file"], TLS),
    shown(
        &["proxmox", "*", "endpoints"],
        "Where VMs are looked up; without them a plan does not know on which node a machine is.",
        "033-without-proxmox",
    ),
    steers(&["proxmox", "*", "tls", "sha256"], TLS),
    steers(&["proxmox", "*", "tls", "ca_file"], TLS),
    shown(
        &["proxmox", "*", "nodes"],
        "Names of nodes that classes may pin machines to; only checked.",
        "032-node-offline",
    ),
    steers(&["proxmox", "*", "dns"], "Resolvers that nodes must use; only checked."),
    shown(
        &["providers", "*", "proxmox"],
        "Where the provider makes VMs; it reads its own file, not this one.",
        "018-provider-missing",
    ),
    steers(&["providers", "*", "container", "node"], CONTAINER),
    steers(&["providers", "*", "container", "vmid"], CONTAINER),
    steers(&["providers", "*", "container", "hostname"], CONTAINER),
    steers(&["providers", "*", "container", "address"], CONTAINER),
    steers(&["providers", "*", "container", "gateway"], CONTAINER),
    steers(&["providers", "*", "container", "cores"], CONTAINER),
    steers(&["providers", "*", "container", "memory_mb"], CONTAINER),
    steers(&["providers", "*", "container", "disk_gb"], CONTAINER),
    steers(&["providers", "*", "container", "bridge"], CONTAINER),
    steers(&["providers", "*", "compose"], CONTAINER),
    steers(&["providers", "*", "app_directory"], CONTAINER),
    shown(
        &["machine_classes"],
        "Where classes are declared. What is in the record and no longer below these paths goes as removed.",
        "026-class-in-use",
    ),
    shown(
        &["clusters", "paths"],
        "Where clusters are declared. What is in the record and no longer below these paths goes as removed, machines and all.",
        "017-cluster-removed",
    ),
    shown(
        &["clusters", "prune"],
        "What goes that the files do not name: what this program made, or whatever `omnictl cluster template sync` would remove.",
        "021-prune-template",
    ),
    steers(&["state", "store"], "Where the record is kept. A plan that finds no record removes nothing."),
    steers(&["state", "region"], "Of the object store that keeps the record."),
    steers(&["state", "endpoint"], "Of the object store that keeps the record."),
    steers(&["state", "tls"], TLS),
    steers(&["policy", "thresholds", "destroy"], THRESHOLD),
    steers(&["policy", "thresholds", "destroy_percent"], THRESHOLD),
    steers(&["policy", "thresholds", "rebuild_percent"], THRESHOLD),
    steers(&["policy", "thresholds", "classes_percent"], THRESHOLD),
    steers(&["policy", "thresholds", "clusters"], THRESHOLD),
    steers(
        &["policy", "etcd_backup_max_age"],
        "How old the last etcd backup may be before changes to control planes are blocked.",
    ),
    steers(
        &["policy", "stateful"],
        "Machines that hold data on disks of their own: their loss is blocked until somebody acknowledges it.",
    ),
    steers(&["policy", "versions", "together"], "Whether Talos and Kubernetes may change in one plan."),
    steers(&["policy", "rules", "name"], RULE),
    steers(&["policy", "rules", "severity"], RULE),
    steers(&["policy", "rules", "assert"], RULE),
    steers(&["policy", "rules", "message"], RULE),
    steers(&["policy", "rules", "applies_to"], RULE),
    steers(&["policy", "exceptions", "guard"], EXCEPTION),
    steers(&["policy", "exceptions", "rule"], EXCEPTION),
    steers(&["policy", "exceptions", "address"], EXCEPTION),
    steers(&["policy", "exceptions", "owner"], EXCEPTION),
    steers(&["policy", "exceptions", "reason"], EXCEPTION),
    steers(&["policy", "exceptions", "expires"], EXCEPTION),
    steers(&["lifecycle", "protect"], "Addresses whose removal is blocked."),
    steers(&["lifecycle", "retain"], "Addresses that are left in Omni when the files no longer name them."),
    steers(
        &["lifecycle", "moved", "from"],
        "The old address of something that goes on under a new one in the record.",
    ),
    steers(&["lifecycle", "moved", "to"], "The new address of something that goes on in the record."),
    steers(&["initiative"], PROSE),
    steers(&["definition_of_done"], PROSE),
    steers(&["locked_decisions"], PROSE),
    steers(&["pivot_decisions"], PROSE),
    steers(&["open_decisions"], PROSE),
    steers(&["constraints"], PROSE),
    steers(
        &["phases"],
        "For people; `resources` and checked `exit_criteria` say in which order apply goes, and where it stops.",
    ),
    steers(&["references"], PROSE),
    steers(&[], "The spec steers this program; what follows from it stands in the plan as steps."),
];
