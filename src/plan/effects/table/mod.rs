//! What each field does to machines that exist: the one table that the planner's judges read, and that the reference page
//! `docs/reference/effects.md` is printed from.
//!
//! A row predicts only what something pins: a recorded timeline of a real Omni, a recorded exchange with one, its reference,
//! or the reference of the provider. Where nothing does, the effect is `unknown`, and the row says what is missing. Without
//! machines every effect is none; the judges know that, and the rows do not repeat it.

mod class;
mod cluster;
mod extensions;
mod health_check;
mod install_disk;
mod kernel_args;
mod machine;
mod machine_set;
mod manifest;
mod page;
mod patch;
mod provider_data;
mod row;
mod spec;
mod talos;

pub use page::page;
pub use row::{Proof, Row, Source, Subject, When};

/// The row of a field: the longest one that leads to it, else the last one of its subject, which stands for all others.
pub(in crate::plan) fn row(subject: Subject, path: &[&str], when: When) -> &'static Row {
    let rows = subject.rows();
    let leads = |row: &&Row| row.when == when && row.leads_to(path);
    rows.iter().filter(leads).max_by_key(|row| row.path.len()).unwrap_or_else(|| subject.other())
}

#[cfg(test)]
mod tests;
