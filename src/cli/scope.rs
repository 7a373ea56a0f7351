//! `--target`, `--exclude` and their like: what of the whole is planned.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::fail::Fail;
use super::repository::Repository;
use crate::address::Address;
use crate::live::Snapshot;
use crate::plan::{Choice, Selection, Unmatched, known};
use crate::state::model::Record;
use crate::untrusted::Untrusted;

/// Longest file of patterns, in bytes: far above what anybody writes.
const MOST_BYTES: u64 = 1 << 20;

/// What of the whole is looked at: options of every command that plans or compares.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Scope")]
pub struct ScopeArgs {
    /// Plan only what fits this pattern, and what it needs; may be repeated. `*` is one part of an address or some of
    /// its characters, `**` any number of parts: `cluster/dev/**`
    #[arg(long, value_name = "GLOB")]
    pub target: Vec<String>,
    /// Leave out what fits this pattern, and what needs it; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Patterns of `--target` from a file, one a line; `#` begins a comment
    #[arg(long, value_name = "FILE")]
    pub target_file: Vec<PathBuf>,
    /// Patterns of `--exclude` from a file, one a line; `#` begins a comment
    #[arg(long, value_name = "FILE")]
    pub exclude_file: Vec<PathBuf>,
    /// Plan only this cluster and what lies below it; may be repeated. With `--target`: only what is both
    #[arg(long, value_name = "NAME")]
    pub cluster: Vec<String>,
}

impl ScopeArgs {
    /// What was chosen, checked for its form before anything is read from servers.
    pub(super) fn selection(&self) -> Result<Selection, Fail> {
        let mut targets = given(&self.target, "--target")?;
        for path in &self.target_file {
            let from_file = lines(path)?;
            // Nothing would then mean everything.
            if from_file.is_empty() {
                return Err(Fail::new(Exit::Usage, format!("`{}` names no target", path.display()))
                    .help("write one pattern a line, or leave `--target-file` out to plan everything"));
            }
            targets.extend(from_file);
        }
        let mut excludes = given(&self.exclude, "--exclude")?;
        for path in &self.exclude_file {
            excludes.extend(lines(path)?);
        }
        if let Some(empty) = self.cluster.iter().find(|c| c.is_empty() || c.contains('/')) {
            return Err(Fail::new(Exit::Usage, format!("`--cluster {empty}`: this is no name of a cluster"))
                .help("write the name alone, as `--cluster talos-prod-01`; patterns go to `--target`"));
        }
        Ok(Selection { targets, excludes, clusters: self.cluster.clone() })
    }

    /// A removal by address names already what it is about.
    pub(super) fn beside_removal(&self, roots: &[Address]) -> Result<(), Fail> {
        let chosen = [
            ("--target", !self.target.is_empty()),
            ("--exclude", !self.exclude.is_empty()),
            ("--target-file", !self.target_file.is_empty()),
            ("--exclude-file", !self.exclude_file.is_empty()),
            ("--cluster", !self.cluster.is_empty()),
        ];
        let first = chosen.iter().find(|(_, set)| *set);
        match first.filter(|_| !roots.is_empty()) {
            Some((flag, _)) => Err(Fail::new(
                Exit::Usage,
                format!(
                    "`--destroy` plans what it names and nothing else, so `{flag}` cannot stand beside it"
                ),
            )
            .help("name with `--destroy` exactly what is to go")),
            None => Ok(()),
        }
    }
}

/// Refuses patterns that fit nothing: a slip of the pen must not pass as "nothing to do".
pub(super) fn check(
    selection: &Selection,
    repository: &Repository,
    record: Option<&Record>,
    seen: &Snapshot,
) -> Result<(), Fail> {
    if selection.is_empty() {
        return Ok(());
    }
    let wrong = selection.unmatched(&known(&repository.desired, record, seen));
    if wrong.is_empty() {
        return Ok(());
    }
    let shown = |text: &str| Untrusted::new(text).line(200);
    let name = |u: &Unmatched| match u.given.as_str() {
        given @ "--cluster" => format!("`{given} {}`: there is no such cluster", shown(&u.text)),
        given @ ("--target" | "--exclude") => format!("`{given} {}` fits nothing", shown(&u.text)),
        given => format!("{given}: `{}` fits nothing", shown(&u.text)),
    };
    let message = wrong.iter().map(name).collect::<Vec<_>>().join("\n       ");
    let help = match wrong.iter().find_map(|u| u.closest.as_deref()) {
        Some(near) => format!("did you mean `{}`?", shown(near)),
        None => "patterns are compared with the addresses in the files, in the record and in Omni; `plan --format json` and `graph` show them"
            .to_owned(),
    };
    Err(Fail::new(Exit::Usage, message).help(help))
}

fn given(texts: &[String], flag: &str) -> Result<Vec<Choice>, Fail> {
    texts
        .iter()
        .map(|text| pattern(text, flag, &format!("`{flag} {}`", Untrusted::new(text).line(200))))
        .collect()
}

fn pattern(text: &str, given: &str, place: &str) -> Result<Choice, Fail> {
    Choice::new(text, given).map_err(|e| {
        Fail::new(Exit::Usage, format!("{place}: {e}"))
            .help("write it as plans show addresses, with stars where you like: `class/*`, `cluster/dev/**`")
    })
}

/// The patterns of a file.
fn lines(path: &Path) -> Result<Vec<Choice>, Fail> {
    let unreadable = |why: String| {
        Fail::new(Exit::Usage, format!("`{}` cannot be read: {why}", path.display()))
            .help("it is a text with one pattern a line")
    };
    let size = std::fs::metadata(path).map_err(|e| unreadable(e.to_string()))?;
    if !size.is_file() || size.len() > MOST_BYTES {
        return Err(unreadable("it is no file of at most 1 MiB".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|e| unreadable(e.to_string()))?;
    let name = path.display().to_string();
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    (1..)
        .zip(text.lines())
        .map(|(number, line)| (number, uncommented(line)))
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| {
            let place = format!("{name}:{number}");
            pattern(line, &place, &format!("{place}: `{}`", Untrusted::new(line).line(200)))
        })
        .collect()
}

/// A line without its comment, which begins at the start or behind a blank: blanks in addresses are encoded.
fn uncommented(line: &str) -> &str {
    let line = line.trim();
    let comment = line.char_indices().find(|(i, c)| {
        *c == '#'
            && line.get(..*i).is_none_or(|before| before.is_empty() || before.ends_with(char::is_whitespace))
    });
    comment.map_or(line, |(i, _)| line.get(..i).unwrap_or_default()).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_begin_lines_or_follow_blanks() {
        for (line, wanted) in [
            ("class/a", "class/a"),
            ("  class/a  # why", "class/a"),
            ("# all", ""),
            ("", ""),
            ("cluster/a/patch/b#c", "cluster/a/patch/b#c"),
            ("class/a\t#x", "class/a"),
        ] {
            assert_eq!(uncommented(line), wanted, "{line:?}");
        }
    }
}
