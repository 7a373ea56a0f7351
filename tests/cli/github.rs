//! Runs in GitHub Actions: what they leave for later steps and people, and a log in which nothing acts.

use std::path::PathBuf;

use crate::repository::{Ran, Repository};

/// A run as the runner starts it.
struct Job {
    r: Repository,
}

impl Job {
    fn new() -> Self {
        let r = Repository::new();
        std::fs::create_dir(r.path("runner")).unwrap();
        for file in ["output", "summary"] {
            std::fs::write(r.path("runner").join(file), "before\n").unwrap();
        }
        let event = serde_json::json!({"pull_request": {
            "base": {"sha": "a1b2c3d4e5".repeat(4)},
            "head": {"sha": "4f2c1d9000".repeat(4)},
        }});
        std::fs::write(r.path("runner/event.json"), event.to_string()).unwrap();
        Self { r }
    }
    fn file(&self, name: &str) -> PathBuf {
        self.r.path("runner").join(name)
    }
    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }
    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = self.r.command(args);
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", self.file("output"))
            .env("GITHUB_STEP_SUMMARY", self.file("summary"))
            .env("GITHUB_EVENT_PATH", self.file("event.json"))
            .env("GITHUB_WORKSPACE", self.r.path("."))
            .env("GITHUB_SHA", "77aa001122".repeat(4))
            .env("GITHUB_SERVER_URL", "https://git.example.net")
            .env("GITHUB_REPOSITORY", "team/deploy")
            .env("GITHUB_RUN_ID", "8123");
        command
    }
    fn run(&self, args: &[&str]) -> Ran {
        Ran::new(self.command(args).output().unwrap())
    }
    /// The value of an output, as the runner reads it.
    fn output(&self, key: &str) -> String {
        let text = self.text("output");
        let (_, rest) =
            text.split_once(&format!("\n{key}<<")).unwrap_or_else(|| panic!("no {key} in {text}"));
        let (delimiter, rest) = rest.split_once('\n').unwrap();
        assert!(delimiter.len() > 32, "{delimiter}");
        rest.split_once(&format!("\n{delimiter}\n")).unwrap().0.to_owned()
    }
}

#[test]
fn a_plan_leaves_outputs_and_a_summary_behind() {
    let job = Job::new();
    job.run(&["plan", "--lab", "--detailed-exitcode"]).exits(2);
    for (key, value) in
        [("has_changes", "true"), ("blocked", "false"), ("complete", "true"), ("risk", "low"), ("exit", "2")]
    {
        assert_eq!(job.output(key), value, "{key}");
    }
    assert!(job.output("summary").contains(" create, "), "{}", job.output("summary"));
    assert!(job.output("digest").starts_with("sha256:"), "{}", job.output("digest"));
    let summary = job.text("summary");
    assert!(
        summary
            .starts_with("before\n<!-- omni-scale:comment v1 key=spec/omni.yaml -->\n## omni-scale plan: ")
    );
    for words in [
        "base `a1b2c3d` · head `4f2c1d9` · merge `77aa001`",
        "[full report](https://git.example.net/team/deploy/actions/runs/8123)",
        "](https://git.example.net/team/deploy/blob/4f2c1d90004f2c1d90004f2c1d90004f2c1d9000/clusters/talos-prod-01.yaml#L2)",
    ] {
        assert!(summary.contains(words), "no {words} in {summary}");
    }
}

#[test]
fn two_runs_never_use_the_same_delimiter() {
    let job = Job::new();
    job.run(&["plan", "--lab"]).exits(0);
    let delimiter =
        |text: &str| text.split_once("has_changes<<").unwrap().1.lines().next().unwrap().to_owned();
    let first = delimiter(&job.text("output"));
    std::fs::write(job.file("output"), "").unwrap();
    job.run(&["plan", "--lab"]).exits(0);
    assert_ne!(first, delimiter(&job.text("output")));
}

#[test]
fn an_apply_tells_what_became_of_it() {
    let job = Job::new();
    job.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    assert_eq!((job.output("exit"), job.output("has_changes")), ("0".into(), "true".into()));
    let summary = job.text("summary");
    assert!(summary.contains("## omni-scale apply: done\n\n```diff\n# Applied "), "{summary}");
    assert!(summary.contains("## omni-scale plan: "), "{summary}");
}

#[test]
fn nothing_is_written_elsewhere() {
    let job = Job::new();
    let mut outside = job.command(&["plan", "--lab"]);
    Ran::new(outside.env_remove("GITHUB_ACTIONS").output().unwrap()).exits(0);
    assert_eq!((job.text("output"), job.text("summary")), ("before\n".into(), "before\n".into()));
    // A variable that names no file is not a reason to make one, nor to fail.
    let mut missing = job.command(&["plan", "--lab"]);
    missing.env("GITHUB_OUTPUT", job.file("missing")).env("GITHUB_STEP_SUMMARY", "");
    Ran::new(missing.output().unwrap()).exits(0);
    assert!(!job.file("missing").exists());
}

#[test]
fn a_full_summary_is_left_as_it_is() {
    let job = Job::new();
    let full = "x".repeat(999_000);
    std::fs::write(job.file("summary"), &full).unwrap();
    job.run(&["plan", "--lab"]).exits(0);
    assert_eq!(job.text("summary"), full);
    assert_eq!(job.output("exit"), "0");
}

