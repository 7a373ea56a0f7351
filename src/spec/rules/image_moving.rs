//! An image without a fixed tag is another one after each pull.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, SourceId};
use crate::spec::fields::quote;
use crate::yaml::Node;

use super::compose::{PROVIDER_IMAGE, services};

pub(super) static RULE: Rule = Rule {
    code: "OS0222",
    name: "image-not-pinned",
    severity: Severity::Warning,
    basis: Basis::Design,
    source: "A rule of this program: what runs is what was reviewed. The provider's `latest` has been four generations of it within a year.",
    stage: Stage::Validate,
    title: "an image that is not pinned",
    means: "The next pull may bring another generation, which places machines in another way, reads other keys and needs other privileges; nothing in the files shows it.",
    bad: "==> proxmox-provider/compose.yml <==\nservices:\n  provider:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:latest\n    command: [--config-file=/config.yaml, --id=matrix]",
    good: "==> proxmox-provider/compose.yml <==\nservices:\n  provider:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:v0.2.0\n    command: [--config-file=/config.yaml, --id=matrix]",
    act: "Name a release (`:v0.2.0`), or a digest.",
};

pub(super) fn check(source: SourceId, root: &Node, sink: &mut Sink) {
    for service in services(root) {
        let Some(image) = service.image() else { continue };
        let ours = image.last() == PROVIDER_IMAGE || image.name.ends_with("siderolabs/omni");
        if ours && !image.digest && matches!(image.tag, "" | "latest" | "main" | "edge") {
            let said = if image.tag.is_empty() {
                "has no tag".to_owned()
            } else {
                format!("is tagged {}", quote(image.tag))
            };
            sink.push(
                Diagnostic::of(
                    &RULE,
                    format!(
                        "the image of {} {said}: each pull may bring another release",
                        quote(service.name)
                    ),
                )
                .at(source, image.at, "")
                .help("name a release, as in `:v0.2.0`"),
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
    fn digests_variables_and_foreign_images_are_left_alone() {
        let with = |image: &str| {
            let compose = format!("services: {{p: {{image: '{image}', command: [--id=matrix]}}}}\n");
            testing::deployment(&[("proxmox-provider/compose.yml", &compose)]).codes()
        };
        let name = "ghcr.io/siderolabs/omni-infra-provider-proxmox";
        assert_eq!(with(name), ["OS0222"]);
        assert_eq!(with(&format!("{name}:${{TAG}}")), [""; 0]);
        assert_eq!(with(&format!("{name}:latest@sha256:{}", "0".repeat(64))), [""; 0]);
        assert_eq!(with("tailscale/tailscale:latest"), [""; 0]);
    }
}
