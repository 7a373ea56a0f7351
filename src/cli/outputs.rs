//! `--out FORMAT=PATH`: a plan in files, as many as are asked for. All are written, or none.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::fail::Fail;
use super::formats::{self, Format, IN_FILES, Shown};
use crate::plan::Plan;
use crate::render::context::Context;
use crate::render::human::plan::View;

/// Where else a plan goes: an option of every command that shows one.
#[derive(Clone, Debug, Default, Args)]
pub struct Outs {
    /// Also write the plan to a file, as `json=PATH` or in any other format; may be repeated
    #[arg(long, value_name = "FORMAT=PATH")]
    pub out: Vec<String>,
}

/// A file to write.
#[derive(Debug)]
pub(super) struct Output {
    /// In this form.
    pub(super) format: &'static Format,
    /// There.
    pub(super) path: PathBuf,
}

impl Outs {
    /// The files, checked before anything is read from servers: a form that is, and a path that can be written to.
    pub(super) fn outputs(&self) -> Result<Vec<Output>, Fail> {
        let all = of(&self.out, formats::named)?;
        Ok(all.into_iter().map(|(format, path)| Output { format, path }).collect())
    }
}

/// The files of `--out`, by a table of forms.
pub(super) fn of<T>(
    texts: &[String],
    named: impl Fn(&str) -> Result<T, Fail>,
) -> Result<Vec<(T, PathBuf)>, Fail> {
    let all: Vec<(T, PathBuf)> = texts.iter().map(|text| output(text, &named)).collect::<Result<_, _>>()?;
    let mut taken = BTreeSet::new();
    for (_, path) in &all {
        if !taken.insert(place(path)) {
            return Err(Fail::new(
                Exit::Usage,
                format!("`{}` is asked for twice by `--out`", path.display()),
            )
            .help("give every format a path of its own"));
        }
        writable(path).map_err(|why| not_written(path, &why))?;
    }
    Ok(all)
}

fn output<T>(text: &str, named: impl Fn(&str) -> Result<T, Fail>) -> Result<(T, PathBuf), Fail> {
    let Some((name, path)) = text.split_once('=').filter(|(_, p)| !p.is_empty()) else {
        return Err(Fail::new(Exit::Usage, format!("`--out {text}` is not FORMAT=PATH"))
            .help("write it as `--out json=plan.json`"));
    };
    Ok((named(name)?, path.into()))
}

fn not_written(path: &Path, why: &str) -> Fail {
    Fail::new(Exit::Error, format!("`{}` cannot be written: {why}", path.display()))
        .help("no file of `--out` was written")
}

