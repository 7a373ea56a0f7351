//! Patches, manifests and health checks: lists of content with names.

use super::descriptors;
use super::fields::{Context, Fields, Known, tag_name};
use crate::diag::{Diagnostic, codes};
use crate::template::model::{HealthCheck, Inline, Manifest, Patch, Placed};
use crate::template::quote::quoted;
use crate::untrusted::Untrusted;
use crate::yaml::{self, Node, NodeKind};

const PATCH: Known =
    Known { go: "models.Patch", keys: &["idOverride", "labels", "annotations", "name", "file", "inline"] };
const MANIFEST: Known = Known {
    go: "models.KubernetesManifest",
    keys: &["name", "labels", "annotations", "mode", "file", "inline"],
};
const HEALTH_CHECK: Known = Known {
    go: "models.KubernetesHealthCheck",
    keys: &["name", "idOverride", "labels", "annotations", "interval", "job", "file"],
};

/// `patches` of any level.
pub(super) fn patches(cx: &mut Context<'_>, fields: &Fields<'_>) -> Vec<Patch> {
    let Some(node) = fields.get("patches") else { return Vec::new() };
    let items = cx.items("`patches`", node, "models.PatchList");
    items.into_iter().map(|item| patch(cx, item)).collect()
}

fn patch(cx: &mut Context<'_>, node: &Node) -> Patch {
    let fields = cx.fields("a patch", node, PATCH);
    Patch {
        span: node.span,
        name: fields.text(cx, "name"),
        id_override: fields.text(cx, "idOverride"),
        descriptors: descriptors::decode(cx, &fields),
        file: fields.text(cx, "file"),
        inline: inline(cx, &fields, "inline"),
    }
}

/// `kubernetes.manifests`.
pub(super) fn manifests(cx: &mut Context<'_>, fields: &Fields<'_>) -> Vec<Manifest> {
    let Some(node) = fields.get("manifests") else { return Vec::new() };
    let items = cx.items("`manifests`", node, "[]models.KubernetesManifest");
    items.into_iter().map(|item| manifest(cx, item)).collect()
}

fn manifest(cx: &mut Context<'_>, node: &Node) -> Manifest {
    let fields = cx.fields("a manifest", node, MANIFEST);
    let mode = fields.text(cx, "mode");
    let number = match mode.value.as_str() {
        "full" => 1,
        "one-time" => 2,
        "" if fields.get("mode").is_none() => 0,
        other => {
            let name = Untrusted::new(other).line(40);
            cx.problem(
                Diagnostic::error(codes::BAD_VALUE, format!("`mode` of a manifest cannot be `{name}`"))
                    .at(cx.source, mode.span, "unknown mode")
                    .note(format!("omnictl: unknown mode name {}", quoted(other)))
                    .help("write `full` (kept in step) or `one-time` (applied once)"),
            );
            0
        }
    };
    Manifest {
        span: node.span,
        name: fields.text(cx, "name"),
        mode: Placed::new(number, mode.span),
        descriptors: descriptors::decode(cx, &fields),
        file: fields.text(cx, "file"),
        inline: inline(cx, &fields, "inline"),
    }
}

/// `kubernetes.healthchecks`.
pub(super) fn health_checks(cx: &mut Context<'_>, fields: &Fields<'_>) -> Vec<HealthCheck> {
    let Some(node) = fields.get("healthchecks") else { return Vec::new() };
    let items = cx.items("`healthchecks`", node, "[]models.KubernetesHealthCheck");
    items.into_iter().map(|item| health_check(cx, item)).collect()
}

fn health_check(cx: &mut Context<'_>, node: &Node) -> HealthCheck {
    let fields = cx.fields("a health check", node, HEALTH_CHECK);
    HealthCheck {
        span: node.span,
        name: fields.text(cx, "name"),
        id_override: fields.text(cx, "idOverride"),
        descriptors: descriptors::decode(cx, &fields),
        file: fields.text(cx, "file"),
        job: inline(cx, &fields, "job"),
        interval: fields.duration(cx, "interval"),
    }
}

/// Content: a mapping, a list of mappings, or text. Null counts as absent.
fn inline(cx: &mut Context<'_>, fields: &Fields<'_>, key: &str) -> Option<Inline> {
    let node = fields.get(key)?;
    match &node.kind {
        NodeKind::Map(_) => Some(Inline::Mapping(node.clone())),
        NodeKind::Seq(items) => {
            let mut list = Vec::new();
            for item in items {
                match item.kind {
                    NodeKind::Map(_) => list.push(Some(item.clone())),
                    _ if yaml::is_null(item) => list.push(None),
                    _ => cx.wrong(
                        &format!("an entry of `{key}`"),
                        item,
                        "a mapping",
                        "map[string]interface {}",
                    ),
                }
            }
            Some(Inline::List(list, node.span))
        }
        NodeKind::Scalar { .. } if tag_name(node) == "!!str" => Some(Inline::Text(node.clone())),
        NodeKind::Scalar { .. } => {
            let short = tag_name(node);
            cx.problem(
                Diagnostic::error(
                    codes::WRONG_TYPE,
                    format!(
                        "`{key}` takes a mapping, a list of mappings or text, not {}",
                        yaml::describe(node)
                    ),
                )
                .at(cx.source, node.span, format!("this is {}", yaml::describe(node)))
                .note(format!("omnictl: expected string, but got {short}")),
            );
            None
        }
    }
}
