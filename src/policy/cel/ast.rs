//! An expression as it is evaluated: macros recognised, functions resolved, every part with its place in the text.

use std::collections::BTreeSet;

use crate::cel::Loop;
use crate::diag::Span;

/// A part of an expression.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    /// Its bytes in the text.
    pub(super) at: Span,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    Truth(bool),
    Whole(i64),
    Real(f64),
    Text(String),
    Name(String),
    /// `a.b`
    Field(Box<Expr>, String),
    /// `has(a.b)`
    Has(Box<Expr>, String),
    /// `a[b]`
    Entry(Box<Expr>, Box<Expr>),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    If(Box<[Expr; 3]>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Each(Box<Each>),
    /// A function; the receiver of a method is the first argument.
    Call(Function, Vec<Expr>),
    /// `a.matches("…")`
    Matches(Box<Expr>, Box<regex::Regex>),
}

/// A macro over the entries of a list, or the keys of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Each {
    pub(super) how: Loop,
    pub(super) range: Expr,
    pub(super) variable: String,
    /// First argument of `map(x, p, t)`.
    pub(super) guard: Option<Expr>,
    pub(super) body: Expr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
}

impl Operator {
    /// As it is written.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
            Self::Modulo => "%",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    ToWhole,
    ToReal,
    ToText,
}

impl Function {
    /// As it is written.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Contains => "contains",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::ToWhole => "int",
            Self::ToReal => "double",
            Self::ToText => "string",
        }
    }
}

impl Expr {
    /// The parts of which it is made.
    pub(super) fn parts(&self) -> Vec<&Expr> {
        match &self.kind {
            Kind::Null | Kind::Truth(_) | Kind::Whole(_) | Kind::Real(_) | Kind::Text(_) | Kind::Name(_) => {
                Vec::new()
            }
            Kind::Field(a, _) | Kind::Has(a, _) | Kind::Not(a) | Kind::Negate(a) | Kind::Matches(a, _) => {
                vec![a.as_ref()]
            }
            Kind::Entry(a, b) | Kind::And(a, b) | Kind::Or(a, b) | Kind::Binary(_, a, b) => {
                vec![a.as_ref(), b.as_ref()]
            }
            Kind::List(all) | Kind::Call(_, all) => all.iter().collect(),
            Kind::Map(all) => all.iter().flat_map(|(k, v)| [k, v]).collect(),
            Kind::If(all) => all.iter().collect(),
            Kind::Each(each) => {
                [Some(&each.range), each.guard.as_ref(), Some(&each.body)].into_iter().flatten().collect()
            }
        }
    }

    /// Whether it is written out and needs no evaluation to be known.
    pub(super) fn is_literal(&self) -> bool {
        match &self.kind {
            Kind::Null | Kind::Truth(_) | Kind::Whole(_) | Kind::Real(_) | Kind::Text(_) => true,
            Kind::List(all) => all.iter().all(Self::is_literal),
            Kind::Map(all) => all.iter().all(|(k, v)| k.is_literal() && v.is_literal()),
            _ => false,
        }
    }

    /// The names that it takes from outside.
    pub(super) fn free_names(&self) -> BTreeSet<String> {
        let mut names = match &self.kind {
            Kind::Name(name) => BTreeSet::from([name.clone()]),
            Kind::Each(each) => {
                let inner = each.guard.iter().chain([&each.body]).flat_map(Self::free_names);
                inner.filter(|n| *n != each.variable).collect()
            }
            _ => BTreeSet::new(),
        };
        match &self.kind {
            Kind::Each(each) => names.extend(each.range.free_names()),
            _ => names.extend(self.parts().into_iter().flat_map(Self::free_names)),
        }
        names
    }
}
