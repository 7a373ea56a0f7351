//! Secrets inside what Omni shows to readers.

use crate::value::Value;

/// What stands in place of a secret.
const MASK: &str = "[masked]";

/// Masks kernel command lines, which hold the join token in clear: whoever has it can add machines. In resources that a
/// controller owns (never written back by us), a token inside other text is masked as well.
pub(super) fn mask(spec: &mut Value, owned: bool) {
    match spec {
        Value::Map(entries) => {
            for (key, value) in entries.iter_mut() {
                if key.ends_with("_cmdline") || key.ends_with("Cmdline") {
                    *value = MASK.into();
                } else {
                    mask(value, owned);
                }
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| mask(item, owned)),
        Value::Str(text) if owned && text.contains(TOKEN) => *text = without_tokens(text),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => {}
    }
}

const TOKEN: &str = "jointoken=";

fn without_tokens(text: &str) -> String {
    let mut parts = text.split(TOKEN);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| !c.is_whitespace() && !matches!(c, '&' | '"' | '\''));
        out.push_str(TOKEN);
        out.push_str(MASK);
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_do_not_get_through() {
        let json = serde_json::json!({
            "kernel_cmdline": "siderolink.api=x?jointoken=secret",
            "message_status": {"kernelCmdline": "secret"},
            "args": ["siderolink.api=grpc://h:1?jointoken=secret&a=b c", "quiet"],
        });
        let mut spec = Value::from_json(&json);
        mask(&mut spec, true);
        let text = spec.canonical();
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("jointoken=[masked]&a=b c") && text.contains("quiet"), "{text}");
    }

    #[test]
    fn what_users_own_is_left_as_it_is() {
        let mut spec = Value::from_json(&serde_json::json!({"args": ["x?jointoken=mine"]}));
        mask(&mut spec, false);
        assert_eq!(spec.canonical(), r#"{"args":["x?jointoken=mine"]}"#);
    }
}
