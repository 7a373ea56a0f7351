//! The shipped deployment, copied to where a test may change it.

use std::path::Path;

/// Copies a file, or a folder with everything below it; what does not exist is left out.
pub fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else if from.exists() {
        std::fs::copy(from, to).unwrap();
    }
}

/// Copies what a user's repository holds.
pub fn deployment(to: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in ["spec", "machine-classes", "clusters", "proxmox-provider"] {
        assert!(root.join(entry).is_dir(), "the shipped deployment has no {entry}");
        copy(&root.join(entry), &to.join(entry));
    }
}
