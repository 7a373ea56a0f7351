//! What keeps records, digest keys and the lab's worlds out of git, written beside a new spec.

use super::files::Root;
use crate::spec::upgrade::{GITIGNORE, STATE_README, ignores_state};

/// Kept out of git from within, where a `.gitignore` stands that is not ours to change.
const INNER_GITIGNORE: &str = "*\n!.gitignore\n!README.md\n";

/// The files that are missing, by path, with their texts.
pub(super) fn missing(root: &Root) -> Vec<(String, String)> {
    let mut new = Vec::new();
    if !root.has("state/README.md") {
        new.push(("state/README.md".to_owned(), STATE_README.to_owned()));
    }
    if !root.has(".gitignore") {
        new.push((".gitignore".to_owned(), GITIGNORE.to_owned()));
    } else if !root.read(".gitignore").is_ok_and(|b| ignores_state(&String::from_utf8_lossy(&b)))
        && !root.has("state/.gitignore")
    {
        new.push(("state/.gitignore".to_owned(), INNER_GITIGNORE.to_owned()));
    }
    new
}
