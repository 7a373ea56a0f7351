//! `init`: a repository to begin with, from nothing or from the files that omnictl reads. Writes new files only, and reads
//! Omni and Proxmox where the operator let it.

use std::fmt::Write as _;

use clap::Args;

use crate::cli::args::{Global, World};
use crate::cli::discover::{self, Heard};
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::files::Root;
use crate::cli::new_files::{self, NewFile};
use crate::cli::repository;
use crate::cli::session;
use crate::cli::state_files;
use crate::cli::streams::Streams;
use crate::cli::walk::{Unseen, walk};
use crate::spec::upgrade::{self, Fact, Facts, LeftOut, ListedPath, ProviderFacts, Survey};
use crate::spec::{DEFAULT_PATHS, below_root};
use crate::untrusted::Untrusted;

/// Lines of one part of the summary.
const MOST: usize = 40;

/// `init`
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Which world.
    #[command(flatten)]
    pub world: World,
    /// Ask neither Omni nor Proxmox: files and environment only
    #[arg(long, conflicts_with = "lab")]
    pub offline: bool,
}

pub(in crate::cli) fn run(global: &Global, args: &InitArgs, streams: &Streams) -> Exit {
    match act(global, args, streams) {
        Ok(()) => Exit::Done,
        Err(fail) => fail.tell(streams),
    }
}

/// Everything that goes into files and summary.
struct Gathered {
    root: Root,
    spec: String,
    facts: Facts,
    heard: Heard,
    left: Vec<LeftOut>,
    unseen: Unseen,
    counts: (usize, usize),
    empty: bool,
}

fn act(global: &Global, args: &InitArgs, streams: &Streams) -> Result<(), Fail> {
    let root = Root::open(&global.directory)?;
    let spec = spec_path(global, &root)?;
    let mut survey = Survey::default();
    let unseen = survey_of(&root, &mut survey);
    let (mut facts, _) = survey.facts(None);
    let mut heard = Heard::default();
    discover::settings(&mut facts, &mut heard);
    session::block_on(async {
        if let Some(world) = &args.world.lab {
            return discover::lab(root.folder(), &spec, world, &mut facts, &mut heard, streams).await;
        }
        if !args.offline {
            discover::omni(root.folder(), &spec, &mut facts, &mut heard, streams).await;
            discover::proxmox(&mut facts, &mut heard, streams).await;
        }
        Ok(())
    })?;
    // What Omni has decides about files that look like examples, and is told beside the others.
    let (chosen, left) = survey.facts(heard.live.as_ref());
    facts.add_from_files(&chosen);
    facts.machine_classes = chosen.machine_classes;
    facts.clusters = chosen.clusters;
    let gathered = Gathered {
        root,
        spec,
        facts,
        heard,
        left,
        unseen,
        counts: survey.counts(),
        empty: survey.is_empty(),
    };
    let files = files(gathered, global, args, streams)?;
    streams.data(&files);
    Ok(())
}

/// Where the spec goes; an end where there is one.
fn spec_path(global: &Global, root: &Root) -> Result<String, Fail> {
    let usual = DEFAULT_PATHS.first().copied().unwrap_or_default().to_owned();
    let named = match &global.spec {
        Some(path) => {
            Some(below_root(path).map_err(|why| Fail::new(Exit::Usage, format!("the path `{path}` {why}")))?)
        }
        None => None,
    };
    let there = match &named {
        Some(path) => root.has(path).then(|| path.clone()),
        None => DEFAULT_PATHS.iter().find(|p| root.has(p)).map(|p| (*p).to_owned()),
    };
    match there {
        Some(path) => Err(Fail::new(Exit::Error, format!("there is a spec already: `{path}`")).help(
            "nothing was written; `omni-scale validate` checks it, and `omni-scale spec upgrade` adds what a narrative one lacks",
        )),
        None => Ok(named.unwrap_or(usual)),
    }
}

/// Looks at all YAML files below the root, and at examples of the provider's configuration.
pub(in crate::cli) fn survey_of(root: &Root, survey: &mut Survey) -> Unseen {
    let wanted = |name: &str| {
        let lower = name.to_ascii_lowercase();
        let lower = lower.strip_suffix(".example").unwrap_or(&lower);
        lower.ends_with(".yaml") || lower.ends_with(".yml")
    };
    walk(root, wanted, |path, bytes| match bytes {
        Ok(bytes) => survey.add(path, &bytes),
        Err(why) => survey.add_unread(path, &why),
    })
}

