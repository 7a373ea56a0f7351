//! Property strings: `local-lvm:vm-101-disk-0,size=100G`, `virtio=BC:24:11:5A:10:02,bridge=vmbr0`.
//!
//! Items are separated by commas, each `key=value`; one may lack its key, which is then the format's own (`file` of a disk, `model`
//! of a network card, `host` of a passed-through device). Their order says nothing, and Proxmox rewrites it.

use std::collections::BTreeMap;

/// Most items of one string that are read; Proxmox's longest format has fewer than fifty.
const ITEMS: usize = 128;

/// Network card models: as a key they carry the address (`virtio=BC:24:…`), which is `model=virtio,macaddr=BC:24:…` in short.
const MODELS: [&str; 14] = [
    "e1000",
    "e1000-82540em",
    "e1000-82544gc",
    "e1000-82545em",
    "e1000e",
    "i82551",
    "i82557b",
    "i82559er",
    "ne2k_isa",
    "ne2k_pci",
    "pcnet",
    "rtl8139",
    "virtio",
    "vmxnet3",
];

/// A property string, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Property {
    /// The item without a key, if there is one.
    pub main: Option<String>,
    /// The others, by key.
    pub options: BTreeMap<String, String>,
}

impl Property {
    /// Reads a string. What is no item (an empty one, a key that Proxmox would not allow, a second item without a key) is left out:
    /// it cannot come from a server that works, and nothing may rest on it.
    pub fn parse(text: &str) -> Self {
        let mut out = Self::default();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()).take(ITEMS) {
            match item.split_once('=') {
                Some((key, value)) if is_key(key) => {
                    out.options.entry(key.to_owned()).or_insert_with(|| value.to_owned());
                }
                // A volume's name may contain `=`, a key never `:` or `/`.
                Some((key, _)) if !key.contains([':', '/']) => {}
                _ => {
                    out.main.get_or_insert_with(|| item.to_owned());
                }
            }
        }
        out
    }

    /// The item that may lack its key, wherever it stands and whether or not the key is written.
    pub fn default_item(&mut self, key: &str) -> Option<String> {
        let named = self.options.remove(key);
        self.main.take().or(named)
    }

    /// The model of a network card, without its address.
    pub fn model(&mut self) -> Option<String> {
        self.options.remove("macaddr");
        for model in MODELS {
            if self.options.remove(model).is_some() {
                self.options.remove("model");
                return Some(model.to_owned());
            }
        }
        self.default_item("model")
    }
}

/// Whether something can be a key: of a property, or of a configuration.
pub(super) fn is_key(key: &str) -> bool {
    (1..=40).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        && key.starts_with(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<String>, Vec<String>) {
        let p = Property::parse(text);
        (p.main, p.options.into_iter().map(|(k, v)| format!("{k}={v}")).collect())
    }
    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn items_are_taken_apart_whatever_their_order() {
        let disk = "vm_ssd:vm-105-disk-0,aio=io_uring,size=100G,ssd=1";
        let options: Vec<String> = ["aio=io_uring", "size=100G", "ssd=1"].map(str::to_owned).into();
        assert_eq!(parts(disk), (some("vm_ssd:vm-105-disk-0"), options.clone()));
        assert_eq!(
            parts("ssd=1,size=100G,vm_ssd:vm-105-disk-0,aio=io_uring"),
            (some("vm_ssd:vm-105-disk-0"), options)
        );
        assert_eq!(parts("none,media=cdrom"), (some("none"), vec!["media=cdrom".to_owned()]));
        assert_eq!(
            parts("/dev/disk/by-id/x=y,size=1T"),
            (some("/dev/disk/by-id/x=y"), vec!["size=1T".to_owned()])
        );
        assert_eq!(parts("local:iso/a=b.iso,media=cdrom").0, some("local:iso/a=b.iso"));
        assert_eq!(parts("order=scsi0;ide2;net0"), (None, vec!["order=scsi0;ide2;net0".to_owned()]));
        assert_eq!(parts("enabled=1,"), (None, vec!["enabled=1".to_owned()]));
        assert_eq!(parts("host,flags=+aes;-pcid"), (some("host"), vec!["flags=+aes;-pcid".to_owned()]));
        assert_eq!(parts("size="), (None, vec!["size=".to_owned()]));
        assert_eq!(parts(" , ,,"), (None, vec![]));
        assert_eq!(parts("=x,a b=1,a,b"), (some("a"), vec![]), "what is no item is left out");
        assert_eq!(parts("a=1,a=2"), (None, vec!["a=1".to_owned()]), "the first counts");
    }

    #[test]
    fn an_item_may_be_written_with_its_key_or_without() {
        for text in ["local-lvm:vm-1-disk-0,size=4M", "size=4M,file=local-lvm:vm-1-disk-0"] {
            let mut disk = Property::parse(text);
            assert_eq!(disk.default_item("file"), some("local-lvm:vm-1-disk-0"), "{text}");
            assert_eq!(disk.options.len(), 1);
        }
        for text in [
            "virtio=BC:24:11:5A:10:02,bridge=vmbr0",
            "bridge=vmbr0,model=virtio,macaddr=BC:24:11:5A:10:02",
            "virtio,bridge=vmbr0",
        ] {
            let mut card = Property::parse(text);
            assert_eq!(card.model(), some("virtio"), "{text}");
            assert_eq!(
                card.options.into_iter().collect::<Vec<_>>(),
                [("bridge".to_owned(), "vmbr0".to_owned())]
            );
        }
        assert_eq!(Property::parse("bridge=vmbr0").model(), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_and_nothing_is_made_up(text in "(.{0,80}|[a-z0-9=,:;/._ -]{0,200})") {
            let parsed = Property::parse(&text);
            for (key, value) in &parsed.options {
                let item = format!("{key}={value}");
                proptest::prop_assert!(text.contains(&item) && is_key(key) && !value.contains(','));
            }
            if let Some(main) = &parsed.main {
                proptest::prop_assert!(text.contains(main.as_str()) && !main.contains(',') && !main.is_empty());
            }
        }

        #[test]
        fn what_is_written_is_read(
            main in "[a-z]{1,8}:[a-z0-9/.-]{1,20}",
            options in proptest::collection::btree_map("[a-z][a-z0-9_-]{0,10}", "[A-Za-z0-9:;+.]{0,12}", 0..8),
            at in 0_usize..8,
        ) {
            let mut items: Vec<String> = options.iter().map(|(k, v)| format!("{k}={v}")).collect();
            items.insert(at.min(items.len()), main.clone());
            let parsed = Property::parse(&items.join(","));
            proptest::prop_assert_eq!(parsed.main, Some(main));
            proptest::prop_assert_eq!(parsed.options, options);
        }
    }
}
