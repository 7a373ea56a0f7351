//! Signals: the first asks for a clean stop, the second ends at once.

use tokio::signal::unix::{SignalKind, signal};

use super::exit::Exit;
use super::streams::Streams;
use crate::engine::stop::{self, Stop};

/// What is said at the first and at the second signal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    first: &'static str,
    second: &'static str,
}

/// While a plan is carried out.
pub(super) const APPLY: Words = Words {
    first: "Stopping: nothing new is started, calls under way are finished. Omni goes on with what it has accepted. Again: abort at once.",
    second: "Aborted. What was under way is in doubt; the next apply looks it up first.",
};

/// While something is only looked at.
pub(super) const LOOK: Words = Words {
    first: "Stopping: nothing was changed. Again: abort at once.",
    second: "Aborted. Nothing was changed.",
};

/// While a world of the lab is served.
pub(super) const LAB: Words = Words {
    first: "Stopping: the world is kept. Again: abort at once.",
    second: "Aborted. The world is as it was last kept.",
};

/// Watches SIGINT, SIGTERM and SIGHUP from now on.
pub(super) fn watch(streams: &Streams, words: Words) -> Stop {
    let (sender, stop) = stop::channel();
    let streams = streams.clone();
    let (Ok(mut int), Ok(mut term), Ok(mut hup)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        streams.say("note: signals cannot be watched: an interrupt ends the program at once");
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
                streams.tell(words.first);
                sender.stop();
            } else {
                streams.tell(words.second);
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
