//! Findings that tell the same of several subjects, put together for people: who has it is said once, what is the matter and
//! what to do is said once, and what differs is said of each.
//!
//! Texts name what belongs to their subject (`qm start 101` on node `hotel`). Two texts that differ by nothing else say the
//! same. So each name of a subject is taken for a word (`qm start VMID`), and texts are compared then; a word whose name is the
//! same for all is put back. Nothing is lost by it: a subject's own names put in place of the words give its own text.

use std::collections::BTreeMap;

use super::{Fact, Finding};
use crate::address::Address;

/// Subjects of one group that are named; of more the rest is counted.
pub const MOST: usize = 5;
/// Around a word that stands for a name: no text has these, since whatever is shown has no control characters.
const OPEN: char = '\u{1}';
const CLOSE: char = '\u{2}';

/// A name that belongs to one subject, and the word that stands for it where several are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The word: `VMID`, `NODE`.
    pub word: &'static str,
    /// The name, as texts show it.
    pub value: String,
}

impl Own {
    /// A name under a word.
    pub fn new(word: &'static str, value: impl Into<String>) -> Self {
        Self { word, value: value.into() }
    }
    /// Whether the name stands here for what it names. Nodes are called anything, `a` and `disk` too: their names count behind
    /// the word, before a VMID and alone.
    fn stands(&self, before: &str, after: &str) -> bool {
        let node = matches!(self.word, "NODE" | "FORMER");
        let told = before.ends_with("node ") || before.ends_with("node '") || after.starts_with('/');
        !node || told || (before.is_empty() && after.is_empty())
    }
}

/// What the subjects of findings are called besides.
pub type Names = BTreeMap<Address, Vec<Own>>;

/// What one subject of a group has of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Each<'a> {
    /// Who.
    pub subject: &'a Address,
    /// Its names, where the group's texts have a word for them, then facts that not all have alike.
    pub facts: Vec<Fact>,
}

/// Findings of one rule that tell the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// The first of them: rule and severity are those of all.
    pub first: &'a Finding,
    /// How many findings it stands for.
    pub findings: usize,
    /// All subjects, each once, in the order of the findings.
    pub subjects: Vec<&'a Address>,
    /// What is the matter.
    pub cause: String,
    /// What all have alike.
    pub facts: Vec<Fact>,
    /// What differs, of as many subjects as are named; empty where nothing does.
    pub each: Vec<Each<'a>>,
    /// What to do, in order.
    pub act: Vec<String>,
    /// What doing that costs.
    pub cost: Option<String>,
}

/// How many of so many are named: all of a handful, or fewer, so that the rest is more than one.
pub fn named(all: usize) -> usize {
    if all > MOST { MOST - 1 } else { all }
}

/// What is compared: everything that is said of all.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    code: &'static str,
    severity: super::Severity,
    cause: String,
    act: Vec<String>,
    cost: Option<String>,
}

/// Findings put together, in the order of the first of each group.
pub fn alike<'a>(findings: &'a [Finding], names: &Names) -> Vec<Group<'a>> {
    let mut at: BTreeMap<Said, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<(&Finding, &[Own])>> = Vec::new();
    for finding in findings {
        let own = names.get(&finding.subject).map_or(&[] as &[Own], Vec::as_slice);
        let said = Said {
            code: finding.rule.code,
            severity: finding.severity,
            cause: words(&finding.cause, own),
            act: finding.act.iter().map(|a| words(a, own)).collect(),
            cost: finding.cost.as_deref().map(|c| words(c, own)),
        };
        let index = *at.entry(said).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.push((finding, own)),
            None => groups.push(vec![(finding, own)]),
        }
    }
    groups.into_iter().filter_map(|all| group(&all)).collect()
}

