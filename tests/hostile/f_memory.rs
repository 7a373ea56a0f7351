//! F: what the tool itself left behind and somebody changed: records, leases, journals, saved plans. Every byte is done where they are read; here the
//! program meets some of it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::entries::{Entry, Failures, run};
use crate::judge::{Run, finish, image};
use crate::repository::Repository;
use crate::scene::{CLASS, settled, writes};
use crate::shipped::copy;

/// A repository whose deployment was applied, with a plan saved for a change.
fn applied() -> Repository {
    static MADE: OnceLock<Repository> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let r = settled();
        r.edit(CLASS, "cores: 8", "cores: 12");
        let saved = finish(r.command(&["plan", "--lab=deployed", "--out", "plan=saved.plan"]));
        assert_eq!(saved.code, Some(0), "{}", saved.both());
        r
    });
    let r = Repository::empty();
    copy(&made.path(""), &r.path(""));
    r
}

/// The one file of this world with that end, and no backup.
fn file(r: &Repository, end: &str) -> PathBuf {
    let folder = r.path("state/lab/deployed");
    let mut all = image(&folder).into_keys().filter(|p| {
        let name = p.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("lab-deployed") && name.ends_with(end) && !name.contains("backup")
    });
    all.next_back().unwrap_or_else(|| panic!("no {end}"))
}

/// A changed record is refused by plan and apply, which leave it as it is and send nothing.
fn records(f: &mut Failures, all: &[(&str, Vec<u8>)]) {
    for (name, bytes) in all {
        let r = applied();
        let (path, sent) = (file(&r, ".json"), writes(&r));
        std::fs::write(&path, bytes).unwrap();
        for arguments in [&["plan", "--lab=deployed"][..], &["apply", "--lab=deployed", "--auto-approve"]] {
            let run = finish(r.command(arguments));
            refused(f, &format!("{name}: {}", arguments[0]), &run);
        }
        f.check(std::fs::read(&path).unwrap() == *bytes, || format!("{name}: the record was written"));
        f.check(writes(&r) == sent, || format!("{name}: something was sent"));
    }
}

fn refused(f: &mut Failures, name: &str, run: &Run) {
    run.sound(name, f);
    f.check(!matches!(run.code, Some(0 | 2)), || format!("{name}: taken: {}", run.start()));
    f.check(run.err.contains('`'), || format!("{name}: without a place: {}", run.start()));
}

fn record() -> Vec<u8> {
    std::fs::read(file(&applied(), ".json")).unwrap()
}

fn f2(f: &mut Failures) {
    let whole = record();
    let cut = |n: usize| ("cut", whole[..n].to_vec());
    records(f, &[cut(1), cut(10), cut(whole.len() / 2), cut(whole.len() - 2)]);
}

fn f3(f: &mut Failures) {
    let whole = record();
    let flipped = |at: usize, bit: u8| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << bit;
        ("flipped", bytes)
    };
    records(f, &[flipped(12, 0), flipped(200, 5), flipped(whole.len() / 2, 2), flipped(whole.len() - 4, 1)]);
}

fn f8(f: &mut Failures) {
    let text = String::from_utf8(record()).unwrap();
    let newer = |n: &str| {
        ("another format", text.replacen("\"format\":1", &format!("\"format\":{n}"), 1).into_bytes())
    };
    records(f, &[newer("2"), newer("999999999999999999999"), newer("0"), newer("-1"), newer("\"1\"")]);
}

fn f9(f: &mut Failures) {
    let mut large = record();
    large.pop();
    large.resize(200 << 20, b' ');
    large.push(b'}');
    records(f, &[("200 MiB", large)]);
}

fn f11(f: &mut Failures) {
    let text = String::from_utf8(record()).unwrap();
    let twice = text.replacen("\"entries\":{", "\"entries\":{\"class/matrix-worker\":{},", 1);
    let both = [text.clone(), text.clone()].concat();
    let deep = format!("{{\"format\":1,\"record\":{}", "[".repeat(100_000));
    records(f, &[("an entry twice", twice.into()), ("two records", both.into()), ("deep", deep.into())]);
}

