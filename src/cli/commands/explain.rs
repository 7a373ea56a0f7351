//! `explain CODE`: what a guard or a code is about.

use crate::cli::args::ExplainArgs;
use crate::cli::exit::Exit;
use crate::cli::streams::Streams;
use crate::policy::guards;
use crate::policy::pages::{PAGES, text};

/// What the hundreds of a code are about.
const GROUPS: [(u16, &str); 7] = [
    (1, "the files: YAML, the spec, machine classes, cluster templates"),
    (2, "references between the files, and checks before anything is sent"),
    (3, "credentials, certificates and the way to the servers"),
    (4, "the plan: what it warns of or refuses"),
    (5, "carrying out a plan"),
    (6, "the record and the lease"),
    (7, "policies: rules, locked decisions, exceptions"),
];

pub(in crate::cli) fn run(args: &ExplainArgs, streams: &Streams) -> Exit {
    let code = args.code.trim().to_ascii_uppercase();
    if let Some(guard) = guards::by_code(&code) {
        streams.data(&guards::page::text(guard));
        return Exit::Done;
    }
    if let Some(page) = PAGES.iter().find(|p| p.code == code) {
        streams.data(text(page).trim_end());
        return Exit::Done;
    }
    let number = code.strip_prefix("OS").unwrap_or(&code).parse::<u16>().ok();
    let group = number.and_then(|n| GROUPS.iter().find(|(g, _)| *g == n / 100).map(|(_, about)| (n, about)));
    match group {
        Some((n, about)) => {
            streams.data(&format!("OS{n:04} is about {about}.\nPages for single codes are not built yet; the message itself says what to do."));
            Exit::Done
        }
        None => {
            streams.error(
                "there is no such code",
                Some("codes are written as in messages: `omni-scale explain OS0401`"),
            );
            Exit::Usage
        }
    }
}
