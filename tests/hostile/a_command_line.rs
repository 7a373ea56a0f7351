//! A: arguments, environment and streams.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use base64::Engine as _;

use crate::entries::{Entry, Failures, run};
use crate::judge::finish;
use crate::scene::{CANARY, SPEC, Scene, key};

/// Each command line ends with the code, and asks nobody.
fn lines(f: &mut Failures, code: i32, all: &[&[&str]]) {
    for arguments in all {
        let (s, name) = (Scene::new(), format!("{arguments:?}"));
        let run = finish(s.command(arguments));
        run.sound(&name, f);
        f.check(run.code == Some(code), || format!("{name}: exit {:?}: {}", run.code, run.start()));
        f.check(!run.err.trim().is_empty(), || format!("{name}: without a cause"));
        s.unasked(&name, f);
    }
}

/// With these variables a plan ends with the code before anybody is asked.
fn variables(f: &mut Failures, code: i32, all: &[(&str, &str)]) {
    for (variable, value) in all {
        let (s, name) = (Scene::new(), format!("{variable}={}", value.chars().take(40).collect::<String>()));
        let mut command = s.command(&["plan"]);
        command.env(variable, value);
        let run = finish(command);
        run.sound(&name, f);
        f.check(run.code == Some(code), || format!("{name}: exit {:?}: {}", run.code, run.start()));
        s.unasked(&name, f);
    }
}

fn a2(f: &mut Failures) {
    let s = Scene::new();
    s.write("state", "a file");
    let run = finish(s.r.command(&["apply", "--lab", "--auto-approve"]));
    run.sound("a file for `state`", f);
    f.check(run.code.is_some_and(|c| c != 0), || run.start());
    f.check(std::fs::read(s.r.path("state")).unwrap() == b"a file", || "`state` was changed".to_owned());
}

fn a4(f: &mut Failures) {
    for arguments in [
        &[&b"plan\xff"[..]][..],
        &[b"plan", b"--target", b"\xff\xfe"],
        &[b"-C", b"\xff", b"validate"],
        &[b"show", b"\xff"],
    ] {
        let s = Scene::new();
        let mut command = s.command(&[]);
        command.args(arguments.iter().map(|a| OsStr::from_bytes(a)));
        let run = finish(command);
        run.sound("bytes", f);
        f.check(run.code.is_some_and(|c| c != 0), || format!("{arguments:?}: {}", run.start()));
        s.unasked("bytes", f);
    }
}

fn a5(f: &mut Failures) {
    // White space around a key is left out, and said.
    let s = Scene::new();
    let mut command = s.command(&["plan"]);
    command
        .env("OMNI_SERVICE_ACCOUNT_KEY", format!("{}\r\n", key()))
        .env("OMNI_ENDPOINT", "https://elsewhere.example");
    let run = finish(command);
    run.sound("a key with a line end", f);
    f.check(run.code == Some(7) && run.err.contains("white space"), || run.start());
    s.unasked("a key with a line end", f);
    variables(f, 7, &[("PROXMOX_VE_API_TOKEN", "audit@pve!plan=canary-7c1f\r\nX-Evil: 1")]);
}

fn a6(f: &mut Failures) {
    let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let public = encoded(&format!(
        "{{\"name\":\"x\",\"pgp_key\":\"-----BEGIN PGP PUBLIC KEY BLOCK-----\\n{CANARY}\"}}"
    ));
    let (text, nameless) = (encoded(CANARY), encoded("{\"name\":\"x\"}"));
    let cut = &key()[..key().len() / 2];
    // The system takes no longer one.
    let long = "A".repeat(120_000);
    let all = [CANARY, text.as_str(), &nameless, &public, cut, &long, "{}", "-----BEGIN PGP"];
    variables(f, 7, &all.map(|value| ("OMNI_SERVICE_ACCOUNT_KEY", value)));
}

fn a7(f: &mut Failures) {
    let all = [
        "user@pve!canary-7c1f",
        "canary-7c1f",
        "a@b!c=canary-7c1f\r\nX-Evil: 1",
        "a@b!c=\u{e9}canary-7c1f",
        "a b@c!d=canary-7c1f",
    ];
    variables(f, 7, &all.map(|value| ("PROXMOX_VE_API_TOKEN", value)));
}

const ENDPOINTS: [&str; 10] = [
    "http://omni.example",
    "https://user:canary-7c1f@omni.example",
    "https://omni.example:99999",
    "file:///etc/passwd",
    "https://omni.example/#x",
    "https://[::1%25eth0]",
    "https://omni.example/?a=canary-7c1f",
    "ftp://omni.example",
    "omni.example",
    "https://",
];

fn a8(f: &mut Failures) {
    variables(f, 7, &ENDPOINTS.map(|value| ("OMNI_ENDPOINT", value)));
    // Other letters and another spelling are another name, so that the credential is not bound to it.
    variables(
        f,
        7,
        &[("OMNI_ENDPOINT", "https://\u{43e}mni.example"), ("OMNI_ENDPOINT", "https://127.0.0.1.")],
    );
    for endpoint in ENDPOINTS {
        let s = Scene::new();
        let text = std::fs::read_to_string(s.r.path(SPEC)).unwrap();
        let line = text.lines().find(|l| l.contains("endpoint: http")).unwrap();
        s.r.edit(SPEC, line, &format!("  endpoint: \"{endpoint}\""));
        let run = finish(s.command(&["plan"]));
        run.sound(endpoint, f);
        f.check(matches!(run.code, Some(7 | 65)), || {
            format!("{endpoint}: exit {:?}: {}", run.code, run.start())
        });
        s.unasked(endpoint, f);
    }
}

