//! Field tables of Omni resources: one table, three spellings.
//!
//! A spec field has a JSON name (`kubernetes_version`, also accepted as `kubernetesVersion`), and the YAML name that
//! omnictl prints and reads (`kubernetesversion`). The table of a kind lists its fields in the order in which omnictl
//! prints them, so that one walk gives the normal form, the printed form and the reading of printed YAML.

/// How a field's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// A truth value.
    Bool,
    /// An unsigned whole number; a decimal text in JSON if it has 64 bits.
    Uint,
    /// A number with names; answers carry the number, requests may carry the name.
    Enum(&'static [(&'static str, u32)]),
    /// A list of texts.
    Texts,
    /// A list of messages.
    Messages(&'static [Field]),
    /// A message: unset is not the same as set and empty.
    Message(&'static [Field]),
    /// A duration: seconds with suffix `s` in JSON (`"5400s"`), `{seconds, nanos}` in omnictl's YAML.
    Duration,
    /// Bytes: base64 in JSON, a list of numbers in omnictl's YAML.
    Bytes,
}

/// One field of a spec or of a message in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name in JSON, `snake_case`. The YAML name is this without underscores.
    pub json: &'static str,
    /// Type of its values.
    pub kind: FieldKind,
    /// The server fills it in; files never set it and it is not compared.
    pub server_owned: bool,
    /// Unknown to Omni 1.9.3, which refuses it even when it is `false`: sent only when set, never printed as a default.
    pub newer: bool,
}

impl Field {
    const fn new(json: &'static str, kind: FieldKind) -> Self {
        Self { json, kind, server_owned: false, newer: false }
    }
    /// A text field.
    pub const fn text(json: &'static str) -> Self {
        Self::new(json, FieldKind::Text)
    }
    /// A truth value.
    pub const fn bool(json: &'static str) -> Self {
        Self::new(json, FieldKind::Bool)
    }
    /// An unsigned number.
    pub const fn uint(json: &'static str) -> Self {
        Self::new(json, FieldKind::Uint)
    }
    /// A number with names.
    pub const fn enumeration(json: &'static str, names: &'static [(&'static str, u32)]) -> Self {
        Self::new(json, FieldKind::Enum(names))
    }
    /// A list of texts.
    pub const fn texts(json: &'static str) -> Self {
        Self::new(json, FieldKind::Texts)
    }
    /// A list of messages.
    pub const fn messages(json: &'static str, fields: &'static [Field]) -> Self {
        Self::new(json, FieldKind::Messages(fields))
    }
    /// A message.
    pub const fn message(json: &'static str, fields: &'static [Field]) -> Self {
        Self::new(json, FieldKind::Message(fields))
    }
    /// A duration.
    pub const fn duration(json: &'static str) -> Self {
        Self::new(json, FieldKind::Duration)
    }
    /// Bytes.
    pub const fn bytes(json: &'static str) -> Self {
        Self::new(json, FieldKind::Bytes)
    }
    /// The same field, filled in by the server.
    #[must_use]
    pub const fn server_owned(mut self) -> Self {
        self.server_owned = true;
        self
    }
    /// The same field, unknown to Omni 1.9.3.
    #[must_use]
    pub const fn newer(mut self) -> Self {
        self.newer = true;
        self
    }
    /// The name in omnictl's YAML: lower case without separators.
    pub fn yaml(&self) -> String {
        self.json.replace('_', "")
    }
    /// Whether `key` is this field in either JSON spelling (`kubernetes_version`, `kubernetesVersion`).
    pub fn is_json(&self, key: &str) -> bool {
        key == self.json || (!key.contains('_') && key == camel(self.json))
    }
    /// Whether `key` is this field in omnictl's YAML.
    pub fn is_yaml(&self, key: &str) -> bool {
        self.json.bytes().filter(|b| *b != b'_').eq(key.bytes())
    }
}

/// `maxParallelism` of `max_parallelism`.
pub fn camel(snake: &str) -> String {
    let mut out = String::with_capacity(snake.len());
    let mut upper = false;
    for c in snake.chars() {
        if c == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
    }
    out
}

/// The field of `fields` that `key` names in JSON.
pub fn by_json(fields: &'static [Field], key: &str) -> Option<&'static Field> {
    fields.iter().find(|f| f.is_json(key))
}

/// The field of `fields` that `key` names in omnictl's YAML.
pub fn by_yaml(fields: &'static [Field], key: &str) -> Option<&'static Field> {
    fields.iter().find(|f| f.is_yaml(key))
}

/// A kind of Omni resource that plans touch.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Type without the suffix `.omni.sidero.dev`.
    pub short: &'static str,
    /// Namespace; the server does not default it.
    pub namespace: &'static str,
    /// Spec fields in printed order.
    pub fields: &'static [Field],
    /// The server marks the type as sensitive: its content may hold secrets.
    pub sensitive: bool,
    /// Word in addresses (`patch` of `cluster/x/patch/y`).
    pub address: &'static str,
}

impl Kind {
    /// Identity of the resource `id` of this kind.
    pub fn id(&self, id: &str) -> crate::resource::ResourceId {
        crate::resource::ResourceId {
            kind: format!("{}{}", self.short, crate::resource::TYPE_SUFFIX),
            namespace: self.namespace.to_owned(),
            id: id.to_owned(),
        }
    }
}
