//! Requests. GET and DELETE cannot have a body (Proxmox refuses one with 501): their parameters go into the query.

use url::form_urlencoded;

use super::Upid;

/// Prefix of every path.
const BASE: &str = "/api2/json";

/// Request method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Acts, or changes in the background.
    Post,
    /// Changes.
    Put,
    /// Removes.
    Delete,
}

impl Verb {
    /// As the API description spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Name of a node: what Proxmox accepts as one, so that a name from a reply can safely become part of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeName(String);

impl NodeName {
    /// Letters, digits and inner hyphens, at most 63.
    pub fn parse(name: &str) -> Option<Self> {
        let legal = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let ends = !name.starts_with('-') && !name.ends_with('-');
        (legal && ends && (1..=63).contains(&name.len())).then(|| Self(name.to_owned()))
    }
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What can be done to a container's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerAction {
    /// Starts it.
    Start,
    /// Stops it hard.
    Stop,
    /// Asks it to stop.
    Shutdown,
    /// Asks it to stop and starts it again.
    Reboot,
}

/// A request as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    verb: Verb,
    segments: Vec<String>,
    parameters: Vec<(String, String)>,
}

impl Request {
    fn new(verb: Verb, segments: &[&str]) -> Self {
        Self { verb, segments: segments.iter().map(|s| (*s).to_owned()).collect(), parameters: Vec::new() }
    }
    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parameters.push((name.to_owned(), value.into()));
        self
    }

    /// Version of the node asked.
    pub fn version() -> Self {
        Self::new(Verb::Get, &["version"])
    }
    /// Privileges of whoever asks; works for every principal.
    pub fn permissions() -> Self {
        Self::new(Verb::Get, &["access", "permissions"])
    }
    /// The same for one path, which need not be listed otherwise.
    pub fn permissions_on(path: &str) -> Self {
        Self::permissions().with("path", path)
    }
    /// Quorum and members. Needs `Sys.Audit` on `/`.
    pub fn cluster_status() -> Self {
        Self::new(Verb::Get, &["cluster", "status"])
    }
    /// Guests, storages and nodes in one view, at most some seconds old.
    pub fn cluster_resources() -> Self {
        Self::new(Verb::Get, &["cluster", "resources"])
    }
    /// Nodes with their memory, which is what the provider decides on.
    pub fn nodes() -> Self {
        Self::new(Verb::Get, &["nodes"])
    }
    /// Storages as a node sees them. Costs up to 30 s where the node is down.
    pub fn node_storage(node: &NodeName) -> Self {
        Self::new(Verb::Get, &["nodes", node.as_str(), "storage"])
    }
    /// Guests of the whole cluster.
    pub fn cluster_guests() -> Self {
        Self::cluster_resources().with("type", "vm")
    }
    /// Bridges of a node, with the virtual networks that look like one. Those that the token may not see are left out.
    pub fn node_bridges(node: &NodeName) -> Self {
        Self::node_network(node).with("type", "any_bridge")
    }
    /// All network interfaces of a node; servers before 8.0 know no `any_bridge`.
    pub fn node_network(node: &NodeName) -> Self {
        Self::new(Verb::Get, &["nodes", node.as_str(), "network"])
    }
    /// Resolvers of a node. Needs `Sys.Audit` on it.
    pub fn node_dns(node: &NodeName) -> Self {
        Self::new(Verb::Get, &["nodes", node.as_str(), "dns"])
    }
    /// Hardware and load of a node. Needs `Sys.Audit` on it.
    pub fn node_status(node: &NodeName) -> Self {
        Self::new(Verb::Get, &["nodes", node.as_str(), "status"])
    }
    /// Mappings of PCI devices that the token may see.
    pub fn pci_mappings() -> Self {
        Self::new(Verb::Get, &["cluster", "mapping", "pci"])
    }
    /// Guests that high availability manages. Needs `Sys.Audit` on `/`.
    pub fn ha_resources() -> Self {
        Self::new(Verb::Get, &["cluster", "ha", "resources"])
    }
    /// Facts of an API token; a token may often not read its own.
    pub fn token_facts(token: &super::Token) -> Self {
        Self::new(Verb::Get, &["access", "users", token.user(), "token", token.name()])
    }
    /// Configuration of a VM, with what waits for a power cycle applied. Needs `VM.Audit` on it.
    pub fn guest_config(node: &NodeName, vmid: u32) -> Self {
        Self::guest(node, vmid, &["config"])
    }
    /// The same with what waits told apart.
    pub fn guest_pending(node: &NodeName, vmid: u32) -> Self {
        Self::guest(node, vmid, &["pending"])
    }
    /// Run state of a VM.
    pub fn guest_status(node: &NodeName, vmid: u32) -> Self {
        Self::guest(node, vmid, &["status", "current"])
    }
    fn guest(node: &NodeName, vmid: u32, what: &[&str]) -> Self {
        let vmid = vmid.to_string();
        Self::new(Verb::Get, &[&["nodes", node.as_str(), "qemu", &vmid], what].concat())
    }
    /// Tasks about a guest in the log of a node, newest first. Without `Sys.Audit` on the node only the token's own are listed.
    pub fn guest_tasks(node: &NodeName, vmid: u32, limit: u32) -> Self {
        Self::new(Verb::Get, &["nodes", node.as_str(), "tasks"])
            .with("vmid", vmid.to_string())
            .with("source", "all")
            .with("limit", limit.to_string())
    }
    /// What lies on a storage, of one kind (`iso`, `images`).
    pub fn storage_content(node: &NodeName, storage: &str, content: &str) -> Self {
        Self::new(Verb::Get, &["nodes", node.as_str(), "storage", storage, "content"])
            .with("content", content)
    }
    /// Configuration of a container.
    pub fn container_config(node: &NodeName, vmid: u32) -> Self {
        Self::new(Verb::Get, &["nodes", node.as_str(), "lxc", &vmid.to_string(), "config"])
    }
    /// Run state of a container.
    pub fn container_status(node: &NodeName, vmid: u32) -> Self {
        Self::new(Verb::Get, &["nodes", node.as_str(), "lxc", &vmid.to_string(), "status", "current"])
    }
    /// Starts, stops or restarts a container; `timeout` in seconds where the action waits. Answers with a task id.
    pub fn container_power(node: &NodeName, vmid: u32, action: PowerAction, timeout: Option<u32>) -> Self {
        let word = match action {
            PowerAction::Start => "start",
            PowerAction::Stop => "stop",
            PowerAction::Shutdown => "shutdown",
            PowerAction::Reboot => "reboot",
        };
        let request =
            Self::new(Verb::Post, &["nodes", node.as_str(), "lxc", &vmid.to_string(), "status", word]);
        match (action, timeout) {
            (PowerAction::Shutdown | PowerAction::Reboot, Some(seconds)) => {
                request.with("timeout", seconds.to_string())
            }
            _ => request,
        }
    }
    /// State of a task, asked on the node that runs it.
    pub fn task_status(task: &Upid) -> Self {
        Self::new(Verb::Get, &["nodes", task.node(), "tasks", task.as_str(), "status"])
    }
    /// Lines of a task's log.
    pub fn task_log(task: &Upid, limit: u32) -> Self {
        Self::new(Verb::Get, &["nodes", task.node(), "tasks", task.as_str(), "log"])
            .with("start", "0")
            .with("limit", limit.to_string())
    }

    /// Method.
    pub fn verb(&self) -> Verb {
        self.verb
    }
    /// Path below the API's base, decoded (`/nodes/golf/storage`): as errors and the API description name it.
    pub fn path(&self) -> String {
        self.segments.iter().flat_map(|s| ["/", s]).collect()
    }
    /// Parameters, decoded.
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }
    /// Path and query as they go onto the wire.
    pub fn target(&self) -> String {
        let mut target = BASE.to_owned();
        for segment in &self.segments {
            target.push('/');
            encode_segment(segment, &mut target);
        }
        if matches!(self.verb, Verb::Get | Verb::Delete) && !self.parameters.is_empty() {
            target.push('?');
            target.push_str(&self.encoded());
        }
        target
    }
    /// Body; empty means none.
    pub fn body(&self) -> Vec<u8> {
        match self.verb {
            Verb::Get | Verb::Delete => Vec::new(),
            Verb::Post | Verb::Put => self.encoded().into_bytes(),
        }
    }
    /// `Content-Type` of the body, if there is one.
    pub fn content_type(&self) -> Option<&'static str> {
        (!self.body().is_empty()).then_some("application/x-www-form-urlencoded")
    }

    fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.parameters).finish()
    }
}

