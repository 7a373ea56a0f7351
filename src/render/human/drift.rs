//! Drift as text: by area, then what does not matter, then one line.

use std::collections::BTreeMap;

use super::diag::Look;
use super::layout::{Page, Tone, columns, safe};
use crate::plan::drift::{Deviation, Drift, Drifted};
use crate::render::areas::Topic;
use crate::render::drift::{field_name, files, scope, values, verdict};

/// The report. With `full` what does not matter is listed too.
pub fn text(drift: &Drift, full: bool, look: Look) -> String {
    let mut page = Page::new(look);
    let told = !drift.drifted.is_empty() || !drift.unknown.is_empty() || drift.scope.is_some();
    if told {
        header(drift, &mut page);
    }
    if !drift.unknown.is_empty() {
        page.blank();
        page.line(&[(Tone::Destroy, "Not everything could be compared")]);
        for line in &drift.unknown {
            page.hanging(&[(Tone::Plain, "  ?  ")], Tone::Plain, &safe(line));
        }
    }
    let mut areas: BTreeMap<Topic<'_>, Vec<&Drifted>> = BTreeMap::new();
    for item in &drift.drifted {
        areas.entry(Topic::of(&item.address)).or_default().push(item);
    }
    for (topic, items) in areas {
        page.blank();
        let title = topic
            .name()
            .map_or_else(|| topic.word().to_owned(), |name| format!("{} {}", topic.word(), safe(name)));
        page.line(&[(Tone::Title, &title)]);
        for item in items {
            one(item, &mut page);
        }
    }
    if full && !drift.minor.is_empty() {
        page.blank();
        page.line(&[(Tone::Title, "What does not matter")]);
        for minor in &drift.minor {
            let address = safe(&minor.address.to_string());
            page.hanging(
                &[(Tone::Dim, "  "), (Tone::Plain, &address), (Tone::Dim, "  ")],
                Tone::Dim,
                &safe(&minor.what),
            );
        }
    }
    if told {
        page.blank();
    }
    let mut line = verdict(drift);
    if !full && !drift.minor.is_empty() {
        line.push_str(" --full lists what does not matter.");
    }
    let tone = if drift.drifted.is_empty() { Tone::Title } else { Tone::Warning };
    page.hanging(&[], tone, &line);
    page.finish()
}

fn header(drift: &Drift, page: &mut Page) {
    let version = drift.omni_version.as_deref().map_or_else(|| "version unknown".to_owned(), safe);
    let endpoint = safe(&drift.omni);
    page.line(&[
        (Tone::Title, "omni-scale drift"),
        (Tone::Plain, "   "),
        (Tone::Plain, &endpoint),
        (Tone::Plain, &format!(" (Omni {version})")),
    ]);
    if let Some((_, serial)) = &drift.record {
        page.line(&[(Tone::Dim, &format!("Compared: last applied (record {serial}) -> live."))]);
    }
    if let Some(scope) = scope(drift) {
        page.hanging(&[], Tone::Warning, &safe(&scope));
    }
}

fn one(item: &Drifted, page: &mut Page) {
    let (symbol, tone) = match item.deviation {
        Deviation::Gone | Deviation::Leaving => ('-', Tone::Destroy),
        Deviation::TakenOver | Deviation::Locked => ('!', Tone::Warning),
        Deviation::Changed => ('~', Tone::Update),
        Deviation::Foreign => ('+', Tone::Adopt),
    };
    let lead = format!("  {symbol}  {:<12}", item.deviation.word());
    let mut address = safe(&item.address.to_string());
    if let Some(machine) = item.machine.as_deref().filter(|m| *m != item.address.name()) {
        address.push_str(&format!(" (machine {})", safe(machine)));
    }
    page.line(&[(tone, &lead), (Tone::Plain, &address)]);
    let names: Vec<String> = item.fields.iter().map(|f| safe(&field_name(f))).collect();
    let width = names.iter().map(|n| columns(n)).filter(|n| *n <= 40).max().unwrap_or(0);
    for (field, name) in item.fields.iter().zip(&names) {
        let (symbol, tone, text) = match values(field) {
            (Some(then), Some(now)) => ('~', Tone::Update, format!("{then} -> {now}")),
            (None, Some(now)) => ('+', Tone::Create, now),
            (Some(then), None) => ('-', Tone::Destroy, then),
            (None, None) => continue,
        };
        let pad = " ".repeat(width.saturating_sub(columns(name)) + 3);
        page.hanging(
            &[(tone, &format!("       {symbol} ")), (Tone::Plain, name), (Tone::Plain, &pad)],
            Tone::Plain,
            &text,
        );
    }
    if let Some(note) = &item.note {
        page.hanging(&[(Tone::Plain, "       ")], Tone::Plain, &safe(note));
    }
    let who = item.who.as_ref().map_or_else(String::new, |who| format!(" by {}", safe(who)));
    if let Some(when) = &item.when {
        let word = if item.deviation == Deviation::Foreign { "made" } else { "last written" };
        page.line(&[(Tone::Plain, "       "), (Tone::Dim, &format!("{word} {}{who}", safe(when)))]);
    } else if !who.is_empty() {
        page.line(&[(Tone::Plain, "       "), (Tone::Dim, &format!("last written{who}"))]);
    }
    page.hanging(&[(Tone::Plain, "       ")], Tone::Dim, &safe(&files(item)));
}