/// Writes the files, and says so.
fn files(mut g: Gathered, global: &Global, args: &InitArgs, streams: &Streams) -> Result<String, Fail> {
    let mut new: Vec<(String, String)> = Vec::new();
    if g.empty {
        for (path, text) in upgrade::scaffold(&g.heard.scaffold) {
            new.push((path.to_owned(), text));
        }
        first_files(&mut g);
    }
    let mut text =
        String::from("# What omni-scale works from: where things are. Secrets come from the environment.\n");
    let sections = upgrade::sections(&g.facts);
    if !upgrade::questions(&sections).is_empty() {
        text.push_str("# Lines with `# ?` are questions: answer them, or leave them out.\n");
    }
    text.push_str(&sections);
    new.push((g.spec.clone(), text.clone()));
    new.extend(state_files::missing(&g.root));
    let list: Vec<NewFile<'_>> =
        new.iter().map(|(path, text)| NewFile { path, bytes: text.as_bytes(), secret: false }).collect();
    let taken = new_files::taken(g.root.folder(), &list);
    if !taken.is_empty() {
        let list: Vec<String> = taken.iter().map(|p| format!("`{}`", safe(p))).collect();
        return Err(Fail::new(Exit::Error, format!("these files exist already: {}", list.join(", ")))
            .help("nothing was written; move them away, or name another spec with `--spec`"));
    }
    new_files::make(g.root.folder(), &list)?;
    let paths: Vec<&str> = new.iter().map(|(p, _)| p.as_str()).collect();
    let mut out = summary(&g, &paths, &text);
    // Warnings are for `validate`; an error here is about files that were there before.
    let mut silent = streams.clone();
    silent.quiet = true;
    let loaded = repository::load(global, &silent);
    let valid = loaded.is_ok();
    out.push_str("\nNext\n");
    let questions = format!("answer the questions in {}", safe(&g.spec));
    match (&args.world.lab, valid) {
        (_, false) => {
            out.push_str("  omni-scale validate   the files that were found have errors, as above\n");
        }
        (Some(world), true) => {
            let _ = writeln!(out, "  omni-scale plan --lab={world}");
        }
        (None, true) if g.facts.omni_endpoint.is_empty() => {
            let _ = writeln!(
                out,
                "  {questions}, then: omni-scale plan\n  or rehearse first: omni-scale plan --lab"
            );
        }
        (None, true) => out.push_str("  omni-scale plan\n"),
    }
    let declared: Vec<&str> =
        loaded.iter().flat_map(|r| &r.desired.clusters).map(|c| c.name.as_str()).collect();
    let live = g.heard.live.iter().flat_map(|l| &l.clusters);
    let others: Vec<&String> = live.filter(|name| !declared.contains(&name.as_str())).collect();
    if !others.is_empty() {
        let flag = args.world.lab.as_ref().map_or(String::new(), |w| format!(" --lab={w}"));
        let names: Vec<String> = others.iter().take(5).map(|n| format!("`{}`", safe(n))).collect();
        let more = others.len().saturating_sub(names.len());
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(
            out,
            "  omni-scale import{flag}   writes files from what Omni has and no file declares: {}{tail}",
            names.join(", ")
        );
    }
    Ok(out)
}

/// A class and a template in folders of their own, of the provider that there is or will be.
fn first_files(g: &mut Gathered) {
    let listed =
        |path: &str, note: &str| ListedPath { path: path.to_owned(), active: true, note: note.to_owned() };
    g.facts.machine_classes = vec![listed("machine-classes", "class standard")];
    g.facts.clusters = vec![listed("clusters", "cluster first")];
    let provider = &g.heard.scaffold.provider;
    if !g.facts.providers.iter().any(|p| p.id.value == *provider) {
        let id = Fact::file(provider.clone(), "machine-classes/standard.yaml");
        g.facts.providers.push(ProviderFacts { id, proxmox: true });
    }
}

fn safe(text: &str) -> String {
    Untrusted::new(text).line(160)
}

fn summary(g: &Gathered, written: &[&str], spec: &str) -> String {
    let mut out = String::from("Found\n");
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let (templates, classes) = g.counts;
    let _ = writeln!(
        out,
        "  files     {}, {}",
        count(templates, "cluster template", "cluster templates"),
        count(classes, "file of machine classes", "files of machine classes")
    );
    for (about, line) in g.heard.lines.iter().filter(|(about, _)| *about != "left out") {
        let _ = writeln!(out, "  {about:<9} {line}");
    }
    out.push_str("\nWrote\n");
    for path in written {
        let _ = writeln!(out, "  {}", safe(path));
    }
    let mut left: Vec<String> = Vec::new();
    for listed in g.facts.machine_classes.iter().chain(&g.facts.clusters).filter(|l| !l.active) {
        left.push(format!("{}: {}", safe(&listed.path), safe(listed.note.trim_start_matches("? "))));
    }
    left.extend(g.left.iter().map(|l| format!("{}: {}", safe(&l.path), l.why)));
    left.extend(g.unseen.paths.iter().map(|(path, why)| format!("{}: {}", safe(path), safe(why))));
    left.extend(g.heard.lines.iter().filter(|(about, _)| *about == "left out").map(|(_, l)| l.clone()));
    left.extend(g.unseen.bound.clone());
    part(&mut out, "Left out", &left);
    // Files that wait for an answer were told above.
    let waits = |q: &str| {
        g.facts.machine_classes.iter().chain(&g.facts.clusters).any(|l| !l.active && q.ends_with(&l.note))
    };
    let questions: Vec<String> = upgrade::questions(spec)
        .into_iter()
        .filter(|(_, q)| !waits(&format!("? {}", q.split_once(": ").map_or(q.as_str(), |(_, q)| q))))
        .map(|(line, question)| format!("{}:{line}  {question}", safe(&g.spec)))
        .collect();
    part(&mut out, "Questions in the spec", &questions);
    out
}

fn part(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}");
    for line in lines.iter().take(MOST) {
        let _ = writeln!(out, "  {line}");
    }
    if lines.len() > MOST {
        let _ = writeln!(out, "  … and {} more", lines.len() - MOST);
    }
}
