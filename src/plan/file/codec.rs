//! The bytes of a saved plan.
//!
//! One line of JSON: format, version, a SHA-256, and the plan in canonical form (sorted keys, no blanks). The sum is taken over
//! the bytes as they stand in the file, before any of them is parsed, so that no byte can be another one unnoticed.

use super::actions::digest;
use super::header::SavedPlan;
use crate::secret::sha256;
use crate::value::Value;

/// Value of `format`.
pub const FORMAT: &str = "omni-scale.saved-plan";
/// Version of the format; newer ones are refused.
pub const VERSION: u64 = 1;
/// Between the sum and the plan.
const PLAN: &str = "\",\"plan\":";
/// After the plan.
const END: &str = "}\n";
/// Hexadecimal digits of a sum.
const DIGITS: usize = 64;

/// Why some bytes are not a saved plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// They are something else.
    #[error("it is not a saved plan")]
    NotAPlan,
    /// A newer program wrote it.
    #[error("it has version {0} of the format, this program knows {VERSION}")]
    Newer(u64),
    /// Cut off, edited, or damaged on the way.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The plan cannot be written down so that it reads back as itself.
    #[error("the plan cannot be saved: {0}")]
    NotSaved(String),
}

impl FileError {
    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotAPlan => "`omni-scale plan --out plan=FILE` writes one",
            Self::Newer(_) => "use the program that made it, or plan again with this one",
            Self::Damaged(_) => "nothing was sent; fetch it again, or plan again",
            Self::NotSaved(_) => "report this with the command; nothing was written",
        }
    }
}

fn start() -> String {
    format!("{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"sha256\":\"")
}

/// The bytes of a plan, and their sum as `sha256:` and 64 digits. Equal plans have equal bytes.
///
/// # Errors
/// [`FileError::NotSaved`] when the bytes would not read back as the same plan.
pub fn encode(saved: &SavedPlan) -> Result<(Vec<u8>, String), FileError> {
    let json = serde_json::to_value(saved).map_err(|e| FileError::NotSaved(e.to_string()))?;
    let body = Value::from_json(&json).canonical();
    let sum = sha256(body.as_bytes());
    let bytes = format!("{}{sum}{PLAN}{body}{END}", start()).into_bytes();
    match decode(&bytes) {
        Ok((back, _)) if back == *saved => Ok((bytes, format!("sha256:{sum}"))),
        Ok(_) => Err(FileError::NotSaved("it does not read back as itself".to_owned())),
        Err(e) => Err(FileError::NotSaved(e.to_string())),
    }
}

/// Reads what [`encode`] wrote; gives the plan and the sum of its bytes.
///
/// # Errors
/// Any other byte, anywhere, is one.
pub fn decode(bytes: &[u8]) -> Result<(SavedPlan, String), FileError> {
    let damaged = |why: &str| FileError::Damaged(why.to_owned());
    let Some(rest) = bytes.strip_prefix(start().as_bytes()) else { return Err(other(bytes)) };
    let Some((sum, rest)) = rest.split_at_checked(DIGITS) else { return Err(damaged("it is cut off")) };
    let rest = rest.strip_prefix(PLAN.as_bytes()).ok_or_else(|| damaged("its head is not whole"))?;
    let body =
        rest.strip_suffix(END.as_bytes()).ok_or_else(|| damaged("it is cut off, or something was added"))?;
    let found = sha256(body);
    if found.as_bytes() != sum {
        return Err(damaged("its content does not match its checksum"));
    }
    let saved: SavedPlan = serde_json::from_slice(body)
        .map_err(|e| FileError::Damaged(format!("its content is not that of a plan ({e})")))?;
    if digest(&saved.plan) != saved.digest {
        return Err(damaged("what it shows is not what its digest names"));
    }
    Ok((saved, format!("sha256:{found}")))
}

/// What it is instead: a plan of a newer program says so itself.
fn other(bytes: &[u8]) -> FileError {
    let json: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let field = |key: &str| json.as_ref().and_then(|j| j.get(key));
    let ours = field("format").and_then(serde_json::Value::as_str) == Some(FORMAT);
    match field("version").and_then(serde_json::Value::as_u64) {
        Some(found) if ours && found > VERSION => FileError::Newer(found),
        _ if ours => FileError::Damaged("its head is not whole".to_owned()),
        _ if start().as_bytes().starts_with(bytes) && !bytes.is_empty() => {
            FileError::Damaged("it is cut off".to_owned())
        }
        _ => FileError::NotAPlan,
    }
}
