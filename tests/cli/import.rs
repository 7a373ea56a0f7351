//! Moving in: files from a live world, and a plan over them that finds nothing.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use omni_scale::backend::{OmniBackend, OmniReader as _, OmniWriter as _, Outcome};
use omni_scale::client::{Origin, SigningKey, Stack};
use omni_scale::kinds::{CONFIG_PATCHES, KERNEL_ARGS, MACHINE_CLASSES};
use omni_scale::lab::{Lab, LabOptions, Speed};
use omni_scale::live::Observation;
use omni_scale::resource::Resource;
use omni_scale::value::Value;
use omni_scale::world::real::{RealClock, RealNet, RealRng, Trust};

use crate::repository::{Ran, Repository};
use crate::trust::Served;

/// All files of a repository but its state, by path.
fn files(r: &Repository) -> BTreeMap<String, String> {
    fn walk(folder: &std::path::Path, base: &str, out: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = format!("{base}{}", entry.file_name().into_string().unwrap());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{path}/"), out);
            } else {
                out.insert(path, std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(&r.path(""), "", &mut out);
    out.retain(|path, _| !path.starts_with("state/"));
    out
}

/// Writes to a world over its own wire, as any client may.
fn by_hand(r: &Repository, world: &str, resources: Vec<Resource>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = LabOptions {
            root: r.path("state/lab"),
            world: world.to_owned(),
            latency: Duration::ZERO,
            speed: Speed::Jump,
        };
        let lab = Lab::start(options).await.unwrap();
        let origin = Origin::parse(lab.omni_endpoint()).unwrap();
        let (key, _) = SigningKey::service_account(&lab.service_account_key()).unwrap();
        let trusts = vec![(origin.as_str().to_owned(), Trust::SystemRoots)];
        let net = Arc::new(RealNet::new(trusts).unwrap());
        let stack = Stack::new(origin, Arc::new(key), net, Arc::new(RealClock::new()), Arc::new(RealRng));
        let omni = OmniBackend::new(stack);
        for resource in resources {
            let done = match omni.get(&resource.id).await {
                Observation::Known(live) => omni.update(&live, &resource).await,
                _ => omni.create(&resource).await,
            };
            assert!(matches!(done, Outcome::Done(())), "{}: {done:?}", resource.id);
        }
        lab.stop().await.unwrap();
    });
}

fn patch(id: &str, name: Option<&str>, labels: &[(&str, &str)], data: &str) -> Resource {
    let mut resource = Resource::new(CONFIG_PATCHES.id(id));
    resource.spec.set("data", data.into());
    for (key, value) in labels {
        resource.labels.insert((*key).to_owned(), (*value).to_owned());
    }
    if let Some(name) = name {
        resource.annotations.insert("name".into(), name.into());
    }
    resource
}

const CLUSTER: &str = "omni.sidero.dev/cluster";
const SECRET: &str = "hunter2-hunter2";

#[test]
fn a_deployment_comes_out_as_a_person_would_have_written_it() {
    let r = Repository::empty();
    let ran = r
        .run(&["import", "--lab=matrix"])
        .exits(0)
        .says("Proved: planning over these files finds nothing to change; 21 objects");
    assert!(!ran.out.contains("Not in the files"), "{}", ran.out);
    let written = files(&r);
    let names: Vec<&str> = written.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            ".gitignore",
            "clusters/talos-prod-01.yaml",
            "machine-classes/matrix-control-plane.yaml",
            "machine-classes/matrix-worker-foxtrot.yaml",
            "machine-classes/matrix-worker-golf.yaml",
            "machine-classes/matrix-worker-hotel.yaml",
            "spec/omni.yaml",
        ]
    );
    assert_eq!(written["clusters/talos-prod-01.yaml"], include_str!("import/matrix.yaml"));
    assert!(written["spec/omni.yaml"].contains("  matrix-cluster:\n    proxmox: matrix\n"));
    assert!(
        written["machine-classes/matrix-worker-golf.yaml"].contains("    providerdata: |\n      cores: 8\n")
    );
    r.run(&["validate"]).exits(0);
    r.run(&["plan", "--lab=matrix", "--detailed-exitcode"]).exits(0).says("21 adopted");
    let writes = r.requests("matrix").iter().filter(|l| l["writing"] == true).count();
    assert_eq!(writes, 0, "an import only reads");
    r.run(&["apply", "--lab=matrix", "--auto-approve"]).exits(0);
    let plan = r.run(&["plan", "--lab=matrix", "--detailed-exitcode"]).exits(0);
    assert!(plan.out.starts_with("No changes."), "{}", plan.out);
}

