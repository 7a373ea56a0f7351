//! `--destroy ADDR`: removals that are asked for by address, without an edit of the files.

use std::borrow::Cow;

use super::exit::Exit;
use super::fail::Fail;
use super::repository::Repository;
use crate::address::Address;
use crate::diag::closest;
use crate::plan::Desired;
use crate::state::model::Record;

/// The option of plan and apply.
#[derive(Clone, Debug, clap::Args)]
pub struct Removal {
    /// Remove this and what lies below it, and plan nothing else; the files stay as they are. As `cluster/NAME`, or any
    /// address below that a plan shows; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub destroy: Vec<String>,
}

impl Removal {
    /// The addresses, checked for their form before anything is read from servers.
    pub(super) fn roots(&self) -> Result<Vec<Address>, Fail> {
        self.destroy.iter().map(|text| root(text)).collect()
    }
}

fn root(text: &str) -> Result<Address, Fail> {
    let wrong = |why: String| {
        Fail::new(Exit::Usage, format!("`--destroy {text}`: {why}"))
            .help("name it as plans do: `cluster/NAME`, `cluster/NAME/machineset/workers`, `class/NAME`")
    };
    let address: Address = text.parse().map_err(|e: crate::address::AddressError| wrong(e.to_string()))?;
    let cluster = address.cluster_name().is_some() && !address.name().is_empty();
    let class = address.kind() == "class" && address.parent().is_none() && !address.name().is_empty();
    if cluster || class {
        return Ok(address);
    }
    Err(wrong("only classes, clusters and what lies below a cluster can be removed".to_owned()))
}

/// What the files ask for, or without what is named. Only what is declared or recorded can be named: what belongs to others
/// is never touched.
pub(super) fn desired<'r>(
    repository: &'r Repository,
    record: Option<&Record>,
    roots: &[Address],
) -> Result<Cow<'r, Desired>, Fail> {
    let files = &repository.desired;
    if roots.is_empty() {
        return Ok(Cow::Borrowed(files));
    }
    let declared = files.classes.iter().chain(files.clusters.iter().flat_map(|c| &c.resources));
    let recorded = record.into_iter().flat_map(|r| r.entries.keys());
    let known: Vec<&Address> = declared.map(|d| &d.address).chain(recorded).collect();
    for root in roots {
        if known.iter().any(|a| root.contains(a)) {
            continue;
        }
        let names: Vec<String> = known.iter().map(ToString::to_string).collect();
        let text = root.to_string();
        let meant = closest(&text, names.iter().map(String::as_str));
        return Err(Fail::new(Exit::Usage, format!("`{text}` is neither in the files nor in the record"))
            .help(meant.map_or_else(
                || "what others made is never removed; the addresses of all that is ours are in `plan --format json`".to_owned(),
                |meant| format!("did you mean `{meant}`?"),
            )));
    }
    Ok(Cow::Owned(files.without(roots)))
}
