//! What people get wrong, one by one: the exit code, the place, and what to do about it.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::Stdio;

use crate::repository::{Ran, Repository};
use crate::trust::key;

const CLASS: &str = "machine-classes/matrix-worker.yaml";
const TEMPLATE: &str = "clusters/talos-prod-01.yaml";
const SPEC: &str = "spec/omni.yaml";

/// Ends with `code`, says all of `texts`, and is an answer rather than a crash.
fn told(ran: Ran, code: i32, texts: &[&str]) {
    let ran = texts.iter().fold(ran.exits(code), |ran, text| ran.says(text));
    for crash in ["panicked", "backtrace", "has a bug", "unwrap", "src/"] {
        assert!(!ran.err.contains(crash) && !ran.out.contains(crash), "`{crash}` in\n{}{}", ran.out, ran.err);
    }
}

/// `validate` refuses the files, on standard error only.
fn invalid(r: &Repository, texts: &[&str]) {
    let ran = r.run(&["validate"]);
    assert!(ran.out.is_empty(), "{}", ran.out);
    told(ran, 65, texts);
    assert!(!r.path("state").exists(), "nothing was started");
}

/// `file:line:column` of a text in a file, as messages write it.
fn place(r: &Repository, relative: &str, text: &str) -> String {
    let content = std::fs::read_to_string(r.path(relative)).unwrap();
    let at = content.find(text).unwrap_or_else(|| panic!("{relative} has no {text}"));
    let before = &content[..at];
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    format!("{relative}:{}:{column}", before.matches('\n').count() + 1)
}

fn append(r: &Repository, relative: &str, bytes: &[u8]) {
    let mut all = std::fs::read(r.path(relative)).unwrap();
    all.extend_from_slice(bytes);
    std::fs::write(r.path(relative), all).unwrap();
}

#[test]
fn an_unknown_key_in_the_spec_is_shown_with_the_nearest_one() {
    let r = Repository::new();
    r.edit(SPEC, "lan_address:", "lan_adress:");
    let at = place(&r, SPEC, "lan_adress");
    invalid(&r, &[&at, "`omni` has no field `lan_adress`", "did you mean `lan_address`?"]);
}

#[test]
fn tabs_for_indentation_are_named_as_such() {
    let r = Repository::new();
    r.edit(SPEC, "  endpoint: https://omni", "\tendpoint: https://omni");
    invalid(&r, &[&place(&r, SPEC, "\t"), "tabs", "indent with spaces"]);

    let r = Repository::new();
    r.edit(TEMPLATE, "  version: v1.11.6", "\tversion: v1.11.6");
    invalid(&r, &[&place(&r, TEMPLATE, "\t"), "tabs", "indent with spaces"]);

    // Inside a block scalar as well, which is where the provider's settings are.
    let r = Repository::new();
    r.edit(CLASS, "      cores:", "\tcores:");
    invalid(&r, &[&place(&r, CLASS, "\t"), "tab", "indent with spaces"]);
}

#[test]
fn a_class_without_sockets_is_told_what_proxmox_would_do() {
    let r = Repository::new();
    r.edit(CLASS, "      sockets: 1\n", "");
    invalid(
        &r,
        &[&place(&r, CLASS, "|\n"), "`providerdata` has no `sockets`", "absent means 0", "add `sockets: 1`"],
    );
}

#[test]
fn a_template_with_an_unknown_class_is_blocked_and_the_nearest_class_named() {
    let r = Repository::new();
    r.edit(TEMPLATE, "  name: matrix-worker\n", "  name: matrix-wroker\n");
    // The class may be in Omni, so that only a plan can tell.
    r.run(&["validate"]).exits(0);
    let named = place(&r, TEMPLATE, "matrix-wroker\n");
    let texts = [
        "`matrix-wroker`, which is neither in the files nor in Omni",
        &named,
        "did you mean `matrix-worker`?",
        "BLOCKED (1)",
    ];
    told(r.run(&["plan", "--lab", "--width", "160"]), 3, &texts);
    told(r.run(&["apply", "--lab", "--auto-approve", "--width", "160"]), 3, &texts);
    assert!(r.requests("fresh").iter().all(|request| request["writing"] == false), "something was sent");
}

#[test]
fn without_class_files_only_omni_decides_which_classes_there_are() {
    let r = Repository::new();
    r.edit(SPEC, "machine_classes: [machine-classes]\n", "");
    r.run(&["validate"]).exits(0);
    // The world has `matrix-worker` from before, and no class for control planes.
    let ran = r.run(&["plan", "--lab", "--width", "200"]);
    assert!(!ran.out.contains("`matrix-worker`, which is neither"), "{}", ran.out);
    told(
        ran,
        3,
        &[
            "`matrix-control-plane`, which is neither in the files nor in Omni",
            &place(&r, TEMPLATE, "matrix-control-plane\n"),
            "BLOCKED (1)",
        ],
    );
}

/// A server to which nobody may connect.
struct Untouched(TcpListener);

impl Untouched {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }
    fn origin(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.0.local_addr().unwrap().port())
    }
    /// A connection that was made would still be waiting here, whatever became of its maker.
    fn assert(&self) {
        match self.0.accept() {
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            other => panic!("somebody connected: {other:?}"),
        }
    }
}

