//! What is removed by address and still stands in the files comes back with the next plan.

use super::codes;
use crate::plan::scene::Scene;
use crate::plan::{Draft, Warning};

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    let Some(removal) = &scene.input.desired.removal else { return };
    for root in &removal.roots {
        let declared = removal.resources.iter().filter(|d| root.contains(&d.address));
        let Some(first) = declared.min_by_key(|d| d.address.clone()) else { continue };
        if !drafts.iter().any(|d| d.action.is_change() && root.contains(&d.address)) {
            continue;
        }
        let place = first.source.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
        out.push(Warning {
            code: codes::STILL_DECLARED.to_owned(),
            address: Some(root.clone()),
            message: format!("`{root}` is still in the files{place}: the next plan makes it again"),
            blocks: false,
            help: Some("take it out of the files as well, unless it is meant to be made anew".to_owned()),
            ..Warning::default()
        });
    }
}
