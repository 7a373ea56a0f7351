//! PCI devices that a class asks for.

use crate::checks::ClassView;
use crate::value::Value;

/// The mappings that it names, in order.
pub(super) fn mappings(class: &ClassView) -> Vec<&str> {
    let devices = class.data.as_ref().and_then(|d| d.get("pci_devices")).and_then(Value::as_list);
    let named = devices.into_iter().flatten().filter_map(|d| d.get("mapping").and_then(Value::as_str));
    named.filter(|m| !m.is_empty()).collect()
}
