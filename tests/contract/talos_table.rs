//! The embedded tables of Talos machine configuration against the published schemas: every kind of document and every key that a
//! schema lists stands in the table of the Omni that carries that version's library, and is a text, list, mapping or shape as there.
//! The tables know more: fields that the library reads and no schema lists, and forms of text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use crate::support::present;

/// Newest to oldest. In the older ones fields stand that the newer no longer list but whose libraries still read them.
const SCHEMAS: [&str; 4] = [
    "config.schema.v1.14.0-rc.1.json",
    "config.schema.v1.13.8.json",
    "config.schema.v1.12.10.json",
    "config.schema.v1.11.6.json",
];
/// Each table, and the place in [`SCHEMAS`] of the version whose library the Omni of that table carries.
const TABLES: [(&str, usize); 2] = [("table-1.9.txt", 1), ("table-1.10.txt", 0)];
/// Kinds that the schemas call otherwise than the library.
const RENAMED: [(&str, &str); 2] = [
    ("UnattendedInstall/v1alpha1", "UnattendedInstallConfig/v1alpha1"),
    ("KubeSpanEndpoints/v1alpha1", "KubeSpanEndpointsConfig/v1alpha1"),
];

/// What the schemas list otherwise than the library of Omni 1.9 has it: lists that they take for mappings, and fields that came
/// with later patches of Talos.
const OTHERWISE: [&str; 7] = [
    "-.cluster.acceptedCAs",
    "-.machine.acceptedCAs",
    "-.machine.systemDiskEncryption.state.keys.lockToState",
    "-.machine.systemDiskEncryption.state.keys.tpm.options",
    "OOMConfig/v1alpha1.strictCgroupClassOrdering",
    "RegistryTLSConfig/v1alpha1.clientIdentity.crt",
    "VolumeConfig/v1alpha1.mount.readOnly",
];

/// Fields that the library reads and that no schema lists any more.
const UNLISTED: [(&str, &str, &str); 12] = [
    ("v1alpha1.Config", "persist", "b"),
    ("v1alpha1.ClusterConfig", "allowSchedulingOnMasters", "b"),
    ("v1alpha1.EtcdConfig", "subnet", "s"),
    ("v1alpha1.InstallConfig", "bootloader", "b"),
    ("v1alpha1.InstallConfig", "extensions", "[]@v1alpha1.InstallExtensionConfig"),
    ("v1alpha1.InstallExtensionConfig", "image", "s"),
    ("v1alpha1.MachineConfig", "disks", "[]@v1alpha1.MachineDisk"),
    ("v1alpha1.MachineDisk", "device", "s"),
    ("v1alpha1.MachineDisk", "partitions", "[]@v1alpha1.DiskPartition"),
    ("v1alpha1.DiskPartition", "size", "s"),
    ("v1alpha1.DiskPartition", "mountpoint", "s"),
    ("v1alpha1.Device", "cidr", "s"),
];
/// The same for fields whose shape stands elsewhere in the schema.
const UNLISTED_SHAPES: [(&str, &str, &str); 4] = [
    ("v1alpha1.Vlan", "cidr", "s"),
    ("v1alpha1.MachineConfig", "systemDiskEncryption", "@v1alpha1.SystemDiskEncryptionConfig"),
    ("v1alpha1.SystemDiskEncryptionConfig", "state", "@block.EncryptionSpec"),
    ("v1alpha1.SystemDiskEncryptionConfig", "ephemeral", "@block.EncryptionSpec"),
];

type Shapes = BTreeMap<String, BTreeMap<String, String>>;

/// The code of a property's type: `s b i e` scalars, `a` an argument (text or list of texts), `*` anything, `[]T`, `{}T`, `@shape`.
fn code(property: &Json, path: &str, shapes: &mut Shapes) -> String {
    if let Some(reference) = property["$ref"].as_str() {
        return format!("@{}", reference.rsplit('/').next().unwrap());
    }
    if property.get("enum").is_some() {
        return "e".into();
    }
    if property.get("oneOf").is_some() {
        return "a".into();
    }
    match property["type"].as_str() {
        Some("string") => "s".into(),
        Some("boolean") => "b".into(),
        Some("integer") => "i".into(),
        Some("array") => format!("[]{}", code(&property["items"], path, shapes)),
        Some("object") => {
            if let Some(properties) = property["properties"].as_object() {
                shape(path, properties, shapes);
                format!("@{path}")
            } else if let Some(patterns) = property["patternProperties"].as_object() {
                format!("{{}}{}", code(patterns.values().next().unwrap(), path, shapes))
            } else if property["additionalProperties"].is_object() {
                format!("{{}}{}", code(&property["additionalProperties"], path, shapes))
            } else {
                "*".into()
            }
        }
        other => panic!("{path}: {other:?}"),
    }
}

