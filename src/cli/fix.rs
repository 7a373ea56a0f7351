//! `validate --fix`: changes that mend what was found, byte for byte beside everything that stays.
//!
//! Each change is tried before it is kept: the files as they would be are read and judged again, and what does not leave fewer
//! problems is left out. So a change cannot break a file, or wake a key that was harmless because nobody read it.

use std::collections::{BTreeMap, BTreeSet};

use super::args::Global;
use super::commands::validate::ValidateArgs;
use super::exit::Exit;
use super::fail::Fail;
use super::files::Root;
use super::repository;
use super::rewrite::Rewrites;
use super::streams::Streams;
use crate::diag::fix::{Fix, apply};
use crate::diag::{Sink, SourceId, Sources};
use crate::render::human::file_diff::difference;
use crate::untrusted::Untrusted;

/// One change can show another; no file needs more rounds than it has kinds of slips.
const ROUNDS: usize = 32;
/// Changes that are tried one by one, where all together do not do.
const MOST_TRIED: usize = 64;

/// The texts of files that differ from those on disk.
type Over = BTreeMap<String, Vec<u8>>;

/// A change, with the path of its file and its line.
struct Offer {
    path: String,
    line: usize,
    fix: Fix,
}

/// Makes the changes, or shows them. `None`: what is left is to be judged as usual.
pub(super) fn run(global: &Global, args: &ValidateArgs, streams: &Streams) -> Result<Option<Exit>, Fail> {
    let root = Root::open(&global.directory)?;
    let (over, made) = mend(global)?;
    let mut rewrites = Rewrites::default();
    for (path, after) in &over {
        let before = root.read(path)?;
        if args.check {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            streams.data(&difference(path, Some(&text(&before)), &text(after), streams.out.color));
        }
        rewrites.add(path.as_str(), Some(before), after.clone());
    }
    if rewrites.files.is_empty() {
        return Ok(None);
    }
    if args.check {
        let n = made.len();
        let changes = if n == 1 { "1 change".to_owned() } else { format!("{n} changes") };
        streams.tell(&format!("{changes} can be made; `omni-scale validate --fix` does it"));
        return Ok(Some(Exit::Error));
    }
    rewrites.write(&root)?;
    for said in made {
        streams.tell(&said);
    }
    Ok(None)
}

/// Which of these problems `--fix` mends in its first round, by their place in `sink`: what it would leave out is none. Their
/// changes can all be made together.
pub(super) fn mended(global: &Global, sources: &Sources, sink: &Sink) -> Result<BTreeSet<usize>, Fail> {
    let offers = offers(sources, sink);
    let mut out = BTreeSet::new();
    if offers.is_empty() {
        return Ok(out);
    }
    let Some(tried) = round(global, &Over::new(), sources, sink, &offers)? else { return Ok(out) };
    let first = first(sources);
    for (i, fix) in sink.all().iter().enumerate().filter_map(|(i, d)| Some((i, d.fix.as_deref()?))) {
        let offer = offer(sources, &first, fix);
        if offer.is_some_and(|o| tried.made.iter().any(|m| (&m.path, &m.fix) == (&o.path, &o.fix))) {
            out.insert(i);
        }
    }
    Ok(out)
}

/// The files after all changes, and what was done.
fn mend(global: &Global) -> Result<(Over, Vec<String>), Fail> {
    let (mut over, mut made) = (Over::new(), Vec::new());
    let (mut sources, mut sink) = repository::examine_over(global, &over)?;
    for _ in 0..ROUNDS {
        let offers = offers(&sources, &sink);
        if offers.is_empty() {
            break;
        }
        let Some(tried) = round(global, &over, &sources, &sink, &offers)? else { break };
        made.extend(tried.made.iter().map(|o| {
            let path = Untrusted::new(&o.path).line(200);
            format!("fixed {path}:{}: {}", o.line, Untrusted::new(&o.fix.title).line(160))
        }));
        (over, sources, sink) = (tried.over, tried.sources, tried.sink);
    }
    Ok((over, made))
}

