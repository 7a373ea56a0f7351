//! Provider data against the schema that its provider publishes: Omni makes this check when a class is created and whenever
//! its data changes, and refuses the write.

use super::codes;
use crate::diff::documents;
use crate::plan::scene::Scene;
use crate::plan::{Draft, Warning};
use crate::resource::Resource;
use crate::spec::provider_schema::{SchemaError, check_schema};
use crate::untrusted::Untrusted;
use crate::value::Value;

fn auto<'a>(class: &'a Resource, key: &str) -> &'a str {
    class.spec.at(&["auto_provision", key]).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    for draft in drafts.iter().filter(|d| d.kind() == "MachineClasses" && d.action.is_change()) {
        let Some(wanted) = draft.wanted else { continue };
        let (provider, data) = (auto(wanted, "provider_id"), auto(wanted, "provider_data"));
        let as_it_is = draft.live.is_some_and(|live| auto(&live.resource, "provider_data") == data);
        let Some(status) =
            scene.snapshot().omni.find("InfraProviderStatuses", provider).filter(|_| !as_it_is)
        else {
            continue;
        };
        let schema = status.resource.spec.get("schema").and_then(Value::as_str).unwrap_or_default();
        // Only the first document counts; text that is not YAML at all is the loader's to report.
        let tree = match documents(data) {
            Some(all) => all.into_iter().next().unwrap_or_default(),
            None if data.trim().is_empty() => Value::Null,
            None => continue,
        };
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
        let provider = Untrusted::new(provider).line(80);
        match check_schema(schema, &tree) {
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
