//! `import`: files from what is live, and the proof that they plan empty. Reads Omni and Proxmox, writes new files only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use clap::Args;

use crate::cli::args::{Global, World};
use crate::cli::connect::{self, Connection, ProxmoxTarget, Targets};
use crate::cli::credentials;
use crate::cli::dialect::{self, Unsettled};
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::files::Root;
use crate::cli::guards;
use crate::cli::new_files::{self, NewFile};
use crate::cli::session;
use crate::cli::state_files;
use crate::cli::streams::Streams;
use crate::client::trust::Credential;
use crate::diag::{Sink, Sources, closest};
use crate::import::{Choice, Facts, Imported, Present, ProxmoxFacts, Request, import};
use crate::kinds::written;
use crate::live::{Observation, ProxmoxFailure, Snapshot};
use crate::plan::{Plan, PlanInput, PlanOptions};
use crate::spec::{self, below_root};
use crate::template::Dialect;
use crate::untrusted::Untrusted;
use crate::world::real::Trust;

/// Name of a Proxmox cluster of which only the endpoint is known.
const PROXMOX: &str = "proxmox";
/// What an Omni is called that the lab stands in for.
const STAND_IN: &str = "https://omni.example.net";
/// `import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Which world.
    #[command(flatten)]
    pub world: World,
    /// Import this cluster, with the classes that give it machines; may be repeated
    #[arg(long, value_name = "NAME")]
    pub cluster: Vec<String>,
    /// Import every cluster and machine class that the files do not describe yet; the default
    #[arg(long, conflicts_with = "cluster")]
    pub all: bool,
    /// Also write patches and other objects that hold secrets; their files are readable by their owner only
    #[arg(long)]
    pub with_secrets: bool,
}

/// The repository before the import.
struct Before {
    root: Root,
    spec_path: String,
    present: Present,
    targets: Targets,
    /// Where the endpoint comes from, if there is no spec.
    endpoint_comment: String,
    /// What is there, to be judged as the server reads it.
    files: Option<Unsettled>,
}

pub(in crate::cli) fn run(global: &Global, args: &ImportArgs, streams: &Streams) -> Exit {
    let done = before(global, args, streams).and_then(|mut before| {
        session::block_on(async {
            let connection = match &args.world.lab {
                Some(world) => connect::lab(before.root.folder(), world, &before.targets, streams).await?,
                None => connect::real(before.root.folder(), &before.targets, streams)?,
            };
            for line in &connection.blind {
                streams.say(&format!("note: {line}"));
            }
            let done = carry_out(global, args, &mut before, &connection, streams).await;
            let closed = connection.close().await;
            let exit = done?;
            closed.map(|()| exit)
        })
    });
    match done {
        Ok(exit) => exit,
        Err(fail) => fail.tell(streams),
    }
}

/// Looks at what is there, before anything is asked.
fn before(global: &Global, args: &ImportArgs, streams: &Streams) -> Result<Before, Fail> {
    let root = Root::open(&global.directory)?;
    let usual = spec::DEFAULT_PATHS.first().copied().unwrap_or_default();
    let spec_path = match &global.spec {
        Some(path) => {
            below_root(path).map_err(|why| Fail::new(Exit::Usage, format!("the path `{path}` {why}")))?
        }
        None => spec::DEFAULT_PATHS.iter().find(|p| root.has(p)).map_or(usual, |p| *p).to_owned(),
    };
    if root.has(&spec_path) {
        return existing(global, root, spec_path, streams);
    }
    let lab = args.world.lab.is_some();
    let (omni, endpoint_comment) = match credentials::omni_endpoint()? {
        Some((endpoint, from)) if lab => (endpoint, format!("From {from}. The lab was asked in its place.")),
        Some((endpoint, from)) => (endpoint, format!("From {from}.")),
        None if lab => (
            STAND_IN.to_owned(),
            "The lab was asked, which has no address of its own: write yours.".to_owned(),
        ),
        None => {
            return Err(Fail::new(Exit::Auth, format!("there is no spec in `{}`, so nobody says which Omni to ask", root.folder().display()))
                .help("set `OMNI_ENDPOINT=https://…` beside `OMNI_SERVICE_ACCOUNT_KEY`, log in with omnictl, or use `--lab`"));
        }
    };
    let credential = Credential::Proxmox { name: PROXMOX.to_owned(), only: true };
    let endpoints = if lab { Vec::new() } else { credentials::proxmox_endpoints(&credential) };
    let proxmox = if endpoints.is_empty() {
        Vec::new()
    } else {
        vec![ProxmoxTarget { name: PROXMOX.to_owned(), endpoints, trust: Trust::SystemRoots, drawn: false }]
    };
    let targets = Targets {
        spec: spec_path.clone(),
        omni,
        omni_trust: Trust::SystemRoots,
        proxmox,
        providers: BTreeMap::new(),
        store: None,
        any_proxmox: true,
        catalogues: BTreeSet::new(),
    };
    Ok(Before { root, spec_path, present: Present::default(), targets, endpoint_comment, files: None })
}

