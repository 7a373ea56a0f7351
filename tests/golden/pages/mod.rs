//! Plans as pages. Kept without style and without the JSON in them, so that a difference can be read.

mod browser;
pub(crate) mod dom;
mod hostile;
pub(crate) mod poison;

use omni_scale::render::context::Context;
use omni_scale::render::html;

use crate::cases::{all, expect};

#[test]
fn pages_are_as_committed() {
    let wrong: Vec<String> = all()
        .iter()
        .filter_map(|case| {
            expect(&case.folder.join("plan.html"), &html::body(&case.plan(), &Context::default()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Also writes whole pages to be looked at: `PAGES=DIR cargo test --test golden pages_are_well_formed`.
#[test]
fn pages_are_well_formed_and_every_link_leads_somewhere() {
    let folder = std::env::var_os("PAGES").map(std::path::PathBuf::from);
    for case in all() {
        let page = html::text(&case.plan(), &Context::default());
        let census = dom::census(&page);
        assert_eq!(census.errors, Vec::<String>::new(), "{}", case.name);
        assert_eq!(census.strangers(), Vec::<String>::new(), "{}", case.name);
        let mut ids = census.ids.clone();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), census.ids.len(), "{}: an id stands twice", case.name);
        for link in &census.links {
            let place = link.strip_prefix('#').unwrap_or_else(|| panic!("{}: {link}", case.name));
            assert!(ids.iter().any(|id| id == place), "{}: nothing is at {link}", case.name);
        }
        // Headings go down one level at a time, from one h1.
        let levels = &census.headings;
        assert_eq!(levels.iter().filter(|l| **l == 1).count(), 1, "{}", case.name);
        assert!(levels.windows(2).all(|w| w[1] <= w[0] + 1), "{}: {levels:?}", case.name);
        // Every table tells what it is about.
        assert_eq!(census.count("table"), census.count("caption"), "{}", case.name);
        // A sign stands in everything that goes or comes, and a word in everything that is coloured.
        for (tag, text) in &census.signs {
            let sign = if tag == "del" { '-' } else { '+' };
            assert!(text.starts_with(sign), "{}: {tag} {text}", case.name);
        }
        assert!(census.tags.iter().all(|t| t.chars().any(char::is_alphabetic)), "{}", case.name);
        if let Some(folder) = &folder {
            std::fs::write(folder.join(format!("{}.html", case.name)), page).expect("written");
        }
    }
}
