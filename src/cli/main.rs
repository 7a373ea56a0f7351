//! From arguments to an exit code.

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::Parser as _;
use clap::error::ErrorKind;

use super::args::{Cli, Command};
use super::commands;
use super::exit::Exit;
use super::streams::Streams;
use crate::lab;

/// Runs the program.
pub fn main() -> ExitCode {
    caught(run).into()
}

/// Runs something that never panics outwards: a bug ends with code 70 and a report without any value in it.
pub fn caught(run: impl FnOnce() -> Exit + std::panic::UnwindSafe) -> Exit {
    std::panic::set_hook(Box::new(report));
    std::panic::catch_unwind(run).unwrap_or(Exit::Bug)
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

/// The world in `--lab WORLD`, where only `--lab=WORLD` is read as one.
fn world_apart(args: impl Iterator<Item = String>) -> Option<String> {
    let name = args.skip_while(|a| a != "--lab").nth(1)?;
    lab::worlds().contains(&name.as_str()).then_some(name)
}

fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version are answers; everything else is wrong usage, which clap would end with 2 ("changes").
            let _ = e.print();
            if e.kind() == ErrorKind::UnknownArgument
                && let Some(world) = world_apart(std::env::args())
            {
                use std::io::Write as _;
                let _ = writeln!(
                    std::io::stderr(),
                    "\n  tip: the name of a world follows an equals sign: '--lab={world}'"
                );
            }
            return if e.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let streams = Streams::new(&cli.global);
    let exit = match cli.command {
        Command::Init(args) => commands::init::run(&cli.global, &args, &streams),
        Command::Spec(command) => commands::spec::run(&cli.global, &command, &streams),
        Command::Validate(args) => commands::validate::run(&cli.global, &args, &streams),
        Command::Render(args) => commands::render::run(&cli.global, &args, &streams),
        Command::Plan(args) => commands::plan::run(&cli.global, &args, &streams),
        Command::Apply(args) => commands::apply::run(&cli.global, &args, &streams),
        Command::Show(args) => commands::show::run(&cli.global, &args, &streams),
        Command::Export(args) => commands::export::run(&cli.global, &args, &streams),
        Command::Adopt(args) => commands::adopt::run(&cli.global, &args, &streams),
        Command::Fmt(args) => commands::fmt::run(&cli.global, &args, &streams),
        Command::Drift(args) => commands::drift::run(&cli.global, &args, &streams),
        Command::Doctor(args) => commands::doctor::run(&cli.global, &args, &streams),
        Command::Status(args) => commands::status::run(&cli.global, &args, &streams),
        Command::Verify(args) => commands::verify::run(&cli.global, &args, &streams),
        Command::Import(args) => commands::import::run(&cli.global, &args, &streams),
        Command::Graph(args) => commands::graph::run(&cli.global, &args, &streams),
        Command::Schema(args) => commands::schema::run(&args, &streams),
        Command::Lock(command) => commands::lock::run(&cli.global, &command, &streams),
        Command::Record(command) => commands::record::run(&cli.global, &command, &streams),
        Command::Lab(command) => commands::lab::run(&cli.global, &command, &streams),
        Command::Explain(args) => commands::explain::run(&cli.global, &args, &streams),
        Command::Version => {
            streams.data(&format!("omni-scale {}", env!("CARGO_PKG_VERSION")));
            Exit::Done
        }
    };
    match exit {
        Exit::Done | Exit::Changes if streams.lost.load(Ordering::Relaxed) => Exit::Error,
        exit => exit,
    }
}
