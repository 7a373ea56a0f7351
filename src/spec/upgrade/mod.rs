//! From facts to a spec: the engine sections for a deployment that has none yet, each value with the place that it comes from.
//!
//! Facts come from the narrative sections of a spec ([`narrate`]), from the files of a repository ([`Survey`]) and from whoever
//! asked the operator, Omni and Proxmox ([`Facts`] has fields for all of them). [`sections`] writes them. What several places
//! say differently, and what none says, becomes a comment that begins with `# ?`: a guess never stands there as a fact.
//!
//! ```text
//! let mut survey = Survey::default();
//! for (path, bytes) in files { survey.add(path, bytes) }
//! let mut facts = survey.facts(&sources_of_truth);
//! narrate(&documents, text, &mut facts);
//! let text = sections(&facts);
//! ```

mod append;
mod fact;
mod facts;
mod listing;
mod narrated;
mod provider_files;
mod scaffold;
mod survey;
mod text;

pub use append::{AppendError, append};
pub use fact::{Fact, Rank};
pub use facts::{ContainerFacts, Facts, ProviderFacts, ProxmoxFacts, Trusting};
pub use listing::{LeftOut, ListedPath, Live};
pub use narrated::narrate;
pub use scaffold::{GITIGNORE, STATE_README, Scaffold, ignores_state, scaffold};
pub use survey::{Survey, is_template};
pub use text::{questions, sections};
