//! Our client against a real Omni, where the environment names one. It creates, changes and removes machine classes whose
//! names start with `omni-scale-contract-`, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use omni_scale::backend::{OmniBackend, OmniReader, OmniWriter, Outcome, Refusal};
use omni_scale::client::{Origin, SigningKey, Stack};
use omni_scale::live::Observation;
use omni_scale::resource::{Phase, Resource, ResourceId};
use omni_scale::secret::Secret;
use omni_scale::value::Value;
use omni_scale::wire::omni::{self, Call};
use omni_scale::world::real::{RealClock, RealNet, RealRng, Trust};
use omni_scale::world::{BoxFuture, Clock, Rng};

use crate::omni_captures::key as throwaway_key;

const ENDPOINT: &str = "OMNI_SCALE_REAL_OMNI_ENDPOINT";
const KEY: &str = "OMNI_SCALE_REAL_OMNI_KEY";

/// A clock that goes wrong by some seconds.
struct Skewed(RealClock, f64);

impl Clock for Skewed {
    fn unix(&self) -> f64 {
        self.0.unix() + self.1
    }
    fn now(&self) -> Duration {
        self.0.now()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.0.sleep(duration)
    }
}

fn stack(endpoint: &str, key: SigningKey, skew: f64) -> Stack {
    let origin = Origin::parse(endpoint).unwrap();
    let net = RealNet::new([(origin.as_str().to_owned(), Trust::SystemRoots)]).unwrap();
    let clock = Arc::new(Skewed(RealClock::new(), skew));
    Stack::new(origin, Arc::new(key), Arc::new(net), clock, Arc::new(RealRng))
}

/// Text that does not compress well.
fn random_text(length: usize) -> String {
    let mut bytes = vec![0; length / 2];
    RealRng.fill(&mut bytes);
    bytes.iter().flat_map(|b| [char::from(b'a' + b % 16), char::from(b'a' + b / 16)]).collect()
}

