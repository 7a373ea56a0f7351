//! Keys and types of one document against its shape.

use super::forms::Form;
use super::shapes::{Shape, Type, table};
use crate::diag::{Diagnostic, SourceId, Span, closest, codes};
use crate::kinds::DurationSpan;
use crate::template::dialect::Dialect;
use crate::template::patch::Part;
use crate::template::validate::Rules;
use crate::untrusted::Untrusted;
use crate::yaml::{self, Node, NodeKind};

pub(super) fn check(rules: &mut Rules<'_>, part: &Part, root: &Node, shape: &Shape) {
    let mut walk = Walk { rules, source: part.source, merges: &part.merges, path: Vec::new() };
    walk.mapping(root, shape);
}

/// omnictl's words for a value that no argument can have.
const ARGUMENT: &str = "arg value must be a string or list of strings";

struct Walk<'a, 'r> {
    rules: &'a mut Rules<'r>,
    source: SourceId,
    /// Merge keys, which were resolved.
    merges: &'a [Span],
    path: Vec<String>,
}

impl Walk<'_, '_> {
    fn mapping(&mut self, node: &Node, shape: &Shape) {
        let NodeKind::Map(pairs) = &node.kind else {
            self.wrong(node, "a mapping", "struct");
            return;
        };
        for (key, value) in pairs {
            let text = key.text().unwrap_or_default();
            self.path.push(Untrusted::new(text).line(60));
            match shape.get(text) {
                Some(wanted) => self.value(value, wanted),
                None => self.unknown(key, shape),
            }
            self.path.pop();
        }
        for merge in self.merges_of(node, pairs) {
            self.merge(merge);
        }
    }

    /// The merge keys of one mapping.
    fn merges_of(&self, node: &Node, pairs: &[(Node, Node)]) -> Vec<Span> {
        let within = |outer: Span, inner: Span| outer.start <= inner.start && inner.end <= outer.end;
        let deeper = |merge: Span| pairs.iter().any(|(_, value)| within(value.span, merge));
        self.merges.iter().copied().filter(|m| within(node.span, *m) && !deeper(*m)).collect()
    }

    /// Talos reads merge keys, and then finds that it knows no field of this name.
    fn merge(&mut self, merge: Span) {
        let path: String = self.path.iter().flat_map(|part| [part.as_str(), "."]).collect();
        self.rules.sink.push(
            Diagnostic::error(codes::TALOS_KEY, "Talos machine configuration has no merge keys here")
                .at(self.source, merge, "a merge key")
                .note(format!("omnictl: unknown keys found during decoding: {path}<<"))
                .help("write the keys out; in `inline` mappings merge keys are resolved before"),
        );
    }

    /// Whether what a merge key brings is an alias. Where keys are free, Talos lets only aliases pass.
    fn brings_alias(&self, merge: Span) -> bool {
        let text = self.rules.sources.get(self.source).map(|s| s.text.as_str()).unwrap_or_default();
        let rest = text.get(merge.end..).unwrap_or_default().trim_start();
        rest.strip_prefix(':').is_some_and(|rest| rest.trim_start().starts_with('*'))
    }

    /// Null counts as absent everywhere.
    fn value(&mut self, node: &Node, wanted: &Type) {
        if yaml::is_null(node) {
            return;
        }
        let scalar = node.text();
        match (wanted, &node.kind) {
            (Type::Any, _) => {}
            (Type::Text, _) if scalar.is_some() => {
                self.date(node, "cannot construct !!timestamp into string");
            }
            (Type::Text, _) => self.wrong(node, "text", "string"),
            (Type::Bool, _) if yaml::as_bool(node).is_ok() => {}
            (Type::Bool, _) => self.wrong(node, "`true` or `false`", "bool"),
            (Type::Int(min, max), _) => self.whole(node, *min, *max),
            (Type::Duration, _) if duration(node) => {}
            (Type::Duration, _) => self.wrong(node, "a duration such as `1h30m`", "time.Duration"),
            (Type::Words(words), _) => {
                if !scalar.is_some_and(|text| words.split('|').any(|word| word.eq_ignore_ascii_case(text))) {
                    self.unfit(node, &one_of(words));
                }
            }
            (Type::Form(Form::Ports), _) if matches!(yaml::as_u32(node), Ok(Some(0..=65535))) => {}
            (Type::Form(form), _) if scalar.is_some_and(|text| form.fits(text)) => {}
            (Type::Form(form), _) => self.unfit(node, form.wanted()),
            // Newer versions take lists; the library of Omni 1.9.3 decodes them, and then stumbles over them.
            (Type::Argument, NodeKind::Seq(items)) if self.rules.dialect > Dialect::V1_9 => {
                for item in items {
                    match item.kind {
                        NodeKind::Scalar { .. } => self.date(item, ARGUMENT),
                        _ => self.value(item, &Type::Text),
                    }
                }
            }
            (Type::Argument, _) if scalar.is_some() => self.date(node, ARGUMENT),
            (Type::Argument, NodeKind::Seq(_)) => {
                self.refuse(node, "text", "unexpected type for yaml sequence", "a list");
            }
            (Type::Argument, _) => self.refuse(node, "text", ARGUMENT, yaml::describe(node)),
            (Type::List(inner), NodeKind::Seq(items)) => {
                for (i, item) in items.iter().enumerate() {
                    self.path.push(i.to_string());
                    self.value(item, inner);
                    self.path.pop();
                }
            }
            (Type::List(_), _) => self.wrong(node, "a list", "[]"),
            (Type::Map(inner), NodeKind::Map(pairs)) => {
                for merge in self.merges_of(node, pairs) {
                    if !self.brings_alias(merge) {
                        self.merge(merge);
                    }
                }
                // Go passes over a key that is null, and over its value.
                for (key, value) in pairs.iter().filter(|(key, _)| !yaml::is_null(key)) {
                    self.path.push(Untrusted::new(key.text().unwrap_or_default()).line(60));
                    self.value(value, inner);
                    self.path.pop();
                }
            }
            (Type::Map(_), _) => self.wrong(node, "a mapping", "map[string]string"),
            (Type::Shape(number), _) => {
                if let Some(shape) = table(self.rules.dialect).shape(*number) {
                    self.mapping(node, shape);
                }
            }
        }
    }

