//! Every JSON document that is printed fits the JSON Schema that `schema` prints for it.

use serde_json::Value;

use crate::repository::Repository;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// What is wrong with a document by the schema of that name.
pub fn against(r: &Repository, name: &str, document: &Value) -> Vec<String> {
    let schema = json(&r.run(&["schema", name]).exits(0).out);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut wrong: Vec<String> =
        validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    // A key that the schema does not tell of is allowed by it, and would never be missed.
    for key in document.as_object().unwrap().keys() {
        if schema["properties"].get(key).is_none() {
            wrong.push(format!("{key} is not in the schema"));
        }
    }
    wrong
}

/// The page that lists them.
fn page() -> String {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/formats.md");
    std::fs::read_to_string(page).unwrap()
}

#[test]
fn every_document_fits_its_schema() {
    let r = Repository::new();
    let page = page();
    std::fs::write(r.path("data.yaml"), "cores: 4\nmemory: 8192\ndisk_size: 40\nsize: 3\n").unwrap();
    std::fs::write(r.path("bad.yaml"), "cores: [\n").unwrap();
    for (name, args) in [
        ("plan", &["plan", "--lab"][..]),
        ("status", &["status", "--lab=deployed"]),
        ("drift", &["drift", "--lab=deployed"]),
        ("doctor", &["doctor", "--lab=deployed"]),
        ("verify", &["verify", "--lab"]),
        ("graph", &["graph"]),
        ("lock", &["lock", "show", "--lab=deployed"]),
        ("validate", &["validate"]),
        ("explain-selector", &["explain", "selector", "name == \"vm_ssd\"", "--lab"]),
        ("explain-selector", &["explain", "selector", "availableSpace / 0 > 1u", "--lab"]),
        ("explain-selector", &["explain", "selector", "type == 1 ||", "--offline"]),
        ("explain-providerdata", &["explain", "providerdata", "data.yaml"]),
        ("explain-providerdata", &["explain", "providerdata", "bad.yaml"]),
        ("explain-providerdata", &["explain", "providerdata", "machine-classes/matrix-worker.yaml"]),
    ] {
        let args = [args, &["--format", "json"]].concat();
        let document = json(&r.run(&args).out);
        assert_eq!(against(&r, name, &document), Vec::<String>::new(), "{args:?}\n{document}");
        let (format, version) =
            (&document["format"].as_str().unwrap(), &document["format_version"].as_str().unwrap());
        assert!(
            page.contains(&format!("| `{format}` | {version} | `schema {name}` |")),
            "{format} {version}"
        );
    }
    // Problems, with and without a change that mends them.
    for (from, to) in [("sockets: 1\n", ""), ("memory: ", "memroy: "), ("providerid", "provider_id")] {
        let class = "machine-classes/matrix-worker.yaml";
        let before = std::fs::read_to_string(r.path(class)).unwrap();
        if !before.contains(from) {
            continue;
        }
        std::fs::write(r.path(class), before.replacen(from, to, 1)).unwrap();
        let document = json(&r.run(&["validate", "--format", "json"]).out);
        assert!(!document["problems"].as_array().unwrap().is_empty(), "{from}: {document}");
        assert_eq!(against(&r, "validate", &document), Vec::<String>::new(), "{document}");
        std::fs::write(r.path(class), before).unwrap();
    }
}

/// Whatever has a schema says which format it is, has every key, and refuses what is no document.
#[test]
fn schemas_are_of_2020_12_and_demand_every_key() {
    let r = Repository::empty();
    let all = r.run(&["schema", "--help"]).exits(0).out;
    let all = all.split("Options:").next().unwrap();
    let names: Vec<&str> =
        all.lines().filter_map(|l| l.trim().strip_prefix("- ")?.split(':').next()).collect();
    assert!(names.len() >= 10, "{all}");
    let page = page();
    for name in names {
        assert!(
            page.contains(&format!("`schema {name}`")),
            "docs/reference/formats.md does not tell of {name}"
        );
        let schema = json(&r.run(&["schema", name]).exits(0).out);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        let mut keys: Vec<&str> =
            schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut required: Vec<&str> =
            schema["required"].as_array().unwrap().iter().map(|k| k.as_str().unwrap()).collect();
        keys.sort_unstable();
        required.sort_unstable();
        assert_eq!(keys, required, "{name}");
        assert!(keys.contains(&"format") && keys.contains(&"format_version"), "{name}: {keys:?}");
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(!validator.is_valid(&serde_json::json!({"format": format!("omni-scale.{name}")})), "{name}");
    }
}
