//! The first interrupt as a value: start nothing new, finish what is under way.

use tokio::sync::watch;

use crate::world::Clock;

/// Asks for a stop.
#[derive(Debug)]
pub struct StopSender(watch::Sender<bool>);

/// Sees whether a stop was asked for.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// A connected pair.
pub fn channel() -> (StopSender, Stop) {
    let (tx, rx) = watch::channel(false);
    (StopSender(tx), Stop(rx))
}

impl StopSender {
    /// Asks for a stop; for good.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// A stop that never comes.
    pub fn never() -> Self {
        channel().1
    }
    /// Whether it was asked for.
    pub fn requested(&self) -> bool {
        *self.0.borrow()
    }
    /// Until it is asked for; for ever if nobody can any more.
    pub async fn wait(&self) {
        let mut rx = self.0.clone();
        if rx.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
    /// Sleeps, unless a stop comes first. True: a stop was asked for.
    pub async fn sleep(&self, clock: &dyn Clock, duration: std::time::Duration) -> bool {
        if self.requested() {
            return true;
        }
        tokio::select! {
            biased;
            () = self.wait() => true,
            () = clock.sleep(duration) => false,
        }
    }
}
