//! `desired`: what the files ask for, with the YAML inside them as values.

use super::{list, map, maybe, texts};
use crate::diff::{covered, documents};
use crate::graph::edges::class_of_set;
use crate::plan::{Desired, DesiredCluster, DesiredResource, Prune, Wanted, facts};
use crate::policy::cel::{Field, Of, Shape};
use crate::resource::Resource;
use crate::spec::{Container, Provider, Spec};
use crate::value::Value;

/// `desired`
pub static DESIRED: Shape = Shape {
    name: "desired",
    fields: &[
        Field { name: "omni", of: Of::Maybe(&Of::Shape(&OMNI)), about: "section `omni` of the spec" },
        Field { name: "proxmox", of: Of::List(&Of::Shape(&PROXMOX)), about: "Proxmox clusters of the spec" },
        Field {
            name: "providers",
            of: Of::List(&Of::Shape(&PROVIDER)),
            about: "infrastructure providers of the spec",
        },
        Field { name: "classes", of: Of::List(&Of::Shape(&CLASS)), about: "machine classes" },
        Field {
            name: "clusters",
            of: Of::List(&Of::Shape(&CLUSTER)),
            about: "cluster templates, as they are rendered",
        },
    ],
};

static OMNI: Shape = Shape {
    name: "omni",
    fields: &[
        Field { name: "endpoint", of: Of::Text, about: "`https://…`" },
        Field { name: "lan_address", of: Of::Maybe(&Of::Text), about: "what machines must resolve it to" },
    ],
};

static PROXMOX: Shape = Shape {
    name: "proxmox cluster",
    fields: &[
        Field { name: "name", of: Of::Text, about: "its name in the spec" },
        Field { name: "endpoints", of: Of::List(&Of::Text), about: "`https://host:port`, tried in order" },
        Field { name: "nodes", of: Of::List(&Of::Text), about: "nodes by name" },
        Field { name: "dns", of: Of::List(&Of::Text), about: "resolvers that the nodes must use" },
    ],
};

static PROVIDER: Shape = Shape {
    name: "provider",
    fields: &[
        Field { name: "name", of: Of::Text, about: "its id, case-sensitive" },
        Field { name: "address", of: Of::Text, about: "`provider/NAME`" },
        Field { name: "proxmox", of: Of::Maybe(&Of::Text), about: "Proxmox cluster that it provisions on" },
        Field { name: "container", of: Of::Maybe(&Of::Shape(&CONTAINER)), about: "its container" },
        Field { name: "files", of: Of::Truth, about: "whether its files are in the repository" },
    ],
};

static CONTAINER: Shape = Shape {
    name: "container",
    fields: &[
        Field { name: "node", of: Of::Text, about: "node that it runs on" },
        Field { name: "vmid", of: Of::Whole, about: "its id in the Proxmox cluster" },
        Field { name: "hostname", of: Of::Maybe(&Of::Text), about: "host name" },
        Field { name: "address", of: Of::Maybe(&Of::Text), about: "address with prefix length" },
        Field { name: "gateway", of: Of::Maybe(&Of::Text), about: "gateway" },
        Field { name: "cores", of: Of::Maybe(&Of::Whole), about: "CPU cores" },
        Field { name: "memory_mb", of: Of::Maybe(&Of::Whole), about: "memory in MiB" },
        Field { name: "disk_gb", of: Of::Maybe(&Of::Whole), about: "root disk in GiB" },
        Field { name: "bridge", of: Of::Maybe(&Of::Text), about: "bridge of its network card" },
    ],
};

static CLASS: Shape = Shape {
    name: "class",
    fields: &[
        Field { name: "name", of: Of::Text, about: "its id" },
        Field { name: "address", of: Of::Text, about: "`class/NAME`" },
        Field {
            name: "provider",
            of: Of::Maybe(&Of::Text),
            about: "provider that makes its machines; null for a class that selects machines",
        },
        Field {
            name: "provider_data",
            of: Of::Map(&Of::Any),
            about: "what the provider is asked for, as the file has it: `cores`, `memory`, `storage_selector`, …",
        },
        Field { name: "match_labels", of: Of::List(&Of::Text), about: "labels by which it selects machines" },
        Field {
            name: "used_by",
            of: Of::List(&Of::Text),
            about: "addresses of the machine sets that draw from it",
        },
    ],
};

