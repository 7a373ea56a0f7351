//! Files of a world: what is true in it, the log of requests, and where it is served.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::omni::{Account, Event, Resource, Store};
use super::serve::LabError;
use super::world::{Plant, World};

/// Format of the world file.
const FORMAT: u32 = 2;

#[derive(Serialize, Deserialize)]
struct WorldFile {
    format: u32,
    world: World,
    resources: Vec<Resource>,
    #[serde(default)]
    accounts: Vec<Account>,
    #[serde(default)]
    audit: Vec<Event>,
}

#[derive(Serialize)]
struct WorldView<'a> {
    format: u32,
    world: &'a World,
    resources: Vec<Resource>,
    accounts: &'a [Account],
    audit: Vec<Event>,
}

/// Where a served world is found; only its user may read it.
#[derive(Serialize, Deserialize)]
pub struct ServedFile {
    /// Process.
    pub pid: u32,
    /// Origin of Omni.
    pub omni_endpoint: String,
    /// Key of the lab's account.
    pub service_account_key: String,
    /// Name, origins, pin and token of each Proxmox cluster.
    pub proxmox: Vec<(String, Vec<String>, String, String)>,
    /// Origin, access key and secret key of the object store.
    pub store: (String, String, String),
}

/// Folder of a world; the name is one of ours or of the user's making, and stays one path segment.
pub fn folder(root: &Path, world: &str) -> Result<PathBuf, LabError> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain = !world.is_empty() && !world.starts_with('.') && world.chars().all(part);
    if plain { Ok(root.join(world)) } else { Err(unknown(world)) }
}

/// There is no such world.
pub fn unknown(world: &str) -> LabError {
    LabError::UnknownWorld {
        name: world.to_owned(),
        known: super::scenario::NAMES.iter().map(|n| (*n).to_owned()).collect(),
    }
}

fn problem(path: &Path, cause: &dyn std::fmt::Display) -> LabError {
    LabError::File { path: path.display().to_string(), cause: cause.to_string() }
}

/// Reads a world; `None` when it was never written.
pub fn load(folder: &Path) -> Result<Option<(Plant, Vec<Account>)>, LabError> {
    let path = folder.join("world.json");
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(problem(&path, &error)),
    };
    let advice =
        |cause: String| problem(&path, &format!("{cause}; `omni-scale lab reset` makes the world anew"));
    let file: WorldFile = serde_json::from_slice(&bytes).map_err(|e| advice(e.to_string()))?;
    if file.format != FORMAT {
        return Err(advice(format!("it is of format {}, this version writes {FORMAT}", file.format)));
    }
    let store = std::sync::Arc::new(Store::restore(file.resources));
    for event in file.audit {
        store.note_audit(event);
    }
    Ok(Some((Plant::new(store, file.world), file.accounts)))
}

/// Writes a world: old or new, never neither.
pub fn save(folder: &Path, plant: &Plant, accounts: &[Account]) -> Result<(), LabError> {
    let view = WorldView {
        format: FORMAT,
        world: &plant.world,
        resources: plant.store.resources(),
        accounts,
        audit: plant.store.audited(),
    };
    let path = folder.join("world.json");
    let bytes = serde_json::to_vec(&view).map_err(|e| problem(&path, &e))?;
    replace(&path, &bytes)
}

/// Replaces a file that only its user may read.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), LabError> {
    let temporary = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(bytes)?;
        std::fs::rename(&temporary, path)
    };
    write().map_err(|e| problem(path, &e))
}

/// The log of requests, opened for appending.
pub fn log(folder: &Path) -> Result<File, LabError> {
    let path = folder.join("requests.jsonl");
    OpenOptions::new().create(true).append(true).open(&path).map_err(|e| problem(&path, &e))
}

/// Makes the world's folder and takes its lock; the lock is held until the file is dropped.
pub fn own(folder: &Path, world: &str) -> Result<File, LabError> {
    std::fs::create_dir_all(folder).map_err(|e| problem(folder, &e))?;
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| problem(&path, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(LabError::InUse(world.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(problem(&path, &error)),
    }
}

/// Forgets a world.
pub fn clear(folder: &Path) -> Result<(), LabError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(problem(folder, &error)),
        _ => Ok(()),
    }
}

/// Says where the world is served.
pub fn announce(folder: &Path, served: &ServedFile) -> Result<(), LabError> {
    let path = folder.join("served.json");
    let bytes = serde_json::to_vec(served).map_err(|e| problem(&path, &e))?;
    replace(&path, &bytes)
}

/// Where the world is served, as last announced.
pub fn announced(folder: &Path) -> Option<ServedFile> {
    serde_json::from_slice(&std::fs::read(folder.join("served.json")).ok()?).ok()
}

/// Takes the announcement back.
pub fn withdraw(folder: &Path) {
    // Missing is what is wanted.
    let _gone = std::fs::remove_file(folder.join("served.json"));
}
