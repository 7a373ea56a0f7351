//! Runs the jobs of a workflow file as a runner would: the shell steps for real, the few actions by what they do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use omni_scale::diag::SourceId;
use omni_scale::value::Value;
use omni_scale::yaml::{Limits, parse, to_value};

/// The machine that a job runs on, and GitHub around it.
pub(crate) struct Runner {
    /// Folder for everything: tools, artefacts, outputs.
    pub(crate) home: PathBuf,
    /// The checkout that jobs work in; a job gets a copy, which is thrown away.
    pub(crate) checkout: PathBuf,
    /// `vars.*`, `secrets.*`, `github.*` by their full names.
    pub(crate) context: BTreeMap<String, String>,
    /// What the whole machine has in its environment.
    pub(crate) env: BTreeMap<String, String>,
}

/// How a job ended.
#[derive(Debug, Default)]
pub(crate) struct Job {
    /// Whether it was left out by its condition.
    pub(crate) skipped: bool,
    /// Name of its environment, as it was evaluated.
    pub(crate) environment: String,
    /// Exit code of the first step that failed; 0 if none did.
    pub(crate) code: i32,
    /// Everything that its steps printed.
    pub(crate) log: String,
    /// Its outputs.
    pub(crate) outputs: BTreeMap<String, String>,
    /// The summary page.
    pub(crate) summary: String,
}

/// A workflow file.
pub(crate) struct Workflow(Value);

impl Workflow {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let documents = parse(SourceId::default(), &text, &Limits::default()).unwrap();
        Self(to_value(documents[0].root.as_ref().unwrap()))
    }

    /// Runs every job, each after those that it needs.
    pub(crate) fn run(&self, runner: &Runner) -> BTreeMap<String, Job> {
        let mut done: BTreeMap<String, Job> = BTreeMap::new();
        let mut waiting = map(self.0.get("jobs").unwrap());
        while !waiting.is_empty() {
            let ready = waiting.iter().position(|(_, job)| needs(job).iter().all(|n| done.contains_key(n)));
            let (name, job) = waiting.remove(ready.expect("jobs that need each other"));
            let ended = runner.job(&name, &job, &done);
            done.insert(name, ended);
        }
        done
    }
}

fn map(value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Map(entries) => entries.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        other => panic!("not a mapping: {other:?}"),
    }
}

fn needs(job: &Value) -> Vec<String> {
    match job.get("needs") {
        None => vec![],
        Some(Value::List(all)) => all.iter().map(text).collect(),
        Some(one) => vec![text(one)],
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        other => other.as_str().unwrap_or_else(|| panic!("not a text: {other:?}")).to_owned(),
    }
}

