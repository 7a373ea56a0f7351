//! `kind: Machine`.

use super::content;
use super::descriptors;
use super::fields::{Context, Known};
use crate::template::model::{Machine, Placed};
use crate::yaml::Node;

const MACHINE: Known = Known {
    go: "models.Machine",
    keys: &[
        "kind",
        "name",
        "labels",
        "annotations",
        "locked",
        "install",
        "patches",
        "systemExtensions",
        "kernelArgs",
    ],
};
const INSTALL: Known = Known { go: "models.MachineInstall", keys: &["disk", "diskSelector"] };

pub(super) fn decode(cx: &mut Context<'_>, root: &Node) -> Machine {
    let fields = cx.fields("a Machine", root, MACHINE);
    let install = fields.get("install").map(|node| cx.fields("`install`", node, INSTALL));
    let part = |cx: &mut Context<'_>, key: &str| {
        install.as_ref().map_or(Placed::new(String::new(), root.span), |install| install.text(cx, key))
    };
    Machine {
        span: root.span,
        name: fields.text(cx, "name"),
        descriptors: descriptors::decode(cx, &fields),
        locked: fields.bool(cx, "locked").value,
        install_disk: part(cx, "disk"),
        disk_selector: part(cx, "diskSelector"),
        patches: content::patches(cx, &fields),
        extensions: fields.optional_list(cx, "systemExtensions"),
        kernel_args: fields.optional_list(cx, "kernelArgs"),
    }
}