/// Adds fields that are not there yet.
fn shape(name: &str, properties: &serde_json::Map<String, Json>, shapes: &mut Shapes) {
    shapes.entry(name.to_owned()).or_default();
    for (key, property) in properties {
        let code = code(property, &format!("{name}.{key}"), shapes);
        shapes.get_mut(name).unwrap().entry(key.clone()).or_insert(code);
    }
}

/// Name of each document kind, and its shape.
fn kinds(schema: &Json) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for one in schema["oneOf"].as_array().unwrap() {
        let shape = one["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        let properties = &schema["$defs"][shape]["properties"];
        if let (Some(kind), Some(version)) =
            (properties["kind"]["enum"][0].as_str(), properties["apiVersion"]["enum"][0].as_str())
        {
            let name = format!("{kind}/{version}");
            let name =
                RENAMED.iter().find(|(from, _)| *from == name).map_or(name, |(_, to)| (*to).to_owned());
            out.insert(name, shape.to_owned());
        }
    }
    out
}

fn table(folder: &Path, newest: usize) -> String {
    let read = |name: &str| -> Json {
        serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let mut shapes = Shapes::new();
    for name in &SCHEMAS[newest..] {
        let schema = read(name);
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            match definition["properties"].as_object() {
                Some(properties) => shape(name, properties, &mut shapes),
                None => panic!("{name}"),
            }
        }
    }
    for (shape, key, code) in UNLISTED.into_iter().chain(UNLISTED_SHAPES) {
        shapes.entry(shape.to_owned()).or_default().entry(key.to_owned()).or_insert(code.to_owned());
    }
    let known = kinds(&read(SCHEMAS[newest]));
    let next = kinds(&read(SCHEMAS[0]));
    let numbers: BTreeMap<&str, usize> = shapes.keys().enumerate().map(|(i, k)| (k.as_str(), i)).collect();
    let mut out = String::new();
    for (name, number) in &numbers {
        if *name == "v1alpha1.Config" {
            out.push_str(&format!("kind - {number}\n"));
        }
    }
    for (kind, shape) in &known {
        out.push_str(&format!("kind {kind} {}\n", numbers[shape.as_str()]));
    }
    for kind in next.keys().filter(|k| !known.contains_key(*k)) {
        out.push_str(&format!("next {kind}\n"));
    }
    for fields in shapes.values() {
        out.push_str("shape");
        for (key, code) in fields {
            let code = match code.split_once('@') {
                Some((prefix, name)) => format!("{prefix}@{}", numbers[name]),
                None => code.clone(),
            };
            out.push_str(&format!(" {key}={code}"));
        }
        out.push('\n');
    }
    out
}

/// A table read back: kinds with their shapes.
struct Table {
    kinds: BTreeMap<String, usize>,
    shapes: Vec<BTreeMap<String, String>>,
}

fn read_back(text: &str) -> Table {
    let mut table = Table { kinds: BTreeMap::new(), shapes: Vec::new() };
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[0] {
            "kind" => {
                table.kinds.insert(words[1].to_owned(), words[2].parse().unwrap());
            }
            "shape" => {
                let fields = words[1..].iter().filter_map(|w| w.split_once('='));
                table.shapes.push(fields.map(|(k, c)| (k.to_owned(), c.to_owned())).collect());
            }
            _ => {}
        }
    }
    table
}

/// What the made table has and the embedded one has not, or has otherwise, by path.
fn missing(made: &Table, embedded: &Table) -> Vec<String> {
    let mut out = Vec::new();
    let mut left: Vec<(String, usize, usize)> = Vec::new();
    let mut seen = BTreeSet::new();
    for (kind, shape) in &made.kinds {
        match embedded.kinds.get(kind) {
            Some(other) => left.push((kind.clone(), *shape, *other)),
            None => out.push(kind.clone()),
        }
    }
    while let Some((path, ours, theirs)) = left.pop() {
        if !seen.insert((ours, theirs)) {
            continue;
        }
        for (key, code) in &made.shapes[ours] {
            let at = format!("{path}.{key}");
            let Some(other) = embedded.shapes[theirs].get(key) else {
                out.push(at);
                continue;
            };
            let parts = |code: &str| code.split_once('@').map(|(p, n)| (p.to_owned(), n.parse().unwrap()));
            match (parts(code), parts(other)) {
                (Some((a, ours)), Some((b, theirs))) if a == b => left.push((at, ours, theirs)),
                // A shape that the library reads as a whole is a form or anything there, and the reverse.
                (Some(_), None) | (None, Some(_)) => {}
                (Some(_), Some(_)) => out.push(format!("{at}: {code} is {other}")),
                (None, None) => {
                    let brackets = |c: &str| (c.starts_with("[]"), c.starts_with("{}"));
                    if brackets(code) != brackets(other) && other != "*" && code != "*" {
                        out.push(format!("{at}: {code} is {other}"));
                    }
                }
            }
        }
    }
    out.sort();
    out
}

