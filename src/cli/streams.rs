//! Standard streams: data to stdout, talk to stderr, colour and width decided for each.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use indicatif::{MultiProgress, ProgressDrawTarget};

use super::args::{Color, Global};
use super::github;
use crate::render::human::diag;
use crate::untrusted::inert;

/// How to write to one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// Escape sequences for colour.
    pub(super) color: bool,
    /// ASCII only.
    pub(super) ascii: bool,
    /// Columns.
    pub(super) width: usize,
    /// Whether a person looks at it directly.
    pub(super) terminal: bool,
}

impl Look {
    /// The same for the renderers.
    pub(super) fn words(self) -> diag::Look {
        diag::Look { colour: self.color, ascii: self.ascii, width: self.width }
    }
}

/// The streams of this run.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    pub(super) out: Look,
    pub(super) err: Look,
    /// Whether data could not be written although somebody reads it: a full disk, say.
    pub(super) lost: Arc<AtomicBool>,
    pub(super) quiet: bool,
    pub(super) verbose: u8,
    /// Longest wait for one answer of a back end, where it was given.
    pub(super) read_timeout: Option<std::time::Duration>,
    /// Whether what is written to standard output, and to standard error, is read by the runner of a workflow.
    logged: (bool, bool),
    /// What is redrawn at the end of stderr, once it is.
    tree: Arc<OnceLock<MultiProgress>>,
}

/// What decides about colour, in the order of precedence: flag, `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR=0`, terminal, `TERM=dumb`.
struct Hints<'a> {
    flag: Color,
    no_color: Option<&'a str>,
    force: Option<&'a str>,
    clicolor: Option<&'a str>,
    term: Option<&'a str>,
    terminal: bool,
}

fn colored(h: &Hints<'_>) -> bool {
    let set = |v: Option<&str>| v.is_some_and(|v| !v.is_empty());
    match h.flag {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set(h.no_color) => false,
        Color::Auto if set(h.force) && h.force != Some("0") => true,
        Color::Auto if h.clicolor == Some("0") => false,
        Color::Auto => h.terminal && h.term != Some("dumb"),
    }
}

/// Whether a stream is a regular file, which nobody reads for commands.
fn is_file(stream: BorrowedFd<'_>) -> bool {
    let copy = stream.try_clone_to_owned().map(std::fs::File::from);
    copy.and_then(|f| f.metadata()).is_ok_and(|m| m.is_file())
}

impl Streams {
    /// Reads flags, environment and terminals.
    pub(super) fn new(global: &Global) -> Self {
        let env = |name: &str| std::env::var(name).ok();
        let (no_color, force, clicolor, term) =
            (env("NO_COLOR"), env("CLICOLOR_FORCE"), env("CLICOLOR"), env("TERM"));
        let columns = global
            .width
            .map(usize::from)
            .or_else(|| env("COLUMNS").and_then(|c| c.parse().ok()))
            .or_else(|| terminal_size::terminal_size().map(|(w, _)| usize::from(w.0)));
        let look = |terminal: bool| Look {
            color: colored(&Hints {
                flag: global.color,
                no_color: no_color.as_deref(),
                force: force.as_deref(),
                clicolor: clicolor.as_deref(),
                term: term.as_deref(),
                terminal,
            }),
            ascii: global.ascii,
            // Nobody reads longer lines, but somebody may ask for them.
            width: columns.unwrap_or(100).clamp(60, if global.width.is_some() { 200 } else { 160 }),
            terminal: terminal && term.as_deref() != Some("dumb"),
        };
        let workflow = github::active();
        Self {
            logged: (
                workflow && !is_file(std::io::stdout().as_fd()),
                workflow && !is_file(std::io::stderr().as_fd()),
            ),
            out: look(std::io::stdout().is_terminal()),
            err: look(std::io::stderr().is_terminal()),
            lost: Arc::default(),
            quiet: global.quiet,
            verbose: global.verbose,
            read_timeout: global.read_timeout,
            tree: Arc::default(),
        }
    }

    /// Lines at the end of stderr that are redrawn in place, where that is a terminal; other talk stays above them.
    pub(super) fn tree(&self) -> Option<&MultiProgress> {
        let wanted = self.err.terminal && !self.quiet;
        wanted
            .then(|| self.tree.get_or_init(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())))
    }

    /// Data. A reader that went away (`| head`) is no error and stops nothing; data that is lost otherwise is told, and the
    /// program does not end as if all were well.
    ///
    /// In the log of a workflow, lines that would be commands are taken apart. Redirected to a file, data stays as it is.
    pub(super) fn data(&self, text: &str) {
        self.write(&if self.logged.0 { inert(text) } else { text.into() });
    }

    /// Commands for the runner of a workflow, as they are.
    pub(super) fn commands(&self, text: &str) {
        self.write(text);
    }

    fn write(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let end: &[u8] = if text.is_empty() || text.ends_with('\n') { b"" } else { b"\n" };
        let written =
            out.write_all(text.as_bytes()).and_then(|()| out.write_all(end)).and_then(|()| out.flush());
        match written {
            Err(e) if e.kind() != ErrorKind::BrokenPipe => {
                self.lost.store(true, Ordering::Relaxed);
                self.error(&format!("standard output cannot be written: {e}"), None);
            }
            _ => {}
        }
    }

    /// Talk that `--quiet` silences.
    pub(super) fn say(&self, line: &str) {
        if !self.quiet {
            self.tell(line);
        }
    }

    /// Folds what follows in the log of a workflow under a title, until the next one or, without a title, no more. Elsewhere
    /// nothing is written.
    pub(super) fn group(&self, title: Option<&str>) {
        if !self.logged.1 || self.quiet {
            return;
        }
        let line = match title {
            Some(title) => format!("::group::{}\n", crate::render::github::escape::message([title])),
            None => "::endgroup::\n".to_owned(),
        };
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }

    /// Talk that is always shown.
    pub(super) fn tell(&self, text: &str) {
        let text = if self.logged.1 { inert(text) } else { text.into() };
        let write = || {
            let mut err = std::io::stderr().lock();
            let _ = err.write_all(text.as_bytes());
            if !text.ends_with('\n') {
                let _ = err.write_all(b"\n");
            }
        };
        match self.tree.get() {
            Some(tree) => tree.suspend(write),
            None => write(),
        }
    }

    /// An error in one sentence, with what to do.
    pub(super) fn error(&self, message: &str, help: Option<&str>) {
        let (on, off) = if self.err.color { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        self.tell(&format!("{on}error{off}: {message}"));
        if let Some(help) = help {
            self.tell(&format!("  help: {help}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints() -> Hints<'static> {
        Hints {
            flag: Color::Auto,
            no_color: None,
            force: None,
            clicolor: None,
            term: Some("xterm"),
            terminal: true,
        }
    }

    #[test]
    fn colour_follows_the_order_of_precedence() {
        assert!(colored(&hints()));
        assert!(!colored(&Hints { terminal: false, ..hints() }));
        assert!(!colored(&Hints { term: Some("dumb"), ..hints() }));
        assert!(!colored(&Hints { no_color: Some("1"), force: Some("1"), ..hints() }));
        assert!(colored(&Hints { no_color: Some(""), ..hints() }));
        assert!(colored(&Hints { force: Some("1"), terminal: false, ..hints() }));
        assert!(!colored(&Hints { clicolor: Some("0"), ..hints() }));
        assert!(colored(&Hints { flag: Color::Always, no_color: Some("1"), terminal: false, ..hints() }));
        assert!(!colored(&Hints { flag: Color::Never, force: Some("1"), ..hints() }));
    }
}
