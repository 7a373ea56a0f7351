//! Worlds as they are on first use.
//!
//! The resources that users made stand there as omnictl would have made them; everything that Omni, the provider and the
//! machines made of them comes from running the controllers until nothing is left to happen.

mod deployed;
mod fleet;
mod fresh;
mod hardware;
mod matrix;
mod objects;
mod versions;

use super::omni::ServerVersion;
use super::world::Plant;

/// Names of the scenarios; the number of clusters stands for `N`.
pub const NAMES: [&str; 7] =
    ["fresh", "deployed", "matrix", "fresh-1.9", "deployed-1.9", "matrix-1.9", "fleet-N"];

/// Ending of the worlds that play Omni 1.9.3 instead of a development version after 1.10.
const OLD: &str = "-1.9";

/// Milliseconds that a scenario may need to come to rest.
const LONG: u64 = 6 * 3_600_000;

/// Whether there is a scenario for a world of this name.
pub fn known(name: &str) -> bool {
    fleet::size(name).is_some() || (name != "fleet-N" && NAMES.contains(&name))
}

/// The world of this name, if there is a scenario for it.
pub fn build(name: &str) -> Option<Plant> {
    if let Some(clusters) = fleet::size(name) {
        return Some(fleet::build(name, clusters));
    }
    match name.strip_suffix(OLD).unwrap_or(name) {
        "fresh" => Some(fresh::build(name)),
        "deployed" => Some(deployed::build(name)),
        "matrix" => Some(matrix::build(name)),
        _ => None,
    }
}

/// Which Omni a world plays.
fn version(name: &str) -> ServerVersion {
    if name.ends_with(OLD) { ServerVersion::V1_9_3 } else { ServerVersion::V1_10Beta }
}

#[cfg(test)]
mod tests;
