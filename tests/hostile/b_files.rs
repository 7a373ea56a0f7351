//! B: paths that files name, and what stands there.

use std::os::unix::fs::symlink;

use crate::entries::{Entry, Failures, run};
use crate::judge::finish;
use crate::scene::{CLASS, SPEC, Scene, TEMPLATE};

/// Each file name, as YAML writes it, is refused where it stands.
fn names(failures: &mut Failures, files: &[&str]) {
    for file in files {
        let s = Scene::new();
        s.patch(file);
        s.refused(file, true, &[TEMPLATE], failures);
    }
}

/// A patch file `clusters/patches/p.yaml` that `make` puts there.
fn patched(name: &str, failures: &mut Failures, make: impl FnOnce(&Scene)) {
    let s = Scene::new();
    s.patch("patches/p.yaml");
    make(&s);
    s.refused(name, true, &["p.yaml"], failures);
}

/// The template, the class and the spec themselves, made by `make` at their path.
fn instead(name: &str, failures: &mut Failures, make: impl Fn(&Scene, &std::path::Path)) {
    for file in [TEMPLATE, CLASS, SPEC] {
        let s = Scene::new();
        let path = s.r.path(file);
        std::fs::remove_file(&path).unwrap();
        make(&s, &path);
        s.refused(&format!("{name} at {file}"), false, &[], failures);
    }
}

