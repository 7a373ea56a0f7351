//! Explanations of selectors and provider data as text. Nothing is computed here.

use super::diag::Look;
use super::layout::{Page, Tone, columns, safe};
use crate::checks::explain::{DataReport, NodeReport, Outcome, SelectorReport, Verdict};
use crate::provider::When;
use crate::render::words::count;

/// A selector on its nodes.
pub fn selector(report: &SelectorReport, look: Look) -> String {
    let mut page = Page::new(look);
    page.line(&[(Tone::Title, "Selector  "), (Tone::Plain, &safe(&report.selector))]);
    if !report.compiles {
        page.blank();
        page.line(&[(Tone::Destroy, "It does not compile: no machine can be made with it")]);
        for problem in &report.problems {
            let place = format!("  column {}: ", problem.column);
            page.hanging(&[(Tone::Plain, &place)], Tone::Plain, &safe(&problem.message));
            if let Some(help) = &problem.help {
                page.hanging(&[(Tone::Plain, "    help: ")], Tone::Plain, &safe(help));
            }
        }
        if let Some(logged) = &report.logged {
            page.line(&[(Tone::Dim, "  The provider logs:")]);
            for line in logged.lines() {
                page.line(&[(Tone::Dim, &format!("    {}", safe(line)))]);
            }
        }
    }
    for node in &report.nodes {
        page.blank();
        one_node(node, &mut page);
    }
    if report.nodes.is_empty() && report.compiles {
        page.blank();
        page.line(&[(Tone::Create, "It compiles.")]);
    }
    page.finish()
}

fn one_node(node: &NodeReport, page: &mut Page) {
    let name = if node.proxmox.is_empty() {
        safe(&node.node)
    } else {
        format!("{} / {}", safe(&node.proxmox), safe(&node.node))
    };
    let (tone, words) = match &node.outcome {
        Outcome::Picks { storage } => (Tone::Create, safe(storage)),
        Outcome::Nothing => (Tone::Destroy, "no storage: making a machine here fails".to_owned()),
        Outcome::Fails { storage, error } => {
            (Tone::Destroy, format!("fails at `{}`: {}", safe(storage), safe(error)))
        }
        Outcome::Refused => (Tone::Destroy, "does not compile".to_owned()),
        Outcome::NoStorages => (
            Tone::Destroy,
            "the node shows no storage at all; most often the token may not see them".to_owned(),
        ),
        Outcome::Unknown { why } => (Tone::Warning, format!("not known: {}", safe(why))),
    };
    page.hanging(&[(Tone::Title, &name), (Tone::Plain, ": ")], tone, &words);
    let rows: Vec<[String; 5]> = node
        .storages
        .iter()
        .map(|s| {
            [
                safe(&s.name),
                safe(&s.storage_type),
                safe(&s.content.join(",")),
                if s.usable { gib(s.available_space) } else { "not active".to_owned() },
                match &s.verdict {
                    Verdict::Taken => "true: taken".to_owned(),
                    Verdict::Later => "true, but not the first".to_owned(),
                    Verdict::No => "false".to_owned(),
                    Verdict::Error { error } => safe(error),
                    Verdict::NotAsked => String::new(),
                },
            ]
        })
        .collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = columns(cell).max(*width);
        }
    }
    for (row, storage) in rows.iter().zip(&node.storages) {
        let [.., verdict] = row;
        let mut line = String::from("  ");
        for (cell, width) in row.iter().zip(widths).take(4) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(columns(cell)) + 2));
        }
        let tone = match storage.verdict {
            Verdict::Taken => Tone::Create,
            Verdict::Error { .. } => Tone::Destroy,
            _ => Tone::Dim,
        };
        page.line(&[(Tone::Plain, &line), (tone, verdict)]);
    }
    for note in &node.notes {
        page.hanging(&[(Tone::Warning, "  ! ")], Tone::Warning, &safe(note));
    }
}

fn gib(bytes: u64) -> String {
    format!("{} GiB free", bytes >> 30)
}

