//! Steps against one small world, by subject.

mod fields;
mod locks;
mod voters;
mod world;
