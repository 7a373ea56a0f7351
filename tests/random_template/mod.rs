//! Random valid cluster templates: every model and field, odd texts, patches in all forms. The same seed gives the same template.
#![allow(clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use omni_scale::diag::{Sink, Sources};
use omni_scale::resource::{LiveResource, Phase, Resource};
use omni_scale::template::{Dialect, FileMap, Loaded, load};
use omni_scale::value::Value;
use omni_scale::yaml::{self, Limits, Out};

/// A template and the files that it names.
#[derive(Clone, Debug)]
pub struct RandomTemplate {
    /// Name of the cluster.
    pub cluster: String,
    /// The template.
    pub text: String,
    /// Content by path beside the template.
    pub files: BTreeMap<String, String>,
    /// Machine classes that it names.
    pub classes: BTreeSet<String>,
}

impl RandomTemplate {
    /// The template of a seed.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let cluster = dice.cluster_name();
        Making { dice, cluster, files: BTreeMap::new(), classes: BTreeSet::new(), made: 0 }.template()
    }

    /// Loads it, which never fails.
    pub fn load(&self) -> Loaded {
        let files = self.files.iter().map(|(p, t)| (p.clone(), Ok(t.clone().into_bytes()))).collect();
        loaded(&self.text, FileMap { template_dir: ".".into(), allowed_dir: ".".into(), files })
    }
}

/// Loads a template that is valid.
pub fn loaded(text: &str, files: FileMap) -> Loaded {
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let source = sources.add("t.yaml", text);
    let documents = yaml::parse(source, text, &Limits::default()).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
    let loaded = load(Dialect::V1_9, source, &documents, &files, &mut sources, &mut sink);
    assert!(!sink.has_errors(), "{:?}\n{text}", sink.all());
    loaded
}

/// A resource as a server gives it that took it as it is.
pub fn as_live(resource: &Resource) -> LiveResource {
    LiveResource {
        resource: resource.clone(),
        version: 1,
        phase: Phase::Running,
        owner: String::new(),
        finalizers: Vec::new(),
        created: "2026-01-01T00:00:00Z".into(),
        updated: "2026-01-01T00:00:00Z".into(),
    }
}

/// Texts that YAML, Go or a shell could take for something else.
const ODD: &[&str] = &[
    "",
    "yes",
    "off",
    "null",
    "~",
    "true",
    "1",
    "1.50",
    "0x1F",
    "017",
    "1_000",
    "1e3",
    ".inf",
    "2024-01-02",
    "12:30",
    "<<",
    "-",
    "?",
    ":",
    "a: b",
    "a #b",
    "#a",
    " a",
    "a ",
    "'",
    "\"",
    "a\"b'c",
    "\\",
    "%a",
    "@a",
    "`a`",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "[a]",
    "{a}",
    "a,b",
    "é",
    "日本",
    "😀",
    "a\tb",
    "---",
    "...",
    "=",
    "=a",
    "a\u{a0}b",
    "x.example.com/y",
    "-5",
    "+1",
    "0o17",
    "Off",
    "y",
    "n",
];

/// Texts of patches that are kept byte for byte.
const PATCHES: &[&str] = &[
    "machine:\n  sysctls:\n    a: b\n",
    "machine:\n  sysctls:\n    a: b",
    "machine: {sysctls: {a: b}}",
    "# a comment\nmachine:\n  sysctls: {a: b}  # another\n\n\n",
    "machine:\r\n  sysctls:\r\n    a: b\r\n",
    "machine:\n  sysctls:\n    a: b   \n",
    "machine:\n  sysctls:\n    a: b #\tc\n",
    "machine:\n  sysctls:\n    a: \"é∞😀\"\n",
    "\n\nmachine:\n  sysctls: {a: b}\n",
    "machine:\n    sysctls: {a: b}\n",
    "---\nmachine:\n  sysctls: {a: b}\n---\napiVersion: v1alpha1\nkind: KmsgLogConfig\nname: k\nurl: tcp://1.2.3.4:5\n",
    "cluster:\n  network:\n    cni: {name: none}\n",
    "machine:\n  files:\n    - content: |\n        x\n\n        y\n      permissions: 0o644\n      path: /var/x\n      op: create\n",
];

/// Texts of manifests and jobs: nobody reads them before Kubernetes.
const MANIFESTS: &[&str] = &[
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
    "x",
    "# nothing\n",
    "apiVersion: v1\r\nkind: ConfigMap\r\n",
    "a: b \n",
    "a\n b\n",
    "\ta",
    "\n  a\nb\n",
    "a\n\n\n",
    "data:\n  k: \"\\u00e9\"\n---\nkind: Secret\n",
];

