//! Answers to a person who asks beforehand: what a storage selector finds, what the provider makes of provider data.

mod provider_data;
mod selector;

pub use provider_data::{DataReport, Field, Ignored, Parameter, data_report};
pub use selector::{
    NodeReport, Outcome, Problem, SelectorReport, StorageReport, StoragesOf, Verdict, selector_report,
};
