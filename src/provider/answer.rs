//! What Proxmox says to the request that makes a machine, as far as the request alone decides it.

use serde::Serialize;

use super::request::hugepages;
use super::{Disk, ProviderData};

/// When something fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The request is refused; no VM comes into being. All such parameters are named in one answer.
    Request,
    /// The request is accepted, and the task that makes the disks fails. The provider never gets over a failed task.
    CreateTask,
    /// The VM is made, and its start fails. The provider never gets over that either.
    StartTask,
}

/// One thing that Proxmox will say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Answer {
    /// When.
    pub when: When,
    /// HTTP status; none for a task.
    pub status: Option<u16>,
    /// The parameter, where one is named.
    pub parameter: Option<String>,
    /// Field of the provider data that is behind it.
    pub field: String,
    /// Its words; of a task what makes it fail.
    pub text: String,
}

const CACHES: [&str; 5] = ["none", "writethrough", "writeback", "unsafe", "directsync"];
const AIO: [&str; 3] = ["native", "threads", "io_uring"];
const HUGEPAGES: [&str; 3] = ["any", "2", "1024"];
const BIOS: [&str; 2] = ["seabios", "ovmf"];
/// Machine types, before their versions.
const MACHINES: [&str; 5] = ["pc-i440fx", "pc-q35", "pc", "q35", "virt"];
/// Most devices of a kind: `scsi1` to `scsi30`, `net1` to `net31`, `hostpci0` to `hostpci15`.
const MOST: [(&str, &str, usize, usize); 3] = [
    ("scsi", "additional_disks", 1, 30),
    ("net", "additional_nics", 1, 31),
    ("hostpci", "pci_devices", 0, 15),
];

/// Everything that fails for certain; nothing means that the request alone is fine.
pub fn answer(data: &ProviderData) -> Vec<Answer> {
    let mut all = Answers(Vec::new());
    for (field, value) in [("cores", data.cores), ("sockets", data.sockets)] {
        if value < 1 {
            all.refused(field, field, "value must have a minimum value of 1");
        }
    }
    if data.memory < 16 {
        all.misformed("memory", "memory", "memory.current: value must have a minimum value of 16");
    }
    let machine = data.machine_type.split(',').next().unwrap_or_default();
    if !data.machine_type.is_empty() && !is_machine(machine.strip_prefix("type=").unwrap_or(machine)) {
        all.misformed("machine", "machine_type", "machine.type: value does not match the regex pattern");
    }
    let pages = hugepages(&data.hugepages);
    if !pages.is_empty() && !HUGEPAGES.contains(&pages) {
        all.refused("hugepages", "hugepages", &not_one_of(pages, &HUGEPAGES));
    }
    if !data.bios.is_empty() && !BIOS.contains(&data.bios.as_str()) {
        all.refused("bios", "bios", &not_one_of(&data.bios, &BIOS));
    }
    all.disk("scsi0", "", &data.disk);
    for (i, disk) in (1..=MOST[0].3).zip(&data.additional_disks) {
        all.disk(&format!("scsi{i}"), &format!("additional_disks[{}].", i - 1), disk);
    }
    all.card("net0", "vlan", data.vlan);
    for (i, card) in (1..=MOST[1].3).zip(&data.additional_nics) {
        let (parameter, within) = (format!("net{i}"), format!("additional_nics[{}]", i - 1));
        if card.bridge.is_empty() {
            all.misformed(
                &parameter,
                &format!("{within}.bridge"),
                &format!("{parameter}.bridge: value is missing"),
            );
        }
        all.card(&parameter, &format!("{within}.vlan"), card.vlan);
    }
    let counts = [data.additional_disks.len(), data.additional_nics.len(), data.pci_devices.len()];
    for ((parameter, field, first, last), count) in MOST.into_iter().zip(counts) {
        for i in (last + 1..first + count).take(3) {
            let text =
                "property is not defined in schema and the schema does not allow additional properties";
            all.refused(&format!("{parameter}{i}"), &format!("{field}[{}]", i - first), text);
        }
    }
    // What follows is reached only by a request whose parameters are fine.
    if all.0.is_empty() && !pages.is_empty() {
        all.0.push(Answer {
            when: When::Request,
            status: Some(500),
            parameter: Some("hugepages".to_owned()),
            field: "hugepages".to_owned(),
            text: "only root can set 'hugepages' config (any API token, and any user but root@pam with a password)".to_owned(),
        });
    }
    tasks(data, &mut all);
    all.0.sort_by_key(|a| a.when);
    all.0
}

