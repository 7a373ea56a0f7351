//! What templates refer to outside themselves, with places.

use super::model::Template;
use crate::address::Address;
use crate::diag::{SourceId, Span};

/// A machine set that draws its machines from a class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassReference {
    /// Id of the class.
    pub class: String,
    /// The machine set.
    pub machine_set: Address,
    /// The template.
    pub source: SourceId,
    /// Where the class is named.
    pub span: Span,
}

/// The classes that a template names. Omni refuses a machine set whose class it does not have, so each must be among the files
/// or live.
pub fn class_references(template: &Template) -> Vec<ClassReference> {
    let Some(cluster) = template.clusters().next() else { return Vec::new() };
    let address = Address::cluster(&cluster.name.value);
    template
        .machine_sets()
        .filter_map(|set| {
            let class = set.class.as_ref()?;
            Some(ClassReference {
                class: class.name.value.clone(),
                machine_set: address.child("machineset", set.short_id()),
                source: template.source,
                span: class.name.span,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::tests::loaded;

    #[test]
    fn classes_are_named_with_their_places() {
        let text = "kind: Cluster\nname: c\nkubernetes: {version: v1}\ntalos: {version: v1}\n---\nkind: ControlPlane\n---\n\
                    kind: Workers\nname: w\nmachineClass: {name: big, size: unlimited}\n";
        let (loaded, _, sink) = loaded(text);
        assert!(!sink.has_errors());
        let found = class_references(&loaded.template);
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(one.machine_set.to_string(), "cluster/c/machineset/w");
        assert_eq!(text.get(one.span.start..one.span.end), Some("big"));
    }
}
