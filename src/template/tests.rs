//! Rules of templates, one test for each group of them.

use super::{Dialect, FileMap, Loaded, load};
use crate::diag::{Severity, Sink, Sources};
use crate::yaml::{Limits, parse};

/// Loads a template that names no files.
pub(super) fn loaded(text: &str) -> (Loaded, Sources, Sink) {
    loaded_with(text, &[])
}

/// Loads a template in the folder `clusters`, with these files of it.
pub(super) fn loaded_with(text: &str, files: &[(&str, &str)]) -> (Loaded, Sources, Sink) {
    let mut sources = Sources::default();
    let mut sink = Sink::default();
    let source = sources.add("clusters/t.yaml", text);
    let documents = parse(source, text, &Limits::default()).unwrap();
    let files = FileMap {
        template_dir: "clusters".into(),
        allowed_dir: ".".into(),
        files: files.iter().map(|(p, t)| (format!("clusters/{p}"), Ok(t.as_bytes().to_vec()))).collect(),
    };
    let loaded = load(Dialect::default(), source, &documents, &files, &mut sources, &mut sink);
    (loaded, sources, sink)
}

/// Loads a template as the text number `id`.
pub(super) fn loaded_as(id: usize, text: &str) -> Loaded {
    let mut sources = Sources::default();
    for n in 0..id {
        sources.add(format!("clusters/{n}.yaml"), "");
    }
    let source = sources.add("clusters/t.yaml", text);
    let documents = parse(source, text, &Limits::default()).unwrap();
    load(Dialect::default(), source, &documents, &FileMap::default(), &mut sources, &mut Sink::default())
}

/// Errors of a template, as `code message`.
fn errors(text: &str) -> Vec<String> {
    errors_in(Dialect::V1_9, text)
}

/// The same in another dialect.
fn errors_in(dialect: Dialect, text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let mut sink = Sink::default();
    let source = sources.add("clusters/t.yaml", text);
    let documents = parse(source, text, &Limits::default()).unwrap();
    load(dialect, source, &documents, &FileMap::default(), &mut sources, &mut sink);
    sink.all()
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| format!("{} {}", d.code.0, d.message))
        .collect()
}

/// A valid template with `cluster` among the keys of the Cluster and `rest` as further documents.
fn template(cluster: &str, rest: &str) -> String {
    format!(
        "kind: Cluster\nname: c\nkubernetes: {{version: v1.34.3}}\ntalos: {{version: v1.11.6}}\n{cluster}\n---\n\
         kind: ControlPlane\nmachines: [{CP}]\n{rest}"
    )
}

const CP: &str = "a0000001-0000-4000-8000-000000000001";
const W1: &str = "a0000002-0000-4000-8000-000000000002";

#[test]
fn all_problems_of_all_documents_at_once() {
    let text = "kind: Cluster\nname: a.b\nkubernetes: {version: latest}\ntalos: {version: 1.11.6}\nlabels: {omni.sidero.dev/x: y}\n\
                ---\nkind: Worker\n---\nkind: ControlPlane\nname: x\nmachines: [abc]\nmachineClas: {}\n";
    let found = errors(text);
    assert_eq!(
        found,
        [
            "160 there is no kind `Worker` in cluster templates",
            "120 a ControlPlane has no field `machineClas`",
            "164 `a.b` cannot be a cluster's name",
            "165 `latest` is no Kubernetes version: invalid characters in the major number",
            "165 the Talos version `1.11.6` must begin with `v`",
            "167 the label `omni.sidero.dev/x` has the prefix `omni.sidero.dev/`, which is Omni's own",
            "168 the ControlPlane cannot have a name",
            "170 `abc` is no machine id",
        ]
    );
}

#[test]
fn places_point_at_the_fault() {
    let text = template("patches:\n  - name: p\n    inline: |\n      machine:\n        token: secret\n", "");
    let (_, sources, sink) = loaded(&text);
    let label = &sink.all()[0].labels[0];
    assert_eq!(sources.get(label.source).unwrap().line_col(label.span.start), (9, 9));
    let text = template("patches: [{file: p.yaml}]", "");
    let (_, sources, sink) = loaded_with(&text, &[("p.yaml", "# c\nmachine:\n  token: x\n")]);
    let label = &sink.all()[0].labels[0];
    let source = sources.get(label.source).unwrap();
    assert_eq!((source.path.as_str(), source.line_col(label.span.start)), ("clusters/p.yaml", (3, 3)));
}