/// Leaves what RFC 3986 allows in a segment (task ids contain `:`, `!` and `@`) and encodes the rest.
fn encode_segment(segment: &str, out: &mut String) {
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_go_into_the_query_of_a_get_and_into_the_body_of_a_post() {
        let get = Request::permissions_on("/storage/vm ssd&x=1");
        assert_eq!(get.target(), "/api2/json/access/permissions?path=%2Fstorage%2Fvm+ssd%26x%3D1");
        assert!(get.body().is_empty() && get.content_type().is_none());
        let golf = NodeName::parse("golf").unwrap();
        let post = Request::container_power(&golf, 200, PowerAction::Reboot, Some(60));
        assert_eq!(post.target(), "/api2/json/nodes/golf/lxc/200/status/reboot");
        assert_eq!(
            (post.body(), post.content_type()),
            (b"timeout=60".to_vec(), Some("application/x-www-form-urlencoded"))
        );
        assert_eq!(Request::container_power(&golf, 200, PowerAction::Start, Some(60)).content_type(), None);
    }

    #[test]
    fn a_task_id_fits_a_segment_as_it_is() {
        let text = "UPID:golf:0012C4D1:188A2F31:69B0A110:qmcreate:107:terraform@pam!automation:";
        let request = Request::task_status(&Upid::parse(text).unwrap());
        assert_eq!(request.target(), format!("/api2/json/nodes/golf/tasks/{text}/status"));
        assert_eq!(request.path(), format!("/nodes/golf/tasks/{text}/status"));
    }

    #[test]
    fn a_name_from_a_reply_cannot_leave_its_segment() {
        for wrong in ["", "..", ".", "a/b", "a b", "-a", "a-", "gölf", "a%2e", "a\n", &"a".repeat(64)] {
            assert_eq!(NodeName::parse(wrong), None, "{wrong:?}");
        }
        assert!(NodeName::parse("pve-01").is_some() && NodeName::parse("A").is_some());
        let mut out = String::new();
        encode_segment("local:iso/ä .iso", &mut out);
        assert_eq!(out, "local:iso%2F%C3%A4%20.iso");
    }
}
