//! `--out plan=FILE`: what a saved plan is bound to, gathered where it is made.

use clap::Args;

use super::connect::Connection;
use super::exit::Exit;
use super::fail::Fail;
use super::guards::Overrides;
use super::outputs::Output;
use super::repository::Repository;
use super::streams::Streams;
use crate::address::Address;
use crate::kinds::DurationSpan;
use crate::live::Snapshot;
use crate::plan::file::{
    self, Body, Choices, Commit, Header, OmniIdentity, ProxmoxIdentity, Read, SavedPlan,
};
use crate::plan::{Plan, Scope, Selection};
use crate::render::context::Context;
use crate::secret::DigestKey;
use crate::state::store::identity;

/// Name of the form in which a plan is saved.
pub(super) const SAVED: &str = "plan";
/// Longest life of a saved plan, in seconds: 30 days.
const LONGEST: i64 = 30 * 86_400;

/// How a plan is saved.
#[derive(Clone, Debug, Args)]
pub struct Saving {
    /// How long a saved plan is good, as `24h` or `90m`
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = life)]
    pub expires: DurationSpan,
    /// The commit that the files come from, to stand in a saved plan; git is never asked
    #[arg(long, value_name = "HEX", env = "OMNI_SCALE_COMMIT", value_parser = commit)]
    pub commit: Option<Commit>,
}

fn life(text: &str) -> Result<DurationSpan, String> {
    DurationSpan::from_go(text)
        .filter(|d| d.is_positive() && d.seconds() >= 1 && d.seconds() <= LONGEST)
        .ok_or_else(|| "write it as `24h`, `90m` or `30s`, at most 720h".to_owned())
}

fn commit(text: &str) -> Result<Commit, String> {
    Commit::try_from(text.to_owned()).map_err(str::to_owned)
}

/// What a plan does, as a digest.
pub(super) fn digest(plan: &Plan, key: Option<&DigestKey>) -> String {
    file::digest(&Body::of(plan, key))
}

/// Who Omni says it is.
pub(super) async fn omni(connection: &Connection) -> Result<OmniIdentity, Fail> {
    use crate::backend::OmniReader as _;
    use crate::resource::ResourceId;
    let features = ResourceId::default_ns("FeaturesConfigs", "features-config");
    let version = ResourceId {
        kind: "SysVersions.system.sidero.dev".to_owned(),
        namespace: "ephemeral".to_owned(),
        id: "current".to_owned(),
    };
    let (features, version) = tokio::join!(connection.omni.get(&features), connection.omni.get(&version));
    if version.unknown().is_some() {
        connection.reachable().await?;
    }
    Ok(OmniIdentity::of(&features, &version))
}

/// What the person who plans chose, to be chosen again by apply.
pub(super) fn choices(roots: &[Address], selection: &Selection, overrides: &Overrides) -> Choices {
    let Scope { targets, excludes, clusters, .. } = selection.scope();
    let Overrides { allow, acknowledge } = overrides.clone();
    let options = [
        ("target", targets),
        ("exclude", excludes),
        ("cluster", clusters),
        ("allow", allow),
        ("acknowledge", acknowledge),
    ];
    let given = options.into_iter().filter(|(_, values)| !values.is_empty());
    Choices { destroy: roots.to_vec(), options: given.map(|(k, v)| (k.to_owned(), v)).collect() }
}

/// What there is when a plan is saved.
pub(super) struct Made<'a> {
    pub(super) plan: &'a Plan,
    pub(super) snapshot: &'a Snapshot,
    pub(super) repository: &'a Repository,
    pub(super) connection: &'a Connection,
    pub(super) choices: Choices,
}

/// Puts what names the plan around it; and the saved plan itself, where a file is to hold it.
pub(super) async fn name(
    made: Made<'_>,
    saving: &Saving,
    outs: &[Output],
    context: &mut Context,
) -> Result<(), Fail> {
    let Made { plan, snapshot, repository, connection, choices } = made;
    let key = connection.digest_key.as_ref();
    let body = Body::of(plan, key);
    let digest = file::digest(&body);
    context.digest = Some(digest.clone());
    if !outs.iter().any(|o| o.format.name == SAVED) {
        return Ok(());
    }
    let created = connection.clock.unix() as i64;
    let expires = created.saturating_add(saving.expires.seconds());
    let commit = saving
        .commit
        .clone()
        .or_else(|| context.merge.as_ref().and_then(|c| Commit::try_from(c.as_str().to_owned()).ok()));
    let reads = Read::all(plan, snapshot, key);
    let header = Header {
        id: identity(connection.rng.as_ref()),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        created,
        expires,
        omni: omni(connection).await?,
        proxmox: ProxmoxIdentity::of(snapshot),
        files: repository.files.hashes(key),
        commit,
        choices,
        key: key.filter(|_| body.is_keyed()).map(|k| k.name().to_owned()),
    };
    let saved = SavedPlan { header, plan: body, reads, digest };
    let (bytes, _) = file::encode(&saved)
        .map_err(|e| Fail::new(Exit::Bug, format!("the plan is not saved: {e}")).help(e.help()))?;
    around(&saved, context);
    context.file = String::from_utf8(bytes).ok();
    Ok(())
}

/// Says where the plan is saved, and how long it is good.
pub(super) fn tell(outs: &[Output], context: &Context, streams: &Streams) {
    let Some(expires) = &context.expires else { return };
    for out in outs.iter().filter(|o| o.format.name == SAVED) {
        streams.say(&format!("saved as `{}`, good until {expires}", out.path.display()));
    }
}

/// What a saved plan says about itself.
pub(super) fn around(saved: &SavedPlan, context: &mut Context) {
    let instant = |t: i64| jiff::Timestamp::from_second(t).ok().map(|t| t.to_string());
    context.digest = Some(saved.digest.clone());
    context.made = instant(saved.header.created);
    context.expires = instant(saved.header.expires);
    let commit = saved.header.commit.as_ref().map(Commit::as_str);
    context.merge = commit.and_then(crate::render::context::Commit::parse).or(context.merge.take());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_have_units_and_an_end() {
        assert_eq!(life("24h").map(DurationSpan::seconds), Ok(86_400));
        assert_eq!(life("1s").map(DurationSpan::seconds), Ok(1));
        for wrong in ["24", "0s", "-1h", "721h", "1ms", ""] {
            assert!(life(wrong).is_err(), "{wrong}");
        }
    }
}
