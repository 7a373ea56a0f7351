//! Bridges and the VLANs that they carry.

use super::survey::Landing;
use crate::live::{Bridge, Observation};

/// Bridges of a node; `None` where they are not known.
pub(in crate::checks) fn bridges<'a>(landing: &Landing<'a>, node: &str) -> Option<&'a Vec<Bridge>> {
    landing.seen.evidence.bridges.get(node).and_then(Observation::known)
}

/// Whether a bridge that is aware of VLANs carries a tag; a list that cannot be read carries everything.
pub(super) fn carries(bridge: &Bridge, tag: u64) -> bool {
    let Some(list) = &bridge.vids else { return true };
    let ranges: Option<Vec<(u64, u64)>> = list
        .split([' ', ',', ';'])
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
        })
        .collect();
    ranges.is_none_or(|all| all.is_empty() || all.iter().any(|(from, to)| (*from..=*to).contains(&tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_tags_and_ranges() {
        for (vids, tag, expected) in [
            (None, 7, true),
            (Some("2-4094"), 4094, true),
            (Some("2-4094"), 4095, false),
            (Some("10 20-30"), 25, true),
            (Some("10,20-30"), 11, false),
            (Some("ten"), 11, true),
            (Some(""), 11, true),
        ] {
            let bridge = Bridge {
                name: "b".to_owned(),
                active: true,
                vlan_aware: true,
                vids: vids.map(str::to_owned),
            };
            assert_eq!(carries(&bridge, tag), expected, "{vids:?} {tag}");
        }
    }
}
