//! Mistakes that are seen without a plan: names and fields that are not there, words that a field never holds, comparisons of
//! things that are never the same.

use super::Fault;
use super::ast::{Each, Expr, Function, Kind, Operator};
use super::shape::{Of, Shape};
use crate::cel::Loop;
use crate::diag::{Span, closest};

/// What is known of a value beforehand.
#[derive(Clone, Debug)]
enum Type {
    Any,
    Null,
    Truth,
    Whole,
    Real,
    Text,
    Word(&'static [&'static str]),
    List(Box<Type>),
    Map(Box<Type>),
    Shape(&'static Shape),
    Maybe(Box<Type>),
}

impl Type {
    fn of(of: &'static Of) -> Self {
        match of {
            Of::Any => Self::Any,
            Of::Text => Self::Text,
            Of::Word(words) => Self::Word(words),
            Of::Whole => Self::Whole,
            Of::Truth => Self::Truth,
            Of::Maybe(of) => Self::Maybe(Box::new(Self::of(of))),
            Of::List(of) => Self::List(Box::new(Self::of(of))),
            Of::Map(of) => Self::Map(Box::new(Self::of(of))),
            Of::Shape(shape) => Self::Shape(shape),
        }
    }
    /// What is left when it is not null.
    fn there(self) -> Self {
        match self {
            Self::Maybe(inner) => *inner,
            other => other,
        }
    }
    fn noun(&self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Null => "null",
            Self::Truth => "a truth value",
            Self::Whole => "a whole number",
            Self::Real => "a fraction",
            Self::Text | Self::Word(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Shape(_) => "a mapping",
            Self::Maybe(inner) => inner.noun(),
        }
    }
    /// Values of one family can be the same, values of two cannot.
    fn family(&self) -> Option<u8> {
        match self {
            Self::Any => None,
            Self::Null => Some(0),
            Self::Truth => Some(1),
            Self::Whole | Self::Real => Some(2),
            Self::Text | Self::Word(_) => Some(3),
            Self::List(_) => Some(4),
            Self::Map(_) | Self::Shape(_) => Some(5),
            Self::Maybe(inner) => inner.family(),
        }
    }
    fn never_null(&self) -> bool {
        !matches!(self, Self::Any | Self::Null | Self::Maybe(_))
    }
}

/// All mistakes of a condition over `names`.
pub(super) fn check(expr: &Expr, names: &[(&'static str, &'static Shape)]) -> Vec<Fault> {
    let mut checker = Checker { names, scope: Vec::new(), faults: Vec::new() };
    let whole = checker.type_of(expr).there();
    if !matches!(whole, Type::Any | Type::Truth) && checker.faults.is_empty() {
        let fault = Fault::new(expr.at, format!("the expression is {}, not a condition", whole.noun()));
        checker
            .faults
            .push(fault.help("write what must be true, with `==`, `in`, `all` or another comparison"));
    }
    checker.faults
}

struct Checker<'a> {
    names: &'a [(&'static str, &'static Shape)],
    scope: Vec<(&'a str, Type)>,
    faults: Vec<Fault>,
}

impl<'a> Checker<'a> {
    fn wrong(&mut self, at: Span, message: String) -> Type {
        self.faults.push(Fault::new(at, message));
        Type::Any
    }

