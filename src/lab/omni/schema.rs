//! The resource types: namespace, who may write them, fields of the spec.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Who may do what with a type over the gateway, besides Omni itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Readers read, operators write.
    Write,
    /// Only administrators read and write.
    Admin,
    /// Readers read, nobody writes.
    Read,
    /// Readers read; changed by management calls only.
    Managed,
    /// Written by infrastructure providers for themselves.
    Provider,
    /// Machine requests: operators create and delete.
    Request,
    /// Join tokens: no create.
    Token,
    /// Read and delete only.
    ReadDelete,
    /// Imported secrets: create and delete, never readable.
    Import,
    /// The accepted licence: readable by anyone, created once.
    Eula,
    /// Infrastructure providers: any reader writes them.
    Registration,
    /// Nobody sees it.
    Denied,
}

impl Access {
    fn parse(word: &str) -> Self {
        match word {
            "write" => Self::Write,
            "admin" => Self::Admin,
            "read" => Self::Read,
            "managed" => Self::Managed,
            "provider" => Self::Provider,
            "request" => Self::Request,
            "token" => Self::Token,
            "read-delete" => Self::ReadDelete,
            "import" => Self::Import,
            "eula" => Self::Eula,
            "registration" => Self::Registration,
            _ => Self::Denied,
        }
    }
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Text.
    Text,
    /// `true` or `false`.
    Bool,
    /// An integer with this many bits, signed or not; 64 bits are JSON strings in answers.
    Int {
        /// 32 or 64.
        bits: u8,
        /// Whether it can be negative.
        signed: bool,
    },
    /// A floating-point number.
    Double,
    /// `"3600s"`.
    Duration,
    /// RFC 3339.
    Time,
    /// base64.
    Bytes,
    /// A number with names.
    Enum(Vec<(String, i32)>),
    /// Fields.
    Message(Vec<Field>),
    /// A list.
    Repeated(Box<Shape>),
    /// Text keys.
    Map(Box<Shape>),
}

/// A named field of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Name in the definition, used in answers.
    pub name: String,
    /// The lowerCamelCase name that requests may use.
    pub camel: String,
    /// Content.
    pub shape: Shape,
    /// Whether Omni 1.9 does not know it.
    pub new: bool,
}

/// A resource type.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Full name.
    pub name: String,
    /// Where its resources live.
    pub namespace: String,
    /// Who may touch it.
    pub access: Access,
    /// The spec; `None` when nobody writes it over the gateway.
    pub spec: Option<Vec<Field>>,
    /// Whether Omni 1.9 does not know it.
    pub new: bool,
}

static KINDS: LazyLock<BTreeMap<String, Kind>> = LazyLock::new(|| {
    include_str!("schema.table")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(parse)
        .map(|kind| (kind.name.clone(), kind))
        .collect()
});

/// A type that Omni registers, by its full name. Aliases are not resolved.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.get(name)
}

/// All types, sorted by name.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS.values()
}

/// The namespace of a type; `default` for an unknown one.
pub fn namespace(name: &str) -> &'static str {
    kind(name).map_or("default", |k| k.namespace.as_str())
}

/// Whether Omni destroys resources of this type by itself once they are tearing down without finalizers.
pub fn user_managed(name: &str) -> bool {
    kind(name).is_some_and(|k| {
        !matches!(k.access, Access::Read | Access::Managed | Access::Provider | Access::Denied)
    })
}

fn parse(line: &str) -> Option<Kind> {
    let mut words = line.splitn(4, ' ');
    let name = words.next()?;
    let (name, new) = name.strip_prefix('+').map_or((name, false), |n| (n, true));
    let namespace = words.next()?.to_owned();
    let access = Access::parse(words.next()?);
    let spec = match words.next().unwrap_or("") {
        "-" => None,
        text => Some(Reader { rest: text }.fields()),
    };
    let name = if name.contains('.') { name.to_owned() } else { format!("{name}.omni.sidero.dev") };
    Some(Kind { name, namespace, access, spec, new })
}

/// Fields written in the notation of the table.
pub(super) fn fields(text: &str) -> Vec<Field> {
    Reader { rest: text }.fields()
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
    fn until(&mut self, stop: char) -> String {
        let (word, rest) = self.rest.split_once(stop).unwrap_or((self.rest, ""));
        self.rest = rest;
        word.to_owned()
    }
    fn fields(&mut self) -> Vec<Field> {
        let mut fields = Vec::new();
        while !self.rest.is_empty() && !self.take("}") {
            if self.take(" ") {
                continue;
            }
            let new = self.take("+");
            let name = self.until(':');
            let shape = self.shape();
            fields.push(Field { camel: camel(&name), name, shape, new });
        }
        fields
    }
    fn shape(&mut self) -> Shape {
        if self.take("*") {
            return Shape::Repeated(Box::new(self.shape()));
        }
        if self.take("%") {
            return Shape::Map(Box::new(self.shape()));
        }
        if self.take("{") {
            return Shape::Message(self.fields());
        }
        if self.take("e(") {
            let names = self.until(')');
            let pair = |p: &str| p.split_once('=').and_then(|(n, v)| Some((n.to_owned(), v.parse().ok()?)));
            return Shape::Enum(names.split(',').filter_map(pair).collect());
        }
        let letter = self.rest.chars().next().unwrap_or('s');
        self.take(letter.encode_utf8(&mut [0; 4]));
        match letter {
            'b' => Shape::Bool,
            'u' => Shape::Int { bits: 32, signed: false },
            'i' => Shape::Int { bits: 32, signed: true },
            'U' => Shape::Int { bits: 64, signed: false },
            'I' => Shape::Int { bits: 64, signed: true },
            'f' => Shape::Double,
            'd' => Shape::Duration,
            't' => Shape::Time,
            'y' => Shape::Bytes,
            _ => Shape::Text,
        }
    }
}

fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut up = false;
    for c in name.chars() {
        if c == '_' {
            up = true;
        } else if up {
            out.extend(c.to_uppercase());
            up = false;
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_back() {
        let cluster = kind("Clusters.omni.sidero.dev").unwrap();
        let fields = cluster.spec.as_ref().unwrap();
        assert_eq!(fields[0].camel, "kubernetesVersion");
        let Shape::Message(features) = &fields[2].shape else { panic!("{fields:?}") };
        assert!(features.iter().any(|f| f.name == "disable_public_discovery_service" && f.new));
        let Shape::Message(backup) = &fields[3].shape else { panic!("{fields:?}") };
        assert_eq!(backup[1].shape, Shape::Bool);
        assert_eq!(namespace("InfraProviders.omni.sidero.dev"), "infra-provider");
        assert!(kind("MachineInstallDiskConfigs.omni.sidero.dev").unwrap().new);
        assert!(
            user_managed("MachineSets.omni.sidero.dev") && !user_managed("ClusterStatuses.omni.sidero.dev")
        );
        let class = kind("MachineClasses.omni.sidero.dev").unwrap().spec.as_ref().unwrap();
        let Shape::Message(auto) = &class[1].shape else { panic!("{class:?}") };
        assert_eq!(
            auto[4].shape,
            Shape::Enum(vec![("UNSET".into(), 0), ("ENABLED".into(), 1), ("DISABLED".into(), 2)])
        );
        assert_eq!(kinds().filter(|k| k.access == Access::Denied).count(), 4);
    }
}
