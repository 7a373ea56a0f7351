//! E: what Omni and Proxmox answer. One hostile server stands in front of an honest Omni of the lab, or is Proxmox, and changes its answers to one kind of call.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use omni_scale::lab::{Lab, LabOptions, Speed};
use serde_json::{Value, json};

use crate::entries::{Entry, Failures, There, run};
use crate::judge::{Run, finish, forbid, image, leaks};
use crate::repository::Repository;
use crate::scene::{CLASS, SPEC, words};
use crate::server::{Asked, Honest, Piece, Server, forward, reply};

/// Which calls are answered otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    /// Omni's lists, all of them.
    Lists,
    /// Its own version: the first, small question.
    Version,
    /// Writes to Omni, which it does not carry out.
    Lost,
    /// Writes to Omni, which it does carry out.
    Done,
    /// All that is asked of Proxmox.
    Proxmox,
}

/// Calls whose answers are read.
const READS: [At; 3] = [At::Lists, At::Version, At::Proxmox];
/// All calls.
const ALL: [At; 5] = [At::Lists, At::Version, At::Proxmox, At::Lost, At::Done];
/// Nothing listens for credentials here.
const TOKEN: &str = "deadbeef-7c1f-4000-8000-c0ffee00c0de";

/// What becomes of an honest answer.
type Twist = Arc<dyn Fn(&Asked, &Honest) -> Vec<Piece> + Send + Sync>;

fn twist(f: impl Fn(&Asked, &Honest) -> Vec<Piece> + Send + Sync + 'static) -> Twist {
    Arc::new(f)
}

/// The same bytes whatever is asked.
fn always(pieces: Vec<Piece>) -> Twist {
    twist(move |_, _| pieces.clone())
}

fn one(bytes: impl Into<Vec<u8>>) -> Vec<Piece> {
    vec![Piece::Bytes(bytes.into())]
}

fn body(status: u16, text: &str) -> Twist {
    always(one(reply(status, &[("Content-Type", "application/json")], text.as_bytes())))
}

/// An honest Omni, and the key that it takes.
struct Omni {
    origin: String,
    key: String,
}

impl Omni {
    fn start(name: &'static str) -> Self {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("hostile-{name}"));
        let _ = std::fs::remove_dir_all(&root);
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            runtime.unwrap().block_on(async {
                let options = LabOptions {
                    root,
                    world: "deployed".to_owned(),
                    latency: Duration::ZERO,
                    speed: Speed::Times(1000.0),
                };
                let lab = Lab::start(options).await.unwrap();
                let (origin, key) = (lab.omni_endpoint().to_owned(), lab.service_account_key());
                sender.send(Self { origin, key: key.expose().clone() }).unwrap();
                std::future::pending::<()>().await;
            });
        });
        let omni = receiver.recv().unwrap();
        forbid(&omni.key[200..260]);
        forbid(TOKEN);
        omni
    }
    /// One that is only read.
    fn read() -> &'static Self {
        static OMNI: OnceLock<Omni> = OnceLock::new();
        OMNI.get_or_init(|| Self::start("read"))
    }
    /// One that is written to.
    fn written() -> &'static Self {
        static OMNI: OnceLock<Omni> = OnceLock::new();
        OMNI.get_or_init(|| Self::start("written"))
    }
}

/// What an honest Proxmox answers.
fn proxmox(asked: &Asked) -> Honest {
    let node = |name: &str| json!({"node": name, "status": "online", "maxmem": 64_u64 << 30, "maxcpu": 16, "type": "node"});
    let rights = json!({"VM.Audit": 1, "Datastore.Audit": 1, "Sys.Audit": 1});
    let data = match asked.call() {
        "nodes" => json!([node("foxtrot"), node("golf"), node("hotel")]),
        "resources" => {
            json!([{"type": "qemu", "vmid": 101, "node": "hotel", "name": "other", "status": "running"}])
        }
        "status" => json!([{"type": "cluster", "name": "matrix", "quorate": 1, "nodes": 3}]),
        "permissions" => json!({"/": rights, "/vms": rights, "/storage": rights, "/nodes": rights}),
        "version" => json!({"version": "9.1.1", "release": "9.1"}),
        _ => json!([]),
    };
    Honest {
        status: 200,
        kind: "application/json;charset=UTF-8".to_owned(),
        body: json!({ "data": data }).to_string().into_bytes(),
    }
}

/// A repository, and the servers that it names.
struct Attack {
    r: Repository,
    omni: Server,
    proxmox: Option<Server>,
    key: &'static str,
}

