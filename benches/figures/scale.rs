//! How plans grow with the number of clusters: 25 machines each, beside 1,000 machine classes.
//!
//! Goals: with 200 clusters, 5,000 machines and 1,000 classes a plan takes below 2 s and below 300 MB, and what the clusters add to
//! it grows with an exponent of at most 1.1. "Takes" is the wall time of the whole process against servers that answer from
//! memory (`replay`), so that it is the tool's alone. What a plan takes with one cluster, which is mostly the classes, is
//! subtracted before the exponent is fitted: left in, it would make the growth look slower than it is.

use std::path::Path;
use std::time::{Duration, Instant};

use super::measure::{self, Usage};
use super::replay::Replay;
use super::{BIN, Served, fleet, median, ms};

/// Goals.
const MOST_WALL: Duration = Duration::from_secs(2);
const MOST_MEMORY: u64 = 300_000_000;
const MOST_EXPONENT: f64 = 1.1;
const MOST_VALIDATE: Duration = Duration::from_secs(1);
/// Words of an empty plan's last lines.
const EMPTY: &str = "No changes.";

/// Medians over the runs against one fleet.
struct Row {
    clusters: usize,
    requests: usize,
    bytes: usize,
    /// Of an empty plan.
    empty: Figures,
    /// Of a plan with one class changed.
    edited: Figures,
    validate: Duration,
}

#[derive(Clone, Copy)]
struct Figures {
    wall: Duration,
    cpu: Duration,
    peak: u64,
}

impl Figures {
    fn of(runs: &[Usage]) -> Self {
        let mut peaks: Vec<u64> = runs.iter().map(|r| r.peak).collect();
        peaks.sort_unstable();
        Self {
            wall: median(runs.iter().map(|r| r.wall).collect()),
            cpu: median(runs.iter().map(|r| r.cpu).collect()),
            peak: peaks[peaks.len() / 2],
        }
    }
}

/// Exit code 0 of a plan, and the words that its last lines have.
fn plan(dir: &Path, env: &[(String, String)], wanted: &str) -> Usage {
    let run = measure::run(BIN, dir, env, &["plan"]);
    let says = run.stdout.contains(wanted);
    assert!(run.code == 0 && says, "exit {}, no {wanted:?}: {}\n{}", run.code, run.stdout, run.stderr);
    run
}

