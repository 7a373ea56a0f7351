//! Steps against one small world, by subject.

mod fields;
mod locks;
mod victims;
mod voters;
mod world;
