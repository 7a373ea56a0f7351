//! Provider data against the schema that its provider publishes: Omni makes this check when a class is created and whenever
//! its data changes, and refuses the write.

use std::collections::BTreeSet;

use super::codes;
use crate::address::Address;
use crate::diff::documents;
use crate::plan::scene::Scene;
use crate::plan::{Draft, Warning};
use crate::resource::Resource;
use crate::spec::provider_schema::{SchemaError, SchemaProblem, check_schema};
use crate::untrusted::Untrusted;
use crate::value::Value;

fn auto<'a>(class: &'a Resource, key: &str) -> &'a str {
    class.spec.at(&["auto_provision", key]).and_then(Value::as_str).unwrap_or_default()
}

/// What the schema of its provider says of a class that is written; nothing where it is not asked.
fn judged(scene: &Scene<'_>, draft: &Draft<'_>) -> Option<Result<Vec<SchemaProblem>, SchemaError>> {
    let wanted = draft.wanted.filter(|_| draft.kind() == "MachineClasses" && draft.action.is_change())?;
    let (provider, data) = (auto(wanted, "provider_id"), auto(wanted, "provider_data"));
    if draft.live.is_some_and(|live| auto(&live.resource, "provider_data") == data) {
        return None;
    }
    let status = scene.snapshot().omni.find("InfraProviderStatuses", provider)?;
    let schema = status.resource.spec.get("schema").and_then(Value::as_str).unwrap_or_default();
    // Only the first document counts; text that is not YAML at all is the loader's to report.
    let tree = match documents(data) {
        Some(all) => all.into_iter().next().unwrap_or_default(),
        None if data.trim().is_empty() => Value::Null,
        None => return None,
    };
    Some(check_schema(schema, &tree))
}

/// Classes that Omni refuses because of keys that their provider does not admit: nobody gets to ignore these keys.
pub(super) fn refused<'d>(scene: &Scene<'_>, drafts: &'d [Draft<'_>]) -> BTreeSet<&'d Address> {
    let refused = |draft: &&Draft<'_>| matches!(judged(scene, draft), Some(Ok(problems)) if problems.iter().any(|p| p.unexpected));
    drafts.iter().filter(refused).map(|d| &d.address).collect()
}

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    for draft in drafts {
        let Some(judged) = judged(scene, draft) else { continue };
        let mut tell = |message: String, blocks: bool, help: &str| {
            out.push(Warning {
                code: codes::PROVIDER_DATA.to_owned(),
                address: Some(draft.address.clone()),
                message,
                blocks,
                help: Some(help.to_owned()),
                ..Warning::default()
            });
        };
        let at = draft.source.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
        let provider = draft.wanted.map_or("", |wanted| auto(wanted, "provider_id"));
        let provider = Untrusted::new(provider).line(80);
        match judged {
            Ok(problems) => {
                for problem in problems {
                    let path =
                        if problem.path.is_empty() { String::new() } else { format!(".{}", problem.path) };
                    tell(
                        format!(
                            "`{}`{at}: `providerdata{path}` does not fit the schema of provider `{provider}`: {}",
                            draft.address, problem.message
                        ),
                        true,
                        "correct the class; Omni refuses it otherwise",
                    );
                }
            }
            Err(SchemaError::Unreadable(why)) => tell(
                format!(
                    "`{}`: provider `{provider}` publishes a schema that cannot be read: {why}",
                    draft.address
                ),
                false,
                "the class is not checked; Omni may refuse it",
            ),
        }
    }
}
