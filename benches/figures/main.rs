//! All figures of the project, printed by one run: `cargo bench --bench figures [-- --quick] [-- --only PART]`.
//!
//! The tool is measured as a whole process from outside (its own processor time and peak memory by the operating
//! system's account), against a lab that runs in another process. Times on shared machines are noisy: medians of several
//! runs are printed, and what is promised as a ratio is measured as a ratio within one run. `--quick` leaves out the
//! builds and takes smaller fleets; `--only` runs one part: shipped, templates, deployment, hundred, fleets, build. The run
//! fails where fleets miss a goal.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

mod fleet;
mod measure;
mod replay;
mod scale;
#[path = "../../tests/shipped/mod.rs"]
mod shipped;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use omni_scale::diag::{Sink, Sources};
use omni_scale::template::{self, FileProblem, PatchFiles};
use omni_scale::yaml::{self, Limits};

const BIN: &str = env!("CARGO_BIN_EXE_omni-scale");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const RUNS: usize = 9;

/// A world served by another process; ended with it.
struct Served {
    child: Child,
    /// What it says about itself: lines for a shell.
    exports: Vec<String>,
}

impl Served {
    fn up(dir: &Path, world: &str, flags: &[&str]) -> Self {
        let mut child = Command::new(BIN)
            .args(["lab", "up", world])
            .args(flags)
            .current_dir(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut exports: Vec<String> = Vec::new();
        while !exports.last().is_some_and(|line| line.starts_with("export OMNI_SCALE_SPEC=")) {
            exports.push(lines.next().expect("the lab did not come up").unwrap());
        }
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, exports }
    }

    fn variable(&self, name: &str) -> String {
        let prefix = format!("export {name}=");
        let line = self.exports.iter().find_map(|line| line.strip_prefix(&prefix));
        line.expect(name).trim_matches('\'').to_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT);
        let _ = self.child.wait();
    }
}

struct Run {
    wall: Duration,
    cpu: Duration,
    stderr: String,
}

