//! A drift report as one page that stands alone. Nobody's e-mail address stands in it.

use super::markup::Markup;
use super::page;
use crate::plan::drift::{Deviation, Drift, Drifted};
use crate::render::areas::Topic;
use crate::render::context::Context;
use crate::render::drift::{field_name, files, scope, values, verdict};
use crate::render::words::count;

/// The page.
pub fn text(drift: &Drift, context: &Context) -> String {
    let mut m = Markup::default();
    m.open("html", &[("lang", "en")]);
    page::head(&format!("Drift: {}", verdict(drift)), &mut m);
    m.open("body", &[]);
    m.element("a", &[("class", "skip"), ("href", "#content")], |m| m.text("Skip to the content"));
    m.element("header", &[], |m| {
        m.leaf("h1", "", "omni-scale drift");
        m.leaf("p", "", &verdict(drift));
        let version = drift.omni_version.as_deref().unwrap_or("version unknown");
        m.leaf("p", "dim", &format!("{} (Omni {version})", drift.omni));
        if let Some((_, serial)) = &drift.record {
            m.leaf("p", "dim", &format!("Compared: last applied (record {serial}) with live"));
        }
        if let Some(scope) = scope(drift) {
            m.leaf("p", "", &scope);
        }
        if let Some(made) = &context.made {
            m.leaf("p", "dim", &format!("made {made}"));
        }
    });
    m.element("main", &[("id", "content")], |m| {
        unknown(drift, m);
        let mut last = None;
        for item in &drift.drifted {
            let topic = Topic::of(&item.address);
            if last != Some(topic) {
                let name = topic.name().map_or_else(String::new, |n| format!(" {n}"));
                m.leaf("h2", "", &format!("{}{name}", topic.word()));
                last = Some(topic);
            }
            one(item, m);
        }
        minor(drift, m);
    });
    m.close();
    m.close();
    format!("<!DOCTYPE html>\n{}", m.finish())
}

fn unknown(drift: &Drift, m: &mut Markup) {
    if drift.unknown.is_empty() {
        return;
    }
    m.leaf("h2", "", "Not everything could be compared");
    m.element("ul", &[], |m| drift.unknown.iter().for_each(|line| m.leaf("li", "", line)));
}

fn one(item: &Drifted, m: &mut Markup) {
    let tone = match item.deviation {
        Deviation::Gone | Deviation::Leaving => "tag destroy",
        Deviation::TakenOver | Deviation::Locked => "tag rebuild",
        Deviation::Changed => "tag update",
        Deviation::Foreign => "tag adopt",
    };
    m.element("article", &[("class", "card step")], |m| {
        m.element("h3", &[], |m| {
            m.leaf("span", tone, item.deviation.word());
            m.text(" ");
            m.leaf("span", "address", &item.address.to_string());
            if let Some(machine) = item.machine.as_deref().filter(|name| *name != item.address.name()) {
                m.text(&format!(" (machine {machine})"));
            }
        });
        if !item.fields.is_empty() {
            m.table("", "Fields that are otherwise", &["Field", "Applied", "Live"], |m| {
                for field in &item.fields {
                    let (then, now) = values(field);
                    m.element("tr", &[], |m| {
                        m.element("td", &[], |m| m.leaf("code", "", &field_name(field)));
                        for (tag, value) in [("del", then), ("ins", now)] {
                            m.element("td", &[], |m| match &value {
                                Some(value) => m.leaf(tag, "", value),
                                None => m.leaf("span", "dim", "not there"),
                            });
                        }
                    });
                }
            });
        }
        m.element("ul", &[("class", "notes")], |m| {
            if let Some(note) = &item.note {
                m.leaf("li", "", note);
            }
            if let Some(when) = &item.when {
                let word = if item.deviation == Deviation::Foreign { "made" } else { "last written" };
                m.leaf("li", "", &format!("{word} {when}"));
            }
            m.leaf("li", "", &files(item));
        });
    });
}

fn minor(drift: &Drift, m: &mut Markup) {
    if drift.minor.is_empty() {
        return;
    }
    let n = u32::try_from(drift.minor.len()).unwrap_or(u32::MAX);
    m.element("details", &[], |m| {
        m.leaf("summary", "", &format!("What does not matter: {}", count(n, "difference")));
        m.element("ul", &[], |m| {
            for minor in &drift.minor {
                m.leaf("li", "", &format!("{}: {}", minor.address, minor.what));
            }
        });
    });
}
