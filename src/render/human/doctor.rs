//! What `doctor` found as text: worst first, then what could not be judged, then one line.

use super::diag::Look;
use super::layout::{Page, Tone, columns, safe};
use crate::checks::alike::{Each, Group, alike, listed_up_to, named, reasons};
use crate::checks::logs::Logs;
use crate::checks::{Examination, Severity};
use crate::render::words::count;

/// Column at which what belongs to a finding begins.
const LEAD: &str = "  ";
/// Subjects that the head of a block names, where all that are named are listed below it.
const HEAD: usize = 2;
/// Blocks of one rule that are shown in full; of a fleet in which each machine has a trouble of its own the rest is counted.
const BLOCKS: usize = 10;

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
    blocks(seen, &mut page);
    if !seen.unjudged.is_empty() {
        page.blank();
        page.line(&[(Tone::Warning, "Could not be judged")]);
        for line in reasons(&seen.unjudged) {
            page.hanging(&[(Tone::Plain, "  ?  ")], Tone::Plain, &safe(&line));
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

/// All findings, those that tell the same together.
fn blocks(seen: &Examination, page: &mut Page) {
    let groups = alike(&seen.findings, &seen.names);
    let same = |a: &Group<'_>, b: &Group<'_>| {
        (a.first.rule.code, a.first.severity) == (b.first.rule.code, b.first.severity)
    };
    for of_rule in groups.chunk_by(same) {
        // What may be lost for good is never only counted.
        let folds = of_rule.first().is_some_and(|g| g.first.severity != Severity::Critical);
        let shown = if folds && of_rule.len() > BLOCKS { BLOCKS - 1 } else { of_rule.len() };
        for group in of_rule.iter().take(shown) {
            page.blank();
            one(group, page);
        }
        let rest: usize = of_rule.iter().skip(shown).map(|g| g.findings).sum();
        if let Some(group) = of_rule.last().filter(|_| rest > 0) {
            page.blank();
            let lead = format!("{:<8}  ", word(group.first.severity));
            let rule = group.first.rule;
            let text = format!("… {rest} more of {} {} (`--format json` has all)", rule.code, rule.name);
            page.line(&[(tone(group.first.severity), &lead), (Tone::Dim, &text)]);
        }
    }
}

fn one(group: &Group<'_>, page: &mut Page) {
    let first = group.first;
    let lead = format!("{:<8}  ", word(first.severity));
    let subjects: Vec<String> = group.subjects.iter().map(|s| safe(&s.to_string())).collect();
    // What is listed below one by one needs no second list.
    let head = if group.each.is_empty() || subjects.len() <= HEAD + 1 { named(subjects.len()) } else { HEAD };
    let subjects = listed_up_to(&subjects, head);
    let code = format!("  {} {}", first.rule.code, first.rule.name);
    if group.subjects.len() == 1 || columns(&lead) + columns(&subjects) + columns(&code) <= page.width() {
        page.line(&[(tone(first.severity), &lead), (Tone::Title, &subjects), (Tone::Dim, &code)]);
    } else {
        page.hanging(&[(tone(first.severity), &lead)], Tone::Title, &format!("{subjects}{code}"));
    }
    page.hanging(&[(Tone::Plain, LEAD)], Tone::Plain, &safe(&group.cause));
    let width = group.facts.iter().map(|f| columns(&safe(&f.what))).filter(|n| *n <= 40).max().unwrap_or(0);
    for fact in &group.facts {
        let what = safe(&fact.what);
        let pad = " ".repeat(width.saturating_sub(columns(&what)) + 2);
        page.hanging(
            &[(Tone::Dim, "    "), (Tone::Dim, &what), (Tone::Plain, &pad)],
            Tone::Plain,
            &safe(&fact.value),
        );
    }
    let own = || group.each.iter().filter(|e| !e.facts.is_empty());
    let name = |e: &Each<'_>| safe(&e.subject.to_string());
    let width = own().map(|e| columns(&name(e))).max().unwrap_or(0);
    for each in own() {
        let subject = name(each);
        let pad = " ".repeat(width.saturating_sub(columns(&subject)) + 2);
        let facts: Vec<String> =
            each.facts.iter().map(|f| safe(&format!("{} {}", f.what, f.value))).collect();
        let lead = [(Tone::Plain, "    "), (Tone::Plain, subject.as_str()), (Tone::Plain, &pad)];
        page.hanging(&lead, Tone::Plain, &facts.join("; "));
    }
    let unnamed = group.subjects.len().saturating_sub(named(group.subjects.len()));
    if unnamed > 0 {
        let rest = format!("    … and {unnamed} more (`--format json` has all)");
        page.line(&[(Tone::Dim, &rest)]);
    }
    for act in &group.act {
        page.hanging(&[(Tone::Create, "  -> ")], Tone::Plain, &safe(act));
    }
    if let Some(cost) = &group.cost {
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
    use crate::checks::Finding;
    use crate::checks::alike::{Own, Unjudged};
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
        let seen = Examination {
            findings: vec![finding],
            unjudged: vec![Unjudged::sentence("tasks: 403")],
            machines: 1,
            ..Examination::default()
        };
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

    /// Machines whose VM is stopped, one after the other from this VMID on.
    fn stopped(machines: &[String], vmid: u32) -> Examination {
        let mut seen = Examination { machines: machines.len(), ..Examination::default() };
        for (id, vmid) in machines.iter().zip(vmid..) {
            let subject = Address::new("machine", id);
            let own = vec![Own::new("VMID", vmid.to_string()), Own::new("NODE", "hotel")];
            seen.names.insert(subject.clone(), own);
            seen.findings.push(
                Finding::new(
                    by_name("vm-not-running").unwrap(),
                    subject,
                    format!("its VM hotel/{vmid} is stopped"),
                )
                .fact("status", "stopped")
                .act(format!("`qm start {vmid}` on node hotel")),
            );
        }
        seen
    }

    #[test]
    fn one_trouble_of_several_machines_is_one_block() {
        let machines: Vec<String> = ["w-1", "w-2"].iter().map(|m| (*m).to_owned()).collect();
        let out = text(&stopped(&machines, 101), None, None, None, look());
        let block = "warning   machine/w-1 and machine/w-2  OS0545 vm-not-running\n  its VM hotel/VMID is stopped\n    status  stopped\n    machine/w-1  VMID 101\n    machine/w-2  VMID 102\n  -> `qm start VMID` on node hotel\n\n2 warnings.";
        assert!(out.contains(block), "{out}");
    }

    #[test]
    fn a_fleet_stays_readable() {
        let machines: Vec<String> = (0..5000).map(|i| format!("talos-prod-01-workers-{i:04}")).collect();
        let out = text(&stopped(&machines, 1000), None, None, None, look());
        assert!(out.lines().count() < 20 && out.lines().all(|l| columns(l) <= 80), "{out}");
        assert!(
            out.contains("and 4998 more  OS0545")
                && out.contains("… and 4996 more (`--format json` has all)".replace('…', "...").as_str()),
            "{out}"
        );
        assert!(out.contains("5000 warnings."), "the verdict counts findings: {out}");
        // A trouble of its own each.
        let mut seen = stopped(&machines, 1000);
        seen.names.clear();
        let out = text(&seen, None, None, None, look());
        assert!(out.lines().count() < 80 && out.contains("4991 more of OS0545"), "{out}");
        seen.findings.iter_mut().for_each(|f| f.severity = Severity::Critical);
        let out = text(&seen, None, None, None, look());
        assert_eq!(out.matches("CRITICAL").count(), 5000, "what is critical is never only counted");
    }
}
