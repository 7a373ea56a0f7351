//! Generations of the provider.

use serde::Serialize;

use crate::spec::{PROVIDER_FIELDS, provider_since};

/// A release line of the provider, as far as it reads classes and makes machines differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub enum Generation {
    /// Sources before the first release.
    #[serde(rename = "before 0.1")]
    Early,
    /// 0.1: `tags`, `pool`, `network_firewall`; nodes that are offline are passed over.
    #[serde(rename = "0.1")]
    V0_1,
    /// 0.2: `placement_strategy`, `bios`, `vga`, `ha`; the version is published.
    #[serde(rename = "0.2")]
    V0_2,
    /// 0.3: `usb_devices`.
    #[serde(rename = "0.3 or newer")]
    V0_3,
}

impl Generation {
    /// By what the provider publishes: `InfraProviderStatus.spec.version` (empty before 0.2.0) and the properties of its schema.
    pub fn detect(version: &str, properties: &[&str]) -> Self {
        let declares = |name| properties.contains(&name);
        let numbers: Vec<u64> = version
            .trim()
            .trim_start_matches('v')
            .split(['.', '-', '+'])
            .map_while(|n| n.parse().ok())
            .collect();
        match numbers.as_slice() {
            [0, 0, ..] => Self::Early,
            [0, 1, ..] => Self::V0_1,
            [0, 2, ..] => Self::V0_2,
            [_, _, ..] => Self::V0_3,
            _ if declares("usb_devices") => Self::V0_3,
            _ if declares("placement_strategy") => Self::V0_2,
            _ if declares("pool") || declares("tags") => Self::V0_1,
            _ => Self::Early,
        }
    }

    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::Early => "before 0.1",
            Self::V0_1 => "0.1",
            Self::V0_2 => "0.2",
            Self::V0_3 => "0.3 or newer",
        }
    }

    /// Since when the provider reads a key of provider data; `None` for a key that no release reads.
    pub fn of_key(key: &str) -> Option<Self> {
        let known = PROVIDER_FIELDS.iter().any(|(name, _)| *name == key);
        known.then(|| match provider_since(key) {
            (0, 0) => Self::Early,
            (0, 1) => Self::V0_1,
            (0, 2) => Self::V0_2,
            _ => Self::V0_3,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_shows_in_the_version_or_the_schema() {
        for (version, properties, generation) in [
            ("", &[][..], Generation::Early),
            ("", &["cores", "node"], Generation::Early),
            ("", &["cores", "pool"], Generation::V0_1),
            ("v0.1.2", &[], Generation::V0_1),
            ("", &["placement_strategy", "pool"], Generation::V0_2),
            ("v0.2.0", &[], Generation::V0_2),
            ("0.3.0-beta.1", &[], Generation::V0_3),
            ("v1.0.0", &[], Generation::V0_3),
            ("", &["usb_devices"], Generation::V0_3),
            ("dirty", &["tags"], Generation::V0_1),
        ] {
            assert_eq!(Generation::detect(version, properties), generation, "{version} {properties:?}");
        }
    }

    #[test]
    fn keys_came_with_releases() {
        assert_eq!(Generation::of_key("cores"), Some(Generation::Early));
        for (key, generation) in
            [("pool", Generation::V0_1), ("ha", Generation::V0_2), ("usb_devices", Generation::V0_3)]
        {
            assert_eq!(Generation::of_key(key), Some(generation), "{key}");
        }
        assert_eq!(Generation::of_key("mdev"), None, "not at the top");
        assert_eq!(Generation::of_key("diskSize"), None);
    }
}
