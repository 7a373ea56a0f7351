//! Facts as the engine sections of a spec.

use crate::spec::sections::address;
use crate::yaml::{Scalar, resolve_plain};

use super::fact::{Answer, Fact, Rank, shown, weigh};
use super::facts::{ContainerFacts, Facts, ProxmoxFacts, Trusting};
use super::listing::ListedPath;

/// Names that RFC 2606 keeps for examples: nobody can own them.
const OMNI_PLACEHOLDER: &str = "https://omni.example.org";
const PROXMOX_PLACEHOLDER: &str = "https://pve.example.org:8006";
/// What a Proxmox cluster is called that has no name anywhere.
const CLUSTER: &str = "pve";

/// The questions in a text, with their lines.
pub fn questions(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let Some((before, question)) = line.split_once("# ? ") else { continue };
        let about = before.trim().trim_start_matches("# ").trim_start_matches("- ").trim();
        let about = if about.is_empty() { String::new() } else { format!("{about}: ") };
        out.push((i + 1, format!("{about}{question}")));
    }
    out
}

/// The engine sections as one YAML document, without `---`. Lines with `# ?` are questions.
pub fn sections(facts: &Facts) -> String {
    let mut page = Page::default();
    omni(facts, &mut page);
    let clusters: Vec<String> = facts.proxmox.iter().map(|c| name(c, facts)).collect();
    let known = proxmox(facts, &clusters, &mut page);
    providers(facts, if known { &clusters } else { &[] }, &mut page);
    paths(&facts.machine_classes, 0, "machine_classes", &mut page);
    page.line(0, "clusters:", "");
    paths(&facts.clusters, 1, "paths", &mut page);
    page.line(
        1,
        "prune: record",
        "what leaves the files is destroyed only if it was applied or adopted here",
    );
    page.line(0, "state: { store: local }", "");
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, depth: usize, text: &str, comment: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(text);
        if !comment.is_empty() {
            self.text.push_str(" # ");
            self.text.push_str(&shown(comment));
        }
        self.text.push('\n');
    }
    fn fact(&mut self, depth: usize, key: &str, fact: &Fact) {
        self.line(depth, &format!("{key}: {}", scalar(&fact.value)), &from(fact));
    }
    fn number(&mut self, depth: usize, key: &str, fact: Option<&Fact<u32>>) {
        if let Some(fact) = fact {
            self.line(depth, &format!("{key}: {}", fact.value), &format!("from {}", fact.source));
        }
    }
    /// A line that does not count.
    fn note(&mut self, depth: usize, text: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str("# ");
        self.text.push_str(text);
        self.text.push('\n');
    }
    fn ask(&mut self, depth: usize, question: &str) {
        self.note(depth, &format!("? {question}"));
    }
}

fn from(fact: &Fact) -> String {
    format!("from {}", fact.source)
}