/// Locks of nobody's: they are taken over or refused, and never crash.
fn f12(f: &mut Failures) {
    for text in [
        "{",
        "null",
        "\u{1b}[2J",
        "{\"holder\":\"\u{202e}x\",\"since\":\"2999-01-01T00:00:00Z\"}",
        &"x".repeat(1 << 20),
    ] {
        let r = applied();
        for end in [".holder", ".lease", ".lock"] {
            std::fs::write(file(&r, end), text).unwrap();
        }
        for arguments in [
            &["lock", "show", "--lab=deployed"][..],
            &["plan", "--lab=deployed"],
            &["apply", "--lab=deployed", "--auto-approve"],
        ] {
            let run = finish(r.command(arguments));
            let name = format!("{}: {arguments:?}", text.chars().take(20).collect::<String>());
            run.sound(&name, f);
            f.check(matches!(run.code, Some(0 | 1 | 6)), || {
                format!("{name}: exit {:?}: {}", run.code, run.start())
            });
        }
    }
}

fn f16(f: &mut Failures) {
    let r = applied();
    let whole = std::fs::read(r.path("saved.plan")).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 4;
    let all: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("cut", whole[..whole.len() - 2].to_vec()),
        ("flipped", flipped),
        ("with more", [&whole[..], b"x"].concat()),
        ("two plans", [&whole[..], &whole[..]].concat()),
        ("an archive", b"PK\x03\x04\x14\0\0\0\0\0../../etc/passwd".to_vec()),
        ("another version", text.replacen("\"version\":1", "\"version\":2", 1).into()),
        ("another name", text.replacen("omni-scale.saved-plan", "terraform.plan", 1).into()),
        ("a longer life", text.replacen("\"expires\":1", "\"expires\":9", 1).into()),
        ("deep", format!("{{\"format\":\"omni-scale.saved-plan\",\"plan\":{}", "[".repeat(100_000)).into()),
        ("binary", vec![0xff; 4096]),
        ("large", vec![b' '; 100 << 20]),
    ];
    for (name, bytes) in all {
        let (r, sent) = (applied(), writes(&r));
        std::fs::write(r.path("saved.plan"), bytes).unwrap();
        for arguments in [&["show", "saved.plan"][..], &["apply", "saved.plan", "--lab=deployed"]] {
            refused(f, &format!("{name}: {}", arguments[0]), &finish(r.command(arguments)));
        }
        f.check(writes(&r) == sent, || format!("{name}: something was sent"));
    }
    // What is no file is no plan.
    for (name, path) in [("a folder", "spec"), ("a device", "/dev/zero"), ("nothing at all", "none.plan")] {
        for command in ["show", "apply"] {
            let more: &[&str] = if command == "apply" { &["--lab=deployed"] } else { &[] };
            let run = finish(r.command(&[&[command, path], more].concat()));
            refused(f, &format!("{name}: {command}"), &run);
        }
    }
}

/// Journals that are torn, doubled or nobody's: an end in time; what they say of calls in doubt is looked up, never repeated.
fn f17(f: &mut Failures) {
    let lines = |path: &Path| std::fs::read_to_string(path).unwrap();
    let changes: [(&str, fn(String) -> Vec<u8>); 6] = [
        ("torn", |t| t.as_bytes()[..t.len() - 3].to_vec()),
        ("twice", |t| [t.clone(), t].concat().into()),
        ("a hole", |t| t.split_inclusive('\n').skip(1).collect::<String>().into()),
        ("nothing", |_| Vec::new()),
        ("bytes", |_| vec![0xff; 100_000]),
        ("a million lines", |t| [t, "{}\n".repeat(1_000_000)].concat().into()),
    ];
    for (name, change) in changes {
        let r = applied();
        let path = image(&r.path("state/lab/deployed/runs")).into_keys().next_back().unwrap();
        std::fs::write(&path, change(lines(&path))).unwrap();
        let sent = writes(&r);
        let run = finish(r.command(&["plan", "--lab=deployed"]));
        run.sound(name, f);
        f.check(run.code.is_some_and(|c| c != 70), || format!("{name}: {}", run.start()));
        f.check(writes(&r) == sent, || format!("{name}: something was sent"));
        let run = finish(r.command(&["apply", "--lab=deployed", "--auto-approve"]));
        run.sound(name, f);
        f.check(writes(&r) <= sent + 1, || format!("{name}: more was sent than the change"));
    }
}

