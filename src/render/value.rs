//! Values for people: units where the field has one, quotes only where they say something.

use super::words::safe;
use crate::value::Value;

/// A value of the field at `path`.
pub(super) fn show(path: &[String], value: &Value) -> String {
    let field = path.last().map_or("", String::as_str);
    let data = path.first().is_some_and(|p| p == "providerdata");
    match (value, field) {
        (Value::Int(n), "memory") if data && *n > 0 => mebibytes(*n),
        (Value::Int(n), "disk_size") if data && *n > 0 => format!("{n} GiB"),
        (Value::Str(s), "version")
            if matches!(path.first().map(String::as_str), Some("kubernetes" | "talos")) =>
        {
            format!("v{}", safe(s))
        }
        (Value::Int(n @ 0..=1), "type") if path.first().is_some_and(|p| p.ends_with("Strategy")) => {
            if *n == 1 { "Rolling" } else { "Unset" }.to_owned()
        }
        (Value::Int(1), "allocation") => "unlimited".to_owned(),
        _ => plain(value),
    }
}

/// [`show`], with the number that stands in the file beside a unit, a word or a sign.
pub(super) fn show_raw(path: &[String], value: &Value) -> String {
    let shown = show(path, value);
    match value {
        Value::Int(n) if shown != n.to_string() => format!("{shown} ({n})"),
        _ => shown,
    }
}

fn mebibytes(n: i128) -> String {
    if n % 1024 == 0 { format!("{} GiB", n / 1024) } else { format!("{n} MiB") }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(f) => f.to_string(),
        Value::Str(s) if s.contains('\n') => {
            let lines = s.lines().count();
            format!("text of {lines} line{}", if lines == 1 { "" } else { "s" })
        }
        Value::Str(s) if ambiguous(s) => format!("\"{}\"", safe(s)),
        Value::Str(s) => safe(s),
        Value::List(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let inner: Vec<String> = map.iter().map(|(k, v)| format!("{}: {}", safe(k), plain(v))).collect();
            format!("{{{}}}", inner.join(", "))
        }
    }
}

/// Whether text without quotes would read as something else.
fn ambiguous(text: &str) -> bool {
    text.is_empty()
        || text.trim() != text
        || text.contains(" -> ")
        || text.contains(", ")
        || matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "~" | "absent")
        || text.parse::<f64>().is_ok()
        || text.starts_with(['[', '{', '"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_quotes() {
        let path = |p: &str| p.split('.').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(show(&path("providerdata.memory"), &Value::Int(16384)), "16 GiB");
        assert_eq!(show(&path("providerdata.memory"), &Value::Int(2500)), "2500 MiB");
        assert_eq!(show_raw(&path("providerdata.memory"), &Value::Int(16384)), "16 GiB (16384)");
        assert_eq!(show_raw(&path("providerdata.cores"), &Value::Int(4)), "4");
        assert_eq!(show(&path("providerdata.disk_size"), &Value::Int(100)), "100 GiB");
        assert_eq!(show(&path("kubernetes.version"), &"1.34.3".into()), "v1.34.3");
        assert_eq!(show(&path("data.machine.sysctls.x"), &"65535".into()), "\"65535\"");
        assert_eq!(
            show(&path("providerdata.storage_selector"), &"name == \"vm_ssd\"".into()),
            "name == \"vm_ssd\""
        );
    }
}
