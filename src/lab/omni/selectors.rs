//! Label selectors: `k`, `!k`, `k = v`, `k != v`, `k in (a, b)`, `k notin (a, b)`, `k > n` and the other numeric terms,
//! joined by commas.

use std::collections::BTreeMap;

/// Labels of a resource.
pub(super) type Labels = BTreeMap<String, String>;

/// A parsed selector: every term must match.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Selector(Vec<Term>);

#[derive(Clone, Debug, PartialEq)]
struct Term {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Exists,
    Missing,
    In(Vec<String>),
    /// Also true without the label.
    NotIn(Vec<String>),
    /// Never true without the label or for a value that is no number.
    Compare(&'static str, i64),
}

impl Selector {
    /// Reads a selector; the error is the text Omni answers with.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let tokens = lex(text)?;
        let mut parser = Parser { tokens: &tokens };
        let mut terms = Vec::new();
        if tokens.is_empty() {
            return Ok(Self(terms));
        }
        loop {
            terms.push(parser.term()?);
            match parser.next() {
                None => return Ok(Self(terms)),
                Some(Token::Mark(",")) => {}
                Some(other) => return Err(expected(Some(&other), "',' or 'end of string'")),
            }
        }
    }

    /// Whether the labels satisfy every term.
    pub(super) fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|term| {
            let value = labels.get(&term.key);
            match &term.test {
                Test::Exists => value.is_some(),
                Test::Missing => value.is_none(),
                Test::In(list) => value.is_some_and(|v| list.contains(v)),
                Test::NotIn(list) => value.is_none_or(|v| !list.contains(v)),
                Test::Compare(operator, number) => {
                    value.and_then(|v| v.trim().parse::<i64>().ok()).is_some_and(|v| match *operator {
                        ">" => v > *number,
                        ">=" => v >= *number,
                        "<" => v < *number,
                        _ => v <= *number,
                    })
                }
            }
        })
    }

    /// Whether some term names this label.
    pub(super) fn names(&self, key: &str) -> bool {
        self.0.iter().any(|t| t.key == key)
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Mark(&'static str),
}

const MARKS: &[&str] = &["==", "!=", ">=", "<=", "=", "!", ">", "<", "(", ")", ","];

fn lex(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(mark) = MARKS.iter().find(|m| rest.starts_with(**m)) {
            tokens.push(Token::Mark(mark));
            rest = rest.get(mark.len()..).unwrap_or("");
        } else if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let inner = rest.get(1..).unwrap_or("");
            let Some((word, tail)) = inner.split_once(quote) else {
                return Err(format!("unable to parse term: unterminated quoted value {rest}"));
            };
            tokens.push(Token::Word(word.to_owned()));
            rest = tail;
        } else {
            let end =
                rest.find(|c: char| c.is_whitespace() || "=!<>(),\"'".contains(c)).unwrap_or(rest.len());
            let (word, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
            tokens.push(Token::Word(word.to_owned()));
            rest = tail;
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

fn expected(found: Option<&Token>, what: &str) -> String {
    let found = match found {
        None => "",
        Some(Token::Word(w)) => w,
        Some(Token::Mark(m)) => m,
    };
    format!("unable to parse term: found '{found}' expected: {what}")
}

struct Parser<'a> {
    tokens: &'a [Token],
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.first()
    }
    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }
    fn word(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(w)) => Ok(w),
            other => Err(expected(other.as_ref(), "identifier")),
        }
    }
    fn term(&mut self) -> Result<Term, String> {
        if self.peek() == Some(&Token::Mark("!")) {
            self.next();
            return Ok(Term { key: self.word()?, test: Test::Missing });
        }
        let key = self.word()?;
        let test = match self.peek().cloned() {
            None | Some(Token::Mark(",")) => Test::Exists,
            Some(Token::Mark("=" | "==")) => Test::In(vec![self.value()]),
            Some(Token::Mark("!=")) => Test::NotIn(vec![self.value()]),
            Some(Token::Mark(mark @ (">" | ">=" | "<" | "<="))) => {
                let value = self.value();
                let number = value.parse().map_err(|_| {
                    format!("unable to parse term: for '{mark}' the value must be an integer")
                })?;
                Test::Compare(mark, number)
            }
            Some(Token::Word(w)) if w == "in" => Test::In(self.list()?),
            Some(Token::Word(w)) if w == "notin" => Test::NotIn(self.list()?),
            other => return Err(expected(other.as_ref(), "in, notin, =, ==, !=, >, <, >=, <=")),
        };
        Ok(Term { key, test })
    }
    /// The value after an operator; `k =` means an empty one.
    fn value(&mut self) -> String {
        self.next();
        match self.peek().cloned() {
            Some(Token::Word(w)) => {
                self.next();
                w
            }
            _ => String::new(),
        }
    }
    fn list(&mut self) -> Result<Vec<String>, String> {
        self.next();
        match self.next() {
            Some(Token::Mark("(")) => {}
            other => return Err(expected(other.as_ref(), "'('")),
        }
        let mut values = Vec::new();
        loop {
            match self.next() {
                Some(Token::Word(w)) => values.push(w),
                Some(Token::Mark(")")) if values.is_empty() => {
                    values.push(String::new());
                    return Ok(values);
                }
                other => return Err(expected(other.as_ref(), "',', ')' or identifier")),
            }
            match self.next() {
                Some(Token::Mark(",")) => {}
                Some(Token::Mark(")")) => return Ok(values),
                other => return Err(expected(other.as_ref(), "',' or ')'")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(selector: &str, labels: &[(&str, &str)]) -> bool {
        let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Selector::parse(selector).unwrap().matches(&labels)
    }

    #[test]
    fn every_term() {
        let gold = &[("tier", "gold"), ("n", "12")];
        for yes in [
            "tier",
            "!x",
            "tier = gold",
            "tier==gold",
            "tier=\"gold\"",
            "tier != silver",
            "x != y",
            "tier in (gold, silver)",
            "x notin (a)",
            "n > 11",
            "n>=12",
            "n <= 12",
            "n < 13",
            "tier = gold, n > 5",
            "",
        ] {
            assert!(hit(yes, gold), "{yes}");
        }
        for no in [
            "x",
            "!tier",
            "tier = silver",
            "tier != gold",
            "tier notin (gold)",
            "n > 12",
            "x > 1",
            "tier > 1",
            "tier =",
        ] {
            assert!(!hit(no, gold), "{no}");
        }
        assert!(hit("e =", &[("e", "")]));
    }

    #[test]
    fn refusals() {
        assert_eq!(
            Selector::parse("tier in gold").unwrap_err(),
            "unable to parse term: found 'gold' expected: '('"
        );
        for bad in ["tier in (gold", "= a", "a b", "n > x", "a,", "a = \"b"] {
            assert!(Selector::parse(bad).is_err(), "{bad}");
        }
    }
}
