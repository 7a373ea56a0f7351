use super::*;
use crate::diag::{Severity, Sources};
use crate::spec::{Prune, StateStore, Trust, read_spec};
use crate::value::Value;
use crate::wire::Fingerprint;

const SPEC: &str = "omni: { endpoint: https://omni.spaceships.work, lan_address: 192.168.10.20 }
proxmox:
  matrix: { endpoints: ['https://192.168.3.5:8006'], nodes: [foxtrot, golf, hotel], dns: [192.168.3.1] }
providers:
  Proxmox: { proxmox: matrix }
  bare: {}
machine_classes: [machine-classes]
clusters: { paths: [clusters], prune: template }
state: { store: local }
";

const DATA: &str =
    "cores: 4\nsockets: 1\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"vm_ssd\"\n";

fn class(provider: &str, data: &str) -> String {
    let indented: String = data.lines().map(|l| format!("      {l}\n")).collect();
    format!(
        "metadata:\n  namespace: default\n  type: MachineClasses.omni.sidero.dev\n  id: c\nspec:\n  autoprovision:\n    providerid: {provider}\n    providerdata: |\n{indented}"
    )
}

struct Run {
    workspace: Option<Workspace>,
    sources: Sources,
    sink: Sink,
}

/// Loads a spec with files, folders derived from their paths.
fn run(spec: &str, files: &[(&str, &str)]) -> Run {
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let mut set = FileSet::default();
    let workspace = read_spec(&mut sources, "spec/omni.yaml", spec.as_bytes(), &mut sink).map(|spec| {
        loop {
            let wanted = spec.wanted(&set);
            if wanted.is_empty() {
                break;
            }
            for path in wanted {
                let inside: Vec<String> = files
                    .iter()
                    .filter(|(p, _)| p.rsplit_once('/').is_some_and(|(folder, _)| folder == path))
                    .map(|(p, _)| (*p).to_owned())
                    .collect();
                let entry = match files.iter().find(|(p, _)| *p == path) {
                    Some((_, text)) => Entry::File(text.as_bytes().to_vec()),
                    None if !inside.is_empty() => Entry::Folder(inside),
                    None => Entry::Missing,
                };
                set.entries.insert(path, entry);
            }
        }
        load(spec, &set, &mut sources, &mut sink)
    });
    Run { workspace, sources, sink }
}

impl Run {
    /// `code line:column` of every problem.
    fn seen(&self) -> Vec<String> {
        self.sink
            .all()
            .iter()
            .map(|d| {
                let at = d.labels.first().map_or_else(String::new, |l| {
                    let s = self.sources.get(l.source).unwrap();
                    let (line, column) = s.line_col(l.span.start);
                    format!(" {}:{line}:{column}", s.path.rsplit('/').next().unwrap())
                });
                format!("{}{at}", d.code)
            })
            .collect()
    }
    fn text(&self) -> String {
        self.sink.all().iter().map(|d| format!("{d:?}\n")).collect()
    }
}

fn with_class(data: &str) -> Run {
    run(SPEC, &[("machine-classes/c.yaml", &class("Proxmox", data)), ("clusters/x.yaml", "kind: Cluster\n")])
}

#[test]
fn a_sound_repository_loads() {
    let run = run(
        SPEC,
        &[
            ("machine-classes/c.yaml", &class("Proxmox", DATA)),
            ("machine-classes/notes.txt", "not yaml: ["),
            (
                "clusters/a.yaml",
                "kind: Cluster\npatches:\n  - file: patches/p.yaml\n  - inline: {file: no.yaml}\n",
            ),
            ("clusters/patches/p.yaml", "machine: {}\n"),
        ],
    );
    assert_eq!(run.seen(), [] as [&str; 0]);
    let ws = run.workspace.unwrap();
    assert_eq!(ws.spec.omni.endpoint, "https://omni.spaceships.work");
    assert_eq!(ws.spec.clusters.prune, Prune::Template);
    assert_eq!(ws.spec.state, StateStore::Local);
    assert_eq!(ws.spec.omni.trust, Trust::System);
    let class = &ws.classes["c"];
    assert_eq!(class.resource.id.to_string(), "MachineClasses.omni.sidero.dev(default/c)");
    assert_eq!(
        class.resource.spec.at(&["auto_provision", "provider_data"]).and_then(Value::as_str),
        Some(DATA)
    );
    assert_eq!(class.place.show(&run.sources), "machine-classes/c.yaml:1");
    assert_eq!(ws.templates.iter().map(|t| t.path.as_str()).collect::<Vec<_>>(), ["clusters/a.yaml"]);
    assert_eq!(ws.files.keys().collect::<Vec<_>>(), ["clusters/patches/p.yaml"]);
    assert_eq!(ws.files_digest.len(), 64);
}