#[test]
fn what_validate_of_the_real_client_misses() {
    let twice = format!("---\nkind: Workers\nmachines: [{W1}]\n---\nkind: Workers\nname: workers\n");
    assert_eq!(
        errors(&template("", &twice)),
        ["181 two resources have the id `MachineSets.omni.sidero.dev(default/c-workers)`"]
    );
    assert_eq!(
        errors(&template("kernelArgs: []", "---\nkind: Workers\nmachineClass: {name: x}\n")),
        ["180 the Cluster's `kernelArgs` cannot reach machines of a machine class"]
    );
    let plane = format!(
        "kind: Cluster\nname: c\nkubernetes: {{version: '1'}}\ntalos: {{version: v1}}\n---\nkind: ControlPlane\n\
         machines: [{CP}, {CP}]\n"
    );
    assert_eq!(
        errors(&plane),
        [format!("181 two resources have the id `MachineSetNodes.omni.sidero.dev(default/{CP})`")]
    );
}

#[test]
fn a_machine_has_one_place() {
    let found = errors(&template("", &format!("---\nkind: Workers\nmachines: [{CP}, {W1}, {W1}]\n")));
    assert_eq!(
        found,
        [
            format!("178 the machine `{W1}` stands 2 times in Workers"),
            format!("178 the machine `{CP}` stands in the ControlPlane and in Workers"),
        ]
    );
    let found = errors(&template("", &format!("---\nkind: Machine\nname: {W1}\nlocked: true\n")));
    assert_eq!(found, [format!("178 no machine set lists the machine `{W1}`")]);
    let found = errors(&template("", &format!("---\nkind: Machine\nname: {CP}\nlocked: yes\n")));
    assert_eq!(found, [format!("179 the machine `{CP}` is locked and in the control plane")]);
}

#[test]
fn stricter_rules_of_newer_versions_are_warnings() {
    let text = template(
        "patches:\n  - name: p\n    inline:\n      - cluster: {ca: {crt: aGk=}}\n      - apiVersion: v1alpha1\n        \
         kind: KmsgLogConfig\n        name: k\n        url: tcp://1.2.3.4:5\n      - machine: {token: x}\n",
        "",
    );
    let (_, _, sink) = loaded(&text);
    let all: Vec<_> = sink.all().iter().map(|d| (d.severity, d.code.0)).collect();
    // Two classic documents in one patch are a duplicate; the rest only warns.
    assert_eq!(
        all,
        [(Severity::Error, 173), (Severity::Warning, 175), (Severity::Warning, 175)],
        "{:?}",
        sink.all()
    );
}

#[test]
fn each_dialect_has_its_keys() {
    let features = |key: &str| template(&format!("features: {{{key}: true}}"), "");
    let selector =
        template("", &format!("---\nkind: Machine\nname: {CP}\ninstall: {{diskSelector: system_disk}}\n"));
    for (text, since) in [
        (features("useEmbeddedDiscoveryService"), Dialect::V1_9),
        (features("enableNodeAuditSkip"), Dialect::V1_10),
        (features("disablePublicDiscoveryService"), Dialect::V1_10),
        (selector, Dialect::Newest),
    ] {
        for dialect in Dialect::ALL {
            assert_eq!(errors_in(dialect, &text).is_empty(), dialect >= since, "{dialect}: {text}");
        }
    }
    let (_, _, sink) = loaded(&features("enableNodeAuditSkip"));
    let problem = &sink.all()[0];
    assert_eq!(problem.notes[1], "Omni 1.10 knows this field; this template is read for Omni 1.9");
    assert!(problem.help.as_ref().unwrap().contains("version: \"1.10\""), "{problem:?}");
}