/// What fails after the request.
fn tasks(data: &ProviderData, all: &mut Answers) {
    let disks = std::iter::once((String::new(), &data.disk)).chain(
        data.additional_disks.iter().enumerate().map(|(i, disk)| (format!("additional_disks[{i}]."), disk)),
    );
    for (within, disk) in disks {
        if disk.size < 1 {
            all.task(
                When::CreateTask,
                format!("{within}disk_size"),
                format!("a disk of {} GiB cannot be made", disk.size),
            );
        }
        let cached = !matches!(disk.cache.as_str(), "" | "none" | "directsync");
        if disk.aio == "native" && cached && CACHES.contains(&disk.cache.as_str()) {
            let text = format!(
                "`aio=native` needs a cache that passes by the host's, and `{}` does not",
                disk.cache
            );
            all.task(When::StartTask, format!("{within}disk_aio"), text);
        }
    }
    let q35 = data.machine_type.contains("q35");
    for (i, device) in data.pci_devices.iter().enumerate().filter(|(_, d)| d.pcie && !q35) {
        let text = format!("PCI Express for `{}` needs a machine of type q35", device.mapping);
        all.task(When::StartTask, format!("pci_devices[{i}].pcie"), text);
    }
}

struct Answers(Vec<Answer>);

impl Answers {
    fn refused(&mut self, parameter: &str, field: &str, text: &str) {
        self.0.push(Answer {
            when: When::Request,
            status: Some(400),
            parameter: Some(parameter.to_owned()),
            field: field.to_owned(),
            text: text.to_owned(),
        });
    }

    /// A property string that does not fit its format.
    fn misformed(&mut self, parameter: &str, field: &str, text: &str) {
        self.refused(parameter, field, &format!("invalid format - format error\n{text}\n"));
    }

    fn task(&mut self, when: When, field: String, text: String) {
        self.0.push(Answer { when, status: None, parameter: None, field, text });
    }

    fn disk(&mut self, parameter: &str, within: &str, disk: &Disk) {
        let options =
            [("cache", "disk_cache", &disk.cache, &CACHES[..]), ("aio", "disk_aio", &disk.aio, &AIO[..])];
        for (option, field, value, known) in options {
            if !value.is_empty() && !known.contains(&value.as_str()) {
                let text = format!("{parameter}.{option}: {}", not_one_of(value, known));
                self.misformed(parameter, &format!("{within}{field}"), &text);
            }
        }
    }

    fn card(&mut self, parameter: &str, field: &str, vlan: u64) {
        if vlan > 4094 {
            let text = format!("{parameter}.tag: value must have a maximum value of 4094");
            self.misformed(parameter, field, &text);
        }
    }
}

fn not_one_of(value: &str, known: &[&str]) -> String {
    format!("value '{value}' does not have a value in the enumeration '{}'", known.join(", "))
}

/// `pc`, `q35`, `virt`, or one of these with a version: `pc-q35-9.2+pve1`. `i440fx` alone is none of them.
fn is_machine(kind: &str) -> bool {
    MACHINES.into_iter().any(|known| {
        let Some(rest) = kind.strip_prefix(known) else { return false };
        match rest.strip_prefix('-') {
            None => rest.is_empty() && !known.contains('-'),
            Some(_) if known == "q35" => false,
            Some(version) => is_version(version),
        }
    })
}

/// `9.0`, `9.2.1+pve1`, `4.2.pxe`.
fn is_version(text: &str) -> bool {
    let text = text.strip_suffix(".pxe").unwrap_or(text);
    let (numbers, build) = text.split_once("+pve").map_or((text, None), |(n, b)| (n, Some(b)));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    numbers.contains('.') && numbers.split('.').all(digits) && build.is_none_or(digits)
}
