//! What was approved before apply began: a saved plan, or the digest of one.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::authors::authors;
use super::connect::Connection;
use super::exit::Exit;
use super::fail::Fail;
use super::guards::Overrides;
use super::repository::Repository;
use super::saving;
use super::streams::Streams;
use crate::address::Address;
use crate::live::Snapshot;
use crate::plan::file::{self, Choices, ProxmoxIdentity, Refusal, SavedPlan, Stale};
use crate::plan::{Plan, Scope, Selection};
use crate::render::context::Context;
use crate::render::human::stale;
use crate::resource::ResourceId;
use crate::secret::DigestKey;
use crate::state::model::{Record, Used};

/// Largest saved plan, bytes.
const LIMIT: u64 = 64 << 20;

/// What `apply` may be given instead of asking.
#[derive(Clone, Debug, Args)]
pub struct ApprovalArgs {
    /// Saved plan, as `plan --out plan=FILE` wrote it: apply it if it is still true, without a question
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// Apply the plan of this digest and no other, without a question
    #[arg(long, value_name = "sha256:HEX", value_parser = digest)]
    pub expect_digest: Option<String>,
}

fn digest(text: &str) -> Result<String, String> {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f')) {
        return Ok(text.to_owned());
    }
    Err("a digest is `sha256:` and 64 lower-case hexadecimal digits, as `plan` prints it".to_owned())
}

/// A saved plan and the sum of its bytes.
pub(super) struct Opened {
    pub(super) saved: SavedPlan,
    pub(super) sum: String,
}