#[test]
fn each_dialect_forbids_its_fields_and_documents() {
    let patch = |inline: &str| template(&format!("patches: [{{name: p, inline: {inline}}}]"), "");
    let doc = |kind: &str, rest: &str| format!("{{apiVersion: v1alpha1, kind: {kind}{rest}}}");
    let log = "{apiVersion: v1alpha1, kind: KmsgLogConfig, name: k, url: 'tcp://1.2.3.4:5'}";
    for (inline, refused_from) in [
        ("{machine: {token: x}}".to_owned(), Dialect::V1_9),
        ("{cluster: {ca: {crt: x}}}".to_owned(), Dialect::V1_10),
        ("{cluster: {serviceAccount: {key: x}}}".to_owned(), Dialect::V1_10),
        (format!("[{log}, {{machine: {{token: x}}}}]"), Dialect::V1_10),
        (format!("[{log}, {{machine: {{install: {{disk: x}}}}}}]"), Dialect::Newest),
        ("{machine: {install: {disk: x}}}".to_owned(), Dialect::Newest),
    ] {
        for dialect in Dialect::ALL {
            let forbidden = errors_in(dialect, &patch(&inline)).iter().any(|e| e.starts_with("174 "));
            assert_eq!(forbidden, dialect >= refused_from, "{dialect}: {inline}");
        }
    }
    // Documents that only newer libraries know: unknown before, forbidden after.
    for kind in
        ["KubeClusterConfig", "UnattendedInstallConfig", "KubeAPIServerCAConfig", "KubeAggregatorCAConfig"]
    {
        assert!(errors(&patch(&doc(kind, "")))[0].starts_with("184 "), "{kind}");
        let newer = errors_in(Dialect::V1_10, &patch(&doc(kind, "")));
        assert_eq!(
            newer,
            [format!("174 a patch may not have a document `{kind}`: Omni says what stands there")]
        );
    }
    let sysctl = patch(&doc("SysctlConfig", ", params: {a: b}"));
    assert!(errors(&sysctl)[0].starts_with("184 "));
    assert_eq!(errors_in(Dialect::V1_10, &sysctl), Vec::<String>::new());
    let account = patch(&doc("KubeServiceAccountConfig", ", issuer: {privateKey: x}"));
    let found = errors_in(Dialect::Newest, &account);
    assert!(found.iter().any(|e| e.contains("`issuer.privateKey`")), "{found:?}");
    let access = patch(&doc("KubeTalosAPIAccessConfig", ", allowedRoles: ['os:reader', 'os:admin']"));
    let found = errors_in(Dialect::Newest, &access);
    assert!(found.iter().any(|e| e == "174 `allowedRoles` must not have `os:admin`"), "{found:?}");
}

#[test]
fn dates_are_no_text_for_newer_clients() {
    for text in [
        template("labels: {since: 2024-01-02}", ""),
        template("labels: {2024-01-02: x}", ""),
        template("patches: [{name: p, inline: {cluster: {apiServer: {extraArgs: {a: 2024-01-02}}}}}]", ""),
        template("patches: [{name: p, inline: {machine: {env: {A: 2024-01-02}}}}]", ""),
    ] {
        assert_eq!(errors(&text), Vec::<String>::new(), "{text}");
        assert_eq!(errors_in(Dialect::V1_10, &text).len(), 1, "{text}");
    }
    assert_eq!(
        errors_in(Dialect::Newest, &template("labels: {since: '2024-01-02'}", "")),
        Vec::<String>::new()
    );
}

#[test]
fn the_install_disk_is_a_patch_or_a_resource() {
    let text = template("", &format!("---\nkind: Machine\nname: {CP}\ninstall: {{disk: /dev/sda}}\n"));
    let kinds = |dialect| {
        let mut sources = Sources::default();
        let source = sources.add("clusters/t.yaml", &text);
        let documents = parse(source, &text, &Limits::default()).unwrap();
        let loaded =
            load(dialect, source, &documents, &FileMap::default(), &mut sources, &mut Sink::default());
        loaded.resources.into_iter().skip(3).map(|r| r.address.to_string()).collect::<Vec<_>>()
    };
    let patch = vec![format!("cluster/c/patch/000-cm-{CP}-install-disk")];
    assert_eq!((kinds(Dialect::V1_9), kinds(Dialect::V1_10)), (patch.clone(), patch));
    assert_eq!(kinds(Dialect::Newest), [format!("cluster/c/installdisk/{CP}")]);
    let both = text.replace("/dev/sda}", "/dev/sda, diskSelector: system_disk}");
    assert_eq!(
        errors_in(Dialect::Newest, &both),
        ["187 a machine's install disk is named and selected at once"]
    );
}

