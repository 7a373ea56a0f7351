//! Hunks of a unified difference, as every renderer draws them.

use anstyle::{AnsiColor, Style};

use crate::diff::lines::{Line, hunks, lines};

/// Equal lines shown around a change.
const CONTEXT: usize = 3;

/// Colour of a line.
fn paint(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(colour.into()))
}

/// Style of the line that says where a hunk stands.
pub(super) fn place() -> Style {
    paint(AnsiColor::Cyan)
}

/// Gives the lines of all hunks to `line`, each with its style.
pub(super) fn draw(old: &str, new: &str, mut line: impl FnMut(Style, &str)) {
    for hunk in hunks(&lines(old, new), CONTEXT) {
        let at =
            format!("@@ -{},{} +{},{} @@", hunk.old_start, hunk.old_lines, hunk.new_start, hunk.new_lines);
        line(place(), &at);
        for one in hunk.lines {
            match one {
                Line::Same(text) => line(Style::new(), &format!(" {text}")),
                Line::Gone(text) => line(paint(AnsiColor::Red), &format!("-{text}")),
                Line::New(text) => line(paint(AnsiColor::Green), &format!("+{text}")),
            }
        }
    }
}
