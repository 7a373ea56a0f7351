//! `spec upgrade`: engine sections behind a narrative spec.

use std::os::unix::fs::PermissionsExt as _;

use crate::repository::Repository;

const NARRATIVE: &str = "# Our deployment\ninitiative: {name: home}   # kept\n---\nlocked_decisions:\n  omni:\n    url: https://omni.example.net/\n    lan_ip: 192.168.1.20\n  hosts:\n    decision: Iron cluster (One, Two)\n    api_endpoint: https://192.168.1.5:8006\n  provider:\n    provider_id: iron\n    vmid: 105\n    node: one\n    ip: 192.168.1.9\n    gateway: 192.168.2.1\nconstraints:\n  dns:\n    description: |\n      Two\n      lines\n";

fn repository(spec: &str) -> Repository {
    let r = Repository::empty();
    std::fs::create_dir(r.path("spec")).unwrap();
    std::fs::write(r.path("spec/omni.yaml"), spec).unwrap();
    r
}

fn spec(r: &Repository) -> String {
    std::fs::read_to_string(r.path("spec/omni.yaml")).unwrap()
}

#[test]
fn facts_become_sections_and_doubts_become_questions() {
    let r = repository(NARRATIVE);
    r.run(&["validate"]).exits(65).says("run `omni-scale spec upgrade`");
    r.run(&["spec", "upgrade"]).exits(0).says("Questions").says("omni-scale plan");
    let text = spec(&r);
    assert!(text.starts_with(NARRATIVE), "{text}");
    for line in [
        "  endpoint: https://omni.example.net # from locked_decisions.omni.url:6\n",
        "  lan_address: 192.168.1.20 # from locked_decisions.omni.lan_ip:7\n",
        "  iron: # from locked_decisions.hosts.decision:9\n",
        "    endpoints: [https://192.168.1.5:8006] # from locked_decisions.hosts.api_endpoint:10\n",
        "    nodes: [one] # from locked_decisions.provider.node:14\n",
        "    # nodes: [two] # ? spelt by people, from locked_decisions.hosts.decision:9\n",
        "  iron: # from locked_decisions.provider.provider_id:12\n",
        "      vmid: 105 # from locked_decisions.provider.vmid:13\n",
        "      # ? address: 192.168.1.9/… # which prefix length; from locked_decisions.provider.ip:15\n",
    ] {
        assert!(text.contains(line), "no {line} in {text}");
    }
    r.run(&["validate"]).exits(0);
    r.run(&["spec", "upgrade"]).exits(0).says("Nothing to do");
    r.run(&["spec", "upgrade", "--check"]).exits(0);
    assert_eq!(spec(&r), text);
}

#[test]
fn a_difference_is_shown_and_nothing_written() {
    let r = repository(NARRATIVE);
    let shown = r.run(&["spec", "upgrade", "--dry-run"]).exits(0);
    let checked = r.run(&["spec", "upgrade", "--check"]).exits(1);
    assert_eq!(shown.out, checked.out);
    assert!(shown.out.contains("+++ spec/omni.yaml\n") && shown.out.contains("\n+omni:\n"), "{}", shown.out);
    assert_eq!(spec(&r), NARRATIVE);
    r.run(&["spec", "upgrade"]).exits(0);
    // The difference is the one that `patch` would make.
    let added: String = shown
        .out
        .lines()
        .filter(|l| l.starts_with('+') && !l.starts_with("+++"))
        .fold(String::new(), |out, l| out + l.strip_prefix('+').unwrap() + "\n");
    assert_eq!(spec(&r), format!("{NARRATIVE}{added}"));
}

#[test]
fn nothing_known_gives_placeholders_that_load() {
    let r = repository("initiative: {name: x}");
    r.run(&["spec", "upgrade"]).exits(0).says("where is Omni").says("Where is Proxmox");
    let text = spec(&r);
    assert!(text.contains("endpoint: https://omni.example.org # ? a placeholder"), "{text}");
    r.run(&["validate"]).exits(0);
    r.run(&["fmt", "--check", "spec/omni.yaml"]).exits(0);
}

#[test]
fn facts_that_disagree_are_not_chosen_from() {
    let r = repository(
        "constraints:\n  omni: {url: https://a.example.net}\n  old: {omni_url: https://b.example.net}\n  x: {omni: {lan_ip: 10.0.0.1}}\n  y: {omni: {lan_ip: 10.0.0.2}}\n",
    );
    r.run(&["spec", "upgrade"]).exits(0);
    let text = spec(&r);
    for line in [
        "  endpoint: https://omni.example.org # ? a placeholder: which of these is it\n",
        "  # endpoint: https://a.example.net # from constraints.omni.url:2\n",
        "  # endpoint: https://b.example.net # from constraints.old.omni_url:3\n",
        "  # lan_address: 10.0.0.2 # from constraints.y.omni.lan_ip:5\n",
    ] {
        assert!(text.contains(line), "no {line} in {text}");
    }
    r.run(&["validate"]).exits(0);
}

#[test]
fn line_ends_and_permissions_stay() {
    let crlf = NARRATIVE.replace('\n', "\r\n");
    let r = repository(&crlf);
    std::fs::set_permissions(r.path("spec/omni.yaml"), std::fs::Permissions::from_mode(0o640)).unwrap();
    r.run(&["spec", "upgrade"]).exits(0);
    let text = spec(&r);
    assert!(text.starts_with(&crlf) && !text.replace("\r\n", "").contains('\n'));
    let mode = std::fs::metadata(r.path("spec/omni.yaml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(r.path("spec")).unwrap().count(), 1, "a temporary file is left");
    r.run(&["validate"]).exits(0);
}

#[test]
fn what_is_no_spec_is_not_touched() {
    for (text, code, says) in [
        ("a: [\n", 65, "spec/omni.yaml:"),
        ("phases: &a {x: 1}\nreferences: *a\n", 65, "spec/omni.yaml:"),
        ("phases: |+\n  open", 65, "end it with a line break"),
        ("omni: {endpoint: https://omni.example.net}\n", 0, "engine sections already: `omni`"),
    ] {
        let r = repository(text);
        r.run(&["spec", "upgrade"]).exits(code).says(says);
        assert_eq!(spec(&r), text);
    }
    Repository::empty().run(&["spec", "upgrade"]).exits(65).says("omni-scale init");
    // A section that no spec has is the user's to rename; the rest is written all the same.
    let r = repository("decisions: {a: b}\nphases: {a: {name: x}}\n");
    r.run(&["spec", "upgrade"]).exits(0).says("no section `decisions`").says("there are errors");
}
