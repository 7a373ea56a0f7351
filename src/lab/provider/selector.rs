//! The storage selector: a CEL expression evaluated on each storage of the node, sorted by id, until one is true.

use std::sync::mpsc;

use serde_json::Value;

/// Stack of the thread that evaluates: the interpreter recurses over expressions that users write.
const STACK: usize = 64 << 20;

/// Why no storage was chosen.
pub enum Miss {
    /// No storage fits.
    Nothing,
    /// The expression is wrong.
    Wrong(String),
}

/// The id of the first storage in an answer of `GET /nodes/<n>/storage` that the expression accepts.
pub fn choose(storages: &Value, node: &str, expression: &str) -> Result<String, Miss> {
    let list = storages.as_array().cloned().unwrap_or_default();
    if list.is_empty() {
        // The expression is never read.
        return Err(Miss::Nothing);
    }
    if let Some(why) = super::words::trouble(expression) {
        return Err(Miss::Wrong(why));
    }
    let word =
        |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let storages: Vec<(String, String, u64)> = list
        .iter()
        .map(|s| {
            let available = s.get("avail").and_then(Value::as_u64).unwrap_or(0);
            (word(s, "storage"), word(s, "type"), available)
        })
        .collect();
    let (expression, node) = (expression.trim_end().to_owned(), node.to_owned());
    let (send, receive) = mpsc::channel();
    let spawned = std::thread::Builder::new().name("lab-cel".to_owned()).stack_size(STACK).spawn(move || {
        // Nobody listening any more is no error of ours.
        let _unheard = send.send(evaluate(&expression, &node, &storages));
    });
    let thread = spawned.map_err(|e| Miss::Wrong(e.to_string()))?;
    let broken = || Err(Miss::Wrong("the expression cannot be evaluated".to_owned()));
    let result = receive.recv().unwrap_or_else(|_| broken());
    let _finished = thread.join();
    result
}

fn evaluate(expression: &str, node: &str, storages: &[(String, String, u64)]) -> Result<String, Miss> {
    let wrong = |why: String| Err(Miss::Wrong(why));
    let program = match cel_interpreter::Program::compile(expression) {
        Ok(program) => program,
        Err(error) => return wrong(format!("ERROR: <input>:1:1: Syntax error: {error}")),
    };
    for (name, kind, available) in storages {
        let mut context = cel_interpreter::Context::default();
        context.add_variable_from_value("name", name.clone());
        context.add_variable_from_value("node", node.to_owned());
        context.add_variable_from_value("storageType", kind.clone());
        context.add_variable_from_value("availableSpace", *available);
        match program.execute(&context) {
            Ok(cel_interpreter::Value::Bool(true)) => return Ok(name.clone()),
            Ok(cel_interpreter::Value::Bool(false)) => {}
            Ok(_) => return wrong("expression output type is not bool".to_owned()),
            Err(error) => return wrong(error.to_string()),
        }
    }
    Err(Miss::Nothing)
}