/// A variable that would switch checks off exists nowhere.
fn a10(f: &mut Failures) {
    let mut rest = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(path) = rest.pop() {
        if path.is_dir() {
            rest.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for word in ["_INSECURE", "_SKIP_VERIFY", "danger_accept", "dangerous()\n        .with_custom_no"]
            {
                f.check(!text.contains(word), || format!("`{word}` in {}", path.display()));
            }
        }
    }
}

fn a11(f: &mut Failures) {
    let all: [&[&str]; 4] = [
        &["plan", "--key=canary-7c1f"],
        &["plan", "--token=canary-7c1f"],
        &["plan", "--service-account-key", "canary-7c1f"],
        &["apply", "--auto-approve", "--password=canary-7c1f"],
    ];
    lines(f, 64, &all);
}

fn a12(f: &mut Failures) {
    let program = env!("CARGO_BIN_EXE_omni-scale");
    for (script, codes) in [
        ("unset HOME; exec \"$0\" validate", &[0][..]),
        ("unset HOME; exec \"$0\" plan", &[7]),
        ("mkdir gone && cd gone && rmdir ../gone && exec \"$0\" validate", &[1, 64, 65]),
        ("exec \"$0\" validate <&-", &[0]),
        ("exec \"$0\" validate >&-", &[0, 1]),
        ("exec \"$0\" validate 2>&-", &[0]),
        ("exec \"$0\" validate <&- >&- 2>&-", &[0, 1]),
        ("exec \"$0\" plan --lab <&- >&- 2>&-", &[0, 1]),
    ] {
        let s = Scene::new();
        let mut command = Command::new("sh");
        command.args(["-c", script, program]).current_dir(s.r.path("")).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", s.r.path(""));
        let run = finish(command);
        run.sound(script, f);
        f.check(run.code.is_some_and(|c| codes.contains(&c)), || {
            format!("{script}: exit {:?}: {}", run.code, run.start())
        });
    }
}

fn a1(f: &mut Failures) {
    lines(
        f,
        65,
        &[&["--spec", "/dev/zero", "validate"], &["-C", "/dev/zero", "validate"], &["render", "/dev/zero"]],
    );
}

fn a3(f: &mut Failures) {
    lines(
        f,
        64,
        &[
            &["plan", "--parallelism=0"],
            &["plan", "--context=-1"],
            &["plan", "--context=99999999999999999999"],
            &["plan", "--expires", "0"],
            &["plan", "--expires", "-1h"],
            &["plan", "--expires", "99999999999999999999h"],
            &["plan", "--width=-1"],
            &["plan", "--max-bytes=-1"],
            &["apply", "--auto-approve", "--timeout=-1"],
        ],
    );
}

#[test]
fn command_line() {
    run('A', 12, TABLE);
}

const NET: &str = "src/world/real/net/tests.rs";

pub const TABLE: &[Entry] = &[
    Entry {
        id: "A1",
        what: "a device for a spec or a folder",
        expected: "refused",
        here: Some(a1),
        there: &[],
    },
    Entry {
        id: "A2",
        what: "a file for the state's folder",
        expected: "refused and kept",
        here: Some(a2),
        there: &[],
    },
    Entry {
        id: "A3",
        what: "numbers out of range",
        expected: "wrong usage",
        here: Some(a3),
        there: &[("src/cli/args.rs", "durations_need_a_unit")],
    },
    Entry { id: "A4", what: "arguments that are no text", expected: "refused", here: Some(a4), there: &[] },
    Entry {
        id: "A5",
        what: "line ends in credentials",
        expected: "left out of a key with a warning, refused in a token",
        here: Some(a5),
        there: &[("src/client/key.rs", "the_value_may_be_wrapped_but_not_otherwise_changed")],
    },
    Entry {
        id: "A6",
        what: "keys that are none",
        expected: "refused without being quoted",
        here: Some(a6),
        there: &[
            ("src/client/key.rs", "unusable_keys_are_refused_by_name"),
            ("src/client/key.rs", "no_cut_key_is_accepted_and_nothing_panics"),
        ],
    },
    Entry {
        id: "A7",
        what: "tokens that are none",
        expected: "refused without being quoted",
        here: Some(a7),
        there: &[("src/wire/proxmox/token.rs", "anything_else_is_refused_without_being_quoted")],
    },
    Entry {
        id: "A8",
        what: "endpoints",
        expected: "refused",
        here: Some(a8),
        there: &[
            ("src/client/origin.rs", "what_is_refused"),
            (NET, "origins_are_checked_when_they_are_bound"),
        ],
    },
    Entry {
        id: "A9",
        what: "proxies and bundles of the environment",
        expected: "ignored",
        here: None,
        there: &[
            (NET, "proxies_named_by_the_environment_are_ignored"),
            (NET, "a_bundle_named_by_the_environment_is_ignored"),
        ],
    },
    Entry {
        id: "A10",
        what: "a switch that turns checks off",
        expected: "there is none",
        here: Some(a10),
        there: &[],
    },
    Entry {
        id: "A11",
        what: "secrets as arguments",
        expected: "wrong usage, not repeated",
        here: Some(a11),
        there: &[],
    },
    Entry {
        id: "A12",
        what: "no home, no folder, no streams",
        expected: "an end of its own",
        here: Some(a12),
        there: &[],
    },
];
