//! Bridges and the VLANs that they carry.

use super::survey::{Landing, Nic, Survey, list, name};
use crate::address::Address;
use crate::checks::{Finding, Rule};
use crate::live::{Bridge, Observation};

/// What a rule says of a bridge.
pub(super) struct Trouble {
    /// The rule.
    pub(super) rule: &'static Rule,
    /// What is the matter with the bridge, before the nodes: `is not up`.
    pub(super) what: &'static str,
    /// What follows, after the nodes.
    pub(super) then: &'static str,
    /// What to do.
    pub(super) act: &'static str,
}

/// Tells of each network card of a class whose bridge is `bad` on nodes on which its machines can land. `bad` gets nothing where
/// the node has no bridge of that name.
pub(super) fn tell(
    survey: &Survey<'_>,
    trouble: &Trouble,
    bad: impl Fn(&Nic<'_>, Option<&Bridge>) -> bool,
    out: &mut Vec<Finding>,
) {
    for landing in &survey.landings {
        for nic in &landing.nics {
            let on = |node: &&str| {
                // A node that shows no bridge at all hides them.
                let shown = bridges(landing, node).filter(|all| !all.is_empty());
                shown.is_some_and(|all| bad(nic, all.iter().find(|b| b.name == nic.bridge)))
            };
            let nodes: Vec<&str> = landing.nodes.iter().copied().filter(on).collect();
            if nodes.is_empty() {
                continue;
            }
            let (bridge, at) = (name(nic.bridge), landing.on(&nodes));
            let cause = format!("bridge {bridge} ({}) {} {at}{}", nic.key, trouble.what, trouble.then);
            let mut finding = Finding::new(trouble.rule, Address::class(&landing.class.id), cause);
            for node in nodes.iter().take(3) {
                let names: Vec<&str> =
                    bridges(landing, node).into_iter().flatten().map(|b| b.name.as_str()).collect();
                finding = finding.fact(format!("bridges of node {}", name(node)), list(&names));
            }
            finding.severity = landing.severity(nodes.len());
            out.push(finding.act(trouble.act));
        }
    }
}

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
