//! What `doctor` found as text: worst first, then what could not be judged, then one line.

use super::diag::Look;
use super::layout::{Page, Tone, columns, safe};
use crate::checks::logs::Logs;
use crate::checks::{Examination, Finding, Severity};
use crate::render::words::count;

/// Column at which what belongs to a finding begins.
const LEAD: &str = "  ";

/// The report. `omni` is the server that was asked, with its version.
pub fn text(
    seen: &Examination,
    omni: Option<(&str, Option<&str>)>,
    cluster: Option<&str>,
    logs: Option<&Logs>,
    look: Look,
) -> String {
    let mut page = Page::new(look);
    header(omni, cluster, logs, &mut page);
    for finding in &seen.findings {
        page.blank();
        one(finding, &mut page);
    }
    if !seen.unjudged.is_empty() {
        page.blank();
        page.line(&[(Tone::Warning, "Could not be judged")]);
        for line in &seen.unjudged {
            page.hanging(&[(Tone::Plain, "  ?  ")], Tone::Plain, &safe(line));
        }
    }
    page.blank();
    page.hanging(&[], Tone::Title, &verdict(seen, omni.is_some()));
    page.finish()
}

fn header(omni: Option<(&str, Option<&str>)>, cluster: Option<&str>, logs: Option<&Logs>, page: &mut Page) {
    let mut rest = match omni {
        Some((endpoint, Some(version))) => format!("   {} (Omni {})", safe(endpoint), safe(version)),
        Some((endpoint, None)) => format!("   {}", safe(endpoint)),
        None => "   no server was asked".to_owned(),
    };
    if let Some(cluster) = cluster {
        rest.push_str(&format!(", cluster {} only", safe(cluster)));
    }
    page.line(&[(Tone::Title, "omni-scale doctor"), (Tone::Plain, &rest)]);
    if let Some(logs) = logs {
        let mut line = format!("Log of the provider: {}", count(logs.lines, "line"));
        if logs.unread > 0 {
            line.push_str(&format!(", {} not understood", logs.unread));
        }
        line.push_str(&format!(
            ", about {}.",
            count(u32::try_from(logs.requests.len()).unwrap_or(u32::MAX), "machine request")
        ));
        page.line(&[(Tone::Dim, &line)]);
    }
}

fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Critical | Severity::Error => Tone::Destroy,
        Severity::Warning => Tone::Warning,
        Severity::Info => Tone::Dim,
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CRITICAL",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn one(finding: &Finding, page: &mut Page) {
    let subject = safe(&finding.subject.to_string());
    let code = format!("  {} {}", finding.rule.code, finding.rule.name);
    let lead = format!("{:<8}  ", word(finding.severity));
    page.line(&[(tone(finding.severity), &lead), (Tone::Title, &subject), (Tone::Dim, &code)]);
    page.hanging(&[(Tone::Plain, LEAD)], Tone::Plain, &safe(&finding.cause));
    let width =
        finding.evidence.iter().map(|f| columns(&safe(&f.what))).filter(|n| *n <= 40).max().unwrap_or(0);
    for fact in &finding.evidence {
        let what = safe(&fact.what);
        let pad = " ".repeat(width.saturating_sub(columns(&what)) + 2);
        page.hanging(
            &[(Tone::Dim, "    "), (Tone::Dim, &what), (Tone::Plain, &pad)],
            Tone::Plain,
            &safe(&fact.value),
        );
    }
    for act in &finding.act {
        page.hanging(&[(Tone::Create, "  -> ")], Tone::Plain, &safe(act));
    }
    if let Some(cost) = &finding.cost {
        page.hanging(&[(Tone::Update, "  costs: ")], Tone::Plain, &safe(cost));
    }
}

fn verdict(seen: &Examination, asked: bool) -> String {
    let number = |s: Severity| {
        u32::try_from(seen.findings.iter().filter(|f| f.severity == s).count()).unwrap_or(u32::MAX)
    };
    let mut parts = Vec::new();
    let critical = number(Severity::Critical);
    if critical > 0 {
        parts.push(format!("{critical} critical"));
    }
    for (severity, noun) in
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "note")]
    {
        let n = number(severity);
        if n > 0 {
            parts.push(count(n, noun));
        }
    }
    let machines = if asked {
        format!(" {} looked at.", count(u32::try_from(seen.machines).unwrap_or(u32::MAX), "machine"))
    } else {
        String::new()
    };
    let unsure = match seen.unjudged.len() {
        0 => "",
        _ => " Not everything could be judged.",
    };
    if parts.is_empty() {
        return format!("Nothing found.{machines}{unsure}");
    }
    format!("{}.{machines}{unsure} `omni-scale explain CODE` has more about each.", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::checks::by_name;

    fn look() -> Look {
        Look { colour: false, ascii: true, width: 80 }
    }

    #[test]
    fn a_finding_shows_cause_evidence_act_and_cost() {
        let rule = by_name("vmid-reused").unwrap();
        let finding = Finding::new(rule, Address::new("machine", "w-1"), "its VMID belongs to another")
            .fact("UUID", "a")
            .act("`qm set 1 --protection 1`")
            .cost("nothing");
        let seen = Examination { findings: vec![finding], unjudged: vec!["tasks: 403".into()], machines: 1 };
        let out = text(&seen, Some(("omni", Some("v1"))), None, None, look());
        assert_eq!(
            out,
            "omni-scale doctor   omni (Omni v1)\n\nCRITICAL  machine/w-1  OS0542 vmid-reused\n  its VMID belongs to another\n    UUID  a\n  -> `qm set 1 --protection 1`\n  costs: nothing\n\nCould not be judged\n  ?  tasks: 403\n\n1 critical. 1 machine looked at. Not everything could be judged. `omni-scale\nexplain CODE` has more about each.\n"
        );
    }

    #[test]
    fn nothing_is_one_line() {
        let out = text(&Examination::default(), None, None, None, look());
        assert_eq!(out, "omni-scale doctor   no server was asked\n\nNothing found.\n");
    }
}