/// Deterministic chance (splitmix64).
pub struct Dice(u64);

impl Dice {
    /// Of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// From 0 to `n - 1`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
    /// Once in `n` times.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
    fn shuffle<T>(&mut self, all: &mut [T]) {
        for i in (1..all.len()).rev() {
            all.swap(i, self.below(i + 1));
        }
    }
    /// A text of one line, often an odd one.
    fn text(&mut self) -> String {
        if self.once_in(2) {
            return self.pick(ODD).to_owned();
        }
        let n = self.below(12);
        (0..n).map(|_| char::from(b' ' + self.below(95) as u8)).collect()
    }
    fn filled_text(&mut self) -> String {
        let text = self.text();
        if text.is_empty() { "filled".to_owned() } else { text }
    }
    fn cluster_name(&mut self) -> String {
        if self.once_in(8) {
            return "Кластер_é-9".to_owned();
        }
        let n = 1 + self.below(10);
        (0..n).map(|_| char::from(self.pick(b"abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_"))).collect()
    }
    /// A machine id in one of its spellings.
    fn machine(&mut self) -> String {
        let hex = format!("{:016x}{:016x}", self.next(), self.next());
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        match self.below(8) {
            0 => hex,
            1 => format!("{{{parts}}}"),
            2 => format!("urn:uuid:{parts}"),
            3 => parts.to_uppercase(),
            _ => parts,
        }
    }
}

/// A mapping in the making; keys come in any order.
#[derive(Default)]
struct Map(Vec<(String, Out)>);

impl Map {
    fn put(&mut self, key: &str, value: Out) {
        self.0.push((key.to_owned(), value));
    }
    fn text(&mut self, key: &str, text: &str) {
        self.put(key, Out::from(text));
    }
    fn out(mut self, dice: &mut Dice) -> Out {
        dice.shuffle(&mut self.0);
        Out::Map(self.0)
    }
}

struct Making {
    dice: Dice,
    cluster: String,
    files: BTreeMap<String, String>,
    classes: BTreeSet<String>,
    /// Counts what must not be twice the same.
    made: usize,
}

impl Making {
    fn template(mut self) -> RandomTemplate {
        let mut documents = Vec::new();
        let sets = 1 + self.dice.below(4);
        let mut names = BTreeSet::from(["control-planes".to_owned()]);
        let with_classes = self.dice.once_in(2);
        let mut static_machines = Vec::new();
        for i in 0..sets {
            let control_plane = i == 0;
            let mut map = Map::default();
            map.text("kind", if control_plane { "ControlPlane" } else { "Workers" });
            if !control_plane {
                let name = if self.dice.once_in(3) { String::new() } else { self.dice.text() };
                let id = if name.is_empty() { "workers".to_owned() } else { name.clone() };
                if !names.insert(id) {
                    continue;
                }
                if !name.is_empty() || self.dice.once_in(4) {
                    map.text("name", &name);
                }
            }
            self.machine_set(&mut map, control_plane, with_classes, &mut static_machines);
            documents.push(map);
        }
        for (machine, control_plane) in static_machines {
            if self.dice.once_in(2) {
                let mut map = Map::default();
                self.machine(&mut map, &machine, control_plane);
                documents.push(map);
            }
        }
        let mut cluster = Map::default();
        self.cluster(&mut cluster, with_classes);
        documents.push(cluster);
        let mut texts: Vec<String> =
            documents.into_iter().map(|map| yaml::write(&map.out(&mut self.dice), 2)).collect();
        self.dice.shuffle(&mut texts);
        let Self { cluster, files, classes, .. } = self;
        RandomTemplate { cluster, text: texts.join("---\n"), files, classes }
    }

