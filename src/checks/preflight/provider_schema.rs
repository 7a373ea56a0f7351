//! Keys of classes that only newer providers read.

use crate::address::Address;
use crate::checks::preflight::survey::{Survey, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::spec::{PROVIDER_FIELDS, provider_since};
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    code: "OS0529",
    name: "provider-schema",
    severity: Severity::Warning,
    basis: Basis::Observed,
    source: "provider: keys that it does not know are ignored without a word",
    stage: Stage::Plan,
    title: "the provider that runs does not read a key",
    means: "A key of newer providers stands in a class whose provider does not declare it. It is ignored without a word: tags, pools, firmware and placement are then not what the class says.",
    bad: "placement_strategy: spread, with a provider from before 0.2",
    good: "the key left out, or a newer provider",
    act: "Leave the key out, or use a provider release that declares it.",
};

fn word((major, minor): (u64, u64)) -> String {
    format!("{major}.{minor}")
}

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for landing in &survey.landings {
        let Some(published) = survey.scene.providers.get(landing.class.provider.as_str()) else { continue };
        // A schema without properties declares nothing, and says nothing of what is read.
        let Some(data) = landing.class.data.as_ref().filter(|_| !published.properties.is_empty()) else {
            continue;
        };
        let mut unread: Vec<(&str, (u64, u64))> = PROVIDER_FIELDS
            .iter()
            .map(|(key, _)| (*key, provider_since(key)))
            .filter(|(_, since)| *since > (0, 0))
            .filter(|(key, _)| data.get(key).is_some() && !published.properties.contains_key(*key))
            .collect();
        let devices = data.get("pci_devices").and_then(Value::as_list).into_iter().flatten();
        let declared = published.properties.get("pci_devices").is_some_and(|p| p.contains("mdev"));
        if !declared && devices.into_iter().any(|d| d.get("mdev").is_some()) {
            unread.push(("pci_devices[].mdev", provider_since("mdev")));
        }
        // Where the files name a release that does not read the key, the files' own rule has said it, with the place.
        let provider = survey.scene.desired.providers.iter().find(|p| p.id == landing.class.provider);
        let release = provider.and_then(|p| p.release).filter(|_| landing.class.declared);
        for (key, since) in unread.into_iter().filter(|(_, since)| release.is_none_or(|r| r >= *since)) {
            let since = word(since);
            let cause = format!(
                "the provider that runs does not declare `{key}` and ignores it; it came with {since}"
            );
            let version = match published.version.as_str() {
                "" => "none".to_owned(),
                version => name(version),
            };
            let finding = Finding::new(&RULE, Address::class(&landing.class.id), cause)
                .fact("version of the provider", version);
            out.push(match release.map(word) {
                Some(release) => finding.fact("release that the files name", release.as_str()).act(format!(
                    "the files name {release}, which reads it, and something older runs: bring the provider to what they say"
                )),
                None => finding.act(format!("leave `{key}` out, or use a provider of {since} or newer")),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn only_keys_that_a_later_release_brought_and_the_schema_lacks() {
        let mut world = World::new();
        world.class("worker", "{cores: 1, sockets: 1, memory: 2048, pool: a, colour: red}");
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.provider("", r#"{"properties": {"cores": {}}}"#);
        assert_eq!(world.found(&super::RULE), ["class/worker"]);
        world.provider("", r#"{"properties": {"cores": {}, "pool": {}}}"#);
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.class("worker", "{cores: 1, sockets: 1, memory: 2048, pci_devices: [{mapping: a, mdev: b}]}");
        assert_eq!(world.found(&super::RULE), ["class/worker"]);
        world.provider("", r#"{"properties": {"pci_devices": {"items": {"properties": {"mdev": {}}}}}}"#);
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }

    #[test]
    fn what_the_files_tell_by_themselves_is_not_told_again() {
        let mut world = World::new();
        world.class("worker", "{cores: 1, sockets: 1, memory: 2048, pool: a, vga: std}");
        world.provider("", r#"{"properties": {"cores": {}}}"#);
        assert_eq!(world.found(&super::RULE).len(), 2);
        // The release that the files name reads neither: they say so.
        world.desired.providers[0].release = Some((0, 0));
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        // It reads one of them, and only the provider that runs tells that it does not.
        world.desired.providers[0].release = Some((0, 1));
        let found = world.findings(&super::RULE);
        assert!(found.len() == 1 && found[0].cause.contains("`pool`"), "{found:?}");
        assert!(found[0].act[0].contains("the files name 0.1, which reads it"), "{found:?}");
        world.desired.providers[0].release = Some((1, 0));
        assert_eq!(world.found(&super::RULE).len(), 2);
    }
}
