//! From arguments to an exit code.

use std::process::ExitCode;

use clap::Parser as _;

use super::args::{Cli, Command};
use super::commands;
use super::exit::Exit;
use super::streams::Streams;

/// Runs the program. Never panics outwards: a bug ends with code 70 and a report without any value in it.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report));
    match std::panic::catch_unwind(run) {
        Ok(exit) => exit.into(),
        Err(_) => Exit::Bug.into(),
    }
}

/// Says where, never what: a panic's message may hold values, and values may be secret.
fn report(info: &std::panic::PanicHookInfo<'_>) {
    use std::io::Write as _;
    let place = info.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
    let _ = writeln!(
        std::io::stderr(),
        "error: omni-scale {} has a bug at {place}\n  help: report this line and the command; run `omni-scale plan` before applying again",
        env!("CARGO_PKG_VERSION")
    );
}

fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version are answers; everything else is wrong usage, which clap would end with 2 ("changes").
            let _ = e.print();
            return if e.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let streams = Streams::new(&cli.global);
    match cli.command {
        Command::Validate => commands::validate::run(&cli.global, &streams),
        Command::Render(args) => commands::render::run(&cli.global, &args, &streams),
        Command::Plan(args) => commands::plan::run(&cli.global, &args, &streams),
        Command::Apply(args) => commands::apply::run(&cli.global, &args, &streams),
        Command::Graph(args) => commands::graph::run(&cli.global, &args, &streams),
        Command::Schema(args) => commands::schema::run(&args, &streams),
        Command::Lab(command) => commands::lab::run(&cli.global, &command, &streams),
        Command::Explain(args) => commands::explain::run(&args, &streams),
        Command::Version => {
            streams.data(&format!("omni-scale {}", env!("CARGO_PKG_VERSION")));
            Exit::Done
        }
    }
}