fn refused(outcome: Outcome<()>) -> Refusal {
    match outcome {
        Outcome::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn contract_real_omni() {
    let (Ok(endpoint), Ok(value)) = (std::env::var(ENDPOINT), std::env::var(KEY)) else {
        println!("real omni: absent ({ENDPOINT}, {KEY})");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let checks = runtime.block_on(exercise(&endpoint, &Secret::new(value)));
    println!("real omni: {checks}/{checks}");
}

async fn exercise(endpoint: &str, value: &Secret<String>) -> u32 {
    let key = || SigningKey::service_account(value).unwrap().0;
    let omni = OmniBackend::new(stack(endpoint, key(), 0.0));
    let mut checks = 0;
    let mut check = |ok: bool, what: &str| {
        assert!(ok, "{what}");
        checks += 1;
    };

    let version = omni.probe().await.unwrap();
    println!("real omni: version {version}");
    check(version.starts_with('v'), "version");
    check(!omni.current_user().await.unwrap().role.is_empty(), "role");

    let mut random = [0; 6];
    RealRng.fill(&mut random);
    let name = random.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().concat();
    let mut class =
        Resource::new(ResourceId::default_ns("MachineClasses", &format!("omni-scale-contract-{name}")));
    class.spec.set("match_labels", Value::List(vec!["omni.sidero.dev/arch = amd64".into()]));
    class.labels.insert("omni-scale-contract".into(), name.clone());
    class.labels.insert("n".into(), "5".into());
    class.annotations.insert("note".into(), "ä <b> & 😀".into());

    check(omni.get(&class.id).await == Observation::Absent, "absent before");
    let wrong = Resource { spec: Value::map(), ..class.clone() };
    check(matches!(refused(omni.create(&wrong).await), Refusal::Invalid(m) if !m.is_empty()), "invalid");
    let mut unknown = class.clone();
    unknown.spec.set("bogus", true.into());
    let words = refused(omni.create(&unknown).await).to_string();
    check(words == "this Omni version does not know the field `bogus`", &words);
    let foreign = Resource::new(ResourceId::default_ns("Foos", "x"));
    check(matches!(refused(omni.create(&foreign).await), Refusal::Unsupported(_)), "unknown type");

    let node =
        Resource::new(ResourceId::default_ns("MachineSetNodes", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
    let several = refused(omni.create(&node).await);
    check(matches!(&several, Refusal::Invalid(m) if m.len() == 3), &format!("three messages: {several:?}"));
    let mut patch = Resource::new(ResourceId::default_ns("ConfigPatches", "omni-scale-contract-refused"));
    patch.labels.insert("omni.sidero.dev/cluster".into(), "omni-scale-contract".into());
    patch.spec.set("data", "machine:\n  type: worker\n  token: x\n  bogus: 1\n".into());
    let several = refused(omni.create(&patch).await);
    check(matches!(&several, Refusal::Invalid(m) if !m.is_empty()), &format!("refused patch: {several:?}"));
    patch.spec.set("data", format!("machine:\n  sysctls:\n    a: {}\n", random_text(3 << 20)).into());
    let large = refused(omni.create(&patch).await);
    check(
        matches!(&large, Refusal::Invalid(m) if m[0].contains("too large")),
        &format!("too large: {large:?}"),
    );

    check(omni.create(&class).await == Outcome::Done(()), "create");
    check(refused(omni.create(&class).await) == Refusal::Exists, "create again");
    let live = omni.get(&class.id).await.known().cloned().expect("read our own write");
    check(live.resource == class, "reads back as written");
    check(live.phase == Phase::Running && live.owner.is_empty(), "phase and owner");

    let mut after = live.resource.clone();
    after.labels.insert("tier".into(), "gold".into());
    check(omni.update(&live, &after).await == Outcome::Done(()), "update");
    check(refused(omni.update(&live, &after).await) == Refusal::Conflict, "stale update");
    let live = omni.get(&class.id).await.known().cloned().expect("read our own update");
    check(live.resource == after, "updated");

    // Selectors with characters that JSON encoders escape differently must still fit their signature.
    let raw = stack(endpoint, key(), 0.0);
    for (selectors, hit) in [
        (vec![format!("omni-scale-contract = {name}, n > 3, n <= 5")], true),
        (vec![format!("omni-scale-contract = \"{name}\""), "!x".into()], true),
        (vec![format!("omni-scale-contract = {name}, tier in (gold, silver)")], true),
        (vec![format!("omni-scale-contract = {name}, tier notin (gold)")], false),
    ] {
        let call = Call::list(&class.id.kind, "default", &selectors).unwrap();
        let answer = raw.call(&call).await.unwrap();
        let all = omni::resources(&call, &answer.reply()).unwrap();
        check(all.iter().any(|l| l.resource.id == class.id) == hit, &format!("{selectors:?}"));
    }
    let all = omni.list(&class.id.kind, "default").await;
    check(all.known().is_some_and(|a| a.iter().any(|l| l.resource.id == class.id)), "list");
    check(
        omni.list("Foos.omni.sidero.dev", "default").await.unknown().is_some(),
        "an unknown type proves nothing",
    );
    let dependent = omni.list("MachineInstallDiskConfigs.omni.sidero.dev", "default").await;
    check(dependent.unknown().is_none(), "a type of later versions is known or absent");

    // Signatures have random lengths of their two numbers: one in 128 is shorter.
    for _ in 0..400 {
        assert!(omni.version().await.known().is_some(), "a signature was refused");
    }
    check(true, "400 signatures");
    // Ahead rather than behind: a signature from before the key was made is refused, and the key may be minutes old.
    check(OmniBackend::new(stack(endpoint, key(), 240.0)).probe().await.is_ok(), "four minutes are allowed");
    for skew in [-600.0, 600.0] {
        let words = OmniBackend::new(stack(endpoint, key(), skew)).probe().await.unwrap_err().to_string();
        check(words.contains("set the clock"), &words);
    }
    let stranger = OmniBackend::new(stack(endpoint, throwaway_key(), 0.0));
    let words = refused(stranger.create(&class).await).to_string();
    check(words.contains("unknown to this Omni") || words.contains("expired"), &words);

    check(omni.teardown(&class.id).await == Outcome::Done(()), "teardown");
    let clock = RealClock::new();
    let start = clock.now();
    while omni.get(&class.id).await != Observation::Absent {
        assert!(clock.now().saturating_sub(start) < Duration::from_secs(30), "not gone");
        clock.sleep(Duration::from_millis(100)).await;
    }
    check(omni.teardown(&class.id).await == Outcome::Done(()), "teardown of what is gone");
    let gone = refused(omni.update(&live, &after).await);
    check(gone == Refusal::Missing, &format!("update of what is gone: {gone:?}"));
    checks
}
