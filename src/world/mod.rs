//! The outside as traits, so that the engine can be simulated, crashed and replayed. Production and lab differ only here.

mod clock;
mod fs;
mod net;
pub mod real;
mod rng;

pub use clock::Clock;
pub use fs::{Fs, FsError, FsLock};
pub use net::{Deadline, Header, HeaderValue, Method, Net, NetError, NetReply, NetRequest};
pub use rng::Rng;

/// A future that can be sent between threads.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;