static CLUSTER: Shape = Shape {
    name: "cluster",
    fields: &[
        Field { name: "name", of: Of::Text, about: "its name" },
        Field { name: "address", of: Of::Text, about: "`cluster/NAME`" },
        Field { name: "labels", of: Of::Map(&Of::Text), about: "labels that people gave it" },
        Field { name: "kubernetes", of: Of::Shape(&VERSION), about: "Kubernetes version" },
        Field { name: "talos", of: Of::Shape(&VERSION), about: "Talos version" },
        Field {
            name: "cni",
            of: Of::Truth,
            about: "whether a CNI comes with Talos and the patches; without one nodes wait for yours",
        },
        Field {
            name: "prune",
            of: Of::Word(&["record", "template"]),
            about: "what happens to what the template no longer names",
        },
        Field { name: "control_planes", of: Of::Whole, about: "control planes asked for" },
        Field {
            name: "workers",
            of: Of::Whole,
            about: "workers asked for; sets that take every machine count as 0",
        },
        Field { name: "machine_sets", of: Of::List(&Of::Shape(&SET)), about: "control planes and workers" },
        Field { name: "extensions", of: Of::List(&Of::Text), about: "system extensions of all its machines" },
        Field {
            name: "patches",
            of: Of::List(&Of::Shape(&PATCH)),
            about: "machine configuration patches of every level",
        },
    ],
};

static VERSION: Shape = Shape {
    name: "version",
    fields: &[
        Field { name: "text", of: Of::Text, about: "without `v`" },
        Field { name: "major", of: Of::Whole, about: "first number" },
        Field { name: "minor", of: Of::Whole, about: "second number" },
        Field { name: "patch", of: Of::Whole, about: "third number" },
    ],
};

static SET: Shape = Shape {
    name: "machine set",
    fields: &[
        Field { name: "name", of: Of::Text, about: "`control-planes`, `workers`, or its own name" },
        Field { name: "address", of: Of::Text, about: "`cluster/NAME/machineset/NAME`" },
        Field { name: "control_plane", of: Of::Truth, about: "whether its machines are control planes" },
        Field {
            name: "class",
            of: Of::Maybe(&Of::Text),
            about: "class that it draws from; null for named machines",
        },
        Field {
            name: "machines",
            of: Of::Maybe(&Of::Whole),
            about: "machines asked for; null where it takes every machine of its class",
        },
        Field {
            name: "extensions",
            of: Of::List(&Of::Text),
            about: "system extensions of its machines alone",
        },
    ],
};

static PATCH: Shape = Shape {
    name: "patch",
    fields: &[
        Field { name: "name", of: Of::Text, about: "its name in the template, or its id" },
        Field { name: "address", of: Of::Text, about: "`cluster/NAME/patch/ID`" },
        Field {
            name: "level",
            of: Of::Word(&["cluster", "machine-set", "machine"]),
            about: "what it applies to",
        },
        Field { name: "of", of: Of::Maybe(&Of::Text), about: "id of that machine set or machine" },
        Field { name: "disabled", of: Of::Truth, about: "whether Omni leaves it out" },
        Field { name: "documents", of: Of::List(&Of::Any), about: "its YAML documents as values" },
    ],
};

/// The document.
pub(super) fn document(desired: &Desired, spec: Option<&Spec>) -> Value {
    let omni = spec.map(|s| {
        map([
            ("endpoint", s.omni.endpoint.as_str().into()),
            ("lan_address", maybe(s.omni.lan_address.as_deref())),
        ])
    });
    let proxmox = spec.into_iter().flat_map(|s| &s.proxmox).map(|(name, p)| {
        map([
            ("name", name.as_str().into()),
            ("endpoints", texts(&p.endpoints)),
            ("nodes", texts(&p.nodes)),
            ("dns", texts(&p.dns)),
        ])
    });
    let providers = desired.providers.iter().map(|p| {
        let written = spec.and_then(|s| s.providers.get(&p.id));
        map([
            ("name", p.id.as_str().into()),
            ("address", crate::address::Address::provider(&p.id).to_string().into()),
            ("proxmox", maybe(p.proxmox.as_deref())),
            ("container", maybe(written.and_then(|p: &Provider| p.container.as_ref()).map(container))),
            ("files", p.files.into()),
        ])
    });
    map([
        ("omni", maybe(omni)),
        ("proxmox", list(proxmox)),
        ("providers", list(providers)),
        ("classes", list(desired.classes.iter().map(|c| class(c, desired)))),
        ("clusters", list(desired.clusters.iter().map(cluster))),
    ])
}

fn container(c: &Container) -> Value {
    map([
        ("node", c.node.as_str().into()),
        ("vmid", c.vmid.into()),
        ("hostname", maybe(c.hostname.as_deref())),
        ("address", maybe(c.address.as_deref())),
        ("gateway", maybe(c.gateway.as_deref())),
        ("cores", maybe(c.cores)),
        ("memory_mb", maybe(c.memory_mb)),
        ("disk_gb", maybe(c.disk_gb)),
        ("bridge", maybe(c.bridge.as_deref())),
    ])
}

