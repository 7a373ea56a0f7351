//! `updateStrategy`, `deleteStrategy`, `upgradeStrategy`.

use super::fields::{Context, Fields, Known};
use crate::diag::{Diagnostic, codes};
use crate::template::model::Strategy;
use crate::untrusted::Untrusted;

const STRATEGY: Known = Known { go: "models.UpdateStrategyConfig", keys: &["type", "rolling"] };
const ROLLING: Known = Known { go: "models.RollingUpdateStrategyConfig", keys: &["maxParallelism"] };

pub(super) fn decode(cx: &mut Context<'_>, fields: &Fields<'_>, key: &str) -> Option<Strategy> {
    let node = fields.get(key)?;
    let inner = cx.fields(&format!("`{key}`"), node, STRATEGY);
    let rolling_type = inner.get("type").and_then(|value| match value.text() {
        Some("Rolling") => Some(true),
        Some("Unset") => Some(false),
        Some(other) => {
            let name = Untrusted::new(other).line(40);
            cx.problem(
                Diagnostic::error(codes::BAD_VALUE, format!("`type` of a strategy cannot be `{name}`"))
                    .at(cx.source, value.span, "unknown strategy type")
                    .note(format!("omnictl: invalid update strategy type {name}"))
                    .help("write `Rolling` or `Unset`, with capital first letters"),
            );
            None
        }
        None => {
            cx.wrong("`type` of a strategy", value, "a word", "string");
            None
        }
    });
    let rolling = inner.get("rolling").map(|value| {
        let rolling = cx.fields("`rolling`", value, ROLLING);
        rolling.u32(cx, "maxParallelism")
    });
    Some(Strategy { span: node.span, rolling_type, rolling })
}