fn existing(global: &Global, root: Root, spec_path: String, streams: &Streams) -> Result<Before, Fail> {
    let files = dialect::load_before_files(global, streams)?;
    let repository = &files.repository;
    let bytes = root.read(&spec_path)?;
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let found = spec::read_spec(&mut sources, &spec_path, &bytes, &mut sink)
        .ok_or_else(|| Fail::new(Exit::Files, format!("`{spec_path}` cannot be read")))?;
    let folders = |listed: &[spec::Listed]| {
        let paths = listed.iter().map(|l| l.path.clone());
        paths.filter(|p| root.has_folder(p) || (!root.has(p) && found.lists_folder(p))).collect::<Vec<_>>()
    };
    let desired = &repository.desired;
    let present = Present {
        clusters: desired.clusters.iter().map(|c| c.name.clone()).collect(),
        classes: desired.classes.iter().map(|c| c.resource.id.id.clone()).collect(),
        providers: desired.providers.iter().map(|p| p.id.clone()).collect(),
        cluster_folders: folders(&found.spec.clusters.paths),
        class_folders: folders(&found.spec.machine_classes),
        spec: Some((spec_path.clone(), bytes)),
    };
    Ok(Before {
        root,
        spec_path,
        present,
        targets: repository.targets.clone(),
        endpoint_comment: String::new(),
        files: Some(files),
    })
}

async fn carry_out(
    global: &Global,
    args: &ImportArgs,
    before: &mut Before,
    connection: &Connection,
    streams: &Streams,
) -> Result<Exit, Fail> {
    let new = before.present.spec.is_none();
    let snapshot = if new { connection.look_around().await? } else { connection.look().await? };
    // Nothing must be missing in the files. By name, so that the first that fails is always the same.
    let needed: BTreeSet<&str> =
        written().map(|kind| kind.short).chain(["InfraProviderCombinedStatuses"]).collect();
    for short in needed {
        if let Some(reason) = snapshot.omni.unreadable(short) {
            return Err(Fail::new(Exit::Unreachable, format!("`{short}` could not be read: {}", reason.0))
                .help("nothing was written; the files would not be whole"));
        }
    }
    let read_as = match before.files.take() {
        Some(files) => files.settle(&snapshot.omni, streams)?.dialect,
        None => Dialect::default(),
    };
    let dialect = dialect::dialect(&snapshot.omni).unwrap_or(read_as);
    let choice = choice(args, &snapshot)?;
    let facts = facts(before, &snapshot, dialect);
    let taken = |path: &str| before.root.read(path).ok();
    let made = import(Request {
        snapshot: &snapshot,
        choice: &choice,
        present: &before.present,
        facts: &facts,
        with_secrets: args.with_secrets,
        dialect,
        taken: &taken,
    });
    if let Some(fail) = refuse(before, &made) {
        return Err(fail);
    }
    let beside = if new { state_files::missing(&before.root) } else { Vec::new() };
    let told_of = made.files.iter().map(|f| (&f.path, &f.text, f.secret));
    let files: Vec<NewFile<'_>> = told_of
        .chain(beside.iter().map(|(path, text)| (path, text, false)))
        .map(|(path, text, secret)| NewFile { path, bytes: text.as_bytes(), secret })
        .collect();
    let there = new_files::taken(before.root.folder(), &files);
    if !there.is_empty() {
        let list: Vec<String> = there.iter().map(|p| format!("`{p}`")).collect();
        return Err(Fail::new(Exit::Files, format!("these files exist already: {}", list.join(", ")))
            .help("nothing was written; move them away, import single clusters with `--cluster`, or let `omni-scale init` write a spec for files that are there"));
    }
    new_files::make(before.root.folder(), &files)?;
    streams.data(&told(&made, &beside, connection));
    warn_secrets(&made, args, streams);
    let repository = session::load_for_server(global, streams)?.settle(&snapshot.omni, streams)?;
    let memory = session::memory(connection).await?;
    let input = PlanInput {
        desired: &repository.desired,
        snapshot: &snapshot,
        record: memory.record.as_ref(),
        key: connection.digest_key.as_ref(),
        options: PlanOptions::default(),
    };
    let plan = guards::checked(session::make_plan(&repository, &input, streams)?, &input)?;
    let proved = prove(&plan, connection, streams);
    Ok(if proved && made.refused.is_empty() { Exit::Done } else { Exit::Error })
}

