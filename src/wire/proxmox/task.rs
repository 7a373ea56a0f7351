//! Tasks: what a call that works in the background answers with.

use serde::Deserialize;

use super::loose;
use crate::untrusted::Untrusted;

/// A task id: `UPID:<node>:<pid>:<pstart>:<starttime>:<type>:<id>:<user>[!token]:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upid {
    text: String,
    node: String,
    kind: String,
    id: String,
    user: String,
    started: u64,
}

impl Upid {
    /// Parses by Proxmox's own rule: node name, pid of 8, start of 8 or 9 and time of 8 hex digits, then type, id (may be
    /// empty) and user without colons, spaces or slashes, and a final colon.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["UPID", node, pid, pstart, time, kind, id, user, ""] = parts.as_slice() else {
            return None;
        };
        let hex = |s: &str, lengths: std::ops::RangeInclusive<usize>| {
            lengths.contains(&s.len()) && s.bytes().all(|b| b.is_ascii_hexdigit())
        };
        let free = |s: &str| !s.chars().any(|c| c.is_whitespace() || c == '/' || c.is_control());
        let name = super::NodeName::parse(node)?;
        let legal = hex(pid, 8..=8)
            && hex(pstart, 8..=9)
            && hex(time, 8..=8)
            && !kind.is_empty()
            && !user.is_empty()
            && [kind, id, user].into_iter().all(|s| free(s));
        legal.then(|| Self {
            text: text.to_owned(),
            node: name.as_str().to_owned(),
            kind: (*kind).to_owned(),
            id: (*id).to_owned(),
            user: (*user).to_owned(),
            started: u64::from_str_radix(time, 16).unwrap_or(0),
        })
    }
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// Node that runs it; its state is asked there.
    pub fn node(&self) -> &str {
        &self.node
    }
    /// Type (`qmstart`, `vzreboot`, …).
    pub fn kind(&self) -> &str {
        &self.kind
    }
    /// What it is about: a VMID for guests, at times nothing.
    pub fn id(&self) -> &str {
        &self.id
    }
    /// Who started it (`root@pam`, `terraform@pam!automation`).
    pub fn user(&self) -> &str {
        &self.user
    }
    /// When it began, in seconds since 1970.
    pub fn started(&self) -> u64 {
        self.started
    }
}

/// `GET /nodes/{node}/tasks/{upid}/status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// Still at it.
    Running,
    /// Finished.
    Ended(TaskEnd),
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskEnd {
    /// `OK`.
    Ok,
    /// `WARNINGS: n`, which is a success.
    Warnings(u64),
    /// Its error text.
    Failed(Untrusted),
    /// The process vanished or left no result: look at the object itself.
    Lost,
}

impl<'de> Deserialize<'de> for TaskStatus {
    fn deserialize<D: serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Row {
            status: String,
            #[serde(default, deserialize_with = "loose::text")]
            exitstatus: Option<String>,
        }
        let row = Row::deserialize(source)?;
        match row.status.as_str() {
            "running" => Ok(Self::Running),
            "stopped" => Ok(Self::Ended(TaskEnd::read(row.exitstatus.as_deref().unwrap_or_default()))),
            _ => Err(serde::de::Error::custom("the task is neither running nor stopped")),
        }
    }
}

impl TaskEnd {
    /// Reads an exit status.
    pub fn read(exit: &str) -> Self {
        let exit = exit.trim();
        if exit == "OK" {
            return Self::Ok;
        }
        if let Some(count) = exit.strip_prefix("WARNINGS:")
            && let Ok(count) = count.trim().parse()
        {
            return Self::Warnings(count);
        }
        if exit.is_empty() || exit == "unexpected status" {
            return Self::Lost;
        }
        Self::Failed(Untrusted::new(exit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_ids_are_read_by_proxmox_s_rule() {
        let text = "UPID:golf:0012C4D1:188A2F31:69B0A110:qmcreate:107:terraform@pam!automation:";
        let upid = Upid::parse(text).unwrap();
        assert_eq!((upid.node(), upid.kind(), upid.as_str()), ("golf", "qmcreate", text));
        assert_eq!(
            (upid.id(), upid.user(), upid.started()),
            ("107", "terraform@pam!automation", 0x69B0_A110)
        );
        for legal in [
            "UPID:golf:0012C4D1:188A2F31:69B0A110:imgcopy::root@pam:",
            "UPID:g:0012c4d1:188A2F31A:69B0A110:vzreboot:200:root@pam:",
        ] {
            assert!(Upid::parse(legal).is_some(), "{legal}");
        }
        for wrong in [
            "",
            "UPID:golf",
            "UPID:golf:0012C4D1:188A2F31:69B0A110:qmcreate:107:root@pam",
            "UPID:golf:0012C4D1:188A2F31:69B0A110:qmcreate:107::",
            "UPID:golf:0012C4D1:188A2F31:69B0A110::107:root@pam:",
            "UPID:golf:12C4D1:188A2F31:69B0A110:qmcreate:107:root@pam:",
            "UPID:golf:0012C4D1:188A2F31AB:69B0A110:qmcreate:107:root@pam:",
            "UPID:../x:0012C4D1:188A2F31:69B0A110:qmcreate:107:root@pam:",
            "UPID:golf:0012C4D1:188A2F31:69B0A110:qmcreate:1/7:root@pam:",
            "UPID:golf:0012C4D1:188A2F31:69B0A110:qmcreate:107:root@pam:\n",
            "UPID:golf:0012C4D1:188A2F31:69B0A110:qm create:107:root@pam:",
            "xUPID:golf:0012C4D1:188A2F31:69B0A110:qmcreate:107:root@pam:",
        ] {
            assert_eq!(Upid::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn warnings_are_success_and_a_vanished_process_is_neither() {
        let read = |json| serde_json::from_str::<TaskStatus>(json).unwrap();
        assert_eq!(read(r#"{"status":"running"}"#), TaskStatus::Running);
        assert_eq!(read(r#"{"status":"stopped","exitstatus":"OK"}"#), TaskStatus::Ended(TaskEnd::Ok));
        assert_eq!(TaskEnd::read("WARNINGS: 3"), TaskEnd::Warnings(3));
        assert_eq!(TaskEnd::read("unexpected status"), TaskEnd::Lost);
        assert_eq!(read(r#"{"status":"stopped"}"#), TaskStatus::Ended(TaskEnd::Lost));
        assert_eq!(TaskEnd::read("OKAY"), TaskEnd::Failed(Untrusted::new("OKAY")));
        assert!(serde_json::from_str::<TaskStatus>(r#"{"status":"odd"}"#).is_err());
    }
}