/// What is kept of offers: all together if that helps, else those that help one after the other.
fn round<'o>(
    global: &Global,
    over: &Over,
    sources: &Sources,
    sink: &Sink,
    offers: &'o [Offer],
) -> Result<Option<Tried<'o>>, Fail> {
    let all: Vec<&Offer> = offers.iter().collect();
    match try_out(global, over, sources, sink, &all)? {
        Some(tried) => Ok(Some(tried)),
        None => one_by_one(global, over, sources, sink, offers),
    }
}

/// The files as they would be, and what would be found in them.
struct Tried<'o> {
    made: Vec<&'o Offer>,
    over: Over,
    sources: Sources,
    sink: Sink,
}

/// Tries changes together; `None` if that leaves as many problems as before.
fn try_out<'o>(
    global: &Global,
    over: &Over,
    sources: &Sources,
    sink: &Sink,
    offers: &[&'o Offer],
) -> Result<Option<Tried<'o>>, Fail> {
    let (mut next, mut made) = (over.clone(), Vec::new());
    let paths: BTreeSet<&str> = offers.iter().map(|o| o.path.as_str()).collect();
    for path in paths {
        let of_path: Vec<&'o Offer> = offers.iter().copied().filter(|o| o.path == path).collect();
        let fixes: Vec<&Fix> = of_path.iter().map(|o| &o.fix).collect();
        let Some(source) = fixes.first().and_then(|f| f.edits.first()).map(|e| e.source) else { continue };
        let Some(text) = sources.get(source).map(|s| s.text.as_str()) else { continue };
        let (after, done) = apply(source, text, &fixes);
        made.extend(of_path.into_iter().zip(done).filter(|(_, done)| *done).map(|(offer, _)| offer));
        next.insert(path.to_owned(), after.into_bytes());
    }
    let (sources, found) = repository::examine_over(global, &next)?;
    let better = found.all().len() < sink.all().len() && unreadable(&found) <= unreadable(sink);
    Ok(better.then_some(Tried { made, over: next, sources, sink: found }))
}

/// The changes that help one after the other.
fn one_by_one<'o>(
    global: &Global,
    over: &Over,
    sources: &Sources,
    sink: &Sink,
    offers: &'o [Offer],
) -> Result<Option<Tried<'o>>, Fail> {
    let mut best: Option<Tried<'o>> = None;
    for offer in offers.iter().take(MOST_TRIED) {
        let mut these = best.as_ref().map_or_else(Vec::new, |b| b.made.clone());
        these.push(offer);
        let left = best.as_ref().map_or(sink.all().len(), |b| b.sink.all().len());
        if let Some(tried) = try_out(global, over, sources, sink, &these)?
            && tried.sink.all().len() < left
        {
            best = Some(tried);
        }
    }
    Ok(best)
}

/// Problems of YAML itself.
fn unreadable(sink: &Sink) -> usize {
    sink.all().iter().filter(|d| d.code.0 < 120).count()
}

/// The changes that are offered, each once.
fn offers(sources: &Sources, sink: &Sink) -> Vec<Offer> {
    let first = first(sources);
    let mut out: Vec<Offer> = Vec::new();
    for offer in sink.all().iter().filter_map(|d| offer(sources, &first, d.fix.as_deref()?)) {
        if !out.iter().any(|o| o.path == offer.path && o.fix == offer.fix) {
            out.push(offer);
        }
    }
    out
}

/// The first text of each path. One path can have been read more than once; it counts as it was read first.
fn first(sources: &Sources) -> BTreeMap<&str, SourceId> {
    let mut first = BTreeMap::new();
    for (id, source) in sources.iter() {
        first.entry(source.path.as_str()).or_insert(id);
    }
    first
}

/// A change, of the first text of its file. What was not UTF-8 is not the text that stands in the file: nothing is offered there.
fn offer(sources: &Sources, first: &BTreeMap<&str, SourceId>, fix: &Fix) -> Option<Offer> {
    let source = fix.edits.first().and_then(|e| sources.get(e.source))?;
    let id = first.get(source.path.as_str())?;
    if source.text.contains('\u{fffd}') {
        return None;
    }
    let mut fix = fix.clone();
    fix.edits.iter_mut().for_each(|e| e.source = *id);
    let line = fix.edits.first().map_or(1, |e| source.line_col(e.span.start).0);
    Some(Offer { path: source.path.clone(), line, fix })
}
