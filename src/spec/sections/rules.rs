//! `policy.rules:` — conditions over plans that people write.

use crate::address::Glob;
use crate::diag::{Diagnostic, Sink, SourceId, codes};
use crate::spec::document::Section;
use crate::spec::expression::Expression;
use crate::spec::fields::{Fields, bad_value, list, quote};
use crate::spec::model::{Place, PolicyRule, RuleSeverity};
use crate::yaml::NodeKind;

const FIELDS: [&str; 5] = ["name", "severity", "assert", "message", "applies_to"];
const SEVERITIES: [(&str, RuleSeverity); 3] =
    [("deny", RuleSeverity::Deny), ("warn", RuleSeverity::Warn), ("info", RuleSeverity::Info)];

/// Reads the rules of the section `policy`; its other fields are somebody else's. Names are unique.
pub(in crate::spec) fn read(
    source: SourceId,
    policy: Option<&Section<'_>>,
    sink: &mut Sink,
) -> Vec<PolicyRule> {
    let Some(node) = policy.and_then(|p| p.node.get("rules")) else { return Vec::new() };
    if crate::yaml::is_null(node) {
        return Vec::new();
    }
    let NodeKind::Seq(items) = &node.kind else {
        sink.push(
            crate::spec::fields::wrong_type(source, node, "policy.rules", "a list")
                .help("write each rule after `- `: `- { name: …, assert: … }`"),
        );
        return Vec::new();
    };
    let mut rules: Vec<PolicyRule> = Vec::new();
    for item in items {
        let Some(fields) = Fields::open(source, item, "policy.rules", item.span, &FIELDS, sink) else {
            continue;
        };
        let name = fields.need_text("name", sink);
        let severity = fields.text("severity", sink).map_or(RuleSeverity::Deny, |(text, span)| {
            SEVERITIES.iter().find(|(word, _)| *word == text).map_or_else(
                || {
                    let words: Vec<&str> = SEVERITIES.iter().map(|(word, _)| *word).collect();
                    sink.push(
                        bad_value(source, span, format!("a rule's severity cannot be {}", quote(text))).help(
                            format!(
                                "it is {}; without one it is `deny`",
                                list(&words).replace(" and ", " or ")
                            ),
                        ),
                    );
                    RuleSeverity::Deny
                },
                |(_, severity)| *severity,
            )
        });
        let assert = fields.need("assert", sink).filter(|n| fields.text_of(n, "assert", sink).is_some());
        let message = fields.text("message", sink).map(|(text, _)| text.trim().to_owned());
        let applies_to = fields.text("applies_to", sink).and_then(|(text, span)| {
            let problem = |e: crate::address::AddressError| {
                bad_value(source, span, format!("`applies_to` is no pattern of addresses: {e}"))
                    .help("write it as `class/*` or `cluster/talos-prod-01/**`")
            };
            text.parse::<Glob>().map_err(|e| sink.push(problem(e))).ok()
        });
        let (Some((name, at)), Some(assert)) = (name, assert) else { continue };
        if let Some(first) = rules.iter().find(|r| r.name == name) {
            sink.push(
                Diagnostic::error(codes::DUPLICATE_NAME, format!("the rule {} stands twice", quote(name)))
                    .at(source, at, "again here")
                    .at(first.place.source, first.place.span, "first here")
                    .help("exceptions name a rule, so that each needs a name of its own"),
            );
            continue;
        }
        rules.push(PolicyRule {
            name: name.to_owned(),
            severity,
            assert: Expression::new(source, assert),
            message,
            applies_to,
            place: Place { source, span: at },
        });
    }
    rules
}
