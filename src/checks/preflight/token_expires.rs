//! A token that will soon be refused.

use crate::checks::preflight::survey::{Survey, name};
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};

pub(super) static RULE: Rule = Rule {
    code: "OS0504",
    name: "token-expires",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "Proxmox VE 9: `expire` of a token, in seconds since 1970, 0 for never",
    stage: Stage::Plan,
    title: "the token expires soon",
    means: "The token stops working at the moment that is named. Nothing tells of it beforehand, and afterwards every call is 401.",
    bad: "expire: in nine days",
    good: "expire: 0",
    act: "`pveum user token modify USER NAME --expire 0`, or renew it in time; if the provider has the same token, it stops too.",
};

/// Seconds before the end at which it is told.
const AHEAD: u64 = 30 * 24 * 3600;

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    let now = survey.scene.now;
    for (proxmox, seen) in survey.seen() {
        let Some(Some(end)) = seen.evidence.token_expires.known() else { continue };
        if *end == 0 || now == 0 || *end > now.saturating_add(AHEAD) {
            continue;
        }
        let when = moment(*end);
        let token =
            seen.principal.as_deref().map_or_else(|| "the token".to_owned(), |t| format!("`{}`", name(t)));
        let cause = if *end <= now {
            format!("{token} has expired ({when})")
        } else {
            format!("{token} expires on {when}; every call is refused from then on, without a warning")
        };
        out.push(
            Finding::new(&RULE, Scene::cluster_address(proxmox), cause)
                .fact("expire", when)
                .act("take the expiry away, or renew the token in time: `pveum user token modify USER NAME --expire 0`")
                .act("if the provider has the same token, it stops making and removing machines at the same moment"),
        );
    }
}

/// The moment in words; the bare number where the calendar has no such moment.
fn moment(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|s| jiff::Timestamp::from_second(s).ok())
        .map_or_else(|| seconds.to_string(), |t| t.to_string())
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use crate::live::Observation;

    #[test]
    fn the_last_thirty_days_are_told_of() {
        let mut world = World::new();
        for (end, tells) in [(None, false), (Some(0), false), (Some(9), true), (Some(40), false)] {
            let end = end.map(|days: u64| if days == 0 { 0 } else { world.now + days * 24 * 3600 });
            world.seen().evidence.token_expires = Observation::Known(end);
            assert_eq!(world.found(&super::RULE).len(), usize::from(tells), "{end:?}");
        }
        world.seen().evidence.token_expires = Observation::default();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
}
