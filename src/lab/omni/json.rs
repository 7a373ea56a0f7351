//! JSON with places, refused in the words of Go's decoder.
//!
//! The gateway decodes a request body twice: first as JSON text (`invalid character …`), then as a message
//! (`proto: (line 1:2): unknown field …`). The second needs to know where every key and value stands.

/// What a JSON value is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// Keys in order, with their places.
    Object(Vec<(usize, String, Json)>),
}

/// A JSON value and the byte it starts at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Json {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

impl Json {
    /// How the value begins, as messages show it: all of a scalar, the bracket of anything else.
    pub(super) fn raw(&self) -> String {
        match &self.kind {
            Kind::Null => "null".to_owned(),
            Kind::Bool(b) => b.to_string(),
            Kind::Number(n) => n.clone(),
            Kind::Text(t) => serde_json::Value::from(t.as_str()).to_string(),
            Kind::List(_) => "[".to_owned(),
            Kind::Object(_) => "{".to_owned(),
        }
    }
}

impl Json {
    /// The value without places.
    pub(super) fn plain(&self) -> serde_json::Value {
        match &self.kind {
            Kind::Null => serde_json::Value::Null,
            Kind::Bool(b) => (*b).into(),
            Kind::Number(n) => serde_json::from_str(n).unwrap_or_else(|_| n.as_str().into()),
            Kind::Text(t) => t.as_str().into(),
            Kind::List(items) => items.iter().map(Self::plain).collect(),
            Kind::Object(entries) => {
                entries.iter().map(|(_, key, value)| (key.clone(), value.plain())).collect()
            }
        }
    }
}

/// `(line 1:2)` of a byte, columns counted in characters.
pub(super) fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    format!("(line {line}:{column})")
}

/// Most brackets inside each other.
const DEPTH: usize = 1000;

