//! What Omni shows of the provider: what it published, and whether it was heard of in the last 31 seconds.

use serde_json::json;

use super::super::labels;
use super::super::omni::{Key, Resource};
use super::super::provider::{alive, schema_text};
use super::super::world::{Pass, lean};

/// Milliseconds between heartbeats.
const HEARTBEAT: u64 = 30_000;
/// Milliseconds after the last one until it counts as disconnected.
const SILENCE: u64 = 31_000;

/// Controller of the combined status.
pub fn run(pass: &mut Pass<'_>) {
    if !pass.world.provider.published {
        return;
    }
    let (now, id) = (pass.world.now, pass.world.provider.id.clone());
    if alive(pass) {
        // A heartbeat changes nothing that anybody waits for, so it makes no event of its own.
        pass.world.provider.heartbeat = Some(now);
        let status = json!({
            "schema": schema_text(), "name": "Proxmox", "description": "Proxmox infrastructure provider", "icon": "PHN2Zy8+",
        });
        if pass.get("InfraProviderStatuses", &id).is_none() {
            pass.create(
                Resource::new(Key::of("InfraProviderStatuses", &id), status).label(labels::PROVIDER, &id),
            );
        }
    }
    let heard = pass.world.provider.heartbeat;
    if let Some(end) = heard.map(|h| h + SILENCE).filter(|e| *e > now && !alive(pass)) {
        pass.wake_at(end.min(now + HEARTBEAT));
    }
    let connected = heard.is_some_and(|h| now < h + SILENCE);
    pass.put(
        Resource::new(
            Key::of("InfraProviderCombinedStatuses", &id),
            lean(json!({
                "name": "Proxmox",
                "description": "Proxmox infrastructure provider",
                "icon": "PHN2Zy8+",
                "health": { "connected": connected, "initialized": heard.is_some() },
            })),
        )
        .owned_by("InfraProviderStatusController"),
    );
}
