//! The deeper look, against a world of the lab: Omni's records and Proxmox's VMs are joined.

use std::collections::BTreeMap;

use omni_scale::engine::refresh::{Wanted, examine, refresh};
use omni_scale::live::Observation;

use crate::status::World;

#[tokio::test]
async fn every_recorded_vm_is_looked_at_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path(), "deployed").await;
    let plan = refresh(&world.omni, &world.proxmox, &Wanted::default()).await;
    assert_eq!(plan.proxmox["matrix"].evidence, omni_scale::live::Evidence::default());
    let requests = plan.omni.list("MachineRequests");
    let provider = requests[0].resource.omni_label("infra-provider-id").unwrap().to_owned();

    // The spec may spell its id otherwise: Omni's own is used, and belongs to the same Proxmox cluster.
    for id in [provider.clone(), provider.to_uppercase()] {
        let wanted =
            Wanted { providers: BTreeMap::from([(id, Some("matrix".to_owned()))]), ..Wanted::default() };
        let seen = examine(&world.omni, &world.proxmox, &wanted).await;
        let records = seen.omni.records(&provider).known().cloned().unwrap_or_else(|| panic!("{provider}"));
        assert_eq!(records.len(), requests.len());
        let evidence = &seen.proxmox["matrix"].evidence;
        for record in &records {
            let vmid = record.vmid.unwrap();
            let config =
                evidence.configs[&vmid].known().unwrap_or_else(|| panic!("{:?}", evidence.configs[&vmid]));
            assert_eq!(
                (config.uuid.as_ref(), Some(config.node.as_str())),
                (record.uuid.as_ref(), record.node)
            );
            assert_eq!(config.name.as_deref(), Some(record.request));
            assert_eq!(evidence.states[&vmid], Observation::Known("running".to_owned()));
        }
        assert_eq!(evidence.tasks, Observation::Known(Vec::new()), "nothing happened to any");
        assert!(evidence.cpu_flags.values().all(|flags| flags.known().is_some()));
        assert!(evidence.bridges.values().all(|bridges| bridges.known().is_some_and(|b| !b.is_empty())));
    }
    world.lab.stop().await.unwrap();
}
