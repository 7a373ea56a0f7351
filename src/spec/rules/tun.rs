//! WireGuard in a container needs the TUN device.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, SourceId};
use crate::spec::fields::quote;
use crate::yaml::Node;

use super::compose::services;

pub(super) static RULE: Rule = Rule {
    code: "OS0224",
    name: "tun-missing",
    severity: Severity::Warning,
    basis: Basis::Reported,
    source: "Linux: a container has no `/dev/net/tun` unless it is given one. Omni's link to machines, and Tailscale in kernel mode, open it.",
    stage: Stage::Validate,
    title: "a container without the TUN device",
    means: "The program starts and has no network of its own: machines never join, or names of the tailnet are not resolved.",
    bad: "==> proxmox-provider/compose.yml <==\nservices:\n  tailscale:\n    image: tailscale/tailscale:v1.90.0\n    environment: [TS_USERSPACE=false]\n    cap_add: [NET_ADMIN]\n  provider:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:v0.2.0\n    command: [--id=matrix]",
    good: "==> proxmox-provider/compose.yml <==\nservices:\n  tailscale:\n    image: tailscale/tailscale:v1.90.0\n    environment: [TS_USERSPACE=false]\n    cap_add: [NET_ADMIN]\n    devices: [/dev/net/tun]\n  provider:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:v0.2.0\n    command: [--id=matrix]",
    act: "Add `devices: [/dev/net/tun]` to the service. In a container of Proxmox the device must be let through to the container too.",
};

const TUN: &str = "/dev/net/tun";

pub(super) fn check(source: SourceId, root: &Node, sink: &mut Sink) {
    for service in services(root) {
        let Some(image) = service.image() else { continue };
        let kernel = service.variable("TS_USERSPACE").is_some_and(|(v, _)| matches!(v, "false" | "0"));
        let needs = image.name.ends_with("siderolabs/omni") || (image.last() == "tailscale" && kernel);
        let privileged = service.node.get("privileged").and_then(Node::text) == Some("true");
        if needs && !privileged && !service.has("devices", TUN) && !service.has("volumes", TUN) {
            sink.push(
                Diagnostic::of(&RULE, format!("the service {} has no `{TUN}`", quote(service.name)))
                    .at(source, service.at, "")
                    .note("without it there is no WireGuard: machines do not join, or names of the tailnet are not resolved")
                    .help(format!("add `devices: [{TUN}]`")),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::rules::testing;

    #[test]
    fn it_speaks_and_is_silent() {
        testing::example(&RULE);
    }

    #[test]
    fn omni_always_needs_it_and_tailscale_in_kernel_mode() {
        let with = |service: &str| {
            testing::deployment(&[("omni/compose.yml", &format!("services: {{s: {service}}}\n"))]).codes()
        };
        assert_eq!(with("{image: 'ghcr.io/siderolabs/omni:v1.4.6'}"), ["OS0224"]);
        assert_eq!(
            with("{image: 'ghcr.io/siderolabs/omni:v1.4.6', devices: ['/dev/net/tun:/dev/net/tun']}"),
            [""; 0]
        );
        assert_eq!(with("{image: 'ghcr.io/siderolabs/omni:v1.4.6', privileged: true}"), [""; 0]);
        assert_eq!(with("{image: 'tailscale/tailscale:v1'}"), [""; 0], "its default is user space");
        assert_eq!(
            with("{image: 'tailscale/tailscale:v1', environment: {TS_USERSPACE: 'false'}}"),
            ["OS0224"]
        );
    }
}
