//! Worlds as they are on first use.
//!
//! The resources that users made stand there as omnictl would have made them; everything that Omni, the provider and the
//! machines made of them comes from running the controllers until nothing is left to happen.

mod deployed;
mod fresh;
mod hardware;
mod matrix;
mod objects;
mod versions;

use super::world::Plant;

/// Names of the scenarios.
pub const NAMES: [&str; 3] = ["fresh", "deployed", "matrix"];

/// Milliseconds that a scenario may need to come to rest.
const LONG: u64 = 6 * 3_600_000;

/// The world of this name, if there is a scenario for it.
pub fn build(name: &str) -> Option<Plant> {
    match name {
        "fresh" => Some(fresh::build(name)),
        "deployed" => Some(deployed::build(name)),
        "matrix" => Some(matrix::build(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
