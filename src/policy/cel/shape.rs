//! What a document looks like: the fields that expressions may name, with their kinds and what they hold.

/// A mapping with known fields.
#[derive(Debug)]
pub struct Shape {
    /// What one of it is called (`step`).
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
}

/// One field; it is always there, and may be null only where its kind says so.
#[derive(Debug)]
pub struct Field {
    /// Name.
    pub name: &'static str,
    /// Kind of its value.
    pub of: Of,
    /// What it holds, for the reference.
    pub about: &'static str,
}

/// Kind of a value.
#[derive(Debug)]
pub enum Of {
    /// Not known beforehand.
    Any,
    /// Text.
    Text,
    /// One of these texts.
    Word(&'static [&'static str]),
    /// A whole number.
    Whole,
    /// A truth value.
    Truth,
    /// This, or null.
    Maybe(&'static Of),
    /// A list.
    List(&'static Of),
    /// A mapping with any keys.
    Map(&'static Of),
    /// A mapping with known fields.
    Shape(&'static Shape),
}

impl Shape {
    /// The field `name`.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}

impl Of {
    /// In words: `text`, `list of step`, `number or null`.
    pub fn words(&self) -> String {
        match self {
            Self::Any => "any value".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Word(words) => {
                let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
                quoted.join(", ")
            }
            Self::Whole => "number".to_owned(),
            Self::Truth => "truth value".to_owned(),
            Self::Maybe(of) => format!("{} or null", of.words()),
            Self::List(of) => format!("list of {}", of.words()),
            Self::Map(of) => format!("mapping of {}", of.words()),
            Self::Shape(shape) => format!("[{}](#{})", shape.name, shape.name.replace(' ', "-")),
        }
    }
}
