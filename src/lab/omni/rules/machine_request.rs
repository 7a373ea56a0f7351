//! Machine request sets and machine requests as users may write them.

use super::talos_version::usable;
use super::{Context, Reasons, Write};

pub(super) fn check(context: &Context<'_>, write: &Write<'_>, reasons: &mut Reasons) {
    let Some(new) = write.wanted() else { return };
    if new.key.kind.starts_with("MachineRequests.") {
        if let Write::Update(old, new) = write
            && old.spec != new.spec
        {
            reasons.push("machine request spec is immutable".to_owned());
        }
        return;
    }
    let was = write.stored().map(|o| o.text("/talos_version"));
    let version = new.text("/talos_version");
    if was != Some(version) {
        usable(context, version, was, reasons);
    }
    if new.text("/provider_id").is_empty() {
        reasons.push("provider ID is not set".to_owned());
    }
}
