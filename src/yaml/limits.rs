//! What a text may cost before it is refused.

/// Bounds on one text. Reaching one is an error with a place, never a slow run or a full memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text.
    pub bytes: usize,
    /// Collections inside each other, aliases replayed.
    pub depth: usize,
    /// Nodes of the whole stream, aliases replayed.
    pub nodes: usize,
    /// Bytes of all scalars that aliases replay.
    pub replayed_bytes: usize,
    /// Documents of the stream.
    pub documents: usize,
    /// What is done with anchors, aliases and merge keys.
    pub aliases: Aliases,
    /// What a value of no characters is within `{ … }`, and in a pair within `[ … ]`.
    pub empty_in_flow: EmptyInFlow,
}

/// What a value of no characters is in flow style: `{a: }`, `{a}`, `[a: ]`. In block style it is always null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyInFlow {
    /// Null, as YAML says.
    Null,
    /// The empty text, as omnictl 1.9 reads its templates. `~`, `null` and `!!null` are null there too.
    Text,
}

/// What is done with anchors, aliases and merge keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aliases {
    /// They are replayed, as omnictl does.
    Replay,
    /// They are refused, and tags with them: in a spec, what is written in one place is true in that place only.
    Refuse,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 4 << 20,
            depth: 64,
            nodes: 250_000,
            replayed_bytes: 16 << 20,
            documents: 4096,
            aliases: Aliases::Replay,
            empty_in_flow: EmptyInFlow::Null,
        }
    }
}

impl Limits {
    /// The rules of files that omnictl reads: templates and machine classes.
    pub fn omnictl() -> Self {
        Self { empty_in_flow: EmptyInFlow::Text, ..Self::default() }
    }
    /// The rules of the spec file: the same bounds, no aliases, merge keys and tags.
    pub fn spec() -> Self {
        Self { aliases: Aliases::Refuse, ..Self::default() }
    }
}
