//! Phases and stages by Omni's numbers, with Omni's words.

use schemars::JsonSchema;
use serde::Serialize;

macro_rules! phases {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal, $word:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            /// Not told, or a number that a newer server has.
            #[default]
            Unknown,
            $($(#[$vdoc])* $variant,)+
        }
        impl $name {
            /// By the number that the server sends.
            pub(super) fn of(number: i128) -> Self {
                match number {
                    $($number => Self::$variant,)+
                    _ => Self::Unknown,
                }
            }
            /// The word that Omni's client shows.
            pub fn word(self) -> &'static str {
                match self {
                    Self::Unknown => "UNKNOWN",
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

phases! {
    /// `ClusterStatus.phase`.
    ClusterPhase {
        /// Machines are being added.
        ScalingUp = 1, "SCALING_UP";
        /// Machines are being removed.
        ScalingDown = 2, "SCALING_DOWN";
        /// As many machines as asked for.
        Running = 3, "RUNNING";
        /// On its way out.
        Destroying = 4, "DESTROYING";
    }
}

phases! {
    /// `MachineSetStatus.phase`.
    SetPhase {
        /// Machines are being added.
        ScalingUp = 1, "ScalingUp";
        /// Machines are being removed.
        ScalingDown = 2, "ScalingDown";
        /// As many machines as asked for, all with their configuration.
        Running = 3, "Running";
        /// On its way out.
        Destroying = 4, "Destroying";
        /// It cannot go on; see its error.
        Failed = 5, "Failed";
        /// A configuration is being rolled out.
        Reconfiguring = 6, "Reconfiguring";
        /// A Talos version or extensions are being rolled out.
        Upgrading = 7, "Upgrading";
    }
}

phases! {
    /// `ClusterMachineStatus.stage`.
    Stage {
        /// Starting.
        Booting = 1, "BOOTING";
        /// Writing Talos to disk.
        Installing = 2, "INSTALLING";
        /// Waiting for, or taking up, its configuration.
        Configuring = 3, "CONFIGURING";
        /// Running.
        Running = 4, "RUNNING";
        /// Leaving the cluster.
        Destroying = 5, "DESTROYING";
        /// Writing another version.
        Upgrading = 6, "UPGRADING";
        /// Restarting.
        Rebooting = 7, "REBOOTING";
        /// Going down.
        ShuttingDown = 8, "SHUTTING_DOWN";
        /// About to leave the cluster.
        BeforeDestroy = 9, "BEFORE_DESTROY";
        /// Being switched on.
        PoweringOn = 10, "POWERING_ON";
        /// Switched off.
        PoweredOff = 11, "POWERED_OFF";
    }
}

phases! {
    /// `phase` of `KubernetesUpgradeStatus` and `TalosUpgradeStatus`.
    UpgradePhase {
        /// Going to another version.
        Upgrading = 1, "Upgrading";
        /// At rest.
        Done = 2, "Done";
        /// It cannot go on; see its error.
        Failed = 3, "Failed";
        /// Going back.
        Reverting = 4, "Reverting";
        /// Extensions or kernel arguments are being rolled out.
        UpdatingMachineSchematics = 5, "UpdatingMachineSchematics";
    }
}

phases! {
    /// `ClusterMachineRequestStatus.stage`.
    RequestStage {
        /// The provider has not begun.
        Pending = 1, "PENDING";
        /// The provider is making the machine.
        Provisioning = 2, "PROVISIONING";
        /// The machine is made; Omni has not heard of it.
        Provisioned = 3, "PROVISIONED";
        /// The provider is removing the machine.
        Deprovisioning = 4, "DEPROVISIONING";
        /// The provider cannot make it.
        Failed = 5, "FAILED";
    }
}
