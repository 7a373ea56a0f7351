//! Refusals: gRPC codes, their HTTP statuses, and the frames Omni puts around its reasons.

use super::store::StoreError;

/// gRPC code of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// 2: plain input errors too.
    Unknown = 2,
    /// 3
    InvalidArgument = 3,
    /// 4
    DeadlineExceeded = 4,
    /// 5
    NotFound = 5,
    /// 6: exists already, or a version conflict.
    AlreadyExists = 6,
    /// 7
    PermissionDenied = 7,
    /// 8
    ResourceExhausted = 8,
    /// 9
    FailedPrecondition = 9,
    /// 12
    Unimplemented = 12,
    /// 13
    Internal = 13,
    /// 16
    Unauthenticated = 16,
}

impl Code {
    /// HTTP status, by the gateway's table.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidArgument | Self::FailedPrecondition => 400,
            Self::Unauthenticated => 401,
            Self::PermissionDenied => 403,
            Self::NotFound => 404,
            Self::AlreadyExists => 409,
            Self::ResourceExhausted => 429,
            Self::Unknown | Self::Internal => 500,
            Self::Unimplemented => 501,
            Self::DeadlineExceeded => 504,
        }
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind.
    pub code: Code,
    /// What Omni says.
    pub message: String,
}

impl Refusal {
    /// A refusal with its text.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
    /// Every failed authentication looks the same.
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "invalid signature")
    }
    /// Not part of the lab.
    pub fn not_modelled(what: &str) -> Self {
        Self::new(Code::Unimplemented, format!("not modelled by the lab: {what}"))
    }
    /// What a crash in Omni looks like.
    pub fn crash() -> Self {
        Self::new(Code::Internal, "runtime error: invalid memory address or nil pointer dereference")
    }
    /// Refused by the rules of a type.
    pub fn invalid(reasons: &[String]) -> Self {
        Self::new(Code::InvalidArgument, frame(reasons))
    }
    /// Refused for want of a right, inside the frame of validation.
    pub fn denied(reason: &str) -> Self {
        let reason = format!("rpc error: code = PermissionDenied desc = {reason}");
        Self::new(Code::PermissionDenied, frame(&[reason]))
    }
    /// A refusal of the store during `doing` (`create`, `update`, …).
    pub fn stored(error: &StoreError, doing: &str) -> Self {
        let code = match error {
            StoreError::Missing(_) => Code::NotFound,
            StoreError::Exists(_) | StoreError::Conflict { .. } => Code::AlreadyExists,
            StoreError::NotRunning(..) => Code::InvalidArgument,
            StoreError::Pending(..) => Code::FailedPrecondition,
        };
        let prefix = if doing.is_empty() { String::new() } else { format!("failed to {doing}: ") };
        Self::new(code, format!("{prefix}{error}"))
    }
}

/// `failed to validate: N error(s) occurred:` with one line for each.
fn frame(reasons: &[String]) -> String {
    let count = match reasons.len() {
        1 => "1 error".to_owned(),
        n => format!("{n} errors"),
    };
    format!("failed to validate: {count} occurred:\n\t* {}\n\n", reasons.join("\n\t* "))
}
