//! `export`: a live cluster as a plain template, for omnictl or anybody else.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::args::{Global, World};
use crate::cli::connect::Targets;
use crate::cli::dialect;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::repository;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::diag::closest;
use crate::kinds::SYNC_ORDER;
use crate::live::OmniSnapshot;
use crate::render::human::diag;
use crate::template::export::{ExportError, Exported, Fidelity, Loss, Options, export};
use crate::untrusted::Untrusted;

/// Losses of one sentence are told together; so many resources are named.
const NAMED: usize = 3;

/// `export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Which world.
    #[command(flatten)]
    pub world: World,
    /// Cluster to export
    #[arg(short, long, value_name = "NAME")]
    pub cluster: String,
    /// File to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Overwrite the file if it is there
    #[arg(short, long)]
    pub force: bool,
    /// Also write the kernel arguments of every static machine; `[]` where there are none
    #[arg(long)]
    pub include_kernel_args: bool,
}

pub(in crate::cli) fn run(global: &Global, args: &ExportArgs, streams: &Streams) -> Exit {
    // A path that was given bare is shown bare.
    let here = global.directory == Path::new(".");
    let output =
        args.output.as_ref().map(|path| if here { path.clone() } else { global.directory.join(path) });
    let made = output
        .as_deref()
        .map_or(Ok(()), |path| free(path, args.force))
        .and_then(|()| read(global, &args.world, streams))
        .and_then(|seen| text(&seen, args, streams));
    let exported = match made {
        Ok(exported) => exported,
        Err(fail) => return fail.tell(streams),
    };
    if let Some(path) = output {
        if let Err(fail) = write(&path, args.force, exported.text.as_bytes()) {
            return fail.tell(streams);
        }
    } else {
        streams.data(&exported.text);
    }
    for line in warnings(&exported.losses) {
        let (on, off) = if streams.err.color { ("\u{1b}[1;33m", "\u{1b}[0m") } else { ("", "") };
        streams.say(&format!("{on}warning{off}: {line}"));
    }
    Exit::Done
}

/// Everything of the kinds that templates make. Proxmox is not asked.
fn read(global: &Global, world: &World, streams: &Streams) -> Result<OmniSnapshot, Fail> {
    // Templates and folders for them do not matter here: somebody may export because one is broken, or not there yet.
    let (mut repository, _) = repository::read_before_files(global, streams)?;
    repository::judge(&repository.sources, repository.files.apart_from_templates(), streams)?;
    repository.targets = Targets { proxmox: Vec::new(), store: None, ..repository.targets };
    let types = SYNC_ORDER.map(|kind| (kind.short, kind.namespace));
    session::block_on(async {
        let connection = session::connect(&repository, world, streams).await?;
        let seen = connection.lists(&types).await?;
        connection.close().await?;
        Ok(seen)
    })
}

fn text(seen: &OmniSnapshot, args: &ExportArgs, streams: &Streams) -> Result<Exported, Fail> {
    // A template with holes would have somebody delete what it leaves out.
    for kind in SYNC_ORDER {
        if let Some(reason) = seen.unreadable(kind.short) {
            return Err(Fail::new(
                Exit::Unreachable,
                format!(
                    "`{}` cannot be read, and an export without them would leave things out: {}",
                    kind.short, reason.0
                ),
            ));
        }
    }
    let options = Options {
        kernel_args: args.include_kernel_args,
        fidelity: Fidelity::Omnictl,
        dialect: dialect::dialect(seen).unwrap_or_default(),
    };
    let live = SYNC_ORDER.iter().flat_map(|kind| seen.list(kind.short));
    export(live, &args.cluster, options).map_err(|e| told(seen, &args.cluster, e, streams))
}

/// Says why there is no template.
fn told(seen: &OmniSnapshot, cluster: &str, error: ExportError, streams: &Streams) -> Fail {
    let note = error.note();
    let help = match &error {
        ExportError::NoCluster(_) => Some(others(seen, cluster)),
        ExportError::Unfit { .. } => Some("mend it in Omni, or remove it there".to_owned()),
        ExportError::Invalid { problems, sources } => {
            let look = streams.err.words();
            streams.tell(&diag::diagnostics(sources, problems, look));
            Some("places are in the text that would have been written; mend the cluster in Omni".to_owned())
        }
    };
    streams.error(&error.to_string(), None);
    if let Some(note) = note {
        streams.tell(&format!("  note: omnictl says: {note}"));
    }
    if let Some(help) = help {
        streams.tell(&format!("  help: {help}"));
    }
    Fail::said(Exit::Error)
}

