//! The rollout of a Kubernetes or Talos version.

use super::model::Upgrade;
use super::phase::UpgradePhase;
use super::sight::{number, text, version};
use crate::plan::scene::Scene;
use crate::resource::ResourceId;

/// The upgrade status of a cluster, found by its id: the one of Talos carries no cluster label on real servers, so that
/// omnictl, which selects by label, neither shows nor awaits it.
pub(super) fn upgrade(scene: &Scene<'_>, short: &str, cluster: &str) -> Option<Upgrade> {
    let live = scene.live(&ResourceId::default_ns(short, cluster))?;
    let step: Vec<String> = [text(live, &["step"]), text(live, &["status"])].into_iter().flatten().collect();
    Some(Upgrade {
        phase: UpgradePhase::of(number(live, &["phase"])),
        from: version(live, &["last_upgrade_version"]),
        to: version(live, &["current_upgrade_version"]),
        step: (!step.is_empty()).then(|| step.join(", ")),
        error: text(live, &["error"]),
    })
}