    fn whole(&mut self, node: &Node, min: i128, max: i128) {
        if yaml::as_integer(node, min, max).is_err() {
            match yaml::as_integer(node, i128::MIN, i128::MAX) {
                Ok(_) => self.unfit(node, &format!("a whole number from {min} to {max}")),
                Err(_) => self.wrong(node, "a whole number", "int"),
            }
        }
    }

    /// From Omni 1.10 on a date without quotes is no text; the warning before helps over the upgrade.
    fn date(&mut self, node: &Node, omnictl: &str) {
        if !matches!(yaml::resolve(node), yaml::Scalar::Timestamp(_)) {
            return;
        }
        let message = format!("`{}` takes text, not a date", self.path.join("."));
        let problem = if self.rules.dialect.refuses_dates_as_text() {
            Diagnostic::error(codes::TALOS_TYPE, message)
        } else {
            Diagnostic::warning(codes::PATCH_FORBIDDEN_SOON, message).note(format!(
                "{} lets it pass, {} and newer refuse it",
                self.rules.dialect,
                Dialect::V1_10
            ))
        };
        self.rules.sink.push(
            problem
                .at(self.source, node.span, "this is a date")
                .note(format!("omnictl: {omnictl}"))
                .help("put it in quotes"),
        );
    }

    fn unknown(&mut self, key: &Node, shape: &Shape) {
        let path = self.path.join(".");
        let name = self.path.last().cloned().unwrap_or_default();
        let mut problem =
            Diagnostic::error(codes::TALOS_KEY, format!("Talos machine configuration has no key `{path}`"))
                .at(self.source, key.span, "unknown key")
                .note(format!("omnictl: unknown keys found during decoding: {path}"));
        if let Some(near) = closest(&name, shape.keys().copied()) {
            problem = problem.help(format!("did you mean `{near}`?"));
        } else if !shape.is_empty() && shape.len() <= 16 {
            let keys: Vec<&str> = shape.keys().copied().collect();
            problem = problem.help(format!("keys here: {}", keys.join(", ")));
        }
        self.rules.sink.push(problem);
    }

    fn wrong(&mut self, node: &Node, wanted: &str, go: &str) {
        self.refuse(node, wanted, go, yaml::describe(node));
    }

    /// A value of the right type that the field cannot take; what it is stays unsaid, it may be a secret.
    fn unfit(&mut self, node: &Node, wanted: &str) {
        let found = if node.text().is_some() { "this value" } else { yaml::describe(node) };
        self.refuse(node, wanted, wanted, found);
    }

    fn refuse(&mut self, node: &Node, wanted: &str, go: &str, found: &str) {
        let tag = match node.kind {
            NodeKind::Seq(_) => "!!seq",
            NodeKind::Map(_) => "!!map",
            NodeKind::Scalar { .. } => "!!str",
        };
        let path = if self.path.is_empty() {
            "the document".to_owned()
        } else {
            format!("`{}`", self.path.join("."))
        };
        self.rules.sink.push(
            Diagnostic::error(codes::TALOS_TYPE, format!("{path} takes {wanted}, not {found}"))
                .at(
                    self.source,
                    node.span,
                    if found == "this value" { "this one".to_owned() } else { format!("this is {found}") },
                )
                .note(if go == ARGUMENT || go.starts_with("unexpected") {
                    format!("omnictl: {go}")
                } else {
                    format!("omnictl: cannot construct {tag} into {go}")
                }),
        );
    }
}

