//! Documents to models, as strictly as omnictl: unknown keys and wrong types are errors on every level.

mod cluster;
mod content;
mod descriptors;
mod document;
mod fields;
mod machine;
mod machine_set;
mod strategy;

pub use document::decode;
