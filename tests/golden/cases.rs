//! The folders.

use std::path::{Path, PathBuf};

use omni_scale::live::Snapshot;
use omni_scale::plan::{Desired, Plan, PlanInput, PlanOptions, plan};
use omni_scale::policy::{Circumstances, ReviewError, Settings, review};
use omni_scale::render::human::diag::Look;
use omni_scale::render::{human, json};
use omni_scale::secret::DigestKey;
use omni_scale::state::model::Record;

/// One folder's inputs.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) desired: Desired,
    pub(crate) snapshot: Snapshot,
    pub(crate) record: Option<Record>,
    pub(crate) review: Review,
}

/// `review.json`: what stands around a review, where a case has it.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Review {
    /// Unix seconds.
    pub(crate) now: i64,
    pub(crate) ci: bool,
    /// `policy` of the spec.
    pub(crate) policy: Settings,
    /// Flags as they are typed: `--allow destroy:cluster/dev`.
    pub(crate) flags: Vec<String>,
    /// What the record would keep of the spec.
    pub(crate) kept: Option<omni_scale::state::model::KeptPolicy>,
}

impl Review {
    pub(crate) fn circumstances(&self) -> Circumstances {
        Circumstances {
            now: self.now,
            ci: self.ci,
            settings: self.policy.clone(),
            overrides: self.flags.iter().map(|f| f.parse().expect("a flag")).collect(),
            now_kept: self.kept.clone(),
        }
    }
}

impl Case {
    /// The plan as people see it: planned and reviewed.
    pub(crate) fn plan(&self) -> Plan {
        self.reviewed().unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }

    pub(crate) fn reviewed(&self) -> Result<Plan, ReviewError> {
        self.with(|input| {
            let mut plan = self.planner(input);
            review(&mut plan, input, &self.review.circumstances(), Vec::new())?;
            Ok(plan)
        })
    }

    /// The plan before guards have spoken.
    pub(crate) fn unreviewed(&self) -> Plan {
        self.with(|input| self.planner(input))
    }

    fn planner(&self, input: &PlanInput<'_>) -> Plan {
        plan(input).unwrap_or_else(|problems| panic!("{}: {problems:?}", self.name))
    }

    pub(crate) fn with<T>(&self, see: impl FnOnce(&PlanInput<'_>) -> T) -> T {
        let key = DigestKey::new([7; 32]);
        see(&PlanInput {
            desired: &self.desired,
            snapshot: &self.snapshot,
            record: self.record.as_ref(),
            key: Some(&key),
            options: PlanOptions::default(),
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

static ALL: std::sync::LazyLock<Vec<Case>> = std::sync::LazyLock::new(load);

pub(crate) fn all() -> &'static [Case] {
    &ALL
}

fn load() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let numbered = |p: &PathBuf| {
        p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(|c: char| c.is_ascii_digit()))
    };
    let entries = std::fs::read_dir(&root).expect("golden folder");
    let mut folders: Vec<PathBuf> = entries.map(|e| e.expect("entry").path()).filter(numbered).collect();
    folders.sort();
    let cases: Vec<Case> = folders
        .into_iter()
        .map(|folder| Case {
            name: folder.file_name().expect("a name").to_string_lossy().into_owned(),
            desired: read(&folder.join("desired.json")).expect("desired.json"),
            snapshot: read(&folder.join("snapshot.json")).expect("snapshot.json"),
            record: read(&folder.join("record.json")),
            review: read(&folder.join("review.json")).unwrap_or_default(),
            folder,
        })
        .collect();
    assert!(cases.len() >= 46, "golden cases are missing");
    cases
}

pub(crate) fn expect(path: &Path, got: &str) -> Option<String> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, got).expect("written");
        return None;
    }
    let wanted = std::fs::read_to_string(path).unwrap_or_default();
    if wanted == got {
        return None;
    }
    let diff = similar::TextDiff::from_lines(&wanted, got).unified_diff().context_radius(2).to_string();
    Some(format!("{}:\n{diff}", path.display()))
}

