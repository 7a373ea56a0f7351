//! The forms that a plan is shown in, in one table: what `--format` prints and what `--out FORMAT=PATH` writes.

use clap::Args;
use clap::builder::PossibleValue;

use super::args::Global;
use super::exit::Exit;
use super::fail::Fail;
use super::github;
use super::streams::{Look, Streams};
use crate::plan::Plan;
use crate::render::context::Context;
use crate::render::diff;
use crate::render::github as annotations;
use crate::render::html;
use crate::render::human::plan::{self as human, Detail, View};
use crate::render::json::plan as json;
use crate::render::markdown;
use crate::world::Clock as _;
use crate::world::real::RealClock;

/// A plan and how it is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'p> {
    /// The plan.
    pub(super) plan: &'p Plan,
    /// What stands around it.
    pub(super) context: &'p Context,
    /// Where it is shown.
    pub(super) look: Look,
    /// How much of it, for the formats that can show less.
    pub(super) view: View,
}

/// One form.
#[derive(Debug)]
pub(super) struct Format {
    /// Its name in `--format` and `--out`.
    pub(super) name: &'static str,
    /// What it is for, in `--help`.
    pub(super) about: &'static str,
    /// Whether `--format` prints it; else it is only written to files.
    pub(super) printed: bool,
    /// Draws it.
    pub(super) draw: fn(&Shown<'_>) -> Result<String, Fail>,
}

/// The form whose lines are meant to be workflow commands.
const COMMANDS: &str = "github";

/// All forms, in the order in which help lists them. The first is the default.
pub(super) const FORMATS: &[Format] = &[
    Format { name: "text", about: "for people", printed: true, draw: |s| Ok(text(s)) },
    Format {
        name: "json",
        about: "for programs",
        printed: true,
        draw: |s| Ok(json::text_in(s.plan, s.context)),
    },
    Format {
        name: "diff",
        about: "what `omnictl cluster template diff` prints, secrets covered",
        printed: true,
        draw: |s| {
            let now = s.context.made.as_deref().unwrap_or("1970-01-01T00:00:00Z");
            Ok(diff::text(s.plan, now, diff::Secrets::Covered, s.look.color))
        },
    },
    Format {
        name: super::saving::SAVED,
        about: "a saved plan, for `apply` and `show`",
        printed: false,
        draw: |s| {
            s.context.file.clone().ok_or_else(|| {
                Fail::new(Exit::Usage, "only `plan` writes saved plans")
                    .help("leave `--out plan=…` out here; the file that holds the plan can be copied")
            })
        },
    },
    Format {
        name: "md",
        about: "Markdown for the comment of a pull request, cut to `--max-bytes`",
        printed: true,
        draw: |s| Ok(markdown::text(s.plan, s.context, s.view.max_bytes.unwrap_or(markdown::COMMENT))),
    },
    Format {
        name: COMMANDS,
        about: "annotations for GitHub Actions, worst first",
        printed: true,
        draw: |s| Ok(annotations::text(s.plan, s.context)),
    },
    Format {
        name: "html",
        about: "a page that stands alone, with the order of steps drawn",
        printed: true,
        draw: |s| Ok(html::text(s.plan, s.context)),
    },
];

fn text(shown: &Shown<'_>) -> String {
    let look = shown.look;
    let look = look.words();
    let mut text = human::shown(shown.plan, look, shown.view);
    // A plan of nothing but waiting is one line, and nothing in it is to be approved.
    let does = shown.plan.steps.iter().any(|s| s.action != crate::plan::Action::Await);
    if let Some(digest) = shown.context.digest.as_ref().filter(|_| does) {
        text.push_str(&format!("Digest: {digest}\n"));
    }
    text
}

/// A form that `--format` names.
#[derive(Clone, Copy, Debug)]
pub struct Chosen(&'static Format);

impl Default for Chosen {
    fn default() -> Self {
        #[expect(clippy::indexing_slicing, reason = "the table is a constant that is not empty")]
        Self(&FORMATS[0])
    }
}

impl std::fmt::Display for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name)
    }
}

