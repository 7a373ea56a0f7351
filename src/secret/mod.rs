//! Secrets that cannot be printed, compared by accident or serialised; digests that stand for them; and how to tell that
//! somebody else's text holds one.

mod digest;
mod echo;
mod words;

pub use digest::{DigestKey, hex, is_digest, sha256};
pub use echo::scrub;
pub use words::{covered, is_cover, names_secret, opens_secret_block, reveals};
use zeroize::Zeroize;

/// A value that must never reach an output: no `Debug` content, no `Display`, no `Serialize`; wiped when dropped.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value in.
    pub fn new(value: T) -> Self {
        Self(value)
    }
    /// Gives the value to the one place that has to send it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> std::fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}
