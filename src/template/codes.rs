//! Codes of problems in cluster templates, each used by one kind of problem. A code is never reused.

/// A document that is no model: not a mapping, without `kind`, of an unknown kind.
pub(super) const DOCUMENT: u16 = 160;
/// A key that no model has.
pub(super) const UNKNOWN_KEY: u16 = 161;
/// A value of another type than the field's.
pub(super) const WRONG_TYPE: u16 = 162;
/// A value that the field cannot have.
pub(super) const BAD_VALUE: u16 = 163;
/// A cluster without a name, or with one that Omni refuses.
pub(super) const CLUSTER_NAME: u16 = 164;
/// A version that is missing or no version.
pub(super) const VERSION: u16 = 165;
/// Disk encryption on a Talos version without it.
pub(super) const ENCRYPTION: u16 = 166;
/// A label or annotation with Omni's own prefix.
pub(super) const RESERVED_PREFIX: u16 = 167;
/// A field that this kind of machine set cannot have.
pub(super) const MACHINE_SET_FIELD: u16 = 168;
/// Both machines and a class.
pub(super) const TWO_SOURCES: u16 = 169;
/// A machine id that is no UUID.
pub(super) const MACHINE_ID: u16 = 170;
/// A patch, manifest or health check without content, with two, or without a name.
pub(super) const CONTENT: u16 = 171;
/// A file that cannot be read.
pub(super) const FILE: u16 = 172;
/// Patch content that is no Talos machine configuration.
pub(super) const PATCH_CONTENT: u16 = 173;
/// A field that patches may not set.
pub(super) const FORBIDDEN: u16 = 174;
/// A field that newer Omni versions refuse in patches.
pub(super) const FORBIDDEN_SOON: u16 = 175;
/// Not exactly one Cluster and one ControlPlane.
pub(super) const COUNT: u16 = 176;
/// Two Workers, manifests or health checks of one name.
pub(super) const DUPLICATE_NAME: u16 = 177;
/// A machine in more than one place, or in none.
pub(super) const MACHINE_USE: u16 = 178;
/// A locked machine in the control plane.
pub(super) const LOCKED_CONTROL_PLANE: u16 = 179;
/// Kernel arguments where a machine class makes the machines.
pub(super) const KERNEL_ARGS_CLASS: u16 = 180;
/// Two resources of one id.
pub(super) const DUPLICATE_RESOURCE: u16 = 181;
/// A key that Talos machine configuration does not have.
pub(super) const TALOS_KEY: u16 = 182;
/// A value of another type than Talos machine configuration has there.
pub(super) const TALOS_TYPE: u16 = 183;
/// A kind of document that Talos does not have.
pub(super) const TALOS_KIND: u16 = 184;
