//! Pages in a real browser, where one is installed (`CHROMIUM` names it, else it is looked for).

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use omni_scale::render::context::Context;
use omni_scale::render::html;

use super::dom::census;
use super::poison;
use crate::cases::{Case, all};

fn browser() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    std::env::split_paths(&path).flat_map(|f| names.map(|n| f.join(n))).find(|p| p.is_file())
}

/// Runs the browser with a profile of its own; gives what it printed and what it complained about.
fn run(browser: &Path, arguments: &[&str]) -> (String, String) {
    let profile = tempfile::tempdir().expect("a folder");
    let ran = Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ])
        .args(["--no-first-run", "--disable-background-networking", "--disable-component-update"])
        .args(["--enable-logging=stderr", "--v=0"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .output()
        .expect("the browser runs");
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    (text(&ran.stdout), text(&ran.stderr))
}

/// Serves one page to whoever asks for `/`, and remembers every path that was asked for.
fn serve(page: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/", listener.local_addr().expect("an address"));
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut buffer = [0; 8192];
            let n = stream.read(&mut buffer).unwrap_or(0);
            let request = String::from_utf8_lossy(&buffer[..n]).into_owned();
            let Some(path) = request.split(' ').nth(1).map(str::to_owned) else { continue };
            let body = if path == "/" { page.as_str() } else { "" };
            seen.lock().expect("not poisoned").push(path);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (address, asked)
}

/// What the console said.
fn console(log: &str) -> Vec<&str> {
    log.lines().filter(|l| l.contains("CONSOLE")).collect()
}

fn named(name: &str) -> Case {
    all().iter().find(|c| c.name.starts_with(name)).unwrap_or_else(|| panic!("{name}")).clone()
}

#[test]
fn a_browser_shows_the_page_without_an_error_and_without_a_request() {
    let Some(browser) = browser() else { return };
    let hostile = "\"><img src=//127.0.0.1:9/x onerror=console.error(1)><script>console.error(2)</script>";
    let (plan, context) = poison::plan(4, || hostile.to_owned());
    let mut pages = vec![("hostile".to_owned(), html::text(&plan, &context), plan)];
    for name in ["001", "007", "011", "029", "039"] {
        let plan = named(name).plan();
        pages.push((name.to_owned(), html::text(&plan, &Context::default()), plan));
    }
    for (name, page, plan) in pages {
        let steps = plan.steps.iter().filter(|s| s.action != omni_scale::plan::Action::Await).count();
        let (address, asked) = serve(page.clone());
        let (shown, log) = run(&browser, &["--dump-dom", &address]);
        assert_eq!(console(&log), Vec::<&str>::new(), "{name}");
        let mut paths = asked.lock().expect("not poisoned").clone();
        // The browser's own question for an icon, which no page can keep it from asking.
        paths.retain(|p| p != "/favicon.ico");
        assert_eq!(paths, ["/"], "{name}");
        // The browser and the parser of the other tests understand the same page.
        let (theirs, ours) = (census(&shown), census(&page));
        assert_eq!(theirs.elements, ours.elements, "{name}");
        let cards =
            ours.elements.iter().filter(|(e, _)| e.starts_with("article class=step ")).map(|(_, n)| n);
        assert_eq!(cards.sum::<usize>(), steps, "{name}: a card for every step");
        for step in &plan.steps {
            assert!(theirs.text.contains(step.address.kind()), "{name}");
        }
    }
}

#[test]
fn a_browser_refuses_what_the_policy_forbids() {
    let Some(browser) = browser() else { return };
    // What an escaper that fails would let through: the policy has to hold without it.
    let page = html::text(&named("007").plan(), &Context::default()).replace(
        "<main ",
        "<img src=/stolen><script>fetch('/stolen')</script><p style=\"color:red\">x</p><main ",
    );
    let (address, asked) = serve(page);
    let (_, log) = run(&browser, &["--dump-dom", &address]);
    assert!(console(&log).len() >= 3, "an image, a script and a style are refused: {log}");
    assert!(!asked.lock().expect("not poisoned").iter().any(|p| p.contains("stolen")));
}

/// The picture of the README: `PICTURE=docs/images/plan.png cargo test --test golden picture`.
#[test]
fn a_picture_is_made_of_the_page() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (page, picture) = (folder.path().join("plan.html"), folder.path().join("plan.png"));
    std::fs::write(&page, html::text(&named("007").plan(), &Context::default())).expect("written");
    let (shot, url) = (format!("--screenshot={}", picture.display()), format!("file://{}", page.display()));
    run(&browser, &["--window-size=1180,1500", &shot, &url]);
    let bytes = std::fs::read(&picture).expect("a picture");
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() < 300_000, "{} bytes", bytes.len());
    if let Some(to) = std::env::var_os("PICTURE") {
        let to = Path::new(env!("CARGO_MANIFEST_DIR")).join(to);
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        std::fs::write(to, bytes).expect("written");
    }
}