#[test]
fn plans_are_as_committed() {
    let look = Look { colour: false, ascii: false, width: 120 };
    let mut wrong = Vec::new();
    for case in all() {
        let plan = case.plan();
        let mut text = human::plan::text(&plan, look);
        text.push_str("\n--brief\n");
        text.push_str(&human::plan::brief(&plan, look));
        wrong.extend(expect(&case.folder.join("plan.txt"), &text));
        wrong.extend(expect(&case.folder.join("plan.json"), &json::plan::text(&plan)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_linter_finds_nothing() {
    for case in all() {
        let notes = omni_scale::plan::check(&case.plan(), case.record.as_ref(), &case.desired);
        assert!(notes.is_empty(), "{}: {notes:?}", case.name);
    }
}

#[test]
fn json_is_valid_by_its_own_schema() {
    let schema: serde_json::Value = serde_json::from_str(&json::plan::schema()).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let validator = jsonschema::validator_for(&schema).unwrap();
    for case in all() {
        let view: serde_json::Value = serde_json::from_str(&json::plan::text(&case.plan())).unwrap();
        let errors: Vec<String> = validator.iter_errors(&view).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", case.name);
    }
    assert!(!validator.is_valid(&serde_json::json!({"format": "omni-scale.plan"})));
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/plan-json.md"));
    let page = page.expect("the page about it");
    for key in schema["properties"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("`{key}`")), "docs/reference/plan-json.md does not tell of `{key}`");
    }
    // Whatever the schema knows is always there, so that a consumer need not ask.
    assert_eq!(
        schema["required"].as_array().map(Vec::len),
        schema["properties"].as_object().map(serde_json::Map::len)
    );
}

#[test]
fn no_secret_reaches_an_output() {
    let mut seen = 0;
    for case in all() {
        let inputs = serde_json::to_string(&case.desired).unwrap();
        if !inputs.contains("hunter2") {
            continue;
        }
        seen += 1;
        let plan = case.plan();
        let look = Look { colour: true, ascii: false, width: 120 };
        let diff =
            omni_scale::render::diff::text(&plan, "now", omni_scale::render::diff::Secrets::Covered, true);
        assert!(diff.contains("(hidden 1)"), "{}: {diff}", case.name);
        for output in [human::plan::text(&plan, look), json::plan::text(&plan), diff] {
            assert!(!output.contains("hunter2"), "{}", case.name);
        }
    }
    assert!(seen > 0);
}

#[test]
fn no_hidden_character_reaches_a_terminal() {
    for case in all() {
        let plan = case.plan();
        let look = Look { colour: false, ascii: false, width: 100 };
        let diff =
            omni_scale::render::diff::text(&plan, "now", omni_scale::render::diff::Secrets::Shown, false);
        for output in [human::plan::text(&plan, look), human::plan::brief(&plan, look), diff] {
            let bad = output.chars().find(|c| *c != '\n' && omni_scale::untrusted::hidden(*c));
            assert_eq!(bad, None, "{}: {output}", case.name);
            assert!(!output.lines().any(|l| l.starts_with("::")), "{}", case.name);
        }
    }
}

#[test]
fn every_width_and_colour_says_the_same() {
    let words = |text: &str| {
        let mut plain = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if c == '\u{1b}' {
                rest.by_ref().find(|c| *c == 'm');
            } else {
                plain.push(c);
            }
        }
        let mut words: Vec<String> = plain.split_whitespace().map(str::to_owned).collect();
        words.retain(|w| w != "effect" && w != "…" && w != "...");
        words.sort();
        words
    };
    for case in all() {
        let plan = case.plan();
        let at = |width, colour, ascii| human::plan::text(&plan, Look { colour, ascii, width });
        let wide = at(160, false, false);
        assert!(!wide.contains('\u{1b}'));
        for width in [60, 80, 120, 200] {
            assert_eq!(words(&at(width, false, false)), words(&wide), "{} at {width}", case.name);
            assert_eq!(words(&at(width, true, false)), words(&wide), "{} at {width} in colour", case.name);
        }
        // The replacement character stands for what a file or server hid, not for a glyph of ours.
        assert!(at(80, false, true).replace('\u{FFFD}', "?").is_ascii(), "{}", case.name);
        // Names are never cut, so a line is longer than the width only if one word is.
        for line in at(80, false, false).lines() {
            let longest = line.split_whitespace().map(|w| w.chars().count()).max().unwrap_or(0);
            assert!(line.chars().count() <= 80 || longest > 30, "{}: {line}", case.name);
        }
    }
}

#[test]
fn a_cluster_takes_machines_along_that_have_never_joined() {
    let mut case = all().iter().find(|c| c.name == "017-cluster-removed").expect("017").clone();
    for (kind, observation) in &mut case.snapshot.omni.types {
        let omni_scale::live::Observation::Known(list) = observation else { continue };
        if kind.starts_with("MachineSetNodes.") || kind.starts_with("MachineRequestStatuses.") {
            list.clear();
        }
        for live in list {
            live.resource.labels.remove("omni.sidero.dev/machine-request-in-use");
        }
    }
    let plan = case.plan();
    assert_eq!(plan.summary.machines_lost, 5);
    let removed = plan.steps.iter().find(|s| s.address.kind() == "cluster").expect("a step");
    assert!(removed.notes.iter().any(|n| n.starts_with("5 machines go with it")), "{:?}", removed.notes);
}

#[test]
fn marks_of_others_are_shown_although_nothing_changes() {
    let mut case = all().iter().find(|c| c.name == "002-no-changes").expect("002").clone();
    for (kind, observation) in &mut case.snapshot.omni.types {
        let omni_scale::live::Observation::Known(list) = observation else { continue };
        if kind.starts_with("Clusters.") {
            for live in list {
                live.resource.labels.insert("added".into(), "by-hand".into());
                live.resource.annotations.insert("omni.sidero.dev/cluster-locked".into(), String::new());
            }
        }
    }
    let plan = case.plan();
    assert!(plan.steps.is_empty() && plan.summary.kept == 2, "{:?}", plan.steps);
    let text = human::plan::text(&plan, Look { colour: false, ascii: false, width: 120 });
    for words in
        ["No changes.", "2 marks of others kept", "label `added` of `cluster/talos-prod-01`", "the lock of"]
    {
        assert!(text.contains(words), "no {words} in {text}");
    }
}