impl clap::ValueEnum for Chosen {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: std::sync::LazyLock<Vec<Chosen>> =
            std::sync::LazyLock::new(|| FORMATS.iter().filter(|f| f.printed).map(Chosen).collect());
        &ALL
    }
    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name).help(self.0.about))
    }
}

/// How much of a plan is shown: options of every command that shows one.
#[derive(Clone, Debug, Args)]
pub struct Amount {
    /// Print one sentence per change
    #[arg(long, conflicts_with_all = ["full", "context"])]
    pub brief: bool,
    /// Print everything: all fields, what stays as it is, raw numbers
    #[arg(long)]
    pub full: bool,
    /// Print so many unchanged fields before and after a changed one
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub context: u16,
    /// Cut Markdown to so many bytes, or to what `github`, `gitlab`, `azure` or `bitbucket` takes [default: github]
    #[arg(long, value_name = "N", value_parser = bytes)]
    pub max_bytes: Option<usize>,
}

/// Bytes of a comment, by number or by forge. The limits are those of the forges, with room for what they add.
fn bytes(text: &str) -> Result<usize, String> {
    match text {
        "github" => Ok(markdown::COMMENT),
        "gitlab" => Ok(950_000),
        "azure" => Ok(140_000),
        "bitbucket" => Ok(30_000),
        _ => text.parse().ok().filter(|n| *n >= markdown::LEAST).ok_or_else(|| {
            format!(
                "write a number of at least {}, or `github`, `gitlab`, `azure`, `bitbucket`",
                markdown::LEAST
            )
        }),
    }
}

impl Amount {
    /// The same for renderers.
    pub(super) fn view(&self) -> View {
        let detail = match (self.brief, self.full) {
            (true, _) => Detail::Brief,
            (_, true) => Detail::Full,
            _ => Detail::Default,
        };
        View { detail, context: usize::from(self.context), max_bytes: self.max_bytes }
    }
    /// The plan for people, on standard output.
    pub(super) fn print(&self, plan: &Plan, context: &Context, streams: &Streams) {
        streams.data(&text(&Shown { plan, context, look: streams.out, view: self.view() }));
    }
}

/// How a plan is printed, in any form.
#[derive(Clone, Debug, Args)]
pub struct Printing {
    /// Format on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: Chosen,
    /// How much of it.
    #[command(flatten)]
    pub amount: Amount,
}

impl Printing {
    /// Prints it.
    pub(super) fn print(&self, plan: &Plan, context: &Context, streams: &Streams) -> Result<(), Fail> {
        let shown = Shown { plan, context, look: streams.out, view: self.amount.view() };
        let text = (self.format.0.draw)(&shown)?;
        if self.format.0.name == COMMANDS {
            streams.commands(&text);
        } else {
            streams.data(&text);
        }
        Ok(())
    }
}

/// How a plan stands in files: no terminal, so no colour, and one width wherever it is made.
pub(super) const IN_FILES: Look = Look { color: false, ascii: false, width: 120, terminal: false };

/// A form by its name.
pub(super) fn named(name: &str) -> Result<&'static Format, Fail> {
    FORMATS.iter().find(|f| f.name == name).ok_or_else(|| {
        let names: Vec<&str> = FORMATS.iter().map(|f| f.name).collect();
        let fail = Fail::new(Exit::Usage, format!("`{name}` is no format of a plan"));
        fail.help(match crate::diag::closest(name, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("formats are {}", names.join(", ")),
        })
    })
}

/// What stands around a plan that is made now.
pub(super) fn context(global: &Global) -> Context {
    let made = jiff::Timestamp::from_second(RealClock::new().unix() as i64).ok().map(|t| t.to_string());
    github::context(global, Context { made, ..Context::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_and_wrong_ones_are_corrected() {
        let mut names: Vec<&str> = FORMATS.iter().map(|f| f.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FORMATS.len());
        assert_eq!(named("json").unwrap().name, "json");
        let fail = named("jsn").unwrap_err();
        assert_eq!((fail.exit, fail.help.as_deref()), (Exit::Usage, Some("did you mean `json`?")));
        assert!(named("").unwrap_err().help.is_some());
    }
}
