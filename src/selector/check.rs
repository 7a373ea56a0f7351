//! Type-checking, as cel-go does it before anything is evaluated.

use cel_interpreter::common::ast::{CallExpr, EntryExpr, Expr as Parsed, IdedExpr, LiteralValue, SourceInfo};

use super::declared::{CALLABLE, Overload, Style, VARIABLES, function, type_named};
use super::eval::{Evaluation, Storage};
use super::tree::{Each, Expr};
use super::types::{Solution, Type};
use super::value::{Value, name_of};
use super::words::{error, place};
use crate::cel::{
    Fault, Loop, MOST_MACROS, PATIENCE, Unfit, fence, macro_named, on_thread, parse, place_of, unanswered,
};
use crate::diag::{Span, closest};
use crate::untrusted::Untrusted;

const VARIABLES_ARE: &str =
    "its variables are `name`, `node`, `storageType` and `availableSpace`; texts need quotes";

/// A selector that compiles.
#[derive(Clone, Debug)]
pub struct Selector {
    root: Expr,
}

/// A selector that does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, in the order of the text; at least one.
    pub faults: Vec<Fault>,
    /// What the provider logs; `None` where it was not found out, because the selector is larger than what is read here.
    pub logged: Option<String>,
}

impl Selector {
    /// Reads and type-checks a selector.
    ///
    /// # Errors
    /// What the provider refuses, and what is too large or too deep to be looked at.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let unread = |fault: Fault| Refusal { faults: vec![fault], logged: None };
        if let Err(Unfit::TooLarge(fault)) = fence(text) {
            return Err(unread(fault));
        }
        let whole = Span::new(0, text.len());
        let text = text.to_owned();
        let results = on_thread(move |send| send(read(&text)));
        results.recv_timeout(PATIENCE).unwrap_or_else(|why| Err(unread(unanswered(whole, why))))
    }

    /// Whether a storage of a node is the one that is looked for.
    ///
    /// # Errors
    /// Why there is no answer, in the words that the provider logs: a division by zero, an overflow.
    pub fn accepts(&self, node: &str, storage: &Storage) -> Result<bool, String> {
        match Evaluation::new(node, storage).value(&self.root, &mut Vec::new())? {
            Value::Bool(accepted) => Ok(accepted),
            _ => Err(super::eval::no_overload()),
        }
    }
}

fn read(text: &str) -> Result<Selector, Refusal> {
    let program = parse(text).map_err(|unreadable| {
        let logged: Vec<String> = unreadable
            .grammar
            .iter()
            .map(|(line, column, message)| {
                // Behind a whole expression the library wants the end, where the parser here lists operators too.
                let message = match message.split_once(" expecting {<EOF>, ") {
                    Some((before, _)) => format!("{before} expecting <EOF>"),
                    None => message.clone(),
                };
                error(text, (*line, *column), &message)
            })
            .collect();
        Refusal { faults: vec![unreadable.fault], logged: Some(logged.join("\n")) }
    })?;
    let mut checker = Checker {
        text,
        info: program.source_info(),
        solution: Solution::default(),
        scope: Vec::new(),
        macros: 0,
        errors: Vec::new(),
        unread: None,
    };
    let (root, kind) = checker.part(program.expression());
    if let Some(fault) = checker.unread {
        return Err(Refusal { faults: vec![fault], logged: None });
    }
    if !checker.errors.is_empty() {
        checker.errors.sort_by_key(|(at, _, _)| at.start);
        let logged: Vec<String> =
            checker.errors.iter().map(|(at, logged, _)| error(text, place(text, *at), logged)).collect();
        let faults = checker.errors.into_iter().map(|(_, _, fault)| fault).collect();
        return Err(Refusal { faults, logged: Some(logged.join("\n")) });
    }
    let kind = checker.solution.settled(&kind);
    if kind != Type::Bool {
        let fault = Fault::new(
            Span::new(0, text.len()),
            format!("a selector must be a condition, and this is a {kind}"),
        )
        .help("write `name == \"<storage>\"`");
        return Err(Refusal {
            faults: vec![fault],
            logged: Some(format!("expression output type is {kind}, expected bool")),
        });
    }
    Ok(Selector { root })
}

struct Checker<'a> {
    text: &'a str,
    info: &'a SourceInfo,
    solution: Solution,
    /// Variables of macros, the innermost last.
    scope: Vec<(String, Type)>,
    /// Macros around what is looked at.
    macros: usize,
    /// Place, the library's words, ours.
    errors: Vec<(Span, String, Fault)>,
    /// What cannot be looked at here.
    unread: Option<Fault>,
}

