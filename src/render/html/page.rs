//! The page as a whole: its head, and the order of its sections.

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::markup::Markup;
use super::{changes, findings, graph, rest, verdict, waves};
use crate::plan::Plan;
use crate::render::context::Context;
use crate::render::json::plan as json;

const STYLE: &str = include_str!("style.css");

/// Bytes of JSON that are put into the page.
const RAW: usize = 2 << 20;

/// The page.
pub fn text(plan: &Plan, context: &Context) -> String {
    let mut m = Markup::default();
    m.open("html", &[("lang", "en")]);
    head(&format!("Plan: {}", verdict::sentence(plan)), &mut m);
    m.open("body", &[]);
    sections(plan, context, &mut m);
    raw(plan, context, &mut m);
    m.close();
    format!("<!DOCTYPE html>\n{}", m.finish())
}

/// What the page says, without its style and without the JSON in it.
pub fn body(plan: &Plan, context: &Context) -> String {
    let mut m = Markup::default();
    sections(plan, context, &mut m);
    m.finish()
}

/// The character set comes first, so that no browser guesses one; then the policy, before anything it could forbid.
pub(super) fn head(title: &str, m: &mut Markup) {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    m.element("head", &[], |m| {
        m.open("meta", &[("charset", "utf-8")]);
        m.line();
        m.open("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
        m.line();
        m.open("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
        m.open("meta", &[("name", "color-scheme"), ("content", "light dark")]);
        m.open("meta", &[("name", "referrer"), ("content", "no-referrer")]);
        m.open("meta", &[("name", "robots"), ("content", "noindex")]);
        m.line();
        m.leaf("title", "", title);
        m.line();
        m.style(STYLE);
    });
}

/// One section: the name of its place, its heading, and what writes it.
pub(super) struct Section {
    /// Name of the place.
    pub(super) id: &'static str,
    /// Heading.
    pub(super) title: String,
    /// Content.
    pub(super) inside: Markup,
}

impl Section {
    /// A section, unless nothing was written into it.
    pub(super) fn new(
        id: &'static str,
        title: impl Into<String>,
        inside: impl FnOnce(&mut Markup),
    ) -> Option<Self> {
        let mut m = Markup::default();
        inside(&mut m);
        (!m.is_empty()).then(|| Self { id, title: title.into(), inside: m })
    }
}

fn sections(plan: &Plan, context: &Context, m: &mut Markup) {
    let sections: Vec<Section> = [
        findings::unknown(plan),
        verdict::lost(plan),
        findings::blocked(plan),
        findings::lifted(plan),
        changes::section(plan, context),
        waves::placement(plan),
        waves::section(plan),
        graph::section(plan),
        rest::drift(plan),
        findings::warnings(plan),
        findings::told(plan),
        rest::kept(plan),
        rest::unchanged(plan),
    ]
    .into_iter()
    .flatten()
    .collect();
    m.element("a", &[("class", "skip"), ("href", "#content")], |m| m.text("Skip to the content"));
    m.line();
    m.element("header", &[], |m| {
        verdict::header(plan, context, m);
        m.element("nav", &[("aria-label", "Sections")], |m| {
            m.element("ul", &[], |m| {
                for section in &sections {
                    m.element("li", &[], |m| m.jump(section.id, &section.title));
                }
            });
        });
    });
    m.element("main", &[("id", "content")], |m| {
        for section in sections {
            m.element("section", &[("aria-labelledby", section.id)], |m| {
                m.element("h2", &[("id", section.id)], |m| m.text(&section.title));
                m.append(section.inside);
            });
        }
    });
    m.element("footer", &[], |m| rest::footer(plan, context, m));
}

/// The JSON of the plan. Without a script a page can offer no file, so it is text to copy, and the page says how to have
/// it as a file.
fn raw(plan: &Plan, context: &Context, m: &mut Markup) {
    let json = json::text_in(plan, context);
    m.element("footer", &[("class", "raw")], |m| {
        m.element("details", &[], |m| {
            m.leaf("summary", "", "The plan as JSON");
            m.leaf(
                "p",
                "",
                "This page runs no script, so it cannot offer a file: copy the text, or write one with `--out json=PATH`.",
            );
            if json.len() <= RAW {
                m.element("pre", &[("id", "json")], |m| m.block(&json));
            } else {
                m.leaf("p", "", &format!("It is {} MiB, and left out here.", json.len() >> 20));
            }
        });
    });
}