#[test]
fn what_people_set_by_hand_is_taken_over_or_told() {
    let r = Repository::empty();
    r.run(&["import", "--all", "--lab=deployed"]).exits(0).says("is locked by hand").says("Proved");
    let template = &files(&r)["clusters/talos-prod-01.yaml"];
    assert!(
        template.contains(
            "  - name: ntp-servers\n    idOverride: 500-ntp-servers\n    inline:\n      machine:\n"
        ),
        "{template}"
    );
    assert!(template.contains("  - name: cilium-prep\n    inline:\n"), "{template}");
    r.run(&["plan", "--lab=deployed", "--detailed-exitcode"]).exits(0);
}

#[test]
fn files_that_are_there_stay_as_they_are() {
    let r = Repository::empty();
    r.run(&["import", "--lab=deployed"]).exits(0);
    let before = files(&r);
    r.run(&["import", "--lab=deployed"]).exits(65).says("nothing to import").says("`cluster/talos-prod-01`");
    r.run(&["import", "--cluster", "talos-prod-01", "--lab=deployed"]).exits(65);
    std::fs::remove_file(r.path("spec/omni.yaml")).unwrap();
    std::fs::rename(r.path("clusters/talos-prod-01.yaml"), r.path("clusters/Talos-Prod-01.yaml")).unwrap();
    let ran = r.run(&["import", "--lab=deployed"]).exits(65).says("nothing was written");
    for path in ["machine-classes/matrix-worker.yaml", "clusters/Talos-Prod-01.yaml"] {
        assert!(ran.err.contains(&format!("`{path}`")), "{}", ran.err);
    }
    assert!(!r.path("spec/omni.yaml").exists());
    std::fs::rename(r.path("clusters/Talos-Prod-01.yaml"), r.path("clusters/talos-prod-01.yaml")).unwrap();
    let after = files(&r);
    assert!(after.iter().all(|(path, text)| before[path] == *text));
}

#[test]
fn an_existing_repository_gets_files_only_and_is_told_what_its_spec_lacks() {
    let r = Repository::empty();
    std::fs::create_dir(r.path("spec")).unwrap();
    let spec = "# mine\nomni: {endpoint: https://omni.example.net}\n";
    std::fs::write(r.path("spec/omni.yaml"), spec).unwrap();
    let ran = r.run(&["import", "--lab=deployed"]).exits(65).says("nothing was written");
    for line in [
        "    providers:\n",
        "      Proxmox: {}\n",
        "    machine_classes: [machine-classes]\n",
        "    clusters: [clusters]\n",
    ] {
        assert!(ran.err.contains(line), "no {line:?} in {}", ran.err);
    }
    assert_eq!(files(&r).len(), 1);
    // Folders of its own choice, which nobody has made yet.
    let spec = format!(
        "{spec}providers: {{Proxmox: {{}}}}\nmachine_classes: [omni/classes]\nclusters: [omni/clusters]\n"
    );
    std::fs::write(r.path("spec/omni.yaml"), &spec).unwrap();
    r.run(&["import", "--cluster=talos-prod-01", "--lab=deployed"]).exits(0);
    let after = files(&r);
    assert_eq!(after["spec/omni.yaml"], spec);
    assert!(
        after.contains_key("omni/clusters/talos-prod-01.yaml")
            && after.contains_key("omni/classes/matrix-worker.yaml")
    );
}

