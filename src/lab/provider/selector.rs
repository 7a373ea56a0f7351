//! The storage selector: a CEL expression evaluated on each storage of the node, sorted by id, until one is true.

use std::sync::mpsc;

use super::super::proxmox::{Cluster, Node};

/// Stack of the thread that evaluates: the interpreter recurses over expressions that users write.
const STACK: usize = 64 << 20;

/// The id of the first storage that the expression accepts.
pub fn choose(cluster: &Cluster, node: &Node, expression: &str) -> Result<String, String> {
    let mut storages: Vec<(String, String, u64)> = cluster
        .storages
        .iter()
        .map(|s| {
            let available = if cluster.usable(s, &node.name) { cluster.space(s, &node.name).1 } else { 0 };
            (s.id.clone(), s.kind.clone(), available)
        })
        .collect();
    storages.sort();
    let (expression, node) = (expression.trim_end().to_owned(), node.name.clone());
    let (send, receive) = mpsc::channel();
    let spawned = std::thread::Builder::new().name("lab-cel".to_owned()).stack_size(STACK).spawn(move || {
        // Nobody listening any more is no error of ours.
        let _unheard = send.send(evaluate(&expression, &node, &storages));
    });
    let thread = spawned.map_err(|e| e.to_string())?;
    let result = receive.recv().unwrap_or_else(|_| Err("the expression cannot be evaluated".to_owned()));
    let _finished = thread.join();
    result
}

fn evaluate(expression: &str, node: &str, storages: &[(String, String, u64)]) -> Result<String, String> {
    let program = cel_interpreter::Program::compile(expression).map_err(|e| e.to_string())?;
    for (name, kind, available) in storages {
        let mut context = cel_interpreter::Context::default();
        context.add_variable_from_value("name", name.clone());
        context.add_variable_from_value("node", node.to_owned());
        context.add_variable_from_value("storageType", kind.clone());
        context.add_variable_from_value("availableSpace", *available);
        match program.execute(&context) {
            Ok(cel_interpreter::Value::Bool(true)) => return Ok(name.clone()),
            Ok(cel_interpreter::Value::Bool(false)) => {}
            Ok(_) => return Err("the storage selector does not evaluate to a boolean".to_owned()),
            Err(error) => return Err(error.to_string()),
        }
    }
    Err("failed to get storage: no storage matches the selector".to_owned())
}
