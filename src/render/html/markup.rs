//! HTML under construction. Elements, attributes and their names are the program's; only texts and values are data.

use super::escape;
use crate::render::context::Link;

/// Attributes of an element: a constant name, and a value that is escaped.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// Elements after whose end a line ends, so that two pages can be compared by line.
const BLOCKS: [&str; 30] = [
    "html", "head", "body", "main", "header", "footer", "nav", "section", "article", "div", "h1", "h2", "h3",
    "h4", "p", "ul", "ol", "li", "dl", "dd", "table", "caption", "thead", "tbody", "tr", "details",
    "summary", "svg", "g", "pre",
];

/// Elements that have no content.
const EMPTY: [&str; 5] = ["meta", "br", "rect", "path", "line"];

/// HTML under construction.
#[derive(Default)]
pub(super) struct Markup {
    out: String,
    open: Vec<&'static str>,
}

impl Markup {
    /// Begins an element; for one without content that is all.
    pub(super) fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            if value.is_empty() {
                continue;
            }
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.out.push_str(&escape::attribute(value));
            self.out.push('"');
        }
        if EMPTY.contains(&tag) {
            // The slash ends it in SVG, and says nothing in HTML.
            self.out.push_str(if matches!(tag, "rect" | "path" | "line") { "/>" } else { ">" });
            return;
        }
        self.out.push('>');
        self.open.push(tag);
    }
    /// Ends the element that was begun last.
    pub(super) fn close(&mut self) {
        if let Some(tag) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(tag);
            self.out.push('>');
            if BLOCKS.contains(&tag) {
                self.out.push('\n');
            }
        }
    }
    /// Text of one line.
    pub(super) fn text(&mut self, text: &str) {
        self.out.push_str(&escape::text(text));
    }
    /// Text of many lines.
    pub(super) fn block(&mut self, text: &str) {
        self.out.push_str(&escape::block(text));
    }
    /// An element, and what `inside` puts into it.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.open(tag, attributes);
        inside(self);
        self.close();
    }
    /// An element with nothing but text in it.
    pub(super) fn leaf(&mut self, tag: &'static str, class: &str, text: &str) {
        self.element(tag, &[("class", class)], |m| m.text(text));
    }
    /// A link to another site.
    pub(super) fn link(&mut self, to: &Link, text: &str) {
        self.element("a", &[("href", to.as_str()), ("rel", "noreferrer noopener")], |m| m.text(text));
    }
    /// A link to a place in the page. Its name is one of ours, so it is the same after escaping.
    pub(super) fn jump(&mut self, to: &str, text: &str) {
        self.element("a", &[("href", &format!("#{to}"))], |m| m.text(text));
    }
    /// A part of a style sheet, which is the program's own.
    pub(super) fn style(&mut self, css: &'static str) {
        self.open("style", &[]);
        self.out.push_str(css);
        self.close();
        self.out.push('\n');
    }
    /// Ends a line where that changes nothing.
    pub(super) fn line(&mut self) {
        self.out.push('\n');
    }
    /// A table: a caption, heads of columns, and rows.
    pub(super) fn table(&mut self, class: &str, caption: &str, heads: &[&str], rows: impl FnOnce(&mut Self)) {
        self.element("table", &[("class", class)], |m| {
            m.leaf("caption", "", caption);
            m.element("thead", &[], |m| {
                m.element("tr", &[], |m| {
                    for head in heads {
                        m.element("th", &[("scope", "col")], |m| m.text(head));
                    }
                });
            });
            m.element("tbody", &[], rows);
        });
    }
    /// Whether nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }
    /// All of another one, each of whose elements is ended.
    pub(super) fn append(&mut self, other: Self) {
        self.out.push_str(&other.finish());
    }
    /// What was written; every element is ended.
    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_makes_no_element_and_no_attribute() {
        let mut m = Markup::default();
        m.open("p", &[("title", "\" onload=\"x"), ("class", "")]);
        m.text("</p><script>");
        m.open("meta", &[("charset", "utf-8")]);
        assert_eq!(
            m.finish(),
            "<p title=\"&quot; onload&#61;&quot;x\">&lt;/p&gt;&lt;script&gt;<meta charset=\"utf-8\"></p>\n"
        );
    }
}
