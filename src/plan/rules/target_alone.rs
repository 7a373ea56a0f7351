//! A target without a star is one address, and people who name a cluster usually mean all of it.

use super::codes;
use crate::address::Glob;
use crate::plan::scene::Scene;
use crate::plan::{Draft, Warning};

/// Looks at the steps that were left out.
pub(in crate::plan) fn target_alone(scene: &Scene<'_>, left: &[Draft<'_>]) -> Vec<Warning> {
    let targets = scene.selection().into_iter().flat_map(|s| &s.targets);
    targets
        .filter_map(|target| {
            let address = target.glob.exact()?;
            let below = left.iter().filter(|d| d.address != address && address.contains(&d.address)).count();
            let steps = match below {
                0 => return None,
                1 => "1 step".to_owned(),
                n => format!("{n} steps"),
            };
            Some(Warning {
                code: codes::TARGET_ALONE.to_owned(),
                message: format!("`{address}` is that one thing: {steps} below it stay out"),
                help: Some(format!("`--target '{}'` takes them along", Glob::subtree(&address))),
                address: Some(address),
                ..Warning::default()
            })
        })
        .collect()
}
