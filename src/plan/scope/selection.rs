//! What a person chose by address.

use std::collections::BTreeSet;

use crate::address::{Address, AddressError, Glob};
use crate::diag::closest;
use crate::graph::{Desired, address_of};
use crate::live::{Observation, Snapshot};
use crate::plan::Scope;
use crate::state::model::Record;

/// A pattern, and how it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The pattern.
    pub glob: Glob,
    /// Where it comes from, for messages: the option (`--target`) or the line of a file (`targets.txt:3`).
    pub given: String,
}

impl Choice {
    /// A pattern of an option.
    ///
    /// # Errors
    /// Not an address with stars.
    pub fn new(text: &str, given: impl Into<String>) -> Result<Self, AddressError> {
        Ok(Self { glob: text.parse()?, given: given.into() })
    }
}

/// What is planned and what is not. Empty: everything is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these, and what they need; empty: all.
    pub targets: Vec<Choice>,
    /// Not these, nor what needs them.
    pub excludes: Vec<Choice>,
    /// Only these clusters and what lies below them; of targets only those that lie there. Empty: all.
    pub clusters: Vec<String>,
}

/// A pattern that fits nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// The text of the pattern, or the name of the cluster.
    pub text: String,
    /// How it was given.
    pub given: String,
    /// An address, or the name of a cluster, that was perhaps meant.
    pub closest: Option<String>,
}

impl Selection {
    /// The selection that made a partial plan.
    ///
    /// # Errors
    /// What stands in the plan is no pattern.
    pub fn of(scope: &Scope) -> Result<Self, AddressError> {
        let all = |texts: &[String], given: &str| {
            texts.iter().map(|text| Choice::new(text, given)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            targets: all(&scope.targets, "--target")?,
            excludes: all(&scope.excludes, "--exclude")?,
            clusters: scope.clusters.clone(),
        })
    }
    /// Whether nothing was chosen, so that everything is planned.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.excludes.is_empty() && self.clusters.is_empty()
    }
    /// Whether an address is among the targets and in the clusters, whatever is excluded.
    pub fn targets(&self, address: &Address) -> bool {
        let cluster = || address.cluster_name().is_some_and(|name| self.clusters.iter().any(|c| c == name));
        (self.clusters.is_empty() || cluster())
            && (self.targets.is_empty() || self.targets.iter().any(|p| p.glob.matches(address)))
    }
    /// Whether an address is excluded by name.
    pub fn excludes(&self, address: &Address) -> bool {
        self.excludes.iter().any(|p| p.glob.matches(address))
    }
    /// Whether an address is chosen and not excluded.
    pub fn takes(&self, address: &Address) -> bool {
        self.targets(address) && !self.excludes(address)
    }
    /// The same for the record of the plan.
    pub fn scope(&self) -> Scope {
        let texts = |patterns: &[Choice]| patterns.iter().map(|p| p.glob.to_string()).collect();
        Scope {
            targets: texts(&self.targets),
            excludes: texts(&self.excludes),
            clusters: self.clusters.clone(),
            ..Scope::default()
        }
    }
    /// Patterns that fit none of the known addresses: slips of the pen, which must not pass as "nothing to do".
    pub fn unmatched(&self, known: &BTreeSet<Address>) -> Vec<Unmatched> {
        let clusters: BTreeSet<&str> = known.iter().filter_map(Address::cluster_name).collect();
        let mut out: Vec<Unmatched> = self
            .clusters
            .iter()
            .filter(|name| !clusters.contains(name.as_str()))
            .map(|name| Unmatched {
                text: name.clone(),
                given: "--cluster".to_owned(),
                closest: closest(name, clusters.iter().copied()).map(str::to_owned),
            })
            .collect();
        let names: Vec<String> = known.iter().map(ToString::to_string).collect();
        for pattern in self.targets.iter().chain(&self.excludes) {
            if !known.iter().any(|a| pattern.glob.matches(a)) {
                let text = pattern.glob.to_string();
                let plain = text.strip_suffix("/**").unwrap_or(&text);
                // A name without its kind is the usual slip.
                let named = known.iter().find(|a| a.name() == plain).map(ToString::to_string);
                let meant =
                    named.or_else(|| closest(plain, names.iter().map(String::as_str)).map(str::to_owned));
                out.push(Unmatched { given: pattern.given.clone(), closest: meant, text });
            }
        }
        out
    }
}

