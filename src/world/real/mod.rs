//! The outside as it is: operating system, wall clock, network.

mod clock;
mod fs;
mod rng;

pub use clock::RealClock;
pub use fs::RealFs;
pub use rng::RealRng;