/// Provider data, class by class.
pub fn provider_data(reports: &[DataReport], look: Look) -> String {
    let mut page = Page::new(look);
    for report in reports {
        page.blank();
        one_class(report, &mut page);
    }
    page.finish()
}

fn one_class(report: &DataReport, page: &mut Page) {
    let release = report.generation.word();
    let what = report
        .class
        .as_deref()
        .map_or_else(|| "Provider data".to_owned(), |id| format!("class/{}", safe(id)));
    page.line(&[(Tone::Title, &what), (Tone::Dim, &format!("   as the provider {release} reads it"))]);
    if !report.unreadable.is_empty() {
        page.blank();
        page.line(&[(Tone::Destroy, "The provider cannot read it: no machine can be made with it")]);
        for line in &report.unreadable {
            page.hanging(&[(Tone::Plain, "  - ")], Tone::Plain, &safe(line));
        }
        if let Some(logged) = &report.logged {
            page.line(&[(Tone::Dim, "  It logs:")]);
            for line in logged.lines() {
                page.line(&[(Tone::Dim, &format!("    {}", safe(line)))]);
            }
        }
    }
    if !report.ignored.is_empty() {
        page.blank();
        page.line(&[(Tone::Title, "Ignored")]);
        for key in &report.ignored {
            let why = match (&key.since, &key.meant) {
                (Some(since), _) => format!("the provider reads it from {} on", since.word()),
                (None, Some(meant)) => format!("no release reads it; `{}` is probably meant", safe(meant)),
                (None, None) => "no release reads it".to_owned(),
            };
            page.hanging(
                &[(Tone::Warning, "  ! "), (Tone::Plain, &safe(&key.key)), (Tone::Plain, "  ")],
                Tone::Dim,
                &why,
            );
        }
    }
    if !report.fields.is_empty() {
        page.blank();
        page.line(&[(Tone::Title, "Not written, or not as written")]);
        let width = report.fields.iter().map(|f| columns(&f.key)).max().unwrap_or(0);
        for field in &report.fields {
            let key = safe(&field.key);
            let pad = " ".repeat(width.saturating_sub(columns(&key)) + 2);
            page.hanging(
                &[(Tone::Plain, "  "), (Tone::Plain, &key), (Tone::Plain, &pad)],
                Tone::Dim,
                &safe(&field.note),
            );
        }
    }
    if !report.request.is_empty() {
        page.blank();
        page.line(&[(Tone::Title, "Asked of Proxmox"), (Tone::Dim, "   POST /nodes/NODE/qemu")]);
        let width = report.request.iter().map(|p| columns(&p.name)).max().unwrap_or(0);
        for parameter in &report.request {
            let pad = " ".repeat(width.saturating_sub(columns(&parameter.name)) + 2);
            page.hanging(
                &[(Tone::Plain, "  "), (Tone::Plain, &parameter.name), (Tone::Plain, &pad)],
                Tone::Plain,
                &safe(&parameter.value),
            );
        }
        page.blank();
        if report.answers.is_empty() {
            page.line(&[(Tone::Create, "Proxmox has nothing against this request itself.")]);
        } else {
            let n = u32::try_from(report.answers.len()).unwrap_or(u32::MAX);
            page.line(&[(
                Tone::Destroy,
                &format!("Proxmox refuses, or fails later: {}", count(n, "reason")),
            )]);
        }
    }
    for answer in &report.answers {
        let when = match (answer.when, answer.status) {
            (When::Request, Some(status)) => format!("  {status}  "),
            (When::Request, None) => "  refused  ".to_owned(),
            (When::CreateTask, _) => "  when disks are made  ".to_owned(),
            (When::StartTask, _) => "  at the start  ".to_owned(),
        };
        let field = safe(&answer.field);
        let text = answer.text.split_whitespace().collect::<Vec<_>>().join(" ");
        page.hanging(
            &[(Tone::Destroy, &when), (Tone::Title, &field), (Tone::Plain, "  ")],
            Tone::Plain,
            &safe(&text),
        );
    }
}