/// The clusters that were asked for, all of which Omni must have.
fn choice(args: &ImportArgs, snapshot: &Snapshot) -> Result<Choice, Fail> {
    if args.cluster.is_empty() {
        return Ok(Choice::All);
    }
    let all: Vec<&str> = snapshot.omni.list("Clusters").iter().map(|c| c.resource.id.id.as_str()).collect();
    let wanted: BTreeSet<String> = args.cluster.iter().cloned().collect();
    let shown = |name: &str| format!("`{}`", Untrusted::new(name).line(80));
    if let Some(name) = wanted.iter().find(|n| !all.contains(&n.as_str())) {
        let help = match closest(name, all.iter().copied()) {
            Some(near) => format!("did you mean {}?", shown(near)),
            None if all.is_empty() => "it has none at all".to_owned(),
            None => {
                format!("it has {}", all.iter().take(20).map(|n| shown(n)).collect::<Vec<_>>().join(", "))
            }
        };
        return Err(Fail::new(Exit::Error, format!("Omni has no cluster {}", shown(name))).help(help));
    }
    Ok(Choice::Named(wanted))
}

/// What a new spec says about the outside.
fn facts(before: &Before, snapshot: &Snapshot, dialect: Dialect) -> Facts {
    let mut facts = Facts {
        spec_path: before.spec_path.clone(),
        endpoint: before.targets.omni.clone(),
        endpoint_comment: before.endpoint_comment.clone(),
        version: match dialect {
            Dialect::V1_9 => None,
            Dialect::V1_10 => Some("1.10".to_owned()),
            Dialect::Newest => Some("newest".to_owned()),
        },
        ..Facts::default()
    };
    for (name, seen) in &snapshot.proxmox {
        let named = before.targets.proxmox.iter().find(|t| t.name == *name).map(|t| t.endpoints.clone());
        let nodes: Vec<String> = seen.nodes.known().into_iter().flatten().map(|n| n.name.clone()).collect();
        let usable = |n: &String| n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if seen.failure.is_none() && !nodes.is_empty() && nodes.iter().all(usable) {
            let (endpoints, comment) = match named {
                Some(endpoints) => (endpoints, "From `PROXMOX_VE_ENDPOINT`, which answered.".to_owned()),
                None => (
                    nodes.iter().map(|n| format!("https://{n}:8006")).collect(),
                    "The lab's nodes by name: write the addresses of yours, and pin their certificates with `tls: { sha256: … }`."
                        .to_owned(),
                ),
            };
            facts.proxmox.push(ProxmoxFacts { name: name.clone(), endpoints, nodes, comment });
            continue;
        }
        let endpoints = named.unwrap_or_default().join(", ");
        let why = match (&seen.failure, &seen.nodes) {
            (Some(ProxmoxFailure::Untrusted { .. }), _) => {
                "its certificate is not signed by an authority of this system".to_owned()
            }
            (Some(ProxmoxFailure::Unauthenticated { .. }), _) => "it does not accept the token".to_owned(),
            (_, Observation::Unknown(reason)) => reason.0.clone(),
            _ => "it lists no nodes".to_owned(),
        };
        facts.unread.push(format!("Proxmox was not read: {}", Untrusted::new(why).line(160)));
        facts.unread.push("proxmox:".to_owned());
        facts.unread.push(format!("  {name}:"));
        facts.unread.push(format!("    endpoints: [{endpoints}]"));
        if let Some(ProxmoxFailure::Untrusted { fingerprint: Some(shown), .. }) = &seen.failure {
            facts.unread.push(
                "    # This is what the server showed; compare it on the node before you believe it."
                    .to_owned(),
            );
            facts.unread.push(format!("    tls: {{ sha256: \"{shown}\" }}"));
        }
        facts.unread.push("    nodes: []".to_owned());
    }
    facts
}

/// Why nothing is written, if so.
fn refuse(before: &Before, made: &Imported) -> Option<Fail> {
    if !made.lacking.is_empty() {
        let mut help = format!("nothing was written; add to `{}`, then import again:", before.spec_path);
        let mut section = "";
        for (name, lines) in &made.lacking {
            if name == "providers" && section != "providers" {
                help.push_str("\n    providers:");
            }
            section = name;
            for line in lines.lines() {
                let _ = write!(help, "\n    {line}");
            }
        }
        return Some(Fail::new(Exit::Files, "the spec does not cover what would be written").help(help));
    }
    if !made.clusters.is_empty()
        || !made.classes.is_empty()
        || (before.present.spec.is_none() && made.refused.is_empty())
    {
        return None;
    }
    if made.refused.is_empty() {
        let help = match made.already.as_slice() {
            [] => "Omni has no cluster and no machine class that files can describe".to_owned(),
            some => format!(
                "the files describe these already: {}",
                some.iter().map(|a| format!("`{a}`")).collect::<Vec<_>>().join(", ")
            ),
        };
        return Some(Fail::new(Exit::Files, "there is nothing to import").help(help));
    }
    let reasons: Vec<String> = made
        .refused
        .iter()
        .map(|r| format!("`{}`: {}", Untrusted::new(&r.cluster).line(80), r.why.join("; ")))
        .collect();
    Some(
        Fail::new(Exit::Error, format!("no template can describe {}", reasons.join("\n  and ")))
            .help("nothing was written"),
    )
}

