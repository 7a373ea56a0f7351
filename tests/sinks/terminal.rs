//! A terminal: `vte` says what it would do.

use vte::{Params, Parser, Perform};

#[derive(Default)]
struct Watch {
    /// What a terminal would do besides printing.
    acts: Vec<String>,
}

/// Characters that are not seen or move others: by their Unicode ranges, written down apart from the program's.
fn unseen(c: char) -> bool {
    let c = u32::from(c);
    matches!(c, 0..=0x1F | 0x7F..=0x9F | 0xAD | 0x61C | 0x180E | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F
        | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFF9..=0xFFFB | 0xE0000..=0xE0FFF)
}

impl Perform for Watch {
    fn print(&mut self, c: char) {
        if unseen(c) {
            self.acts.push(format!("prints {c:?}"));
        }
    }
    fn execute(&mut self, byte: u8) {
        if byte != b'\n' && byte != b'\t' {
            self.acts.push(format!("executes {byte:#x}"));
        }
    }
    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], _ignore: bool, action: char) {
        let ours = params.iter().all(|p| matches!(p, [0..=2 | 30..=37]));
        if action != 'm' || !intermediates.is_empty() || !ours {
            self.acts.push(format!("CSI {action} {params:?}"));
        }
    }
    fn osc_dispatch(&mut self, params: &[&[u8]], _bell: bool) {
        self.acts.push(format!("OSC {params:?}"));
    }
    fn esc_dispatch(&mut self, _intermediates: &[u8], _ignore: bool, byte: u8) {
        self.acts.push(format!("ESC {byte:#x}"));
    }
    fn hook(&mut self, _params: &Params, _intermediates: &[u8], _ignore: bool, action: char) {
        self.acts.push(format!("DCS {action}"));
    }
}

/// What the text makes a terminal do besides printing, breaking lines and colouring.
pub(crate) fn acts(text: &str) -> Vec<String> {
    let mut watch = Watch::default();
    Parser::new().advance(&mut watch, text.as_bytes());
    watch.acts.truncate(5);
    watch.acts
}

#[test]
fn the_watch_sees_what_acts() {
    for text in [
        "\u{1b}[2J",
        "\u{1b}[1;3m",
        "\u{1b}]52;c;x\u{7}",
        "\u{1b}c",
        "\u{1b}P1q\u{1b}\\",
        "\r",
        "\u{7}",
        "\u{202e}",
        "\u{9b}2J",
    ] {
        assert!(!acts(text).is_empty(), "{text:?}");
    }
    assert!(acts("\u{1b}[1;31mred\u{1b}[0m\n").is_empty());
}