/// Every kind and key that a schema lists, by path: `-.machine.install.disk`, `BondConfig.name`.
fn paths(schema: &Json) -> BTreeSet<String> {
    fn below(path: &str, node: &Json, defs: &Json, out: &mut BTreeSet<String>) {
        let node = match node["$ref"].as_str() {
            Some(reference) => &defs[reference.rsplit('/').next().unwrap()],
            None => node,
        };
        for (key, value) in node["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            below(&path, value, defs, out);
            out.insert(path);
        }
        below_if(path, &node["items"], defs, out);
        let free = node["patternProperties"].as_object().into_iter().flatten().map(|(_, value)| value);
        for value in free.chain([&node["additionalProperties"]]) {
            below_if(&format!("{path}.*"), value, defs, out);
        }
        for one in node["oneOf"].as_array().into_iter().flatten() {
            below(path, one, defs, out);
        }
    }
    fn below_if(path: &str, node: &Json, defs: &Json, out: &mut BTreeSet<String>) {
        if node.is_object() {
            below(path, node, defs, out);
        }
    }
    let mut out = BTreeSet::new();
    let classic = ("-".to_owned(), "v1alpha1.Config".to_owned());
    for (kind, shape) in kinds(schema).into_iter().chain([classic]) {
        let kind = kind.split('/').next().unwrap().to_owned();
        below(&kind, &schema["$defs"][&shape], &schema["$defs"], &mut out);
        out.insert(kind);
    }
    out
}

/// What came with which minor version, as the schemas tell: the embedded table line by line.
#[test]
fn contract_talos_since() {
    const SUITE: &str = "talos (what came when)";
    let Some(folder) = present(SUITE, "talos") else { return };
    if SCHEMAS.iter().any(|name| !folder.join(name).exists()) {
        println!("{SUITE}: absent (other versions)");
        return;
    }
    let mut known = BTreeSet::new();
    let mut lines = Vec::new();
    for name in SCHEMAS.iter().rev() {
        let schema = serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap();
        let listed = paths(&schema);
        let minor = name
            .strip_prefix("config.schema.v")
            .unwrap()
            .splitn(3, '.')
            .take(2)
            .collect::<Vec<_>>()
            .join(".");
        let new: BTreeSet<&String> = listed.difference(&known).collect();
        let below_another =
            |path: &str| path.rsplit_once('.').is_some_and(|(above, _)| new.contains(&above.to_owned()));
        if !known.is_empty() {
            lines
                .extend(new.iter().filter(|path| !below_another(path)).map(|path| format!("{minor} {path}")));
        }
        known.extend(listed);
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/template/talos/since.txt");
    let embedded: Vec<String> = std::fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(lines, embedded, "{SUITE}: the table is not what the schemas tell");
    println!("{SUITE}: {0}/{0}, skipped 0", lines.len());
}

#[test]
fn contract_talos_table() {
    const SUITE: &str = "talos (embedded tables)";
    let Some(folder) = present(SUITE, "talos") else { return };
    if SCHEMAS.iter().any(|name| !folder.join(name).exists()) {
        println!("{SUITE}: absent (other versions)");
        return;
    }
    let mut keys = 0;
    for (name, newest) in TABLES {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/template/talos").join(name);
        let made = read_back(&table(&folder, newest));
        let embedded = read_back(&std::fs::read_to_string(&file).unwrap());
        let mut missing = missing(&made, &embedded);
        missing.retain(|m| !OTHERWISE.iter().any(|o| m.split(": ").next() == Some(o)));
        assert!(missing.is_empty(), "{SUITE}: `{name}` lacks what the schemas list: {missing:#?}");
        keys += made.shapes.iter().map(BTreeMap::len).sum::<usize>();
    }
    println!("{SUITE}: {0}/{0}, skipped 0 ({keys} keys)", TABLES.len());
}
