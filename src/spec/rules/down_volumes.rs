//! `docker compose down -v` removes what must stay.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, Span};

use super::texts::Text;

pub(super) static RULE: Rule = Rule {
    code: "OS0227",
    name: "compose-down-volumes",
    severity: Severity::Warning,
    basis: Basis::Reported,
    source: "Docker Compose: `-v` removes the volumes of the services, the state of Tailscale among them.",
    stage: Stage::Validate,
    title: "a script that removes volumes",
    means: "The name in the tailnet is lost with its state: the service comes back as `…-1`, and everything that knows the old name loses it.",
    bad: "==> omni/restart.sh <==\n#!/bin/sh\ndocker compose down -v && docker compose up -d",
    good: "==> omni/restart.sh <==\n#!/bin/sh\ndocker compose down && docker compose up -d",
    act: "Leave `-v` out.",
};

pub(super) fn check(file: &Text<'_>, sink: &mut Sink) {
    for (start, line) in file.lines() {
        let mut at = 0;
        // Each command of a line by itself.
        for command in line.split_inclusive(['&', '|', ';']) {
            if let Some(span) = flag(command) {
                sink.push(
                    Diagnostic::of(
                        &RULE,
                        "`docker compose down -v` removes the volumes, and with them the state of Tailscale",
                    )
                    .at(file.source, Span::new(start + at + span.start, start + at + span.end), "")
                    .note("its name in the tailnet is lost: the service comes back under another one")
                    .help("leave `-v` out"),
                );
            }
            at += command.len();
        }
    }
}

/// Where the flag stands in a command that takes services down.
fn flag(command: &str) -> Option<Span> {
    let mut words = Vec::new();
    let mut at = 0;
    for word in command.split([' ', '\t', '\r']) {
        words.push((at, word));
        at += word.len() + 1;
    }
    let compose = words.iter().position(|(_, w)| w.ends_with("docker-compose") || *w == "compose")?;
    let down = words.iter().skip(compose).position(|(_, w)| *w == "down")? + compose;
    words.iter().skip(down).find_map(|(at, w)| {
        let word = w.trim_end_matches(['"', '\'', '`', ')', '&', '|', ';']);
        let short =
            word.strip_prefix('-').is_some_and(|w| !w.starts_with('-') && w.contains('v') && w.len() < 4);
        (short || word == "--volumes").then(|| Span::new(*at, at + word.len()))
    })
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
    fn commands_are_told_apart() {
        for bad in [
            "docker compose down -v",
            "docker-compose -f a.yml down --volumes",
            "cd x; docker compose down --remove-orphans -v",
            "\tdocker compose down -v",
        ] {
            assert_eq!(
                testing::deployment(&[("omni/Makefile", &format!("x:\n{bad}\n"))]).codes(),
                ["OS0227"],
                "{bad}"
            );
        }
        for sound in [
            "docker compose down",
            "docker compose up -v",
            "# docker compose down -v",
            "docker compose down && ls -v",
            "rm down -v",
        ] {
            assert_eq!(
                testing::deployment(&[("omni/x.sh", &format!("{sound}\n"))]).codes(),
                [""; 0],
                "{sound}"
            );
        }
    }
}
