//! Keys that only newer releases of the provider read.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::spec::fields::quote;
use crate::spec::provider_data::since;

use super::provider::Release;
use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0206",
    name: "key-of-newer-provider",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "The provider's changes: 0.1 reads `tags`, `pool`, `network_firewall` and `mdev`, 0.2 `placement_strategy`, `bios`, `vga` and `ha`, 0.3 `usb_devices`; older ones pass over them.",
    stage: Stage::Validate,
    title: "a key that this release of the provider does not read",
    means: "The image of the provider is of a release that does not know the key: it is ignored without a word.",
    bad: "==> proxmox-provider/compose.yml <==\nservices:\n  provider:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:v0.2.0\n    command: [--config-file=/config.yaml, --id=matrix]\n==> provider data <==\nusb_devices:\n  - mapping: dongle",
    good: "==> proxmox-provider/compose.yml <==\nservices:\n  provider:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:v0.3.0\n    command: [--config-file=/config.yaml, --id=matrix]\n==> provider data <==\nusb_devices:\n  - mapping: dongle",
    act: "Run the release that the message names, or remove the key.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    let release = recipe.provider.release;
    if release == Release::Unknown {
        return;
    }
    for field in &recipe.fields() {
        let name = field.key.text().unwrap_or_default();
        let (major, minor) = since(name);
        // What stands in `ha` is told with it.
        if release.before(major, minor) && (!field.path.contains('.') || name == "mdev") {
            sink.push(
                Diagnostic::of(&RULE, format!("this release of the provider ignores {}", quote(&field.path)))
                    .at(recipe.source, field.key.span, "has no effect")
                    .note(format!(
                        "releases from {major}.{minor} on read it; its image is tagged {}",
                        quote(&recipe.provider.tag)
                    ))
                    .help(format!("run release {major}.{minor} or newer, or remove it")),
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
    fn a_tag_that_tells_nothing_is_believed_to_be_new() {
        let with = |tag: &str, data: &str| {
            let compose = format!(
                "services:\n  p:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:{tag}\n    command: [--id=matrix]\n"
            );
            testing::told(&testing::class("matrix", data), &[("proxmox-provider/compose.yml", &compose)])
                .iter()
                .filter(|(code, _)| code == "OS0206")
                .count()
        };
        let data = "tags: [a]\nusb_devices:\n  - mapping: x\npci_devices:\n  - mapping: y\n    mdev: z\nballoon: false\nha:\n  comment: c\n";
        assert_eq!(
            [with("local-fix", data), with("v0.1.4", data), with("v0.3.0", data), with("latest", data)],
            [4, 2, 0, 0]
        );
    }
}
