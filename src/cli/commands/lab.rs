//! `lab …`: the embedded lab for other processes.

use std::path::Path;

use crate::cli::args::{Global, LabCommand, LabUpArgs};
use crate::cli::connect::{lab_fail, lab_root};
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::files::Root;
use crate::cli::interrupt;
use crate::cli::repository;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::lab::{self, Lab, LabOptions, Served, Speed};
use crate::world::Fs as _;
use crate::world::real::RealFs;

pub(in crate::cli) fn run(global: &Global, command: &LabCommand, streams: &Streams) -> Exit {
    match act(global, command, streams) {
        Ok(exit) => exit,
        Err(fail) => fail.tell(streams),
    }
}

fn act(global: &Global, command: &LabCommand, streams: &Streams) -> Result<Exit, Fail> {
    match command {
        LabCommand::List => {
            streams.data(&lab::worlds().join("\n"));
        }
        LabCommand::Reset(args) => {
            let root = Root::open(&global.directory)?;
            lab::reset(&lab_root(root.folder()), &args.world).map_err(|e| lab_fail(&e))?;
            forget(&lab_root(root.folder()).join(&args.world))?;
            streams.say(&format!("World `{}` starts anew; its record is gone.", args.world));
        }
        LabCommand::Inject(args) => {
            let root = Root::open(&global.directory)?;
            lab::inject(&lab_root(root.folder()), &args.world, &args.fault).map_err(|e| lab_fail(&e))?;
            streams.say(&format!("Injected `{}` into world `{}`.", args.fault, args.world));
        }
        LabCommand::Log(args) => {
            let root = Root::open(&global.directory)?;
            let log = lab::provider_log(&lab_root(root.folder()), &args.world).map_err(|e| lab_fail(&e))?;
            streams.data(&if args.requests { log.requests } else { log.lines }.join("\n"));
        }
        LabCommand::Up(args) => return up(global, args, streams),
    }
    Ok(Exit::Done)
}

/// A world that starts anew has never been applied to: its record and journals go with it.
fn forget(world: &Path) -> Result<(), Fail> {
    let fs = RealFs::new();
    let failed = |e: crate::world::FsError| Fail::new(Exit::Error, e.to_string());
    for name in fs.list(world).map_err(failed)? {
        if name.starts_with("lab-") {
            fs.remove(&world.join(name)).map_err(failed)?;
        }
    }
    let runs = world.join("runs");
    for name in fs.list(&runs).map_err(failed)? {
        fs.remove(&runs.join(name)).map_err(failed)?;
    }
    Ok(())
}

fn up(global: &Global, args: &LabUpArgs, streams: &Streams) -> Result<Exit, Fail> {
    let root = Root::open(&global.directory)?;
    let spec = repository::spec_path(&root, global)?;
    let original = String::from_utf8(root.read(&spec)?)
        .map_err(|_| Fail::new(Exit::Files, format!("`{spec}` is not UTF-8 text")))?;
    let folder = lab_root(root.folder());
    session::block_on(async {
        let stop = interrupt::watch(streams, interrupt::LAB);
        let options = LabOptions {
            root: folder.clone(),
            world: args.world.clone(),
            latency: args.latency,
            speed: Speed::Times(args.speed),
        };
        let lab = Lab::start(options).await.map_err(|e| lab_fail(&e))?;
        let relative = format!("state/lab/{}/spec.yaml", args.world);
        let original = if args.object_store { lab::with_store(&original) } else { original };
        let text = lab::spec_for(lab.served(), &original);
        RealFs::new()
            .replace(&root.folder().join(&relative), text.as_bytes())
            .map_err(|e| Fail::new(Exit::Error, e.to_string()))?;
        streams.data(&environment(lab.served(), &relative, &text));
        streams.say(&format!("World `{}` is served. Interrupt to stop.", args.world));
        stop.wait().await;
        lab.stop().await.map_err(|e| lab_fail(&e))?;
        streams.say(&format!("World `{}` stopped.", args.world));
        Ok(Exit::Done)
    })
}

/// Lines for a shell. The credentials are those of a throw-away world on loopback.
fn environment(served: &Served, spec: &str, text: &str) -> String {
    let kept = lab::store_of(text);
    let mut lines = vec![
        format!("export OMNI_ENDPOINT={}", served.omni_endpoint),
        format!("export OMNI_SERVICE_ACCOUNT_KEY={}", served.service_account_key.expose()),
    ];
    for cluster in &served.proxmox {
        let (endpoint, token) = if served.proxmox.len() == 1 {
            ("PROXMOX_VE_ENDPOINT".to_owned(), "PROXMOX_VE_API_TOKEN".to_owned())
        } else {
            let name = cluster.name.to_ascii_uppercase().replace('-', "_");
            (format!("OMNI_SCALE_PROXMOX_{name}_ENDPOINT"), format!("OMNI_SCALE_PROXMOX_{name}_API_TOKEN"))
        };
        lines.push(format!("export {endpoint}={}", cluster.endpoints.join(",")));
        lines.push(format!("export {token}='{}'", cluster.token.expose()));
    }
    if let Some(store) = &kept {
        lines.push(format!("export OMNI_SCALE_STATE_STORE={store}"));
        lines.push(format!("export AWS_ENDPOINT_URL_S3={}", served.store.endpoint));
        lines.push(format!("export AWS_ACCESS_KEY_ID={}", served.store.access));
        lines.push(format!("export AWS_SECRET_ACCESS_KEY={}", served.store.secret.expose()));
    }
    lines.push(format!("export OMNI_SCALE_SPEC={spec}"));
    lines.join("\n")
}
