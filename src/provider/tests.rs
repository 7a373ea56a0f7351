//! Reading, asking and being answered, by case.

use super::*;

fn data(text: &str) -> ProviderData {
    read(text, Generation::Early).unwrap()
}

fn logged(text: &str) -> String {
    read(text, Generation::V0_3).unwrap_err().logged().unwrap()
}

const WHOLE: &str =
    "cores: 4\nsockets: 1\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"vm_ssd\"\n";

#[test]
fn values_that_do_not_fit_are_told_in_the_providers_words_all_of_them() {
    assert_eq!(
        logged(
            "cores: four\nmemory: -1\nadditional_disks: [{disk_size: 40G}, 5]\nnode: [a]\nballoon: 99999999999"
        ),
        "yaml: construct errors:\n  line 1: cannot construct !!str `four` into int\n  line 2: cannot construct !!int `-1` into uint64\n  line 3: cannot construct !!str `40G` into int\n  line 3: cannot construct !!int `5` into provider.AdditionalDisk\n  line 4: cannot construct !!seq into string\n  line 5: cannot construct !!int `9999999...` into bool"
    );
    let Err(Unreadable::Values(all)) = read("additional_nics:\n- {vlan: x}\n", Generation::Early) else {
        panic!()
    };
    assert_eq!((all[0].field.as_str(), all[0].line), ("additional_nics[0].vlan", 2));
    assert!(matches!(read("a: [", Generation::Early), Err(Unreadable::Syntax(_))));
}

#[test]
fn keys_of_later_releases_are_not_even_looked_at() {
    let text =
        format!("{WHOLE}tags: 5\npool: [x]\nusb_devices: no\npci_devices: [{{mapping: m, mdev: [x]}}]\n");
    assert_eq!(data(&text).cores, 4);
    let Err(Unreadable::Values(all)) = read(&text, Generation::V0_1) else { panic!() };
    let fields: Vec<&str> = all.iter().map(|m| m.field.as_str()).collect();
    assert_eq!(fields, ["tags", "pool", "pci_devices[0].mdev"]);
}

#[test]
fn the_request_is_the_one_that_the_provider_sends() {
    let names = Names {
        vmid: "107".into(),
        request: "c-workers-x7k2mp".into(),
        uuid: "u".into(),
        set: Some("c-workers".into()),
        iso: "local:iso/i.iso".into(),
        storages: vec!["vm_ssd".into(), "local-lvm".into()],
    };
    let text = format!(
        "{WHOLE}disk_ssd: yes\ndisk_discard: on\ndisk_iothread: true\ndisk_cache: none\ndisk_aio: io_uring\nvlan: 20\nmachine_type: q35\nnuma: true\nhugepages: 1GB\nballoon: false\nadditional_disks: [{{disk_size: 5, storage_selector: x}}]\nadditional_nics: [{{bridge: vmbr1}}]\npci_devices: [{{mapping: gpu, pcie: true, rombar: false}}]\ntags: [a]\nbios: ovmf\npool: p\n"
    );
    let sent = |generation| {
        let all = create(&read(&text, generation).unwrap(), generation, &names);
        all.into_iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("\n")
    };
    let early = "vmid=107\nsmbios1=uuid=u\nname=c-workers-x7k2mp\ncdrom=local:iso/i.iso\ncpu=x86-64-v2-AES\ncores=4\nsockets=1\nmemory=8192\nscsi0=vm_ssd:40,ssd=1,discard=on,iothread=1,cache=none,aio=io_uring\nscsihw=virtio-scsi-single\nonboot=1\nnet0=virtio,bridge=vmbr0,firewall=1,tag=20\nagent=enabled=true\ntags=machine-request.c-workers\nscsi1=local-lvm:5\nmachine=q35\nnuma=1\nhugepages=1024\nballoon=0\nnet1=virtio,bridge=vmbr1,firewall=0\nhostpci0=mapping=gpu,pcie=1";
    assert_eq!(sent(Generation::Early), early);
    let later = sent(Generation::V0_2);
    assert!(later.contains("\ntags=a;machine-request.c-workers\n"), "{later}");
    assert!(
        later.ends_with("\nbios=ovmf\nefidisk0=vm_ssd:1,efitype=4m,pre-enrolled-keys=0\npool=p"),
        "{later}"
    );
}

#[test]
fn what_proxmox_refuses_is_known_beforehand() {
    assert_eq!(answer(&data(WHOLE)), []);
    let told = |change: &str| -> Vec<(String, When)> {
        answer(&data(&format!("{WHOLE}{change}"))).into_iter().map(|a| (a.field, a.when)).collect()
    };
    let request = |field: &str| vec![(field.to_owned(), When::Request)];
    let no_sockets = answer(&data("cores: 1\nmemory: 16\ndisk_size: 1"));
    assert_eq!(
        (no_sockets[0].status, no_sockets[0].text.as_str()),
        (Some(400), "value must have a minimum value of 1")
    );
    assert_eq!(no_sockets.len(), 1, "{no_sockets:?}");
    for machine in
        ["q35", "pc", "virt", "pc-i440fx-9.0", "pc-q35-9.2+pve1", "pc-9.0", "virt-8.1", "q35,viommu=intel"]
    {
        assert_eq!(told(&format!("machine_type: {machine}")), [], "{machine}");
    }
    for machine in ["i440fx", "q35-9", "pc-q35", "pc-i440fx-9", "pc-q35-9.x", "Q35"] {
        assert_eq!(told(&format!("machine_type: {machine}")), request("machine_type"), "{machine}");
    }
    assert_eq!(told("hugepages: 3"), request("hugepages"));
    assert_eq!(answer(&data(&format!("{WHOLE}hugepages: 2MB")))[0].status, Some(500));
    assert_eq!(told("vlan: 4094"), []);
    assert_eq!(told("vlan: 4095"), request("vlan"));
    assert_eq!(told("disk_cache: fast"), request("disk_cache"));
    assert_eq!(told("additional_nics: [{vlan: 3}]"), request("additional_nics[0].bridge"));
    let many = |count: usize| "{mapping: m}, ".repeat(count);
    assert_eq!(told(&format!("pci_devices: [{}]", many(16))), []);
    assert_eq!(told(&format!("pci_devices: [{}]", many(17))), request("pci_devices[16]"));
    assert_eq!(told("disk_aio: native\ndisk_cache: writeback"), [("disk_aio".to_owned(), When::StartTask)]);
    assert_eq!(told("disk_aio: native\ndisk_cache: none"), []);
    assert_eq!(
        told("pci_devices: [{mapping: m, pcie: true}]"),
        [("pci_devices[0].pcie".to_owned(), When::StartTask)]
    );
    assert_eq!(
        told("additional_disks: [{storage_selector: x}]"),
        [("additional_disks[0].disk_size".to_owned(), When::CreateTask)]
    );
}
