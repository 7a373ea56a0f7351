//! One file per command.

pub(super) mod adopt;
pub(super) mod apply;
pub(super) mod doctor;
pub(super) mod drift;
pub(super) mod explain;
pub(super) mod export;
pub(super) mod fmt;
pub(super) mod graph;
pub(super) mod import;
pub(super) mod init;
pub(super) mod lab;
pub(super) mod lock;
pub(super) mod plan;
pub(super) mod record;
pub(super) mod render;
pub(super) mod schema;
pub(super) mod show;
pub(super) mod spec;
pub(super) mod status;
pub(super) mod validate;
pub(super) mod verify;
