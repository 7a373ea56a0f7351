//! What the loop leaves behind, kept for readers in `docs/examples/review-loop`.
//!
//! Names of machines, digests and times differ from run to run, so the files are not compared with a run: the story asserts
//! what stands in them. They are written by `UPDATE_EXAMPLES=1`, and each must be there.

use std::path::Path;

/// Texts by file name.
#[derive(Default)]
pub(crate) struct Examples(Vec<(String, String)>);

impl Examples {
    pub(crate) fn keep(&mut self, name: &str, text: &str) {
        self.0.push((name.to_owned(), readable(text)));
    }

    /// Writes them anew where that is asked for; otherwise sees that readers find each.
    pub(crate) fn judge(&self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/review-loop");
        let update = std::env::var_os("UPDATE_EXAMPLES").is_some();
        for (name, text) in &self.0 {
            let path = folder.join(name);
            if update {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, text).unwrap();
            }
            assert!(path.is_file(), "{} is not there: UPDATE_EXAMPLES=1 writes it", path.display());
        }
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        for (name, _) in &self.0 {
            assert!(
                readme.contains(&format!("({name})")),
                "docs/examples/review-loop/README.md does not name {name}"
            );
        }
    }
}

/// The text as a reader of the log sees it: a runner prints no commands, and the lab's ports are of no interest.
fn readable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines().filter(|l| !l.starts_with("::add-mask::")) {
        let mut rest = line;
        while let Some(at) = rest.find("127.0.0.1:") {
            let end = at + "127.0.0.1:".len();
            out.push_str(&rest[..end]);
            out.push_str("8090");
            rest = rest[end..].trim_start_matches(|c: char| c.is_ascii_digit());
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}