fn others(seen: &OmniSnapshot, cluster: &str) -> String {
    let names: Vec<&str> = seen.list("Clusters").iter().map(|c| c.resource.id.id.as_str()).collect();
    let shown = |name: &str| format!("`{}`", Untrusted::new(name).line(80));
    if let Some(near) = closest(cluster, names.iter().copied()) {
        return format!("did you mean {}?", shown(near));
    }
    match names.as_slice() {
        [] => "this Omni has no cluster that you may see".to_owned(),
        [one] => format!("the only cluster is {}", shown(one)),
        all => {
            let some: Vec<String> = all.iter().take(10).map(|n| shown(n)).collect();
            let more = if all.len() > some.len() { ", …" } else { "" };
            format!("the clusters are {}{more}", some.join(", "))
        }
    }
}

/// One line for each kind of loss, with the resources that have it.
fn warnings(losses: &[Loss]) -> Vec<String> {
    let mut grouped: BTreeMap<(&str, &str, &str), Vec<String>> = BTreeMap::new();
    for loss in losses {
        let resource = &loss.resource;
        grouped
            .entry((resource.short_kind(), &loss.what, &loss.why))
            .or_default()
            .push(Untrusted::new(resource.to_string()).line(200));
    }
    let line = |((_, what, why), resources): ((&str, &str, &str), Vec<String>)| {
        let more = resources.len().saturating_sub(NAMED);
        let mut named = resources.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        if more > 0 {
            named.push_str(&format!(" and {more} more"));
        }
        format!("{named}: not in the file: {what}; {why}")
    };
    grouped.into_iter().map(line).collect()
}

/// Asked before anything is read, too: nobody should wait for a refusal.
fn free(path: &Path, force: bool) -> Result<(), Fail> {
    if force || !path.exists() {
        return Ok(());
    }
    Err(taken(path))
}

fn taken(path: &Path) -> Fail {
    Fail::new(Exit::Error, format!("`{}` is there already", path.display()))
        .help("overwrite it with `--force`, or name another file")
}

/// Writes the file, whole or not at all.
fn write(path: &Path, force: bool, bytes: &[u8]) -> Result<(), Fail> {
    let broken = |e: std::io::Error| {
        if e.kind() == std::io::ErrorKind::AlreadyExists {
            return taken(path);
        }
        Fail::new(Exit::Error, format!("`{}` cannot be written: {e}", path.display()))
    };
    if path.is_dir() {
        return Err(Fail::new(Exit::Error, format!("`{}` is a folder", path.display())));
    }
    let create = |path: &Path| -> std::io::Result<()> {
        let mut file = std::fs::File::create_new(path)?;
        file.write_all(bytes).and_then(|()| file.sync_all()).inspect_err(|_| {
            let _ = std::fs::remove_file(path);
        })
    };
    if !force || !path.exists() {
        return create(path).map_err(broken);
    }
    // A link keeps leading where it leads.
    let target = path.canonicalize().map_err(broken)?;
    let mut beside = target.clone().into_os_string();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    create(&beside)
        .and_then(|()| std::fs::set_permissions(&beside, std::fs::metadata(&target)?.permissions()))
        .and_then(|()| std::fs::rename(&beside, &target))
        .inspect_err(|_| {
            let _ = std::fs::remove_file(&beside);
        })
        .map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceId;

    #[test]
    fn losses_of_one_kind_are_one_line_and_names_are_escaped() {
        let loss = |kind: &str, id: &str, what: &str| Loss {
            resource: ResourceId::default_ns(kind, id),
            what: what.into(),
            why: "because".into(),
        };
        let losses: Vec<Loss> = (1..=5)
            .map(|n| loss("KernelArgs", &format!("m{n}"), "its kernel arguments"))
            .chain([loss("Clusters", "a\u{1b}[31m", "the annotation `x`")])
            .collect();
        assert_eq!(
            warnings(&losses),
            [
                "Clusters.omni.sidero.dev(default/a\u{fffd}[31m): not in the file: the annotation `x`; because",
                "KernelArgs.omni.sidero.dev(default/m1), KernelArgs.omni.sidero.dev(default/m2), \
                 KernelArgs.omni.sidero.dev(default/m3) and 2 more: not in the file: its kernel arguments; because",
            ]
        );
    }
}