/// An older record in the place of a newer one: the file is whole, and nothing beside it is lost.
fn f18(f: &mut Failures) {
    let r = applied();
    let folder = r.path("state/lab/deployed");
    let backup = image(&folder).into_keys().find(|p| p.to_string_lossy().contains("backup")).unwrap();
    std::fs::copy(&backup, file(&r, ".json")).unwrap();
    let sent = writes(&r);
    for arguments in [&["plan", "--lab=deployed"][..], &["apply", "--lab=deployed", "--auto-approve"]] {
        let run = finish(r.command(arguments));
        refused(f, "older", &run);
        f.check(run.err.contains("somebody brought back an older one"), || run.start());
    }
    f.check(writes(&r) == sent, || "something was sent".to_owned());
    f.check(backup.exists(), || "a backup is gone".to_owned());
}

#[test]
fn memory() {
    run('F', 18, TABLE);
}

const STORE: &str = "src/state/store.rs";
const LOCAL: &str = "src/state/local.rs";
const ENVELOPE: &str = "src/state/envelope.rs";
const REMOTE: &str = "tests/cli/remote.rs";
const SEALING: &str = "tests/cli/sealing.rs";

pub const TABLE: &[Entry] = &[
    Entry {
        id: "F1",
        what: "empty record",
        expected: "refused; a record is whole or it is none",
        here: Some(|f| {
            records(f, &[("nothing", Vec::new()), ("blanks", b"  \n".to_vec()), ("null", b"null".to_vec())]);
        }),
        there: &[
            (STORE, "every_cut_and_every_flipped_bit_is_noticed"),
            (ENVELOPE, "only_the_bytes_that_were_written_are_read"),
        ],
    },
    Entry {
        id: "F2",
        what: "record cut at every byte",
        expected: "refused",
        here: Some(f2),
        there: &[
            (STORE, "every_cut_and_every_flipped_bit_is_noticed"),
            (ENVELOPE, "only_the_bytes_that_were_written_are_read"),
        ],
    },
    Entry {
        id: "F3",
        what: "record with every bit flipped",
        expected: "refused",
        here: Some(f3),
        there: &[
            (STORE, "every_cut_and_every_flipped_bit_is_noticed"),
            (ENVELOPE, "only_the_bytes_that_were_written_are_read"),
        ],
    },
    Entry {
        id: "F4",
        what: "older record of the same line",
        expected: "refused: the lease of a bucket and the backups beside a file know better",
        here: None,
        there: &[
            (REMOTE, "what_somebody_did_to_the_bucket_is_noticed"),
            ("src/state/remote.rs", "only_the_remembered_record_and_later_ones_of_its_chain_are_read"),
            (LOCAL, "a_record_that_is_older_than_its_backups_was_brought_back"),
        ],
    },
    Entry {
        id: "F5",
        what: "record of another line",
        expected: "refused",
        here: None,
        there: &[
            (LOCAL, "records_of_other_instances_are_refused_and_names_differ"),
            ("src/state/remote.rs", "only_the_remembered_record_and_later_ones_of_its_chain_are_read"),
        ],
    },
    Entry {
        id: "F6",
        what: "same number, other content",
        expected: "refused: the lease remembers the digest of what was stored; only the version that was read is replaced",
        here: None,
        there: &[
            ("src/state/remote.rs", "only_the_remembered_record_and_later_ones_of_its_chain_are_read"),
            (REMOTE, "what_somebody_did_to_the_bucket_is_noticed"),
            (LOCAL, "only_the_holder_of_the_present_version_writes"),
        ],
    },
    Entry {
        id: "F7",
        what: "record sealed with another key, an unknown one, or not at all",
        expected: "refused by the key's name; with a key nothing that is not sealed is read",
        here: None,
        there: &[
            ("src/state/seal.rs", "other_keys_no_keys_and_plain_objects_are_told_apart"),
            ("src/state/seal.rs", "every_cut_and_every_flipped_bit_of_a_sealed_object_is_refused"),
            (SEALING, "a_sealed_record_tells_nothing_and_takes_nothing_else_in"),
            (SEALING, "a_record_is_sealed_rekeyed_and_unsealed_only_when_told"),
            (LOCAL, "the_digest_key_is_kept_once_and_a_damaged_one_is_never_replaced"),
        ],
    },
    Entry {
        id: "F8",
        what: "record of a newer format",
        expected: "refused",
        here: Some(f8),
        there: &[(STORE, "a_newer_format_is_refused_before_anything_else_is_looked_at")],
    },
    Entry {
        id: "F9",
        what: "record of 200 MiB",
        expected: "refused by its size",
        here: Some(f9),
        there: &[],
    },
    Entry {
        id: "F10",
        what: "foreign VM in a record",
        expected: "does not apply: a record has no VMs, and none is ever written to",
        here: None,
        there: &[("tests/contract/proxmox.rs", "contract_proxmox_requests_are_legal")],
    },
    Entry {
        id: "F11",
        what: "entries twice, two records, depth",
        expected: "refused; a record has no edges that could form a circle",
        here: Some(f11),
        there: &[(ENVELOPE, "names_that_stand_twice_are_refused")],
    },
    Entry {
        id: "F12",
        what: "leases and locks of nobody's",
        expected: "taken over or refused",
        here: Some(f12),
        there: &[
            ("src/state/lease.rs", "every_cut_and_every_flipped_byte_of_a_lease_is_noticed"),
            ("src/state/lease.rs", "a_life_that_is_found_is_believed_within_reason"),
        ],
    },
    Entry {
        id: "F13",
        what: "tags that are weak, missing or quoted twice",
        expected: "refused",
        here: None,
        there: &[
            ("src/state/conditional.rs", "only_strong_tags_count"),
            ("src/state/object.rs", "a_reply_without_a_strong_tag_is_named"),
        ],
    },
    Entry {
        id: "F14",
        what: "stores that ignore conditions, lose replies or read late",
        expected: "refused before anything is written, or resolved by reading",
        here: None,
        there: &[
            (REMOTE, "stores_that_lie_are_named_and_nothing_is_written"),
            (REMOTE, "lost_replies_and_lost_requests_change_nothing"),
            ("src/state/conditional.rs", "a_lost_reply_is_resolved_by_reading"),
            ("src/state/probe.rs", "every_kind_of_lie_is_named"),
            ("src/state/heartbeat/tests/every.rs", "every_order_of_two_engines_with_one_fault_anywhere"),
            ("src/state/heartbeat/tests/seeds.rs", "of_many_engines_one_writes_and_nothing_is_forgotten"),
        ],
    },
    Entry {
        id: "F15",
        what: "redirects, clocks, credentials and owners of stores",
        expected: "refused; nothing more is sent",
        here: None,
        there: &[
            (REMOTE, "a_credential_goes_only_where_its_operator_bound_it"),
            (REMOTE, "a_store_that_fails_in_the_middle_stops_the_run"),
            ("src/state/object.rs", "what_a_put_proves"),
            ("src/state/object.rs", "a_refusal_says_what_it_usually_means"),
        ],
    },
    Entry {
        id: "F16",
        what: "saved plans with other bytes",
        expected: "refused by show and apply",
        here: Some(f16),
        there: &[
            ("tests/golden/saved.rs", "no_other_bytes_are_a_saved_plan"),
            ("tests/golden/saved.rs", "a_plan_answers_for_what_it_is_bound_to"),
            ("tests/cli/saved.rs", "a_plan_that_does_not_fit_is_refused_before_anything_is_written"),
        ],
    },
    Entry {
        id: "F17",
        what: "journals that are torn, doubled or nobody's",
        expected: "what is whole counts, what is in doubt is looked up",
        here: Some(f17),
        there: &[
            ("src/state/journal.rs", "a_journal_cut_anywhere_is_a_valid_prefix"),
            ("src/state/journal.rs", "every_flipped_bit_of_a_journal_is_noticed"),
            ("src/state/journal.rs", "holes_and_repetitions_are_damage_and_what_is_whole_counts"),
            ("src/state/journal.rs", "half_a_line_does_not_swallow_the_next_one"),
            ("src/state/journal.rs", "a_very_long_journal_is_read_in_one_go"),
            ("src/state/journal.rs", "closing_drops_the_torn_end_and_old_finished_journals_go"),
        ],
    },
    Entry {
        id: "F18",
        what: "backup newer than the record",
        expected: "refused, with the backup that is newer",
        here: Some(f18),
        there: &[(LOCAL, "a_record_that_is_older_than_its_backups_was_brought_back")],
    },
];