#[test]
fn the_digest_changes_with_every_file_and_with_nothing_else() {
    let files = [("machine-classes/c.yaml", class("Proxmox", DATA)), ("clusters/a.yaml", "kind: X\n".into())];
    let digest = |files: &[(&str, String)]| {
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
        run(SPEC, &files).workspace.unwrap().files_digest
    };
    let first = digest(&files);
    assert_eq!(first, digest(&files));
    let mut other = files.clone();
    other[1].1.push_str("# c\n");
    assert_ne!(first, digest(&other));
    let mut more = files.to_vec();
    more.push(("machine-classes/readme.md", "x".into()));
    assert_eq!(first, digest(&more), "files that are not used do not count");
}

#[test]
fn the_same_section_twice_and_unknown_ones() {
    let r = run("omni: { endpoint: https://a }\n---\nomni: { endpoint: https://b }\nprovider: {}\n", &[]);
    assert_eq!(r.seen(), ["OS0124 omni.yaml:3:1", "OS0120 omni.yaml:4:1"], "{}", r.text());
    assert_eq!(r.sink.all()[1].help.as_deref(), Some("did you mean `providers`?"));
}

#[test]
fn unknown_fields_have_places_and_suggestions() {
    let r = run("omni:\n  endpoint: https://a\n  lanaddress: 1.2.3.4\nclusters: {path: [x]}\n", &[]);
    assert_eq!(
        r.seen(),
        ["OS0120 omni.yaml:3:3", "OS0122 omni.yaml:4:1", "OS0120 omni.yaml:4:12"],
        "{}",
        r.text()
    );
    let helps: Vec<_> = r.sink.all().iter().filter_map(|d| d.help.as_deref()).collect();
    assert!(helps.contains(&"did you mean `lan_address`?") && helps.contains(&"did you mean `paths`?"));
}

#[test]
fn a_narrative_spec_gets_the_offer() {
    let r = run("initiative: { name: x }\n---\nphases: {}\n", &[]);
    assert_eq!(r.seen(), ["OS0125 omni.yaml:1:1"]);
    let d = &r.sink.all()[0];
    assert!(d.help.as_deref().is_some_and(|h| h.contains("omni-scale spec upgrade")), "{d:?}");
    assert_eq!(run("", &[]).seen(), ["OS0122 omni.yaml:1:1"]);
}

