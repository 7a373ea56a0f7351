//! Keys and types of one document against its shape.

use super::shapes::{Shape, Type, table};
use crate::diag::{Diagnostic, SourceId, closest, codes};
use crate::template::dialect::Dialect;
use crate::template::patch::Part;
use crate::template::validate::Rules;
use crate::untrusted::Untrusted;
use crate::yaml::{self, Node, NodeKind};

pub(super) fn check(rules: &mut Rules<'_>, part: &Part, root: &Node, shape: &Shape) {
    let mut walk = Walk { rules, source: part.source, path: Vec::new() };
    walk.mapping(root, shape);
}

/// omnictl's words for a value that no argument can have.
const ARGUMENT: &str = "arg value must be a string or list of strings";

struct Walk<'a, 'r> {
    rules: &'a mut Rules<'r>,
    source: SourceId,
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
    }

    /// Null counts as absent everywhere.
    fn value(&mut self, node: &Node, wanted: &Type) {
        if yaml::is_null(node) {
            return;
        }
        let scalar = matches!(node.kind, NodeKind::Scalar { .. });
        match (wanted, &node.kind) {
            (Type::Any, _) => {}
            (Type::Text, _) if scalar => self.date(node, "cannot construct !!timestamp into string"),
            (Type::Text, _) => self.wrong(node, "text", "string"),
            (Type::Bool, _) if yaml::as_bool(node).is_ok() => {}
            (Type::Bool, _) => self.wrong(node, "`true` or `false`", "bool"),
            (Type::Int, _) if yaml::as_integer(node, i64::MIN.into(), u64::MAX.into()).is_ok() => {}
            (Type::Int, _) => self.wrong(node, "a whole number", "int"),
            (Type::Argument, NodeKind::Seq(items)) => {
                for item in items {
                    match item.kind {
                        NodeKind::Scalar { .. } => self.date(item, ARGUMENT),
                        _ => self.value(item, &Type::Text),
                    }
                }
            }
            (Type::Argument, _) if scalar => self.date(node, ARGUMENT),
            (Type::Argument, _) => self.wrong(node, "text or a list of texts", "string"),
            (Type::List(inner), NodeKind::Seq(items)) => {
                for (i, item) in items.iter().enumerate() {
                    self.path.push(i.to_string());
                    self.value(item, inner);
                    self.path.pop();
                }
            }
            (Type::List(_), _) => self.wrong(node, "a list", "[]"),
            (Type::Map(inner), NodeKind::Map(pairs)) => {
                for (key, value) in pairs {
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
        let found = yaml::describe(node);
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
                .at(self.source, node.span, format!("this is {found}"))
                .note(format!("omnictl: cannot construct {tag} into {go}")),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::template::tests::loaded;

    fn judged(inline: &str) -> Vec<String> {
        let text = format!(
            "kind: Cluster\nname: c\nkubernetes: {{version: v1.34.3}}\ntalos: {{version: v1.11.6}}\n\
             patches: [{{name: p, inline: {inline}}}]\n---\nkind: ControlPlane\n"
        );
        let (_, _, sink) = loaded(&text);
        sink.all().iter().map(|d| format!("{} {}", d.code.0, d.message)).collect()
    }

    #[test]
    fn what_people_write_passes() {
        for inline in [
            "{machine: {network: {interfaces: [{deviceSelector: {physical: true}, dhcp: true, vip: {ip: 1.2.3.4}}]}}}",
            "{machine: {kubelet: {extraArgs: {v: 4, feature-gates: [A=true]}, extraConfig: {a: {b: [c]}}}}}",
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
