//! What a run does to its system, as the kernel saw it: it starts no program, connects to nobody, and opens no file outside.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::scene::{SPEC, Scene, TEMPLATE, installed, template};
use crate::server::{Piece, Server, reply};

/// Where a program may read without being told to: libraries, trust stores, the system's own words about itself.
const SYSTEM: [&str; 8] = ["/etc/", "/lib", "/usr/", "/proc/", "/sys/", "/dev/", "/nix/", "/snap/"];

/// Hostile repositories, by what is in them.
fn repositories() -> Vec<(&'static str, Scene)> {
    let with = |name: &'static str, make: &dyn Fn(&Scene)| {
        let s = Scene::new();
        make(&s);
        (name, s)
    };
    let link = |s: &Scene, to: &std::path::Path| {
        s.patch("patches/p.yaml");
        std::os::unix::fs::symlink(to, s.r.path("clusters/patches/p.yaml")).unwrap();
    };
    vec![
        with("absolute", &|s| s.patch("/etc/shadow")),
        with("above", &|s| s.patch("../../../../etc/shadow")),
        with("home", &|s| s.patch("~/.ssh/id_ed25519")),
        with("address", &|s| s.patch("http://169.254.169.254/latest/meta-data")),
        with("link", &|s| link(s, &s.secret())),
        with("link to /proc", &|s| link(s, "/proc/self/environ".as_ref())),
        with("link to a device", &|s| link(s, "/dev/zero".as_ref())),
        with("include", &|s| s.write(TEMPLATE, format!("kind: !include {}\n", s.secret().display()))),
        with("object", &|s| s.write(TEMPLATE, "kind: !!python/object/apply:os.system [id]\n")),
        with("laughs", &|s| s.write(TEMPLATE, "a: &a [x, x]\nb: &b [*a, *a]\nkind: *b\n")),
        with("depth", &|s| s.write(TEMPLATE, "[".repeat(20_000))),
        with("variables", &|s| s.patch("$HOME/$(id)/`id`")),
        with("git", &|s| {
            s.write(".git/config", "[core]\n\tfsmonitor = id\n");
            s.write(TEMPLATE, template("patches: 1\n"));
        }),
        with("pipe", &|s| {
            s.patch("patches/p.yaml");
            let pipe = s.r.path("clusters/patches/p.yaml");
            assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
        }),
        with("loop", &|s| link(s, "p.yaml".as_ref())),
        with("linked folder", &|s| {
            std::os::unix::fs::symlink(s.outside.path(), s.r.path("clusters/beyond")).unwrap();
            s.patch("beyond/secret.yaml");
        }),
        with("holes", &|s| {
            s.patch("patches/p.yaml");
            std::fs::File::create(s.r.path("clusters/patches/p.yaml")).unwrap().set_len(10 << 30).unwrap();
        }),
        with("own files", &|s| s.patch("../state/record.json")),
        with("documents", &|s| s.write(TEMPLATE, "---\n".repeat(100_000))),
        with("spec", &|s| s.r.edit(SPEC, "name: omni-scale", "name: !include /etc/passwd")),
    ]
}