#[test]
fn values_of_the_spec_are_strict() {
    for (spec, code) in [
        ("omni: { endpoint: http://omni.spaceships.work }", "OS0123"),
        ("omni: { endpoint: 5 }", "OS0121"),
        ("omni: {}", "OS0122"),
        ("omni: { endpoint: https://a, lan_address: 192.168.10 }", "OS0123"),
        ("omni: { endpoint: https://a, version: 1.10 }", "OS0121"),
        ("omni: { endpoint: https://a, version: '1.9.3' }", "OS0123"),
        ("omni: { endpoint: https://a, version: latest }", "OS0123"),
        ("omni: { endpoint: !x https://a }", "OS0104"),
        ("omni: { endpoint: https://a, lan_address: a.b }", "OS0123"),
        ("omni: { endpoint: https://a, tls: { sha256: ab } }", "OS0123"),
        ("omni: { endpoint: https://a, tls: { sha256: [ab] } }", "OS0123"),
        ("omni: { endpoint: https://a, tls: { sha256: [] } }", "OS0123"),
        ("omni: { endpoint: https://a, tls: { sha256: { a: b } } }", "OS0121"),
        ("omni: { endpoint: https://a, tls: { sha256: [[a]] } }", "OS0121"),
        ("omni: { endpoint: https://a, tls: { ca_file: ../ca.pem } }", "OS0126"),
        ("omni: { endpoint: https://a, tls: { insecure: true } }", "OS0120"),
        ("omni: { endpoint: https://a }\nstate: { store: s3://bucket/x }", "OS0122"),
        ("omni: { endpoint: https://a }\nstate: { store: s3://bucket/x, region: eu.evil }", "OS0123"),
        (
            "omni: { endpoint: https://a }\nstate: { store: s3://bucket/x, endpoint: http://minio.example }",
            "OS0123",
        ),
        ("omni: { endpoint: https://a }\nstate: { store: s3://bucket/x, endpoint: https://a/b }", "OS0123"),
        ("omni: { endpoint: https://a }\nstate: { store: s3://bucket/../x, region: eu-central-1 }", "OS0123"),
        ("omni: { endpoint: https://a }\nstate: { region: eu-central-1 }", "OS0123"),
        ("omni: { endpoint: https://a }\nstate: { store: elsewhere }", "OS0123"),
        ("omni: { endpoint: https://a }\nclusters: { paths: [], prune: all }", "OS0123"),
        ("omni: { endpoint: https://a }\nclusters: [/etc]", "OS0126"),
        ("omni: { endpoint: https://a }\nclusters: [a/../../b]", "OS0126"),
        ("omni: { endpoint: https://a }\nclusters: clusters", "OS0121"),
        ("omni: { endpoint: https://a }\nproviders: { p: { proxmox: matrix } }", "OS0200"),
        ("omni: { endpoint: https://a }\nproviders: { p: { compose: x } }", "OS0129"),
        (
            "omni: { endpoint: https://a }\nproxmox: { m: { endpoints: ['https://x/api2/json'], nodes: [a] } }",
            "OS0123",
        ),
        ("omni: { endpoint: https://a }\nproxmox: { m: { endpoints: [], nodes: [a] } }", "OS0123"),
        ("omni: { endpoint: https://a }\nproxmox: { m: { endpoints: ['https://x'] } }", "OS0122"),
        (
            "omni: { endpoint: https://a }\nproxmox: { m: { endpoints: ['https://x'], nodes: [a, a] } }",
            "OS0201",
        ),
        ("omni: { endpoint: https://a }\npolicy: { x: 1 }", "OS0120"),
        ("omni: &x { endpoint: https://a }", "OS0104"),
        ("omni: [", "OS0100"),
        ("- omni", "OS0121"),
    ] {
        let r = run(spec, &[]);
        assert!(
            r.seen().iter().any(|s| s.starts_with(code)),
            "{spec}\nwanted {code}, saw {:?}\n{}",
            r.seen(),
            r.text()
        );
        assert!(r.seen().len() <= 2, "{spec}: {:?}", r.seen());
    }
}

#[test]
fn a_certificate_is_pinned_by_one_fingerprint_or_by_several() {
    let trust = |pins: &str| {
        let spec = format!(
            "omni: {{ endpoint: https://a }}\nproxmox:\n  m:\n    endpoints: ['https://x', 'https://y']\n    nodes: [a, b]\n    tls: {{ sha256: {pins} }}\n"
        );
        let r = run(&spec, &[]);
        if r.sink.has_errors() {
            return Err(r.sink.all().to_vec());
        }
        Ok(r.workspace.unwrap().spec.proxmox["m"].trust.clone())
    };
    let (one, two) = ("ab".repeat(32), vec!["CD"; 32].join(":"));
    let pins: Vec<_> = [&one, &two].map(|p| Fingerprint::parse(p).unwrap()).into();
    assert_eq!(trust(&one), Ok(Trust::Sha256(pins[..1].to_vec())));
    assert_eq!(trust(&format!("['{one}']")), Ok(Trust::Sha256(pins[..1].to_vec())));
    assert_eq!(trust(&format!("['{one}', \"{two}\"]")), Ok(Trust::Sha256(pins)));
    let twice = trust(&format!("['{one}', '{}']", one.to_uppercase())).unwrap_err();
    assert!(twice[0].message.ends_with("stands twice"), "{twice:?}");
    let both = trust(&format!("['zz', '{one}', 'AB:CD']")).unwrap_err();
    assert_eq!(both.len(), 2, "every wrong one is told: {both:?}");
}

