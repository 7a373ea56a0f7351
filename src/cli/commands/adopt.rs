//! `adopt`: what is live becomes what the files ask for.

use std::collections::BTreeMap;

use clap::Args;

use crate::address::Address;
use crate::adopt::{self, Edited, File, Input, Refusal};
use crate::cli::args::{Global, World};
use crate::cli::connect::Connection;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::guards;
use crate::cli::repository::{self, Repository};
use crate::cli::rewrite::Rewrites;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::diag::closest;
use crate::live::Snapshot;
use crate::plan::{Plan, PlanInput, PlanOptions};
use crate::render::human::file_diff::difference;
use crate::state::model::Record;

/// `adopt`
#[derive(Debug, Args)]
#[command(after_long_help = "\
What the files do not declare yet gets its place in them: a patch, its entry in the template's list; a machine class, a file;
a machine set, a document. What they declare and somebody changed in Omni is changed in them, in its place. Comments and
everything that does not differ stay. Nothing is sent to Omni; the next `apply` records what became yours.

The command plans with the new files before it writes them, and again afterwards. If anything would be left for the address,
or something else would change, the files stay as they are.")]
pub struct AdoptArgs {
    /// Which world.
    #[command(flatten)]
    pub world: World,
    /// Print what would change in the files, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What to adopt, as plans name it: `cluster/NAME/patch/ID`, `class/NAME`, …
    #[arg(value_name = "ADDRESS")]
    pub address: String,
}

pub(in crate::cli) fn run(global: &Global, args: &AdoptArgs, streams: &Streams) -> Exit {
    match work(global, args, streams) {
        Ok(()) => Exit::Done,
        Err(fail) => fail.tell(streams),
    }
}

fn work(global: &Global, args: &AdoptArgs, streams: &Streams) -> Result<(), Fail> {
    let address: Address = args.address.parse().map_err(|e: crate::address::AddressError| {
        Fail::new(
            Exit::Usage,
            format!("`{}`: {e}", crate::untrusted::Untrusted::new(&args.address).line(200)),
        )
        .help("name it as plans do: `cluster/NAME/patch/ID`, `class/NAME`")
    })?;
    let files = session::load_for_server(global, streams)?;
    session::block_on(async {
        let connection = session::connect(&files.repository, &args.world, streams).await?;
        let (memory, seen) = tokio::join!(session::memory(&connection), connection.look());
        let (record, seen) = (memory?.record, seen?);
        let repository = files.settle(&seen.omni, streams)?;
        let now = Now { global, streams, connection: &connection, record: record.as_ref() };
        let done = now.adopt(&repository, &seen, &address, args.dry_run).await;
        connection.close().await?;
        done
    })
}

/// What stays the same while the files change.
struct Now<'a> {
    global: &'a Global,
    streams: &'a Streams,
    connection: &'a Connection,
    record: Option<&'a Record>,
}

impl Now<'_> {
    fn plan(&self, repository: &Repository, seen: &Snapshot) -> Result<Plan, Fail> {
        let desired = &repository.desired;
        let input = PlanInput {
            desired,
            snapshot: seen,
            record: self.record,
            key: self.connection.digest_key.as_ref(),
            options: PlanOptions::default(),
        };
        guards::checked(session::make_plan(repository, &input, self.streams)?, &input)
    }

    async fn adopt(
        &self,
        repository: &Repository,
        seen: &Snapshot,
        address: &Address,
        dry_run: bool,
    ) -> Result<(), Fail> {
        let plan = self.plan(repository, seen)?;
        let edited = match copied(repository, seen, &plan, address) {
            Err(Refusal::Same(name)) => {
                self.streams.say(&format!("`{name}` is as the files ask; nothing is to be copied"));
                below(&plan, address, self.streams);
                return Ok(());
            }
            other => other.map_err(|refusal| fail(refusal, &plan, address))?,
        };
        let mut rewrites = Rewrites::default();
        for (path, after) in &edited.files {
            let before = repository.files.bytes(path).map(<[u8]>::to_vec);
            rewrites.add(path.as_str(), before, after.clone().into_bytes());
        }
        self.check(repository, seen, &plan, address, &rewrites)?;
        for (path, file) in &rewrites.files {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let before = file.before.as_deref().map(text);
            let color = self.streams.out.color;
            self.streams.data(&difference(path, before.as_deref(), &text(&file.after), color));
        }
        if edited.secret {
            let names: Vec<String> = rewrites.files.keys().map(|p| format!("`{p}`")).collect();
            let (on, off) = if self.streams.err.color { ("\u{1b}[1;33m", "\u{1b}[0m") } else { ("", "") };
            self.streams.tell(&format!(
                "{on}warning{off}: `{address}` seems to hold a secret, which {} {} in the clear\n  help: keep it out of version control, or give the machines the secret in another way",
                names.join(" and "),
                if dry_run { "would hold" } else { "holds now" }
            ));
        }
        if dry_run {
            self.streams.say("nothing was written");
            return Ok(());
        }
        rewrites.write(&repository.root)?;
        if let Err(e) = self.look_again(address).await {
            rewrites.undo(&repository.root);
            return Err(e);
        }
        self.streams
            .say(&format!("adopted `{address}`: nothing is left to do for it; the next apply records it"));
        Ok(())
    }

    /// Plans with the files as they would be: nothing must be left for the address, and nothing else may change.
    fn check(
        &self,
        repository: &Repository,
        seen: &Snapshot,
        before: &Plan,
        address: &Address,
        rewrites: &Rewrites,
    ) -> Result<(), Fail> {
        let over: BTreeMap<String, Vec<u8>> =
            rewrites.files.iter().map(|(path, file)| (path.clone(), file.after.clone())).collect();
        let (mut next, _) = repository::read_over(self.global, &over, self.streams)?;
        let (desired, sink) = next.files.read(repository.dialect, &mut next.sources);
        if sink.has_errors() {
            repository::judge(&next.sources, &sink, self.streams).ok();
            return Err(Fail::new(
                Exit::Error,
                format!("`{address}` cannot be adopted: the files would not be valid with it"),
            )
            .help("the files are as before"));
        }
        next.desired = desired;
        let after = self.plan(&next, seen)?;
        settled(&after, address)?;
        let changes = |plan: &Plan| {
            let mut all = BTreeMap::new();
            for step in plan.steps.iter().filter(|s| s.action.is_change()) {
                all.insert(step.address.clone(), step.changes.len());
            }
            all
        };
        let (old, new) = (changes(before), changes(&after));
        let grown: Vec<String> = new
            .iter()
            .filter(|(a, n)| old.get(*a).is_none_or(|was| was < n))
            .map(|(a, _)| format!("`{a}`"))
            .collect();
        if grown.is_empty() {
            return Ok(());
        }
        Err(Fail::new(
            Exit::Error,
            format!("`{address}` cannot be adopted: the files would then change {}", grown.join(", ")),
        )
        .help("the files are as before; what they share has to be taken apart by hand first"))
    }

    /// Reads files and servers again: the address must be as the files ask.
    async fn look_again(&self, address: &Address) -> Result<(), Fail> {
        let files = session::load_for_server(self.global, self.streams)?;
        let seen = self.connection.look().await?;
        let repository = files.settle(&seen.omni, self.streams)?;
        settled(&self.plan(&repository, &seen)?, address)
    }
}

