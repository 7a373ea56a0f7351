//! What stands around a plan without being part of it: which commits, how long it holds, where more is to be read.

/// A commit id: 40 to 64 lower-case hexadecimal digits, so it needs no escaper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit(String);

impl Commit {
    /// A commit id, if `text` is one.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        (digits && (40..=64).contains(&text.len())).then(|| Self(text.to_owned()))
    }
    /// All digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The first seven digits, as people write it.
    pub fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }
}

/// An `https` address made of letters, digits and `-._~:/%#?=` only, so it needs no escaper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link(String);

impl Link {
    /// An address, if `text` is one that needs no escaper.
    pub fn parse(text: &str) -> Option<Self> {
        let host = text.strip_prefix("https://")?;
        let safe = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/%#?=".contains(&b));
        let named = host.starts_with(|c: char| c.is_ascii_alphanumeric());
        (safe && named && text.len() <= 500).then(|| Self(text.to_owned()))
    }
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The address of `path` below this one, at `line`. Every character of the path but letters, digits and `-._~/` is
    /// percent-encoded.
    #[must_use]
    pub fn below(&self, path: &str, line: Option<u32>) -> Self {
        let mut out = self.0.trim_end_matches('/').to_owned();
        out.push('/');
        for b in path.trim_start_matches('/').bytes() {
            if b.is_ascii_alphanumeric() || b"-._~/".contains(&b) {
                out.push(char::from(b));
            } else {
                out.push_str(&format!("%{b:02X}"));
            }
        }
        if let Some(line) = line {
            out.push_str(&format!("#L{line}"));
        }
        Self(out)
    }
}

/// What stands around a plan. Everything is optional: what is not known is not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// What tells this plan's comment from another's of the same pull request: the path of the spec.
    pub key: String,
    /// Digest of the plan, `sha256:` and hexadecimal digits.
    pub digest: Option<String>,
    /// When the plan was made, RFC 3339 in UTC to the second.
    pub made: Option<String>,
    /// When the saved plan ends, RFC 3339.
    pub expires: Option<String>,
    /// The commit that is compared with.
    pub base: Option<Commit>,
    /// The commit that is proposed.
    pub head: Option<Commit>,
    /// The commit that was planned from: what merging would give.
    pub merge: Option<Commit>,
    /// Where everything is to be read.
    pub report: Option<Link>,
    /// Folder of the checkout at the commit that is proposed, as the forge shows it.
    pub sources: Option<Link>,
    /// The saved plan, for the file that is to hold it.
    pub file: Option<String>,
    /// Folder of the deployment within the checkout, without slashes at its ends; empty where they are the same.
    pub folder: String,
}

impl Context {
    /// `path:line` of the deployment as path within the checkout, and line.
    pub fn place(&self, source: &str) -> (String, Option<u32>) {
        let (path, line) = match source.rsplit_once(':').map(|(path, line)| (path, line.parse::<u32>())) {
            Some((path, Ok(line))) => (path, Some(line)),
            _ => (source, None),
        };
        let path = if self.folder.is_empty() { path.to_owned() } else { format!("{}/{path}", self.folder) };
        (path, line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_no_escaper_is_a_commit_or_a_link() {
        assert_eq!(Commit::parse(&"a1".repeat(20)).unwrap().short(), "a1a1a1a");
        for wrong in ["", "a1b2c3d", &"A1".repeat(20), &"g".repeat(40), &"a".repeat(65)] {
            assert_eq!(Commit::parse(wrong), None, "{wrong}");
        }
        let link = Link::parse("https://git.example.net/o/r/blob/x").unwrap();
        assert_eq!(
            link.below("clusters/a b)](x.yaml", Some(3)).as_str(),
            "https://git.example.net/o/r/blob/x/clusters/a%20b%29%5D%28x.yaml#L3"
        );
        for wrong in ["http://a", "javascript:x", "https://", "https://a)b", "https://a b", "https:///x"] {
            assert_eq!(Link::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn places_are_within_the_checkout() {
        let context = Context { folder: "deploy/prod".into(), ..Context::default() };
        assert_eq!(context.place("clusters/a.yaml:7"), ("deploy/prod/clusters/a.yaml".into(), Some(7)));
        assert_eq!(Context::default().place("odd:name"), ("odd:name".into(), None));
    }
}
