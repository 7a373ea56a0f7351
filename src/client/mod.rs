//! Talking to Omni: keys, signatures, the origin that a credential is bound to, and the stack of deadlines and retries
//! around every call.

pub mod context;
pub mod key;
pub mod origin;
mod packet;
pub mod retry;
pub mod sign;
pub mod stack;
pub mod store_trust;
pub mod trust;

pub use key::SigningKey;
pub use origin::Origin;
pub use stack::{Stack, Trace, TraceHook};
