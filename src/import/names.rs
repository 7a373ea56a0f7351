//! Names of files for names from the server, which are untrusted: no path in them, none that a file system would refuse or take
//! for another one.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Longest name taken as it is, bytes.
const LONGEST: usize = 80;
/// Digits that tell altered names apart.
const DIGITS: usize = 8;
/// Names that Windows keeps for devices, whatever follows the dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// Hands out file names, each once, also where upper and lower case are one.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// Keeps a path from being handed out.
    pub(super) fn reserve(&mut self, path: &str) {
        self.taken.insert(path.to_lowercase());
    }

    /// Whether a path, or one of other case, is handed out.
    pub(super) fn is_taken(&self, path: &str) -> bool {
        self.taken.contains(&path.to_lowercase())
    }

    /// A path `FOLDER/NAME.yaml` for `name`. A name that had to be altered, or that another one of other case has already, gets
    /// digits that follow from the name alone, so that the next run finds the same.
    pub(super) fn path(&mut self, folder: &str, name: &str) -> String {
        let path = |stem: &str| join(folder, &format!("{stem}.yaml"));
        let plain = stem(name);
        if plain == name && self.taken.insert(path(&plain).to_lowercase()) {
            return path(&plain);
        }
        let marked = marked(&plain, name);
        let mut candidate = path(&marked);
        let mut n = 1;
        while !self.taken.insert(candidate.to_lowercase()) {
            n += 1;
            candidate = path(&format!("{marked}-{n}"));
        }
        candidate
    }

    /// A folder for `name`, by the same rules.
    pub(super) fn folder(name: &str) -> String {
        let plain = stem(name);
        if plain == name && !name.chars().any(char::is_uppercase) { plain } else { marked(&plain, name) }
    }
}

/// Whether a relative path, as a template names a file, can stand as it is: every part is a plain name, and the file is YAML.
pub(super) fn is_plain_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let yaml = path.ends_with(".yaml") || path.ends_with(".yml");
    yaml && path.len() <= 2 * LONGEST && parts.len() > 1 && parts.iter().all(|p| stem(p) == *p)
}

/// `folder/name`; the repository itself is `.`.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder == "." || folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn marked(plain: &str, name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let mut out = plain.to_owned();
    out.push('-');
    for byte in digest.iter().take(DIGITS / 2) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// ASCII letters, digits, `-`, `_` and `.`; anything else becomes one `-`. Not hidden, not a device.
fn stem(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        let keep = c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if out.len() >= LONGEST {
            break;
        }
        if keep {
            out.push(c);
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    let trimmed = out.trim_start_matches(['.', '-']).trim_end_matches(['.', '-']);
    let first = trimmed.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let device = DEVICES.contains(&first.trim_end_matches(|c: char| c.is_ascii_digit()));
    if trimmed.is_empty() {
        "unnamed".to_owned()
    } else if device {
        format!("x-{trimmed}")
    } else {
        trimmed.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_names_stay_and_others_are_marked() {
        let mut names = Names::default();
        assert_eq!(names.path("machine-classes", "matrix-worker"), "machine-classes/matrix-worker.yaml");
        assert_eq!(names.path(".", "v1.2_x"), "v1.2_x.yaml");
        for name in
            ["../../etc/passwd", "a/b", "", ".", "..", ".git", "con", "NUL.txt", "lpt1", "ü", "a b", "a\0"]
        {
            let path = names.path("x", name);
            let file = path.strip_prefix("x/").unwrap();
            assert!(!file.contains(['/', '\\', '\0', ' ']) && !file.starts_with('.'), "{path}");
            assert!(file.len() > "-00000000.yaml".len(), "{path}");
        }
        let (lower, upper) = (names.path("c", "worker"), names.path("c", "Worker"));
        assert_eq!(lower, "c/worker.yaml");
        assert!(upper.starts_with("c/Worker-") && upper.len() == "c/Worker-00000000.yaml".len(), "{upper}");
    }

    proptest! {
        #[test]
        fn no_two_names_share_a_path(all in prop::collection::btree_set("[a-cA-C./ ü-]{0,4}", 0..12)) {
            let mut names = Names::default();
            let mut seen = BTreeSet::new();
            for name in &all {
                let path = names.path("f", name);
                prop_assert!(path.starts_with("f/") && path.ends_with(".yaml") && path.matches('/').count() == 1);
                prop_assert!(seen.insert(path.to_lowercase()), "{}", path);
            }
        }
    }
}
