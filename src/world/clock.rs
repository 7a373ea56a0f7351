//! Time.

use std::time::Duration;

use super::BoxFuture;

/// Time, real or virtual.
pub trait Clock: Send + Sync {
    /// Unix time in seconds with fraction; for signatures, lease times and journals, never for time-outs.
    fn unix(&self) -> f64;
    /// Monotonic time since an arbitrary start; for time-outs and durations.
    fn now(&self) -> Duration;
    /// Waits. A virtual clock jumps.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}
