//! What is known about a plan as a document, besides what it says.

/// When a plan was made, until when it may be applied, and by what it is approved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// When it was made, RFC 3339 in UTC to the second; `None` where nobody looked at a clock.
    pub made: Option<String>,
    /// Until when it may be applied, RFC 3339 in UTC; `None` for a plan that is not saved.
    pub expires: Option<String>,
    /// What an approval names (`sha256:…`), where it was computed.
    pub digest: Option<String>,
}
