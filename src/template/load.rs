//! From documents to resources in one call, with all problems.

use super::decode::decode;
use super::dialect::Dialect;
use super::encoded_anew::encoded_anew;
use super::files::{Contents, PatchFiles};
use super::model::Template;
use super::rendered::Rendered;
use super::resources::render;
use super::validate::validate;
use crate::diag::{Sink, SourceId, Sources};
use crate::yaml::Document;

/// A template that was read, and what it renders to.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The models.
    pub template: Template,
    /// The resources in omnictl's order; meaningful only if there were no errors.
    pub resources: Vec<Rendered>,
    /// What the files it names hold.
    pub contents: Contents,
}

/// Reads the documents of one template file in `dialect`, judges them and renders them. Texts of files are added to `sources`, problems to
/// `sink`: a template with an error in `sink` must not be used further.
pub fn load(
    dialect: Dialect,
    source: SourceId,
    documents: &[Document],
    files: &dyn PatchFiles,
    sources: &mut Sources,
    sink: &mut Sink,
) -> Loaded {
    let text = sources.get(source).map(|s| s.text.as_str()).unwrap_or_default();
    let documents = encoded_anew(documents, sink);
    let template = decode(dialect, source, text, &documents, sink);
    let contents = Contents::read(&template, files, sources);
    let resources = render(dialect, &template, sources, &contents);
    validate(dialect, &template, &resources, sources, &contents, sink);
    Loaded { template, resources, contents }
}