    fn suggest(&mut self, at: Span, message: String, word: &str, known: &[&str], otherwise: &str) -> Type {
        let help = match closest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => otherwise.to_owned(),
        };
        self.faults.push(Fault::new(at, message).help(help));
        Type::Any
    }

    fn type_of(&mut self, expr: &'a Expr) -> Type {
        match &expr.kind {
            Kind::Null => Type::Null,
            Kind::Truth(_) => Type::Truth,
            Kind::Whole(_) => Type::Whole,
            Kind::Real(_) => Type::Real,
            Kind::Text(_) => Type::Text,
            Kind::Name(name) => self.name(expr.at, name),
            Kind::Field(on, field) => {
                let from = self.type_of(on).there();
                self.field(expr.at, &from, field)
            }
            Kind::Has(on, field) => {
                match self.type_of(on).there() {
                    Type::Shape(shape) => {
                        let known = Type::Shape(shape);
                        self.field(expr.at, &known, field);
                    }
                    Type::Any | Type::Map(_) => {}
                    other => {
                        self.wrong(on.at, format!("{} has no fields", other.noun()));
                    }
                }
                Type::Truth
            }
            Kind::Entry(on, key) => {
                let from = self.type_of(on).there();
                let by = self.type_of(key).there();
                match (from, &key.kind) {
                    (Type::Shape(shape), Kind::Text(name)) => self.field(expr.at, &Type::Shape(shape), name),
                    (Type::List(inner), _) if matches!(by, Type::Any | Type::Whole | Type::Real) => *inner,
                    (Type::List(_), _) => self
                        .wrong(key.at, format!("entries of a list are numbered, and this is {}", by.noun())),
                    (Type::Map(inner), _) => *inner,
                    (Type::Any | Type::Shape(_), _) => Type::Any,
                    (other, _) => self.wrong(on.at, format!("{} has no entries", other.noun())),
                }
            }
            Kind::List(items) => {
                let types: Vec<Type> = items.iter().map(|i| self.type_of(i)).collect();
                Type::List(Box::new(common(types)))
            }
            Kind::Map(entries) => {
                let mut types = Vec::new();
                for (key, value) in entries {
                    let name = self.type_of(key).there();
                    if !matches!(name, Type::Any | Type::Text | Type::Word(_)) {
                        self.wrong(key.at, format!("keys are texts here, and this is {}", name.noun()));
                    }
                    types.push(self.type_of(value));
                }
                Type::Map(Box::new(common(types)))
            }
            Kind::Not(on) => {
                self.condition(on);
                Type::Truth
            }
            Kind::Negate(on) => match self.type_of(on).there() {
                found @ (Type::Any | Type::Whole | Type::Real) => found,
                other => self.wrong(on.at, format!("{} has no negative", other.noun())),
            },
            Kind::And(a, b) | Kind::Or(a, b) => {
                self.condition(a);
                self.condition(b);
                Type::Truth
            }
            Kind::If(all) => {
                let [condition, then, otherwise] = all.as_ref();
                self.condition(condition);
                let types = vec![self.type_of(then), self.type_of(otherwise)];
                common(types)
            }
            Kind::Binary(operator, a, b) => self.binary(expr.at, *operator, a, b),
            Kind::Each(each) => self.each(each),
            Kind::Call(function, args) => self.call(*function, args),
            Kind::Matches(on, _) => {
                self.text(on, "matches");
                Type::Truth
            }
        }
    }

    fn name(&mut self, at: Span, name: &str) -> Type {
        if let Some((_, found)) = self.scope.iter().rev().find(|(n, _)| *n == name) {
            return found.clone();
        }
        if let Some((_, shape)) = self.names.iter().find(|(n, _)| *n == name) {
            return Type::Shape(shape);
        }
        if name == "step" {
            self.faults.push(
                Fault::new(at, "there is no `step` here")
                    .help("`step` is one step of the plan in a rule with `applies_to: ADDRESS-PATTERN`; over all steps write `plan.steps.all(s, …)`"),
            );
            return Type::Any;
        }
        let mut known: Vec<&str> = self.names.iter().map(|(n, _)| *n).collect();
        known.extend(self.scope.iter().map(|(n, _)| *n));
        let list: Vec<String> = known.iter().map(|n| format!("`{n}`")).collect();
        let otherwise = format!("names here are {}; texts need quotes", list.join(", "));
        self.suggest(at, format!("there is no `{name}`"), name, &known, &otherwise)
    }

    fn field(&mut self, at: Span, from: &Type, field: &str) -> Type {
        match from {
            Type::Any => Type::Any,
            Type::Map(inner) => (**inner).clone(),
            Type::Shape(shape) => match shape.field(field) {
                Some(found) => Type::of(&found.of),
                None => {
                    let known: Vec<&str> = shape.fields.iter().map(|f| f.name).collect();
                    let list: Vec<String> = known.iter().map(|n| format!("`{n}`")).collect();
                    let otherwise = format!("it has {}", list.join(", "));
                    self.suggest(
                        at,
                        format!("a {} has no field `{field}`", shape.name),
                        field,
                        &known,
                        &otherwise,
                    )
                }
            },
            other => self.wrong(at, format!("{} has no field `{field}`", other.noun())),
        }
    }

    fn condition(&mut self, expr: &'a Expr) {
        let found = self.type_of(expr).there();
        if !matches!(found, Type::Any | Type::Truth) {
            self.wrong(expr.at, format!("this is {}, not a condition", found.noun()));
        }
    }

    fn text(&mut self, expr: &'a Expr, function: &str) {
        let found = self.type_of(expr).there();
        if !matches!(found, Type::Any | Type::Text | Type::Word(_)) {
            self.wrong(expr.at, format!("{} has no `{function}`", found.noun()));
        }
    }

    fn binary(&mut self, at: Span, operator: Operator, a: &'a Expr, b: &'a Expr) -> Type {
        let (left, right) = (self.type_of(a), self.type_of(b));
        match operator {
            Operator::Equal | Operator::NotEqual => {
                self.comparable(at, operator, (a, &left), (b, &right));
                Type::Truth
            }
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
                let (left, right) = (left.there(), right.there());
                let ordered = |t: &Type| matches!(t.family(), None | Some(1..=3));
                if !ordered(&left)
                    || !ordered(&right)
                    || (left.family().is_some()
                        && right.family().is_some()
                        && left.family() != right.family())
                {
                    self.wrong(
                        at,
                        format!("there is no `{}` of {} and {}", operator.sign(), left.noun(), right.noun()),
                    );
                }
                Type::Truth
            }
            Operator::In => {
                match right.there() {
                    Type::Any => {}
                    Type::List(inner) => {
                        // Entry by entry where they are written out, so that a wrong word is marked itself.
                        if let Kind::List(items) = &b.kind {
                            for item in items {
                                let found =
                                    Self { names: self.names, scope: self.scope.clone(), faults: Vec::new() }
                                        .type_of(item);
                                self.comparable(item.at, operator, (a, &left), (item, &found));
                            }
                        } else {
                            self.comparable(at, operator, (a, &left), (b, &inner));
                        }
                    }
                    Type::Shape(shape) => {
                        if let Kind::Text(name) = &a.kind {
                            self.field(a.at, &Type::Shape(shape), name);
                        }
                    }
                    Type::Map(_) => {
                        let key = left.there();
                        if !matches!(key, Type::Any | Type::Text | Type::Word(_)) {
                            self.wrong(a.at, format!("keys are texts here, and this is {}", key.noun()));
                        }
                    }
                    other => {
                        self.wrong(b.at, format!("{} has no entries", other.noun()));
                    }
                }
                Type::Truth
            }
            Operator::Plus | Operator::Minus | Operator::Times | Operator::Over | Operator::Modulo => {
                let (left, right) = (left.there(), right.there());
                match (left, right) {
                    (Type::Any, _) | (_, Type::Any) => Type::Any,
                    (Type::Whole, Type::Whole) => Type::Whole,
                    (Type::Real, Type::Real) if operator != Operator::Modulo => Type::Real,
                    (Type::Whole, Type::Real) | (Type::Real, Type::Whole) => {
                        self.faults.push(
                            Fault::new(at, "whole numbers and fractions are not mixed")
                                .help("write `double(a)` or `int(a)`"),
                        );
                        Type::Any
                    }
                    (Type::Text | Type::Word(_), Type::Text | Type::Word(_))
                        if operator == Operator::Plus =>
                    {
                        Type::Text
                    }
                    (Type::List(a), Type::List(b)) if operator == Operator::Plus => {
                        Type::List(Box::new(common(vec![*a, *b])))
                    }
                    (left, right) => self.wrong(
                        at,
                        format!("there is no `{}` of {} and {}", operator.sign(), left.noun(), right.noun()),
                    ),
                }
            }
        }
    }

    /// Reports a comparison that always ends the same way: such a rule looks at nothing.
    fn comparable(&mut self, at: Span, operator: Operator, a: (&Expr, &Type), b: (&Expr, &Type)) {
        for ((_, one), (written, other)) in [(a, b), (b, a)] {
            if matches!(other, Type::Null) && one.never_null() {
                let message = format!("this is {} and never null", one.noun());
                self.faults.push(
                    Fault::new(at, message).help("compare it with a value, or leave the comparison out"),
                );
                return;
            }
            let one = one.clone().there();
            if let (Type::Word(words), Kind::Text(text)) = (&one, &written.kind)
                && !words.contains(&text.as_str())
            {
                let list: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
                let shown = crate::untrusted::Untrusted::new(text.as_str()).line(40);
                self.suggest(
                    written.at,
                    format!("this is never \"{shown}\""),
                    text,
                    words,
                    &format!("it is {}", list.join(", ")),
                );
                return;
            }
        }
        let families = (a.1.family(), b.1.family());
        if let (Some(one), Some(other)) = families
            && one != other
            && one != 0
            && other != 0
        {
            let word = if operator == Operator::In { "looks for" } else { "compares" };
            let (first, second) = (a.1.noun(), b.1.noun());
            let join = if operator == Operator::In { "among" } else { "with" };
            self.wrong(
                at,
                format!("`{}` {word} {first} {join} {second}, which are never the same", operator.sign()),
            );
        }
    }

    fn each(&mut self, each: &'a Each) -> Type {
        let entry = match self.type_of(&each.range).there() {
            Type::List(inner) => *inner,
            Type::Map(_) | Type::Shape(_) => Type::Text,
            Type::Any => Type::Any,
            other => self.wrong(each.range.at, format!("{} has no entries to go through", other.noun())),
        };
        self.scope.push((&each.variable, entry.clone()));
        if let Some(guard) = &each.guard {
            self.condition(guard);
        }
        let made = match each.how {
            Loop::Map => Type::List(Box::new(self.type_of(&each.body))),
            Loop::Filter => {
                self.condition(&each.body);
                Type::List(Box::new(entry))
            }
            Loop::All | Loop::Exists | Loop::ExistsOne => {
                self.condition(&each.body);
                Type::Truth
            }
        };
        self.scope.pop();
        made
    }

    fn call(&mut self, function: Function, args: &'a [Expr]) -> Type {
        match function {
            Function::Size => {
                for arg in args {
                    let found = self.type_of(arg).there();
                    if matches!(found.family(), Some(0..=2)) {
                        self.wrong(arg.at, format!("{} has no `size`", found.noun()));
                    }
                }
                Type::Whole
            }
            Function::Contains | Function::StartsWith | Function::EndsWith => {
                for arg in args {
                    self.text(arg, function.name());
                }
                Type::Truth
            }
            Function::ToWhole | Function::ToReal | Function::ToText => {
                for arg in args {
                    let found = self.type_of(arg).there();
                    let fits = match found.family() {
                        None | Some(2 | 3) => true,
                        Some(1) => function == Function::ToText,
                        Some(_) => false,
                    };
                    if !fits {
                        self.wrong(arg.at, format!("there is no `{}` of {}", function.name(), found.noun()));
                    }
                }
                match function {
                    Function::ToWhole => Type::Whole,
                    Function::ToReal => Type::Real,
                    _ => Type::Text,
                }
            }
        }
    }
}

/// What several values have in common.
fn common(types: Vec<Type>) -> Type {
    let mut all = types.into_iter();
    let Some(first) = all.next() else { return Type::Any };
    all.fold(first, |one, other| match (one, other) {
        (Type::Shape(a), Type::Shape(b)) if std::ptr::eq(a, b) => Type::Shape(a),
        (Type::Truth, Type::Truth) => Type::Truth,
        (Type::Whole, Type::Whole) => Type::Whole,
        (Type::Real, Type::Real) => Type::Real,
        (Type::Text | Type::Word(_), Type::Text | Type::Word(_)) => Type::Text,
        _ => Type::Any,
    })
}
