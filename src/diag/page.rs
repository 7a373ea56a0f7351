//! What there is to read about one code.

/// One code, explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// `OS0701`
    pub code: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it means.
    pub means: &'static str,
    /// Why that is so, and by whose rule.
    pub why: &'static str,
    /// How it comes about.
    pub example: &'static str,
    /// What to do.
    pub act: &'static str,
}

impl Page {
    /// What `explain` prints.
    pub fn text(&self) -> String {
        let example: Vec<String> = self.example.lines().map(|l| format!("  {l}")).collect();
        format!(
            "{} {}\n\nWhat it means\n  {}\n\nWhy\n  {}\n\nExample\n{}\n\nWhat to do\n  {}\n",
            self.code,
            self.title,
            self.means,
            self.why,
            example.join("\n"),
            self.act
        )
    }

    /// The same as a section of `docs/reference/codes.md`.
    pub fn markdown(&self) -> String {
        let title = self.title;
        format!(
            "## {}: {title}\n\n{}\n\n**Why**: {}\n\n```text\n{}\n```\n\n**What to do**: {}\n",
            self.code, self.means, self.why, self.example, self.act
        )
    }
}
