//! What expressions see: `plan`, `desired` and, in rules about steps, `step`.
//!
//! A view of its own and not the JSON plan: rules need what the files ask for as values (provider data, patches), and what
//! people once wrote must go on to mean the same when the JSON format grows. Names that both have mean the same in both.

mod desired;
mod plan;

use crate::plan::{Desired, Plan};
use crate::spec::Spec;
use crate::value::Value;

use super::cel::{Documents, Shape};

pub use desired::DESIRED;
pub use plan::{PLAN, STEP};

/// Names in rules about the plan as a whole, in locked decisions and in checks.
pub static NAMES: [(&str, &Shape); 2] = [("plan", &PLAN), ("desired", &DESIRED)];
/// Names in rules with `applies_to`.
pub static STEP_NAMES: [(&str, &Shape); 3] = [("plan", &PLAN), ("desired", &DESIRED), ("step", &STEP)];
/// Names in what is looked at before any plan is made.
pub const WITHOUT_PLAN: &str = "desired";

/// The documents about a plan, or about the files alone. Secrets are covered.
pub fn documents(plan: Option<&Plan>, desired: &Desired, spec: Option<&Spec>) -> Documents {
    let mut all = Documents::new();
    all.insert("desired", desired::document(desired, spec));
    if let Some(plan) = plan {
        all.insert("plan", plan::document(plan));
    }
    all
}

/// A mapping.
fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

fn list(all: impl IntoIterator<Item = Value>) -> Value {
    Value::List(all.into_iter().collect())
}

fn texts<T: AsRef<str>>(all: &[T]) -> Value {
    list(all.iter().map(|t| t.as_ref().into()))
}

fn maybe<T: Into<Value>>(value: Option<T>) -> Value {
    value.map_or(Value::Null, Into::into)
}