#[test]
fn secrets_are_written_only_when_asked_for_and_then_for_their_owner_alone() {
    let r = Repository::empty();
    let data = format!(
        "machine:\n  registries:\n    config:\n      ghcr.io:\n        auth:\n          password: {SECRET}\n"
    );
    by_hand(
        &r,
        "deployed",
        vec![patch("210-registry", Some("registry"), &[(CLUSTER, "talos-prod-01")], &data)],
    );
    let field = "machine.registries.config[ghcr.io].auth.password";
    let ran = r
        .run(&["import", "--lab=deployed"])
        .exits(0)
        .says(field)
        .says("--with-secrets")
        .says("left out for its secrets");
    assert!(!ran.out.contains(SECRET) && !ran.err.contains(SECRET));
    assert!(files(&r).values().all(|text| !text.contains(SECRET)));
    r.run(&["plan", "--lab=deployed", "--detailed-exitcode"]).exits(0).says("patch/210-registry");
    for folder in ["spec", "clusters", "machine-classes"] {
        std::fs::remove_dir_all(r.path(folder)).unwrap();
    }
    let ran = r.run(&["import", "--lab=deployed", "--with-secrets"]).exits(0).says("do not commit them");
    assert!(!ran.out.contains(SECRET) && !ran.err.contains(SECRET));
    for (path, text) in files(&r) {
        let mode = r.path(&path).metadata().unwrap().permissions().mode() & 0o077;
        assert!(!text.contains(SECRET) || mode == 0, "{path} {mode:o}");
    }
    assert!(files(&r)["clusters/talos-prod-01.yaml"].contains(SECRET));
    r.run(&["plan", "--lab=deployed", "--detailed-exitcode"]).exits(0);
}

#[test]
fn odd_things_on_the_wire_come_in_or_stay_with_a_reason() {
    let r = Repository::empty();
    let cluster = [(CLUSTER, "talos-prod-01")];
    let on = |key: &'static str, value: &'static str| [(CLUSTER, "talos-prod-01"), (key, value)];
    let mut class = Resource::new(MACHINE_CLASSES.id("../Odd Class"));
    class.spec.set("match_labels", Value::List(vec!["site = home".into()]));
    let mut args = Resource::new(KERNEL_ARGS.id("a0000001-0000-4000-8000-000000000001"));
    args.spec.set("args", Value::List(vec!["console=ttyS0".into()]));
    let workers = "talos-prod-01-workers";
    by_hand(
        &r,
        "deployed",
        vec![
            patch(
                "201-cluster-talos-prod-01-patches/time.yaml",
                Some("patches/time.yaml"),
                &cluster,
                "# why\nmachine:\n  time: {disabled: true}\n",
            ),
            patch(
                "202-cluster-talos-prod-01-../../etc/passwd",
                Some("../../etc/passwd"),
                &cluster,
                "machine:\n  sysctls: {a: b}",
            ),
            patch("nameless", None, &cluster, "machine:\r\n  sysctls: {a: b}\r\n"),
            patch(
                "400-talos-prod-01-workers-zone",
                Some("zone"),
                &on("omni.sidero.dev/machine-set", workers),
                "machine:\n    sysctls:\n        a: b\n",
            ),
            patch(
                "of-nobody",
                Some("x"),
                &on("omni.sidero.dev/machine-set", "talos-prod-01-gone"),
                "machine: {sysctls: {a: b}}",
            ),
            class,
            args,
        ],
    );
    let ran = r
        .run(&["import", "--lab=deployed"])
        .exits(0)
        .says("its machine set `talos-prod-01-gone` is not in the template")
        .says("Proved");
    let written = files(&r);
    let names: Vec<&str> = written.keys().map(String::as_str).collect();
    assert!(
        names.contains(&"clusters/patches/time.yaml"),
        "{names:?}\n{}",
        written["clusters/talos-prod-01.yaml"]
    );
    assert!(names.iter().all(|n| !n.contains("..")), "{names:?}");
    let template = &written["clusters/talos-prod-01.yaml"];
    assert!(
        template.contains("  - file: patches/time.yaml\n")
            && template.contains("  - name: zone\n    inline:\n"),
        "{template}"
    );
    r.run(&["plan", "--lab=deployed", "--detailed-exitcode"]).exits(0);
    assert!(!ran.err.contains("bug"), "{}", ran.err);
}