/// Reads one JSON value that makes up the whole text.
pub(super) fn parse(text: &str) -> Result<Json, String> {
    let mut reader = Reader { text, at: 0 };
    reader.blank();
    let value = reader.value("looking for beginning of value", DEPTH)?;
    reader.blank();
    match reader.peek() {
        Some(_) => Err(reader.unexpected("after top-level value")),
        None => Ok(value),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|rest| rest.chars().next())
    }
    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }
    fn blank(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
            self.at += 1;
        }
    }
    fn unexpected(&self, why: &str) -> String {
        match self.peek() {
            None => "unexpected end of JSON input".to_owned(),
            Some('\'') => format!("invalid character '\\'' {why}"),
            Some(c) if c.is_control() => {
                format!("invalid character '{}' {why}", c.escape_default())
            }
            Some(c) => format!("invalid character '{c}' {why}"),
        }
    }
    fn value(&mut self, why: &str, depth: usize) -> Result<Json, String> {
        let at = self.at;
        if depth == 0 {
            return Err("exceeded max depth".to_owned());
        }
        let kind = match self.peek() {
            Some('{') => self.object(depth)?,
            Some('[') => self.list(depth)?,
            Some('"') => Kind::Text(self.string()?),
            Some('t') => self.word("true", Kind::Bool(true))?,
            Some('f') => self.word("false", Kind::Bool(false))?,
            Some('n') => self.word("null", Kind::Null)?,
            Some('-' | '0'..='9') => self.number()?,
            _ => return Err(self.unexpected(why)),
        };
        Ok(Json { at, kind })
    }
    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, String> {
        for want in word.chars() {
            if self.peek() != Some(want) {
                return Err(self.unexpected(&format!("in literal {word} (expecting '{want}')")));
            }
            self.at += 1;
        }
        Ok(kind)
    }
    fn digits(&mut self, why: &str) -> Result<(), String> {
        if !matches!(self.peek(), Some('0'..='9')) {
            return Err(self.unexpected(why));
        }
        while matches!(self.peek(), Some('0'..='9')) {
            self.at += 1;
        }
        Ok(())
    }
    fn number(&mut self) -> Result<Kind, String> {
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
        }
        if self.peek() == Some('0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some('.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(Kind::Number(self.text.get(start..self.at).unwrap_or("").to_owned()))
    }
    fn string(&mut self) -> Result<String, String> {
        let mut out = String::new();
        self.next();
        loop {
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some('\\') => {
                    self.at += 1;
                    self.escape(&mut out)?;
                }
                Some(c) if (c as u32) < 0x20 => return Err(self.unexpected("in string literal")),
                Some(c) => {
                    out.push(c);
                    self.at += c.len_utf8();
                }
                None => return Err(self.unexpected("")),
            }
        }
    }
    fn escape(&mut self, out: &mut String) -> Result<(), String> {
        let plain = match self.peek() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                self.at += 1;
                let first = self.hex()?;
                out.push(self.pair(first)?);
                return Ok(());
            }
            _ => return Err(self.unexpected("in string escape code")),
        };
        self.at += 1;
        out.push(plain);
        Ok(())
    }
    fn hex(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else {
                return Err(self.unexpected("in \\u hexadecimal character escape"));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
    /// A character from one escape or two halves; a half alone becomes the replacement character.
    fn pair(&mut self, first: u32) -> Result<char, String> {
        if !(0xD800..0xDC00).contains(&first)
            || !self.text.get(self.at..).is_some_and(|r| r.starts_with("\\u"))
        {
            return Ok(char::from_u32(first).unwrap_or('\u{fffd}'));
        }
        let back = self.at;
        self.at += 2;
        let second = self.hex()?;
        if (0xDC00..0xE000).contains(&second) {
            return Ok(
                char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)).unwrap_or('\u{fffd}')
            );
        }
        self.at = back;
        Ok('\u{fffd}')
    }
    fn list(&mut self, depth: usize) -> Result<Kind, String> {
        let mut items = Vec::new();
        self.next();
        self.blank();
        if self.peek() == Some(']') {
            self.at += 1;
            return Ok(Kind::List(items));
        }
        loop {
            self.blank();
            items.push(self.value("looking for beginning of value", depth - 1)?);
            self.blank();
            match self.peek() {
                Some(',') => self.at += 1,
                Some(']') => {
                    self.at += 1;
                    return Ok(Kind::List(items));
                }
                _ => return Err(self.unexpected("after array element")),
            }
        }
    }
    fn object(&mut self, depth: usize) -> Result<Kind, String> {
        let mut fields = Vec::new();
        self.next();
        self.blank();
        if self.peek() == Some('}') {
            self.at += 1;
            return Ok(Kind::Object(fields));
        }
        loop {
            self.blank();
            let at = self.at;
            if self.peek() != Some('"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.blank();
            if self.peek() != Some(':') {
                return Err(self.unexpected("after object key"));
            }
            self.at += 1;
            self.blank();
            let value = self.value("looking for beginning of value", depth - 1)?;
            fields.push((at, key, value));
            self.blank();
            match self.peek() {
                Some(',') => self.at += 1,
                Some('}') => {
                    self.at += 1;
                    return Ok(Kind::Object(fields));
                }
                _ => return Err(self.unexpected("after object key:value pair")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_speak_like_go() {
        assert_eq!(
            parse("{not json").unwrap_err(),
            "invalid character 'n' looking for beginning of object key string"
        );
        assert_eq!(
            parse("match_labels: []").unwrap_err(),
            "invalid character 'm' looking for beginning of value"
        );
        assert_eq!(parse("{\"a\":1").unwrap_err(), "unexpected end of JSON input");
        assert_eq!(parse("[1]x").unwrap_err(), "invalid character 'x' after top-level value");
        assert!(parse(&"[".repeat(5000)).is_err());
    }

    #[test]
    fn values_know_where_they_stand() {
        let Kind::Object(fields) = parse("{\"a\": \"\\u00e9\\ud83d\\ude00\",\n \"b\":[1]}").unwrap().kind
        else {
            panic!()
        };
        assert_eq!(fields[0].2.kind, Kind::Text("é😀".to_owned()));
        assert_eq!(place("{\"a\": \"\\u00e9\\ud83d\\ude00\",\n \"b\":[1]}", fields[1].0), "(line 2:2)");
    }
}
