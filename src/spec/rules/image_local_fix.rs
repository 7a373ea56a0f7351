//! A build of the provider with a step taken out, which no release needs any more.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, SourceId};
use crate::yaml::Node;

use super::compose::{PROVIDER_IMAGE, services};

pub(super) static RULE: Rule = Rule {
    code: "OS0223",
    name: "image-local-fix",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "The provider, 2026-02-02: the step `configureHostname` is gone, and the name travels in the machine's own metadata. All releases have that.",
    stage: Stage::Validate,
    title: "a patched build of the provider",
    means: "Sources of the winter of 2025 needed the patch. The build lacks all that came after: one offline node stops all machines that are not pinned, all machines of a set land on one node, and errors are not told to Omni.",
    bad: "==> proxmox-provider/compose.yml <==\nservices:\n  provider:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:local-fix\n    command: [--config-file=/config.yaml, --id=matrix]",
    good: "==> proxmox-provider/compose.yml <==\nservices:\n  provider:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:v0.2.0\n    command: [--config-file=/config.yaml, --id=matrix]",
    act: "Run a release from 0.1 on. Machines that exist are not touched by that.",
};

pub(super) fn check(source: SourceId, root: &Node, sink: &mut Sink) {
    for service in services(root) {
        let Some(image) = service.image() else { continue };
        if image.last() == PROVIDER_IMAGE && image.tag == "local-fix" {
            sink.push(
                Diagnostic::of(&RULE, "the provider is a patched build that no release needs any more")
                    .at(source, image.at, "from sources older than every release")
                    .note("the conflict of host names was mended on 2026-02-02; releases also pass over offline nodes, and tell errors to Omni")
                    .help("run a release: `:v0.2.0`"),
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
}
