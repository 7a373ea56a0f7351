//! The proof afterwards: look again, plan again, and expect nothing.

use std::sync::Arc;

use super::refresh::refresh;
use crate::backend::{OmniReader, ProxmoxReader};
use crate::plan::{Desired, Plan, PlanInput, PlanOptions, plan};
use crate::state::model::Record;

/// What was left to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Verified {
    /// Nothing.
    Empty,
    /// This.
    Left(Box<Plan>),
    /// It could not be found out.
    Unknown(String),
}

/// Plans again from a fresh look.
pub async fn verify(
    omni: &dyn OmniReader,
    proxmox: &[Arc<dyn ProxmoxReader>],
    desired: &Desired,
    record: Option<&Record>,
    options: PlanOptions,
) -> Verified {
    let snapshot = refresh(omni, proxmox).await;
    match plan(&PlanInput { desired, snapshot: &snapshot, record, options }) {
        Ok(plan) if !plan.unknown.is_empty() => Verified::Unknown(plan.unknown.join("; ")),
        Ok(plan) if plan.steps.is_empty() => Verified::Empty,
        Ok(plan) => Verified::Left(Box::new(plan)),
        Err(problems) => {
            Verified::Unknown(problems.into_iter().map(|d| d.message).collect::<Vec<_>>().join("; "))
        }
    }
}