fn class(declared: &DesiredResource, desired: &Desired) -> Value {
    let spec = &declared.resource.spec;
    let text = |path: &[&str]| spec.at(path).and_then(Value::as_str);
    let data = text(&["auto_provision", "provider_data"]).and_then(documents).unwrap_or_default();
    let data = data.into_iter().next().filter(|d| d.as_map().is_some()).unwrap_or_else(Value::map);
    let name = declared.address.name();
    let sets = desired.clusters.iter().flat_map(|c| &c.resources);
    let used = sets
        .filter(|d| d.resource.id.short_kind() == "MachineSets" && class_of_set(&d.resource) == Some(name));
    let labels = spec.get("match_labels").cloned().filter(|l| l.as_list().is_some());
    map([
        ("name", name.into()),
        ("address", declared.address.to_string().into()),
        ("provider", maybe(text(&["auto_provision", "provider_id"]))),
        ("provider_data", covered(&data)),
        ("match_labels", labels.unwrap_or_else(|| list([]))),
        ("used_by", list(used.map(|d| d.address.to_string().into()))),
    ])
}

fn cluster(cluster: &DesiredCluster) -> Value {
    let facts = facts(cluster);
    let machines = |control_plane: bool| {
        let wanted =
            facts.sets.values().filter(|s| s.control_plane == control_plane).map(|s| match s.wanted {
                Wanted::Count(n) => i64::from(n),
                Wanted::Unlimited => 0,
            });
        Value::from(wanted.sum::<i64>())
    };
    let of_kind =
        |short: &'static str| cluster.resources.iter().filter(move |d| d.resource.id.short_kind() == short);
    let itself = of_kind("Clusters").next().map(|d| &d.resource);
    let sets = of_kind("MachineSets").map(|d| {
        let set = facts.sets.get(&d.resource.id.id);
        let machines = set.and_then(|s| match s.wanted {
            Wanted::Count(n) => Some(n),
            Wanted::Unlimited => None,
        });
        map([
            ("name", d.address.name().into()),
            ("address", d.address.to_string().into()),
            ("control_plane", set.is_some_and(|s| s.control_plane).into()),
            ("class", maybe(set.and_then(|s| s.class.as_deref()))),
            ("machines", maybe(machines)),
            ("extensions", extensions(cluster, Some(&d.resource.id.id))),
        ])
    });
    let labels = itself
        .into_iter()
        .flat_map(|r| &r.labels)
        .filter(|(k, _)| !k.starts_with(crate::resource::OMNI_PREFIX));
    map([
        ("name", cluster.name.as_str().into()),
        ("address", crate::address::Address::cluster(&cluster.name).to_string().into()),
        ("labels", Value::Map(labels.map(|(k, v)| (k.clone(), v.as_str().into())).collect())),
        ("kubernetes", version(&facts.kubernetes)),
        ("talos", version(&facts.talos)),
        ("cni", facts.cni.into()),
        (
            "prune",
            match cluster.prune {
                Prune::Record => "record",
                Prune::Template => "template",
            }
            .into(),
        ),
        ("control_planes", machines(true)),
        ("workers", machines(false)),
        ("machine_sets", list(sets)),
        ("extensions", extensions(cluster, None)),
        ("patches", list(of_kind("ConfigPatches").map(patch))),
    ])
}

/// System extensions of the whole cluster, or of one machine set.
fn extensions(cluster: &DesiredCluster, set: Option<&str>) -> Value {
    let all = cluster.resources.iter().map(|d| &d.resource).filter(|r| {
        r.id.short_kind() == "ExtensionsConfigurations"
            && r.omni_label("machine-set") == set
            && r.omni_label("cluster-machine").is_none()
    });
    list(all.filter_map(|r| r.spec.get("extensions")?.as_list()).flatten().cloned())
}

fn patch(declared: &DesiredResource) -> Value {
    let patch: &Resource = &declared.resource;
    let (level, of) = match (patch.omni_label("cluster-machine"), patch.omni_label("machine-set")) {
        (Some(machine), _) => ("machine", Some(machine)),
        (None, Some(set)) => ("machine-set", Some(set)),
        (None, None) => ("cluster", None),
    };
    let text = patch.spec.get("data").and_then(Value::as_str).unwrap_or_default();
    let name =
        patch.annotations.get("name").filter(|n| !n.is_empty()).map_or(patch.id.id.as_str(), String::as_str);
    map([
        ("name", name.into()),
        ("address", declared.address.to_string().into()),
        ("level", level.into()),
        ("of", maybe(of)),
        ("disabled", patch.labels.contains_key("omni.sidero.dev/disabled").into()),
        ("documents", list(documents(text).unwrap_or_default().iter().map(covered))),
    ])
}

/// `1.11.6`; a number that is not there is 0, as is one that is not written in digits.
fn version(text: &str) -> Value {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let mut numbers = core.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
    let mut next = || Value::from(numbers.next().unwrap_or(0));
    map([("text", text.into()), ("major", next()), ("minor", next()), ("patch", next())])
}