/// One path for one file, as far as its folders exist.
fn place(path: &Path) -> PathBuf {
    let (folder, name) = (folder(path), path.file_name());
    match (folder.canonicalize(), name) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_path_buf(),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether a file can stand there: a name, no folder or device in its place, and folders all the way up.
fn writable(path: &Path) -> Result<(), String> {
    if path.file_name().is_none() {
        return Err("it names no file".to_owned());
    }
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err("it is a folder".to_owned()),
        // It would be replaced by a file, which nobody who names a device or a pipe means.
        Ok(there) if !there.is_file() => return Err("it is not a regular file".to_owned()),
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(e.to_string()),
    }
    let first = folder(path).ancestors().find(|f| f.as_os_str().is_empty() || f.exists());
    match first {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(format!("`{}` is not a folder", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Draws the plan in every form that is asked for, and writes all files or none. Each is private to its owner, whole or
/// not there at all, and what stood there before stays until the new file is complete.
pub(super) fn write(outputs: &[Output], plan: &Plan, context: &Context, view: View) -> Result<(), Fail> {
    let shown = Shown { plan, context, look: IN_FILES, view };
    let drawn: Vec<(&Path, String)> = outputs
        .iter()
        .map(|o| Ok((o.path.as_path(), (o.format.draw)(&shown)?)))
        .collect::<Result<_, Fail>>()?;
    write_all(&drawn)
}

/// Writes all files or none.
pub(super) fn write_all(drawn: &[(&Path, String)]) -> Result<(), Fail> {
    let mut files = Staged::default();
    for (path, text) in drawn {
        if let Err(e) = files.stage(path, text.as_bytes()) {
            files.undo();
            return Err(not_written(path, &e.to_string()));
        }
    }
    files.commit()
}

/// New files beside the ones that they replace.
#[derive(Default)]
struct Staged {
    /// What is written, and where it goes.
    files: Vec<(PathBuf, PathBuf)>,
    /// Folders that were not there.
    folders: Vec<PathBuf>,
}

impl Staged {
    fn stage(&mut self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        // What a link points to is replaced, not the link.
        let path = if path.is_symlink() {
            path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
        } else {
            path.to_path_buf()
        };
        self.make(folder(&path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}-{}", std::process::id(), self.files.len()));
        let mut file = fresh(&temporary)?;
        self.files.push((temporary, path));
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn make(&mut self, folder: &Path) -> std::io::Result<()> {
        let missing: Vec<&Path> =
            folder.ancestors().take_while(|f| !f.as_os_str().is_empty() && !f.exists()).collect();
        for folder in missing.into_iter().rev() {
            match DirBuilder::new().mode(0o777).create(folder) {
                Ok(()) => self.folders.push(folder.to_path_buf()),
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Puts every file in its place. What can fail was done before; a move that fails all the same names what is in place.
    fn commit(mut self) -> Result<(), Fail> {
        let mut done: Vec<String> = Vec::new();
        while !self.files.is_empty() {
            let (temporary, path) = self.files.remove(0);
            if let Err(e) = std::fs::rename(&temporary, &path) {
                self.files.push((temporary, path.clone()));
                self.undo();
                let mut fail = not_written(&path, &e.to_string());
                if !done.is_empty() {
                    fail.help = Some(format!("already written: {}", done.join(", ")));
                }
                return Err(fail);
            }
            done.push(format!("`{}`", path.display()));
        }
        Ok(())
    }

    fn undo(&mut self) {
        for (temporary, _) in self.files.drain(..) {
            let _ = std::fs::remove_file(temporary);
        }
        for folder in self.folders.drain(..).rev() {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// A file that was not there. One with this name was left by a process of the same id that died.
fn fresh(path: &Path) -> std::io::Result<File> {
    let make = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match make() {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(path)?;
            make()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outs(out: &[String]) -> Result<Vec<Output>, Fail> {
        Outs { out: out.to_vec() }.outputs()
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn wrong_paths_are_found_before_anything_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let at = |rest: &str| format!("json={}/{rest}", dir.path().display());
        std::fs::write(dir.path().join("file"), "x").unwrap();
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        std::os::unix::fs::symlink("folder", dir.path().join("link")).unwrap();
        let why = |all: &[String]| outs(all).unwrap_err();
        assert!(why(&[at("folder")]).message.contains("is a folder"));
        assert!(why(&[at("link")]).message.contains("is a folder"));
        assert!(why(&[at("file/x/y")]).message.contains("cannot be written"));
        assert!(why(&["json=/dev/null".into()]).message.contains("not a regular file"));
        assert!(why(&[at("..")]).message.contains("cannot be written"));
        assert_eq!(why(&[at("a"), at("folder/../a")]).exit, Exit::Usage);
        assert_eq!(why(&[at("a"), at("link/../a")]).exit, Exit::Usage);
        for wrong in ["json", "json=", "=x", "xml=y"] {
            assert_eq!(why(&[wrong.to_owned()]).exit, Exit::Usage, "{wrong}");
        }
        assert_eq!(outs(&[at("new/a"), at("file"), "text=b".into()]).unwrap().len(), 3);
        assert_eq!(names(dir.path()), ["file", "folder", "link"]);
    }

    #[test]
    fn one_that_cannot_be_written_leaves_everything_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let old = dir.path().join("old");
        std::fs::write(&old, "before").unwrap();
        let mut files = Staged::default();
        files.stage(&old, b"after").unwrap();
        files.stage(&dir.path().join("a/b/new"), b"after").unwrap();
        assert!(files.stage(&old.join("below"), b"after").is_err());
        files.undo();
        assert_eq!(std::fs::read(&old).unwrap(), b"before");
        assert_eq!(names(dir.path()), ["old"]);
        let mut files = Staged::default();
        files.stage(&old, b"after").unwrap();
        files.stage(&dir.path().join("a/new"), b"after").unwrap();
        files.commit().unwrap();
        assert_eq!(std::fs::read(&old).unwrap(), b"after");
        assert_eq!(
            (names(dir.path()), names(&dir.path().join("a"))),
            (vec!["a".into(), "old".into()], vec!["new".into()])
        );
    }
}
