//! The outside as it is: operating system, wall clock, network.

mod clock;
mod fs;
mod net;
mod rng;
mod tls;

pub use clock::RealClock;
pub use fs::RealFs;
pub use net::{NetSetupError, RealNet};
pub use rng::RealRng;
pub use tls::Trust;
