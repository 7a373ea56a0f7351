//! What a token may see. Lists are filtered by it without a word, so absence means nothing before this was looked at.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::loose;

/// `GET /access/permissions`: privileges of the principal that asks, by access path; the flag says whether a privilege
/// propagates to the paths below.
///
/// Only the top-level paths, paths with an ACL of their own and pools' members are listed, each with its effective set; a
/// path whose set is empty is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions(pub BTreeMap<String, BTreeMap<String, bool>>);

#[derive(Deserialize)]
struct Flag(#[serde(deserialize_with = "loose::flag")] Option<bool>);

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let listed = BTreeMap::<String, BTreeMap<String, Flag>>::deserialize(source)?;
        let paths = listed.into_iter().map(|(path, privileges)| {
            let privileges = privileges.into_iter().map(|(name, flag)| (name, flag.0.unwrap_or(false)));
            (path, privileges.collect())
        });
        Ok(Self(paths.collect()))
    }
}

/// Whether a privilege covers a path and everything below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All of it.
    Whole,
    /// Not all of it.
    Lacking,
    /// A path above has it and passes it on, but this path is not listed: ask for the path itself.
    NotListed,
}

impl Permissions {
    /// Whether any of these privileges covers `top` (`/vms`) and everything below it.
    pub fn covers(&self, top: &str, any: &[&str]) -> Coverage {
        let below = format!("{top}/");
        let gap = self.0.iter().any(|(path, held)| {
            path.starts_with(&below) && !any.iter().any(|privilege| held.contains_key(*privilege))
        });
        if gap {
            return Coverage::Lacking;
        }
        if let Some(held) = self.0.get(top) {
            return if passes_on(held, any) { Coverage::Whole } else { Coverage::Lacking };
        }
        let inherited =
            ancestors(top).find_map(|path| self.0.get(path)).is_some_and(|held| passes_on(held, any));
        if inherited { Coverage::NotListed } else { Coverage::Lacking }
    }

    /// Whether a privilege holds at one path: by the path's own set where it is listed, else as the nearest listed path above
    /// passes it on.
    pub fn holds(&self, path: &str, privilege: &str) -> bool {
        match self.0.get(path) {
            Some(own) => own.contains_key(privilege),
            None => {
                let above = ancestors(path).find_map(|path| self.0.get(path));
                above.is_some_and(|held| passes_on(held, &[privilege]))
            }
        }
    }

    /// Adds what was answered for one path.
    pub fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }
}

fn passes_on(held: &BTreeMap<String, bool>, any: &[&str]) -> bool {
    any.iter().any(|privilege| held.get(*privilege) == Some(&true))
}

/// Paths above, nearest first, `/` last.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(path.rsplit_once('/').map(|(above, _)| above), |p| {
        p.rsplit_once('/').map(|(above, _)| above)
    })
    .map(|p| if p.is_empty() { "/" } else { p })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(json: &str, top: &str) -> Coverage {
        serde_json::from_str::<Permissions>(json).unwrap().covers(top, &["VM.Audit"])
    }

    #[test]
    fn a_privilege_covers_a_path_only_where_it_is_passed_on_and_nothing_below_lacks_it() {
        use Coverage::{Lacking, NotListed, Whole};
        for (json, expected) in [
            (r"{}", Lacking),
            (r#"{"/vms":{"VM.Audit":1}}"#, Whole),
            (r#"{"/vms":{"VM.Audit":"1"}}"#, Whole),
            (r#"{"/vms":{"VM.Audit":0}}"#, Lacking),
            (r#"{"/vms":{"VM.PowerMgmt":1}}"#, Lacking),
            (r#"{"/":{"VM.Audit":1},"/vms":{"VM.PowerMgmt":1}}"#, Lacking),
            (r#"{"/":{"VM.Audit":1}}"#, NotListed),
            (r#"{"/":{"VM.Audit":0}}"#, Lacking),
            (r#"{"/vms":{"VM.Audit":1},"/vms/105":{"VM.PowerMgmt":1}}"#, Lacking),
            (r#"{"/vms":{"VM.Audit":1},"/vms/105":{"VM.Audit":0}}"#, Whole),
            (r#"{"/vms/105":{"VM.Audit":1}}"#, Lacking),
        ] {
            assert_eq!(covers(json, "/vms"), expected, "{json}");
        }
        for (json, path, expected) in [
            (r"{}", "/vms/120", false),
            (r#"{"/":{"VM.Audit":1}}"#, "/vms/120", true),
            (r#"{"/":{"VM.Audit":1},"/vms":{"VM.PowerMgmt":1}}"#, "/vms/120", false),
            (r#"{"/vms":{"VM.Audit":0}}"#, "/vms/120", false),
            (r#"{"/vms":{"VM.Audit":1},"/vms/120":{"VM.PowerMgmt":1}}"#, "/vms/120", false),
            (r#"{"/vms/120":{"VM.Audit":0}}"#, "/vms/120", true),
        ] {
            let held = serde_json::from_str::<Permissions>(json).unwrap();
            assert_eq!(held.holds(path, "VM.Audit"), expected, "{json}");
        }
        assert_eq!(ancestors("/a/b/c").collect::<Vec<_>>(), ["/a/b", "/a", "/"]);
    }
}