impl Checker<'_> {
    fn at(&self, id: u64) -> Span {
        place_of(self.info, id, self.text)
    }

    fn wrong(&mut self, at: Span, logged: String, fault: Fault) -> (Expr, Type) {
        self.errors.push((at, logged, fault));
        (Expr::Literal(Value::Null), Type::Unknown)
    }

    fn undeclared(&mut self, at: Span, name: &str, call: bool) -> (Expr, Type) {
        let shown = Untrusted::new(name).line(60);
        let logged = format!("undeclared reference to '{shown}' (in container '')");
        let fault = if call {
            let marked = self.text.get(..at.start).unwrap_or_default().trim_end();
            let at = Span::new(marked.len().saturating_sub(name.len()), marked.len());
            let fault = Fault::new(at, format!("the provider has no function `{shown}`"));
            match closest(name, CALLABLE) {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault.help("texts have `startsWith`, `endsWith`, `contains`, `matches` and `size`"),
            }
        } else {
            let fault = Fault::new(at, format!("a storage selector has no `{shown}`"));
            match closest(name, VARIABLES.iter().map(|(n, _)| *n)) {
                Some(near) => fault.help(format!("did you mean `{near}`? {VARIABLES_ARE}")),
                None => fault.help(VARIABLES_ARE),
            }
        };
        self.wrong(at, logged, fault)
    }

    fn part(&mut self, parsed: &IdedExpr) -> (Expr, Type) {
        let at = self.at(parsed.id);
        match &parsed.expr {
            Parsed::Literal(literal) => {
                let (value, kind) = match literal {
                    LiteralValue::Null => (Value::Null, Type::Null),
                    LiteralValue::Boolean(b) => (Value::Bool(*b.inner()), Type::Bool),
                    LiteralValue::Int(i) => (Value::Int(*i.inner()), Type::Int),
                    LiteralValue::UInt(u) => (Value::Uint(*u.inner()), Type::Uint),
                    LiteralValue::Double(d) => (Value::Double(*d.inner()), Type::Double),
                    LiteralValue::String(s) => (Value::text(s.inner()), Type::String),
                    LiteralValue::Bytes(b) => (Value::Bytes(b.inner().into()), Type::Bytes),
                };
                (Expr::Literal(value), kind)
            }
            Parsed::Ident(name) => self.name(at, name.strip_prefix('.').unwrap_or(name)),
            Parsed::Select(select) => {
                let (on, kind) = self.part(&select.operand);
                let kind = self.selected(at, &kind, &select.field);
                if select.test {
                    (Expr::Has(Box::new(on), select.field.clone()), Type::Bool)
                } else {
                    (Expr::Field(Box::new(on), select.field.clone()), kind)
                }
            }
            Parsed::List(list) => {
                let mut entries: Option<Type> = None;
                let mut items = Vec::new();
                for element in &list.elements {
                    let (item, kind) = self.part(element);
                    entries = Some(match entries {
                        None => kind,
                        Some(before) => self.solution.joined(before, &kind),
                    });
                    items.push(item);
                }
                let of = entries.unwrap_or_else(|| self.solution.open());
                (Expr::List(items), Type::list(of))
            }
            Parsed::Map(map) => {
                let mut kinds: Option<(Type, Type)> = None;
                let mut entries = Vec::new();
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
                    let (key, key_kind) = self.part(&entry.key);
                    let (value, value_kind) = self.part(&entry.value);
                    kinds = Some(match kinds {
                        None => (key_kind, value_kind),
                        Some((k, v)) => {
                            (self.solution.joined(k, &key_kind), self.solution.joined(v, &value_kind))
                        }
                    });
                    entries.push((key, value));
                }
                let (key, value) = kinds.unwrap_or_else(|| (self.solution.open(), self.solution.open()));
                (Expr::Map(entries), Type::map(key, value))
            }
            Parsed::Struct(message) => {
                let name = message.type_name.clone();
                self.undeclared(at, &name, false)
            }
            Parsed::Call(call) => self.call(at, call),
            Parsed::Comprehension(_) | Parsed::Unspecified => {
                self.unread = Some(Fault::new(at, "this part of the selector cannot be looked at"));
                (Expr::Literal(Value::Null), Type::Unknown)
            }
        }
    }

    fn name(&mut self, at: Span, name: &str) -> (Expr, Type) {
        if let Some(position) = self.scope.iter().rposition(|(n, _)| n == name) {
            let kind = self.scope.get(position).map_or(Type::Unknown, |(_, kind)| kind.clone());
            return (Expr::Local(position), kind);
        }
        if let Some((_, variable)) = VARIABLES.iter().find(|(n, _)| *n == name) {
            return (Expr::Variable(*variable), variable.kind());
        }
        match type_named(name, &mut self.solution) {
            Some(kind) => (Expr::Literal(Value::Type(name_of(&kind))), Type::of_type(kind)),
            None => self.undeclared(at, name, false),
        }
    }

    /// The type of a field.
    fn selected(&mut self, at: Span, on: &Type, field: &str) -> Type {
        match self.solution.settled(on) {
            Type::Map(_, value) => *value,
            open @ Type::Open(_) => {
                self.solution.fits(&open, &Type::Dyn);
                Type::Dyn
            }
            kind @ (Type::Dyn | Type::Unknown) => kind,
            other => {
                let fault =
                    Fault::new(at, format!("a {other} has no field `{}`", Untrusted::new(field).line(60)))
                        .help(VARIABLES_ARE);
                self.wrong(at, format!("type '{other}' does not support field selection"), fault).1
            }
        }
    }

    fn call(&mut self, at: Span, call: &CallExpr) -> (Expr, Type) {
        let (name, target) = (call.func_name.as_str(), call.target.as_deref());
        if target.is_none() && name == "has" {
            return self.has(at, &call.args);
        }
        if let (Some(target), Some(how)) = (target, macro_named(name))
            && (call.args.len() == 2 || call.args.len() == 3 && how == Loop::Map)
        {
            return self.each(at, how, target, &call.args);
        }
        let mut parts = Vec::new();
        let mut kinds = Vec::new();
        for arg in &call.args {
            let (part, kind) = self.part(arg);
            parts.push(part);
            kinds.push(kind);
        }
        // The receiver is looked at after the arguments, as in the library.
        if let Some(target) = target {
            let (part, kind) = self.part(target);
            parts.insert(0, part);
            kinds.insert(0, kind);
        }
        let Some(overloads) = function(name) else { return self.undeclared(at, name, true) };
        let style = if target.is_some() { Style::Member } else { Style::Global };
        let Some(kind) = self.resolve(overloads, style, &kinds) else {
            return self.no_overload(at, name, style, &kinds);
        };
        let two = |mut parts: Vec<Expr>| match (parts.pop(), parts.pop()) {
            (Some(b), Some(a)) => Some((Box::new(a), Box::new(b))),
            _ => None,
        };
        let expr = match name {
            "_&&_" => two(parts).map(|(a, b)| Expr::And(a, b)),
            "_||_" => two(parts).map(|(a, b)| Expr::Or(a, b)),
            "_?_:_" => <[Expr; 3]>::try_from(parts).ok().map(|all| Expr::If(Box::new(all))),
            _ => Some(Expr::Call(name.to_owned(), parts)),
        };
        (expr.unwrap_or(Expr::Literal(Value::Null)), kind)
    }

    /// The type of the result over all overloads that fit; of several different ones it is known when it is evaluated only.
    fn resolve(&mut self, overloads: &[Overload], style: Style, kinds: &[Type]) -> Option<Type> {
        let mut result: Option<Type> = None;
        for overload in overloads.iter().filter(|o| o.style == style && o.takes.len() == kinds.len()) {
            let before = self.solution.clone();
            let (a, b) = (self.solution.open(), self.solution.open());
            let fits = overload.takes.iter().zip(kinds).all(|(of, got)| {
                let wanted = of.with(&a, &b);
                self.solution.fits(&wanted, got)
            });
            if !fits {
                self.solution = before;
                continue;
            }
            let given = self.solution.settled(&overload.gives.with(&a, &b));
            result = Some(match result {
                None => given,
                Some(same) if same == given => same,
                Some(_) => Type::Dyn,
            });
        }
        result
    }

    fn no_overload(&mut self, at: Span, name: &str, style: Style, kinds: &[Type]) -> (Expr, Type) {
        let kinds: Vec<Type> = kinds.iter().map(|k| self.solution.settled(k)).collect();
        let words: Vec<String> = kinds.iter().map(ToString::to_string).collect();
        let applied = match (style, words.split_first()) {
            (Style::Member, Some((first, rest))) => format!("{first}.({})", rest.join(", ")),
            _ => format!("({})", words.join(", ")),
        };
        let logged = format!("found no matching overload for '{name}' applied to '{applied}'");
        let fault = mismatch(self.text, at, name, style, &kinds, &words);
        self.wrong(at, logged, fault)
    }

    fn has(&mut self, at: Span, args: &[IdedExpr]) -> (Expr, Type) {
        if let [IdedExpr { expr: Parsed::Select(select), id }] = args {
            let (on, kind) = self.part(&select.operand);
            let place = self.at(*id);
            self.selected(place, &kind, &select.field);
            return (Expr::Has(Box::new(on), select.field.clone()), Type::Bool);
        }
        let fault = Fault::new(at, "`has` asks whether a field is there").help("write `has(a.b)`");
        self.wrong(at, "invalid argument to has() macro".to_owned(), fault)
    }

    fn each(&mut self, at: Span, how: Loop, target: &IdedExpr, args: &[IdedExpr]) -> (Expr, Type) {
        let (Some(first), Some(last)) = (args.first(), args.last()) else {
            return self.undeclared(at, "all", true);
        };
        let Parsed::Ident(variable) = &first.expr else {
            let place = self.at(first.id);
            let fault = Fault::new(place, "the first argument names the entry")
                .help("write `list.exists(s, s == name)`");
            return self.wrong(place, "argument must be a simple name".to_owned(), fault);
        };
        self.macros += 1;
        if self.macros > MOST_MACROS {
            self.unread = Some(Fault::new(at, format!("macros are nested more than {MOST_MACROS} deep")));
            return (Expr::Literal(Value::Null), Type::Unknown);
        }
        let (range, kind) = self.part(target);
        let entry = match self.solution.settled(&kind) {
            Type::List(of) | Type::Map(of, _) => *of,
            open @ Type::Open(_) => {
                self.solution.fits(&open, &Type::Dyn);
                Type::Dyn
            }
            kind @ (Type::Dyn | Type::Unknown) => kind,
            other => {
                let place = self.at(target.id);
                let fault = Fault::new(place, format!("a {other} has no entries"))
                    .help("macros go over lists and mappings");
                let logged = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.wrong(place, logged, fault).1
            }
        };
        self.scope.push((variable.clone(), entry.clone()));
        let guard = match args {
            [_, guard, _] => Some(self.part(guard)),
            _ => None,
        };
        let (body, body_kind) = self.part(last);
        self.scope.pop();
        self.macros -= 1;
        // What the library makes of a macro decides how a condition that is none is refused.
        let conditional = |this: &mut Self, kind: &Type, then: Type| {
            if !this.solution.fits(&Type::Bool, kind) {
                this.no_overload(at, "_?_:_", Style::Global, &[kind.clone(), then.clone(), then]);
            }
        };
        let result = match how {
            Loop::All | Loop::Exists => {
                if !self.solution.fits(&Type::Bool, &body_kind) {
                    let name = if how == Loop::All { "_&&_" } else { "_||_" };
                    self.no_overload(at, name, Style::Global, &[Type::Bool, body_kind]);
                }
                Type::Bool
            }
            Loop::ExistsOne => {
                conditional(self, &body_kind, Type::Int);
                Type::Bool
            }
            Loop::Filter => {
                conditional(self, &body_kind, Type::list(entry.clone()));
                Type::list(entry)
            }
            Loop::Map => {
                if let Some((_, guard)) = &guard {
                    conditional(self, guard, Type::list(body_kind.clone()));
                }
                Type::list(body_kind)
            }
        };
        (Expr::Each(Box::new(Each { how, range, guard: guard.map(|(g, _)| g), body })), result)
    }
}

