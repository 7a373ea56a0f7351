//! Lines of the provider's log, as far as they tell why something does not get on.
//!
//! The provider writes a JSON object a line. It runs in a container whose log no interface of Omni or Proxmox gives, so a
//! person hands it in; nothing of it is believed beyond what it is: texts about machine requests.

use std::collections::BTreeMap;

use serde_json::Value;

/// Most lines that are read; a log that is longer is read from its end.
pub const MOST_LINES: usize = 200_000;
/// Longest line that is read.
const LONGEST: usize = 64 * 1024;
/// Longest text that is kept of a field.
const TEXT: usize = 2_000;
/// Most machine requests that are told apart.
const MOST_REQUESTS: usize = 20_000;

/// The last thing that went wrong with one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failure {
    /// The provider's own error text, raw.
    pub error: String,
    /// Step that failed; nothing where the line does not say it (removals have none).
    pub step: Option<String>,
    /// When, in seconds since 1970.
    pub at: Option<u64>,
    /// When it first failed in this way.
    pub since: Option<u64>,
    /// How often the controller gave up in this way without a success in between; 0 while only the step said so.
    pub times: u32,
}

/// What the log says about one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// The failure that still stands.
    pub failure: Option<Failure>,
    /// Downloads that were tried again since the last success.
    pub downloads: u32,
    /// The last step that was begun.
    pub step: Option<String>,
    /// Node that was chosen.
    pub node: Option<String>,
    /// Provider, from the name of its controller.
    pub provider: Option<String>,
    /// Whether it was made.
    pub finished: bool,
    /// Whether it was removed.
    pub removed: bool,
    /// When it was last mentioned, in seconds since 1970.
    pub last: Option<u64>,
}

/// A log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logs {
    /// By machine request.
    pub requests: BTreeMap<String, Story>,
    /// Errors that name no request, the newest of each text, raw.
    pub others: BTreeMap<String, Failure>,
    /// Whether a step was seen that only old sources have (`configureHostname`).
    pub old_source: bool,
    /// Whether the provider got on with anything through Proxmox.
    pub proxmox_worked: bool,
    /// Lines that were understood.
    pub lines: u32,
    /// Lines that were not.
    pub unread: u32,
    /// When the first line was written, in seconds since 1970.
    pub first: Option<u64>,
    /// When the last line was written.
    pub last: Option<u64>,
}

