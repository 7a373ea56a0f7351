//! The table itself: every field has a row, every row a test that exists, and the page is the one that is printed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::diag::{Sink, Sources};
use crate::template::{Dialect, FileMap};
use crate::yaml::{Limits, parse};

/// A key that no mapping knows, and that no key resembles.
const ODD: &str = "zzzzzzzzzzzz";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn all() -> impl Iterator<Item = (Subject, &'static Row)> {
    Subject::ALL.into_iter().flat_map(|s| s.rows().iter().map(move |r| (s, r)))
}

/// Fields without a row of their own, where rows of what they are part of count.
fn without_row(subject: Subject, fields: &[String]) -> Vec<String> {
    let own = |field: &str| {
        let parts: Vec<&str> = field.split('.').map(|p| p.trim_end_matches("[]")).collect();
        subject.rows().iter().any(|r| !r.path.is_empty() && r.leads_to(&parts))
    };
    fields.iter().filter(|f| !own(f)).cloned().collect()
}

/// What a mapping knows, by what it says to a key that it does not.
fn known(messages: &[(String, Option<String>)], of: &str) -> Option<Vec<String>> {
    let (_, help) = messages.iter().find(|(m, _)| *m == format!("{of} has no field `{ODD}`"))?;
    let help = help.as_deref()?;
    let list = help.strip_prefix("it has ").or_else(|| help.strip_prefix("fields here: "))?;
    let words = list.split([',', ' ']).map(|w| w.trim_matches('`'));
    Some(words.filter(|w| !w.is_empty() && *w != "and").map(str::to_owned).collect())
}

fn messages(sink: &Sink) -> Vec<(String, Option<String>)> {
    sink.all().iter().map(|d| (d.message.clone(), d.help.clone())).collect()
}

/// Every way in which a key of the spec can hold a mapping: how it is written, what the decoder then calls it, and what that
/// adds to its path.
const FORMS: [(&str, &str, &str); 4] =
    [("{Q}", "`P`", ""), ("[{Q}]", "`P[]`", "[]"), ("[{Q}]", "`P`", "[]"), ("{x: {Q}}", "`P.x`", ".x")];

/// The mapping at `path` of the spec with an odd key in it, inside everything that it needs around it.
fn spec(path: &[String], form: &str) -> String {
    let mut text = form.replace('Q', &format!("{ODD}: 1"));
    for (depth, part) in path.iter().enumerate().rev() {
        let around = match path.get(..depth).unwrap_or_default() {
            [first, _] if first == "proxmox" && part != "endpoints" => "endpoints: ['https://a:8006'], ",
            [first, _] if first == "providers" && part != "proxmox" => "proxmox: m, ",
            _ => "",
        };
        text = match part.strip_suffix("[]") {
            Some(part) => format!("{{{around}{part}: [{text}]}}"),
            None => format!("{{{around}{part}: {text}}}"),
        };
    }
    match path.first().map(String::as_str) {
        Some("omni") => text.replacen("{omni: {", "{omni: {endpoint: 'https://a', ", 1),
        Some("proxmox") => text.replacen('{', "{omni: {endpoint: 'https://a'}, ", 1),
        _ => text.replacen(
            '{',
            "{omni: {endpoint: 'https://a'}, proxmox: {m: {endpoints: ['https://a:8006']}}, ",
            1,
        ),
    }
}

/// All fields of the spec, found by asking its decoder.
fn fields_of_the_spec() -> Vec<String> {
    let ask = |path: &[String], form: &str| {
        let (mut sources, mut sink) = (Sources::default(), Sink::default());
        crate::spec::read_spec(&mut sources, "spec/omni.yaml", spec(path, form).as_bytes(), &mut sink);
        messages(&sink)
    };
    let mut found = Vec::new();
    let mut open: Vec<Vec<String>> = crate::spec::section_names().map(|s| vec![s.to_owned()]).collect();
    while let Some(path) = open.pop() {
        assert!(path.len() < 8 && found.len() < 500, "{path:?}");
        let name = path.join(".");
        let mut inside = false;
        for (form, called, adds) in FORMS {
            let Some(keys) = known(&ask(&path, form), &called.replace('P', &name)) else { continue };
            let mut at = path.clone();
            match adds.strip_prefix('.') {
                Some(part) => at.push(part.to_owned()),
                None => at.last_mut().unwrap().push_str(adds),
            }
            open.extend(keys.into_iter().map(|key| at.iter().cloned().chain([key]).collect()));
            inside = true;
            break;
        }
        if !inside {
            found.push(name);
        }
    }
    found.sort();
    found
}

