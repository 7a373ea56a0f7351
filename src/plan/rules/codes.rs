//! Codes of the plan's warnings. A code is never reused: OS0408 and OS0420 are OS0530 and OS0507 to OS0509 now.

/// There is no record.
pub const NO_RECORD: &str = "OS0401";
/// A cluster or machine is locked.
pub const LOCKED: &str = "OS0402";
/// Something declared is being torn down.
pub const TEARING_DOWN: &str = "OS0403";
/// A provider is missing in Omni.
pub const PROVIDER_MISSING: &str = "OS0404";
/// A provider is not connected.
pub const PROVIDER_AWAY: &str = "OS0405";
/// A provider id that could never be registered again.
pub const PROVIDER_NAME: &str = "OS0406";
/// An even number of control planes.
pub const EVEN_CONTROL_PLANES: &str = "OS0407";
/// A class that is neither declared nor live.
pub const CLASS_MISSING: &str = "OS0409";
/// Live things in managed clusters that are not ours.
pub const FOREIGN: &str = "OS0410";
/// Both versions of a cluster change at once.
pub const BOTH_VERSIONS: &str = "OS0411";
/// A class names a provider that neither the spec nor Omni has.
pub const CLASS_PROVIDER: &str = "OS0412";
/// Omni refuses this change.
pub const REFUSED: &str = "OS0413";
/// Owned by one of Omni's controllers.
pub const OWNED: &str = "OS0414";
/// A version that Omni does not offer.
pub const VERSION: &str = "OS0415";
/// A type that this Omni does not know.
pub const UNSUPPORTED: &str = "OS0416";
/// A machine that belongs to another cluster.
pub const OTHER_CLUSTER: &str = "OS0417";
/// A class in use cannot go.
pub const CLASS_IN_USE: &str = "OS0418";
/// Machines that do not take part because they are locked.
pub const HELD_BACK: &str = "OS0419";
/// A provider that the files no longer name.
pub const PROVIDER_LEFT: &str = "OS0421";
/// Two things need each other in a circle.
pub const CIRCLE: u16 = 422;
/// One address declared twice.
pub const TWICE: u16 = 423;
/// Two addresses for one resource.
pub const ONE_RESOURCE: u16 = 424;
/// A plan that contradicts itself.
pub const BUG: u16 = 902;
/// A Proxmox cluster that was not read.
pub const PROXMOX_UNREAD: &str = "OS0425";
/// Files without any cluster.
pub const NOTHING_DECLARED: &str = "OS0426";
/// Provider data that does not fit the schema that its provider publishes.
pub const PROVIDER_DATA: &str = "OS0427";
/// Digests in the record that another key made.
pub const DIGEST_KEY: &str = "OS0428";
/// Something that `--destroy` names and the files still declare.
pub const STILL_DECLARED: &str = "OS0429";
/// A cluster that got another name.
pub const RENAMED_CLUSTER: &str = "OS0430";
/// Patches that got other ids.
pub const RENAMED_PATCHES: &str = "OS0431";
/// A machine set that its template no longer has.
pub const SECTION_REMOVED: &str = "OS0432";
/// Labels, annotations and locks of others that stay.
pub const KEPT: &str = "OS0433";
/// An install disk that a patch still sets, on a server where install disks are resources.
pub const INSTALL_DISK_PATCH: &str = "OS0434";
/// A patch that is marked as disabled, on a server that does not heed the mark.
pub const DISABLED_PATCH: &str = "OS0435";
/// Something that a phase holds and that needs something of a later one.
pub const PHASES: u16 = 436;
/// Targets and excludes at once.
pub const MIXED_SCOPE: &str = "OS0470";
/// A target that is one address and has left-out steps below it.
pub const TARGET_ALONE: &str = "OS0471";
/// What is told of a partial plan even where it changes nothing.
pub const ABOUT_SCOPE: [&str; 2] = [MIXED_SCOPE, TARGET_ALONE];
/// A cluster is removed.
pub const CLUSTER_REMOVED: &str = "OS0441";
/// A control plane is lost.
pub const CONTROL_PLANE_LOST: &str = "OS0442";
/// A wave leaves etcd without a majority.
pub const NO_QUORUM: &str = "OS0443";
/// The control planes shrink below a majority of what they are.
pub const CONTROL_PLANES_SHRINK: &str = "OS0444";
/// Something that can cost etcd, without a backup that is young enough.
pub const BACKUP_STALE: &str = "OS0445";
/// A version goes back, or a minor version is skipped.
pub const VERSION_STEP: &str = "OS0446";
/// A class gets another provider while machines of the old one are there.
pub const PROVIDER_CHANGED: &str = "OS0449";
/// A machine that goes holds data on its own disks.
pub const LOCAL_DATA: &str = "OS0453";
/// New machines for which there is no room.
pub const NO_ROOM: &str = "OS0454";
/// More than a threshold allows.
pub const THRESHOLD: &str = "OS0456";
/// Whether a machine that goes holds data on its own disks is not known.
pub const LOCAL_DATA_UNKNOWN: &str = "OS0457";
/// Whether there is room for new machines is not known.
pub const ROOM_UNKNOWN: &str = "OS0458";
/// Something that `lifecycle.protect` holds would be lost.
pub const PROTECTED: &str = "OS0461";
/// Something that `lifecycle.retain` holds would go with what it lies below.
pub const NOT_RETAINED: &str = "OS0462";
/// A move of `lifecycle.moved` that cannot be, or that has nothing to do.
pub const NOT_MOVED: &str = "OS0463";
/// An exception of the policy that has expired.
pub const EXPIRED: &str = "OS0464";
/// A VM that is not the machine's, under the VMID that its provider recorded.
pub const FOREIGN_VM: &str = "OS0465";