#[test]
fn deletions_in_patches() {
    let patch = |inline: &str| errors(&template(&format!("patches: [{{name: p, inline: {inline}}}]"), ""));
    assert!(patch("{machine: {sysctls: {a: {$patch: delete}}}}").is_empty());
    assert!(patch("{machine: {network: {interfaces: [{interface: eth0, $patch: delete}]}}}").is_empty());
    assert!(patch("{apiVersion: v1alpha1, kind: LinkConfig, name: x, $patch: delete}").is_empty());
    for bad in [
        "{$patch: delete}",
        "{machine: {network: {interfaces: [{$patch: delete}]}}}",
        "{machine: {network: {interfaces: [{interface: eth0, dhcpOptions: {$patch: delete}}]}}}",
    ] {
        assert_eq!(patch(bad), ["173 this `$patch: delete` cannot be carried out"], "{bad}");
    }
    for empty in ["{}", "[]", "''", "\"# comment\\n\"", "'--- null'", "{version: v1alpha1}", "[null]"] {
        assert_eq!(patch(empty), ["173 the patch `p` is empty"], "{empty}");
    }
    assert_eq!(patch("'[a]'"), ["173 a document of a patch must be a mapping, not a list"]);
    assert_eq!(
        patch("{kind: LinkConfig, name: x, up: true}"),
        ["173 a document with `kind` needs `apiVersion`"]
    );
    assert_eq!(patch("{spaceship: {deployed: true}}"), ["173 this is not Talos machine configuration"]);
}

#[test]
fn ids_labels_and_bytes() {
    let text = template(
        "patches:\n  - {name: a, idOverride: own, inline: {machine: {env: {B: 1_000, a: off}}}}\n  - file: p.yaml\n",
        &format!("kernelArgs: [-quiet]\n---\nkind: Machine\nname: {CP}\npatches: [{{file: ./p.yaml}}]\n"),
    );
    let (loaded, _, sink) = loaded_with(&text, &[("p.yaml", "# kept\nmachine: {}\r\n")]);
    assert!(!sink.has_errors(), "{:?}", sink.all());
    let got: Vec<String> = loaded.resources.iter().map(|r| r.address.to_string()).collect();
    assert_eq!(
        got,
        [
            "cluster/c".to_owned(),
            "cluster/c/patch/own".to_owned(),
            "cluster/c/patch/201-cluster-c-p.yaml".to_owned(),
            "cluster/c/machineset/control-planes".to_owned(),
            format!("cluster/c/node/{CP}"),
            format!("cluster/c/patch/400-cm-{CP}-.%2Fp.yaml"),
            format!("cluster/c/kernelargs/{CP}"),
        ]
    );
    let data = |i: usize| loaded.resources[i].resource.spec.get("data").unwrap().as_str().unwrap();
    assert_eq!(data(1), "machine:\n    env:\n        B: 1000\n        a: \"off\"\n");
    assert_eq!(data(2), "# kept\nmachine: {}\r\n");
    assert_eq!(loaded.resources[1].resource.annotations["name"], "a");
    assert!(loaded.resources[6].resource.omni_label("cluster").is_none());
}

#[test]
fn labels_of_several_lines_are_blocks() {
    let text = template(
        "labels: {a: \"two\\nlines\\n\", b: \"\\n\", \"k\\ney\": v, c: \" x\\ny\", d: \"x \\ny\"}",
        "",
    );
    let (loaded, _, sink) = loaded(&text);
    assert!(!sink.has_errors(), "{:?}", sink.all());
    let printed = super::render::text(Dialect::V1_9, &loaded.resources[..1], "2026-01-01T00:00:00Z");
    let labels = "  labels:\n    a: |\n      two\n      lines\n    b: |+\n\n    c: |2-\n       x\n      y\n    d: \"x \\ny\"\n    ? |-\n      k\n      ey\n    : v\n";
    assert!(printed.contains(labels), "{printed}");
}