/// Fields of one kind of template document, found by asking the decoder; `inside` are the mappings in it.
fn fields_of_template(kind: &str, inside: &[(&str, &str, &str)]) -> Vec<String> {
    let ask = |body: &str| {
        let text = format!("kind: {kind}\n{body}\n");
        let (mut sources, mut sink) = (Sources::default(), Sink::default());
        let source = sources.add("clusters/t.yaml", text.as_str());
        let documents = parse(source, &text, &Limits::default()).unwrap();
        let _ = crate::template::load(
            Dialect::Newest,
            source,
            &documents,
            &FileMap::default(),
            &mut sources,
            &mut sink,
        );
        messages(&sink)
    };
    let mut found = Vec::new();
    let whole = known(&ask(&format!("{ODD}: 1")), &format!("a {kind}")).expect(kind);
    for key in whole.iter().filter(|k| *k != "kind") {
        let nested: Vec<_> =
            inside.iter().filter(|(at, _, _)| at.split('.').next() == Some(key.as_str())).collect();
        if nested.is_empty() {
            found.push(key.clone());
        }
        for (at, body, called) in nested {
            let keys = known(&ask(&body.replace('Q', &format!("{ODD}: 1"))), called)
                .unwrap_or_else(|| panic!("{called} in {kind}"));
            found.extend(keys.into_iter().map(|k| format!("{at}.{k}")));
        }
    }
    found
}

const NONE: Vec<String> = Vec::new();

#[test]
fn every_field_of_the_spec_has_a_row() {
    let fields = fields_of_the_spec();
    for sample in
        ["omni.tls.sha256", "proxmox.x.endpoints", "policy.exceptions[].expires", "state.store", "phases"]
    {
        assert!(fields.iter().any(|f| f == sample), "{sample} in {fields:?}");
    }
    assert_eq!(without_row(Subject::Spec, &fields), NONE);
}

#[test]
fn every_field_of_a_template_has_a_row() {
    let cluster = fields_of_template(
        "Cluster",
        &[
            ("kubernetes", "kubernetes: {Q}", "`kubernetes`"),
            ("talos", "talos: {Q}", "`talos`"),
            ("features", "features: {Q}", "`features`"),
            ("features.backupConfiguration", "features: {backupConfiguration: {Q}}", "`backupConfiguration`"),
        ],
    );
    assert!(cluster.iter().any(|f| f == "features.backupConfiguration.interval"), "{cluster:?}");
    assert_eq!(without_row(Subject::Cluster, &cluster), NONE);

    for kind in ["ControlPlane", "Workers"] {
        let set = fields_of_template(
            kind,
            &[
                ("machineClass", "machineClass: {Q}", "`machineClass`"),
                ("bootstrapSpec", "bootstrapSpec: {Q}", "`bootstrapSpec`"),
                ("updateStrategy", "updateStrategy: {Q}", "`updateStrategy`"),
                ("updateStrategy.rolling", "updateStrategy: {rolling: {Q}}", "`rolling`"),
                ("deleteStrategy", "deleteStrategy: {Q}", "`deleteStrategy`"),
                ("upgradeStrategy", "upgradeStrategy: {Q}", "`upgradeStrategy`"),
            ],
        );
        assert!(set.iter().any(|f| f == "updateStrategy.rolling.maxParallelism"), "{set:?}");
        assert_eq!(without_row(Subject::MachineSet, &set), NONE);
    }

    let machine = fields_of_template("Machine", &[("install", "install: {Q}", "`install`")]);
    assert_eq!(without_row(Subject::Machine, &machine), NONE);
    let disks: Vec<String> = machine.into_iter().filter(|f| f.starts_with("install.")).collect();
    assert_eq!(disks.len(), 2);
    assert_eq!(without_row(Subject::InstallDisk, &disks), NONE);

    for (subject, at, body, called) in [
        (Subject::Patch, "patches", "patches: [{Q}]", "a patch"),
        (Subject::Manifest, "kubernetes.manifests", "kubernetes: {manifests: [{Q}]}", "a manifest"),
        (
            Subject::HealthCheck,
            "kubernetes.healthchecks",
            "kubernetes: {healthchecks: [{Q}]}",
            "a health check",
        ),
    ] {
        let all = fields_of_template("Cluster", &[(at, body, called)]);
        let prefix = format!("{at}.");
        let own: Vec<String> =
            all.iter().filter_map(|f| f.strip_prefix(&prefix)).map(str::to_owned).collect();
        assert!(own.len() >= 6, "{called}: {all:?}");
        assert_eq!(without_row(subject, &own), NONE, "{called}");
    }
}

