//! `locked_decisions:` — prose, of which `assert` binds every plan.

use crate::diag::{Sink, SourceId};
use crate::spec::document::Section;
use crate::spec::expression::Expression;
use crate::spec::fields::wrong_type;
use crate::spec::model::{LockedDecision, Place};
use crate::yaml::{Node, NodeKind, Scalar, resolve};

/// Reads the decisions that have an `assert`. Everything else about them is prose and may be anything.
pub(in crate::spec) fn read(
    source: SourceId,
    section: Option<&Section<'_>>,
    sink: &mut Sink,
) -> Vec<LockedDecision> {
    let Some(NodeKind::Map(pairs)) = section.map(|s| &s.node.kind) else { return Vec::new() };
    let mut found = Vec::new();
    for (key, decision) in pairs {
        let Some((at, assert)) = decision.entry("assert") else { continue };
        let name = key.text().unwrap_or_default();
        if !matches!(resolve(assert), Scalar::Str) || assert.text().is_none() {
            sink.push(
                wrong_type(
                    source,
                    assert,
                    &format!("locked_decisions.{name}.assert"),
                    "an expression, as text",
                )
                .help("put it in quotes: `assert: \"desired.clusters.all(c, !c.cni)\"`"),
            );
            continue;
        }
        let prose = |field: &str| decision.get(field).and_then(Node::text).map(|t| t.trim().to_owned());
        found.push(LockedDecision {
            key: name.to_owned(),
            decision: prose("decision"),
            rationale: prose("rationale"),
            change_cost: prose("change_cost"),
            assert: Expression::new(source, assert),
            place: Place { source, span: at.span },
        });
    }
    found
}
