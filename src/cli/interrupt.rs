//! Signals: the first asks for a clean stop, the second ends at once.

use tokio::signal::unix::{SignalKind, signal};

use super::exit::Exit;
use super::streams::Streams;
use crate::engine::stop::{self, Stop};

/// Watches SIGINT, SIGTERM and SIGHUP from now on.
pub(super) fn watch(streams: &Streams) -> Stop {
    let (sender, stop) = stop::channel();
    let streams = streams.clone();
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let Ok([mut int, mut term, mut hup]) = signals.map(signal).into_iter().collect::<Result<Vec<_>, _>>().map(|v| {
        let v: Result<[_; 3], _> = v.try_into();
        v
    }).unwrap_or_else(|_| Err(Vec::new())) else {
        return stop;
    };
    tokio::spawn(async move {
        let mut count = 0u32;
        loop {
            tokio::select! {
                _ = int.recv() => {}
                _ = term.recv() => {}
                _ = hup.recv() => {}
            }
            count += 1;
            if count == 1 {
                streams.tell("Stopping: nothing new is started, calls under way are finished. Omni goes on with what it has accepted. Again: abort at once.");
                sender.stop();
            } else {
                streams.tell("Aborted. What was under way is in doubt; the next apply looks it up first.");
                abort();
            }
        }
    });
    stop
}

/// The journal already names every call under way, so that nothing has to be saved.
#[expect(clippy::exit, reason = "a second interrupt ends the program at once, whatever is still running")]
fn abort() -> ! {
    std::process::exit(i32::from(Exit::Aborted.code()))
}