/// Runs the tool once. The lab is not waited for meanwhile, so the children's account grows by this run alone.
fn tool(dir: &Path, args: &[&str]) -> Run {
    let used = || {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
        let ms = |t: nix::sys::time::TimeVal| u64::try_from(t.tv_sec() * 1_000_000 + t.tv_usec()).unwrap();
        Duration::from_micros(ms(usage.user_time()) + ms(usage.system_time()))
    };
    let (before, start) = (used(), Instant::now());
    let output = Command::new(BIN).args(args).current_dir(dir).env_remove("CI").output().unwrap();
    let (wall, cpu) = (start.elapsed(), used().saturating_sub(before));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{args:?}: {}\n{stderr}", output.status);
    Run { wall, cpu, stderr }
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

fn shipped() {
    let dir = tempfile::tempdir().unwrap();
    shipped::deployment(dir.path());
    let _lab = Served::up(dir.path(), "fresh", &[]);
    tool(dir.path(), &["plan", "--lab=fresh"]);
    let runs: Vec<Run> = (0..RUNS).map(|_| tool(dir.path(), &["plan", "--lab=fresh"])).collect();
    // Peak of the largest child so far; only `plan` has been waited for until now.
    let peak_kib = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
    println!("plan of the shipped deployment, median of {RUNS}");
    println!(
        "  client CPU      {:8.1} ms   (promised: at most 25)",
        ms(median(runs.iter().map(|r| r.cpu).collect()))
    );
    println!("  peak memory     {:8.1} MiB  (promised: at most 40)", peak_kib as f64 / 1024.0);
    println!("  wall            {:8.1} ms", ms(median(runs.iter().map(|r| r.wall).collect())));
}

/// 100 clusters of four resources each: cluster, control planes, a patch, extensions.
fn many(dir: &Path) {
    shipped::deployment(dir);
    std::fs::remove_dir_all(dir.join("clusters")).unwrap();
    std::fs::create_dir_all(dir.join("clusters")).unwrap();
    for n in 0..100 {
        let mut text = String::new();
        write!(
            text,
            "kind: Cluster\nname: c{n:03}\nkubernetes:\n  version: v1.34.3\ntalos:\n  version: v1.11.6\n\
             systemExtensions:\n  - siderolabs/iscsi-tools\n\
             patches:\n  - name: proxy\n    inline:\n      cluster:\n        proxy:\n          disabled: true\n\
             ---\nkind: ControlPlane\nmachines: []\n"
        )
        .unwrap();
        std::fs::write(dir.join(format!("clusters/c{n:03}.yaml")), text).unwrap();
    }
}

fn hundred_clusters() {
    let dir = tempfile::tempdir().unwrap();
    many(dir.path());
    tool(dir.path(), &["apply", "--lab=fresh", "--auto-approve"]);
    let _lab = Served::up(dir.path(), "fresh", &["--latency", "100ms"]);
    let mut ratios = Vec::new();
    let mut slowest_list = Vec::new();
    let mut requests = 0;
    let mut wall = Vec::new();
    for _ in 0..5 {
        let run = tool(dir.path(), &["-v", "plan", "--lab=fresh"]);
        // A trace line: `omni <method> <type> <status> <n> ms`.
        let lists: Vec<u64> = run
            .stderr
            .lines()
            .filter(|line| line.starts_with("omni ") && line.contains("List"))
            .filter_map(|line| line.strip_suffix(" ms")?.rsplit(' ').next()?.parse().ok())
            .collect();
        requests = lists.len();
        let slowest = Duration::from_millis(*lists.iter().max().expect("the trace names lists"));
        ratios.push(Duration::from_secs_f64(run.wall.as_secs_f64() / slowest.as_secs_f64()));
        slowest_list.push(slowest);
        wall.push(run.wall);
    }
    println!("plan over 100 clusters, 400 resources, 100 ms a request, median of 5");
    println!("  lists           {requests:6}       (one a resource type)");
    println!("  wall            {:8.1} ms", ms(median(wall)));
    println!("  slowest list    {:8.1} ms", ms(median(slowest_list)));
    println!("  ratio           {:8.2}     (promised: at most 1.5)", median(ratios).as_secs_f64());
}

/// Twenty patches: ten written in the template, ten in files.
fn twenty_patches(n: usize) -> String {
    let mut text = format!(
        "kind: Cluster\nname: c{n:04}\nkubernetes: {{ version: v1.34.3 }}\ntalos: {{ version: v1.11.6 }}\npatches:\n"
    );
    for p in 0..10 {
        write!(
            text,
            "  - name: limits-{p}\n    inline:\n      machine:\n        sysctls:\n          vm.max_map_count: \"{}\"\n          \
             net.core.somaxconn: \"65535\"\n        kubelet:\n          extraArgs: {{ rotate-server-certificates: true }}\n  \
             - file: patches/p{p}.yaml\n",
            262_144 + p
        )
        .unwrap();
    }
    text.push_str("---\nkind: ControlPlane\nmachineClass: { name: cp, size: 3 }\n---\nkind: Workers\nmachineClass: { name: worker, size: 2 }\n");
    text
}

/// A patch file with the comments that people write.
fn patch_file(p: usize) -> String {
    format!(
        "# Kernel settings {p}\nmachine:\n  sysctls:\n    # for databases\n    vm.swappiness: \"{p}\"\n  time:\n    servers:\n      - time.cloudflare.com\n"
    )
}

struct Memory(BTreeMap<String, Vec<u8>>);

impl PatchFiles for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileProblem> {
        self.0.get(path).cloned().ok_or(FileProblem::Missing)
    }
}

