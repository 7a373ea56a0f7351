//! Which Omni the lab plays.

/// A server version of which answers are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ServerVersion {
    /// The released 1.9.3.
    #[serde(rename = "v1.9.3")]
    V1_9_3,
    /// A state of development after 1.10 that calls itself 1.10.0-beta.0.
    #[serde(rename = "v1.10.0-beta.0")]
    V1_10Beta,
}

impl ServerVersion {
    /// What SysVersion says.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1_9_3 => "v1.9.3",
            Self::V1_10Beta => "v1.10.0-beta.0",
        }
    }
    /// `backend_api_version` of SysVersion.
    pub fn api(self) -> u32 {
        match self {
            Self::V1_9_3 => 2,
            Self::V1_10Beta => 3,
        }
    }
    /// Whether it has the types, fields and checks that came after 1.9.
    pub fn knows_new(self) -> bool {
        self == Self::V1_10Beta
    }
}
