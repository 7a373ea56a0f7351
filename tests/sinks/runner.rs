//! The runner of GitHub Actions, written from its documentation: which lines of a log are commands, what they say, and what
//! a file of outputs holds.

/// A command of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) message: String,
}

/// The lines as the runner takes them from a process.
fn lines(log: &str) -> impl Iterator<Item = &str> {
    log.split(['\n', '\r'])
}

fn unescape(text: &str, property: bool) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).unwrap_or_default();
        out.push(match (code, property) {
            ("25", _) => '%',
            ("0D", _) => '\r',
            ("0A", _) => '\n',
            ("3A", true) => ':',
            ("2C", true) => ',',
            _ => return Err(format!("`%{code}` in {text:?}")),
        });
        rest = &rest[at + 3..];
    }
    out.push_str(rest);
    Ok(out)
}

/// Whether a line would be taken as a command of either form, as the runner and its like look for them.
pub(crate) fn would_command(line: &str) -> bool {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}');
    line.starts_with("::") || line.contains("##[") || line.contains("##vso[")
}

/// Lines of a log that would be commands.
pub(crate) fn commands(log: &str) -> Vec<String> {
    // Colours do not hide a command from a reader, and are not to hide one from us.
    let mut plain = String::new();
    let mut rest = log;
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        let end = rest[at..].find('m').map_or(rest.len(), |n| at + n + 1);
        rest = &rest[end..];
    }
    plain.push_str(rest);
    lines(&plain).filter(|l| would_command(l)).take(5).map(str::to_owned).collect()
}

/// All lines as commands, strictly: nothing else may stand there.
pub(crate) fn strict(log: &str) -> Result<Vec<Command>, String> {
    let mut all = Vec::new();
    let body = log.strip_suffix('\n').ok_or("no line end")?;
    for line in lines(body) {
        let rest = line.strip_prefix("::").ok_or_else(|| format!("no command: {line:?}"))?;
        let (head, message) = rest.split_once("::").ok_or_else(|| format!("no end: {line:?}"))?;
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let properties = properties
            .split(',')
            .filter(|p| !p.is_empty())
            .map(|p| {
                let (key, value) = p.split_once('=').ok_or_else(|| format!("no value: {line:?}"))?;
                Ok((key.to_owned(), unescape(value, true)?))
            })
            .collect::<Result<_, String>>()?;
        all.push(Command { name: name.to_owned(), properties, message: unescape(message, false)? });
    }
    Ok(all)
}

/// The pairs of a file of outputs, as the runner reads them.
pub(crate) fn outputs(file: &str) -> Result<Vec<(String, String)>, String> {
    let mut all = Vec::new();
    let mut lines = file.split('\n').map(|l| l.strip_suffix('\r').unwrap_or(l));
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let (equals, here) = (line.find('='), line.find("<<"));
        match (equals, here) {
            (_, Some(at)) if equals.is_none_or(|e| at < e) => {
                let (key, delimiter) = (&line[..at], &line[at + 2..]);
                let mut value: Vec<&str> = Vec::new();
                loop {
                    match lines.next() {
                        None => return Err(format!("`{key}` has no end")),
                        Some(line) if line == delimiter => break,
                        Some(line) => value.push(line),
                    }
                }
                all.push((key.to_owned(), value.join("\n")));
            }
            (Some(at), _) => all.push((line[..at].to_owned(), line[at + 1..].to_owned())),
            _ => return Err(format!("neither form: {line:?}")),
        }
    }
    Ok(all)
}

#[test]
fn the_reading_is_strict() {
    assert!(strict("::error title=a%2Cb,line=3::x%0Ay\n").is_ok_and(|c| c[0].properties[0].1 == "a,b"));
    for wrong in ["x\n", "::error::x%zz\n", "::error file::x\n", "::error::a\n\n", "::error::a\rb\n"] {
        assert!(strict(wrong).is_err(), "{wrong:?}");
    }
    for log in ["\u{feff} ::x", "a\r::x", "x ##[group]", "\u{1b}[31m ::x::"] {
        assert_eq!(commands(log).len(), 1, "{log:?}");
    }
    assert_eq!(
        outputs("a=b<<c\nd<<E\n1\n2\nE\n").unwrap(),
        [("a".into(), "b<<c".into()), ("d".into(), "1\n2".into())]
    );
    assert!(outputs("a<<E\n1\n").is_err());
}