impl Runner {
    fn job(&self, name: &str, job: &Value, done: &BTreeMap<String, Job>) -> Job {
        let mut context = self.context.clone();
        let needs = needs(job);
        for need in &needs {
            let other = &done[need];
            let result = if other.skipped {
                "skipped"
            } else if other.code == 0 {
                "success"
            } else {
                "failure"
            };
            context.insert(format!("needs.{need}.result"), result.to_owned());
            for (key, value) in &other.outputs {
                context.insert(format!("needs.{need}.outputs.{key}"), value.clone());
            }
        }
        let met = needs.iter().all(|n| context[&format!("needs.{n}.result")] == "success");
        let wanted = match job.get("if").map(text) {
            Some(condition) if condition.contains("cancelled()") => truth(&condition, &context),
            Some(condition) => met && truth(&condition, &context),
            None => met,
        };
        if !wanted {
            return Job { skipped: true, ..Job::default() };
        }
        let workspace = self.home.join(format!("work-{name}"));
        let _ = std::fs::remove_dir_all(&workspace);
        std::fs::create_dir_all(&workspace).unwrap();
        let temp = self.home.join(format!("temp-{name}"));
        let _ = std::fs::remove_dir_all(&temp);
        std::fs::create_dir_all(&temp).unwrap();
        let mut env = self.env.clone();
        env.insert("CI".to_owned(), "true".to_owned());
        env.insert("GITHUB_ACTIONS".to_owned(), "true".to_owned());
        env.insert("GITHUB_JOB".to_owned(), name.to_owned());
        env.insert("RUNNER_TEMP".to_owned(), temp.display().to_string());
        for (key, value) in job.get("env").map(map).unwrap_or_default() {
            env.insert(key, filled(&text(&value), &context));
        }
        let mut ended = Job {
            environment: job.get("environment").map(|e| filled(&text(e), &context)).unwrap_or_default(),
            ..Job::default()
        };
        let Some(Value::List(steps)) = job.get("steps") else { panic!("{name} has no steps") };
        for (number, step) in steps.iter().enumerate() {
            let failed = ended.code != 0;
            let runs = match step.get("if").map(text) {
                Some(condition) if condition.contains("cancelled()") => truth(&condition, &context),
                Some(condition) => !failed && truth(&condition, &context),
                None => !failed,
            };
            if !runs {
                continue;
            }
            if let Some(action) = step.get("uses").map(text) {
                let with: BTreeMap<String, String> = step
                    .get("with")
                    .map(map)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(k, v)| (k, filled(&text(&v), &context)))
                    .collect();
                self.action(&action, &with, &workspace, &mut env, &mut ended);
                continue;
            }
            let mut own = env.clone();
            for (key, value) in step.get("env").map(map).unwrap_or_default() {
                own.insert(key, filled(&text(&value), &context));
            }
            let output = temp.join(format!("output-{number}"));
            let summary = temp.join(format!("summary-{number}"));
            std::fs::write(&output, "").unwrap();
            std::fs::write(&summary, "").unwrap();
            own.insert("GITHUB_OUTPUT".to_owned(), output.display().to_string());
            own.insert("GITHUB_STEP_SUMMARY".to_owned(), summary.display().to_string());
            let code = self.shell(&text(step.get("run").unwrap()), "-e", &workspace, &own, &mut ended.log);
            if code != 0 && ended.code == 0 {
                ended.code = code;
            }
            ended.summary.push_str(&std::fs::read_to_string(&summary).unwrap());
            if let Some(id) = step.get("id").map(text) {
                for (key, value) in outputs(&std::fs::read_to_string(&output).unwrap()) {
                    context.insert(format!("steps.{id}.outputs.{key}"), value);
                }
            }
        }
        for (key, value) in job.get("outputs").map(map).unwrap_or_default() {
            ended.outputs.insert(key, filled(&text(&value), &context));
        }
        ended
    }

    /// What the few actions do that the workflows use.
    fn action(
        &self,
        action: &str,
        with: &BTreeMap<String, String>,
        workspace: &Path,
        env: &mut BTreeMap<String, String>,
        ended: &mut Job,
    ) {
        let name = action.split('@').next().unwrap();
        match name {
            "actions/checkout" => {
                assert_eq!(with.get("persist-credentials").map(String::as_str), Some("false"), "{action}");
                copy(&self.checkout, workspace);
            }
            "actions/upload-artifact" => {
                let from = workspace.join(&with["path"]);
                let to = self.home.join("artifacts").join(&with["name"]);
                let _ = std::fs::remove_dir_all(&to);
                if from.exists() {
                    copy(&from, &to);
                }
            }
            "actions/download-artifact" => {
                copy(&self.home.join("artifacts").join(&with["name"]), &workspace.join(&with["path"]));
            }
            "$/.github/actions/omni-scale" => {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/github/action/action.yml");
                let Workflow(definition) = Workflow::read(&path);
                let inputs: BTreeMap<String, String> =
                    with.iter().map(|(k, v)| (format!("inputs.{k}"), v.clone())).collect();
                let added = self.home.join("path");
                std::fs::write(&added, "").unwrap();
                let Some(Value::List(steps)) = definition.get("runs").unwrap().get("steps") else { panic!() };
                for step in steps {
                    let mut own = env.clone();
                    own.insert("GITHUB_PATH".to_owned(), added.display().to_string());
                    for (key, value) in step.get("env").map(map).unwrap_or_default() {
                        own.insert(key, filled(&text(&value), &inputs));
                    }
                    let script = text(step.get("run").unwrap());
                    let code = self.shell(&script, "-eo pipefail", workspace, &own, &mut ended.log);
                    assert_eq!(code, 0, "{action}\n{}", ended.log);
                }
                let folder = std::fs::read_to_string(&added).unwrap();
                let path = format!("{}:{}", folder.trim(), env["PATH"]);
                env.insert("PATH".to_owned(), path);
            }
            other => panic!("the rehearsal does not know the action {other}"),
        }
    }

    fn shell(
        &self,
        script: &str,
        flags: &str,
        workspace: &Path,
        env: &BTreeMap<String, String>,
        log: &mut String,
    ) -> i32 {
        let file = self.home.join("script.sh");
        std::fs::write(&file, script).unwrap();
        let output = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .args(flags.split(' '))
            .arg(&file)
            .current_dir(workspace)
            .env_clear()
            .envs(env)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        log.push_str(&String::from_utf8(output.stdout).unwrap());
        log.push_str(&String::from_utf8(output.stderr).unwrap());
        output.status.code().unwrap_or(-1)
    }
}

