//! What a run does to its system, as the kernel saw it: it starts no program, connects to nobody, and opens no file outside.

use std::process::Command;

use crate::scene::{SPEC, Scene, TEMPLATE, installed, template};

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
        with("spec", &|s| s.r.edit(SPEC, "name: omni-scale", "name: !include /etc/passwd")),
    ]
}

#[test]
fn a_plan_of_hostile_files_starts_nothing_asks_nobody_and_opens_nothing_outside() {
    if !installed("strace") {
        println!("isolation: skipped, `strace` is not installed");
        return;
    }
    let mut seen = 0;
    for (name, s) in repositories() {
        let trace = s.r.path("trace.txt");
        let plain = s.command(&["plan"]);
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-e", "trace=execve,connect,open,openat,openat2", "-o"]).arg(&trace);
        command.arg(plain.get_program()).args(plain.get_args()).current_dir(s.r.path(""));
        command.env_clear().envs(plain.get_envs().filter_map(|(k, v)| Some((k, v?))));
        let output = command.output().unwrap();
        let Ok(text) = std::fs::read_to_string(&trace) else {
            println!(
                "isolation: skipped, `strace` may not trace here: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            return;
        };
        assert_eq!(output.status.code(), Some(65), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let calls = |call: &str| text.lines().filter(|l| l.contains(call)).collect::<Vec<_>>();
        assert_eq!(calls("execve(").len(), 1, "{name}: {:?}", calls("execve("));
        assert_eq!(calls("connect("), [""; 0], "{name}");
        let root = s.r.path("").canonicalize().unwrap();
        for line in calls("open").into_iter().filter(|l| !l.contains("= -1")) {
            let Some(path) = line.split('"').nth(1) else { continue };
            let ours = !path.starts_with('/') || path.starts_with(root.to_str().unwrap());
            let built = path.starts_with(env!("CARGO_MANIFEST_DIR")) || path.contains("/toolchains/");
            let system = SYSTEM.iter().any(|folder| path.starts_with(folder));
            let secret =
                ["/etc/shadow", "/etc/passwd", "environ", "/dev/zero"].iter().any(|end| path.ends_with(end));
            assert!((ours || system || built) && !secret, "{name} opened {path}");
            seen += 1;
        }
    }
    assert!(seen > 0, "no open file was seen");
    println!("isolation: {} repositories, {seen} files opened", repositories().len());
}
