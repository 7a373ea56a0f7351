//! What a command changes in the user's files, as a unified difference. Secrets are covered.

use std::fmt::Write as _;

use anstyle::Style;

use super::excerpt::Excerpt;
use crate::render::unified;

/// The difference between two texts of the file `path`; without `before` the file is new.
pub fn difference(path: &str, before: Option<&str>, after: &str, colour: bool) -> String {
    let mut out = String::new();
    let mut line = |style: Style, text: &str| {
        let _ = if colour { writeln!(out, "{style}{text}{style:#}") } else { writeln!(out, "{text}") };
    };
    let path = crate::untrusted::Untrusted::new(path).line(200);
    let old_name = if before.is_some() { path.as_str() } else { "/dev/null" };
    line(Style::new().bold(), &format!("--- {old_name}"));
    line(Style::new().bold(), &format!("+++ {path}"));
    let (old, new) = (visible(before.unwrap_or_default()), visible(after));
    unified::draw(&old, &new, line);
    out
}

/// A text fit for printing, in which line ends that differ still do.
fn visible(text: &str) -> String {
    let carriage: Vec<bool> = text.split('\n').map(|l| l.ends_with('\r')).collect();
    let mut out: Vec<String> = Excerpt::new(text)
        .text
        .split('\n')
        .zip(carriage)
        .map(|(l, cr)| if cr { format!("{l}^M") } else { l.to_owned() })
        .collect();
    match out.pop() {
        Some(last) if !last.is_empty() => out.extend([last, "\\ No newline at end of file".to_owned()]),
        _ => {}
    }
    out.iter().fold(String::new(), |all, l| all + l + "\n")
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn changes_show_with_their_lines_and_secrets_are_covered() {
        let before = "a: 1\r\npassword: hunter2\nb: 2";
        let after = "a: 1\npassword: other\nb: 2\n";
        assert_eq!(
            difference("x.yaml", Some(before), after, false),
            "--- x.yaml\n+++ x.yaml\n@@ -1,4 +1,3 @@\n-a: 1^M\n-password: *******\n+a: 1\n+password: *****\n b: 2\n-\\ No newline at end of file\n"
        );
        assert!(
            difference("n.yaml", None, "a: 1\n", false)
                .starts_with("--- /dev/null\n+++ n.yaml\n@@ -0,0 +1,1 @@\n+a: 1\n")
        );
    }
}
