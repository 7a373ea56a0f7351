//! The thread on which expressions are read and evaluated.

use std::sync::mpsc;
use std::time::Duration;

use super::Fault;
use crate::diag::Span;

/// Stack of the thread: the parser alone takes 90 KiB for each bracket in a build without optimisation.
const STACK: usize = 64 << 20;
/// Longest wait for a result. What is bounded by counting needs a small part of it.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Runs something that recurses, on a stack that suffices. It sends any number of results; one that is not waited for any more
/// ends by itself, since all that it does is bounded.
pub fn on_thread<T: Send + 'static>(work: impl FnOnce(&dyn Fn(T)) + Send + 'static) -> mpsc::Receiver<T> {
    let (send, receive) = mpsc::channel();
    let thread = std::thread::Builder::new().name("expression".to_owned()).stack_size(STACK);
    // Without a thread nobody sends, and whoever waits is told.
    let _detached = thread.spawn(move || {
        work(&|result| {
            // Nobody listening any more is no error.
            let _unheard = send.send(result);
        });
    });
    receive
}

/// In place of a result that does not come.
pub fn unanswered(at: Span, why: mpsc::RecvTimeoutError) -> Fault {
    match why {
        mpsc::RecvTimeoutError::Timeout => {
            Fault::new(at, format!("there was no result within {} s", PATIENCE.as_secs()))
                .help("make it smaller, or try again when the machine has less to do")
        }
        mpsc::RecvTimeoutError::Disconnected => {
            Fault::new(at, "the expression cannot be evaluated").help("write it in another way")
        }
    }
}
