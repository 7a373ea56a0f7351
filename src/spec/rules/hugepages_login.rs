//! `hugepages`: Proxmox lets only a password login of `root@pam` set it.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{self, Diagnostic, Sink};

use super::hugepages::size;
use super::provider::Login;
use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0150",
    name: "hugepages-need-root",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "Proxmox VE: `only root can set 'hugepages' config`, answered to every API token, those of root included.",
    stage: Stage::Validate,
    title: "huge pages that the provider has no right to ask for",
    means: "The provider asks for huge pages, and Proxmox refuses the machine unless the provider logs in as `root@pam` with a password. With a token it is certain that no machine is made.",
    bad: "numa: true\nballoon: false\nhugepages: 1GB",
    good: "numa: true\nballoon: false",
    act: "Leave `hugepages` out. A provider that logs in with a password of root loses its login after two hours.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    let Some(node) = recipe.get("hugepages").filter(|n| n.text().is_some_and(|t| size(t).is_some())) else {
        return;
    };
    let mut found = match recipe.provider.login {
        Login::Root => return,
        Login::Token => {
            let d = Diagnostic::of(
                &RULE,
                "Proxmox refuses `hugepages` to the token that the provider logs in with",
            );
            Diagnostic { severity: diag::Severity::Error, ..d }
        }
        Login::Password => {
            let d = Diagnostic::of(&RULE, "Proxmox refuses `hugepages` to everybody but `root@pam`");
            Diagnostic { severity: diag::Severity::Error, ..d }
        }
        Login::Unknown => Diagnostic::of(
            &RULE,
            "`hugepages` works only if the provider logs in as `root@pam` with a password",
        ),
    };
    found = found
        .at(recipe.source, node.span, "")
        .note("Proxmox refuses it to every API token, those of root included")
        .help("leave it out");
    sink.push(found);
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
    fn the_login_of_the_provider_decides() {
        let data = "numa: true\nballoon: false\nhugepages: any\n";
        let with = |login: &str| {
            let config = format!("proxmox:\n  url: https://192.168.3.5:8006/api2/json\n{login}");
            testing::told(&testing::class("matrix", data), &[("proxmox-provider/config.yaml", &config)])
                .into_iter()
                .filter(|(code, _)| code == "OS0150")
                .map(|(_, severity)| severity)
                .collect::<Vec<_>>()
        };
        assert_eq!(with("  tokenID: ${A}\n  tokenSecret: ${B}\n"), [diag::Severity::Error]);
        assert_eq!(with("  username: root\n  realm: pam\n  password: ${B}\n"), []);
        assert_eq!(with("  username: omni@pve\n  password: ${B}\n"), [diag::Severity::Error]);
        assert_eq!(with("  username: ${A}\n  password: ${B}\n"), [diag::Severity::Warning]);
    }
}
