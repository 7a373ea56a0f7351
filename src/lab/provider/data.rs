//! Provider data as the provider reads it: not strict, unknown keys ignored, absent numbers zero.

use serde_json::Value;

use super::super::document;

/// What a machine is built from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// Cores for each socket.
    pub cores: i64,
    /// Sockets; 0 when absent, which Proxmox refuses.
    pub sockets: i64,
    /// MiB.
    pub memory: i64,
    /// GiB.
    pub disk_size: i64,
    /// Expression over storages.
    pub storage_selector: String,
    /// Node it is pinned to.
    pub node: String,
    /// CPU model.
    pub cpu_type: String,
    /// Machine type.
    pub machine_type: String,
    /// Huge pages, as Proxmox takes them.
    pub hugepages: String,
    /// Bridge.
    pub network_bridge: String,
    /// VLAN tag, 0 for none.
    pub vlan: i64,
    /// NUMA.
    pub numa: bool,
    /// Whether ballooning is switched off.
    pub no_balloon: bool,
    /// SSD emulation.
    pub disk_ssd: bool,
    /// TRIM.
    pub disk_discard: bool,
    /// IO thread.
    pub disk_iothread: bool,
    /// Cache mode.
    pub disk_cache: String,
    /// Asynchronous IO.
    pub disk_aio: String,
    /// PCI mappings.
    pub mappings: Vec<String>,
}

/// Reads provider data; `Err` has the error's text.
pub fn read(text: &str) -> Result<Data, String> {
    let documents = document::documents(text).map_err(|why| format!("yaml: {why}"))?;
    let Some(Value::Object(map)) = documents.first() else { return Ok(Data::default()) };
    let word = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |key: &str| match map.get(key).and_then(Value::as_str) {
        None => Ok(0),
        Some(text) => integer(text).ok_or_else(|| {
            format!("yaml: construct errors:\n  line 1: cannot construct !!str `{text}` into int")
        }),
    };
    let flag = |key: &str| match map.get(key).and_then(Value::as_str) {
        None => Ok(None),
        Some(text) => boolean(text).map(Some).ok_or_else(|| {
            format!("yaml: construct errors:\n  line 1: cannot construct !!str `{text}` into bool")
        }),
    };
    let devices = map.get("pci_devices").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(Data {
        cores: number("cores")?,
        sockets: number("sockets")?,
        memory: number("memory")?,
        disk_size: number("disk_size")?,
        storage_selector: word("storage_selector"),
        node: word("node"),
        cpu_type: word("cpu_type"),
        machine_type: word("machine_type"),
        hugepages: match word("hugepages").as_str() {
            "2MB" => "2".to_owned(),
            "1GB" => "1024".to_owned(),
            other => other.to_owned(),
        },
        network_bridge: word("network_bridge"),
        vlan: number("vlan")?,
        numa: flag("numa")?.unwrap_or(false),
        no_balloon: flag("balloon")? == Some(false),
        disk_ssd: flag("disk_ssd")?.unwrap_or(false),
        disk_discard: flag("disk_discard")?.unwrap_or(false),
        disk_iothread: flag("disk_iothread")?.unwrap_or(false),
        disk_cache: word("disk_cache"),
        disk_aio: word("disk_aio"),
        mappings: devices.iter().filter_map(|d| d.get("mapping")?.as_str()).map(str::to_owned).collect(),
    })
}

fn integer(text: &str) -> Option<i64> {
    let plain = text.replace('_', "");
    let (sign, digits) = plain.strip_prefix('-').map_or((1, plain.as_str()), |d| (-1, d));
    let value = if let Some(hex) = digits.strip_prefix("0x") {
        i64::from_str_radix(hex, 16).ok()
    } else if let Some(octal) = digits.strip_prefix("0o") {
        i64::from_str_radix(octal, 8).ok()
    } else if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()) {
        i64::from_str_radix(digits, 8).ok()
    } else if let Ok(value) = digits.parse::<i64>() {
        Some(value)
    } else {
        digits.parse::<f64>().ok().filter(|f| f.fract() == 0.0 && f.abs() < 1e15).map(|f| f as i64)
    };
    value.map(|v| sign * v)
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_zero_and_unknown_is_ignored() {
        let data = read("cores: 0x10\nmemory: 1_000\ndisk_size: 4.0\nCores: 9\nballoon: off\n").unwrap();
        assert_eq!((data.cores, data.memory, data.disk_size, data.sockets), (16, 1000, 4, 0));
        assert!(data.no_balloon);
        assert_eq!(integer("010"), Some(8));
        assert!(read("cores: four\n").unwrap_err().contains("`four`"));
        assert_eq!(read("").unwrap(), Data::default());
    }
}