#[test]
fn several_clusters_one_after_the_other() {
    let origin = Repository::new();
    std::fs::write(
        origin.path("clusters/second.yaml"),
        "kind: Cluster\nname: second\nkubernetes: {version: v1.34.3}\ntalos: {version: v1.11.6}\npatches:\n  - file: patches/one.yaml\n---\nkind: ControlPlane\nmachineClass: {name: matrix-control-plane, size: 1}\n---\nkind: Workers\nname: gpu\nmachineClass: {name: matrix-worker, size: 0}\nupdateStrategy: {rolling: {maxParallelism: 2}}\nupgradeStrategy: {type: Rolling}\n",
    )
    .unwrap();
    std::fs::create_dir(origin.path("clusters/patches")).unwrap();
    std::fs::write(
        origin.path("clusters/patches/one.yaml"),
        "# kept\ncluster:\n  network:\n    cni: {name: none}\n",
    )
    .unwrap();
    origin.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    for folder in ["spec", "clusters", "machine-classes"] {
        std::fs::remove_dir_all(origin.path(folder)).unwrap();
    }
    let r = origin;
    // A record would say that the other cluster is to go: whoever moves in has none.
    for entry in std::fs::read_dir(r.path("state/lab/fresh")).unwrap().map(Result::unwrap) {
        if entry.file_name().to_str().unwrap().starts_with("lab-") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    r.run(&["import", "--lab", "--cluster=secnd"]).exits(1).says("did you mean `second`?");
    r.run(&["import", "--lab", "--cluster=second"]).exits(0).says("Proved");
    let first = files(&r);
    assert_eq!(first["clusters/patches/one.yaml"], "# kept\ncluster:\n  network:\n    cni: {name: none}\n");
    assert!(first["clusters/second.yaml"].contains("  - file: patches/one.yaml\n"));
    r.run(&["import", "--lab"]).exits(0).says("class/matrix-worker").says("Proved");
    let second = files(&r);
    assert!(first.iter().all(|(path, text)| second[path] == *text));
    assert!(second.contains_key("clusters/talos-prod-01.yaml"));
    r.run(&["plan", "--lab", "--detailed-exitcode"]).exits(0);
}

#[test]
fn real_endpoints_come_from_the_operators_environment() {
    Repository::empty().run(&["import"]).exits(7).says("OMNI_ENDPOINT").says("nobody says which Omni");
    let lab = Repository::new();
    let served = Served::up(&lab);
    let r = Repository::empty();
    let mut command = r.command(&["import"]);
    command.envs(served.env.iter().filter(|(name, _)| name != "OMNI_SCALE_SPEC").cloned());
    let ran = Ran::new(command.output().unwrap()).exits(0);
    let spec = &files(&r)["spec/omni.yaml"];
    let (_, endpoint) = served.env.iter().find(|(name, _)| name == "OMNI_ENDPOINT").unwrap();
    assert!(spec.contains(&format!("  # From `OMNI_ENDPOINT`.\n  endpoint: {endpoint}\n")), "{spec}");
    // Its certificate is nobody's: what it showed stands there as a comment, believed by nobody yet.
    assert!(spec.contains("# proxmox:\n") && spec.contains("tls: { sha256:"), "{spec}");
    for (name, value) in &served.env {
        let hidden = name.ends_with("_KEY") || name.ends_with("_TOKEN");
        assert!(
            !hidden || (!spec.contains(value) && !ran.out.contains(value) && !ran.err.contains(value)),
            "{name}"
        );
    }
}