fn group<'a>(all: &[(&'a Finding, &[Own])]) -> Option<Group<'a>> {
    let &(first, own) = all.first()?;
    let mut subjects: Vec<&Address> = Vec::new();
    for (finding, _) in all {
        // The findings are in the order of their subjects within what they say, or nearly so; one more is no harm.
        if subjects.last() != Some(&&finding.subject) {
            subjects.push(&finding.subject);
        }
    }
    let fixed: Vec<&Own> = own.iter().filter(|o| all.iter().all(|(_, other)| other.contains(o))).collect();
    let mut used: Vec<&'static str> = Vec::new();
    let mut fill = |text: &str| {
        let text = words(text, own);
        for o in own.iter().filter(|o| !fixed.contains(o) && text.contains(&marked(o.word))) {
            if !used.contains(&o.word) {
                used.push(o.word);
            }
        }
        plain(&text, &fixed)
    };
    let cause = fill(&first.cause);
    let act: Vec<String> = first.act.iter().map(|a| fill(a)).collect();
    let cost = first.cost.as_deref().map(&mut fill);
    // Facts that all have, word for word or but for their own names.
    let template = |fact: &Fact, own: &[Own]| (words(&fact.what, own), words(&fact.value, own));
    let mut common: Vec<(String, String)> = first.evidence.iter().map(|f| template(f, own)).collect();
    for (finding, own) in all.iter().skip(1) {
        let theirs: Vec<_> = finding.evidence.iter().map(|f| template(f, own)).collect();
        common.retain(|fact| theirs.contains(fact));
    }
    let mut facts = Vec::new();
    for fact in &first.evidence {
        let (what, value) = template(fact, own);
        if !common.contains(&(what.clone(), value.clone())) {
            continue;
        }
        let (what, shown) = (fill(&fact.what), fill(&fact.value));
        // What is nothing but a name is said of each.
        if !own.iter().any(|o| !fixed.contains(&o) && value == marked(o.word)) {
            facts.push(Fact::new(what, shown));
        }
    }
    let mut each: Vec<Each<'a>> = Vec::new();
    if all.len() > 1 {
        for (finding, own) in all.iter().take(named(all.len())) {
            let its = own.iter().filter(|o| used.contains(&o.word));
            let mut facts: Vec<Fact> = its.map(|o| Fact::new(o.word, o.value.clone())).collect();
            let rest = finding.evidence.iter().filter(|f| !common.contains(&template(f, own)));
            facts.extend(rest.cloned());
            each.push(Each { subject: &finding.subject, facts });
        }
        if each.iter().all(|e| e.facts.is_empty()) {
            each.clear();
        }
    }
    Some(Group { first, findings: all.len(), subjects, cause, facts, each, act, cost })
}

fn marked(word: &str) -> String {
    format!("{OPEN}{word}{CLOSE}")
}

/// The text with a word in place of each name. A name counts where it stands alone: 101 of `vm:101` and `hotel/101`, not of
/// `1010`, `10.101` or `a-101`.
fn words(text: &str, own: &[Own]) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut before) = (text, None);
    while let Some(c) = rest.chars().next() {
        // Most characters are inside of words, where no name begins.
        let begins = if joins(before, None) { &[] } else { own };
        let found = begins.iter().find_map(|o| {
            let after = rest.strip_prefix(o.value.as_str()).filter(|_| !o.value.is_empty())?;
            let ends = !joins(after.chars().next(), after.chars().nth(1)) && o.stands(&out, after);
            ends.then_some((o, after))
        });
        if let Some((own, after)) = found {
            out.push_str(&marked(own.word));
            before = own.value.chars().last();
            rest = after;
        } else {
            out.push(c);
            before = Some(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// Whether a character makes a longer name of the one beside it; a full stop does so only if the name goes on behind it.
fn joins(beside: Option<char>, beyond: Option<char>) -> bool {
    match beside {
        Some('.') => beyond.is_none_or(char::is_alphanumeric),
        Some(c) => c.is_alphanumeric() || matches!(c, '-' | '_'),
        None => false,
    }
}

/// The text with the words that are the same for all as the names that they stand for, and the others as words.
fn plain(text: &str, fixed: &[&Own]) -> String {
    let text = fixed.iter().fold(text.to_owned(), |text, o| text.replace(&marked(o.word), &o.value));
    text.chars().filter(|c| ![OPEN, CLOSE].contains(c)).collect()
}

/// Something that could not be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// What was not seen (`configuration`, `nodes`); empty where the reason says it.
    pub part: String,
    /// Of which one of several (`VM 101`).
    pub of: Option<String>,
    /// Of which whole (`Proxmox cluster matrix`).
    pub whole: Option<String>,
    /// Why.
    pub why: String,
    /// Names that the reason may have in it.
    pub own: Vec<Own>,
}

impl Unjudged {
    /// A part of a whole.
    pub fn new(part: impl Into<String>, whole: impl Into<String>, why: impl Into<String>) -> Self {
        Self { part: part.into(), of: None, whole: Some(whole.into()), why: why.into(), own: Vec::new() }
    }
    /// A sentence that says it all.
    pub fn sentence(why: impl Into<String>) -> Self {
        Self { part: String::new(), of: None, whole: None, why: why.into(), own: Vec::new() }
    }
}

impl std::fmt::Display for Unjudged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.part)?;
        for part in [&self.of, &self.whole].into_iter().flatten() {
            write!(f, " of {part}")?;
        }
        if !self.part.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.why)
    }
}

