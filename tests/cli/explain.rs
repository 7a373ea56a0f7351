//! `explain selector` and `explain providerdata`.

use crate::repository::{Ran, Repository};

fn json(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}\n{}", ran.out))
}

#[test]
fn a_selector_is_tried_on_every_node_of_the_lab() {
    let r = Repository::new();
    r.run(&["explain", "selector", "name == \"vm_ssd\"", "--lab"])
        .exits(0)
        .says("matrix / foxtrot: vm_ssd")
        .says("matrix / golf: vm_ssd")
        .says("matrix / hotel: vm_ssd")
        .says("true: taken");
    // The provider takes the first by name, and what it may hold comes to light only later.
    r.run(&["explain", "selector", "true", "--lab", "--node", "golf"])
        .exits(65)
        .says("matrix / golf: local\n")
        .says("true, but not the first")
        .says("storage 'local' does not support vm images");
    let seen =
        json(&r.run(&["explain", "selector", "name == \"gone\"", "--lab", "--format", "json"]).exits(65));
    assert_eq!(seen["format"], "omni-scale.explain-selector");
    let nodes: Vec<_> = seen["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| (n["node"].as_str().unwrap(), &n["outcome"]["kind"]))
        .collect();
    let nothing = &serde_json::Value::from("nothing");
    assert_eq!(nodes, [("foxtrot", nothing), ("golf", nothing), ("hotel", nothing)]);
    r.run(&["explain", "selector", "true", "--lab", "--node", "kilo"])
        .exits(64)
        .says("there is no node `kilo`");
}

#[test]
fn a_selector_that_does_not_compile_is_told_with_its_places_and_the_providers_words() {
    let r = Repository::empty();
    let wrong = "type == \"rbd\" && availableSpace > 100";
    r.run(&["explain", "selector", wrong, "--offline"])
        .exits(65)
        .says("column 1: ")
        .says("write `storageType == \"rbd\"`")
        .says("column 33: ")
        .says("found no matching overload for '_==_' applied to '(type(type), string)'");
    let seen = json(&r.run(&["explain", "selector", wrong, "--offline", "--format", "json"]).exits(65));
    assert_eq!((&seen["compiles"], &seen["problems"][1]["column"]), (&false.into(), &33.into()));
    r.run(&["explain", "selector", "name == \"a\"", "--offline"]).exits(0).says("It compiles");
}

#[test]
fn storages_can_be_handed_over() {
    let r = Repository::empty();
    let list = r#"[{"storage":"fast","type":"lvmthin","content":"images","enabled":1,"active":1,"avail":53687091200,"total":9},
        {"storage":"slow","type":"dir","content":"images","enabled":1,"active":0}]"#;
    std::fs::write(r.path("storages.json"), list).unwrap();
    std::fs::write(r.path("several.json"), format!("{{\"a\": {list}, \"b\": []}}")).unwrap();
    let ask = |selector: &str, file: &str| r.run(&["explain", "selector", selector, "--storages", file]);
    ask("storageType == \"lvmthin\"", "storages.json").exits(0).says("NODE: fast").says("50 GiB free");
    ask("name == \"slow\"", "storages.json").exits(65).says("`slow` is not active on this node");
    ask("availableSpace - 1u > 0u && node == \"a\"", "several.json")
        .exits(65)
        .says("a: fast")
        .says("b: the node shows no storage at all");
    // The one that has no value comes after the first match there, and before it here.
    ask("availableSpace - 1u > 99999999999u", "storages.json")
        .exits(65)
        .says("fails at `slow`")
        .says("overflow");
    std::fs::write(r.path("wrong.json"), "storages: none").unwrap();
    ask("true", "wrong.json").exits(65).says("this is no list of storages");
    ask("true", "nowhere.json").exits(65).says("`nowhere.json` does not exist");
}

#[test]
fn provider_data_is_read_as_the_provider_reads_it() {
    let r = Repository::new();
    let class = r.run(&["explain", "providerdata", "machine-classes/matrix-worker.yaml"]).exits(0);
    class
        .says("class/matrix-worker   as the provider before 0.1 reads it")
        .says("Proxmox has nothing against this request");
    std::fs::write(
        r.path("bad.yaml"),
        "cores: 4\nmemory: 8192\ndiskSize: 40\ndisk_size: 40\nstorage_selector: name == \"a\"\nmachine_type: i440fx\ntags: 5\n",
    )
    .unwrap();
    r.run(&["explain", "providerdata", "bad.yaml"])
        .exits(65)
        .says("diskSize  no release reads it; `disk_size` is probably meant")
        .says("tags  the provider reads it from 0.1 on")
        .says("400  sockets  value must have a minimum value of 1")
        .says("400  machine_type  ");
    r.run(&["explain", "providerdata", "bad.yaml", "--provider", "0.1"])
        .exits(65)
        .says("`tags`, line 7: !!int `5` is no []string")
        .says("line 7: cannot construct !!int `5` into []string");
    let seen = json(&r.run(&["explain", "providerdata", "bad.yaml", "--format", "json"]).exits(65));
    let data = &seen["provider_data"][0];
    assert_eq!((&data["generation"], &data["read"]["cores"]), (&"before 0.1".into(), &4.into()));
    let parameters: Vec<&str> =
        data["request"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert!(parameters.contains(&"scsi0") && parameters.contains(&"machine"), "{parameters:?}");
    let refused: Vec<_> = data["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["field"].as_str().unwrap(), &a["status"]))
        .collect();
    assert_eq!(refused, [("sockets", &400.into()), ("machine_type", &400.into())]);
}

#[test]
fn explain_still_wants_to_know_what() {
    Repository::empty().run(&["explain"]).exits(64).says("<CODE>");
    Repository::empty().run(&["explain", "selector"]).exits(64).says("<EXPR>");
    Repository::empty().run(&["explain", "providerdata"]).exits(64).says("<FILE>");
}