impl Attack {
    fn new(at: At, twisted: Twist) -> Self {
        let writes = matches!(at, At::Lost | At::Done);
        let world = if writes { Omni::written() } else { Omni::read() };
        let proxmox = (at == At::Proxmox).then(|| {
            let twisted = twisted.clone();
            Server::tls(Arc::new(move |asked| twisted(asked, &proxmox(asked))))
        });
        let front = Server::plain(Arc::new(move |asked| {
            let hit = match at {
                At::Lists => asked.call() == "List",
                At::Version => asked.about().0.starts_with("SysVersions"),
                At::Lost | At::Done => asked.writes(),
                At::Proxmox => false,
            };
            if hit && at == At::Lost {
                let nothing =
                    Honest { status: 200, kind: "application/json".to_owned(), body: b"{}".to_vec() };
                return twisted(asked, &nothing);
            }
            let honest = forward(&world.origin, asked);
            if hit { twisted(asked, &honest) } else { one(honest.bytes()) }
        }));
        let r = Repository::new();
        r.edit(SPEC, "https://omni.spaceships.work", &front.origin);
        if let Some(proxmox) = &proxmox {
            let named = "endpoints:\n      - https://192.168.3.5:8006\n      - https://192.168.3.6:8006\n      - https://192.168.3.7:8006\n";
            let pin = proxmox.pin.as_ref().unwrap();
            let ours = format!("endpoints: [{}]\n    tls: {{ sha256: \"{pin}\" }}\n", proxmox.origin);
            r.edit(SPEC, named, &ours);
        }
        if writes {
            // Each case wants something that no case before it had.
            static CORES: AtomicU32 = AtomicU32::new(9);
            let cores = CORES.fetch_add(1, Ordering::SeqCst);
            r.edit(CLASS, "cores: 8", &format!("cores: {cores}"));
        }
        Self { r, omni: front, proxmox, key: &world.key }
    }
    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.r.command(&[arguments, &["--read-timeout", "1s"]].concat());
        command.env("OMNI_SERVICE_ACCOUNT_KEY", self.key).env("OMNI_ENDPOINT", &self.omni.origin);
        if let Some(proxmox) = &self.proxmox {
            command.env("PROXMOX_VE_API_TOKEN", format!("audit@pve!plan={TOKEN}"));
            command.env("PROXMOX_VE_ENDPOINT", &proxmox.origin);
        }
        finish(command)
    }
    /// What holds of every attack: each server saw its own credential only, nothing was written where nothing should be, and what
    /// stays on disk has no secret in it.
    fn sound(&self, name: &str, run: &Run, f: &mut Failures) {
        run.sound(name, f);
        for asked in self.omni.asked() {
            f.check(!asked.text().contains(TOKEN), || format!("{name}: Omni got Proxmox's token"));
            f.check(!asked.headers.iter().any(|(k, _)| k == "authorization" || k == "cookie"), || {
                format!("{name}: Omni got other credentials: {:?}", asked.headers)
            });
        }
        for asked in self.proxmox.iter().flat_map(Server::asked) {
            let foreign = asked.headers.iter().any(|(k, _)| k.contains("sidero") || k == "cookie");
            f.check(!foreign && !asked.text().contains(&self.key[..40]), || {
                format!("{name}: Proxmox got what is Omni's: {:?}", asked.headers)
            });
            f.check(!asked.writes(), || format!("{name}: something was sent to Proxmox: {}", asked.target));
        }
        for path in image(&self.r.path("state")).into_keys().filter(|p| p.is_file()) {
            let leak = leaks(&std::fs::read(&path).unwrap());
            f.check(leak.is_none(), || format!("{name}: a secret ({leak:?}) in {}", path.display()));
        }
    }
}

/// A plan against it: `codes`, and one of `texts` where there are any.
fn plan(f: &mut Failures, name: &str, at: At, codes: &[i32], texts: &[&str], twisted: Twist) -> Run {
    let attack = Attack::new(at, twisted);
    let name = format!("{name} ({at:?})");
    let before = image(&attack.r.path(""));
    let run = attack.run(&["plan"]);
    attack.sound(&name, &run, f);
    f.check(run.code.is_some_and(|c| codes.contains(&c)), || {
        format!("{name}: exit {:?} instead of {codes:?}: {}", run.code, run.start())
    });
    let all = words(&run.both());
    f.check(texts.is_empty() || texts.iter().any(|t| all.contains(t)), || {
        format!("{name}: none of {texts:?}: {}", run.start())
    });
    f.check(!all.trim().is_empty(), || format!("{name}: without a cause"));
    let asked = attack.omni.asked();
    f.check(!asked.iter().any(Asked::writes), || format!("{name}: something was written"));
    f.check(asked.len() < 300, || format!("{name}: {} requests", asked.len()));
    f.check(image(&attack.r.path("")) == before, || format!("{name}: something was written to disk"));
    run
}

/// An apply against it. After an answer that proves nothing a write is not sent again before somebody looked.
fn apply(f: &mut Failures, name: &str, at: At, twisted: Twist) {
    // One after the other: each changes the same class, and a plan is stale when another one got there first.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let attack = Attack::new(at, twisted);
    let name = format!("{name} ({at:?})");
    let run = attack.run(&["apply", "--auto-approve", "--max-risk", "critical"]);
    attack.sound(&name, &run, f);
    // What was done is found by looking, whatever the answer was.
    let codes: &[i32] = if at == At::Done { &[0, 5, 7, 69] } else { &[5, 7, 69] };
    f.check(run.code.is_some_and(|c| codes.contains(&c)), || {
        format!("{name}: exit {:?}: {}", run.code, run.start())
    });
    let asked = attack.omni.asked();
    f.check(asked.iter().any(Asked::writes), || format!("{name}: nothing was sent: {}", run.start()));
    let mut sent: Vec<(String, String)> = Vec::new();
    for request in &asked {
        let about = request.about();
        if request.writes() {
            f.check(!sent.contains(&about), || format!("{name}: {about:?} was sent again unseen"));
            sent.push(about);
        } else {
            sent.retain(|(kind, id)| *kind != about.0 || (!about.1.is_empty() && *id != about.1));
        }
    }
}

/// The answer proves nothing, whatever was asked.
fn everywhere(f: &mut Failures, name: &str, ats: &[At], texts: &[&str], twisted: &Twist) {
    for at in ats {
        match at {
            At::Lost | At::Done => apply(f, name, *at, twisted.clone()),
            // Without Proxmox a plan is made from Omni alone, and says so; one that does not answer at all leaves it incomplete.
            At::Proxmox => {
                let told = ["was not fully read", "cannot be reached"];
                drop(plan(f, name, *at, &[0, 69], &[texts, &told].concat(), twisted.clone()));
            }
            at => drop(plan(f, name, *at, &[69], texts, twisted.clone())),
        }
    }
}

/// What an honest world's plan says.
fn honest(at: At) -> String {
    static LISTS: OnceLock<String> = OnceLock::new();
    static PROXMOX: OnceLock<String> = OnceLock::new();
    let text = || {
        let run = Attack::new(at, twist(|_, honest| one(honest.bytes()))).run(&["plan"]);
        assert_eq!(run.code, Some(0), "{}", run.both());
        nameless(&run.out)
    };
    if at == At::Proxmox { PROXMOX.get_or_init(text).clone() } else { LISTS.get_or_init(text).clone() }
}

