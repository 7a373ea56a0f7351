//! From the parser's tree to ours: macros recognised, functions resolved, what is not offered refused by name.

use cel_interpreter::common::ast::{EntryExpr, Expr as Parsed, IdedExpr, LiteralValue, SourceInfo};

use super::Fault;
use super::ast::{Each, Expr, Function, Kind, Operator};
use crate::cel::{Loop, MOST_MACROS, macro_named, place_of};
use crate::diag::{Span, closest};

/// Most states of a regular expression, in bytes of its compiled form.
const REGEX_BYTES: usize = 1 << 18;

const OPERATORS: [(&str, Operator); 12] = [
    ("_==_", Operator::Equal),
    ("_!=_", Operator::NotEqual),
    ("_<_", Operator::Less),
    ("_<=_", Operator::LessEqual),
    ("_>_", Operator::Greater),
    ("_>=_", Operator::GreaterEqual),
    ("@in", Operator::In),
    ("_+_", Operator::Plus),
    ("_-_", Operator::Minus),
    ("_*_", Operator::Times),
    ("_/_", Operator::Over),
    ("_%_", Operator::Modulo),
];
/// Everything that can be called, for suggestions.
const CALLABLE: [&str; 15] = [
    "all",
    "contains",
    "double",
    "endsWith",
    "exists",
    "existsOne",
    "exists_one",
    "filter",
    "has",
    "int",
    "map",
    "matches",
    "size",
    "startsWith",
    "string",
];

/// The parser's tree in our form. Stops at the first thing that is not offered.
pub(super) fn lower(parsed: &IdedExpr, info: &SourceInfo, text: &str) -> Result<Expr, Fault> {
    Lowering { info, text, macros: 0 }.expr(parsed)
}

struct Lowering<'a> {
    info: &'a SourceInfo,
    text: &'a str,
    /// Macros around what is read now.
    macros: usize,
}