/// What the kernel saw of a run: its exit code, and the lines of the calls. Nothing where calls cannot be traced here.
fn traced(plain: &Command, trace: &Path) -> Option<(Option<i32>, String)> {
    if !installed("strace") {
        println!("isolation: skipped, `strace` is not installed");
        return None;
    }
    let calls = "trace=execve,execveat,connect,sendto,bind,listen,open,openat,openat2,fork,vfork";
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", calls, "-o"]).arg(trace);
    command.arg(plain.get_program()).args(plain.get_args()).current_dir(plain.get_current_dir().unwrap());
    command.env_clear().envs(plain.get_envs().filter_map(|(k, v)| Some((k, v?))));
    let output = command.output().unwrap();
    let Ok(text) = std::fs::read_to_string(trace) else {
        println!(
            "isolation: skipped, `strace` may not trace here: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        return None;
    };
    Some((output.status.code(), text))
}

/// Files that were opened and lie neither below `root` nor where programs read by themselves.
fn outside(text: &str, root: &Path) -> (usize, Vec<String>) {
    let (mut seen, mut wrong) = (0, Vec::new());
    for line in text.lines().filter(|l| l.contains("open") && !l.contains("= -1")) {
        let Some(path) = line.split('"').nth(1) else { continue };
        let ours = !path.starts_with('/') || path.starts_with(root.to_str().unwrap());
        let built = path.starts_with(env!("CARGO_MANIFEST_DIR")) || path.contains("/toolchains/");
        let system = SYSTEM.iter().any(|folder| path.starts_with(folder));
        let secret = ["/etc/shadow", "/etc/passwd", "environ", "/dev/zero", "secret.yaml"];
        let above = path.split('/').any(|part| part == "..");
        if !(ours || system || built) || above || secret.iter().any(|end| path.ends_with(end)) {
            wrong.push(line.to_owned());
        }
        seen += 1;
    }
    (seen, wrong)
}

fn calls<'a>(text: &'a str, call: &str) -> Vec<&'a str> {
    text.lines().filter(|l| l.contains(call)).collect()
}

#[test]
fn hostile_files_start_nothing_ask_nobody_and_open_nothing_outside() {
    let (mut seen, mut runs) = (0, 0);
    for (name, s) in repositories() {
        for command in ["plan", "validate"] {
            let root = s.r.path("").canonicalize().unwrap();
            let trace = s.outside.path().join("trace.txt");
            let Some((code, text)) = traced(&s.command(&[command]), &trace) else { return };
            assert_eq!(code, Some(65), "{name}: {command}");
            assert_eq!(calls(&text, "execve").len(), 1, "{name}: {:?}", calls(&text, "execve"));
            for call in ["connect(", "sendto(", "bind(", "listen(", "fork("] {
                assert_eq!(calls(&text, call), [""; 0], "{name}: {command}");
            }
            let (opened, wrong) = outside(&text, &root);
            assert_eq!(wrong, [""; 0], "{name}: {command}");
            (seen, runs) = (seen + opened, runs + 1);
        }
    }
    assert!(seen > 0, "no open file was seen");
    println!("isolation: {runs} runs, {seen} files opened");
}

/// With a key, and a server that answers: nobody else is spoken to, whatever it says.
#[test]
fn a_plan_speaks_to_the_servers_of_its_operator_only() {
    let server = Server::plain(Arc::new(|asked| {
        let to = format!("http://169.254.169.254{}", asked.target);
        vec![Piece::Bytes(reply(307, &[("Location", &to)], b"{}"))]
    }));
    let s = Scene::new();
    let (old, new) = (s.origin().to_owned(), server.origin.clone());
    s.r.edit(SPEC, &old, &new);
    let mut command = s.command(&["plan", "--read-timeout", "1s"]);
    command
        .env("OMNI_ENDPOINT", &new)
        .env("HTTP_PROXY", "http://169.254.169.254:1")
        .env("ALL_PROXY", "http://169.254.169.254:1");
    let Some((code, text)) = traced(&command, &s.outside.path().join("trace.txt")) else { return };
    assert_eq!(code, Some(69), "{text}");
    assert_eq!(calls(&text, "execve").len(), 1, "{:?}", calls(&text, "execve"));
    let port = new.rsplit(':').next().unwrap().to_owned();
    let spoken = calls(&text, "connect(");
    assert!(!spoken.is_empty() && !server.asked().is_empty());
    let ours = format!("sin_port=htons({port}), sin_addr=inet_addr(\"127.0.0.1\")");
    let others: Vec<&&str> = spoken.iter().filter(|l| !l.contains(&ours)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(calls(&text, "sendto(").iter().filter(|l| l.contains("sin_addr")).count(), 0);
}
