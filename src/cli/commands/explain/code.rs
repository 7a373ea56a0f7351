//! `explain CODE`: what a guard or a code is about.

use crate::cli::exit::Exit;
use crate::cli::pages;
use crate::cli::streams::Streams;
use crate::diag::closest;
use crate::policy::guards;

pub(super) fn run(code: &str, streams: &Streams) -> Exit {
    let code = code.trim().to_ascii_uppercase();
    if let Some(guard) = guards::by_code(&code) {
        streams.data(&guards::page::text(guard));
        return Exit::Done;
    }
    // Messages write all four digits; people may leave zeros out.
    let number = code.strip_prefix("OS").unwrap_or(&code).parse::<u16>().ok();
    let full = number.map_or(code, |n| format!("OS{n:04}"));
    if let Some(page) = pages::all().find(|p| p.code == full) {
        streams.data(page.text().trim_end());
        return Exit::Done;
    }
    let near = closest(&full, pages::all().map(|p| p.code));
    let help = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    streams.error(
        "there is no such code",
        Some(&format!(
            "{help}codes are written as in messages, `omni-scale explain OS0401`, and guards as `G01`; docs/reference/codes.md has all"
        )),
    );
    Exit::Usage
}