impl Lowering<'_> {
    /// Up to and with a closing bracket that follows, if one does.
    fn up_to(&self, end: usize, bracket: char) -> usize {
        let rest = self.text.get(end..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start().len();
        if rest.trim_start().starts_with(bracket) { end + blank + 1 } else { end }
    }

    fn expr(&mut self, parsed: &IdedExpr) -> Result<Expr, Fault> {
        let sign = place_of(self.info, parsed.id, self.text);
        let refuse = |what: &str, help: &str| Err(Fault::new(sign, what).help(help));
        let whole = |kind| Ok(Expr { at: sign, kind });
        match &parsed.expr {
            Parsed::Literal(literal) => whole(match literal {
                LiteralValue::Null => Kind::Null,
                LiteralValue::Boolean(b) => Kind::Truth(*b.inner()),
                LiteralValue::Int(i) => Kind::Whole(*i.inner()),
                LiteralValue::Double(d) => Kind::Real(*d.inner()),
                LiteralValue::String(s) => Kind::Text(s.inner().to_owned()),
                LiteralValue::UInt(_) => {
                    return refuse(
                        "there are no unsigned numbers here",
                        "leave out the `u` behind the number",
                    );
                }
                LiteralValue::Bytes(_) => {
                    return refuse("there are no bytes here", "leave out the `b` before the quote");
                }
            }),
            Parsed::Ident(name) if name.starts_with('.') => {
                refuse("a name does not begin with a dot", "leave it out")
            }
            Parsed::Ident(name) => whole(Kind::Name(name.clone())),
            Parsed::Select(select) => {
                let on = self.expr(&select.operand)?;
                let rest = self.text.get(sign.end..).unwrap_or_default();
                let blank = rest.len() - rest.trim_start().len();
                let end = (sign.end + blank + select.field.len()).min(self.text.len());
                let at = Span::new(on.at.start, end);
                Ok(Expr { at, kind: Kind::Field(Box::new(on), select.field.clone()) })
            }
            Parsed::List(list) => {
                let items = list.elements.iter().map(|e| self.expr(e)).collect::<Result<Vec<_>, _>>()?;
                let end = self.up_to(items.last().map_or(sign.end, |i| i.at.end), ']');
                Ok(Expr { at: Span::new(sign.start, end), kind: Kind::List(items) })
            }
            Parsed::Map(map) => {
                let mut entries = Vec::new();
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else {
                        return refuse("this mapping cannot be read", "write `{'name': value}`");
                    };
                    entries.push((self.expr(&entry.key)?, self.expr(&entry.value)?));
                }
                let end = self.up_to(entries.last().map_or(sign.end, |(_, v)| v.at.end), '}');
                Ok(Expr { at: Span::new(sign.start, end), kind: Kind::Map(entries) })
            }
            Parsed::Struct(_) => refuse("there are no messages here", "write a mapping: `{'name': value}`"),
            Parsed::Call(call) => self.call(sign, &call.func_name, call.target.as_deref(), &call.args),
            Parsed::Comprehension(_) | Parsed::Unspecified => {
                refuse("this part of the expression cannot be read", "write it in another way")
            }
        }
    }

    fn call(
        &mut self,
        sign: Span,
        name: &str,
        target: Option<&IdedExpr>,
        args: &[IdedExpr],
    ) -> Result<Expr, Fault> {
        if let (None, Some(kind)) = (target, self.operator(name, args)?) {
            let (start, end) = match &kind {
                Kind::Entry(on, inside) => (on.at.start, self.up_to(inside.at.end, ']')),
                Kind::Not(on) | Kind::Negate(on) => (sign.start, on.at.end),
                Kind::And(a, b) | Kind::Or(a, b) | Kind::Binary(_, a, b) => (a.at.start, b.at.end),
                Kind::If(all) => {
                    let [condition, _, otherwise] = all.as_ref();
                    (condition.at.start, otherwise.at.end)
                }
                _ => (sign.start, sign.end),
            };
            return Ok(Expr { at: Span::new(start, end), kind });
        }
        // The sign of a call is its bracket; the name stands before it.
        let before = self.text.get(..sign.start).unwrap_or_default().trim_end();
        let named = Span::new(before.len().saturating_sub(name.len()), before.len());
        let end_of = |this: &Self, last: usize| this.up_to(last, ')');
        let wrong =
            |help: &str| Err(Fault::new(named, format!("`{name}` is not called like this")).help(help));
        if target.is_none() && name == "has" {
            let [only] = args else { return wrong("write `has(a.b)`") };
            let inner = self.expr(only)?;
            let end = end_of(self, inner.at.end);
            let Kind::Field(on, field) = inner.kind else {
                return wrong("it asks whether a field is there: `has(a.b)`; for keys write `'b' in a`");
            };
            return Ok(Expr { at: Span::new(named.start, end), kind: Kind::Has(on, field) });
        }
        if let (Some(target), Some(how)) = (target, macro_named(name)) {
            return self.each(how, named, target, args);
        }
        let mut all = Vec::new();
        for arg in target.into_iter().chain(args) {
            all.push(self.expr(arg)?);
        }
        let last = all.last().map_or(sign.end, |a| a.at.end).max(sign.end);
        let start = target.and(all.first()).map_or(named.start, |t| t.at.start.min(named.start));
        let at = Span::new(start, end_of(self, last));
        if name == "matches" {
            return match <[Expr; 2]>::try_from(all) {
                Ok([on, pattern]) => {
                    let regex = regex_of(&pattern)?;
                    Ok(Expr { at, kind: Kind::Matches(Box::new(on), Box::new(regex)) })
                }
                Err(_) => wrong("write `a.matches(\"pattern\")`"),
            };
        }
        let function = match (name, target.is_some(), all.len()) {
            ("size", _, 1) => Function::Size,
            ("contains", true, 2) => Function::Contains,
            ("startsWith", true, 2) => Function::StartsWith,
            ("endsWith", true, 2) => Function::EndsWith,
            ("int", false, 1) => Function::ToWhole,
            ("double", false, 1) => Function::ToReal,
            ("string", false, 1) => Function::ToText,
            _ if CALLABLE.contains(&name) => return wrong(usage(name)),
            ("type" | "dyn" | "uint" | "bytes" | "bool" | "timestamp" | "duration", false, _) => {
                return Err(Fault::new(named, format!("`{name}` is not offered here"))
                    .help("functions are `size`, `int`, `double`, `string` and `has`"));
            }
            _ => {
                let mut fault = Fault::new(named, format!("there is no function `{name}`"));
                fault.help = Some(match closest(name, CALLABLE) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "texts have `contains`, `startsWith`, `endsWith`, `matches` and `size`; lists `all`, `exists`, `exists_one`, `filter`, `map` and `size`".to_owned(),
                });
                return Err(fault);
            }
        };
        Ok(Expr { at, kind: Kind::Call(function, all) })
    }

    fn operator(&mut self, name: &str, args: &[IdedExpr]) -> Result<Option<Kind>, Fault> {
        let mut one = |i: usize| args.get(i).map(|a| self.expr(a).map(Box::new)).transpose();
        let binary = OPERATORS.iter().find(|(n, _)| *n == name).map(|(_, o)| *o);
        if !(binary.is_some() || matches!(name, "_&&_" | "_||_" | "_[_]" | "!_" | "-_" | "_?_:_")) {
            return Ok(None);
        }
        let (first, second) = (one(0)?, one(1)?);
        Ok(match (name, first, second) {
            ("!_", Some(a), None) => Some(Kind::Not(a)),
            ("-_", Some(a), None) => Some(Kind::Negate(a)),
            ("_&&_", Some(a), Some(b)) => Some(Kind::And(a, b)),
            ("_||_", Some(a), Some(b)) => Some(Kind::Or(a, b)),
            ("_[_]", Some(a), Some(b)) => Some(Kind::Entry(a, b)),
            ("_?_:_", Some(a), Some(b)) => one(2)?.map(|c| Kind::If(Box::new([*a, *b, *c]))),
            (_, Some(a), Some(b)) => binary.map(|operator| Kind::Binary(operator, a, b)),
            _ => None,
        })
    }

    fn each(&mut self, how: Loop, named: Span, target: &IdedExpr, args: &[IdedExpr]) -> Result<Expr, Fault> {
        let (variable, guard, body) = match args {
            [variable, body] => (variable, None, body),
            [variable, guard, body] if how == Loop::Map => (variable, Some(guard), body),
            _ => {
                return Err(Fault::new(named, "this macro takes a name and a condition")
                    .help("write `list.all(x, x > 0)`"));
            }
        };
        let Parsed::Ident(name) = &variable.expr else {
            let at = self.expr(variable)?.at;
            return Err(Fault::new(at, "this is no name for the entries of the list")
                .help("write `list.all(x, x > 0)`"));
        };
        let range = self.expr(target)?;
        self.macros += 1;
        if self.macros > MOST_MACROS {
            return Err(Fault::new(named, format!("macros are nested more than {MOST_MACROS} deep"))
                .help("make several rules of it"));
        }
        let guard = guard.map(|g| self.expr(g)).transpose()?;
        let body = self.expr(body)?;
        self.macros -= 1;
        let at = Span::new(range.at.start, self.up_to(body.at.end, ')'));
        Ok(Expr { at, kind: Kind::Each(Box::new(Each { how, range, variable: name.clone(), guard, body })) })
    }
}

fn usage(name: &str) -> &'static str {
    match name {
        "size" => "write `size(a)` or `a.size()`",
        "contains" | "startsWith" | "endsWith" => "write `a.contains(\"text\")`",
        "int" | "double" | "string" => "write `int(a)`",
        _ => "it is a method of lists: `list.all(x, x > 0)`",
    }
}

/// Patterns are written out, so that a wrong one is found before any plan is made.
fn regex_of(pattern: &Expr) -> Result<regex::Regex, Fault> {
    let Kind::Text(text) = &pattern.kind else {
        return Err(Fault::new(pattern.at, "a pattern of `matches` is written out as a text")
            .help("write `a.matches(\"pattern\")`"));
    };
    regex::RegexBuilder::new(text).size_limit(REGEX_BYTES).dfa_size_limit(REGEX_BYTES * 4).nest_limit(32).build().map_err(|e| {
        let why = match e {
            regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
            // The last line says what is wrong; those before it draw the pattern.
            other => other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
        };
        Fault::new(pattern.at, format!("this is no pattern: {}", crate::untrusted::Untrusted::new(why).line(120)))
            .help("there are no look-arounds and no references back; within a pattern a backslash is written twice, or the text is raw: `r\"\\d+\"`")
    })
}
