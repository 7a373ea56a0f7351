//! Parameters of a VM's configuration: which values are refused, and which privileges they need.

use serde_json::{Map, Value};

/// Why a value is refused, as the schema says it.
pub fn wrong(key: &str, value: &Value) -> Option<String> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let least = match key {
        "cores" | "sockets" => 1,
        "memory" => 16,
        _ => i64::MIN,
    };
    if number.is_some_and(|n| n < least) {
        return Some(format!("value must have a minimum value of {least}"));
    }
    let text = value.as_str().unwrap_or_default();
    match key {
        "hugepages" if !["any", "2", "1024"].contains(&text) => {
            Some(format!("value '{text}' does not have a value in the enumeration 'any, 2, 1024'"))
        }
        "machine" if !machine(text.split(',').next().unwrap_or_default()) => Some(
            "invalid format - format error\nmachine.type: value does not match the regex pattern\n"
                .to_owned(),
        ),
        _ if is(key, "net") => net(key, text),
        _ if is(key, "scsi") => disk(key, text),
        _ => None,
    }
}

/// `net0`, `scsi12`: a name with a number.
fn is(key: &str, name: &str) -> bool {
    key.strip_prefix(name).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// `pc`, `q35`, `virt`, or one of them with a version.
fn machine(text: &str) -> bool {
    let versioned = |rest: &str| {
        let digits = rest.split('+').next().unwrap_or_default().trim_end_matches(".pxe");
        digits.split('.').count() == 2
            && digits.split('.').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(text, "pc" | "q35" | "virt")
        || ["pc-i440fx-", "pc-q35-", "pc-", "virt-"]
            .iter()
            .any(|head| text.strip_prefix(head).is_some_and(versioned))
}

fn net(key: &str, text: &str) -> Option<String> {
    let format = |why: &str| Some(format!("invalid format - format error\n{key}.{why}\n"));
    for part in text.split(',').skip(1) {
        match part.split_once('=') {
            Some(("bridge", "")) => return format("bridge: value does not match the regex pattern"),
            Some(("tag", tag)) if !tag.parse().is_ok_and(|t: u64| (1..=4094).contains(&t)) => {
                return format("tag: value must have a maximum value of 4094");
            }
            _ => {}
        }
    }
    None
}

fn disk(key: &str, text: &str) -> Option<String> {
    for part in text.split(',').skip(1) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let known: &[&str] = match name {
            "cache" => &["none", "writethrough", "writeback", "unsafe", "directsync"],
            "aio" => &["native", "threads", "io_uring"],
            _ => continue,
        };
        if !known.contains(&value) {
            let list = known.join(", ");
            return Some(format!(
                "invalid format - format error\n{key}.{name}: value '{value}' does not have a value in the enumeration '{list}'\n"
            ));
        }
    }
    None
}

/// Privileges on the VM that its parameters need, sorted.
pub fn privileges(given: &Map<String, Value>) -> Vec<&'static str> {
    let mut out: Vec<&'static str> = given.iter().filter_map(|(key, value)| privilege(key, value)).collect();
    out.sort_unstable();
    out.dedup();
    out
}

fn privilege(key: &str, value: &Value) -> Option<&'static str> {
    let media = value.as_str().is_some_and(|v| v.contains("media=cdrom"));
    Some(match key {
        "vmid" => return None,
        "cdrom" => "VM.Config.CDROM",
        "cpu" | "cores" | "sockets" | "numa" => "VM.Config.CPU",
        "memory" | "balloon" => "VM.Config.Memory",
        "scsihw" | "smbios1" | "machine" | "bios" | "vga" => "VM.Config.HWType",
        _ if is(key, "hostpci") => "VM.Config.HWType",
        _ if is(key, "net") => "VM.Config.Network",
        _ if is(key, "ide") && media => "VM.Config.CDROM",
        _ if is(key, "scsi") || is(key, "ide") || is(key, "sata") || is(key, "virtio") => "VM.Config.Disk",
        "boot" => "VM.Config.Disk",
        _ => "VM.Config.Options",
    })
}

/// Values of one part of the property strings with this name.
fn parts<'a>(given: &'a Map<String, Value>, name: &'a str, part: &'a str) -> impl Iterator<Item = &'a str> {
    given
        .iter()
        .filter(move |(key, _)| is(key, name))
        .filter_map(|(_, v)| v.as_str())
        .filter_map(move |text| text.split(',').find_map(|p| p.strip_prefix(part)?.strip_prefix('=')))
}

/// Bridges of the network interfaces.
pub fn bridges(given: &Map<String, Value>) -> impl Iterator<Item = &str> {
    parts(given, "net", "bridge")
}

/// PCI mappings.
pub fn mappings(given: &Map<String, Value>) -> impl Iterator<Item = &str> {
    parts(given, "hostpci", "mapping")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn machines_are_families_or_versions() {
        for good in ["pc", "q35", "pc-i440fx-9.0", "pc-q35-9.0+pve1", "virt"] {
            assert_eq!(wrong("machine", &json!(good)), None, "{good}");
        }
        assert!(wrong("machine", &json!("i440fx")).unwrap().contains("machine.type"));
    }

    #[test]
    fn values_outside_of_the_schema_are_refused() {
        assert_eq!(wrong("sockets", &json!(0)).unwrap(), "value must have a minimum value of 1");
        assert!(wrong("net1", &json!("virtio,bridge=,firewall=0")).is_some());
        assert!(wrong("net0", &json!("virtio,bridge=vmbr0,tag=4095")).is_some());
        assert!(wrong("scsi0", &json!("vm_ssd:40,cache=fast")).is_some());
        assert_eq!(wrong("scsi0", &json!("vm_ssd:40,cache=none,aio=io_uring")), None);
    }

    #[test]
    fn parameters_need_the_privileges_of_their_kind() {
        let given = json!({ "cores": 1, "scsihw": "x", "ide0": "local:iso/a.iso,media=cdrom", "tags": "a" });
        let want = ["VM.Config.CDROM", "VM.Config.CPU", "VM.Config.HWType", "VM.Config.Options"];
        assert_eq!(privileges(given.as_object().unwrap()), want);
    }
}
