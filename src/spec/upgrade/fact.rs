//! A value with its source, and what several of them say together.

use crate::untrusted::Untrusted;

/// Who says it; what a better one says counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The operator, for this run: a variable, an answer.
    Operator,
    /// A server that was asked, or the operator's own configuration.
    Live,
    /// A file of the repository.
    File,
}

/// A value, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T = String> {
    /// What was found.
    pub value: T,
    /// Where, in words for a comment: `clusters/a.yaml:3`, `constraints.dns.server:12`.
    pub source: String,
    /// Who says it.
    pub rank: Rank,
}

impl<T> Fact<T> {
    /// A fact of a file.
    pub fn file(value: impl Into<T>, source: impl Into<String>) -> Self {
        Self { value: value.into(), source: source.into(), rank: Rank::File }
    }
    /// A fact of a server, or of the operator's own configuration.
    pub fn live(value: impl Into<T>, source: impl Into<String>) -> Self {
        Self { value: value.into(), source: source.into(), rank: Rank::Live }
    }
    /// The operator's word.
    pub fn operator(value: impl Into<T>, source: impl Into<String>) -> Self {
        Self { value: value.into(), source: source.into(), rank: Rank::Operator }
    }
}

/// What facts about one question say together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer<'a, T> {
    /// Nobody says anything.
    None,
    /// The best ones agree. Facts that say something else follow.
    One(&'a Fact<T>, Vec<&'a Fact<T>>),
    /// The best ones differ: each value once.
    Several(Vec<&'a Fact<T>>),
}

/// Weighs facts: those of the best rank decide.
pub(super) fn weigh<T: PartialEq>(facts: &[Fact<T>]) -> Answer<'_, T> {
    let Some(best) = facts.iter().map(|f| f.rank).min() else { return Answer::None };
    let mut values: Vec<&Fact<T>> = Vec::new();
    for fact in facts.iter().filter(|f| f.rank == best) {
        if !values.iter().any(|v| v.value == fact.value) {
            values.push(fact);
        }
    }
    match values.as_slice() {
        [one] => Answer::One(one, facts.iter().filter(|f| f.value != one.value).collect()),
        _ => Answer::Several(values),
    }
}

/// Words of outside in a comment: one line, nothing hidden.
pub(super) fn shown(text: &str) -> String {
    Untrusted::new(text).line(160)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_rank_decides_and_dissent_is_kept() {
        let facts: Vec<Fact> =
            vec![Fact::file("a", "f:1"), Fact::live("b", "context"), Fact::file("b", "g:2")];
        let Answer::One(one, others) = weigh(&facts) else { panic!("one") };
        assert_eq!((one.value.as_str(), others.len()), ("b", 1));
        let equal: Vec<Fact> = vec![Fact::file("a", "f:1"), Fact::file("b", "g:2"), Fact::file("a", "h:3")];
        let Answer::Several(values) = weigh(&equal) else { panic!("several") };
        assert_eq!(values.iter().map(|f| f.source.as_str()).collect::<Vec<_>>(), ["f:1", "g:2"]);
        assert_eq!(weigh::<String>(&[]), Answer::None);
    }
}