fn templates() {
    const COUNT: usize = 1000;
    let files = Memory((0..10).map(|p| (format!("patches/p{p}.yaml"), patch_file(p).into_bytes())).collect());
    let texts: Vec<String> = (0..COUNT).map(twenty_patches).collect();
    let run = || {
        let start = Instant::now();
        let mut bytes = 0;
        for text in &texts {
            let (mut sources, mut sink) = (Sources::default(), Sink::default());
            let source = sources.add("template.yaml", text);
            let documents = yaml::parse(source, text, &Limits::default()).unwrap();
            let loaded = template::load(
                template::Dialect::default(),
                source,
                &documents,
                &files,
                &mut sources,
                &mut sink,
            );
            assert!(!sink.has_errors() && loaded.resources.len() == 23);
            bytes += template::render::text(
                template::Dialect::default(),
                &loaded.resources,
                "0001-01-01T00:00:00Z",
            )
            .len();
        }
        (start.elapsed(), bytes)
    };
    let all: Vec<(Duration, usize)> = (0..3).map(|_| run()).collect();
    println!("{COUNT} templates of 20 patches each, median of 3");
    println!(
        "  render          {:8.1} ms   (promised: below 1000; {:.1} MiB of text)",
        ms(median(all.iter().map(|r| r.0).collect())),
        all[0].1 as f64 / 1_048_576.0
    );
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "spec/omni.yaml",
        "omni: { endpoint: https://omni.spaceships.work }\nproviders: { metal: {} }\nmachine_classes: [classes]\nclusters: [clusters]\n",
    );
    for class in ["cp", "worker"] {
        write(
            &format!("classes/{class}.yaml"),
            &format!(
                "metadata: {{ namespace: default, type: MachineClasses.omni.sidero.dev, id: {class} }}\nspec: {{ autoprovision: {{ providerid: metal }} }}\n"
            ),
        );
    }
    for (n, text) in texts.iter().enumerate() {
        write(&format!("clusters/c{n:04}.yaml"), text);
    }
    for p in 0..10 {
        write(&format!("clusters/patches/p{p}.yaml"), &patch_file(p));
    }
    let runs: Vec<Run> = (0..3).map(|_| tool(dir.path(), &["validate"])).collect();
    println!(
        "  validate        {:8.1} ms   as a repository, whole process",
        ms(median(runs.iter().map(|r| r.wall).collect()))
    );
}

/// The files of the deployment in use, where the recordings are there.
fn deployment() {
    let Some(fixtures) = std::env::var_os("OMNI_SCALE_FIXTURES") else {
        return println!("validate of the deployment in use: absent (OMNI_SCALE_FIXTURES names no folder)");
    };
    let dir = tempfile::tempdir().unwrap();
    shipped::copy(&Path::new(&fixtures).join("deployment"), dir.path());
    // What it keeps as a spec is a narrative.
    std::fs::create_dir_all(dir.path().join("spec")).unwrap();
    std::fs::write(
        dir.path().join("spec/omni.yaml"),
        "omni: { endpoint: https://omni.spaceships.work, lan_address: 192.168.10.20 }\n\
         proxmox: { matrix: { endpoints: ['https://192.168.3.5:8006'], nodes: [foxtrot, golf, hotel] } }\n\
         providers: { matrix-cluster: { proxmox: matrix } }\n\
         machine_classes: [machine-classes]\nclusters: [clusters]\n",
    )
    .unwrap();
    let runs: Vec<Run> = (0..RUNS).map(|_| tool(dir.path(), &["validate"])).collect();
    println!("validate of the deployment in use, median of {RUNS}");
    println!(
        "  wall            {:8.1} ms   (promised: below 15)",
        ms(median(runs.iter().map(|r| r.wall).collect()))
    );
    println!("  client CPU      {:8.1} ms", ms(median(runs.iter().map(|r| r.cpu).collect())));
}

fn build(profile: &str, target: &Path) {
    let start = Instant::now();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--quiet", "--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(ROOT)
        .status()
        .unwrap();
    assert!(status.success());
    let size = std::fs::metadata(PathBuf::from(target).join(profile).join("omni-scale")).unwrap().len();
    println!(
        "  {profile:<8}        {:8.1} s from scratch, binary {:.1} MiB",
        start.elapsed().as_secs_f64(),
        size as f64 / 1_048_576.0
    );
}

fn main() {
    if measure::between().is_some() {
        return;
    }
    // `cargo test --benches` and `--list` ask for nothing to be measured.
    if std::env::args().any(|a| a == "--test" || a == "--list") {
        return;
    }
    let args: Vec<String> = std::env::args().collect();
    let quick = args.iter().any(|a| a == "--quick");
    let only = args.iter().position(|a| a == "--only").and_then(|i| args.get(i + 1));
    let wanted = |part: &str| only.is_none_or(|o| o == part);
    let mut missed = Vec::new();
    // First, while no child with a larger peak of memory has been waited for.
    if wanted("shipped") {
        shipped();
    }
    if wanted("templates") {
        templates();
    }
    if wanted("deployment") {
        deployment();
    }
    if wanted("hundred") {
        hundred_clusters();
    }
    if wanted("fleets") {
        missed = scale::table(quick);
    }
    if wanted("build") && !quick {
        println!("build");
        for profile in ["release", "dist"] {
            let target = tempfile::tempdir().unwrap();
            build(profile, target.path());
        }
    }
    assert!(missed.is_empty(), "goals missed:\n{}", missed.join("\n"));
}