#[test]
fn every_field_of_a_class_has_a_row() {
    let ask = |text: &str| {
        let (mut sources, mut sink) = (Sources::default(), Sink::default());
        let spec = crate::spec::read_spec(
            &mut sources,
            "spec/omni.yaml",
            b"omni: {endpoint: 'https://a'}\nmachine_classes: [c.yaml]\n",
            &mut sink,
        )
        .unwrap();
        let mut files = crate::spec::FileSet::default();
        files.entries.insert("c.yaml".into(), crate::spec::Entry::File(text.as_bytes().to_vec()));
        crate::spec::load(spec, &files, &mut sources, &mut sink);
        messages(&sink)
    };
    let head = "namespace: default, type: MachineClasses.omni.sidero.dev, id: c";
    // What omnictl prints and nobody sets.
    let printed = ["version", "owner", "phase", "created", "updated", "finalizers"];
    let metadata =
        known(&ask(&format!("metadata: {{{head}, {ODD}: 1}}\nspec: {{}}\n")), "`metadata`").unwrap();
    let metadata: Vec<String> = metadata
        .into_iter()
        .filter(|k| !printed.contains(&k.as_str()))
        .map(|k| if k == "labels" || k == "annotations" { k } else { format!("metadata.{k}") })
        .collect();
    assert_eq!(metadata.len(), 5);
    assert_eq!(without_row(Subject::Class, &metadata), NONE);
    let spec = known(&ask(&format!("metadata: {{{head}}}\nspec: {{{ODD}: 1}}\n")), "`spec`").unwrap();
    assert_eq!(spec, ["matchlabels", "autoprovision"]);
    let provision = known(
        &ask(&format!("metadata: {{{head}}}\nspec: {{autoprovision: {{{ODD}: 1}}}}\n")),
        "`spec.autoprovision`",
    );
    let provision: Vec<String> = provision
        .unwrap()
        .into_iter()
        .map(|k| if k == "providerdata" { k } else { format!("autoprovision.{k}") })
        .collect();
    assert_eq!(provision.len(), 5);
    assert_eq!(without_row(Subject::Class, &[spec, provision].concat()), NONE);
}

#[test]
fn every_field_of_provider_data_has_a_row_and_every_row_a_field() {
    let known: BTreeSet<&str> = crate::spec::PROVIDER_FIELDS.iter().map(|(name, _)| *name).collect();
    let rows: BTreeSet<&str> =
        Subject::ProviderData.rows().iter().filter_map(|r| r.path.first().copied()).collect();
    assert_eq!(known, rows);
}

#[test]
fn every_field_of_the_talos_configuration_has_a_row() {
    for table in ["table-1.9.txt", "table-1.10.txt"] {
        let text = std::fs::read_to_string(root().join("src/template/talos").join(table)).unwrap();
        let shapes: Vec<&str> = text.lines().filter(|l| l.starts_with("shape")).collect();
        let fields = |n: usize| -> Vec<(&str, &str)> {
            shapes[n].split(' ').filter_map(|f| f.split_once('=')).collect()
        };
        let kind = |name: &str| text.lines().find_map(|l| l.strip_prefix(name)?.trim().parse::<usize>().ok());
        let mut all = Vec::new();
        for (name, form) in fields(kind("kind - ").unwrap()) {
            match form.strip_prefix('@') {
                Some(n) => all.extend(fields(n.parse().unwrap()).iter().map(|(f, _)| format!("{name}.{f}"))),
                None => all.push(name.to_owned()),
            }
        }
        assert!(all.len() > 40, "{table}: {all:?}");
        assert_eq!(without_row(Subject::Talos, &all), NONE, "{table}");
    }
}