/// Copies a folder; git's own folder is left out.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_name() == ".git" {
            continue;
        }
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// `key=value` and `key<<DELIMITER` lines, by GitHub's rules.
pub(crate) fn outputs(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let (equals, heredoc) = (line.find('='), line.find("<<"));
        match (equals, heredoc) {
            (Some(e), h) if h.is_none_or(|h| e < h) => {
                out.push((line[..e].to_owned(), line[e + 1..].to_owned()));
            }
            (_, Some(h)) => {
                let delimiter = &line[h + 2..];
                let value: Vec<&str> = lines.by_ref().take_while(|l| *l != delimiter).collect();
                out.push((line[..h].to_owned(), value.join("\n")));
            }
            _ => panic!("not an output: {line}"),
        }
    }
    out
}

/// A text with its `${{ … }}` replaced.
fn filled(text: &str, context: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${{") {
        let end = rest[at..].find("}}").unwrap() + at;
        out.push_str(&rest[..at]);
        out.push_str(&value(rest[at + 3..end].trim(), context));
        rest = &rest[end + 2..];
    }
    out.push_str(rest);
    out
}

/// `a && b || c`, comparisons, names and quoted texts: what the workflows use of GitHub's expressions.
fn value(expression: &str, context: &BTreeMap<String, String>) -> String {
    if let Some((left, right)) = expression.split_once(" || ") {
        let left = value(left, context);
        return if left.is_empty() || left == "false" { value(right, context) } else { left };
    }
    if let Some((left, right)) = expression.split_once(" && ") {
        let left = value(left, context);
        return if left.is_empty() || left == "false" { left } else { value(right, context) };
    }
    for (sign, equal) in [(" == ", true), (" != ", false)] {
        if let Some((left, right)) = expression.split_once(sign) {
            return ((value(left, context) == value(right, context)) == equal).to_string();
        }
    }
    let expression = expression.trim();
    match expression {
        "!cancelled()" => "true".to_owned(),
        quoted if quoted.starts_with('\'') => quoted.trim_matches('\'').to_owned(),
        // A name that nobody set is empty, as on GitHub.
        name => context.get(name).cloned().unwrap_or_default(),
    }
}

fn truth(condition: &str, context: &BTreeMap<String, String>) -> bool {
    let inner = condition.trim().trim_start_matches("${{").trim_end_matches("}}").trim();
    let value = value(inner, context);
    !value.is_empty() && value != "false"
}
