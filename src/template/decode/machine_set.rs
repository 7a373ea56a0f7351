//! `kind: ControlPlane` and `kind: Workers`: one form, rules that differ.

use super::content;
use super::descriptors;
use super::fields::{Context, Fields, Known};
use super::strategy;
use crate::diag::{Diagnostic, codes};
use crate::template::model::{Bootstrap, ClassRef, MachineSet, Placed, Role, Size};
use crate::untrusted::Untrusted;
use crate::yaml::Node;

const KEYS: &[&str] = &[
    "kind",
    "name",
    "labels",
    "annotations",
    "machines",
    "machineClass",
    "patches",
    "systemExtensions",
    "kernelArgs",
    "bootstrapSpec",
    "updateStrategy",
    "deleteStrategy",
    "upgradeStrategy",
];
const CLASS: Known = Known { go: "models.MachineClassConfig", keys: &["name", "size"] };
const BOOTSTRAP: Known = Known { go: "models.BootstrapSpec", keys: &["clusterUUID", "snapshot"] };

pub(super) fn decode(cx: &mut Context<'_>, root: &Node, role: Role) -> MachineSet {
    let (what, go) = match role {
        Role::ControlPlane => ("a ControlPlane", "models.ControlPlane"),
        Role::Workers => ("a Workers", "models.Workers"),
    };
    let fields = cx.fields(what, root, Known { go, keys: KEYS });
    MachineSet {
        span: root.span,
        role,
        name: fields.text(cx, "name"),
        descriptors: descriptors::decode(cx, &fields),
        machines: fields.texts(cx, "machines"),
        class: fields.get("machineClass").map(|node| class(cx, node)),
        patches: content::patches(cx, &fields),
        extensions: fields.optional_list(cx, "systemExtensions"),
        kernel_args: fields.optional_list(cx, "kernelArgs"),
        bootstrap: fields.get("bootstrapSpec").map(|node| bootstrap(cx, node)),
        update: strategy::decode(cx, &fields, "updateStrategy"),
        delete: strategy::decode(cx, &fields, "deleteStrategy"),
        upgrade: strategy::decode(cx, &fields, "upgradeStrategy"),
    }
}

fn bootstrap(cx: &mut Context<'_>, node: &Node) -> Bootstrap {
    let fields = cx.fields("`bootstrapSpec`", node, BOOTSTRAP);
    Bootstrap {
        span: node.span,
        cluster_uuid: fields.text(cx, "clusterUUID"),
        snapshot: fields.text(cx, "snapshot"),
    }
}

fn class(cx: &mut Context<'_>, node: &Node) -> ClassRef {
    let fields = cx.fields("`machineClass`", node, CLASS);
    ClassRef { name: fields.text(cx, "name"), size: size(cx, &fields) }
}

/// `size` is a text: a word for "all", `Static`, or an unsigned decimal of 32 bits.
fn size(cx: &mut Context<'_>, fields: &Fields<'_>) -> Placed<Size> {
    let Some(node) = fields.get("size") else { return Placed::new(Size::Count(0), fields.span) };
    let Some(text) = node.text() else {
        cx.wrong("`size`", node, "a number or `unlimited`", "string");
        return Placed::new(Size::Count(0), node.span);
    };
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let size = match text {
        "unlimited" | "infinity" | "∞" | "Unlimited" => Size::Unlimited,
        "Static" => Size::Count(0),
        _ => match text.parse::<u32>() {
            Ok(count) if digits => Size::Count(count),
            _ => {
                let shown = Untrusted::new(text).line(40);
                let why = if digits { "value out of range" } else { "invalid syntax" };
                cx.problem(
                    Diagnostic::error(codes::BAD_VALUE, format!("`size` cannot be `{shown}`"))
                        .at(cx.source, node.span, "not a number of machines")
                        .note(format!("omnictl: invalid machine count {shown}: {why}"))
                        .help("write a whole number from 0 to 4294967295, or `unlimited`"),
                );
                Size::Count(0)
            }
        },
    };
    Placed::new(size, node.span)
}
