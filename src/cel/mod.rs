//! Reading of expressions (CEL) that other people write, fenced: whatever stands in a file ends in a tree or in an error, in
//! bounded time and memory.
//!
//! The text is bounded before anything recurses over it, and parsed by the `cel` crate. Parsing and evaluation have a thread of
//! their own with a large stack, because both recurse over what people write, and a stack that overflows cannot be caught. This
//! thread is the one exception to "no threads below layer 5"; nothing leaves it but a result. Two languages are read with it:
//! conditions of policies (`policy::cel`) and storage selectors (`selector`).

mod fault;
mod fence;
mod macros;
mod parse;
mod thread;

pub use fault::Fault;
pub use fence::{MOST_MACROS, Unfit, check as fence};
pub use macros::{Loop, macro_named};
pub use parse::{Unreadable, parse, place_of};
pub use thread::{PATIENCE, on_thread, unanswered};
