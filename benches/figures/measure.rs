//! One run of the tool by the operating system's account.
//!
//! The account of children (`RUSAGE_CHILDREN`) sums processor time and keeps the largest peak of memory of all children ever
//! waited for, and a child begins with the peak of the process that forked it. So each run has a small process of its own
//! between it and the bench: this program again, with `--measure`, whose only child is the tool.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// First argument of the process in between.
const FLAG: &str = "--measure";

/// What a run took.
#[derive(Clone, Debug)]
pub struct Usage {
    /// From the start to the end.
    pub wall: Duration,
    /// Processor time of all its threads.
    pub cpu: Duration,
    /// Bytes of memory at its peak.
    pub peak: u64,
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The process in between; `None` when this process is the bench.
pub fn between() -> Option<()> {
    let args: Vec<String> = std::env::args().collect();
    let (flag, rest) = args.get(1..)?.split_first()?;
    let [out, err, program, rest @ ..] = rest else { return None };
    if flag != FLAG {
        return None;
    }
    let file = |path: &str| std::fs::File::create(path).unwrap();
    let start = Instant::now();
    let status = Command::new(program).args(rest).stdout(file(out)).stderr(file(err)).status().unwrap();
    let wall = start.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let micros = |t: nix::sys::time::TimeVal| t.tv_sec() * 1_000_000 + t.tv_usec();
    println!(
        "{} {} {} {}",
        wall.as_micros(),
        micros(usage.user_time()) + micros(usage.system_time()),
        usage.max_rss(),
        status.code().unwrap_or(-1)
    );
    Some(())
}

/// Runs a program in a folder with these variables added.
pub fn run(program: &str, dir: &Path, env: &[(String, String)], args: &[&str]) -> Usage {
    let streams = tempfile::tempdir().unwrap();
    let (out, err) = (streams.path().join("out"), streams.path().join("err"));
    let output = Command::new(std::env::current_exe().unwrap())
        .arg(FLAG)
        .args([&out, &err])
        .arg(program)
        .args(args)
        .current_dir(dir)
        .env_remove("CI")
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    let figures: Vec<u64> = line.split_whitespace().map(|n| n.parse().unwrap_or(u64::MAX)).collect();
    let &[wall, cpu, kib, code] = figures.as_slice() else { panic!("{line:?} {:?}", output.stderr) };
    Usage {
        wall: Duration::from_micros(wall),
        cpu: Duration::from_micros(cpu),
        peak: kib * 1024,
        code: i32::try_from(code).unwrap_or(-1),
        stdout: std::fs::read_to_string(out).unwrap(),
        stderr: std::fs::read_to_string(err).unwrap(),
    }
}