/// What was written and what was not.
fn told(made: &Imported, beside: &[(String, String)], connection: &Connection) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "Wrote {} from {}:", count(made.files.len(), "file", "files"), connection.name);
    for file in &made.files {
        let about = made.clusters.iter().find(|c| c.path == file.path).map_or("", |c| c.about.as_str());
        let secret = if file.secret { "  (holds secrets)" } else { "" };
        let line = format!("  {:<44} {about}{secret}", file.path);
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if !beside.is_empty() {
        let list: Vec<&str> = beside.iter().map(|(path, _)| path.as_str()).collect();
        let _ = writeln!(out, "Also {}, which keep records and the lab out of git", list.join(" and "));
    }
    if !made.already.is_empty() {
        let _ = writeln!(out, "\nDescribed by the files already, and not touched:");
        for address in &made.already {
            let _ = writeln!(out, "  {address}");
        }
    }
    if !made.refused.is_empty() {
        let _ = writeln!(out, "\nNot imported, because no template can describe them as they are:");
        for refused in &made.refused {
            let _ = writeln!(
                out,
                "  cluster/{}: {}",
                Untrusted::new(&refused.cluster).line(80),
                refused.why.join("; ")
            );
        }
    }
    if !made.left.is_empty() {
        let _ = writeln!(out, "\nNot in the files; stays live as it is:");
        for left in &made.left {
            let _ = writeln!(out, "  {}: {}", left.what, left.why);
        }
    }
    out
}

fn warn_secrets(made: &Imported, args: &ImportArgs, streams: &Streams) {
    if made.secrets.is_empty() {
        return;
    }
    for found in &made.secrets {
        let verb = if found.written { "written with" } else { "left out for" };
        streams.tell(&format!("warning: {} was {verb} its secrets: {}", found.what, found.fields.join(", ")));
    }
    streams.tell(if args.with_secrets {
        "  help: these files are readable by you alone; do not commit them as they are"
    } else {
        "  help: `--with-secrets` writes them too, readable by you alone"
    });
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Whether planning over the new files finds nothing to change; says so either way.
fn prove(plan: &Plan, connection: &Connection, streams: &Streams) -> bool {
    let flag = connection.world.as_deref().map_or(String::new(), |w| format!(" --lab={w}"));
    let mut wrong: Vec<String> = plan
        .steps
        .iter()
        .filter(|s| s.action.is_change())
        .map(|s| {
            let paths: Vec<String> = s.changes.iter().take(5).map(|c| c.path.join(".")).collect();
            format!(
                "{} {} {}",
                s.action.symbol(),
                Untrusted::new(s.address.to_string()).line(160),
                Untrusted::new(paths.join(", ")).line(160)
            )
        })
        .collect();
    wrong.extend(plan.warnings.iter().filter(|w| w.blocks).map(|w| format!("! {} {}", w.code, w.message)));
    wrong.extend(plan.unknown.iter().map(|u| format!("? {u}")));
    if !wrong.is_empty() {
        streams.data(&format!("\nNot proved: planning over these files finds\n  {}", wrong.join("\n  ")));
        streams.error(
            "the files do not say exactly what is live",
            Some(&format!("they stay for you to look at: `omni-scale plan{flag}` shows the difference; nothing was sent to Omni")),
        );
        return false;
    }
    let adopted = count(plan.summary.adopt as usize, "object", "objects");
    let mut out = format!(
        "\nProved: planning over these files finds nothing to change; {adopted} would be adopted as they are.\n"
    );
    for not_up in &plan.not_up {
        let _ = writeln!(out, "  note  {} is not up now: {}", not_up.address, not_up.blocker);
    }
    let approve = if connection.world.is_some() { " --auto-approve" } else { "" };
    let (plan, apply) = (format!("omni-scale plan{flag}"), format!("omni-scale apply{flag}{approve}"));
    let width = apply.len();
    let _ = writeln!(out, "  next  {plan:<width$}   shows the same with every warning");
    let _ = writeln!(
        out,
        "        {apply:<width$}   writes the record only, by which later plans tell drift from edits"
    );
    streams.data(&out);
    true
}
