//! Randomness of the operating system.

use crate::world::Rng;

/// Cryptographic random bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealRng;

impl Rng for RealRng {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness every identity would repeat: stopping is the only safe answer.
        if aws_lc_rs::rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}