#[test]
fn the_container_stands_on_a_known_node_in_its_network() {
    let spec = |container: &str| {
        format!(
            "omni: {{ endpoint: https://a }}\nproxmox: {{ m: {{ endpoints: ['https://x'], nodes: [foxtrot] }} }}\nproviders: {{ p: {{ proxmox: m, container: {container} }} }}\n"
        )
    };
    for (container, code) in [
        ("{ node: foxtrott, vmid: 200 }", Some("OS0200")),
        ("{ node: foxtrot, vmid: 99 }", Some("OS0123")),
        ("{ node: foxtrot, vmid: 0200 }", Some("OS0121")),
        ("{ node: foxtrot }", Some("OS0122")),
        ("{ node: foxtrot, vmid: 200, address: 192.168.3.10 }", Some("OS0123")),
        ("{ node: foxtrot, vmid: 200, address: 192.168.3.10/24, gateway: 192.168.4.1 }", Some("OS0123")),
        ("{ node: foxtrot, vmid: 200, hostname: -x }", Some("OS0123")),
        ("{ node: foxtrot, vmid: 200, memory: 1 }", Some("OS0120")),
        ("{ node: foxtrot, vmid: 200, address: 192.168.3.10/24, gateway: 192.168.3.1, bridge: vmbr0 }", None),
    ] {
        let seen = run(&spec(container), &[]).seen();
        assert_eq!(seen.first().map(|s| &s[..6]), code, "{container}: {seen:?}");
        assert!(seen.len() <= 1, "{container}: {seen:?}");
    }
}

#[test]
fn files_that_are_not_there_are_told_where_they_are_named() {
    let r = run("omni: { endpoint: https://a }\nclusters: [clusters]\nmachine_classes: [c.yaml]\n", &[]);
    assert_eq!(r.seen(), ["OS0127 omni.yaml:3:19", "OS0127 omni.yaml:2:12"]);
    let r = run("omni: { endpoint: https://a }\nclusters: [clusters]\n", &[("clusters/readme.md", "x")]);
    assert_eq!(r.sink.all()[0].severity, Severity::Warning, "an empty folder is no error");
}

#[test]
fn keys_of_a_class_that_omnictl_ignores_are_errors() {
    let text = class("Proxmox", DATA).replace("providerdata", "provider_data");
    let r = run(SPEC, &[("machine-classes/c.yaml", &text), ("clusters/x.yaml", "")]);
    let d = r.sink.all().iter().find(|d| d.code.0 == codes::UNKNOWN_KEY).unwrap();
    assert_eq!(d.help.as_deref(), Some("did you mean `providerdata`?"));
    assert!(d.notes.iter().any(|n| n.contains("omnictl ignores it")));
}

