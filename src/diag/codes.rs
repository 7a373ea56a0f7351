//! The codes of problems in files, each used by one kind of problem. A code is never reused.
//!
//! Rules with a description of their own ([`super::rule::Rule`]) name their code there.
//!
//! `OS0100`–`OS0119` YAML itself, `OS0120`–`OS0139` the spec, `OS0140`–`OS0159` machine classes and provider data,
//! `OS0160`–`OS0199` cluster templates; `OS0200`–`OS0229` references between files.

/// Not YAML.
pub const SYNTAX: u16 = 100;
/// Too large, too deep or too many.
pub const LIMIT: u16 = 101;
/// The same key twice in one mapping.
pub const DUPLICATE_KEY: u16 = 102;
/// An alias or merge key that cannot be resolved.
pub const ALIAS: u16 = 103;
/// Aliases, merge keys or tags where they are not allowed.
pub const ALIAS_REFUSED: u16 = 104;
/// Bytes that are not UTF-8, or characters that YAML does not allow.
pub const ENCODING: u16 = 105;

/// A key that nobody reads.
pub const UNKNOWN_KEY: u16 = 120;
/// A value of another type than the field's.
pub const WRONG_TYPE: u16 = 121;
/// A required field is not there.
pub const MISSING_FIELD: u16 = 122;
/// A value that the field cannot have.
pub const BAD_VALUE: u16 = 123;
/// The same section in two documents.
pub const SECTION_TWICE: u16 = 124;
/// Only narrative sections.
pub const NARRATIVE_ONLY: u16 = 125;
/// A path that leaves the repository or is not relative.
pub const PATH_ESCAPES: u16 = 126;
/// A file or folder that a spec names is not there.
pub const FILE_MISSING: u16 = 127;
/// Something that this version does not do yet.
pub const NOT_BUILT: u16 = 128;
/// Something that stands in a place where it does nothing.
pub const NO_EFFECT: u16 = 129;
/// An expression that cannot be evaluated.
pub const EXPRESSION: u16 = 130;

/// A document in a machine class file that is not a machine class.
pub const NOT_A_CLASS: u16 = 140;
/// Provider data that is not a mapping, or not readable.
pub const PROVIDER_DATA: u16 = 141;
/// Provider data that does not fit the schema that its provider publishes.
pub const PROVIDER_SCHEMA: u16 = 146;
/// A value that works only under conditions that are rarely met; said no more, each such condition has a code of its own.
pub const PROVIDER_RISK: u16 = 147;

/// A document that is no model: not a mapping, without `kind`, of an unknown kind.
pub const TEMPLATE_DOCUMENT: u16 = 160;
/// A cluster without a name, or with one that Omni refuses.
pub const CLUSTER_NAME: u16 = 164;
/// A version that is missing or no version.
pub const CLUSTER_VERSION: u16 = 165;
/// Disk encryption on a Talos version without it.
pub const CLUSTER_ENCRYPTION: u16 = 166;
/// A label or annotation with Omni's own prefix.
pub const RESERVED_PREFIX: u16 = 167;
/// A field that this kind of machine set cannot have.
pub const MACHINE_SET_FIELD: u16 = 168;
/// Both machines and a class.
pub const TWO_SOURCES: u16 = 169;
/// A machine id that is no UUID.
pub const MACHINE_ID: u16 = 170;
/// A patch, manifest or health check without content, with two, or without a name.
pub const TEMPLATE_CONTENT: u16 = 171;
/// A file that cannot be read.
pub const TEMPLATE_FILE: u16 = 172;
/// Patch content that is no Talos machine configuration.
pub const PATCH_CONTENT: u16 = 173;
/// A field that patches may not set.
pub const PATCH_FORBIDDEN: u16 = 174;
/// A field that newer Omni versions refuse in patches.
pub const PATCH_FORBIDDEN_SOON: u16 = 175;
/// Not exactly one Cluster and one ControlPlane.
pub const TEMPLATE_COUNT: u16 = 176;
/// A machine in more than one place, or in none.
pub const MACHINE_USE: u16 = 178;
/// A locked machine in the control plane.
pub const LOCKED_CONTROL_PLANE: u16 = 179;
/// Kernel arguments where a machine class makes the machines.
pub const KERNEL_ARGS_CLASS: u16 = 180;
/// Two resources of one id.
pub const DUPLICATE_RESOURCE: u16 = 181;
/// A key that Talos machine configuration does not have.
pub const TALOS_KEY: u16 = 182;
/// A value of another type than Talos machine configuration has there.
pub const TALOS_TYPE: u16 = 183;
/// A kind of document that Talos does not have.
pub const TALOS_KIND: u16 = 184;
/// Two templates for one cluster.
pub const CLUSTER_TWICE: u16 = 185;
/// A machine in two clusters.
pub const MACHINE_TWO_CLUSTERS: u16 = 186;
/// An install disk that is named and selected, or a selector that is no condition over disks.
pub const INSTALL_DISK: u16 = 187;
/// The files are written for another version of Omni than the server's.
pub const OMNI_VERSION: u16 = 188;
/// Talos machine configuration that is newer than the cluster's Talos.
pub const TALOS_NEWER: u16 = 189;

/// A name that stands for something that does not exist.
pub const UNKNOWN_REFERENCE: u16 = 200;
/// Two things with one name.
pub const DUPLICATE_NAME: u16 = 201;
