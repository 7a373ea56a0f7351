//! What the template language is for a server: which keys there are, what patches may not set, how an install disk is stored.

/// The language that a template is read in: that of the client which belongs to a version of Omni. Ordered from old to new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// Omni 1.9 and older.
    #[default]
    V1_9,
    /// Omni 1.10: two more features of a cluster, and a longer list of what patches may not set, in all their documents.
    V1_10,
    /// Newer: the install disk is a resource of its own.
    Newest,
}
