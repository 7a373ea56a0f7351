//! `adopt`: what is live becomes what the files ask for, in the files' own words, with their comments.

use crate::repository::{Ran, Repository};

const TEMPLATE: &str = "clusters/talos-prod-01.yaml";
const CLUSTER: &str = "cluster/talos-prod-01";

struct Lived {
    repository: Repository,
}

impl Lived {
    fn new() -> Self {
        let repository = Repository::new();
        repository.run(&["plan", "--lab=deployed"]).exits(0);
        Self { repository }
    }
    /// Somebody's write in Omni.
    fn by_hand(&self, what: &str, object: &str) -> &Self {
        self.repository.run(&["lab", "inject", &format!("object-{what}:{object}"), "deployed"]).exits(0);
        self
    }
    fn adopt(&self, address: &str) -> Ran {
        self.repository.run(&["adopt", address, "--lab=deployed"])
    }
    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.repository.path(path)).unwrap()
    }
    /// All files that people write.
    fn files(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for folder in ["spec", "clusters", "clusters/patches", "machine-classes"] {
            let Ok(entries) = std::fs::read_dir(self.repository.path(folder)) else { continue };
            for entry in entries.map(Result::unwrap).filter(|e| e.path().is_file()) {
                let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
                all.push((name.clone(), self.text(&name)));
            }
        }
        all.sort();
        all
    }
    /// Nothing is left that differs.
    fn settled(&self) {
        let ran = self.repository.run(&["plan", "--lab=deployed", "--detailed-exitcode"]).exits(0);
        assert!(!ran.out.contains("foreign"), "{}", ran.out);
        self.repository.run(&["validate"]).exits(0);
    }
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

#[test]
fn a_patch_that_nobody_declared_gets_its_entry() {
    let lived = Lived::new();
    let before = lived.text(TEMPLATE);
    let address = format!("{CLUSTER}/patch/500-ntp-servers");
    let ran = lived.repository.run(&["adopt", &address, "--dry-run", "--lab=deployed"]).exits(0);
    assert!(ran.out.contains("+    idOverride: 500-ntp-servers\n"), "{}", ran.out);
    ran.says("nothing was written");
    assert_eq!(lived.text(TEMPLATE), before);
    let ran = lived.adopt(&address).exits(0);
    assert!(ran.out.starts_with(&format!("--- {TEMPLATE}\n+++ {TEMPLATE}\n@@ ")), "{}", ran.out);
    ran.says("nothing is left to do for it");
    let entry = "  - name: ntp-servers\n    idOverride: 500-ntp-servers\n    inline: |\n      machine:\n          time:\n              servers:\n                  - 192.168.3.1\n";
    assert_eq!(lived.text(TEMPLATE), before.replacen("---\n", &format!("{entry}---\n"), 1));
    lived.settled();
    lived.adopt(&address).exits(0).says("is as the files ask");
    // Looking is all it does.
    assert!(lived.repository.requests("deployed").iter().all(|r| {
        let path = r["path"].as_str().unwrap_or_default();
        !["Create", "Update", "Teardown", "Delete"].iter().any(|write| path.ends_with(write))
    }));
}