#[test]
fn each_rule_refuses_by_its_own_code() {
    let cluster = |keys: &str| template(keys, "");
    let workers = |keys: &str| template("", &format!("---\nkind: Workers\n{keys}\n"));
    let plane = |keys: &str| template("", keys);
    for (text, code) in [
        ("kind: ControlPlane\n".to_owned(), 176),
        (String::new(), 176),
        (template("", "---\nkind: ControlPlane\n"), 176),
        (template("", "---\n[a]\n"), 160),
        (template("", "---\nname: x\n"), 160),
        (template("", "---\nkind: {a: b}\n"), 160),
        (template("", "---\n"), 160),
        (cluster("features: {diskEncrypton: true}"), 120),
        (cluster("features: {diskEncryption: 'true'}"), 121),
        (cluster("systemExtensions: a"), 121),
        (cluster("labels: [a]"), 121),
        (cluster("patches: [{name: p, inline: 5}]"), 121),
        (cluster("patches: [{name: p, inline: [a]}]"), 121),
        (cluster("features: {backupConfiguration: {interval: 3600}}"), 123),
        (workers("machineClass: {name: a, size: 1.5}"), 123),
        (workers("updateStrategy: {type: rolling}"), 123),
        (workers("updateStrategy: {rolling: {maxParallelism: -1}}"), 121),
        (cluster("features: {diskEncryption: true}").replace("v1.11.6", "v1.5.0-beta.1"), 166),
        (cluster("annotations: {omni.sidero.dev/locked: ''}"), 167),
        (plane("updateStrategy: {}"), 168),
        (plane("bootstrapSpec: {clusterUUID: x}"), 168),
        (workers("name: control-planes"), 168),
        (workers("bootstrapSpec: {}"), 168),
        (workers(&format!("machines: [{W1}]\nmachineClass: {{name: a}}")), 169),
        (workers("machineClass: {name: a}\nkernelArgs: []"), 180),
        (workers("machines: [x]"), 170),
        (cluster("patches: [{name: p}]"), 171),
        (cluster("patches: [{inline: {machine: {}}}]"), 171),
        (cluster("patches: [{file: p.yaml}]"), 172),
        (cluster("patches: [{file: ../p.yaml}]"), 172),
        (cluster("patches: [{file: /etc/hostname}]"), 172),
        (cluster("patches: [{name: p, inline: {machine: {ca: ~}}}]"), 174),
        (
            cluster(
                "patches: [{name: p, inline: {machine: {features: {kubernetesTalosAPIAccess: {allowedRoles: ['os:admin']}}}}}]",
            ),
            174,
        ),
        (template("", "---\nkind: Workers\nname: a\n---\nkind: Workers\nname: a\n"), 201),
        (
            cluster(
                "patches: [{idOverride: a, inline: {debug: true}}, {idOverride: a, inline: {debug: true}}]",
            ),
            181,
        ),
    ] {
        let found = errors(&text);
        assert!(
            found.iter().all(|e| e.starts_with(&format!("{code} "))) && !found.is_empty(),
            "{text}: {found:?}"
        );
    }
}

/// Both contents are told, and what is wrong with the file, which is the one that omnictl looks at.
#[test]
fn all_problems_of_one_patch() {
    let text = template(
        "patches: [{file: p.yaml, name: p, inline: 'no: yaml: x'}, {inline: {machine: {ca: ~}}}]",
        "",
    );
    let codes: Vec<String> =
        errors(&text).iter().filter_map(|e| e.split(' ').next().map(str::to_owned)).collect();
    assert_eq!(codes, ["171", "172", "171", "174"]);
}

/// omnictl passes over null keys with their values, asks for `kind` before it resolves aliases and merge keys, and takes only
/// what has the tag of text as a text.
#[test]
fn keys_and_tags_as_omnictl_sees_them() {
    let (loaded, _, sink) = loaded(&template("~: [x]\nlabels: {~: [x], a: b}", ""));
    assert!(!sink.has_errors(), "{:?}", sink.all());
    assert_eq!(loaded.resources[0].resource.labels.len(), 1);
    for (text, wanted) in [
        ("name: &k Cluster\nkind: *k\n", "160 `kind` takes a word, not an alias"),
        ("<<:\n  kind: Cluster\n", "160 a document of a cluster template has no `kind`"),
        ("<<: {kind: Cluster}\n", "160 a document of a cluster template has no `kind`"),
    ] {
        assert_eq!(errors(text).first().map(String::as_str), Some(wanted));
    }
    for value in ["!!binary aGk=", "!own x", "<<", "2024-01-02"] {
        let found = errors(&template(&format!("patches: [{{name: p, inline: {value}}}]"), ""));
        assert!(found.iter().all(|e| e.starts_with("121 ")) && found.len() == 1, "{value}: {found:?}");
    }
}

