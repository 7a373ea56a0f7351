//! What can be broken, with what each fault takes and does.

/// A fault: name, argument (empty for none), what it does.
pub type Entry = (&'static str, &'static str, &'static str);

/// All faults, in the order in which they are listed.
pub const FAULTS: &[Entry] = &[
    ("node-offline", "a Proxmox node", "the node stops answering, with all that runs on it"),
    ("node-online", "a Proxmox node", "it is back"),
    ("node-renamed", "OLD=NEW", "the node has another name; its guests are below that"),
    ("node-removed", "a Proxmox node", "the node leaves the cluster, with its guests"),
    ("resolvers", "NODE=ADDRESS,…", "the node asks other name servers"),
    ("cpu-flags", "NODE=FLAG FLAG …", "the node's processors have these flags"),
    ("memory-used", "NODE=GIB", "so much memory of the node is used by what is no guest"),
    ("quorum-lost", "", "the cluster reads and refuses every write"),
    ("quorum-back", "", "it writes again"),
    ("proxmox-down", "", "the API takes connections and answers none"),
    ("proxmox-back", "", "it answers"),
    ("storage-broken", "a storage", "the storage is configured and does not work (inactive)"),
    ("storage-mended", "a storage", "it works"),
    ("storage-missing", "STORAGE@NODE", "the storage is not configured for the node"),
    ("storage-present", "STORAGE@NODE", "it is again"),
    ("storage-disabled", "a storage", "the storage is switched off"),
    ("storage-enabled", "a storage", "it is switched on"),
    ("storage-renamed", "OLD=NEW", "the storage has another id, for its disks too"),
    ("storage-content", "STORAGE=images,iso,…", "the storage takes this content only"),
    ("storage-full", "a storage", "nothing is free on the storage"),
    ("storage-emptied", "a storage", "nine tenths of it are free"),
    ("bridge-missing", "BRIDGE@NODE", "the node has no such bridge"),
    ("bridge-present", "BRIDGE@NODE", "it has one, which carries all VLANs"),
    ("bridge-down", "BRIDGE@NODE", "the bridge is not active"),
    ("bridge-up", "BRIDGE@NODE", "it is active"),
    ("bridge-vids", "BRIDGE@NODE=10 20-30", "the bridge carries these VLANs; with nothing it knows none"),
    ("bridges-hidden", "", "the token may see no bridge: it loses `SDN.Audit` and `SDN.Use`"),
    ("bridges-shown", "", "it has them again"),
    ("privilege-missing", "PRIVILEGE[@PATH]", "the token loses a privilege, on `/` or at a path"),
    ("privilege-given", "PRIVILEGE[@PATH]", "it gets it"),
    (
        "token-role",
        "PVEVMAdmin, PVEAuditor, OmniProvider or none",
        "the token has this role on `/` and nothing else",
    ),
    ("token-expires", "DAYS or never", "the token expires in so many days; with 0 it has expired"),
    ("token-refused", "", "the token's secret is wrong: every call answers 401"),
    ("token-accepted", "", "it is right"),
    ("mapping-missing", "ID[@NODE]", "a PCI mapping does not exist, or has nothing on a node"),
    ("mapping-present", "ID@NODE", "it has a device there"),
    ("create-fails", "[a text]", "tasks that create VMs fail"),
    ("create-warns", "", "they end with a warning"),
    ("start-fails", "[a text]", "tasks that start VMs fail"),
    ("start-warns", "", "they end with a warning"),
    ("download-fails", "[a text]", "downloads of images fail"),
    ("tasks-mended", "", "tasks end well"),
    ("tasks-instant", "", "tasks take no time"),
    ("tasks-slow", "", "they take as long as they do"),
    ("parameters-unchecked", "", "any parameters of a new VM are taken, as by a server that only pretends"),
    ("parameters-checked", "", "they are checked"),
    ("vm-stopped", "a VMID", "somebody stops the VM"),
    ("vm-started", "a VMID", "somebody starts it"),
    ("vm-deleted", "a VMID", "somebody deletes the VM"),
    ("vm-reused", "a VMID", "the VM is deleted, and its VMID is another's: `postgres-01`"),
    ("vm-migrated", "VMID@NODE", "the VM is moved to another node"),
    ("vm-paused", "a VMID", "the VM is paused"),
    ("vm-io-error", "a VMID", "the VM stands still, since its storage does not take writes"),
    ("vm-resumed", "a VMID", "it goes on"),
    (
        "vm-edited",
        "VMID:KEY=VALUE",
        "a key of the VM's configuration is changed; with no value it is removed",
    ),
    ("vm-pending", "VMID:KEY=VALUE", "the change waits for the next power cycle"),
    ("vm-duplicated", "a VMID", "there is a second VM with the UUID of this one, restored from a backup"),
    ("vm-in-ha", "a VMID", "high availability manages the VM"),
    ("vm-out-of-ha", "a VMID", "it does not"),
    ("vm-protected", "a VMID", "the VM cannot be removed"),
    ("vm-unprotected", "a VMID", "it can"),
    ("vm-locked", "VMID[=backup]", "something works on the VM, and nothing else may"),
    ("vm-unlocked", "a VMID", "it is done"),
    ("orphan-vm", "SET@NODE", "a VM with the tag of a machine request set that no request is for"),
    ("orphan-iso", "VMID@NODE", "an image to join with of a VM that is no more"),
    (
        "disk-left",
        "VOLUME[@NODE][=GIB]",
        "a disk of a VM that is no more, as vm_ssd:vm-120-disk-0; on a node where its storage is not shared",
    ),
    ("disk-freed", "VOLUME[@NODE]", "somebody removes it"),
    ("provider-stopped", "", "the provider's container is off"),
    ("provider-started", "", "it runs"),
    (
        "provider-refused",
        "",
        "Proxmox takes the provider's credentials no more; Omni sees a healthy provider",
    ),
    ("provider-accepted", "", "it takes them"),
    ("provider-renamed", "an id", "the provider runs under another id"),
    ("factory-unreachable", "", "the provider does not reach the image factory"),
    ("factory-reachable", "", "it does"),
    ("machine-silent", "a machine or its request", "the machine is cut off"),
    ("machine-back", "a machine or its request", "it is heard again"),
    ("join-impossible", "", "new VMs run and never reach Omni"),
    ("join-token-revoked", "", "Omni's only join token lets no new machine in"),
    ("join-possible", "", "they reach it, and are let in"),
    ("etcd-unhealthy", "a cluster", "etcd has no quorum: no control plane can leave"),
    ("etcd-healthy", "a cluster", "it has"),
    ("type-hidden", "a type of Omni, as ConfigPatches", "nobody may list the type"),
    ("type-shown", "a type of Omni", "everybody may"),
    ("cni-installed", "a cluster", "somebody installs a CNI"),
    ("object-made", "an object of Omni as JSON", "somebody makes an object"),
    ("object-changed", "what changes in an object, as JSON", "somebody changes an object"),
    ("object-removed", "TYPE/ID", "somebody removes an object: it tears down"),
    ("store-ignores-if-none-match", "", "the object store overwrites what it should only create"),
    ("store-ignores-if-match", "", "it overwrites what somebody else wrote"),
    ("store-stale-reads", "", "it answers with what was there before"),
    ("store-weak-etags", "", "its tags are weak"),
    ("store-errors-with-200", "", "it says 200 to what failed"),
    ("store-denies-own-writes", "", "it fails writes that it has done"),
    ("store-refuses", "", "it refuses everybody"),
    ("store-redirects", "", "it sends elsewhere"),
    ("store-down", "", "it answers nothing"),
    ("store-loses-replies", "number of writes", "it writes and loses the reply"),
    ("store-drops-requests", "number of writes", "it loses the request"),
    ("store-fails-after", "number of writes", "it fails after so many writes"),
    ("store-mended", "", "it does as it should"),
];

/// A fault as it is written.
pub fn written((name, argument, _): &Entry) -> String {
    if argument.is_empty() { (*name).to_owned() } else { format!("{name}:<{argument}>") }
}

/// All faults, one a line, with what they do.
pub fn text() -> String {
    let width = FAULTS.iter().map(|f| written(f).chars().count()).max().unwrap_or(0).min(44);
    let lines = FAULTS.iter().map(|fault| {
        let left = written(fault);
        let pad = " ".repeat(width.saturating_sub(left.chars().count()));
        format!("  {left}{pad}  {}", fault.2)
    });
    lines.collect::<Vec<_>>().join("\n")
}
