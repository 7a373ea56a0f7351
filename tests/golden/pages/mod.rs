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

/// Values of an attribute in all elements of one class.
fn numbers(page: &str, class: &str, name: &str) -> Vec<f64> {
    page.split('<')
        .filter(|e| e.contains(&format!("class=\"{class}\"")))
        .filter_map(|e| e.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.parse().ok())
        .collect()
}

#[test]
fn drawings_can_be_read_however_many_steps_there_are() {
    let mut plans: Vec<(String, omni_scale::plan::Plan)> =
        all().iter().map(|c| (c.name.clone(), c.plan())).collect();
    for size in [10, 60, 300, 2000] {
        let mut n = 0;
        let (plan, _) = poison::plan(size, || {
            n += 1;
            format!("name-{n}")
        });
        plans.push((format!("{size} steps"), plan));
    }
    let mut drawn = 0;
    for (name, plan) in plans {
        let page = html::body(&plan, &Context::default());
        let (x, y) = (numbers(&page, "box", "x"), numbers(&page, "box", "y"));
        let (width, height) = (numbers(&page, "box", "width"), numbers(&page, "box", "height"));
        drawn += usize::from(!x.is_empty());
        assert!(x.len() <= 60, "{name}: {} boxes", x.len());
        let steps: usize = plan.steps.iter().map(|s| s.after.len()).sum();
        assert_eq!(x.is_empty(), steps == 0, "{name}: what has an order is drawn");
        for i in 0..x.len() {
            for j in 0..i {
                let apart = (x[i] - x[j]).abs() >= width[i] || (y[i] - y[j]).abs() >= height[i];
                assert!(apart, "{name}: boxes {i} and {j} lie over each other");
            }
        }
        // An arrow leads to the right, from the end of one box to the begin of another. Boxes of many steps may wait for each
        // other, and then one arrow leads back.
        if x.len() < plan.steps.len() {
            continue;
        }
        for path in page.split("class=\"edge\" d=\"M").skip(1) {
            let path = path.split('"').next().unwrap();
            let points: Vec<f64> = path
                .split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'))
                .filter_map(|n| n.parse().ok())
                .collect();
            let (from, to) = (points[0], points[points.len() - 2]);
            assert!(from < to, "{name}: {path}");
            assert!(x.iter().zip(&width).any(|(x, w)| (x + w - from).abs() < 0.2), "{name}: {path}");
            assert!(x.iter().any(|x| (x - 6.0 - to).abs() < 0.2), "{name}: {path}");
        }
    }
    assert!(drawn > 20, "{drawn}");
}