/// Every address that can be chosen: what the files declare, what the record holds, and what is live in clusters.
pub fn known(desired: &Desired, record: Option<&Record>, snapshot: &Snapshot) -> BTreeSet<Address> {
    let declared = desired.classes.iter().chain(desired.clusters.iter().flat_map(|c| &c.resources));
    let mut all: BTreeSet<Address> = declared.map(|d| d.address.clone()).collect();
    for provider in &desired.providers {
        let address = Address::provider(&provider.id);
        if provider.container {
            all.insert(address.facet("container"));
        }
        if provider.files {
            all.insert(address.facet("files"));
        }
        all.insert(address);
    }
    all.extend(desired.clusters.iter().map(|c| Address::cluster(&c.name)));
    all.extend(record.into_iter().flat_map(|r| r.entries.keys().cloned()));
    let live = snapshot.omni.types.values().filter_map(Observation::known).flatten();
    all.extend(live.filter_map(|l| address_of(&l.resource)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(targets: &[&str], excludes: &[&str], clusters: &[&str]) -> Selection {
        let all = |texts: &[&str], given: &str| {
            texts.iter().map(|t| Choice::new(t, given).unwrap()).collect::<Vec<_>>()
        };
        Selection {
            targets: all(targets, "--target"),
            excludes: all(excludes, "--exclude"),
            clusters: clusters.iter().map(|c| (*c).to_owned()).collect(),
        }
    }

    fn addresses(texts: &[&str]) -> BTreeSet<Address> {
        texts.iter().map(|t| t.parse().unwrap()).collect()
    }

    #[test]
    fn clusters_narrow_targets_and_excludes_win() {
        let all = ["class/w", "cluster/a", "cluster/a/patch/p", "cluster/b/patch/p"];
        let taken = |s: &Selection| -> Vec<&str> {
            all.iter().copied().filter(|t| s.takes(&t.parse().unwrap())).collect()
        };
        assert_eq!(taken(&selection(&[], &[], &[])), all);
        assert_eq!(taken(&selection(&[], &[], &["a"])), ["cluster/a", "cluster/a/patch/p"]);
        assert_eq!(taken(&selection(&["**/patch/*"], &[], &["b"])), ["cluster/b/patch/p"]);
        assert_eq!(taken(&selection(&["**/patch/*"], &["cluster/b/**"], &[])), ["cluster/a/patch/p"]);
        assert_eq!(taken(&selection(&[], &["cluster/a/**"], &[])), ["class/w", "cluster/b/patch/p"]);
    }

    #[test]
    fn what_fits_nothing_is_named_with_what_was_meant() {
        let known = addresses(&[
            "class/matrix-worker",
            "cluster/talos-prod-01",
            "cluster/talos-prod-01/machineset/workers",
        ]);
        let of = |s: Selection| -> Vec<(String, Option<String>)> {
            s.unmatched(&known).into_iter().map(|u| (u.text, u.closest)).collect()
        };
        assert_eq!(of(selection(&["class/*"], &["cluster/**"], &["talos-prod-01"])), []);
        assert_eq!(
            of(selection(&["class/matrix-wroker"], &[], &["talos-prod-1"])),
            [
                ("talos-prod-1".to_owned(), Some("talos-prod-01".to_owned())),
                ("class/matrix-wroker".to_owned(), Some("class/matrix-worker".to_owned())),
            ]
        );
        assert_eq!(
            of(selection(&["workers"], &[], &[])),
            [("workers".to_owned(), Some("cluster/talos-prod-01/machineset/workers".to_owned()))]
        );
        assert_eq!(of(selection(&[], &["nothing/*/like"], &[])), [("nothing/*/like".to_owned(), None)]);
    }

    #[test]
    fn a_plan_tells_what_it_was_made_with() {
        let made = selection(&["class/*"], &["cluster/a/**"], &["a"]);
        assert_eq!(Selection::of(&made.scope()).unwrap(), made);
    }
}
