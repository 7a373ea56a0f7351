//! Every rule, by code.

use super::{Rule, inventory, placement, preflight, provider, provisioning, scaling, teardown};

/// All rules, in the order of their codes.
///
/// `OS0500`–`OS0529` what classes need of Proxmox, `OS0530`–`OS0539` placement and capacity, `OS0540`–`OS0569` drift,
/// `OS0570`–`OS0599` provider and machines that do not get on.
const ALL: [&[&Rule]; 8] = [
    &preflight::RULES,
    &placement::RULES,
    &inventory::RULES,
    &provider::RULES,
    &provisioning::RULES,
    &teardown::RULES,
    &scaling::RULES,
    &provider::LOG_RULES,
];

/// Every rule.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    ALL.iter().flat_map(|part| part.iter().copied())
}

/// The rule with this code (`OS0501`).
pub fn by_code(code: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code == code)
}

/// The rule of this name (`storage-not-on-node`).
pub fn by_name(name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.name == name)
}
