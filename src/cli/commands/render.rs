//! `render FILE`: what `omnictl cluster template render` prints.

use std::path::Path;

use crate::cli::args::{Global, RenderArgs};
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::files::{FileError, Root};
use crate::cli::repository;
use crate::cli::streams::Streams;
use crate::diag::{Sink, Sources};
use crate::template::{self, FileProblem, PatchFiles};
use crate::world::Clock as _;
use crate::world::real::RealClock;
use crate::yaml;

/// Files of the allowed folder, named from the template's.
struct Beside {
    /// The template's folder, absolute, as text.
    folder: String,
    /// The allowed folder as it was given: relative to the template's, or absolute.
    allowed: String,
    /// The allowed folder, opened.
    root: Root,
    /// The template's folder as people wrote it.
    shown: String,
}

impl Beside {
    fn open(template: &Path, allowed: &str, shown: String) -> Result<Self, Fail> {
        let unusable =
            |why: String| Fail::new(Exit::Usage, format!("the folder of the template cannot be used: {why}"));
        let folder = std::path::absolute(template).map_err(|e| unusable(e.to_string()))?;
        let folder =
            folder.to_str().ok_or_else(|| unusable("its path is not UTF-8 text".to_owned()))?.to_owned();
        let root = Root::open(Path::new(&template::join(&folder, allowed)))?;
        Ok(Self { folder, allowed: allowed.to_owned(), root, shown })
    }
}

impl PatchFiles for Beside {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileProblem> {
        let target = template::resolve(&self.folder, &self.allowed, path)?;
        let base = template::join(&self.folder, &self.allowed);
        let inside = target.strip_prefix(&base).map(|rest| rest.trim_start_matches('/'));
        let inside = inside.filter(|rest| !rest.is_empty()).ok_or(FileProblem::Directory)?;
        if self.root.strays(inside) {
            return Err(FileProblem::Escapes);
        }
        if self.root.has_folder(inside) {
            return Err(FileProblem::Directory);
        }
        self.root.read(inside).map_err(|e| match e {
            FileError::Missing(_) => FileProblem::Missing,
            FileError::Escapes(_) => FileProblem::Escapes,
            FileError::Refused(why) | FileError::TooMuch(why) => FileProblem::Unreadable(why),
        })
    }
    fn shown(&self, path: &str) -> String {
        template::join(&self.shown, path)
    }
}

pub(in crate::cli) fn run(global: &Global, args: &RenderArgs, streams: &Streams) -> Exit {
    match render(global, args, streams) {
        Ok(text) => {
            streams.data(&text);
            Exit::Done
        }
        Err(fail) => fail.tell(streams),
    }
}

fn render(global: &Global, args: &RenderArgs, streams: &Streams) -> Result<String, Fail> {
    let path = global.directory.join(&args.file);
    let shown = args.file.display().to_string();
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .ok_or_else(|| Fail::new(Exit::Usage, format!("`{shown}` is not the name of a file")))?;
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let bytes = Root::open(parent)?.read(name).map_err(|e| e.of(name, &shown))?;
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let source = sources.add(shown.clone(), String::from_utf8_lossy(&bytes));
    let documents = match yaml::text_of(source, &bytes)
        .map_err(|d| vec![d])
        .and_then(|text| yaml::parse(source, text, &yaml::Limits::omnictl()))
    {
        Ok(documents) => documents,
        Err(problems) => {
            for problem in problems {
                sink.push(problem);
            }
            Vec::new()
        }
    };
    repository::judge(&sources, &sink, streams)?;
    let base = args.file.parent().map(|p| p.display().to_string()).filter(|p| !p.is_empty());
    let files = Beside::open(parent, &args.allowed_dir, base.unwrap_or_else(|| ".".to_owned()))?;
    let loaded = template::load(args.omni, source, &documents, &files, &mut sources, &mut sink);
    repository::judge(&sources, &sink, streams)?;
    let now = jiff::Timestamp::from_second(RealClock::new().unix() as i64)
        .map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), |t| t.to_string());
    Ok(template::render::text(args.omni, &loaded.resources, &now))
}