    fn number(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    fn cluster(&mut self, map: &mut Map, with_classes: bool) {
        map.text("kind", "Cluster");
        map.text("name", &self.cluster.clone());
        self.descriptors(map);
        let mut kubernetes = Map::default();
        kubernetes
            .text("version", self.dice.pick(&["v1.34.3", "1.33.0", "1.34", "v01.036", "v1.35.0-beta.0"]));
        let manifests = self.list(Self::manifest);
        kubernetes.0.extend(manifests.map(|l| ("manifests".to_owned(), l)));
        let checks = self.list(Self::health_check);
        kubernetes.0.extend(checks.map(|l| ("healthchecks".to_owned(), l)));
        map.put("kubernetes", kubernetes.out(&mut self.dice));
        let mut talos = Map::default();
        talos.text("version", self.dice.pick(&["v1.11.6", "v1.12.0-alpha.1", "v1.10"]));
        map.put("talos", talos.out(&mut self.dice));
        if self.dice.once_in(2) {
            let mut features = Map::default();
            for feature in ["diskEncryption", "enableWorkloadProxy", "useEmbeddedDiscoveryService"] {
                if self.dice.once_in(2) {
                    features.put(feature, Out::Scalar(self.dice.once_in(2).into()));
                }
            }
            if self.dice.once_in(2) {
                let interval =
                    self.dice.pick(&["1h", "90s", "24h0m0.5s", "1ms", "0s", "-5m", "1h30m", "1.5us", "7ns"]);
                let mut backup = Map::default();
                backup.text("interval", interval);
                features.put("backupConfiguration", backup.out(&mut self.dice));
            }
            map.put("features", features.out(&mut self.dice));
        }
        self.patches(map);
        self.optional_list(map, "systemExtensions");
        if !with_classes {
            self.optional_list(map, "kernelArgs");
        }
    }

    fn machine_set(
        &mut self,
        map: &mut Map,
        control_plane: bool,
        with_classes: bool,
        machines: &mut Vec<(String, bool)>,
    ) {
        self.descriptors(map);
        if with_classes && self.dice.once_in(2) {
            let name = format!("class-{}", self.dice.below(3));
            let mut class = Map::default();
            class.text("name", &name);
            self.classes.insert(name);
            match self.dice.below(4) {
                0 => class.text("size", self.dice.pick(&["unlimited", "Unlimited", "infinity", "∞"])),
                1 => {}
                _ => class.put("size", Out::Scalar(Value::Int(self.dice.below(9) as i128))),
            }
            map.put("machineClass", class.out(&mut self.dice));
        } else {
            let ids: Vec<String> = (0..self.dice.below(4)).map(|_| self.dice.machine()).collect();
            if !ids.is_empty() || self.dice.once_in(2) {
                map.put("machines", Out::List(ids.iter().map(|m| Out::from(m.as_str())).collect()));
            }
            machines.extend(ids.into_iter().map(|m| (m, control_plane)));
            self.optional_list(map, "kernelArgs");
        }
        if control_plane && self.dice.once_in(3) {
            let mut bootstrap = Map::default();
            let uuid = self.dice.filled_text();
            bootstrap.text("clusterUUID", &uuid);
            let snapshot = self.dice.filled_text();
            bootstrap.text("snapshot", &snapshot);
            map.put("bootstrapSpec", bootstrap.out(&mut self.dice));
        }
        for field in ["updateStrategy", "deleteStrategy", "upgradeStrategy"] {
            if (!control_plane || field == "upgradeStrategy") && self.dice.once_in(2) {
                let mut strategy = Map::default();
                if self.dice.once_in(2) {
                    strategy.text("type", self.dice.pick(&["Unset", "Rolling"]));
                }
                if self.dice.once_in(2) {
                    let mut rolling = Map::default();
                    if self.dice.once_in(2) {
                        rolling.put("maxParallelism", Out::Scalar(Value::Int(self.dice.below(5) as i128)));
                    }
                    strategy.put("rolling", rolling.out(&mut self.dice));
                }
                map.put(field, strategy.out(&mut self.dice));
            }
        }
        self.patches(map);
        self.optional_list(map, "systemExtensions");
    }

    fn machine(&mut self, map: &mut Map, id: &str, control_plane: bool) {
        map.text("kind", "Machine");
        map.text("name", id);
        self.descriptors(map);
        if self.dice.once_in(2) {
            map.put("locked", Out::Scalar((!control_plane && self.dice.once_in(2)).into()));
        }
        if self.dice.once_in(2) {
            let disk = if self.dice.once_in(2) { "/dev/sda".to_owned() } else { self.dice.text() };
            let mut install = Map::default();
            install.text("disk", &disk);
            map.put("install", install.out(&mut self.dice));
        }
        self.patches(map);
        self.optional_list(map, "systemExtensions");
        self.optional_list(map, "kernelArgs");
    }

    fn descriptors(&mut self, map: &mut Map) {
        for field in ["labels", "annotations"] {
            if self.dice.once_in(3) {
                let entries = self.texts_by_name();
                map.put(field, entries);
            }
        }
    }

    fn texts_by_name(&mut self) -> Out {
        let mut entries = BTreeMap::new();
        for _ in 0..self.dice.below(4) {
            let key = self.dice.filled_text();
            let value = if self.dice.once_in(8) { "two\nlines\n".to_owned() } else { self.dice.text() };
            // Patches and manifests have their names there; replacing one is done on purpose elsewhere.
            if key != "name" {
                entries.insert(key, Value::from(value));
            }
        }
        Out::from(Value::Map(entries))
    }

    /// Unset, empty or a list, doubles included.
    fn optional_list(&mut self, map: &mut Map, key: &str) {
        if self.dice.once_in(3) {
            let items = (0..self.dice.below(4)).map(|_| {
                if self.dice.once_in(2) {
                    Out::from("siderolabs/iscsi-tools")
                } else {
                    Out::from(self.dice.text().as_str())
                }
            });
            let items = items.collect();
            map.put(key, Out::List(items));
        }
    }

    fn list(&mut self, mut one: impl FnMut(&mut Self) -> Out) -> Option<Out> {
        if self.dice.once_in(2) {
            return None;
        }
        let n = self.dice.below(4);
        Some(Out::List((0..n).map(|_| one(self)).collect()))
    }

    fn patches(&mut self, map: &mut Map) {
        let patches = self.list(Self::patch);
        map.0.extend(patches.map(|list| ("patches".to_owned(), list)));
    }

    fn patch(&mut self) -> Out {
        let mut map = Map::default();
        self.descriptors(&mut map);
        let number = self.number();
        let with_id = self.dice.once_in(3);
        if with_id {
            let id = format!("{number}{}", self.dice.text());
            map.text("idOverride", &id);
        }
        let file = self.dice.once_in(3);
        if !(with_id || file) || self.dice.once_in(2) {
            let name = self.dice.filled_text();
            map.text("name", &name);
        }
        if self.dice.once_in(6) {
            map.0.retain(|(key, _)| key != "annotations");
            let name = self.dice.text();
            map.put("annotations", Out::Map(vec![("name".to_owned(), Out::from(name.as_str()))]));
        }
        self.content(&mut map, "inline", file, PATCHES, |making| {
            let (key, value) = (making.dice.filled_text(), making.dice.text());
            let entry = |k: &str, v: Value| Value::Map(BTreeMap::from([(k.to_owned(), v)]));
            Out::from(entry("machine", entry("sysctls", entry(&key, value.into()))))
        });
        map.out(&mut self.dice)
    }

    fn manifest(&mut self) -> Out {
        let mut map = Map::default();
        self.descriptors(&mut map);
        let number = self.number();
        let name = format!("{}{number}", self.dice.text());
        map.text("name", &name);
        map.text("mode", self.dice.pick(&["full", "one-time"]));
        if self.dice.once_in(4) {
            map.0.retain(|(key, _)| key != "annotations");
            let name = format!("instead-{number}");
            map.put("annotations", Out::Map(vec![("name".to_owned(), Out::from(name.as_str()))]));
        }
        let file = self.dice.once_in(3);
        self.content(&mut map, "inline", file, MANIFESTS, Self::object);
        map.out(&mut self.dice)
    }

    fn health_check(&mut self) -> Out {
        let mut map = Map::default();
        self.descriptors(&mut map);
        let number = self.number();
        let text = self.dice.text();
        match self.dice.below(3) {
            0 => map.text("name", &format!("{text}{number}")),
            1 => map.text("idOverride", &format!("{number}{text}")),
            _ => {
                map.text("name", &text);
                map.text("idOverride", &format!("cluster-{}-{text}{number}", self.cluster));
            }
        }
        if self.dice.once_in(2) {
            map.text("interval", self.dice.pick(&["30s", "1m0.25s", "0s", "2h"]));
        }
        let file = self.dice.once_in(3);
        self.content(&mut map, "job", file, MANIFESTS, Self::object);
        map.out(&mut self.dice)
    }

    fn object(&mut self) -> Out {
        let (key, value) = (self.dice.filled_text(), self.dice.text());
        Out::from(Value::Map(BTreeMap::from([
            ("kind".to_owned(), Value::from("ConfigMap")),
            ("data".to_owned(), Value::Map(BTreeMap::from([(key, Value::from(value))]))),
        ])))
    }

    /// A file, a text, a mapping or a list of one.
    fn content(&mut self, map: &mut Map, key: &str, file: bool, texts: &[&str], tree: fn(&mut Self) -> Out) {
        let text = self.dice.pick(texts);
        if file {
            let path = format!("{}files/{}.yaml", self.dice.pick(&["", "./", "a b/../"]), self.number());
            let resolved = omni_scale::template::join(".", &path);
            self.files.insert(resolved, text.to_owned());
            map.text("file", &path);
            return;
        }
        match self.dice.below(4) {
            // Go's encoder would write a block that does not read back.
            0 | 1 if text.starts_with(['\n', '\t']) => map.put(key, Out::Quoted(text.to_owned())),
            0 | 1 => map.text(key, text),
            2 => {
                let tree = tree(self);
                map.put(key, tree);
            }
            _ => {
                let tree = tree(self);
                map.put(key, Out::List(vec![tree]));
            }
        }
    }
}