/// Folded blocks are written and read once more before they are decoded.
#[test]
fn folded_blocks_come_with_one_line_end_more() {
    let (loaded, _, _) = loaded(&template("labels:\n  a: >\n    x\n      y\n    z\n", ""));
    assert_eq!(loaded.resources[0].resource.labels["a"], "x\n\n  y\nz\n");
}

#[test]
fn manifests_and_health_checks() {
    let kubernetes = |keys: &str| {
        errors(&template("", "").replace("{version: v1.34.3}", &format!("{{version: v1.34.3, {keys}}}")))
    };
    let inline = "inline: {kind: ConfigMap}";
    assert!(kubernetes(&format!("manifests: [{{name: a, mode: full, {inline}}}]")).is_empty());
    assert_eq!(kubernetes(&format!("manifests: [{{mode: full, {inline}}}]")), ["171 a manifest has no name"]);
    assert_eq!(
        kubernetes(&format!("manifests: [{{name: a, {inline}}}]")),
        ["171 the manifest `a` has no mode"]
    );
    assert_eq!(
        kubernetes("manifests: [{name: a, mode: Full, inline: x}]"),
        ["123 `mode` of a manifest cannot be `Full`"]
    );
    assert_eq!(
        kubernetes("manifests: [{name: a, mode: full, inline: x}, {name: a, mode: full, inline: x}]"),
        ["201 two manifests are named `a`"]
    );
    assert!(kubernetes("healthchecks: [{name: a, job: x, interval: 1m}]").is_empty());
    assert_eq!(kubernetes("healthchecks: [{job: x}]"), ["171 a health check has no name"]);
    assert_eq!(kubernetes("healthchecks: [{name: a}]"), ["171 a health check has no content"]);
    assert_eq!(
        kubernetes("healthchecks: [{name: a, job: x}, {idOverride: a, job: x}]"),
        ["201 two health checks are called `a`"]
    );
}

proptest::proptest! {
    /// Whatever is cut out of a template or doubled in it, problems have places inside their text, and nothing panics.
    #[test]
    fn damaged_templates_are_judged(line in 0usize..40, mode in 0u8..4, column in 0usize..30) {
        let text = template(
            "patches:\n  - name: p\n    inline: |\n      machine:\n        sysctls: {a: b}\n  - file: p.yaml\n\
             systemExtensions: [a, b]\nfeatures:\n  diskEncryption: true\n  backupConfiguration: {interval: 1h}\n",
            "kernelArgs: [a]\n---\nkind: Workers\nmachineClass:\n  name: w\n  size: 2\nupdateStrategy:\n  type: Rolling\n  \
             rolling: {maxParallelism: 2}\n",
        );
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let at = line % lines.len();
        match mode {
            0 => { lines.remove(at); }
            1 => { let l = lines[at].clone(); lines.insert(at, l); }
            2 => { let cut = column.min(lines[at].len()); lines[at].truncate(cut); }
            _ => lines[at] = format!("{}? [x: {{", lines[at]),
        }
        let text = lines.join("\n");
        let mut sources = Sources::default();
        let source = sources.add("t.yaml", &text);
        if let Ok(documents) = parse(source, &text, &Limits::default()) {
            let mut sink = Sink::default();
            load(Dialect::default(), source, &documents, &FileMap::default(), &mut sources, &mut sink);
            for d in sink.all() {
                proptest::prop_assert!(!d.labels.is_empty(), "{}", d.message);
                for l in &d.labels {
                    let of = &sources.get(l.source).unwrap().text;
                    proptest::prop_assert!(of.get(l.span.start..l.span.end).is_some(), "{}", d.message);
                }
            }
        }
    }
}
