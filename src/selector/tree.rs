//! A selector as it is evaluated.

use super::declared::Variable;
use super::value::Value;
use crate::cel::Loop;

/// A part of a selector.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    Literal(Value),
    Variable(Variable),
    /// The variable of a macro around it, counted from the outermost.
    Local(usize),
    /// `a.b`
    Field(Box<Expr>, String),
    /// `has(a.b)`
    Has(Box<Expr>, String),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    If(Box<[Expr; 3]>),
    /// A function or operator by cel-go's name for it; the receiver of a method is the first argument.
    Call(String, Vec<Expr>),
    Each(Box<Each>),
}

/// A macro over the entries of a list, or the keys of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Each {
    pub(super) how: Loop,
    pub(super) range: Expr,
    /// First argument of `map(x, p, t)`.
    pub(super) guard: Option<Expr>,
    pub(super) body: Expr,
}