fn fifo(path: &std::path::Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn b9(f: &mut Failures) {
    patched("link to a file outside", f, |s| {
        symlink(s.secret(), s.r.path("clusters/patches/p.yaml")).unwrap();
    });
    patched("link to /etc/passwd", f, |s| {
        symlink("/etc/passwd", s.r.path("clusters/patches/p.yaml")).unwrap();
    });
    instead("link outside", f, |s, path| symlink(s.secret(), path).unwrap());
}

fn b10(f: &mut Failures) {
    let s = Scene::new();
    symlink(s.outside.path(), s.r.path("clusters/beyond")).unwrap();
    s.patch("beyond/secret.yaml");
    s.refused("linked folder", true, &["beyond/secret.yaml"], f);
}

fn b11(f: &mut Failures) {
    patched("loop", f, |s| {
        symlink("q.yaml", s.r.path("clusters/patches/p.yaml")).unwrap();
        symlink("p.yaml", s.r.path("clusters/patches/q.yaml")).unwrap();
    });
}

fn b12(f: &mut Failures) {
    for target in ["/proc/self/environ", "/proc/self/fd/3", "/proc/self/root/etc/passwd", "/proc/self/cwd"] {
        patched(target, f, |s| symlink(target, s.r.path("clusters/patches/p.yaml")).unwrap());
    }
}

fn b13(f: &mut Failures) {
    patched("pipe", f, |s| fifo(&s.r.path("clusters/patches/p.yaml")));
    instead("pipe", f, |_, path| fifo(path));
}

fn b14(f: &mut Failures) {
    let socket = |path: &std::path::Path| drop(std::os::unix::net::UnixListener::bind(path).unwrap());
    patched("socket", f, |s| socket(&s.r.path("clusters/patches/p.yaml")));
    instead("socket", f, |_, path| socket(path));
    patched("/dev/zero", f, |s| symlink("/dev/zero", s.r.path("clusters/patches/p.yaml")).unwrap());
}

fn b15(f: &mut Failures) {
    patched("folder", f, |s| std::fs::create_dir(s.r.path("clusters/patches/p.yaml")).unwrap());
    let s = Scene::new();
    std::fs::remove_file(s.r.path(SPEC)).unwrap();
    std::fs::create_dir(s.r.path(SPEC)).unwrap();
    s.refused("folder for a spec", false, &[SPEC], f);
}

fn b16(f: &mut Failures) {
    let sparse = |path: &std::path::Path| std::fs::File::create(path).unwrap().set_len(10 << 30).unwrap();
    patched("10 GiB", f, |s| sparse(&s.r.path("clusters/patches/p.yaml")));
    instead("10 GiB", f, |_, path| sparse(path));
}

/// Whatever is seen of a file that grows, the run ends, and a file that has grown too large is refused.
fn b17(f: &mut Failures) {
    use std::io::Write as _;
    let s = Scene::new();
    s.patch("patches/p.yaml");
    s.write("clusters/patches/p.yaml", "# grows\n");
    let mut file =
        std::fs::OpenOptions::new().append(true).open(s.r.path("clusters/patches/p.yaml")).unwrap();
    let writer = std::thread::spawn(move || {
        let block = vec![b'#'; 1 << 20];
        for _ in 0..64 {
            file.write_all(&block).unwrap();
        }
    });
    let run = finish(s.command(&["validate"]));
    writer.join().unwrap();
    run.sound("while it grows", f);
    s.refused("grown", true, &["p.yaml"], f);
}

/// A file that is a link outside half of the time: either it was inside when it was read, or it is refused.
fn b19(f: &mut Failures) {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let s = Scene::new();
    s.patch("patches/p.yaml");
    let (inside, link) = (s.r.path("clusters/patches/.inside"), s.r.path("clusters/patches/.link"));
    let (path, secret) = (s.r.path("clusters/patches/p.yaml"), s.secret());
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let swapper = std::thread::spawn(move || {
        let mut swaps = 0_u64;
        while !stopped.load(Ordering::Relaxed) {
            std::fs::write(&inside, "machine: {env: {A: inside}}\n").unwrap();
            std::fs::rename(&inside, &path).unwrap();
            symlink(&secret, &link).unwrap();
            std::fs::rename(&link, &path).unwrap();
            swaps += 2;
        }
        swaps
    });
    for n in 0..25 {
        let run = finish(s.command(&["render", TEMPLATE]));
        run.sound(&format!("swapped, run {n}"), f);
        f.check(matches!(run.code, Some(0 | 65)), || format!("exit {:?}: {}", run.code, run.start()));
    }
    stop.store(true, Ordering::Relaxed);
    f.check(swapper.join().unwrap() > 100, || "the file was hardly swapped".to_owned());
}

fn b18(f: &mut Failures) {
    let s = Scene::new();
    s.patch("patches/p.yaml");
    if std::fs::hard_link(s.secret(), s.r.path("clusters/patches/p.yaml")).is_ok() {
        s.taken("hard link", f);
    }
}

fn b20(f: &mut Failures) {
    names(
        f,
        &[r"patches\x.yaml", r"C:\x.yaml", r"\\?\C:\x", "C:/x.yaml", "\"p.yaml \"", "p.yaml.", "P.YAML"],
    );
    // Two files are two files where the file system tells them apart.
    let s = Scene::new();
    s.patch("P.yaml");
    s.write("clusters/p.yaml.txt", "machine: {}\n");
    s.refused("another case", true, &["P.yaml"], f);
}

fn b21(f: &mut Failures) {
    use std::os::unix::ffi::OsStrExt as _;
    let (long, component) = (format!("{}p.yaml", "a/".repeat(2500)), format!("{}.yaml", "n".repeat(300)));
    names(f, &[&long, &component]);
    let s = Scene::new();
    s.write("clusters/a.txt", "");
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9\x1b[2J.yaml");
    std::fs::write(s.r.path("clusters").join(name), "kind: [\n").unwrap();
    let run = finish(s.command(&["validate"]));
    run.sound("a name that is no text", f);
    f.check(run.code == Some(65), || format!("a name that is no text: exit {:?}: {}", run.code, run.start()));
    s.unasked("a name that is no text", f);
}

fn b22(f: &mut Failures) {
    names(
        f,
        &[
            "../state/record.json",
            "../state/.digest-key",
            "../spec/omni.yaml",
            "../state/lab/fresh/world.json",
        ],
    );
}

fn b23(f: &mut Failures) {
    let s = Scene::new();
    let marker = s.outside.path().join("pwned");
    let touch = format!("touch {}", marker.display());
    s.write(".git/HEAD", "ref: refs/heads/main\n");
    s.write(
        ".git/config",
        format!("[core]\n\tfsmonitor = {touch}\n\thooksPath = hooks\n\tsshCommand = {touch}\n"),
    );
    s.write(".gitmodules", format!("[submodule \"x\"]\n\tpath = x\n\turl = ext::sh -c {touch}\n"));
    s.taken("a repository of git", f);
    let run = finish(s.r.command(&["plan", "--lab"]));
    run.sound("plan", f);
    f.check(run.code == Some(0), || format!("plan: exit {:?}: {}", run.code, run.start()));
    f.check(!marker.exists(), || "a command of git's configuration was run".to_owned());
}

/// Twenty thousand; a million take a minute to make and show nothing more.
fn b24(f: &mut Failures) {
    let s = Scene::new();
    for folder in ["clusters", "elsewhere"] {
        std::fs::create_dir_all(s.r.path(folder)).unwrap();
        for n in 0..10_000 {
            std::fs::write(s.r.path(folder).join(format!("{n}.txt")), "").unwrap();
        }
    }
    s.taken("many files", f);
}

fn b26(f: &mut Failures) {
    use std::os::unix::fs::PermissionsExt as _;
    let s = Scene::new();
    s.patch("patches/p.yaml");
    s.write("clusters/patches/p.yaml", "no map");
    let path = s.r.path("clusters/patches/p.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o0)).unwrap();
    if std::fs::read(&path).is_ok() {
        // The superuser reads everything: it is no map then, and still not quoted.
        s.refused("not for reading, read by root", true, &["p.yaml"], f);
        return;
    }
    s.refused("not for reading", true, &["p.yaml"], f);
}

#[test]
fn files() {
    run('B', 26, TABLE);
}

const REFUSED: &str = "refused where it is named";

pub const TABLE: &[Entry] = &[
    Entry {
        id: "B1",
        what: "absolute path",
        expected: REFUSED,
        here: Some(|f| names(f, &["/etc/passwd"])),
        there: &[],
    },
    Entry {
        id: "B2",
        what: "path far above",
        expected: REFUSED,
        here: Some(|f| names(f, &["../../../../etc/shadow"])),
        there: &[],
    },
    Entry {
        id: "B3",
        what: "path above through a folder",
        expected: REFUSED,
        here: Some(|f| names(f, &["patches/../../x"])),
        there: &[],
    },
    Entry {
        id: "B4",
        what: "path above after cleaning",
        expected: REFUSED,
        here: Some(|f| names(f, &["patches/./a/../../../x"])),
        there: &[("src/template/files.rs", "paths_are_cleaned_as_text")],
    },
    Entry {
        id: "B5",
        what: "NUL in a path",
        expected: REFUSED,
        here: Some(|f| names(f, &["\"\\u0000x\"", "\"p.yaml\\0\"", "\"p\\0.yaml\""])),
        there: &[],
    },
    Entry {
        id: "B6",
        what: "a home folder",
        expected: "refused: `~` is a letter",
        here: Some(|f| names(f, &["~/.ssh/id_ed25519"])),
        there: &[],
    },
    Entry {
        id: "B7",
        what: "variables in a path",
        expected: "refused: they are letters",
        here: Some(|f| names(f, &["$HOME/x", "\"${S3_SECRET}\"", "\"{{ env.SECRET }}\""])),
        there: &[],
    },
    Entry {
        id: "B8",
        what: "addresses",
        expected: REFUSED,
        here: Some(|f| {
            names(
                f,
                &["file:///etc/passwd", "http://169.254.169.254/latest/meta-data", "https://127.0.0.1/x"],
            );
        }),
        there: &[],
    },
    Entry {
        id: "B9",
        what: "link to a file outside",
        expected: REFUSED,
        here: Some(b9),
        there: &[("tests/cli/wrong_inputs.rs", "links_out_of_the_tree_are_refused_wherever_they_stand")],
    },
    Entry {
        id: "B10",
        what: "linked folder",
        expected: REFUSED,
        here: Some(b10),
        there: &[("tests/cli/files.rs", "render_reads_files_of_the_allowed_folder_only")],
    },
    Entry { id: "B11", what: "loop of links", expected: REFUSED, here: Some(b11), there: &[] },
    Entry { id: "B12", what: "links into /proc", expected: REFUSED, here: Some(b12), there: &[] },
    Entry {
        id: "B13",
        what: "pipe",
        expected: "refused without waiting for a writer",
        here: Some(b13),
        there: &[],
    },
    Entry { id: "B14", what: "device or socket", expected: REFUSED, here: Some(b14), there: &[] },
    Entry {
        id: "B15",
        what: "folder for a file",
        expected: REFUSED,
        here: Some(b15),
        there: &[("tests/cli/files.rs", "render_reads_files_of_the_allowed_folder_only")],
    },
    Entry {
        id: "B16",
        what: "10 GiB of holes",
        expected: "refused by its size",
        here: Some(b16),
        there: &[("tests/cli/wrong_inputs.rs", "files_of_20_mb_are_not_read")],
    },
    Entry {
        id: "B17",
        what: "file that grows",
        expected: "an end in time, whatever was seen",
        here: Some(b17),
        there: &[],
    },
    Entry {
        id: "B18",
        what: "hard link",
        expected: "taken: nothing tells it from a file, and whoever makes it can read the other",
        here: Some(b18),
        there: &[],
    },
    Entry {
        id: "B19",
        what: "swapped for a link while it is read",
        expected: "inside, or refused",
        here: Some(b19),
        there: &[],
    },
    Entry { id: "B20", what: "paths of other systems", expected: REFUSED, here: Some(b20), there: &[] },
    Entry {
        id: "B21",
        what: "long names and names that are no text",
        expected: REFUSED,
        here: Some(b21),
        there: &[],
    },
    Entry {
        id: "B22",
        what: "the tool's own files",
        expected: "refused: they lie above the template",
        here: Some(b22),
        there: &[],
    },
    Entry {
        id: "B23",
        what: "configuration of git",
        expected: "git is not run",
        here: Some(b23),
        there: &[],
    },
    Entry {
        id: "B24",
        what: "a very full tree",
        expected: "taken: only what the spec names is read",
        here: Some(b24),
        there: &[("src/cli/walk.rs", "a_deep_tree_ends")],
    },
    Entry {
        id: "B25",
        what: "mounts in the tree",
        expected: "taken: a mount is made by whoever runs the tool, not by a repository; what is below it counts as inside",
        here: None,
        there: &[("src/cli/files.rs", "nothing_outside_the_root_is_read")],
    },
    Entry {
        id: "B26",
        what: "file without permissions",
        expected: "refused; nothing of its folder is told",
        here: Some(b26),
        there: &[],
    },
];
