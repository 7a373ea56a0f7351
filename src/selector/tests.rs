use super::*;

fn storage(name: &str, kind: &str, available: u64) -> Storage {
    Storage { name: name.into(), kind: kind.into(), available }
}

fn outcome(text: &str) -> String {
    match Selector::read(text) {
        Err(refusal) => refusal.logged.unwrap_or_else(|| format!("not read: {:?}", refusal.faults)),
        Ok(selector) => match selector.accepts("foxtrot", &storage("vm_ssd", "rbd", 1000)) {
            Ok(accepted) => accepted.to_string(),
            Err(error) => format!("! {error}"),
        },
    }
}

#[test]
fn outcomes() {
    for (text, wanted) in [
        ("name == 'vm_ssd'", "true"),
        ("storageType in ['rbd', 'lvmthin'] && availableSpace >= 1000u", "true"),
        ("name.matches('^vm_') ? availableSpace / 10u == 100u : false", "true"),
        ("[1, 2, 3].map(x, x * 2).filter(x, x > 2) == [4, 6]", "true"),
        ("[1, 2].exists_one(x, x == 2) && ['a'].all(s, s != name)", "true"),
        ("{'vm_ssd': 1}[name] == 1 && name in {'vm_ssd': 1} && has({'a': 1}.a)", "true"),
        ("dyn(1u) == 1 && dyn(name) != 3", "true"),
        ("type(availableSpace) == uint && type([]) == list", "true"),
        ("string(1.5) + string(2u) == '1.52' && size(b'abc') == 3", "true"),
        ("duration('1h30m') > duration('89m') && timestamp('2024-02-29T12:00:00Z').getMonth() == 1", "true"),
        ("true || 1 / 0 == 1", "true"),
        ("1 / 0 == 1 || true", "true"),
        ("1 / 0 == 1 && true", "! division by zero"),
        ("1 % 0 == 1", "! modulus by zero"),
        ("9223372036854775807 + 1 > 0", "! integer overflow"),
        ("0u - 1u > 0u", "! unsigned integer overflow"),
        ("{'a': 1}['b'] == 1", "! no such key: b"),
        ("[1][1] == 1", "! index out of bounds: 1"),
        ("int('x') == 1", "! strconv.ParseInt: parsing \"x\": invalid syntax"),
        ("dyn(name) > 1", "! no such overload"),
        ("dyn(true)", "expression output type is dyn, expected bool"),
        (
            "name.foo == 'x'",
            "ERROR: <input>:1:5: type 'string' does not support field selection\n | name.foo == 'x'\n | ....^",
        ),
        (
            "name.startsWith(1)",
            "ERROR: <input>:1:16: found no matching overload for 'startsWith' applied to 'string.(int)'\n | name.startsWith(1)\n | ...............^",
        ),
        (
            "name + 1 == 'x'",
            "ERROR: <input>:1:6: found no matching overload for '_+_' applied to '(string, int)'\n | name + 1 == 'x'\n | .....^",
        ),
        (
            "!name",
            "ERROR: <input>:1:1: found no matching overload for '!_' applied to '(string)'\n | !name\n | ^",
        ),
        (
            "name && true",
            "ERROR: <input>:1:6: found no matching overload for '_&&_' applied to '(string, bool)'\n | name && true\n | .....^",
        ),
        (
            "name.all(x, true)",
            "ERROR: <input>:1:1: expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)\n | name.all(x, true)\n | ^",
        ),
    ] {
        assert_eq!(outcome(text), wanted, "{text}");
    }
}

#[test]
fn people_are_told_in_our_words() {
    for (text, message, help) in [
        ("type == \"rbd\"", "CEL's type function", "storageType"),
        ("storage.type == \"rbd\"", "has no `storage`", "its variables are"),
        ("availableSpace > 100", "does not mix with a signed", "107374182400u"),
        ("availableSpace > 1.5", "does not mix with a signed", "double(availableSpace)"),
        ("name == vm_ssd", "has no `vm_ssd`", "texts need quotes"),
        ("storagetype == 'rbd'", "has no `storagetype`", "did you mean `storageType`?"),
        ("name.startswith('a')", "no function `startswith`", "did you mean `startsWith`?"),
        ("name == null", "ever null", "compare with a text"),
        ("name = 'a'", "a single `=`", "=="),
        ("name == 'a' and true", "no operators", "&&"),
        ("name", "must be a condition", "name =="),
    ] {
        let refusal = Selector::read(text).expect_err(text);
        let fault = &refusal.faults[0];
        assert!(fault.message.contains(message), "{text}: {fault:?}");
        assert!(fault.help.as_deref().unwrap_or_default().contains(help), "{text}: {fault:?}");
        assert!(fault.at.end <= text.len(), "{text}: {fault:?}");
    }
}

#[test]
fn the_first_storage_by_id_wins() {
    let storages =
        [storage("vm_ssd", "rbd", 9), storage("local", "dir", 0), storage("local-lvm", "lvmthin", 5)];
    let on = |text: &str| pick(&Selector::read(text), "golf", &storages);
    assert_eq!(on("true"), Pick::Storage("local".into()), "contents are not looked at");
    assert_eq!(on("availableSpace > 1u"), Pick::Storage("local-lvm".into()));
    assert_eq!(on("name == 'x'"), Pick::None);
    assert_eq!(on("node == 'golf' && storageType == 'rbd'"), Pick::Storage("vm_ssd".into()));
    assert_eq!(
        on("availableSpace - 1u > 3u"),
        Pick::Failed { storage: "local".into(), error: "unsigned integer overflow".into() }
    );
    assert!(matches!(on("x"), Pick::Refused(_)));
    assert_eq!(pick(&Selector::read("x"), "golf", &[]), Pick::NothingThere);
}

#[test]
fn bombs_end() {
    let nested = format!("{}1{} == 1", "(".repeat(5000), ")".repeat(5000));
    let wide = format!(
        "[{}].all(a, [{}].all(b, [{}].all(c, a + b + c > 0)))",
        "1,".repeat(200),
        "1,".repeat(200),
        "1,".repeat(200)
    );
    for text in [nested.as_str(), wide.as_str(), &"!".repeat(100_000), &"name == ".repeat(10_000)] {
        let started = std::time::Instant::now();
        if let Ok(selector) = Selector::read(text) {
            assert!(selector.accepts("a", &storage("b", "c", 1)).is_err());
        }
        assert!(started.elapsed().as_secs() < 5);
    }
}
