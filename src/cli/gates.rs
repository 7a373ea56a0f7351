//! The gates of an apply at the command line: a fresh look, a plan of what is left to do up to the gate, and the expressions of
//! the phase over both.

use super::connect::Connection;
use super::repository::Repository;
use super::review;
use crate::engine::gate::{Closed, Gatekeeper};
use crate::plan::{Desired, Gate, PlanInput, PlanOptions, plan, until};
use crate::policy::Standing;
use crate::secret::DigestKey;
use crate::state::model::Record;
use crate::untrusted::Untrusted;
use crate::world::BoxFuture;

/// Looks at exit criteria.
pub(super) struct Gates<'a> {
    pub(super) repository: &'a Repository,
    pub(super) connection: &'a Connection,
    pub(super) desired: &'a Desired,
    pub(super) key: Option<&'a DigestKey>,
    pub(super) options: PlanOptions<'a>,
}

impl Gatekeeper for Gates<'_> {
    fn look<'a>(&'a self, gate: &'a Gate, record: Option<Record>) -> BoxFuture<'a, Result<(), Closed>> {
        Box::pin(async move {
            if gate.criteria.is_empty() {
                return Ok(());
            }
            let unseen = |why: String| Closed::Unseen { phase: gate.phase.clone(), why };
            let seen = self.connection.look().await.map_err(|fail| unseen(fail.message))?;
            let input = PlanInput {
                desired: self.desired,
                snapshot: &seen,
                record: record.as_ref(),
                key: self.key,
                options: self.options,
            };
            let left = plan(&input).map_err(|problems| {
                unseen(problems.into_iter().map(|d| d.message).collect::<Vec<_>>().join("; "))
            })?;
            if let Some(first) = left.unknown.first() {
                return Err(unseen(first.clone()));
            }
            let before = until(&left, &self.desired.phases, &gate.phase);
            let open: Vec<(String, String)> = review::exit_criteria(self.repository, &before, &gate.phase)
                .into_iter()
                .filter(|c| c.standing != Standing::Holds)
                .map(|c| (Untrusted::new(&c.text).line(300), observed(&c.standing, &c.seen)))
                .collect();
            if open.is_empty() { Ok(()) } else { Err(Closed::Criteria { phase: gate.phase.clone(), open }) }
        })
    }
}

/// What a check looked at, in one line.
fn observed(standing: &Standing, seen: &[(String, String)]) -> String {
    if let Standing::Unclear(why) = standing {
        return format!("it has no value: {}", Untrusted::new(why).line(300));
    }
    let parts: Vec<String> = seen
        .iter()
        .map(|(words, value)| {
            format!("{} is {}", Untrusted::new(words).line(200), Untrusted::new(value).line(200))
        })
        .collect();
    parts.join(", ")
}