#[test]
fn classes_are_well_formed() {
    for (text, code) in [
        ("kind: Cluster\n", "OS0140"),
        ("- x\n", "OS0140"),
        ("metadata: {namespace: default, type: Clusters.omni.sidero.dev, id: c}\n", "OS0140"),
        ("metadata: {type: MachineClasses.omni.sidero.dev, id: c}\nspec: {matchlabels: [x]}\n", "OS0122"),
        (
            "metadata: {namespace: other, type: MachineClasses.omni.sidero.dev, id: c}\nspec: {matchlabels: [x]}\n",
            "OS0123",
        ),
        ("metadata: {namespace: default, type: MachineClasses.omni.sidero.dev, id: c}\nspec: {}\n", "OS0122"),
        (
            "metadata: {namespace: default, type: MachineClasses.omni.sidero.dev, id: c}\nspec: {autoprovision: {providerid: bare, providerdata: {a: 1}}}\n",
            "OS0121",
        ),
        (
            "metadata: {namespace: default, type: MachineClasses.omni.sidero.dev, id: c}\nspec: {autoprovision: {providerid: bare, grpctunnel: 7}}\n",
            "OS0123",
        ),
        (
            "metadata: {namespace: default, type: MachineClasses.omni.sidero.dev, id: c}\nspec: {matchlabels: [x], autoprovision: {providerid: bare}}\n",
            "OS0122",
        ),
        (
            "metadata: {namespace: default, type: MachineClasses.omni.sidero.dev, id: c, version: 3}\nspec: {matchlabels: [x]}\n",
            "OS0129",
        ),
    ] {
        let seen = run(SPEC, &[("machine-classes/c.yaml", text), ("clusters/x.yaml", "")]).seen();
        assert_eq!(seen.iter().map(|s| &s[..6]).collect::<Vec<_>>(), [code], "{text}");
    }
    let twice = format!("{}---\n{}", class("Proxmox", DATA), class("Proxmox", DATA));
    let r = run(SPEC, &[("machine-classes/c.yaml", &twice), ("clusters/x.yaml", "")]);
    assert_eq!(r.seen(), ["OS0201 c.yaml:18:7"]);
}

#[test]
fn a_provider_that_differs_in_case_is_another_one() {
    let r = run(SPEC, &[("machine-classes/c.yaml", &class("proxmox", DATA)), ("clusters/x.yaml", "")]);
    assert_eq!(r.seen(), ["OS0203 c.yaml:7:17"]);
    let d = &r.sink.all()[0];
    assert_eq!(d.help.as_deref(), Some("did you mean `Proxmox`?"));
    assert!(d.notes.iter().any(|n| n.contains("case-sensitive")));
    let bare = class("proxmox", &DATA.replace("sockets: 1\n", ""));
    let r = run(SPEC, &[("machine-classes/c.yaml", &bare), ("clusters/x.yaml", "")]);
    assert_eq!(r.seen(), ["OS0203 c.yaml:7:17", "OS0148 c.yaml:8:19"], "its data is checked in the same run");
}

#[test]
fn provider_data_is_checked_with_places_inside_the_block() {
    for (data, want) in [
        (DATA.replace("sockets: 1\n", ""), vec!["OS0148 c.yaml:8:19"]),
        (DATA.replace("cores: 4", "cores: \"4\""), vec!["OS0158 c.yaml:9:14"]),
        (DATA.replace("cores: 4", "cores: 0"), vec!["OS0215 c.yaml:9:14"]),
        (DATA.replace("memory: 8192", "memory: 1024"), vec!["OS0215 c.yaml:11:15"]),
        (DATA.replace("memory: 8192", "memory: 8e3"), vec![]),
        (format!("{DATA}machine_type: i440fx\n"), vec!["OS0149 c.yaml:14:21"]),
        (format!("{DATA}machine_type: q35\n"), vec![]),
        (format!("{DATA}machine_type: pc-q35-9.0\n"), vec![]),
        (format!("{DATA}storageSelector: x\n"), vec!["OS0205 c.yaml:14:7"]),
        (format!("{DATA}cores: 4\n"), vec!["OS0102 c.yaml:14:7"]),
        (DATA.replace("name == \"vm_ssd\"", "type == \"rbd\""), vec!["OS0154 c.yaml:13:25"]),
        (format!("{DATA}node: foxtrott\n"), vec!["OS0200 c.yaml:14:13"]),
        (format!("{DATA}node: golf\nbios: ovmf\nplacement_strategy: spread\ntags: [a]\n"), vec![]),
        (format!("{DATA}hugepages: 1GB\n"), vec!["OS0150 c.yaml:14:18", "OS0151 c.yaml:14:18"]),
        (format!("{DATA}vlan: 4095\n"), vec!["OS0214 c.yaml:14:13"]),
        (format!("{DATA}disk_cache: writebak\n"), vec!["OS0143 c.yaml:14:19"]),
        (
            format!("{DATA}balloon: false\npci_devices:\n  - mapping: gpu\n    pcie: true\n"),
            vec!["OS0209 c.yaml:17:17"],
        ),
        (format!("{DATA}additional_disks:\n  - disk_size: 10\n"), vec!["OS0208 c.yaml:15:11"]),
        (
            format!("{DATA}additional_nics:\n  - {{bridge: vmbr1, model: e1000}}\n"),
            vec!["OS0144 c.yaml:15:27"],
        ),
        (format!("{DATA}---\ncores: 8\n"), vec!["OS0129 c.yaml:14:7"]),
        ("- a\n".to_owned(), vec!["OS0141 c.yaml:9:7"]),
        ("cores: 4\n  memory: 3\n".to_owned(), vec!["OS0100 c.yaml:10:15"]),
        (
            format!("{DATA}balloon: off\nnuma: y\ndisk_ssd: \"true\"\n"),
            vec!["OS0159 c.yaml:14:16", "OS0159 c.yaml:15:13", "OS0204 c.yaml:16:17"],
        ),
    ] {
        let r = with_class(&data);
        assert_eq!(r.seen(), want, "{data}\n{}", r.text());
    }
}

