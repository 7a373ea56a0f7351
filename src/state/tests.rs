//! What several tests of this module share.

pub(super) mod flaw;
