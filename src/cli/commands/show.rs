//! `show`: a saved plan in any form, from its file alone.

use std::path::PathBuf;

use clap::Args;

use crate::cli::approval;
use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::formats::{self, Printing};
use crate::cli::outputs::{self, Outs};
use crate::cli::saving;
use crate::cli::streams::Streams;

/// `show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Saved plan, as `plan --out plan=FILE` wrote it
    pub plan: PathBuf,
    /// How it is printed.
    #[command(flatten)]
    pub printing: Printing,
    /// Where else it goes.
    #[command(flatten)]
    pub outs: Outs,
}

pub(in crate::cli) fn run(global: &Global, args: &ShowArgs, streams: &Streams) -> Exit {
    match show(global, args, streams) {
        Ok(()) => Exit::Done,
        Err(fail) => fail.tell(streams),
    }
}

fn show(global: &Global, args: &ShowArgs, streams: &Streams) -> Result<(), Fail> {
    let outs = args.outs.outputs()?;
    let opened = approval::open(&args.plan, Exit::Files)?;
    let mut context = formats::context(global);
    saving::around(&opened.saved, &mut context);
    let plan = opened.saved.plan.plan();
    args.printing.print(&plan, &context, streams)?;
    outputs::write(&outs, &plan, &context, args.printing.amount.view())
}