/// A text with units, or a bare `0`.
fn duration(node: &Node) -> bool {
    match yaml::resolve(node) {
        yaml::Scalar::Str => node.text().is_some_and(|text| DurationSpan::from_go(text).is_some()),
        yaml::Scalar::Int(0) => true,
        _ => false,
    }
}

fn one_of(words: &str) -> String {
    let words: Vec<String> = words.split('|').filter(|w| !w.is_empty()).map(|w| format!("`{w}`")).collect();
    format!("one of {}", words.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::template::tests::loaded;

    fn judged(inline: &str) -> Vec<String> {
        let text = format!(
            "kind: Cluster\nname: c\nkubernetes: {{version: v1.34.3}}\ntalos: {{version: v1.14.0}}\n\
             patches: [{{name: p, inline: {inline}}}]\n---\nkind: ControlPlane\n"
        );
        let (_, _, sink) = loaded(&text);
        sink.all().iter().map(|d| format!("{} {}", d.code.0, d.message)).collect()
    }

    #[test]
    fn what_people_write_passes() {
        for inline in [
            "{machine: {network: {interfaces: [{deviceSelector: {physical: true}, dhcp: true, vip: {ip: 1.2.3.4}}]}}}",
            "{machine: {kubelet: {extraArgs: {v: 4, feature-gates: A=true}, extraConfig: {a: {b: [c]}}}}}",
            "{machine: {files: [{content: x, permissions: 0o644, path: /a, op: create}]}}",
            "{machine: {registries: {mirrors: {docker.io: {endpoints: ['https://x']}}}}}",
            "{machine: {sysctls: {net.ipv4.ip_forward: 1}, nodeLabels: {a: ~}, install: {disk: /dev/sda, wipe: no}}}",
            "{machine: {disks: [{device: /dev/sdb, partitions: [{mountpoint: /a}]}], time: {disabled: true}}}",
            "{machine: {features: {kubePrism: {enabled: true, port: 7445}, hostDNS: {enabled: on}}}, persist: true}",
            "{cluster: {network: {cni: {name: none}}, proxy: {disabled: true}, allowSchedulingOnControlPlanes: true}}",
            "{cluster: {inlineManifests: [{name: a, contents: b}], extraManifests: ['https://x'], discovery: ~}}",
            "{machine: {network: {kubespan: {enabled: true}}, kernel: {modules: [{name: br_netfilter}]}}}",
            "{apiVersion: v1alpha1, kind: VolumeConfig, name: EPHEMERAL, provisioning: {maxSize: 10GB}}",
        ] {
            assert_eq!(judged(inline), Vec::<String>::new(), "{inline}");
        }
    }

    #[test]
    fn keys_and_types_that_talos_refuses() {
        for (inline, wanted) in [
            ("{machine: {sysctl: {a: b}}}", "182 Talos machine configuration has no key `machine.sysctl`"),
            ("{machine: {sysctls: [a]}}", "183 `machine.sysctls` takes a mapping, not a list"),
            ("{machine: {certSANs: x}}", "183 `machine.certSANs` takes a list, not text"),
            (
                "{cluster: {proxy: {disabled: maybe}}}",
                "183 `cluster.proxy.disabled` takes `true` or `false`, not text",
            ),
            ("{machine: text}", "183 `machine` takes a mapping, not text"),
            (
                "{machine: {features: {kubePrism: {port: '7445'}}}}",
                "183 `machine.features.kubePrism.port` takes a whole number, not text",
            ),
            (
                "{cluster: {apiServer: {extraArgs: {feature-gates: [A=true]}}}}",
                "183 `cluster.apiServer.extraArgs.feature-gates` takes text, not a list",
            ),
            (
                "{cluster: {adminKubeconfig: {certLifetime: 1}}}",
                "183 `cluster.adminKubeconfig.certLifetime` takes a duration such as `1h30m`, not a whole number",
            ),
            (
                "{machine: {files: [{permissions: 4294967296}]}}",
                "183 `machine.files.0.permissions` takes a whole number from 0 to 4294967295, not this value",
            ),
            (
                "{cluster: {aggregatorCA: {crt: aGk}, etcd: {ca: {key: '******'}}}}",
                "183 `cluster.aggregatorCA.crt` takes bytes in base64, not this value",
            ),
            (
                "{apiVersion: v1alpha1, kind: HostnameConfig, auto: often}",
                "183 `auto` takes one of `off`, `talos-addr`, `stable`, not this value",
            ),
            (
                "{apiVersion: v1alpha1, kind: NoSuchConfig, name: x}",
                "184 Talos has no document of kind `NoSuchConfig` and version `v1alpha1`",
            ),
            (
                "{apiVersion: v1alpha1, kind: KmsgLogConfig, name: k, uri: x}",
                "182 Talos machine configuration has no key `uri`",
            ),
        ] {
            assert_eq!(judged(inline), [wanted], "{inline}");
        }
    }
}
