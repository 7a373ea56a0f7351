//! The JSON schema that the provider publishes for its provider data, as its generation before 0.1 has it: advice for
//! forms, not what its code accepts (it names `i440fx`, which Proxmox refuses, and lets `sockets` be left out).

/// The schema text.
pub fn text() -> String {
    let disk = serde_json::json!({
        "disk_ssd": { "type": "boolean", "description": "Enable SSD emulation" },
        "disk_discard": { "type": "boolean", "description": "Enable discard/TRIM" },
        "disk_iothread": { "type": "boolean", "description": "Enable a dedicated IO thread" },
        "disk_cache": { "type": "string", "enum": ["none", "writeback", "writethrough", "directsync", "unsafe"] },
        "disk_aio": { "type": "string", "enum": ["native", "io_uring", "threads"] },
    });
    let mut extra = disk.clone();
    let mut properties = serde_json::json!({
        "cores": { "type": "integer", "minimum": 1, "description": "CPU cores" },
        "sockets": { "type": "integer", "minimum": 1, "description": "CPU sockets" },
        "memory": { "type": "integer", "minimum": 2048, "description": "Memory in MB" },
        "cpu_type": { "type": "string", "description": "CPU type" },
        "machine_type": { "type": "string", "enum": ["q35", "i440fx"] },
        "numa": { "type": "boolean" },
        "hugepages": { "type": "string", "enum": ["2MB", "1GB"] },
        "balloon": { "type": "boolean" },
        "disk_size": { "type": "integer", "minimum": 5, "description": "Disk size in GB" },
        "storage_selector": { "type": "string", "description": "CEL expression that selects the storage" },
        "network_bridge": { "type": "string" },
        "vlan": { "type": "integer", "minimum": 0 },
        "node": { "type": "string", "description": "Proxmox node to create the machine on" },
        "additional_nics": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "bridge": { "type": "string" },
                    "vlan": { "type": "integer", "minimum": 0 },
                    "firewall": { "type": "boolean" },
                },
                "required": ["bridge"],
            },
        },
        "pci_devices": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "mapping": { "type": "string" },
                    "pcie": { "type": "boolean" },
                    "primary_gpu": { "type": "boolean" },
                    "rombar": { "type": "boolean" },
                },
                "required": ["mapping"],
            },
        },
    });
    if let Some(extra) = extra.as_object_mut() {
        extra.insert("disk_size".into(), serde_json::json!({ "type": "integer", "minimum": 1 }));
        extra.insert("storage_selector".into(), serde_json::json!({ "type": "string" }));
    }
    if let (Some(into), Some(disk)) = (properties.as_object_mut(), disk.as_object()) {
        for (name, shape) in disk {
            into.insert(name.clone(), shape.clone());
        }
        into.insert(
            "additional_disks".into(),
            serde_json::json!({
                "type": "array",
                "items": {
                    "type": "object", "properties": extra, "required": ["disk_size", "storage_selector"],
                },
            }),
        );
    }
    serde_json::json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": properties,
        "required": ["cores", "memory", "disk_size", "storage_selector"],
    })
    .to_string()
}