#[test]
fn what_the_event_says_is_not_believed() {
    let job = Job::new();
    let event = serde_json::json!({"pull_request": {"base": {"sha": "x)](https://evil.example"}, "head": {"sha": 7}}});
    std::fs::write(job.file("event.json"), event.to_string()).unwrap();
    let mut command = job.command(&["plan", "--lab", "--format", "md"]);
    command.env("GITHUB_REPOSITORY", "a)](https://evil.example");
    let ran = Ran::new(command.output().unwrap()).exits(0);
    assert!(!ran.out.contains("evil") && !ran.out.contains("base `"), "{}", ran.out);
    assert!(ran.out.contains("head `77aa001`"), "{}", ran.out);
}

#[test]
fn annotations_are_commands_and_other_lines_are_not() {
    let job = Job::new();
    let lines = job.run(&["plan", "--lab", "--format", "github"]).exits(0).out;
    assert!(lines.lines().count() <= 10 && lines.lines().all(|l| l.starts_with("::")), "{lines}");
    assert!(lines.contains(",file=clusters/talos-prod-01.yaml,line="), "{lines}");
    // A folder within the checkout: names are those of the checkout.
    let mut command = job.command(&["plan", "--lab", "--format", "github"]);
    command.env("GITHUB_WORKSPACE", job.r.path("x").parent().unwrap().parent().unwrap());
    let folder = job.r.path("x");
    let folder = folder.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let ran = Ran::new(command.output().unwrap()).exits(0);
    assert!(ran.out.contains(&format!(",file={folder}/clusters/talos-prod-01.yaml,line=")), "{}", ran.out);
}

#[test]
fn a_patch_cannot_command_the_runner() {
    let job = Job::new();
    let patch = "machine:\n  files:\n    - path: /x\n      content: |\n        a\n        ::set-env name=LD_PRELOAD::/x\n";
    std::fs::create_dir(job.r.path("other")).unwrap();
    std::fs::write(job.r.path("other/patch.yaml"), patch).unwrap();
    let template = std::fs::read_to_string(job.r.path("clusters/talos-prod-01.yaml")).unwrap();
    let template = template.replacen("patches:\n", "patches:\n  - name: evil\n    file: patch.yaml\n", 1);
    std::fs::write(job.r.path("other/t.yaml"), &template).unwrap();
    let command = |line: &str| line.trim_start().starts_with("::");
    let plain = job.r.run(&["render", "other/t.yaml"]).exits(0);
    assert!(plain.out.lines().any(command), "{}", plain.out);
    let logged = job.run(&["render", "other/t.yaml"]).exits(0);
    assert!(!logged.out.lines().any(command) && logged.out.contains("'::set-env"), "{}", logged.out);
    // Redirected to a file it is data, and stays what it is.
    let file = std::fs::File::create(job.file("rendered")).unwrap();
    let status = job.command(&["render", "other/t.yaml"]).stdout(file).status().unwrap();
    assert!(status.success());
    // The two may fall into different seconds.
    let timeless = |text: &str| {
        let dated = |l: &&str| !l.starts_with("  created: ") && !l.starts_with("  updated: ");
        text.lines().filter(dated).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(timeless(&job.text("rendered")), timeless(&plain.out));
}

#[test]
fn the_size_of_a_comment_is_chosen_by_number_or_forge() {
    let r = Repository::new();
    let whole = r.run(&["plan", "--lab", "--format", "md", "--max-bytes", "gitlab"]).exits(0).out;
    let cut = r
        .run(&["plan", "--lab", "--format", "md", "--max-bytes", "2000", "--out", "md=plan.md"])
        .exits(0)
        .out;
    assert!(whole.len() > 2_000 && cut.len() <= 2_001, "{} and {}", whole.len(), cut.len());
    assert_eq!(std::fs::read_to_string(r.path("plan.md")).unwrap(), cut);
    assert!(cut.contains("This page is cut to its size"), "{cut}");
    for wrong in ["1999", "0", "forge", "-1"] {
        r.run(&["plan", "--lab", "--format", "md", &format!("--max-bytes={wrong}")]).exits(64);
    }
}

#[test]
fn an_apply_folds_its_lines_by_wave_and_closes_every_fold() {
    let job = Job::new();
    let ran = Ran::new(job.command(&["apply", "--lab", "--auto-approve"]).output().unwrap()).exits(0);
    let folds: Vec<&str> =
        ran.err.lines().filter(|l| l.starts_with("::group::") || *l == "::endgroup::").collect();
    assert!(folds.len() >= 4 && folds.len().is_multiple_of(2), "{folds:?}");
    // A step begins as soon as what it needs is done: a wave whose steps begin late has no fold of its own.
    let mut last = 0;
    for pair in folds.chunks(2) {
        let wave = pair[0].strip_prefix("::group::wave ").and_then(|l| l.split(' ').next());
        let wave: u32 = wave.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{folds:?}"));
        assert!(wave > last, "{folds:?}");
        assert_eq!(pair[1], "::endgroup::");
        last = wave;
    }
    let elsewhere = job.r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    assert!(!elsewhere.err.contains("::"), "{}", elsewhere.err);
}