fn one(clusters: usize, runs: usize) -> Row {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fleet::write(dir, clusters);
    let world = format!("fleet-{clusters}");
    let start = Instant::now();
    // Virtual time hardly passes: the world that was recorded is the world that is planned against.
    let lab = Served::up(dir, &world, &["--speed", "0.001"]);
    println!("  {world}: served after {:.1} s", start.elapsed().as_secs_f64());
    let replay = Replay::before([lab.variable("OMNI_ENDPOINT"), lab.variable("PROXMOX_VE_ENDPOINT")]);
    let spec = dir.join("spec/omni.yaml");
    let text = std::fs::read_to_string(&spec).unwrap();
    let text = text.replace("https://omni.spaceships.work", &replay.origins[0]).replace(
        "endpoints: ['https://192.168.3.5:8006']",
        &format!("endpoints: ['{}'], tls: {{ sha256: '{}' }}", replay.origins[1], replay.pin),
    );
    std::fs::write(&spec, text).unwrap();
    let env: Vec<(String, String)> = [
        ("OMNI_ENDPOINT", replay.origins[0].clone()),
        ("OMNI_SERVICE_ACCOUNT_KEY", lab.variable("OMNI_SERVICE_ACCOUNT_KEY")),
        ("PROXMOX_VE_ENDPOINT", replay.origins[1].clone()),
        ("PROXMOX_VE_API_TOKEN", lab.variable("PROXMOX_VE_API_TOKEN")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    let start = Instant::now();
    let applied = measure::run(BIN, dir, &env, &["apply", "--auto-approve", "--max-risk", "low"]);
    assert_eq!(applied.code, 0, "{}\n{}", applied.stdout, applied.stderr);
    println!("  {world}: recorded after {:.1} s", start.elapsed().as_secs_f64());
    plan(dir, &env, EMPTY);
    fleet::edit(dir, true);
    plan(dir, &env, "1 update");
    fleet::edit(dir, false);
    replay.alone();
    drop(lab);
    let empty: Vec<Usage> = (0..runs).map(|_| plan(dir, &env, EMPTY)).collect();
    let (asked, _) = replay.asked();
    fleet::edit(dir, true);
    let edited: Vec<Usage> = (0..runs).map(|_| plan(dir, &env, "1 update")).collect();
    fleet::edit(dir, false);
    assert_eq!(replay.asked().1, 0, "every question had been asked before");
    let validate: Vec<Duration> = (0..runs)
        .map(|_| {
            let run = measure::run(BIN, dir, &[], &["validate"]);
            assert_eq!(run.code, 0, "{}", run.stderr);
            run.wall
        })
        .collect();
    Row {
        clusters,
        requests: asked / runs,
        bytes: replay.bytes(),
        empty: Figures::of(&empty),
        edited: Figures::of(&edited),
        validate: median(validate),
    }
}

/// The exponent k of y = c·x^k, by least squares over the logarithms.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let n = logs.len() as f64;
    let (mx, my) = (logs.iter().map(|p| p.0).sum::<f64>() / n, logs.iter().map(|p| p.1).sum::<f64>() / n);
    let over: f64 = logs.iter().map(|(x, y)| (x - mx) * (y - my)).sum();
    over / logs.iter().map(|(x, _)| (x - mx).powi(2)).sum::<f64>()
}

/// Prints the table; gives what misses its goal.
pub fn table(quick: bool) -> Vec<String> {
    let (sizes, runs): (&[usize], usize) =
        if quick { (&[1, 10, 20, 40], 3) } else { (&[1, 25, 50, 100, 200], 5) };
    println!(
        "plan of fleets: {} machines a cluster, {} machine classes, median of {runs}",
        fleet::MACHINES,
        fleet::CLASSES
    );
    println!(
        "  clusters  machines  requests      MiB |    wall     CPU  memory |    wall     CPU  memory | validate"
    );
    println!(
        "                                  read  |      no changes, ms, MiB |   a class changed        |       ms"
    );
    let mut rows = Vec::new();
    for &clusters in sizes {
        let row = one(clusters, runs);
        let figures = |f: &Figures| format!("{:7.0} {:7.0} {:7.0}", ms(f.wall), ms(f.cpu), mib(f.peak));
        println!(
            "  {:8}  {:8}  {:8}  {:7.1} | {} | {} | {:8.0}",
            clusters,
            clusters * fleet::MACHINES,
            row.requests,
            mib(row.bytes as u64),
            figures(&row.empty),
            figures(&row.edited),
            ms(row.validate)
        );
        rows.push(row);
    }
    judge(&rows)
}

fn judge(rows: &[Row]) -> Vec<String> {
    let (Some((base, grown)), Some(largest)) = (rows.split_first(), rows.last()) else { return Vec::new() };
    let mut missed = Vec::new();
    let mut check = |what: &str, value: f64, most: f64, unit: &str| {
        println!("  {what:<44} {value:8.2} {unit:<3} (promised: at most {most})");
        if value > most {
            missed.push(format!("{what}: {value:.2} {unit}, promised at most {most}"));
        }
    };
    let growth = |of: &dyn Fn(&Row) -> f64| {
        let points: Vec<(f64, f64)> = grown
            .iter()
            .map(|row| ((row.clusters - base.clusters) as f64, (of(row) - of(base)).max(f64::MIN_POSITIVE)))
            .collect();
        exponent(&points)
    };
    for (name, plan) in
        [("no changes", (|r: &Row| r.empty) as fn(&Row) -> Figures), ("a class changed", |r| r.edited)]
    {
        let last = plan(largest);
        let s = |d: Duration| d.as_secs_f64();
        check(&format!("{name}: wall"), s(last.wall), s(MOST_WALL), "s");
        check(&format!("{name}: peak memory"), last.peak as f64 / 1e6, MOST_MEMORY as f64 / 1e6, "MB");
        check(&format!("{name}: exponent of CPU"), growth(&|r| s(plan(r).cpu)), MOST_EXPONENT, "");
        check(&format!("{name}: exponent of memory"), growth(&|r| plan(r).peak as f64), MOST_EXPONENT, "");
    }
    check("validate", largest.validate.as_secs_f64(), MOST_VALIDATE.as_secs_f64(), "s");
    missed
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
