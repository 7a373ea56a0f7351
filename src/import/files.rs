//! The files in the making, and those that are there already.

use std::collections::BTreeMap;

use super::names::{Names, join};

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Path relative to the repository.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Whether it holds secrets, so that only its owner may read it.
    pub secret: bool,
}

/// What stands at a path of the repository; `None` where there is nothing.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// New files by path.
pub(super) struct Files<'a> {
    new: BTreeMap<String, NewFile>,
    names: Names,
    taken: Lookup<'a>,
}

impl<'a> Files<'a> {
    pub(super) fn new(taken: Lookup<'a>) -> Self {
        Self { new: BTreeMap::new(), names: Names::default(), taken }
    }

    /// Adds a file named after `name` in `folder`, and says its path.
    pub(super) fn add(&mut self, folder: &str, name: &str, text: String, secret: bool) -> String {
        let path = self.names.path(folder, name);
        self.put(path.clone(), text, secret);
        path
    }

    /// Adds a file at this very path.
    pub(super) fn put(&mut self, path: String, text: String, secret: bool) {
        self.names.reserve(&path);
        self.new.insert(path.clone(), NewFile { path, text, secret });
    }

    /// Adds a file at a path that somebody else may use too; only if all agree on its content.
    pub(super) fn share(&mut self, path: &str, text: &str, secret: bool) -> bool {
        if let Some(file) = self.new.get_mut(path) {
            file.secret |= secret;
            return file.text == text;
        }
        match (self.taken)(path) {
            Some(bytes) => bytes == text.as_bytes(),
            None if self.names.is_taken(path) => false,
            None => {
                self.put(path.to_owned(), text.to_owned(), secret);
                true
            }
        }
    }

    /// Takes back what was added since `before`.
    pub(super) fn truncate(&mut self, before: &[String]) {
        self.new.retain(|path, _| before.contains(path));
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.new.keys().cloned().collect()
    }

    /// The bytes that a reader will find at a path: new, or there already.
    pub(super) fn content(&self, path: &str) -> Option<Vec<u8>> {
        self.new.get(path).map(|f| f.text.clone().into_bytes()).or_else(|| (self.taken)(path))
    }

    pub(super) fn into_files(self) -> Vec<NewFile> {
        self.new.into_values().collect()
    }
}

/// The path in the repository of a file that a template in `folder` names as `reference`.
pub(super) fn beside(folder: &str, reference: &str) -> String {
    join(folder, reference)
}