/// What could not be judged, the same reason once.
pub fn reasons(all: &[Unjudged]) -> Vec<String> {
    let mut at: BTreeMap<(Option<&str>, Option<&str>, String), usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&Unjudged>> = Vec::new();
    for one in all {
        let part = one.of.as_ref().map(|_| one.part.as_str());
        let key = (one.whole.as_deref(), part, words(&one.why, &one.own));
        let index = *at.entry(key).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
        .into_iter()
        .filter_map(|group| {
            let first = *group.first()?;
            if group.len() == 1 || first.part.is_empty() {
                return Some(first.to_string());
            }
            let fixed: Vec<&Own> =
                first.own.iter().filter(|o| group.iter().all(|other| other.own.contains(o))).collect();
            let parts: Vec<String> =
                group.iter().map(|one| one.of.clone().unwrap_or_else(|| one.part.clone())).collect();
            let mut one = Unjudged { why: plain(&words(&first.why, &first.own), &fixed), ..first.clone() };
            match &mut one.of {
                Some(of) => *of = listed(&parts),
                None => one.part = listed(&parts),
            }
            Some(one.to_string())
        })
        .collect()
}

/// `a, b and c`; of many `a, b, c, d and 9 more`.
pub fn listed(all: &[String]) -> String {
    listed_up_to(all, named(all.len()))
}

/// As many of them as that, and how many more there are.
pub fn listed_up_to(all: &[String], shown: usize) -> String {
    let rest = all.len().saturating_sub(shown);
    let mut parts: Vec<String> = all.iter().take(shown).cloned().collect();
    if rest > 0 {
        parts.push(format!("{rest} more"));
    }
    match parts.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => parts.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::by_name;

    fn vm(machine: &str, vmid: u32, node: &str) -> (Finding, Vec<Own>) {
        let finding = Finding::new(
            by_name("vm-not-running").unwrap(),
            Address::new("machine", machine),
            format!("its VM {node}/{vmid} is stopped"),
        )
        .fact("status", "stopped")
        .fact("stopped by", format!("root@pam at {vmid}0"))
        .fact("VM", format!("{node}/{vmid}"))
        .act(format!("`qm start {vmid}` on node {node}"))
        .cost("nothing");
        (finding, vec![Own::new("VMID", vmid.to_string()), Own::new("NODE", node)])
    }

    fn all(of: Vec<(Finding, Vec<Own>)>) -> (Vec<Finding>, Names) {
        let names = of.iter().map(|(f, own)| (f.subject.clone(), own.clone())).collect();
        (of.into_iter().map(|(f, _)| f).collect(), names)
    }

    #[test]
    fn what_differs_by_names_only_is_said_once() {
        let (findings, names) = all(vec![vm("w-1", 101, "hotel"), vm("w-2", 102, "a")]);
        let groups = alike(&findings, &names);
        let [group] = groups.as_slice() else { panic!("{groups:?}") };
        assert_eq!(group.cause, "its VM NODE/VMID is stopped");
        assert_eq!(group.act, ["`qm start VMID` on node NODE"]);
        assert_eq!(group.facts, [Fact::new("status", "stopped"), Fact::new("VM", "NODE/VMID")]);
        let second = &group.each[1].facts;
        let fact = |what: &str, value: &str| Fact::new(what, value);
        assert_eq!(*second, [fact("VMID", "102"), fact("NODE", "a"), fact("stopped by", "root@pam at 1020")]);
    }

    #[test]
    fn what_all_have_alike_stays_as_it_is_and_one_finding_is_its_own_text() {
        let (findings, names) = all(vec![vm("w-1", 101, "hotel"), vm("w-2", 102, "hotel")]);
        let groups = alike(&findings, &names);
        assert_eq!(groups[0].act, ["`qm start VMID` on node hotel"]);
        assert_eq!(groups[0].each[0].facts[0], Fact::new("VMID", "101"));
        let (findings, names) = all(vec![vm("w-1", 101, "hotel")]);
        let group = alike(&findings, &names).remove(0);
        assert_eq!((&group.cause, &group.act), (&findings[0].cause, &findings[0].act));
        assert_eq!((&group.facts, &group.each), (&findings[0].evidence, &Vec::new()));
    }

    #[test]
    fn another_severity_cause_act_or_cost_is_another_group() {
        let with = |change: &dyn Fn(&mut Finding)| {
            let mut other = vm("w-2", 102, "hotel");
            change(&mut other.0);
            let (findings, names) = all(vec![vm("w-1", 101, "hotel"), other]);
            alike(&findings, &names).len()
        };
        assert_eq!(with(&|_| {}), 1);
        assert_eq!(with(&|f| f.severity = crate::checks::Severity::Info), 2);
        assert_eq!(with(&|f| f.cause.push_str(" now")), 2);
        assert_eq!(with(&|f| f.act.push("more".into())), 2);
        assert_eq!(with(&|f| f.cost = None), 2);
        // The VMID of another machine is not its own.
        assert_eq!(with(&|f| f.act = vec!["`qm start 101` on node hotel".into()]), 2);
    }

    #[test]
    fn a_name_counts_where_it_stands_alone() {
        let own = [Own::new("VMID", "101"), Own::new("NODE", "a")];
        let back = |text: &str| plain(&words(text, &own), &[]);
        assert_eq!(
            back("vm:101 (a/101), 101. on node a 101"),
            "vm:VMID (NODE/VMID), VMID. on node NODE VMID"
        );
        assert_eq!(back("a backup of a disk on node 'a'"), "a backup of a disk on node 'NODE'");
        assert_eq!(back("a"), "NODE");
        assert_eq!(
            back("1010 101.64.0.0 10.101 vm-101-disk x_101 ä101"),
            "1010 101.64.0.0 10.101 vm-101-disk x_101 ä101"
        );
        assert_eq!(back(""), "");
    }

    #[test]
    fn of_a_fleet_a_handful_is_named() {
        let (findings, names) = all((0..5000).map(|i| vm(&format!("w-{i}"), 1000 + i, "hotel")).collect());
        let groups = alike(&findings, &names);
        assert_eq!((groups.len(), groups[0].subjects.len(), groups[0].each.len()), (1, 5000, 4));
        let parts: Vec<String> = ["a", "b", "c", "d", "e", "f"].iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(listed(&parts), "a, b, c, d and 2 more");
        assert_eq!(listed(&parts[..5]), "a, b, c, d and e");
        assert_eq!((listed(&parts[..1]).as_str(), listed(&[]).as_str()), ("a", ""));
    }

    #[test]
    fn one_reason_is_said_once() {
        let part = |part: &str| Unjudged::new(part, "Proxmox cluster m", "it does not answer");
        let config = |vmid: u32, why: &str| Unjudged {
            of: Some(format!("VM {vmid}")),
            own: vec![Own::new("VMID", vmid.to_string())],
            ..Unjudged::new("configuration", "Proxmox cluster m", why)
        };
        let all = [
            part("nodes"),
            part("guests"),
            Unjudged::new("Links", "Omni", "it does not answer"),
            config(101, "403 on /vms/101"),
            config(102, "403 on /vms/102"),
            config(103, "500"),
            Unjudged::sentence("the lab is away"),
        ];
        assert_eq!(
            reasons(&all),
            [
                "nodes and guests of Proxmox cluster m: it does not answer",
                "Links of Omni: it does not answer",
                "configuration of VM 101 and VM 102 of Proxmox cluster m: 403 on /vms/VMID",
                "configuration of VM 103 of Proxmox cluster m: 500",
                "the lab is away"
            ]
        );
    }
}