#[test]
fn every_subject_has_a_row_for_all_other_fields() {
    for subject in Subject::ALL {
        let other = subject.other();
        assert!(other.path.is_empty() && other.when == When::Changes, "{subject:?}");
        assert_eq!(row(subject, &[ODD], When::Changes), other);
        assert_eq!(row(subject, &[], When::Changes), other);
    }
}

#[test]
fn every_row_is_found_by_its_field_and_says_why() {
    for (subject, expected) in all() {
        let path: Vec<String> = expected.path.iter().map(|p| p.replace('*', "some")).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        assert_eq!(row(subject, &path, expected.when), expected, "{subject:?} {path:?}");
        assert!(expected.rule.ends_with('.') && !expected.rule.contains('|'), "{}", expected.rule);
        let pinned = !matches!(expected.source, Source::Missing(_));
        let claims = !matches!(expected.effect, crate::kinds::Effect::Unknown);
        assert!(pinned || !claims, "{subject:?} {path:?} claims what nothing pins");
    }
}

/// All Rust sources below a folder, as one text.
fn sources(folder: &str) -> String {
    let (mut out, mut open) = (String::new(), vec![root().join(folder)]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    out
}

#[test]
fn every_named_test_and_exchange_exists() {
    let code = sources("src") + &sources("tests");
    for (_, row) in all() {
        match row.proof {
            Proof::Golden(name) => assert!(root().join("tests/golden").join(name).is_dir(), "{name}"),
            Proof::Test(name) => assert!(
                code.contains(&format!("#[test]\nfn {name}()"))
                    || code.contains(&format!("#[test]\n    fn {name}()")),
                "{name}"
            ),
        }
        if let Source::Exchange(name) = row.source {
            let file = root().join(format!("tests/fixtures/omni/captures/{name}.json"));
            assert!(file.is_file(), "{name}");
        }
    }
}

#[test]
fn scenarios_show_what_their_rows_say() {
    let subject_of = |kind: &str| {
        Some(match kind.split('.').next()? {
            "MachineClasses" => Subject::Class,
            "Clusters" => Subject::Cluster,
            "MachineSets" => Subject::MachineSet,
            "ExtensionsConfigurations" => Subject::Extensions,
            "MachineInstallDiskConfigs" => Subject::InstallDisk,
            "ConfigPatches" => Subject::Talos,
            _ => return None,
        })
    };
    let mut seen = 0;
    for (subject, expected) in all() {
        let Proof::Golden(name) = expected.proof else { continue };
        let text = std::fs::read_to_string(root().join("tests/golden").join(name).join("plan.json")).unwrap();
        let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        for step in plan["steps"].as_array().unwrap() {
            if subject_of(step["kind"].as_str().unwrap_or_default()) != Some(subject)
                || step["action"] == "create"
            {
                continue;
            }
            for field in step["fields"].as_array().unwrap() {
                let path: Vec<&str> =
                    field["path"].as_array().unwrap().iter().filter_map(|p| p.as_str()).collect();
                let path = path.strip_prefix(&["data"]).unwrap_or(&path);
                if expected.path.is_empty() || !expected.leads_to(path) || expected.when == When::Removed {
                    continue;
                }
                let grows = field["before"].as_i64() < field["after"].as_i64();
                if matches!((expected.when, grows), (When::Grows, false) | (When::Shrinks, true)) {
                    continue;
                }
                assert_eq!(field["effect"], expected.effect.word(), "{name}: {path:?}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "only {seen} fields were looked at");
}

#[test]
fn the_page_is_as_printed() {
    let path: PathBuf = root().join("docs/reference/effects.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page()).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/reference/effects.md is not what the table says; UPDATE_GOLDEN=1 writes it"
    );
}
