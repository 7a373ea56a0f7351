//! `fmt`: one way to write the files, with every comment kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;

use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::files::{Read, Root};
use crate::cli::repository;
use crate::cli::rewrite::Rewrites;
use crate::cli::streams::Streams;
use crate::diag::{Sink, Sources};
use crate::render::human::file_diff::difference;
use crate::yaml::{FormatError, Limits, format, text_of};

/// `fmt`
#[derive(Debug, Args)]
#[command(after_long_help = "\
Formats the spec, the machine classes and the cluster templates, or the files and folders that are named. What the files say
does not change: values, comments, quoting and the order of keys stay, and so does every byte of a text (`|`).

The files that templates name with `file:` are never formatted: their bytes are the content of resources, so that another
space would be another configuration of machines.")]
pub struct FmtArgs {
    /// Write nothing; print what would change, and exit with 1 if anything would
    #[arg(long)]
    pub check: bool,
    /// Files, or folders without their sub-folders, relative to the repository [default: all that the spec names]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

pub(in crate::cli) fn run(global: &Global, args: &FmtArgs, streams: &Streams) -> Exit {
    match work(global, args, streams) {
        Ok(exit) => exit,
        Err(fail) => fail.tell(streams),
    }
}

fn work(global: &Global, args: &FmtArgs, streams: &Streams) -> Result<Exit, Fail> {
    let root = Root::open(&global.directory)?;
    let files = if args.paths.is_empty() {
        let named = repository::named_files(&root, global, streams)?;
        named.formatted
    } else {
        chosen(&root, global, &args.paths, streams)?
    };
    let (rewrites, texts) = formatted(&root, &files, streams)?;
    for (path, (before, after)) in &texts {
        if args.check {
            streams.data(&difference(path, Some(before), after, streams.out.color));
        } else {
            streams.data(&format!("{path}\n"));
        }
    }
    if args.check {
        let n = texts.len();
        if n == 0 {
            return Ok(Exit::Done);
        }
        let files = if n == 1 { "1 file is".to_owned() } else { format!("{n} files are") };
        streams.tell(&format!("{files} not formatted; `omni-scale fmt` does it"));
        return Ok(Exit::Error);
    }
    rewrites.write(&root)?;
    Ok(Exit::Done)
}

/// Formats all files in memory. What cannot be formatted is told, all of it, and then nothing is written.
type Texts = BTreeMap<String, (String, String)>;
fn formatted(root: &Root, files: &BTreeSet<String>, streams: &Streams) -> Result<(Rewrites, Texts), Fail> {
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let mut read = Read::default();
    let (mut rewrites, mut texts) = (Rewrites::default(), BTreeMap::new());
    let mut refused = Vec::new();
    for path in files {
        read.take(root, path)?;
        let bytes = read.files.get(path).cloned().unwrap_or_default();
        let source = sources.add(path.as_str(), String::from_utf8_lossy(&bytes));
        let text = match text_of(source, &bytes) {
            Ok(text) => text,
            Err(problem) => {
                sink.push(problem);
                continue;
            }
        };
        match format(source, text, &Limits::default()) {
            Ok(after) if after == text => {}
            Ok(after) => {
                texts.insert(path.clone(), (text.to_owned(), after.clone()));
                rewrites.add(path.as_str(), Some(bytes.clone()), after.into_bytes());
            }
            Err(FormatError::Invalid(problems)) => sink.push_all(problems),
            Err(FormatError::Notation) => refused.push(path.as_str()),
        }
    }
    for path in &refused {
        streams.error(
            &format!("`{path}` is written in a way that cannot be formatted without changing what it says"),
            Some("format it by hand; it was left as it is"),
        );
    }
    repository::judge(&sources, &sink, streams)?;
    if refused.is_empty() { Ok((rewrites, texts)) } else { Err(Fail::said(Exit::Error)) }
}

/// The files behind the paths that were named.
fn chosen(
    root: &Root,
    global: &Global,
    paths: &[PathBuf],
    streams: &Streams,
) -> Result<BTreeSet<String>, Fail> {
    // Without a spec nobody says which files are contents, but the files themselves.
    let mut contents = match repository::spec_path(root, global) {
        Ok(_) => repository::named_files(root, global, streams)?.contents,
        Err(_) => BTreeSet::new(),
    };
    let mut files = Vec::new();
    for path in paths {
        let shown = path.display().to_string();
        let real = global.directory.join(path).canonicalize().map_err(|e| {
            Fail::new(Exit::Usage, format!("`{shown}` cannot be opened: {e}"))
                .help("paths are relative to the repository")
        })?;
        let inside = real.strip_prefix(root.folder()).ok().and_then(|p| p.to_str());
        let inside = inside.ok_or_else(|| {
            Fail::new(Exit::Usage, format!("`{shown}` is not in the repository"))
                .help("only files of the repository are formatted; `-C` names another one")
        })?;
        let inside = if inside.is_empty() { "." } else { inside };
        if root.has_folder(inside) {
            files.extend(root.list(inside)?.into_iter().filter(|f| is_yaml(f)).map(|f| (f, None)));
        } else {
            files.push((inside.to_owned(), Some(shown)));
        }
    }
    let mut read = Read::default();
    for (file, _) in &files {
        read.take(root, file)?;
        contents.extend(crate::spec::referenced_files(file, read.files.get(file).map_or(&[], Vec::as_slice)));
    }
    let mut out = BTreeSet::new();
    for (file, named) in files {
        let bytes = read.files.get(&file).map_or(&[] as &[u8], Vec::as_slice);
        if !contents.contains(&file) && (named.is_some() || !is_content(bytes)) {
            out.insert(file);
        } else if let Some(shown) = named {
            return Err(Fail::new(
                Exit::Usage,
                format!(
                    "`{shown}` is not formatted: a template names it, and its bytes are the content of a resource"
                ),
            ));
        } else {
            streams.say(&format!("note: `{file}` is left as it is: its bytes are the content of a resource"));
        }
    }
    Ok(out)
}

fn is_yaml(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("yaml" | "yml"))
}

/// Whether a file in a folder looks like what templates name: machine configuration, or manifests of Kubernetes.
fn is_content(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(documents) = crate::yaml::parse(crate::diag::SourceId::default(), text, &Limits::default()) else {
        return false;
    };
    documents.iter().filter_map(|d| d.root.as_ref()).any(|root| {
        root.get("apiVersion").is_some()
            || (root.get("kind").is_none()
                && (root.get("machine").is_some() || root.get("cluster").is_some()))
    })
}
