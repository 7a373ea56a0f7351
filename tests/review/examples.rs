//! What the loop leaves behind, kept for readers and compared on every run.

use std::path::{Path, PathBuf};

/// Texts by file name.
#[derive(Default)]
pub(crate) struct Examples(Vec<(String, String)>);

impl Examples {
    pub(crate) fn keep(&mut self, name: &str, text: &str) {
        self.0.push((name.to_owned(), steady(text)));
    }

    /// Compares with what is committed, or writes it anew.
    pub(crate) fn judge(&self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/review-loop");
        let update = std::env::var_os("UPDATE_EXAMPLES").is_some();
        let mut wrong = Vec::new();
        for (name, text) in &self.0 {
            let path: PathBuf = folder.join(name);
            if update {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, text).unwrap();
            } else if std::fs::read_to_string(&path).unwrap_or_default() != *text {
                wrong.push(format!("{}\n{text}", path.display()));
            }
        }
        assert!(wrong.is_empty(), "{}\nUPDATE_EXAMPLES=1 rewrites them", wrong.join("\n\n"));
    }
}

/// The text without what differs from run to run: ports, digests, times, identities, durations.
fn steady(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        out.push_str(line);
        out.push('\n');
    }
    out
}