/// Reads a saved plan: once, so that what is checked is what is used.
pub(super) fn open(path: &Path, wrong: Exit) -> Result<Opened, Fail> {
    let shown = path.display();
    let unread = |why: &dyn std::fmt::Display| {
        Fail::new(Exit::Files, format!("the saved plan `{shown}` cannot be read: {why}"))
    };
    let file = std::fs::File::open(path).map_err(|e| unread(&e))?;
    if !file.metadata().map_err(|e| unread(&e))?.is_file() {
        return Err(unread(&"it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|e| unread(&e))?;
    if bytes.len() as u64 > LIMIT {
        return Err(unread(&format!("it is larger than {} MiB", LIMIT >> 20)));
    }
    let (saved, sum) = file::decode(&bytes)
        .map_err(|e| Fail::new(wrong, format!("the saved plan `{shown}` is refused: {e}")).help(e.help()))?;
    Ok(Opened { saved, sum })
}

/// Who wrote the objects last that are not what the plan saw.
async fn last_writers(
    saved: &SavedPlan,
    stale: &Stale,
    connection: &Connection,
) -> BTreeMap<ResourceId, String> {
    if stale.objects.is_empty() {
        return BTreeMap::new();
    }
    let at = |unix: i64| jiff::Timestamp::from_second(unix).ok();
    let ours = [at(saved.header.created), at(connection.clock.unix() as i64)];
    let written = stale.objects.iter().map(|o| o.updated.parse::<jiff::Timestamp>().ok());
    let times: Vec<jiff::Timestamp> = written.chain(ours).flatten().collect();
    let by = authors(connection, &times).await;
    stale.objects.iter().filter_map(|o| Some((o.id.clone(), by.get(&o.id)?.0.clone()))).collect()
}

fn refused(refusal: Refusal) -> Fail {
    Fail::new(Exit::Stale, refusal.to_string()).help(refusal.help())
}

/// What was approved.
pub(super) struct Approval {
    file: Option<Opened>,
    expected: Option<String>,
}

impl Approval {
    /// What the arguments name. A file is read, and must be the plan that is expected and this program's.
    pub(super) fn of(args: &ApprovalArgs) -> Result<Self, Fail> {
        let file = args.plan.as_deref().map(|path| open(path, Exit::Stale)).transpose()?;
        if let Some(file) = &file {
            if let Some(expected) = &args.expect_digest {
                file.saved.is_named(expected, &file.sum).map_err(refused)?;
            }
            file.saved.is_of_tool(env!("CARGO_PKG_VERSION")).map_err(refused)?;
        }
        Ok(Self { file, expected: args.expect_digest.clone() })
    }

    /// Whether nobody has to be asked.
    pub(super) fn is_given(&self) -> bool {
        self.file.is_some() || self.expected.is_some()
    }

    /// What is removed, what is looked at, and what is allowed by hand: what the saved plan was made with, if there is one. Options beside it have to
    /// be the same.
    pub(super) fn chosen(
        &self,
        roots: Vec<Address>,
        selection: Selection,
        overrides: &Overrides,
    ) -> Result<(Vec<Address>, Selection, Overrides), Fail> {
        let Some(Opened { saved, .. }) = &self.file else { return Ok((roots, selection, overrides.clone())) };
        saved.is_of_choices(&saving::choices(&roots, &selection, overrides)).map_err(refused)?;
        let Choices { destroy, options } = &saved.header.choices;
        let values = |option: &str| options.get(option).cloned().unwrap_or_default();
        let scope = Scope {
            targets: values("target"),
            excludes: values("exclude"),
            clusters: values("cluster"),
            ..Scope::default()
        };
        let selection = Selection::of(&scope).map_err(|e| {
            Fail::new(Exit::Stale, format!("the saved plan's scope cannot be read: {e}"))
                .help("nothing was sent; plan again")
        })?;
        let overrides = Overrides { allow: values("allow"), acknowledge: values("acknowledge") };
        Ok((destroy.clone(), selection, overrides))
    }

    /// Checks a saved plan against where it would be applied: target, age, use, files; before the lease and before anything is
    /// sent but two small reads. Omni checked the age of their signatures, so the clock that judges the plan's age is at most
    /// five minutes off.
    pub(super) async fn fits(
        &self,
        connection: &Connection,
        repository: &Repository,
        record: Option<&Record>,
    ) -> Result<(), Fail> {
        let Some(Opened { saved, .. }) = &self.file else { return Ok(()) };
        saved.is_for(&connection.name).map_err(refused)?;
        saved.is_for_instance(&saving::omni(connection).await?).map_err(refused)?;
        saved.is_good_at(connection.clock.unix() as i64).map_err(refused)?;
        self.unused(record)?;
        let key = connection.digest_key.as_ref();
        saved
            .is_of_files(&repository.desired.files_digest, &repository.files.hashes(key))
            .map_err(refused)?;
        saved.digest_key(key).map(drop).map_err(refused)
    }

    /// Checks that nothing was applied since the plan was made, this plan least of all. Once more with the lease in hand.
    pub(super) fn unused(&self, record: Option<&Record>) -> Result<(), Fail> {
        let Some(Opened { saved, sum }) = &self.file else { return Ok(()) };
        if let Some(used) = record.and_then(|r| r.used.get(sum)) {
            let at =
                jiff::Timestamp::from_second(used.at).map_or_else(|_| used.at.to_string(), |t| t.to_string());
            return Err(refused(Refusal::Used { run: used.run.clone(), at }));
        }
        saved.is_of_record(record.map(|r| (r.lineage.as_str(), r.serial))).map_err(refused)
    }

    /// Puts what names a fresh plan around it.
    pub(super) fn name(
        &self,
        plan: &Plan,
        key: Option<&DigestKey>,
        context: &mut Context,
    ) -> Result<(), Fail> {
        let key = match &self.file {
            Some(file) => file.saved.digest_key(key).map_err(refused)?,
            None => key,
        };
        if let Some(file) = &self.file {
            saving::around(&file.saved, context);
        }
        context.digest = Some(saving::digest(plan, key));
        Ok(())
    }

    /// Whether a fresh plan does what the saved one does. What changed meanwhile without a consequence is told.
    pub(super) async fn agrees(
        &self,
        plan: &Plan,
        snapshot: &Snapshot,
        connection: &Connection,
        streams: &Streams,
    ) -> Result<(), Fail> {
        let Some(Opened { saved, .. }) = &self.file else { return Ok(()) };
        saved.is_for_proxmox(&ProxmoxIdentity::of(snapshot)).map_err(refused)?;
        let key = saved.digest_key(connection.digest_key.as_ref()).map_err(refused)?;
        match saved.agrees(plan, snapshot, key) {
            Ok(changed) if changed.is_empty() => Ok(()),
            Ok(changed) => {
                let what = if changed.len() == 1 {
                    "1 object".to_owned()
                } else {
                    format!("{} objects", changed.len())
                };
                streams.say(&format!("note: {what} changed since the plan was made; it still does the same"));
                Ok(())
            }
            Err(why) => {
                let look = streams.err.words();
                streams.error(&stale::title(&why), None);
                let authors = last_writers(saved, &why, connection).await;
                streams.tell(&stale::text(&why, &authors, look));
                streams.tell("  help: nothing was sent; run `omni-scale plan` again");
                Err(Fail::said(Exit::Stale))
            }
        }
    }

    /// Whether a fresh plan is the one that is expected. The digest of a saved plan's file was compared when it was read.
    pub(super) fn expects(&self, context: &Context) -> Result<(), Fail> {
        match (&self.expected, &context.digest) {
            (Some(expected), Some(found)) if self.file.is_none() && expected != found => Err(Fail::new(
                Exit::Stale,
                format!("this is another plan than the one that was approved: its digest is `{found}`"),
            )
            .help("nothing was sent; have this plan approved, or find out what changed since")),
            _ => Ok(()),
        }
    }

    /// The saved plan as used by a run, for the record.
    pub(super) fn claim(&self, run: &str, at: i64) -> Option<(&str, Used)> {
        let Opened { saved, sum } = self.file.as_ref()?;
        Some((sum, Used { run: run.to_owned(), at, expires: saved.header.expires }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_written_in_one_way() {
        let hex = "a1".repeat(32);
        assert!(digest(&format!("sha256:{hex}")).is_ok());
        for wrong in
            [hex.clone(), format!("sha256:{}", hex.to_uppercase()), format!("sha256:{hex}0"), String::new()]
        {
            assert!(digest(&wrong).is_err(), "{wrong}");
        }
    }
}