#[test]
fn classes_of_other_providers_are_left_to_their_schema() {
    let r =
        run(SPEC, &[("machine-classes/c.yaml", &class("bare", "whatever: [1]\n")), ("clusters/x.yaml", "")]);
    assert_eq!(r.seen(), [] as [&str; 0]);
}

#[test]
fn provider_files_hold_no_secrets() {
    let spec = SPEC.replace("proxmox: matrix }", "proxmox: matrix, compose: pp }");
    let sound = "proxmox: { url: 'https://x:8006/api2/json', tokenID: a, tokenSecret: '${T}' }\n";
    let files = |compose: &'static str, config: &'static str| {
        run(
            &spec,
            &[
                ("machine-classes/c.yaml", &class("Proxmox", DATA)),
                ("clusters/x.yaml", ""),
                ("pp/compose.yml", compose),
                ("pp/config.yaml", config),
            ],
        )
    };
    assert_eq!(files("services: {}\n", sound).seen(), [] as [&str; 0]);
    let r = files(
        "services: {p: {environment: [TS_AUTHKEY=abc, 'X=${Y}']}}\n",
        "proxmox: {url: 'https://x', tokenSecret: abc, token_id: b}\n",
    );
    assert_eq!(
        r.seen(),
        [
            "OS0123 compose.yml:1:30",
            "OS0123 config.yaml:1:42",
            "OS0225 config.yaml:1:47",
            "OS0228 config.yaml:1:16",
            "OS0217 config.yaml:1:1"
        ],
        "{}",
        r.text()
    );
    assert!(!r.text().contains("\"abc\""), "the secret itself is not in a message");
}

#[test]
fn the_shipped_deployment_is_sound() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths = [
        "machine-classes/matrix-control-plane.yaml",
        "machine-classes/matrix-worker.yaml",
        "clusters/talos-prod-01.yaml",
        "proxmox-provider/compose.yml",
        "proxmox-provider/config.yaml",
    ];
    let read = |p: &str| std::fs::read_to_string(root.join(p)).unwrap();
    let texts: Vec<String> = paths.iter().map(|p| read(p)).collect();
    let files: Vec<(&str, &str)> = paths.iter().copied().zip(texts.iter().map(String::as_str)).collect();
    let r = run(&read("spec/omni.yaml"), &files);
    assert_eq!(r.seen(), [] as [&str; 0], "{}", r.text());
    let ws = r.workspace.unwrap();
    assert_eq!(ws.classes.keys().collect::<Vec<_>>(), ["matrix-control-plane", "matrix-worker"]);
    assert_eq!(ws.spec.providers["Proxmox"].container.as_ref().map(|c| c.vmid), Some(200));
    assert_eq!(ws.templates[0].documents.len(), 3);
}