/// A plan's text without the name of its server, which has another port each time, and without the digest, which knows it.
fn nameless(text: &str) -> String {
    text.lines()
        .filter(|l| !l.contains("127.0.0.1") && !l.starts_with("Digest:"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// It changes nothing of what is said.
fn harmless(f: &mut Failures, name: &str, at: At, twisted: Twist) {
    let run = plan(f, name, at, &[0], &[], twisted);
    let said = nameless(&run.out);
    f.check(said == honest(at), || format!("{name}: another plan: {said}"));
}

/// A list whose documents are changed; what it counts stays true.
fn documents(change: impl Fn(&str, &mut Vec<Value>) + Send + Sync + 'static) -> Twist {
    twist(move |asked, honest| {
        let mut body: Value = serde_json::from_slice(&honest.body).unwrap();
        let (kind, _) = asked.about();
        let items = body["items"].as_array().cloned().unwrap_or_default();
        let mut all: Vec<Value> =
            items.iter().map(|i| serde_json::from_str(i.as_str().unwrap()).unwrap()).collect();
        change(kind.split('.').next().unwrap_or_default(), &mut all);
        body["total"] = json!(all.len());
        body["items"] = all.iter().map(|d| Value::String(d.to_string())).collect();
        honest.with(body.to_string())
    })
}

/// The text of the first document of machine classes, changed as text: for what no JSON library would write.
fn text(from: &'static str, to: &'static str) -> Twist {
    twist(move |asked, honest| {
        let text = honest.text();
        if !asked.about().0.starts_with("MachineClasses") {
            return one(honest.bytes());
        }
        assert!(text.contains(from), "{text}");
        honest.with(text.replacen(from, to, 1))
    })
}

fn e1(f: &mut Failures) {
    let page = "<html><form action=/login><input name=password></form></html>";
    let login = always(one(reply(200, &[("Content-Type", "text/html; charset=utf-8")], page.as_bytes())));
    everywhere(f, "login page", &ALL, &["not Omni's API", "does not answer like Proxmox"], &login);
    everywhere(f, "page called JSON", &[At::Lists, At::Proxmox], &[], &body(200, page));
}

fn e2(f: &mut Failures) {
    everywhere(f, "nothing", &ALL, &[], &body(200, ""));
    everywhere(f, "nothing of no kind", &READS, &[], &always(one(reply(200, &[], b""))));
    everywhere(f, "no content", &READS, &[], &always(one(reply(204, &[], b""))));
}

fn e3(f: &mut Failures) {
    for text in ["null", "[]", "0", "\"\"", "true"] {
        everywhere(f, text, &ALL[..3], &[], &body(200, text));
    }
    everywhere(f, "null", &[At::Lost, At::Done], &[], &body(200, "null"));
    everywhere(f, "{}", &[At::Version, At::Proxmox], &[], &body(200, "{}"));
    everywhere(f, "data: null", &[At::Proxmox], &[], &body(200, "{\"data\":null}"));
}

/// Every byte is done where the answer is read; here some places of the head and of the body, with the line cut or the length made to fit.
fn e4(f: &mut Failures) {
    for share in [0, 3, 12, 30, 50, 75, 99] {
        let cut = twist(move |_, honest| {
            let bytes = honest.bytes();
            one(&bytes[..bytes.len() * share / 100])
        });
        let ats: &[At] = if share == 50 { &ALL } else { &[At::Lists, At::Proxmox] };
        everywhere(f, &format!("cut at {share} %"), ats, &[], &cut);
        let fits = twist(move |_, honest| honest.with(&honest.body[..honest.body.len() * share / 100]));
        everywhere(f, &format!("ends at {share} %"), &[At::Lists], &[], &fits);
    }
}

const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

fn e5(f: &mut Failures) {
    let chunks = vec![Piece::Bytes(CHUNKED.into()), Piece::Endless(b"5\r\n     \r\n".repeat(500))];
    everywhere(f, "chunks without end", &[At::Lists, At::Proxmox], &[], &always(chunks));
    let stops = vec![Piece::Bytes([CHUNKED, "1\r\n{\r\n"].concat().into()), Piece::Hold];
    everywhere(
        f,
        "chunks that stop",
        &[At::Lists, At::Version, At::Proxmox],
        &["within 1 s", "cut off"],
        &always(stops),
    );
    let sized = vec![Piece::Bytes([CHUNKED, "ffffffffffffffff0\r\n{"].concat().into()), Piece::Hold];
    everywhere(f, "a chunk of all that there is", &[At::Lists], &[], &always(sized));
}

fn e6(f: &mut Failures) {
    let slow = twist(|_, honest| vec![Piece::Slow(honest.bytes())]);
    everywhere(f, "a byte now and then", &READS, &["within 1 s", "cut off"], &slow);
    everywhere(f, "no word at all", &READS, &["within 1 s", "cut off"], &always(vec![Piece::Hold]));
    let late = twist(|_, honest| {
        let bytes = honest.bytes();
        let half = bytes.len() / 2;
        vec![Piece::Bytes(bytes[..half].to_vec()), Piece::Slow(bytes[half..].to_vec())]
    });
    everywhere(f, "slow in the middle", &[At::Lists], &["within 1 s", "cut off"], &late);
}

fn e7(f: &mut Failures) {
    let head = |more: &str| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{more}Connection: close\r\n\r\n")
    };
    let block = vec![b' '; 1 << 16];
    let said =
        vec![Piece::Bytes(head("Content-Length: 10737418240\r\n").into()), Piece::Endless(block.clone())];
    everywhere(f, "10 GiB, said", &READS, &["longer than"], &always(said));
    let unsaid = vec![Piece::Bytes(head("").into()), Piece::Endless(block)];
    everywhere(f, "10 GiB, unsaid", &READS, &["longer than", "within 1 s"], &always(unsaid));
}

fn e8(f: &mut Failures) {
    for encoding in ["gzip", "br", "zstd", "deflate", "x-nothing"] {
        let headers = [("Content-Type", "application/json"), ("Content-Encoding", encoding)];
        let bomb =
            always(one(reply(200, &headers, b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xed\xc1\x01\x0d\0\0\0\xc2\xa0")));
        let ats: &[At] = if encoding == "gzip" { &ALL } else { &[At::Lists] };
        everywhere(f, encoding, ats, &["not asked for"], &bomb);
    }
}

fn e9(f: &mut Failures) {
    let lengths = |headers: &'static str, more: i64| {
        twist(move |_, honest| {
            let length = honest.body.len() as i64 + more;
            let headers = headers.replace('N', &length.to_string());
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}\r\n\r\n");
            one([head.as_bytes(), &honest.body].concat())
        })
    };
    for (name, headers, more) in [
        ("too short", "Content-Length: N", -20),
        ("too long", "Content-Length: N", 20),
        ("two lengths", "Content-Length: N\r\nContent-Length: 3", 0),
        ("less than none", "Content-Length: -1", 0),
        ("no number", "Content-Length: all", 0),
        ("more than any", "Content-Length: 99999999999999999999999", 0),
        ("length and chunks", "Content-Length: N\r\nTransfer-Encoding: chunked", 0),
    ] {
        let ats: &[At] = if more != 0 { &ALL } else { &[At::Lists, At::Proxmox] };
        everywhere(f, name, ats, &[], &lengths(headers, more));
    }
}

fn e10(f: &mut Failures) {
    let trap = Server::plain(Arc::new(|_| one(reply(200, &[("Content-Type", "application/json")], b"{}"))));
    for status in [301, 302, 303, 307, 308] {
        let to = trap.origin.clone();
        let moved = twist(move |asked, _| {
            let to = format!("{to}{}", asked.target);
            one(reply(status, &[("Location", &to), ("Content-Type", "application/json")], b"{}"))
        });
        let ats: &[At] = if status == 307 { &ALL } else { &[At::Lists, At::Proxmox] };
        everywhere(f, &format!("{status} elsewhere"), ats, &[], &moved);
    }
    for to in ["http://169.254.169.254/latest/meta-data", "/", "//evil.example/", "file:///etc/passwd"] {
        let moved = always(one(reply(302, &[("Location", to)], b"")));
        everywhere(f, to, &[At::Lists, At::Proxmox], &[], &moved);
    }
    let circle = twist(|asked, _| one(reply(302, &[("Location", &asked.target)], b"")));
    everywhere(f, "circle", &[At::Lists, At::Proxmox], &[], &circle);
    f.check(trap.asked().is_empty(), || format!("a redirect was followed: {:?}", trap.asked()));
}

fn e11(f: &mut Failures) {
    let headers = [("WWW-Authenticate", "Basic realm=\"give\""), ("Content-Type", "application/json")];
    let text = br#"{"code":16,"message":"invalid signature"}"#;
    let basic = always(one(reply(401, &headers, text)));
    for at in [At::Lists, At::Version] {
        plan(f, "basic", at, &[7, 69], &["does not accept"], basic.clone());
    }
    plan(f, "basic", At::Proxmox, &[7], &["does not accept the token"], basic.clone());
    apply(f, "basic", At::Lost, basic);
}

fn e12(f: &mut Failures) {
    for value in
        ["1000000000", "-1", "Fri, 20 Nov 1970 21:58:36 GMT", "soon", "99999999999999999999", "0", ""]
    {
        let headers = [("Retry-After", value), ("Content-Type", "application/json")];
        let busy = always(one(reply(429, &headers, br#"{"code":8,"message":"slow down"}"#)));
        let ats: &[At] = if value == "-1" { &READS } else { &[At::Lists] };
        everywhere(f, &format!("Retry-After: {value}"), ats, &[], &busy);
    }
}

fn e13(f: &mut Failures) {
    for status in [500, 502, 503, 504, 595, 599, 999] {
        let ats: &[At] = if status == 503 { &ALL } else { &[At::Lists, At::Proxmox] };
        everywhere(f, &status.to_string(), ats, &[], &body(status, r#"{"code":14,"message":"down"}"#));
    }
}

fn e14(f: &mut Failures) {
    let with = |header: String| {
        twist(move |_, honest| {
            let text = String::from_utf8(honest.bytes()).unwrap();
            one(text.replacen("Connection:", &format!("{header}Connection:"), 1))
        })
    };
    let long = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
    let many: String = (0..100_000).map(|n| format!("X-{n}: y\r\n")).collect();
    everywhere(f, "a header of 1 MiB", &READS, &[], &with(long));
    everywhere(f, "a hundred thousand headers", &READS, &[], &with(many));
    let cookie = "Set-Cookie: session=evil; Path=/\r\nAlt-Svc: h2=\"evil.example:443\"\r\nRefresh: 0; url=http://evil.example\r\n";
    for at in [At::Lists, At::Proxmox] {
        harmless(f, "a cookie", at, with(cookie.to_owned()));
    }
}

fn e15(f: &mut Failures) {
    for (name, from, to) in [
        ("key twice", r#"{"items""#, r#"{"total":0,"items""#),
        ("NaN", r#""total":"#, r#""x":NaN,"total":"#),
        ("too large a number", r#""total":"#, r#""x":1e999,"total":"#),
        ("key twice inside", r#"\"metadata\":{"#, r#"\"metadata\":{},\"metadata\":{"#),
        ("id as a number", r#"\"id\":\""#, r#"\"id\":1.5,\"x\":\""#),
        ("version as a fraction", r#"\"version\":"#, r#"\"version\":1.5,\"x\":"#),
        ("version below nothing", r#"\"version\":"#, r#"\"version\":-1,\"x\":"#),
        ("owner as a list", r#"\"owner\":"#, r#"\"owner\":[],\"x\":"#),
    ] {
        plan(f, name, At::Lists, &[69], &["cannot be used", "could not be read"], text(from, to));
    }
    for (name, total) in
        [("2^63", "9223372036854775808"), ("-0", "-0"), ("less than none", "-1"), ("text", "\"x\"")]
    {
        let counted = twist(move |_, honest| {
            let mut body: Value = serde_json::from_slice(&honest.body).unwrap();
            body["total"] = json!("TOTAL");
            honest.with(body.to_string().replacen("\"TOTAL\"", total, 1))
        });
        everywhere(f, name, &[At::Lists], &[], &counted);
    }
    let number = |vmid: &'static str| {
        twist(move |_, honest| {
            honest.with(honest.text().replacen("\"vmid\":101", &format!("\"vmid\":{vmid}"), 1))
        })
    };
    harmless(f, "VMID as text", At::Proxmox, number("\"101\""));
    for vmid in [
        "0",
        "-1",
        "4294967296",
        "99",
        "1000000000",
        "100.5",
        "\"a\"",
        "\"\"",
        "null",
        "[101]",
        "1e999",
        "NaN",
    ] {
        plan(
            f,
            &format!("VMID {vmid}"),
            At::Proxmox,
            &[0],
            &["was not fully read (Proxmox `matrix`, guests"],
            number(vmid),
        );
    }
    let twice = twist(|_, honest| {
        let text = honest.text();
        honest.with(text.replacen("[{\"name\":\"other\"", "[{\"name\":\"x\",\"node\":\"golf\",\"status\":\"running\",\"type\":\"qemu\",\"vmid\":101},{\"name\":\"other\"", 1))
    });
    plan(f, "VMID twice", At::Proxmox, &[0], &["a VMID is listed twice): VMs are not named"], twice);
}

fn e16(f: &mut Failures) {
    for n in [200, 100_000] {
        let lists = format!("{}{}", "[".repeat(n), "]".repeat(n));
        let maps = format!("{}1{}", "{\"a\":".repeat(n), "}".repeat(n));
        everywhere(
            f,
            "deep lists",
            &[At::Lists, At::Version],
            &[],
            &body(200, &format!("{{\"items\":{lists}}}")),
        );
        everywhere(
            f,
            "deep maps",
            &[At::Lists, At::Proxmox],
            &[],
            &body(200, &format!("{{\"data\":{maps}}}")),
        );
        everywhere(f, "deep answers to writes", &[At::Lost], &[], &body(200, &maps));
    }
}

fn e17(f: &mut Failures) {
    for (name, to) in [
        ("half a pair", r#"\"created\":\"\\ud800\",\"x\":"#),
        ("half a pair of the envelope", r#"\"x\ud800\":"#),
    ] {
        plan(f, name, At::Lists, &[69], &[], text(r#"\"created\":"#, to));
    }
    for (name, bytes) in
        [("not UTF-8", &b"\xff\xfe"[..]), ("overlong", b"\xc0\xaf"), ("a surrogate", b"\xed\xa0\x80")]
    {
        let raw = twist(move |_, honest| {
            let at = honest.body.len() / 2;
            honest.with([&honest.body[..at], bytes, &honest.body[at..]].concat())
        });
        everywhere(f, name, &READS, &[], &raw);
    }
    let null = documents(|kind, all| {
        if kind == "ConfigPatches" {
            all.extend(all.first().cloned().map(|mut d| {
                d["metadata"]["id"] = json!("a\u{0}b");
                d
            }));
        }
    });
    plan(f, "NUL in a name", At::Lists, &[0], &[], null);
}

/// Texts that act somewhere.
const NAMES: [&str; 9] = [
    "\u{1b}[2J",
    "\u{1b}]52;c;ZQ==\u{7}",
    "\u{202e}live",
    "a\rdestroyed",
    "\n::set-env name=X::y",
    "@everyone",
    "```\n<script>alert(1)</script>",
    "<!-- omni-scale:plan -->",
    "##[error]x",
];

fn e18(f: &mut Failures) {
    let named = documents(|kind, all| {
        if !matches!(kind, "ConfigPatches" | "MachineClasses" | "MachineStatuses" | "Clusters") {
            return;
        }
        for name in NAMES {
            all.extend(all.first().cloned().map(|mut d| {
                d["metadata"]["id"] = json!(name);
                d["metadata"]["labels"][name] = json!(name);
                d["metadata"]["annotations"][name] = json!(name);
                d
            }));
        }
    });
    plan(f, "names", At::Lists, &[0, 3], &[], named.clone());
    let attack = Attack::new(At::Lists, named);
    for format in ["text", "json", "diff", "md", "html", "github"] {
        let run = attack.run(&["plan", "--full", "--format", format]);
        let (name, all) = (format!("names as {format}"), run.both());
        f.check(matches!(run.code, Some(0 | 3)), || format!("{name}: exit {:?}: {}", run.code, run.start()));
        f.check(!all.contains('\u{1b}') && !all.contains('\r') && !all.contains('\u{7}'), || {
            format!("{name}: raw")
        });
        f.check(format == "json" || !all.contains('\u{202e}'), || format!("{name}: turned around"));
        f.check(format != "html" || !all.contains("<script>"), || format!("{name}: a script"));
        let tags: Vec<String> = pulldown_cmark::Parser::new(if format == "md" { &run.out } else { "" })
            .filter_map(|e| match e {
                pulldown_cmark::Event::Html(t) | pulldown_cmark::Event::InlineHtml(t) => {
                    Some(t.into_string())
                }
                _ => None,
            })
            .collect();
        f.check(!tags.iter().any(|t| t.contains("<script") || t.contains("omni-scale:plan")), || {
            format!("{name}: {tags:?}")
        });
        f.check(format == "github" || !all.lines().any(|l| l.trim_start().starts_with("::")), || {
            format!("{name}: a command")
        });
    }
    for status in [400, 403, 500] {
        let message = json!({"code": 3, "message": NAMES.join(" ")}).to_string();
        let codes = &[69, 7];
        plan(f, "a message", At::Lists, codes, &[], body(status, &message));
        plan(f, "a message", At::Proxmox, &[0], &["was not fully read"], body(status, &message));
        apply(f, "a message", At::Lost, body(status, &message));
    }
    let reason = "HTTP/1.1 500 \u{1b}[2J::set-env name=a::b \u{202e}\r\nContent-Length: 0\r\n\r\n";
    plan(f, "a reason", At::Proxmox, &[69], &[], always(one(reason)));
}

fn e19(f: &mut Failures) {
    let half = twist(|_, honest| {
        let mut body: Value = serde_json::from_slice(&honest.body).unwrap();
        if let Some(items) = body["items"].as_array_mut() {
            items.truncate(items.len() / 2);
        }
        honest.with(body.to_string())
    });
    plan(f, "half of it", At::Lists, &[69], &["counts another number"], half);
    plan(f, "the same twice", At::Lists, &[69], &["twice"], documents(|_, all| all.extend(all.clone())));
    for turn in 0..3 {
        harmless(
            f,
            "another order",
            At::Lists,
            documents(move |_, all| {
                if turn < all.len() {
                    all.rotate_left(turn);
                }
                all.reverse();
            }),
        );
    }
    // Everything is gone at once from an Omni that was applied to: nothing is made anew without a word of the operator's.
    let gone = Arc::new(AtomicBool::new(false));
    let seen = gone.clone();
    let attack = Attack::new(
        At::Lists,
        twist(move |_, honest| {
            if seen.load(Ordering::SeqCst) {
                honest.with(r#"{"items":[],"total":0}"#)
            } else {
                one(honest.bytes())
            }
        }),
    );
    let run = attack.run(&["apply", "--auto-approve", "--max-risk", "low"]);
    f.check(run.code == Some(0), || format!("applied: {}", run.start()));
    gone.store(true, Ordering::SeqCst);
    let run = attack.run(&["plan"]);
    attack.sound("all gone", &run, f);
    f.check(run.code == Some(3), || format!("all gone: exit {:?}: {}", run.code, run.both()));
    let paged = twist(|_, honest| {
        let text = honest.text();
        honest.with(text.replacen(
            '{',
            r#"{"next_page_token":"again","nextPageToken":"again","more":true,"#,
            1,
        ))
    });
    harmless(f, "a token of more pages", At::Lists, paged);
}

fn e20(f: &mut Failures) {
    let changed = |key: &'static str, value: &'static str| {
        documents(move |kind, all| {
            for d in all.iter_mut().filter(|_| kind == "MachineClasses") {
                d["metadata"][key] = json!(value);
            }
        })
    };
    plan(
        f,
        "another namespace",
        At::Lists,
        &[69],
        &["another type or namespace"],
        changed("namespace", "ephemeral"),
    );
    plan(
        f,
        "another type",
        At::Lists,
        &[69],
        &["another type or namespace"],
        changed("type", "Clusters.omni.sidero.dev"),
    );
    let other =
        twist(|_, honest| honest.with(honest.text().replace(r#"\"id\":\"current\""#, r#"\"id\":\"other\""#)));
    plan(f, "another id", At::Version, &[69], &["another resource"], other);
    // The answer to one question for another.
    let swapped = twist(|_, honest| {
        honest.with(r#"{"body":"{\"metadata\":{\"namespace\":\"default\",\"type\":\"Clusters.omni.sidero.dev\",\"id\":\"x\",\"version\":1,\"phase\":\"running\"},\"spec\":{}}"}"#)
    });
    plan(f, "another answer", At::Version, &[69], &["another resource"], swapped);
}

fn e21(f: &mut Failures) {
    for version in [r#"\"undefined\""#, "18446744073709551616", r#"\"\""#, "[]", "true"] {
        let twisted = twist(move |asked, honest| {
            if !asked.about().0.starts_with("MachineClasses") {
                return one(honest.bytes());
            }
            let to = format!(r#"\"version\":{version},\"x\":"#);
            honest.with(honest.text().replacen(r#"\"version\":"#, &to, 1))
        });
        plan(f, version, At::Lists, &[69], &["is not a number"], twisted);
    }
    harmless(
        f,
        "the largest version",
        At::Lists,
        documents(|_, all| {
            for d in all {
                d["metadata"]["version"] = json!(u64::MAX);
            }
        }),
    );
}

fn e23(f: &mut Failures) {
    harmless(
        f,
        "finalizers",
        At::Lists,
        documents(|kind, all| {
            for d in all.iter_mut().filter(|_| kind == "MachineClasses") {
                d["metadata"]["finalizers"] = (0..100_000).map(|n| format!("F{n}")).collect();
            }
        }),
    );
    let phase = documents(|kind, all| {
        for d in all.iter_mut().filter(|_| kind == "MachineClasses") {
            d["metadata"]["phase"] = json!("resting");
        }
    });
    plan(f, "an unknown phase", At::Lists, &[69], &["phase"], phase);
    let status = documents(|kind, all| {
        for d in all.iter_mut().filter(|_| kind.ends_with("Statuses")) {
            d["spec"] =
                json!({"phase": "DANCING", "stage": -7, "ready": "perhaps", "conditions": {"a": [null]}});
        }
    });
    plan(f, "statuses of other forms", At::Lists, &[0, 3, 69], &[], status);
}

fn e25(f: &mut Failures) {
    for (name, status, text) in [
        ("a success that is an error", 200, r#"{"code":5,"message":"x","details":[]}"#),
        ("an error inside", 200, r#"{"error":{"code":13,"message":"x"}}"#),
        ("an unknown code", 500, r#"{"code":99,"message":"x"}"#),
        ("code and status do not fit", 404, r#"{"code":7,"message":"x"}"#),
        ("a code that is text", 500, r#"{"code":"NotFound","message":["x"]}"#),
        ("an error without words", 400, "{}"),
    ] {
        everywhere(f, name, &[At::Lists, At::Version], &[], &body(status, text));
        apply(f, name, At::Lost, body(status, text));
    }
    let long = json!({"code": 13, "message": "x ".repeat(1 << 20)}).to_string();
    everywhere(f, "a message of 2 MiB", &[At::Lists, At::Proxmox], &[], &body(500, &long));
    for (name, bytes) in [
        ("frames of HTTP/2", &b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0"[..]),
        ("a line of SSH", b"SSH-2.0-OpenSSH_9.9\r\n"),
        ("HTTP/0.9", b"{\"items\":[]}"),
        ("HTTP/2 by name", b"HTTP/2 200\r\n\r\n{}"),
        ("only what comes before", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (
            "another protocol",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        ),
    ] {
        everywhere(f, name, &[At::Lists, At::Proxmox], &[], &always(one(bytes)));
    }
    let trailers = always(one([CHUNKED, "2\r\n{}\r\n0\r\ngrpc-status: 7\r\n\r\n"].concat()));
    everywhere(f, "a status behind the body", &[At::Version], &[], &trailers);
}

fn e26(f: &mut Failures) {
    let dated = |status: u16, date: &'static str| {
        twist(move |_, honest| {
            let honest = match status {
                200 => honest.clone(),
                _ => Honest { status, body: br#"{"code":16,"message":"x"}"#.to_vec(), ..honest.clone() },
            };
            one(String::from_utf8(honest.bytes()).unwrap().replacen(
                "Connection:",
                &format!("Date: {date}\r\nConnection:"),
                1,
            ))
        })
    };
    let (past, future) = ("Fri, 20 Nov 2015 21:58:36 GMT", "Fri, 20 Nov 2099 21:58:36 GMT");
    harmless(f, "years ago", At::Lists, dated(200, past));
    harmless(f, "in years", At::Lists, dated(200, future));
    for date in [past, future] {
        plan(f, "a refusal by another clock", At::Version, &[7], &["set the clock"], dated(401, date));
    }
    plan(f, "a refusal by no clock", At::Version, &[7], &["does not accept"], dated(401, "\u{e9}\u{e9}"));
}

fn e29(f: &mut Failures) {
    let denied = twist(|asked, honest| {
        if asked.about().0.starts_with("ConfigPatches") || asked.call() == "resources" {
            return one(reply(
                403,
                &[("Content-Type", "application/json")],
                br#"{"code":7,"message":"Permission check failed (/vms, VM.Audit)"}"#,
            ));
        }
        one(honest.bytes())
    });
    plan(f, "one list of many", At::Lists, &[69], &["`ConfigPatches` could not be read"], denied.clone());
    plan(f, "one list of many", At::Proxmox, &[0], &["was not fully read", "VMs are not named"], denied);
}

fn e30(f: &mut Failures) {
    for status in [400, 401, 403, 404, 500, 503] {
        let echo = twist(move |asked, _| {
            for (name, value) in asked.headers.iter().filter(|(k, _)| k.contains("signature")) {
                // The last word is the signature; before it stand names.
                let secret = value.rsplit(' ').next().unwrap_or_default();
                assert!(secret.len() > 40, "{name}");
                forbid(&secret[secret.len() - 40..]);
            }
            let mut all: Vec<&str> = asked.headers.iter().map(|(_, v)| v.as_str()).collect();
            all.sort_by_key(|v| std::cmp::Reverse(v.len()));
            let ends: Vec<&str> = all.iter().map(|v| &v[v.len().saturating_sub(120)..]).collect();
            let text = json!({"code": 3, "message": ends.join(" | "), "errors": {"a": ends.join(" ")}});
            let mut bytes =
                reply(status, &[("Content-Type", "application/json")], text.to_string().as_bytes());
            let reason = ends.iter().find(|e| e.contains(TOKEN)).unwrap_or(&"X");
            let line = format!("HTTP/1.1 {status} {reason}");
            bytes.splice(.."HTTP/1.1 000 X".len(), line.into_bytes());
            one(bytes)
        });
        for at in READS {
            let codes: &[i32] = if at == At::Proxmox { &[0, 7, 69] } else { &[7, 69] };
            plan(f, &format!("{status} that repeats what was sent"), at, codes, &[], echo.clone());
        }
        apply(f, &format!("{status} that repeats what was sent"), At::Lost, echo);
    }
}

#[test]
fn servers() {
    run('E', 30, TABLE);
}

const REFUSED: &str =
    "not believed: exit 69, and what was written is looked up before anything is sent again";
const NET: &str = "src/world/real/net/tests.rs";
const CAPTURES: There = ("tests/contract/omni_captures.rs", "contract_omni_captures_damaged_replies");

pub const TABLE: &[Entry] = &[
    Entry { id: "E1", what: "login page with status 200", expected: REFUSED, here: Some(e1), there: &[] },
    Entry { id: "E2", what: "no body", expected: REFUSED, here: Some(e2), there: &[] },
    Entry { id: "E3", what: "`null`, `[]`, `{}`", expected: REFUSED, here: Some(e3), there: &[] },
    Entry { id: "E4", what: "JSON cut at every byte", expected: REFUSED, here: Some(e4), there: &[CAPTURES] },
    Entry { id: "E5", what: "chunks without end", expected: REFUSED, here: Some(e5), there: &[] },
    Entry {
        id: "E6",
        what: "a byte now and then, or none",
        expected: "exit 69 within the time that one answer may take",
        here: Some(e6),
        there: &[(NET, "a_slow_body_hits_the_total_deadline")],
    },
    Entry {
        id: "E7",
        what: "a body of 10 GiB",
        expected: "cut off; all replies together have a limit too",
        here: Some(e7),
        there: &[
            (NET, "a_reply_over_the_limit_is_cut_off_declared_or_not"),
            (NET, "replies_that_are_read_together_have_one_limit"),
        ],
    },
    Entry {
        id: "E8",
        what: "compressed unasked",
        expected: "never unpacked: exit 69",
        here: Some(e8),
        there: &[],
    },
    Entry {
        id: "E9",
        what: "lengths that are not true",
        expected: REFUSED,
        here: Some(e9),
        there: &[(NET, "bytes_beyond_the_declared_length_never_reach_the_next_reply")],
    },
    Entry {
        id: "E10",
        what: "redirects",
        expected: "never followed",
        here: Some(e10),
        there: &[(NET, "a_redirect_is_a_reply_and_is_not_followed")],
    },
    Entry {
        id: "E11",
        what: "401 that asks for a password",
        expected: "exit 7, and no other credential",
        here: Some(e11),
        there: &[],
    },
    Entry {
        id: "E12",
        what: "429 with any Retry-After",
        expected: "exit 69 in time",
        here: Some(e12),
        there: &[("src/client/retry.rs", "the_server_may_ask_for_more_within_the_budget")],
    },
    Entry {
        id: "E13",
        what: "503 for ever",
        expected: REFUSED,
        here: Some(e13),
        there: &[("src/client/retry.rs", "waits_double_and_end")],
    },
    Entry {
        id: "E14",
        what: "many and long headers, cookies",
        expected: "exit 69; cookies are not kept",
        here: Some(e14),
        there: &[],
    },
    Entry {
        id: "E15",
        what: "numbers and keys that JSON libraries read differently",
        expected: "exit 69, but for a VMID as text, which Proxmox sends",
        here: Some(e15),
        there: &[
            ("src/wire/omni/json.rs", "depth_duplicates_and_tails_are_refused"),
            ("src/wire/proxmox/loose.rs", "every_spelling_that_servers_use_is_read"),
        ],
    },
    Entry { id: "E16", what: "depth of 100 000", expected: REFUSED, here: Some(e16), there: &[] },
    Entry { id: "E17", what: "text that is none", expected: REFUSED, here: Some(e17), there: &[] },
    Entry {
        id: "E18",
        what: "names and messages that act somewhere",
        expected: "shown as text in every form",
        here: Some(e18),
        there: &[("src/wire/omni/message.rs", "texts_are_escaped_and_bounded")],
    },
    Entry {
        id: "E19",
        what: "lists with less, twice, in another order, with pages",
        expected: "exit 69 where they do not count true; another order changes nothing; an empty Omni after an apply blocks",
        here: Some(e19),
        there: &[],
    },
    Entry { id: "E20", what: "answers about something else", expected: REFUSED, here: Some(e20), there: &[] },
    Entry {
        id: "E21",
        what: "versions",
        expected: "exit 69 where they are no numbers; one that goes back is read again and then not believed",
        here: Some(e21),
        there: &[("src/backend", "an_older_state_than_confirmed_is_not_believed")],
    },
    Entry {
        id: "E22",
        what: "tasks of Proxmox",
        expected: "does not apply: no task is ever started; their ids and ends are read strictly all the same",
        here: None,
        there: &[
            ("src/wire/proxmox/task.rs", "task_ids_are_read_by_proxmox_s_rule"),
            ("src/wire/proxmox/task.rs", "warnings_are_success_and_a_vanished_process_is_neither"),
        ],
    },
    Entry {
        id: "E23",
        what: "finalizers, phases, statuses",
        expected: "many are taken, unknown ones are not believed",
        here: Some(e23),
        there: &[("src/wire/omni/document.rs", "a_damaged_document_is_an_error")],
    },
    Entry {
        id: "E24",
        what: "watches",
        expected: "does not apply: nothing is watched, lists are read again",
        here: None,
        there: &[],
    },
    Entry {
        id: "E25",
        what: "errors of gRPC and of other protocols",
        expected: "exit 69 or 7; there are no frames, the gateway speaks JSON over HTTP/1.1",
        here: Some(e25),
        there: &[],
    },
    Entry {
        id: "E26",
        what: "a clock that is years off",
        expected: "no matter, but where the signature is refused: then it is named",
        here: Some(e26),
        there: &[("src/wire/omni/clock.rs", "dates_are_read")],
    },
    Entry {
        id: "E27",
        what: "another Omni behind the same name",
        expected: "a saved plan is refused",
        here: None,
        there: &[
            ("tests/golden/saved.rs", "a_plan_answers_for_what_it_is_bound_to"),
            ("tests/cli/saved.rs", "a_plan_that_does_not_fit_is_refused_before_anything_is_written"),
        ],
    },
    Entry {
        id: "E28",
        what: "another Proxmox behind the same name",
        expected: "a saved plan is refused; a changed certificate ends the run",
        here: None,
        there: &[
            ("tests/golden/saved.rs", "a_plan_answers_for_what_it_is_bound_to"),
            ("tests/cli/saved.rs", "a_plan_that_does_not_fit_is_refused_before_anything_is_written"),
            (NET, "a_pin_accepts_its_certificate_only_and_a_mismatch_names_the_one_presented"),
        ],
    },
    Entry {
        id: "E29",
        what: "one list of many refused",
        expected: "exit 69; what it would tell is unknown, not gone",
        here: Some(e29),
        there: &[("tests/cli/back_ends.rs", "a_type_that_may_not_be_read_leaves_its_subtree_out")],
    },
    Entry {
        id: "E30",
        what: "messages that repeat our credentials",
        expected: "not shown",
        here: Some(e30),
        there: &[(
            "tests/contract/proxmox.rs",
            "contract_proxmox_inherited_permissions_are_asked_for_and_echoed_secrets_removed",
        )],
    },
];
