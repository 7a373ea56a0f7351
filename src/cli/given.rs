//! A text that a person hands over: a file, or standard input as `-`.

use std::io::Read as _;
use std::path::Path;

use super::args::Global;
use super::exit::Exit;
use super::fail::Fail;
use super::files::{FILE_LIMIT, Root};

/// Its text. `-` is standard input. Bytes that are not UTF-8 are replaced, and more than a file may have is refused.
pub(super) fn text(global: &Global, path: &Path) -> Result<String, Fail> {
    let shown = path.display().to_string();
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .take(FILE_LIMIT + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| Fail::new(Exit::Error, format!("standard input cannot be read: {e}")))?;
        if bytes.len() as u64 > FILE_LIMIT {
            return Err(Fail::new(
                Exit::Files,
                format!("standard input has more than {} MiB", FILE_LIMIT >> 20),
            ));
        }
        bytes
    } else {
        let path = global.directory.join(path);
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .ok_or_else(|| Fail::new(Exit::Usage, format!("`{shown}` is not the name of a file")))?;
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Root::open(parent)?.read(name).map_err(|e| e.of(name, &shown))?
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