/// A text as a scalar that is read back as this text, in block and flow collections alike.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-' | '@' | '+' | ':');
    let simple = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.chars().all(plain)
        && !text.ends_with(':')
        && resolve_plain(text) == Scalar::Str;
    if simple {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if crate::untrusted::hidden(c) => out.push_str(&format!("\\U{:08X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn omni(facts: &Facts, page: &mut Page) {
    page.line(0, "omni:", "");
    match weigh(&facts.omni_endpoint) {
        Answer::One(fact, others) => {
            page.fact(1, "endpoint", fact);
            let mut said: Vec<&str> = Vec::new();
            for other in others {
                if !said.contains(&other.value.as_str()) {
                    said.push(&other.value);
                    page.ask(1, &format!("{} is another one, {}", shown(&other.value), shown(&from(other))));
                }
            }
        }
        Answer::Several(facts) => {
            page.line(1, &format!("endpoint: {OMNI_PLACEHOLDER}"), "? a placeholder: which of these is it");
            for fact in facts {
                page.note(1, &format!("endpoint: {} # {}", scalar(&fact.value), shown(&from(fact))));
            }
        }
        Answer::None => {
            let why = match &facts.rehearsal {
                Some(world) => {
                    format!("? a placeholder: world {world} of the lab has its own; fill in yours")
                }
                None => "? a placeholder: where is Omni".to_owned(),
            };
            page.line(1, &format!("endpoint: {OMNI_PLACEHOLDER}"), &why);
        }
    }
    if let Some(version) = &facts.omni_version {
        page.fact(1, "version", version);
    }
    match weigh(&facts.lan_address) {
        Answer::One(fact, _) => page.fact(1, "lan_address", fact),
        Answer::Several(facts) => {
            page.ask(1, "To which of these must machines resolve the endpoint when they boot?");
            for fact in facts {
                page.note(1, &format!("lan_address: {} # {}", scalar(&fact.value), shown(&from(fact))));
            }
        }
        Answer::None => {}
    }
    let refused = "The system does not believe its certificate: fill in its fingerprint, as its host shows it, or its authority";
    trust(&facts.omni_trust, facts.omni_refused.then_some(refused), 1, page);
}

/// `tls:`, or the line to fill in under a question.
fn trust(trust: &Trusting, question: Option<&str>, depth: usize, page: &mut Page) {
    match (trust, question) {
        (Trusting::Pins(pins), _) if !pins.is_empty() => {
            page.line(depth, "tls:", "");
            page.line(depth + 1, "sha256:", "");
            for pin in pins {
                page.line(depth + 2, &format!("- \"{}\"", shown(&pin.value)), &pin.source);
            }
        }
        (Trusting::Open | Trusting::Pins(_), Some(question)) => {
            page.ask(depth, question);
            page.note(depth, "tls: { sha256: [\"AB:CD:…\"] } # or { ca_file: ca.pem }");
        }
        _ => {}
    }
}

/// A list: in one line where all of it has one source.
fn items(key: &str, facts: &[&Fact], depth: usize, page: &mut Page) {
    let same = facts.windows(2).all(|w| matches!(w, [a, b] if a.source == b.source));
    match facts.first() {
        Some(first) if same => {
            let all: Vec<String> = facts.iter().map(|f| scalar(&f.value)).collect();
            page.line(depth, &format!("{key}: [{}]", all.join(", ")), &from(first));
        }
        _ => {
            page.line(depth, &format!("{key}:"), "");
            for fact in facts {
                page.line(depth + 1, &format!("- {}", scalar(&fact.value)), &from(fact));
            }
        }
    }
}

fn name(cluster: &ProxmoxFacts, facts: &Facts) -> String {
    let usable = |n: &&Fact| {
        !n.value.is_empty() && n.value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    };
    let same = |n: &Fact| {
        facts.proxmox.iter().filter(|c| c.name.as_ref().is_some_and(|o| o.value == n.value)).count()
    };
    match cluster.name.as_ref().filter(usable) {
        Some(name) if same(name) == 1 => name.value.clone(),
        _ => CLUSTER.to_owned(),
    }
}

/// Whether the section stands there, and not as a comment.
fn proxmox(facts: &Facts, names: &[String], page: &mut Page) -> bool {
    let reachable = facts.proxmox.iter().any(|c| !c.endpoints.is_empty()) || facts.rehearsal.is_some();
    if facts.proxmox.is_empty() || !reachable {
        page.ask(0, "Where is Proxmox? Without this section plans come from Omni alone: no VMs, no placement. Fill in and uncomment:");
        let nodes: Vec<String> =
            facts.proxmox.iter().flat_map(|c| &c.nodes).map(|n| scalar(&n.value)).collect();
        let nodes = if nodes.is_empty() { "…".to_owned() } else { nodes.join(", ") };
        page.note(0, "proxmox:");
        page.note(0, &format!("  {CLUSTER}:"));
        page.note(0, "    endpoints: [https://…:8006]");
        page.note(0, "    tls: { sha256: [\"AB:CD:…\"] } # as `pvenode cert info` shows it on each node");
        page.note(0, &format!("    nodes: [{nodes}]"));
        return false;
    }
    page.line(0, "proxmox:", "");
    for (cluster, name) in facts.proxmox.iter().zip(names) {
        let origin = cluster.name.as_ref().filter(|n| n.value == *name).map(from);
        page.line(
            1,
            &format!("{}:", scalar(name)),
            &origin.unwrap_or_else(|| "a name of your choice".to_owned()),
        );
        endpoints(cluster, facts, page);
        let own = "Proxmox signs its own certificates: fill in the fingerprint that `pvenode cert info` shows on each node, or their authority";
        trust(&cluster.trust, Some(own), 2, page);
        nodes(cluster, page);
        resolvers(cluster, &facts.containers, page);
    }
    true
}

fn endpoints(cluster: &ProxmoxFacts, facts: &Facts, page: &mut Page) {
    let best = cluster.endpoints.iter().map(|f| f.rank).min();
    // Two keys may speak of two clusters; entries of one list do not.
    let group = |f: &Fact| f.source.rsplit_once(':').map_or(f.source.clone(), |(path, _)| path.to_owned());
    let Some(first) = cluster.endpoints.iter().find(|f| Some(f.rank) == best) else {
        let why = match &facts.rehearsal {
            Some(world) => format!("? a placeholder: world {world} of the lab has its own; fill in yours"),
            None => "? a placeholder: where is it".to_owned(),
        };
        return page.line(2, &format!("endpoints: [{PROXMOX_PLACEHOLDER}]"), &why);
    };
    let (mut own, mut others): (Vec<&Fact>, Vec<&Fact>) = (Vec::new(), Vec::new());
    for fact in std::iter::once(first).chain(&cluster.endpoints) {
        if own.iter().chain(&others).any(|f| f.value == fact.value) {
            continue;
        }
        let same = fact.rank == first.rank && group(fact) == group(first);
        if same { own.push(fact) } else { others.push(fact) }
    }
    items("endpoints", &own, 2, page);
    for fact in others {
        page.ask(
            2,
            &format!(
                "{} is another way to the same cluster, or another cluster: {}",
                shown(&fact.value),
                shown(&from(fact))
            ),
        );
    }
}

fn nodes(cluster: &ProxmoxFacts, page: &mut Page) {
    // A server that was asked knows all of them; a class that names another one is still read.
    let asked = cluster.nodes.iter().any(|n| n.rank != Rank::File);
    let mut known: Vec<&Fact> = Vec::new();
    for file in [false, true] {
        for node in cluster.nodes.iter().filter(|n| (n.rank == Rank::File) == file) {
            if !known.iter().any(|k| k.value == node.value) {
                known.push(node);
            }
        }
    }
    let (said, stray): (Vec<&Fact>, Vec<&Fact>) =
        known.iter().copied().partition(|n| !asked || n.rank != Rank::File);
    if said.is_empty() && stray.is_empty() {
        page.line(2, "nodes: []", "? fill in their names, as `pvecm nodes` prints them");
    } else if stray.is_empty() {
        items("nodes", &said, 2, page);
    } else {
        page.line(2, "nodes:", "");
        for node in said {
            page.line(3, &format!("- {}", scalar(&node.value)), &from(node));
        }
        for node in stray {
            page.line(
                3,
                &format!("- {}", scalar(&node.value)),
                &format!("? Proxmox has no such node; {}", from(node)),
            );
        }
    }
    let spoken: Vec<&Fact> = cluster
        .spoken_nodes
        .iter()
        .filter(|s| !known.iter().any(|n| n.value.eq_ignore_ascii_case(&s.value)))
        .collect();
    if let Some(first) = spoken.first() {
        let all: Vec<String> = spoken.iter().map(|s| scalar(&s.value.to_ascii_lowercase())).collect();
        page.note(2, &format!("nodes: [{}] # ? spelt by people, {}", all.join(", "), shown(&from(first))));
    }
}

fn resolvers(cluster: &ProxmoxFacts, containers: &[ContainerFacts], page: &mut Page) {
    if !cluster.dns.is_empty() {
        return items("dns", &cluster.dns.iter().collect::<Vec<_>>(), 2, page);
    }
    for said in &cluster.spoken_dns {
        page.ask(2, &format!("Which address is that? \"{}\", {}", shown(&said.value), shown(&from(said))));
        let gateway = match containers {
            [one] => one.gateway.as_ref(),
            _ => None,
        };
        match gateway {
            Some(g) => page.note(
                2,
                &format!("dns: [{}] # if it is the gateway of {}", scalar(&g.value), shown(&g.source)),
            ),
            None => page.note(2, "dns: […]"),
        }
    }
}

fn providers(facts: &Facts, clusters: &[String], page: &mut Page) {
    let mut ids: Vec<(Fact, bool)> = facts.providers.iter().map(|p| (p.id.clone(), p.proxmox)).collect();
    let mut doubts: Vec<&Fact> = Vec::new();
    if ids.is_empty() {
        match weigh(&facts.spoken_providers) {
            Answer::One(one, _) => ids.push((one.clone(), true)),
            Answer::Several(several) => doubts = several,
            Answer::None => {}
        }
    } else {
        for said in &facts.spoken_providers {
            let known = ids.iter().any(|(id, _)| id.value == said.value);
            if !known && !doubts.iter().any(|d| d.value == said.value) {
                doubts.push(said);
            }
        }
    }
    let usable = |id: &str| !id.is_empty() && !id.contains(char::is_whitespace) && !id.contains('/');
    ids.retain(|(id, _)| usable(&id.value));
    if ids.is_empty() {
        page.ask(0, "Which infrastructure providers does Omni have, as `omnictl get infraproviders` prints them? Fill in and uncomment:");
        page.note(0, "providers:");
        for doubt in &doubts {
            page.note(0, &format!("  {}: {{}} # {}", scalar(&doubt.value), shown(&from(doubt))));
        }
        if doubts.is_empty() {
            page.note(0, "  proxmox: { proxmox: pve } # or `<id>: {}` for one that is not for Proxmox");
        }
        return;
    }
    page.line(0, "providers:", "");
    for doubt in doubts {
        page.ask(
            1,
            &format!(
                "Is it this one, or {}, {}? Ids are case-sensitive: `omnictl get infraproviders`",
                shown(&doubt.value),
                shown(&from(doubt))
            ),
        );
    }
    let ours: Vec<&str> = ids.iter().filter(|(_, p)| *p).map(|(id, _)| id.value.as_str()).collect();
    let spoken = |id: &str| facts.spoken_providers.iter().any(|s| s.value == id);
    let owner = match ours.as_slice() {
        [one] => Some(*one),
        several => several.iter().copied().find(|id| spoken(id)),
    };
    for (id, is_proxmox) in &ids {
        let owns = *is_proxmox && owner == Some(id.value.as_str());
        match (is_proxmox, clusters) {
            (true, [cluster]) => {
                page.line(1, &format!("{}:", scalar(&id.value)), &from(id));
                page.line(2, &format!("proxmox: {}", scalar(cluster)), "");
                if owns {
                    own_files(facts, true, page);
                }
            }
            (true, [_, _, ..]) => {
                page.line(1, &format!("{}: {{}}", scalar(&id.value)), &from(id));
                page.ask(2, &format!("proxmox: {}", clusters.join(" or ")));
                if owns {
                    own_files(facts, false, page);
                }
            }
            _ => {
                page.line(1, &format!("{}: {{}}", scalar(&id.value)), &from(id));
                if owns {
                    own_files(facts, false, page);
                }
            }
        }
    }
}

/// What belongs to the provider for Proxmox; `active` where its cluster is known.
fn own_files(facts: &Facts, active: bool, page: &mut Page) {
    let mut own = Page::default();
    match facts.containers.as_slice() {
        [] => {}
        [one] => container(one, facts, &mut own),
        several => {
            let ids: Vec<String> = several
                .iter()
                .filter_map(|c| c.vmid.as_ref())
                .map(|v| format!("{} ({})", v.value, shown(&v.source)))
                .collect();
            own.ask(2, &format!("container: which of {}", ids.join(", ")));
        }
    }
    if let Some(folder) = &facts.compose {
        own.line(2, &format!("compose: {}", scalar(&folder.value)), "its compose.yml and config.yaml");
        match weigh(&facts.app_directory) {
            Answer::One(fact, _) => own.fact(2, "app_directory", fact),
            Answer::Several(all) => {
                for fact in all {
                    own.ask(2, &format!("app_directory: {}, {}", scalar(&fact.value), shown(&from(fact))));
                }
            }
            Answer::None => {}
        }
    } else {
        if let Some(refused) = &facts.compose_refused {
            own.note(2, &format!("compose: {} # ? {}", scalar(&refused.source), shown(&refused.value)));
        }
        if let Answer::One(fact, _) = weigh(&facts.app_directory) {
            own.fact(2, "app_directory", fact);
        }
    }
    if active {
        page.text.push_str(&own.text);
    } else {
        for line in own.text.lines() {
            page.note(2, line.strip_prefix("    ").unwrap_or(line));
        }
    }
}

fn container(c: &ContainerFacts, facts: &Facts, page: &mut Page) {
    let known =
        |node: &&Fact| facts.proxmox.first().is_none_or(|p| p.nodes.iter().any(|n| n.value == node.value));
    let (Some(vmid), Some(node)) = (&c.vmid, c.node.as_ref().filter(known)) else {
        let at = c.vmid.as_ref().map_or(String::new(), |v| format!("{} ({})", v.value, shown(&v.source)));
        return page.ask(2, &format!("container: {{ node: …, vmid: … }}: on which node is {at}"));
    };
    page.line(2, "container:", "");
    page.fact(3, "node", node);
    page.number(3, "vmid", Some(vmid));
    if let Some(hostname) = &c.hostname {
        page.fact(3, "hostname", hostname);
    }
    let net = c.address.as_ref().and_then(|a| address::cidr(&a.value));
    match &c.address {
        Some(fact) if net.is_some() => page.fact(3, "address", fact),
        Some(fact) if address::ip(&fact.value).is_some() => {
            page.ask(
                3,
                &format!("address: {}/… # which prefix length; {}", shown(&fact.value), shown(&from(fact))),
            );
        }
        _ => {}
    }
    if let Some(fact) = &c.gateway {
        let inside =
            fact.value.parse().ok().is_some_and(|ip| net.is_none_or(|n| address::same_network(n, ip)));
        if inside {
            page.fact(3, "gateway", fact);
        } else {
            page.ask(
                3,
                &format!(
                    "gateway: {}, which is not in that network; {}",
                    shown(&fact.value),
                    shown(&from(fact))
                ),
            );
        }
    }
    page.number(3, "cores", c.cores.as_ref());
    page.number(3, "memory_mb", c.memory_mb.as_ref());
    page.number(3, "disk_gb", c.disk_gb.as_ref());
    if let Some(bridge) = &c.bridge {
        page.fact(3, "bridge", bridge);
    }
}

fn paths(paths: &[ListedPath], depth: usize, key: &str, page: &mut Page) {
    let any = paths.iter().any(|p| p.active);
    page.line(depth, &format!("{key}:{}", if any { "" } else { " []" }), "");
    for path in paths.iter().filter(|p| p.active) {
        page.line(depth + 1, &format!("- {}", scalar(&path.path)), &path.note);
    }
    for path in paths.iter().filter(|p| !p.active) {
        page.note(depth + 1, &format!("- {} # {}", scalar(&path.path), shown(&path.note)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Limits, parse};

    #[test]
    fn scalars_are_read_back_as_the_same_text() {
        for text in [
            "a",
            "a b",
            "on",
            "1.10",
            "0x1f",
            "# no",
            "a: b",
            "\"q\" \\",
            "é\u{202e}x",
            "-",
            "https://a:8006",
            "a:",
            "[x]",
            "~",
            "",
            "a\nb",
        ] {
            for shape in ["- {}", "[{}]", "{a: {}}"] {
                let yaml = shape.replacen("{}", &scalar(text), 1);
                let documents = parse(crate::diag::SourceId::default(), &yaml, &Limits::spec()).unwrap();
                let root = documents[0].root.clone().unwrap();
                let value = crate::yaml::to_value(&root);
                let read = value.get("a").or_else(|| value.as_list().map(|l| &l[0])).and_then(|v| v.as_str());
                assert_eq!(read, Some(text), "{yaml}");
            }
        }
    }

    #[test]
    fn hostile_sources_stay_in_their_comment() {
        let facts = Facts {
            omni_endpoint: vec![Fact::file("https://omni.example.net", "a\nomni: {}\u{1b}[0m\u{2028}x")],
            ..Facts::default()
        };
        let text = sections(&facts);
        assert_eq!(text.matches("\nomni:").count() + usize::from(text.starts_with("omni:")), 1, "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{2028}'));
    }

    #[test]
    fn questions_are_found_with_their_lines() {
        let text = "a: 1\n  # ? What\n  - b # ? why\n  # - c # ? how\n";
        let wanted = [(2, "What".to_owned()), (3, "b: why".to_owned()), (4, "c: how".to_owned())];
        assert_eq!(questions(text), wanted);
    }
}
