//! What became of a run, for the summary of a job.

use super::escape::{Fence, Mark, Markdown};

/// The final block of an apply under a title: `good` says whether everything was done.
pub fn outcome(report: &str, good: bool) -> String {
    let mut out = Markdown::new();
    out.own("## omni-scale apply: ").own(if good { "done" } else { "**not done**" }).own("\n\n");
    let mut block = Fence::new();
    for line in report.lines().filter(|l| !l.trim().is_empty()) {
        block.line(if good { Mark::Note } else { Mark::Lost }, line);
    }
    out.append(&block.block(true));
    out.into_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_report_is_one_block() {
        let text = super::outcome("\nApplied 1 of 2 steps.\n  failed   x: ```\n</details>\n", false);
        assert_eq!(
            text,
            "## omni-scale apply: **not done**\n\n````diff\n! Applied 1 of 2 steps.\n!   failed   x: ```\n! </details>\n````\n\n"
        );
    }
}