/// Whether a plan has nothing left for an address.
fn settled(plan: &Plan, address: &Address) -> Result<(), Fail> {
    let step = plan.steps.iter().find(|s| s.address == *address && s.action.is_change());
    let foreign = plan.unchanged.iter().any(|u| u.address == *address && u.status == "foreign");
    let what = match step {
        Some(step) if step.changes.is_empty() => step.action.word().to_owned(),
        Some(step) => {
            let fields: Vec<String> =
                step.changes.iter().map(|c| format!("`{}`", c.path.join("."))).collect();
            fields.join(", ")
        }
        None if foreign => "all of it".to_owned(),
        None => return Ok(()),
    };
    Err(Fail::new(Exit::Error, format!("`{address}` cannot be adopted: the files cannot say {what}"))
        .help("the files are as before"))
}

fn copied(
    repository: &Repository,
    seen: &Snapshot,
    plan: &Plan,
    address: &Address,
) -> Result<Edited, Refusal> {
    let file = |path: &str| {
        let text = repository.files.text(path)?.to_owned();
        Some(File { path: path.to_owned(), text })
    };
    let workspace = &repository.files.workspace;
    let templates: Vec<File> = workspace.templates.iter().filter_map(|t| file(&t.path)).collect();
    let classes: Vec<File> = repository.files.class_files().into_iter().filter_map(file).collect();
    adopt::adopt(Input {
        address,
        templates: &templates,
        classes: &classes,
        class_folder: repository.files.class_folder(),
        contents: &workspace.files,
        desired: &repository.desired,
        snapshot: seen,
        plan,
        dialect: repository.dialect,
    })
}

/// Names what differs below an address that is itself as the files ask.
fn below(plan: &Plan, address: &Address, streams: &Streams) {
    let steps = plan.steps.iter().filter(|s| s.action.is_change()).map(|s| &s.address);
    let foreign = plan.unchanged.iter().filter(|u| u.status == "foreign").map(|u| &u.address);
    let all: Vec<String> = steps
        .chain(foreign)
        .filter(|a| *a != address && address.contains(a))
        .map(|a| format!("`{a}`"))
        .collect();
    if !all.is_empty() {
        streams.say(&format!("below it, these are not: {}", all.join(", ")));
    }
}

fn fail(refusal: Refusal, plan: &Plan, address: &Address) -> Fail {
    let message = refusal.to_string();
    match refusal {
        Refusal::Missing(_) => {
            let foreign = plan.unchanged.iter().map(|u| &u.address);
            let names: Vec<String> =
                plan.steps.iter().map(|s| &s.address).chain(foreign).map(ToString::to_string).collect();
            let text = address.to_string();
            let meant = closest(&text, names.iter().map(String::as_str));
            Fail::new(Exit::Usage, message).help(meant.map_or_else(
                || "`plan` names what is live and not declared".to_owned(),
                |meant| format!("did you mean `{meant}`?"),
            ))
        }
        Refusal::Unread { .. } => Fail::new(Exit::Unreachable, message),
        Refusal::Unfit { help, .. } => {
            let fail = Fail::new(Exit::Error, message);
            match help {
                Some(help) => fail.help(help),
                None => fail,
            }
        }
        Refusal::Same(_) => Fail::new(Exit::Done, message),
    }
}