/// What `docker logs` and `journalctl` may put before the object.
fn object(line: &str) -> Option<serde_json::Map<String, Value>> {
    if line.len() > LONGEST {
        return None;
    }
    let start = line.find('{')?;
    match serde_json::from_str(line.get(start..)?).ok()? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

impl Logs {
    /// Reads a log. Lines that are no JSON object with a `msg` are counted and left out.
    pub fn read(text: &str) -> Self {
        let mut logs = Self::default();
        let all = text.lines().filter(|l| !l.trim().is_empty());
        let skip = all.clone().count().saturating_sub(MOST_LINES);
        for line in all.skip(skip) {
            match object(line) {
                Some(map) if map.get("msg").is_some_and(Value::is_string) => {
                    logs.lines += 1;
                    logs.take(&map);
                }
                _ => logs.unread += 1,
            }
        }
        logs
    }

    fn take(&mut self, map: &serde_json::Map<String, Value>) {
        let text = |key: &str| {
            let text = map.get(key)?.as_str()?;
            (!text.is_empty()).then(|| text.chars().take(TEXT).collect::<String>())
        };
        let message = text("msg").unwrap_or_default();
        // Seconds with a fraction; what is no time is none.
        let at = map.get("ts").and_then(Value::as_f64).filter(|t| t.is_finite() && *t > 0.0 && *t < 1e11);
        let at = at.map(|t| t as u64);
        self.first = [self.first, at].into_iter().flatten().min();
        self.last = [self.last, at].into_iter().flatten().max();
        let step = text("step");
        self.old_source |= step.as_deref() == Some("configureHostname");
        let error = text("error");
        let Some(id) = text("id").or_else(|| text("request_id")) else {
            if let Some(error) = error {
                let known = self.others.len() < MOST_REQUESTS || self.others.contains_key(&error);
                if known {
                    let other = self.others.entry(error.clone()).or_default();
                    let since = other.since.or(at);
                    *other = Failure { error, step, at, since, times: other.times.saturating_add(1) };
                }
            }
            return;
        };
        if self.requests.len() >= MOST_REQUESTS && !self.requests.contains_key(&id) {
            self.unread += 1;
            return;
        }
        let story = self.requests.entry(id).or_default();
        story.last = at.or(story.last);
        if let Some(controller) = text("controller") {
            story.provider = controller.strip_suffix(".ProvisionController").map(str::to_owned);
        }
        if let Some(node) = text("node") {
            story.node = Some(node);
        }
        match message.as_str() {
            "machine provision started" => {
                *story = Story { provider: story.provider.take(), last: at, ..Story::default() }
            }
            "running provision step" => {
                // A later step than the one that failed: that one passed.
                if story.failure.as_ref().is_some_and(|f| f.step.is_some() && f.step != step) {
                    story.failure = None;
                }
                if step.as_deref() != Some("uploadISO") {
                    story.downloads = 0;
                }
                self.proxmox_worked |= !matches!(step.as_deref(), Some("pickNode") | None);
                story.step = step;
            }
            "retrying download" => story.downloads = story.downloads.saturating_add(1),
            "machine provision finished" => {
                (story.failure, story.finished, story.downloads) = (None, true, 0);
            }
            "machine deprovisioned" => (story.failure, story.removed) = (None, true),
            _ => {
                let Some(error) = error else { return };
                let before = story.failure.take();
                // The same failure is logged twice: first with its step, then by the controller, which counts.
                let same = before.as_ref().filter(|f| f.error == error);
                let counts = message == "reconcile failed";
                let times = same.map_or(0, |f| f.times);
                story.failure = Some(Failure {
                    step: step.or_else(|| same.and_then(|f| f.step.clone())),
                    since: same.map_or(at, |f| f.since),
                    times: if counts { times.saturating_add(1) } else { times },
                    error,
                    at,
                });
            }
        }
    }

    /// The story of a request.
    pub fn of(&self, request: &str) -> Option<&Story> {
        self.requests.get(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(msg: &str, rest: &str) -> String {
        format!(
            "{{\"level\":\"x\",\"ts\":1795210476.86,\"msg\":\"{msg}\",\"id\":\"w-1\",\"controller\":\"p.ProvisionController\"{rest}}}\n"
        )
    }

    #[test]
    fn the_failure_that_stands_is_kept_with_its_step_and_a_success_ends_it() {
        let fail = line("machine provision failed", ",\"step\":\"syncVM\",\"error\":\"stopped\"")
            + &line("reconcile failed", ",\"error\":\"stopped\"")
            + &line("reconcile failed", ",\"error\":\"stopped\"");
        let logs = Logs::read(&fail);
        let story = logs.of("w-1").unwrap();
        let failure = story.failure.as_ref().unwrap();
        assert_eq!(
            (failure.step.as_deref(), failure.times, failure.error.as_str()),
            (Some("syncVM"), 2, "stopped")
        );
        assert_eq!(story.provider.as_deref(), Some("p"));
        for good in
            [line("machine provision finished", ""), line("running provision step", ",\"step\":\"startVM\"")]
        {
            assert_eq!(Logs::read(&(fail.clone() + &good)).of("w-1").unwrap().failure, None, "{good}");
        }
        // The same step again says nothing.
        let again = line("running provision step", ",\"step\":\"syncVM\"");
        assert!(Logs::read(&(fail + &again)).of("w-1").unwrap().failure.is_some());
    }

    #[test]
    fn a_removal_fails_without_a_step() {
        let logs = Logs::read(&line("reconcile failed", ",\"error\":\"unexpected end of JSON input\""));
        assert_eq!(logs.of("w-1").unwrap().failure.as_ref().unwrap().step, None);
    }

    #[test]
    fn prefixes_are_skipped_and_what_is_no_line_of_the_log_is_counted() {
        let text = format!(
            "omni-provider-1  | {}garbage\n[1]\n{{\"msg\":3}}\n{{\"msg\":\"x\",\"ts\":1e300,\"id\":[],\"error\":\"lost\"}}\n{}\n\u{0}\n",
            line("retrying download", ""),
            "{".repeat(70_000)
        );
        let logs = Logs::read(&text);
        assert_eq!((logs.lines, logs.unread), (2, 5));
        assert_eq!(logs.of("w-1").unwrap().downloads, 1);
        assert_eq!(logs.others["lost"].times, 1);
        assert_eq!(logs.last, Some(1_795_210_476));
    }
}