#[test]
fn drift_replaces_the_value_where_it_stands() {
    let lived = Lived::new();
    // That there is no CNI is a locked decision of the shipped spec.
    let edit = |from: &str, to: &str| lived.repository.edit(TEMPLATE, from, to);
    edit("  environment: production\n", "  environment: 'production' # which\n");
    edit("  size: 2\n", "  size:   2   # workers\n");
    edit("  - siderolabs/iscsi-tools\n", "  - siderolabs/iscsi-tools # disks\n");
    let expected = lived
        .text(TEMPLATE)
        .replace("'production' # which", "'staging' # which")
        .replace("size:   2   # workers", "size:   3   # workers")
        .replace("  - siderolabs/qemu-guest-agent\n", "")
        .replace("iscsi-tools # disks\n", "iscsi-tools # disks\n  - siderolabs/tailscale\n")
        .replace("            name: none\n", "            name: flannel\n");
    lived
        .by_hand("changed", r#"{"type":"Clusters","id":"talos-prod-01","labels":{"environment":"staging"}}"#)
        .by_hand("changed", r#"{"type":"MachineSets","id":"talos-prod-01-workers","spec":{"machine_allocation":{"machine_count":3}}}"#)
        .by_hand("changed", r#"{"type":"ExtensionsConfigurations","id":"schematic-talos-prod-01","spec":{"extensions":["siderolabs/iscsi-tools","siderolabs/tailscale"]}}"#)
        .by_hand("changed", r#"{"type":"ConfigPatches","id":"200-cluster-talos-prod-01-cilium-prep","spec":{"data":"cluster:\n    network:\n        cni:\n            name: flannel\n    proxy:\n        disabled: true\n"}}"#);
    for below in [
        "",
        "/machineset/workers",
        "/extensions/schematic-talos-prod-01",
        "/patch/200-cluster-talos-prod-01-cilium-prep",
        "/patch/500-ntp-servers",
    ] {
        lived.adopt(&format!("{CLUSTER}{below}")).exits(0);
    }
    let text = lived.text(TEMPLATE);
    let (start, end) = (text.find("  - name: ntp-servers").unwrap(), text.find("---\n").unwrap());
    assert_eq!(format!("{}{}", &text[..start], &text[end..]), expected);
    lived.settled();
}

#[test]
fn a_patch_in_other_words_comes_as_they_are() {
    let lived = Lived::new();
    let data = "# by hand\ncluster:\n  network: {cni: {name: none}}\n  proxy: {disabled: true}";
    lived.by_hand(
        "changed",
        &format!(
            r#"{{"type":"ConfigPatches","id":"200-cluster-talos-prod-01-cilium-prep","spec":{{"data":{}}}}}"#,
            json(data)
        ),
    );
    lived.adopt(&format!("{CLUSTER}/patch/200-cluster-talos-prod-01-cilium-prep")).exits(0);
    assert!(
        lived
            .text(TEMPLATE)
            .contains("    inline: |-\n      # by hand\n      cluster:\n        network: {cni"),
        "{}",
        lived.text(TEMPLATE)
    );
    lived.adopt(&format!("{CLUSTER}/patch/500-ntp-servers")).exits(0);
    lived.settled();
}

#[test]
fn the_file_of_a_patch_gets_the_live_bytes() {
    let lived = Lived::new();
    let repository = &lived.repository;
    std::fs::create_dir(repository.path("clusters/patches")).unwrap();
    let data =
        "cluster:\n    network:\n        cni:\n            name: none\n    proxy:\n        disabled: true\n";
    std::fs::write(repository.path("clusters/patches/prep.yaml"), data).unwrap();
    let text = lived.text(TEMPLATE);
    let (start, end) = (text.find("    inline:\n").unwrap(), text.find("---\n").unwrap());
    std::fs::write(
        repository.path(TEMPLATE),
        format!("{}    file: patches/prep.yaml\n{}", &text[..start], &text[end..]),
    )
    .unwrap();
    let before = lived.text(TEMPLATE);
    let live = format!(
        "{data}# a secret\nmachine:\n    registries:\n        config:\n            ghcr.io:\n                auth:\n                    password: hunter2\n"
    );
    lived.by_hand(
        "changed",
        &format!(
            r#"{{"type":"ConfigPatches","id":"200-cluster-talos-prod-01-cilium-prep","spec":{{"data":{}}}}}"#,
            json(&live)
        ),
    );
    let ran = lived.adopt(&format!("{CLUSTER}/patch/200-cluster-talos-prod-01-cilium-prep")).exits(0);
    assert!(!ran.out.contains("hunter2") && !ran.err.contains("hunter2"), "a secret is printed: {}", ran.out);
    ran.says(
        "warning: `cluster/talos-prod-01/patch/200-cluster-talos-prod-01-cilium-prep` seems to hold a secret",
    )
    .says("`clusters/patches/prep.yaml` holds now in the clear");
    assert_eq!(lived.text("clusters/patches/prep.yaml"), live);
    assert_eq!(lived.text(TEMPLATE), before);
}

#[test]
fn classes_are_changed_in_their_text_or_get_a_file() {
    let lived = Lived::new();
    let data = "cores: 12\nsockets: 1\nmemory: 16384\ndisk_size: 100\nnetwork_bridge: vmbr0\nstorage_selector: name == \"vm_ssd\"\n";
    let before = lived.text("machine-classes/matrix-worker.yaml");
    lived
        .by_hand(
            "changed",
            &format!(r#"{{"type":"MachineClasses","id":"matrix-worker","spec":{{"auto_provision":{{"provider_data":{},"kernel_args":["a=b"]}}}}}}"#, json(data)),
        )
        .by_hand(
            "made",
            &format!(r#"{{"type":"MachineClasses","id":"by-hand","labels":{{"who":"me"}},"spec":{{"auto_provision":{{"provider_id":"Proxmox","provider_data":{}}}}}}}"#, json(data)),
        );
    lived.adopt("class/matrix-worker").exits(0);
    let after = before.replace("cores: 8\n", "cores: 12\n") + "    kernelargs:\n      - a=b\n";
    assert_eq!(lived.text("machine-classes/matrix-worker.yaml"), after);
    lived.adopt("class/by-hand").exits(0).says("+++ machine-classes/by-hand.yaml");
    assert!(lived.text("machine-classes/by-hand.yaml").contains("    who: me\n"));
    lived.repository.run(&["plan", "--lab=deployed", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_machine_set_comes_with_what_belongs_to_it() {
    let lived = Lived::new();
    lived
        .by_hand("made", r#"{"type":"MachineSets","id":"talos-prod-01-extra","labels":{"omni.sidero.dev/cluster":"talos-prod-01","omni.sidero.dev/role-worker":""},"spec":{"update_strategy":1,"machine_allocation":{"name":"matrix-worker","machine_count":1}}}"#)
        .by_hand("made", r#"{"type":"ConfigPatches","id":"450-x","labels":{"omni.sidero.dev/cluster":"talos-prod-01","omni.sidero.dev/machine-set":"talos-prod-01-workers","own":"label"},"annotations":{"note":"n"},"spec":{"data":"machine:\n  sysctls: {a: \"1\"} # why\n"}}"#);
    let before = lived.text(TEMPLATE);
    lived.adopt(&format!("{CLUSTER}/machineset/extra")).exits(0);
    assert_eq!(
        lived.text(TEMPLATE),
        format!("{before}---\nkind: Workers\nname: extra\nmachineClass:\n  name: matrix-worker\n  size: 1\n")
    );
    lived.adopt(&format!("{CLUSTER}/patch/450-x")).exits(0);
    let text = lived.text(TEMPLATE);
    let workers =
        &text[text.find("kind: Workers").unwrap()..text.find("kind: Workers\nname: extra").unwrap()];
    assert!(
        workers.contains("patches:\n  - idOverride: 450-x\n    labels:\n      own: label\n"),
        "{workers}"
    );
    lived.adopt(&format!("{CLUSTER}/patch/500-ntp-servers")).exits(0);
    lived.settled();
}

#[test]
fn what_a_file_cannot_say_is_refused_and_the_files_stay() {
    let lived = Lived::new();
    lived
        .by_hand("made", r#"{"type":"Clusters","id":"other","spec":{"kubernetes_version":"1.34.3","talos_version":"1.11.6"}}"#)
        .by_hand("made", r#"{"type":"KubernetesManifestGroups","id":"odd","labels":{"omni.sidero.dev/cluster":"talos-prod-01"},"spec":{"data":"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n","mode":1}}"#)
        .by_hand("made", r#"{"type":"MachineClasses","id":"a b","spec":{"match_labels":["x"]}}"#);
    let before = lived.files();
    lived
        .adopt("cluster/other")
        .exits(1)
        .says("no template of this repository has the cluster `other`")
        .says("omni-scale import --cluster other");
    lived.adopt(&format!("{CLUSTER}/manifest/odd")).exits(1).says("cannot be adopted");
    lived.adopt("class/a%20b").exits(1).says("its id is no name for a file");
    lived.adopt("class/none").exits(64).says("`class/none` is not there");
    lived.adopt("cluster//x").exits(64);
    // Two entries share the file: the live bytes of one would change the other.
    let repository = &lived.repository;
    std::fs::create_dir(repository.path("clusters/patches")).unwrap();
    std::fs::write(repository.path("clusters/patches/p.yaml"), "machine:\n  time:\n    disabled: true\n")
        .unwrap();
    repository.edit(TEMPLATE, "---\n", "  - idOverride: 500-ntp-servers\n    file: patches/p.yaml\n  - idOverride: 501-x\n    file: patches/p.yaml\n---\n");
    lived.by_hand("made", r#"{"type":"ConfigPatches","id":"501-x","labels":{"omni.sidero.dev/cluster":"talos-prod-01"},"annotations":{"name":"patches/p.yaml"},"spec":{"data":"machine:\n  time:\n    disabled: true\n"}}"#);
    let shared = lived.files();
    lived
        .adopt(&format!("{CLUSTER}/patch/500-ntp-servers"))
        .exits(1)
        .says("would then change `cluster/talos-prod-01/patch/501-x`");
    assert_eq!(lived.files(), shared);
    assert_eq!(before.len() + 1, shared.len());
}

/// Random drift and random objects, adopted one after the other in random order: the plan is empty, and every comment is there.
#[test]
fn random_drift_is_adopted_until_nothing_is_left() {
    for seed in 1..=3_u64 {
        let lived = Lived::new();
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut roll = |sides: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % sides
        };
        for (i, line) in lived.text(TEMPLATE).lines().enumerate().collect::<Vec<_>>() {
            // Comments behind some of the values.
            let plain = line.contains(": ") || line.trim_start().starts_with("- sid");
            if plain && !line.contains('#') && roll(3) == 0 {
                let text = lived.text(TEMPLATE);
                let lines: Vec<String> = text
                    .lines()
                    .enumerate()
                    .map(|(j, l)| if i == j { format!("{l}   # c{i}") } else { l.to_owned() })
                    .collect();
                std::fs::write(lived.repository.path(TEMPLATE), lines.join("\n") + "\n").unwrap();
            }
        }
        let mut addresses = vec![format!("{CLUSTER}/patch/500-ntp-servers")];
        for what in 0..7 {
            if roll(2) == 0 {
                continue;
            }
            let n = roll(5) + 1;
            let (how, address, object) = match what {
                0 => (
                    "changed",
                    CLUSTER.to_owned(),
                    format!(
                        r#"{{"type":"Clusters","id":"talos-prod-01","labels":{{"environment":"e{n}"}},"spec":{{"features":{{"enable_workload_proxy":true}}}}}}"#
                    ),
                ),
                1 => (
                    "changed",
                    format!("{CLUSTER}/machineset/workers"),
                    format!(
                        r#"{{"type":"MachineSets","id":"talos-prod-01-workers","spec":{{"machine_allocation":{{"machine_count":{}}},"update_strategy_config":{{"rolling":{{"max_parallelism":{n}}}}}}}}}"#,
                        n + 2
                    ),
                ),
                2 => (
                    "changed",
                    format!("{CLUSTER}/patch/200-cluster-talos-prod-01-cilium-prep"),
                    format!(
                        r#"{{"type":"ConfigPatches","id":"200-cluster-talos-prod-01-cilium-prep","spec":{{"data":"cluster:\n    network:\n        cni:\n            name: none\n    proxy:\n        disabled: {}\nmachine:\n    sysctls:\n        a: \"{n}\"\n"}}}}"#,
                        n > 2
                    ),
                ),
                3 => (
                    "changed",
                    format!("{CLUSTER}/extensions/schematic-talos-prod-01"),
                    format!(
                        r#"{{"type":"ExtensionsConfigurations","id":"schematic-talos-prod-01","spec":{{"extensions":[{}]}}}}"#,
                        [
                            "siderolabs/iscsi-tools",
                            "siderolabs/qemu-guest-agent",
                            "siderolabs/tailscale",
                            "siderolabs/util-linux-tools"
                        ]
                        .iter()
                        .skip((n % 3) as usize)
                        .map(|e| json(e))
                        .collect::<Vec<_>>()
                        .join(",")
                    ),
                ),
                4 => (
                    "changed",
                    "class/matrix-worker".to_owned(),
                    format!(
                        r#"{{"type":"MachineClasses","id":"matrix-worker","spec":{{"auto_provision":{{"provider_data":"cores: {n}\nsockets: 1\nmemory: {}\ndisk_size: 100\nnetwork_bridge: vmbr0\nstorage_selector: name == \"vm_ssd\"\n"}}}}}}"#,
                        4096 * n
                    ),
                ),
                5 => (
                    "made",
                    format!("{CLUSTER}/machineset/w{n}"),
                    format!(
                        r#"{{"type":"MachineSets","id":"talos-prod-01-w{n}","labels":{{"omni.sidero.dev/cluster":"talos-prod-01","omni.sidero.dev/role-worker":""}},"spec":{{"update_strategy":1,"machine_allocation":{{"name":"matrix-worker","machine_count":1}}}}}}"#
                    ),
                ),
                _ => (
                    "made",
                    format!("{CLUSTER}/patch/6{n}0-hand"),
                    format!(
                        r#"{{"type":"ConfigPatches","id":"6{n}0-hand","labels":{{"omni.sidero.dev/cluster":"talos-prod-01","omni.sidero.dev/machine-set":"talos-prod-01-control-planes"}},"annotations":{{"name":"hand"}},"spec":{{"data":"machine:\n  nodeLabels: {{a: b{n}}}\n"}}}}"#
                    ),
                ),
            };
            lived.by_hand(how, &object);
            addresses.insert(roll(addresses.len() as u64 + 1) as usize, address);
        }
        let before = lived.text(TEMPLATE);
        for address in &addresses {
            lived.adopt(address).exits(0);
        }
        lived.settled();
        let after = lived.text(TEMPLATE);
        let gone: Vec<&str> = before
            .lines()
            .filter_map(|l| l.find('#').map(|i| (l, &l[i..])))
            .filter(|(line, comment)| !line.trim_start().starts_with("- sid") && !after.contains(comment))
            .map(|(_, comment)| comment)
            .collect();
        assert!(gone.is_empty(), "seed {seed} lost {gone:?}\n{before}\n=====>\n{after}");
        lived.repository.run(&["fmt", "--check"]);
    }
}
