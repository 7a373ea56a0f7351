//! A page as a browser's parser understands it.

use std::collections::BTreeMap;

use html5ever::tendril::TendrilSink as _;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// What a page consists of.
#[derive(Debug, Default)]
pub(crate) struct Census {
    /// How often an element with these attributes occurs. Of attributes whose values are not data, the value counts too.
    pub(crate) elements: BTreeMap<String, usize>,
    /// All ids.
    pub(crate) ids: Vec<String>,
    /// All `href`s.
    pub(crate) links: Vec<String>,
    /// Levels of headings in order.
    pub(crate) headings: Vec<u32>,
    /// `del` and `ins`, with their text.
    pub(crate) signs: Vec<(String, String)>,
    /// Texts of coloured words.
    pub(crate) tags: Vec<String>,
    /// All text.
    pub(crate) text: String,
    /// Comments.
    pub(crate) comments: usize,
    /// Style sheets.
    pub(crate) styles: Vec<String>,
    /// What the parser complains about.
    pub(crate) errors: Vec<String>,
}

/// Elements that a page has, and their attributes.
const KNOWN: &[(&str, &[&str])] = &[
    ("html", &["lang"]),
    ("head", &[]),
    ("meta", &["charset", "http-equiv", "content", "name"]),
    ("title", &["id"]),
    ("style", &[]),
    ("body", &[]),
    ("main", &["id"]),
    ("header", &[]),
    ("footer", &["class"]),
    ("nav", &["aria-label"]),
    ("section", &["aria-labelledby"]),
    ("article", &["class", "id"]),
    ("div", &["class", "tabindex", "role", "aria-label"]),
    ("h1", &[]),
    ("h2", &["id"]),
    ("h3", &[]),
    ("h4", &[]),
    ("p", &["class"]),
    ("a", &["href", "class", "rel"]),
    ("span", &["class"]),
    ("strong", &[]),
    ("b", &[]),
    ("code", &["class"]),
    ("pre", &["class", "id"]),
    ("ul", &["class"]),
    ("ol", &["class"]),
    ("li", &["id", "class"]),
    ("dl", &["class"]),
    ("dt", &[]),
    ("dd", &[]),
    ("table", &["class"]),
    ("caption", &[]),
    ("thead", &[]),
    ("tbody", &[]),
    ("tr", &[]),
    ("th", &["scope"]),
    ("td", &["class"]),
    ("del", &[]),
    ("ins", &[]),
    ("details", &["open", "class"]),
    ("summary", &[]),
    ("svg", &["xmlns", "viewBox", "width", "height", "role", "fill", "font-size", "aria-labelledby"]),
    ("desc", &["id"]),
    ("g", &["class"]),
    ("rect", &["class", "fill", "stroke", "x", "y", "width", "height", "rx"]),
    ("path", &["class", "fill", "stroke", "d"]),
    ("text", &["class", "x", "y"]),
];

impl Census {
    /// Elements and attributes that no page has.
    pub(crate) fn strangers(&self) -> Vec<String> {
        self.elements
            .keys()
            .filter(|element| {
                let mut parts = element.split(' ');
                let name = parts.next().unwrap_or_default();
                let Some((_, known)) = KNOWN.iter().find(|(n, _)| *n == name) else { return true };
                parts.any(|p| !known.contains(&p.split('=').next().unwrap_or_default()))
            })
            .cloned()
            .collect()
    }
    /// How many elements have this name.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.elements.iter().filter(|(e, _)| e.split(' ').next() == Some(name)).map(|(_, n)| n).sum()
    }
}

/// Counts what a page consists of.
pub(crate) fn census(page: &str) -> Census {
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(page);
    let mut census =
        Census { errors: dom.errors.borrow().iter().map(ToString::to_string).collect(), ..Census::default() };
    walk(&dom.document, &mut census);
    census
}

fn walk(node: &Handle, census: &mut Census) {
    match &node.data {
        NodeData::Text { contents } => census.text.push_str(&contents.borrow()),
        NodeData::Comment { .. } | NodeData::ProcessingInstruction { .. } => census.comments += 1,
        NodeData::Element { name, attrs, .. } => {
            let tag = name.local.to_string();
            let mut all: Vec<String> = Vec::new();
            for attribute in attrs.borrow().iter() {
                let (name, value) = (attribute.name.local.to_string(), attribute.value.to_string());
                match name.as_str() {
                    "id" => census.ids.push(value.clone()),
                    "href" => census.links.push(value.clone()),
                    _ => {}
                }
                // Where a drawing puts things depends on how long names are.
                let place = matches!(name.as_str(), "x" | "y" | "d" | "width" | "height" | "viewBox");
                all.push(if place { name } else { format!("{name}={}", value.replace(' ', "_")) });
            }
            all.sort();
            let class = all.iter().any(|a| a.starts_with("class=tag"));
            *census.elements.entry([vec![tag.clone()], all].concat().join(" ")).or_default() += 1;
            if let Some(level) = tag.strip_prefix('h').and_then(|l| l.parse().ok()) {
                census.headings.push(level);
            }
            if tag == "del" || tag == "ins" {
                census.signs.push((tag.clone(), inner(node)));
            }
            if class {
                census.tags.push(inner(node));
            }
            if tag == "style" {
                census.styles.push(inner(node));
                return;
            }
        }
        _ => {}
    }
    for child in node.children.borrow().iter() {
        walk(child, census);
    }
}

fn inner(node: &Handle) -> String {
    let mut text = String::new();
    if let NodeData::Text { contents } = &node.data {
        text.push_str(&contents.borrow());
    }
    for child in node.children.borrow().iter() {
        text.push_str(&inner(child));
    }
    text
}
