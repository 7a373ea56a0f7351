//! The lab as others use it: started in this process, asked over its sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod worlds;
