//! Machine classes: one of two modes; the provider's schema for its data.

use serde_json::Value;

use super::labels::{NO_MANUAL, STATIC_PROVIDER};
use super::{Context, Reasons, Write, provider_data};
use crate::lab::omni::selectors::Selector;
use crate::lab::omni::store::{Key, Resource};

const ARGS: usize = 64;
const ARG: usize = 256;

/// Whether this write crashes the server: turning a selector class into one that provisions does.
pub(super) fn crashes(write: &Write<'_>) -> bool {
    match write {
        Write::Update(old, new) => {
            old.spec.get("auto_provision").is_none()
                && new.spec.get("auto_provision").is_some()
                && labels(new).is_none()
        }
        _ => false,
    }
}

fn labels(class: &Resource) -> Option<&Vec<Value>> {
    class.spec.get("match_labels").and_then(Value::as_array)
}

pub(super) fn check(context: &Context<'_>, write: &Write<'_>, reasons: &mut Reasons) {
    let Some(new) = write.wanted() else {
        if let Write::Teardown(old) = write {
            in_use(context, old, reasons);
        }
        return;
    };
    match (labels(new), new.spec.get("auto_provision")) {
        (Some(_), Some(_)) => {
            reasons.push("can't set both auto provision and match labels at the same time".to_owned());
        }
        (None, None) => {
            reasons.push("machine class should either have auto provision or match labels set".to_owned());
        }
        (Some(list), None) => selectors(list, reasons),
        (None, Some(auto)) => provision(context, write.stored(), auto, reasons),
    }
}

fn selectors(list: &[Value], reasons: &mut Reasons) {
    for text in list.iter().filter_map(Value::as_str) {
        match Selector::parse(text) {
            Err(why) => reasons
                .push(format!("failed to parse matchLabels: rpc error: code = InvalidArgument desc = {why}")),
            Ok(selector) if selector.names(NO_MANUAL) => {
                reasons.push(format!("label \"{NO_MANUAL}\" is reserved and can not be used in matchLabels"));
            }
            Ok(_) => {}
        }
    }
}

fn provision(context: &Context<'_>, old: Option<&Resource>, auto: &Value, reasons: &mut Reasons) {
    let text = |name: &str| auto.get(name).and_then(Value::as_str).unwrap_or("");
    kernel_args("auto provision kernel args", auto.get("kernel_args"), reasons);
    if !reasons.is_empty() {
        return;
    }
    let id = text("provider_id");
    if id.is_empty() {
        reasons.push("provider id can't be empty".to_owned());
        return;
    }
    let key = Key::of("InfraProviderStatuses", id);
    let Some(status) = context.store.get(&key) else {
        let at = key.at("undefined");
        reasons.push(format!("failed to get provider: failed to get: resource {at} doesn't exist"));
        return;
    };
    if status.labelled(STATIC_PROVIDER).is_some() {
        reasons.push(format!("the provider \"{id}\" is static and can't be used in a machine class"));
        return;
    }
    // Seen: a changed provider with unchanged data is not looked at.
    let before = old.map(|o| o.text("/auto_provision/provider_data"));
    if before == Some(text("provider_data")) {
        return;
    }
    if let Some(reason) = provider_data::check(status.text("/schema"), text("provider_data")) {
        reasons.push(reason);
    }
}

/// Kernel arguments: how many, how long, no control characters.
pub(super) fn kernel_args(what: &str, args: Option<&Value>, reasons: &mut Reasons) {
    let args: Vec<&str> =
        args.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if args.len() > ARGS {
        reasons.push(format!("too many {what}: {} (max {ARGS})", args.len()));
    }
    for (index, arg) in args.iter().enumerate() {
        if arg.len() > ARG {
            reasons.push(format!("{what}[{index}] is too long: {} bytes (max {ARG})", arg.len()));
        }
        if arg.chars().any(char::is_control) {
            reasons.push(format!("{what}[{index}] contains a control character"));
        }
    }
}

fn in_use(context: &Context<'_>, class: &Resource, reasons: &mut Reasons) {
    let sets = context.store.all("MachineSets");
    let users: Vec<&str> = sets
        .iter()
        .filter(|s| {
            ["/machine_allocation/name", "/machine_class/name"].iter().any(|p| s.text(p) == class.key.id)
        })
        .map(|s| s.key.id.as_str())
        .collect();
    if !users.is_empty() {
        reasons.push(format!(
            "can not delete the machine class as it is still in use by machine sets: {}",
            users.join(", ")
        ));
    }
}
