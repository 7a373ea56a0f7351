//! Lines for a terminal: width, wrapping with a hanging indent, colour.

use anstyle::{AnsiColor, Style};

use super::diag::Look;
pub(super) use crate::render::width::columns;
pub(super) use crate::render::words::safe;
use crate::untrusted::{hidden, inert};

/// What a piece of text is, for its colour. The word or symbol always says it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Title,
    Dim,
    Create,
    Update,
    Rebuild,
    Destroy,
    Adopt,
    Warning,
}

impl Tone {
    fn style(self) -> Style {
        let color = |c: AnsiColor| Style::new().fg_color(Some(c.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Title => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Create => color(AnsiColor::Green),
            Self::Update | Self::Warning => color(AnsiColor::Yellow),
            Self::Rebuild => color(AnsiColor::Magenta).bold(),
            Self::Destroy => color(AnsiColor::Red).bold(),
            Self::Adopt => color(AnsiColor::Cyan),
        }
    }
}

/// Text under construction.
pub(super) struct Page {
    out: String,
    look: Look,
}

impl Page {
    pub(super) fn new(look: Look) -> Self {
        Self { out: String::new(), look: Look { width: look.width.clamp(60, 200), ..look } }
    }
    pub(super) fn width(&self) -> usize {
        self.look.width
    }
    pub(super) fn finish(self) -> String {
        self.out
    }
    pub(super) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }
    /// A piece in its colour. Whoever wrote it: what could steer a terminal is replaced here, so that none gets through.
    pub(super) fn paint(&self, tone: Tone, text: &str) -> String {
        let text: String = text.chars().map(|c| if hidden(c) { '\u{FFFD}' } else { c }).collect();
        let text = if self.look.ascii { text.replace('…', "...") } else { text };
        if !self.look.colour || tone == Tone::Plain || text.is_empty() {
            return text;
        }
        let style = tone.style();
        format!("{style}{text}{style:#}")
    }
    /// A line made of pieces, as it is.
    pub(super) fn line(&mut self, pieces: &[(Tone, &str)]) {
        let mut line = String::new();
        for (tone, text) in pieces {
            line.push_str(&self.paint(*tone, text));
        }
        // Wrapping may put what was inside of a line at its beginning, where a runner looks for commands.
        self.out.push_str(&inert(line.trim_end()));
        self.out.push('\n');
    }
    /// A lead, then text that wraps below its own beginning.
    pub(super) fn hanging(&mut self, lead: &[(Tone, &str)], tone: Tone, text: &str) {
        let lead_width: usize = lead.iter().map(|(_, t)| columns(t)).sum();
        let indent = lead_width.min(self.look.width / 2);
        // A lead far beyond the middle stands alone; the text then begins on the next line.
        let alone = lead_width > indent + 8;
        let room = self.look.width.saturating_sub(if alone { indent } else { lead_width }).max(16);
        let mut lines = wrap(text, room).into_iter();
        let mut pieces: Vec<(Tone, &str)> = lead.to_vec();
        let first = lines.next().unwrap_or_default();
        if alone {
            self.line(&pieces);
            let pad = " ".repeat(indent);
            self.line(&[(Tone::Plain, &pad), (tone, &first)]);
        } else {
            pieces.push((tone, &first));
            self.line(&pieces);
        }
        for rest in lines {
            let pad = " ".repeat(indent);
            self.line(&[(Tone::Plain, &pad), (tone, &rest)]);
        }
    }
}

/// Breaks text at blanks; a word longer than the room is cut nowhere, so that names can be copied.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let width = columns(word);
        if used > 0 && used + 1 + width > room {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
        }
        used += width;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_wraps_below_its_beginning_and_long_names_stay_whole() {
        let mut page = Page::new(Look { colour: false, ascii: true, width: 60 });
        page.hanging(
            &[(Tone::Plain, "  note  ")],
            Tone::Plain,
            &format!("{} {}", "word ".repeat(12).trim(), "x".repeat(70)),
        );
        let text = page.finish();
        assert!(text.lines().skip(1).all(|l| l.starts_with("        ")), "{text}");
        assert!(text.contains(&"x".repeat(70)));
        assert_eq!(columns("名前"), 4);
    }
}
