//! The form of a row.

use crate::kinds::{Certainty, Effect};

/// What a field belongs to, in the order of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The spec file.
    Spec,
    /// A machine class.
    Class,
    /// `providerdata` of a machine class, as the Proxmox provider reads it.
    ProviderData,
    /// `kind: Cluster` of a template.
    Cluster,
    /// `kind: ControlPlane` and `kind: Workers`.
    MachineSet,
    /// `kind: Machine`, and the place of a machine in its set.
    Machine,
    /// An entry of `patches`.
    Patch,
    /// A field of the Talos configuration that a patch sets.
    Talos,
    /// `systemExtensions`.
    Extensions,
    /// `kernelArgs`.
    KernelArgs,
    /// `install` of a machine.
    InstallDisk,
    /// An entry of `kubernetes.manifests`.
    Manifest,
    /// An entry of `kubernetes.healthchecks`.
    HealthCheck,
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Spec,
        Self::Class,
        Self::ProviderData,
        Self::Cluster,
        Self::MachineSet,
        Self::Machine,
        Self::Patch,
        Self::Talos,
        Self::Extensions,
        Self::KernelArgs,
        Self::InstallDisk,
        Self::Manifest,
        Self::HealthCheck,
    ];

    /// Its rows; the last one stands for every field that no other row leads to.
    pub fn rows(self) -> &'static [Row] {
        match self {
            Self::Spec => super::spec::ROWS,
            Self::Class => super::class::ROWS,
            Self::ProviderData => super::provider_data::ROWS,
            Self::Cluster => super::cluster::ROWS,
            Self::MachineSet => super::machine_set::ROWS,
            Self::Machine => super::machine::ROWS,
            Self::Patch => super::patch::ROWS,
            Self::Talos => super::talos::ROWS,
            Self::Extensions => super::extensions::ROWS,
            Self::KernelArgs => super::kernel_args::ROWS,
            Self::InstallDisk => super::install_disk::ROWS,
            Self::Manifest => super::manifest::ROWS,
            Self::HealthCheck => super::health_check::ROWS,
        }
    }

    /// The row of every field that has none.
    pub(super) fn other(self) -> &'static Row {
        self.rows().last().unwrap_or(&Row::UNKNOWN)
    }

    /// Title on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Spec => "The spec file",
            Self::Class => "Machine class",
            Self::ProviderData => "Machine class: `providerdata` of the Proxmox provider",
            Self::Cluster => "`kind: Cluster`",
            Self::MachineSet => "`kind: ControlPlane`, `kind: Workers`",
            Self::Machine => "`kind: Machine`, and an entry of `machines`",
            Self::Patch => "An entry of `patches`",
            Self::Talos => "The content of a patch, by field of the Talos configuration",
            Self::Extensions => "`systemExtensions`",
            Self::KernelArgs => "`kernelArgs`",
            Self::InstallDisk => "`install` of a machine",
            Self::Manifest => "An entry of `kubernetes.manifests`",
            Self::HealthCheck => "An entry of `kubernetes.healthchecks`",
        }
    }
}

/// What happens to the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// It changes, appears or goes while its object stays.
    Changes,
    /// Its number grows.
    Grows,
    /// Its number shrinks.
    Shrinks,
    /// The whole object is created.
    Added,
    /// The whole object goes.
    Removed,
}

impl When {
    /// The word on the page.
    pub fn word(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Grows => "grows",
            Self::Shrinks => "shrinks",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// Where a rule comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A recorded timeline of a real Omni's controllers, by its number and what was done.
    Timeline(&'static str),
    /// A recorded exchange with a real Omni, by the name of its file in `tests/fixtures/omni/captures`.
    Exchange(&'static str),
    /// The reference of Omni's interface, templates or of the provider, by topic.
    Reference(&'static str),
    /// This program's own doing: no server is involved.
    Ours,
    /// Nothing pins it: what is missing.
    Missing(&'static str),
}

/// The test that fails when the planner says something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A scenario in `tests/golden`.
    Golden(&'static str),
    /// A test function.
    Test(&'static str),
}

/// What one field does to machines that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The field in the words of the file; empty for the object itself, or for all fields without a row. A part that ends
    /// in `*` stands for all names with that beginning.
    pub path: &'static [&'static str],
    /// What happens to it.
    pub when: When,
    /// What that does.
    pub effect: Effect,
    /// How sure that is.
    pub certainty: Certainty,
    /// Why, in a sentence.
    pub rule: &'static str,
    /// Where the rule comes from.
    pub source: Source,
    /// What holds the planner to it.
    pub proof: Proof,
}

impl Row {
    /// A subject without rows; there is none.
    pub(super) const UNKNOWN: Self = Self::new(
        &[],
        (Effect::Unknown, Certainty::Predicted),
        "No rule.",
        Source::Missing("a rule"),
        Proof::Test("every_subject_has_a_row_for_all_other_fields"),
    );

    /// A row about a change.
    pub(super) const fn new(
        path: &'static [&'static str],
        (effect, certainty): (Effect, Certainty),
        rule: &'static str,
        source: Source,
        proof: Proof,
    ) -> Self {
        Self { path, when: When::Changes, effect, certainty, rule, source, proof }
    }

    /// The same row for another occasion.
    pub(super) const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Whether a field is this one, or below it.
    pub(super) fn leads_to(&self, path: &[&str]) -> bool {
        self.path.len() <= path.len()
            && self.path.iter().zip(path).all(|(mine, part)| match mine.strip_suffix('*') {
                Some(beginning) => part.starts_with(beginning),
                None => mine == part,
            })
    }

    /// The field as a person writes it; `None` for the object itself.
    pub fn field(&self) -> Option<String> {
        (!self.path.is_empty()).then(|| self.path.join("."))
    }
}

/// No machine is involved.
pub(super) const NONE: (Effect, Certainty) = (Effect::None, Certainty::Derived);
/// No machine is involved, as far as the reference says; no timeline shows it.
pub(super) const NONE_EXPECTED: (Effect, Certainty) = (Effect::None, Certainty::Predicted);
/// Stored, and machines that exist stay as they are.
pub(super) const NO_EFFECT: (Effect, Certainty) = (Effect::NoEffect, Certainty::Derived);
/// Applied to running machines.
pub(super) const HOT: (Effect, Certainty) = (Effect::Hot, Certainty::Predicted);
/// Machines reboot.
pub(super) const REBOOT: (Effect, Certainty) = (Effect::Reboot, Certainty::Predicted);
/// Machines go.
pub(super) const DESTROY: (Effect, Certainty) = (Effect::Destroy, Certainty::Derived);
/// Nobody knows.
pub(super) const UNKNOWN: (Effect, Certainty) = (Effect::Unknown, Certainty::Predicted);