#[test]
fn an_endpoint_that_is_not_bound_gets_not_even_a_connection() {
    let (omni, proxmox, key) = (Untouched::new(), Untouched::new(), key());
    let (omni_origin, proxmox_origin) = (omni.origin("http"), proxmox.origin("https"));
    let r = Repository::new();
    r.edit(SPEC, "https://omni.spaceships.work", &omni_origin);
    r.edit(SPEC, "      - https://192.168.3.5:8006\n", &format!("      - {proxmox_origin}\n"));
    r.edit(SPEC, "      - https://192.168.3.6:8006\n      - https://192.168.3.7:8006\n", "");
    let token = "audit@pve!plan=canary-0c1d";
    let secrets = [("OMNI_SERVICE_ACCOUNT_KEY", key.as_str()), ("PROXMOX_VE_API_TOKEN", token)];
    let bound_omni = ("OMNI_ENDPOINT", omni_origin.as_str());
    let other_omni = ("OMNI_ENDPOINT", "https://omni.example.net");
    let other_proxmox = ("PROXMOX_VE_ENDPOINT", "https://192.0.2.5:8006");
    let omni_line = format!("set `OMNI_ENDPOINT={omni_origin}`");
    let proxmox_line = format!("set `PROXMOX_VE_ENDPOINT={proxmox_origin}`");
    for (bindings, line) in [
        (&[][..], &omni_line),
        (&[other_omni], &omni_line),
        // Omni itself is bound: one endpoint that is not keeps all of them from being asked.
        (&[bound_omni], &proxmox_line),
        (&[bound_omni, other_proxmox], &proxmox_line),
    ] {
        for arguments in [&["plan"][..], &["apply", "--auto-approve", "--max-risk", "low"]] {
            let mut command = r.command(arguments);
            command.envs(secrets).envs(bindings.iter().copied());
            let ran = Ran::new(command.output().unwrap());
            assert!(!ran.err.contains("canary-0c1d") && !ran.err.contains(&key), "a secret was printed");
            told(ran, 7, &["nothing was sent", line]);
        }
    }
    omni.assert();
    proxmox.assert();
}

#[test]
fn wrong_usage_is_64_and_names_the_nearest_flag() {
    let r = Repository::new();
    told(r.run(&["plan", "--frmat", "json"]), 64, &["--frmat", "a similar argument exists: '--format'"]);
    told(r.run(&["aply"]), 64, &["a similar subcommand exists: 'apply'"]);
    told(r.run(&["plan", "--format", "yaml"]), 64, &["[possible values: text, json"]);
    // The mistake that everybody makes once.
    told(r.run(&["plan", "--lab", "deployed"]), 64, &["--lab=deployed"]);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let r = Repository::new();
    for command in [&["validate"][..], &["plan", "--lab"], &["graph"], &["lab", "reset"]] {
        let arguments: Vec<&str> = ["-C", "nowhere"].iter().chain(command).copied().collect();
        told(r.run(&arguments), 65, &["`nowhere` does not exist"]);
    }
    told(r.run(&["-C", SPEC, "validate"]), 65, &["`spec/omni.yaml` is not a folder"]);
    told(r.run(&["-C", "clusters", "validate"]), 65, &["there is no spec in", "`-C`"]);
}

#[test]
fn links_out_of_the_tree_are_refused_wherever_they_stand() {
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("canary.yaml");
    std::fs::write(&file, "canary-51b7: [\n").unwrap();
    for (link, target, named) in [
        (CLASS, file.as_path(), Some("machine-classes]")),
        (TEMPLATE, &file, Some("clusters]")),
        ("clusters", outside.path(), Some("clusters]")),
        (SPEC, &file, None),
    ] {
        let r = Repository::new();
        let at = named.map_or(SPEC.to_owned(), |text| place(&r, SPEC, text));
        let path = r.path(link);
        if path.is_dir() {
            std::fs::remove_dir_all(&path).unwrap();
        } else {
            std::fs::remove_file(&path).unwrap();
        }
        std::os::unix::fs::symlink(target, &path).unwrap();
        let ran = r.run(&["validate"]);
        assert!(!ran.err.contains("canary-51b7"), "what lies outside was shown:\n{}", ran.err);
        invalid(&r, &[&at, &format!("`{link}` is a symbolic link out of the repository")]);
    }
}

#[test]
fn files_of_20_mb_are_not_read() {
    let padding = vec![b'#'; 20_000_000];
    for (file, named) in [(CLASS, Some("machine-classes]")), (TEMPLATE, Some("clusters]")), (SPEC, None)] {
        let r = Repository::new();
        let at = named.map_or(SPEC.to_owned(), |text| place(&r, SPEC, text));
        append(&r, file, &padding);
        invalid(&r, &[&at, &format!("`{file}` is larger than 4 MiB")]);
    }
    let r = Repository::new();
    append(&r, TEMPLATE, &padding);
    told(r.run(&["render", TEMPLATE]), 65, &["`clusters/talos-prod-01.yaml` is larger than 4 MiB"]);
}

#[test]
fn bytes_that_are_not_utf_8_are_shown_where_they_are() {
    for file in [SPEC, CLASS, TEMPLATE] {
        let r = Repository::new();
        let lines = std::fs::read_to_string(r.path(file)).unwrap().lines().count();
        append(&r, file, b"# caf\xe9\n");
        invalid(&r, &[&format!("{file}:{}:6", lines + 1), "is not UTF-8 text", "save the file as UTF-8"]);
    }
    // UTF-16, as some editors save it.
    let r = Repository::new();
    let text: Vec<u8> =
        std::fs::read_to_string(r.path(SPEC)).unwrap().encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(r.path(SPEC), [&[0xff, 0xfe][..], &text].concat()).unwrap();
    invalid(&r, &["spec/omni.yaml:1:1", "save the file as UTF-8"]);
}

#[test]
fn a_reader_that_went_away_is_no_error_and_a_full_disk_is_one() {
    let r = Repository::new();
    let mut child =
        r.command(&["schema", "plan"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));

    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let ran = Ran::new(r.command(&["schema", "plan"]).stdout(full).output().unwrap());
    told(ran, 1, &["standard output cannot be written"]);
}