/// A call that nothing fits, in our words.
fn mismatch(text: &str, at: Span, name: &str, style: Style, kinds: &[Type], words: &[String]) -> Fault {
    let signed = |kind: &Type| matches!(kind, Type::Int | Type::Double);
    match (name, kinds) {
        ("_==_" | "_!=_" | "@in", [a, b])
            if [a, b].into_iter().any(|k| matches!(k, Type::Meta(_)))
                && standalone(text, "type").is_some() =>
        {
            return Fault::new(
                standalone(text, "type").unwrap_or(at),
                "`type` in a storage selector is CEL's type function, not the type of the storage",
            )
            .help("write `storageType == \"rbd\"`");
        }
        (_, [a, b]) if *a == Type::Uint && signed(b) || signed(a) && *b == Type::Uint => {
            let help = if kinds.contains(&Type::Double) {
                "write `double(availableSpace) > 1.5e11`"
            } else {
                "put `u` after the number: `availableSpace > 107374182400u`"
            };
            return Fault::new(
                at,
                "an unsigned number, as `availableSpace` is, does not mix with a signed one",
            )
            .help(help);
        }
        (_, [a, b]) if *a == Type::Null || *b == Type::Null => {
            return Fault::new(
                at,
                "nothing in a storage selector is ever null, and CEL refuses the comparison",
            )
            .help("compare with a text");
        }
        _ => {}
    }
    let sign = name.trim_matches(['_', '@']);
    let message = match (style, words) {
        (Style::Member, [on, rest @ ..]) => {
            format!(
                "a {on} has no `{sign}` of {}",
                if rest.is_empty() { "nothing".to_owned() } else { rest.join(", ") }
            )
        }
        _ => format!("there is no `{sign}` of {}", words.join(" and ")),
    };
    Fault::new(at, message)
        .help("compare texts with texts, and `availableSpace` with numbers that end in `u`")
}

/// Where a word stands in the text by itself.
fn standalone(text: &str, word: &str) -> Option<Span> {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word)
        .find(|(at, _)| {
            let (before, after) = (text.get(..*at), text.get(at + word.len()..));
            !part(before.and_then(|b| b.chars().next_back())) && !part(after.and_then(|a| a.chars().next()))
        })
        .map(|(at, _)| Span::new(at, at + word.len()))
}
