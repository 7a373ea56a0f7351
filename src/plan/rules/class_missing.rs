//! A machine set needs a class that is declared or live: Omni refuses it otherwise. A class needs a provider.

use super::codes;
use crate::address::Address;
use crate::diag::closest;
use crate::graph::edges::class_of_set;
use crate::plan::Warning;
use crate::plan::scene::{Readable, Scene};
use crate::resource::ResourceId;

pub(super) fn rule(scene: &Scene<'_>, out: &mut Vec<Warning>) {
    if scene.readable("MachineClasses") == Readable::Yes {
        for (address, set) in
            scene.desired.iter().filter(|(_, d)| d.resource.id.short_kind() == "MachineSets")
        {
            let Some(class) = class_of_set(&set.resource) else { continue };
            let live = scene.live(&ResourceId::default_ns("MachineClasses", class));
            if live.is_none() && !scene.desired.contains_key(&Address::class(class)) {
                let place = address
                    .cluster_name()
                    .and_then(|name| scene.declared_cluster(name)?.class_places.get(*address))
                    .map_or_else(String::new, |place| format!(" (named at {place})"));
                out.push(Warning {
                    code: codes::CLASS_MISSING.to_owned(),
                    address: Some((*address).clone()),
                    message: format!(
                        "`{address}` draws machines from class `{class}`, which is neither in the files nor in Omni{place}"
                    ),
                    blocks: true,
                    help: Some(match known(scene, class) {
                        Some(meant) => {
                            format!("did you mean `{meant}`? Otherwise declare the class below `machine_classes`")
                        }
                        None => "declare the class below `machine_classes`, or correct the name".to_owned(),
                    }), ..Warning::default() });
            }
        }
    }
    if scene.readable("InfraProviderCombinedStatuses") != Readable::Yes {
        return;
    }
    for class in &scene.input.desired.classes {
        let Some(provider) =
            class.resource.spec.at(&["auto_provision", "provider_id"]).and_then(|v| v.as_str())
        else {
            continue;
        };
        let declared = scene.input.desired.providers.iter().any(|p| p.id == provider);
        if !declared && scene.snapshot().omni.find("InfraProviderCombinedStatuses", provider).is_none() {
            out.push(Warning {
                code: codes::CLASS_PROVIDER.to_owned(),
                address: Some(class.address.clone()),
                message: format!(
                    "`{}` names infrastructure provider `{provider}`, which Omni does not have",
                    class.address
                ),
                blocks: true,
                help: Some("correct `providerid`; ids are case-sensitive".to_owned()),
                ..Warning::default()
            });
        }
    }
}

/// The class that is nearest by name, of those in the files and in Omni.
fn known<'a>(scene: &Scene<'a>, wanted: &str) -> Option<&'a str> {
    let declared = scene.input.desired.classes.iter().map(|c| c.resource.id.id.as_str());
    let live = scene.snapshot().omni.list("MachineClasses").iter().map(|c| c.resource.id.id.as_str());
    closest(wanted, declared.chain(live))
}
