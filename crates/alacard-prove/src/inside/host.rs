//! The Python host: requests as lines to its input, events as lines from its output.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long a fork may take before the host counts as stuck.
const FORK_LIMIT: Duration = Duration::from_secs(30);

/// A running host.
pub(crate) struct Host {
    child: Child,
    input: ChildStdin,
    output: tokio::io::Lines<BufReader<ChildStdout>>,
    /// Events that came while another one was waited for.
    early: VecDeque<Value>,
}

impl Host {
    /// Starts the host of the environment whose interpreter is given.
    pub(crate) fn start(python: &Path, log: &Path) -> std::io::Result<Self> {
        let log = std::fs::File::create(log)?;
        let mut child = Command::new(python)
            .args(["-B", "-m", "alacard_host"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let missing = || std::io::Error::other("the host has no pipes");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        Ok(Self {
            child,
            input,
            output: BufReader::new(output).lines(),
            early: VecDeque::new(),
        })
    }

    /// Whether the process is there no more.
    pub(crate) fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends a request.
    pub(crate) async fn ask(&mut self, request: &Value) -> std::io::Result<()> {
        let mut line = request.to_string();
        line.push('\n');
        self.input.write_all(line.as_bytes()).await?;
        self.input.flush().await
    }

    /// The next event. Safe to cancel.
    pub(crate) async fn event(&mut self) -> std::io::Result<Value> {
        if let Some(event) = self.early.pop_front() {
            return Ok(event);
        }
        self.read().await
    }

    async fn read(&mut self) -> std::io::Result<Value> {
        match self.output.next_line().await? {
            Some(line) => serde_json::from_str(&line).map_err(std::io::Error::other),
            None => Err(std::io::Error::other("the host ended")),
        }
    }

    /// Waits for an event of one kind (and, when given, of one child); keeps the others.
    pub(crate) async fn wait(
        &mut self,
        kinds: &[&str],
        id: Option<&str>,
        limit: Duration,
    ) -> std::io::Result<Value> {
        let wanted = |event: &Value| {
            kinds.iter().any(|kind| event["event"] == *kind)
                && id.is_none_or(|id| event["id"] == id)
        };
        if let Some(at) = self.early.iter().position(wanted)
            && let Some(event) = self.early.remove(at)
        {
            return Ok(event);
        }
        let search = async {
            loop {
                let event = self.read().await?;
                if wanted(&event) {
                    return Ok(event);
                }
                self.early.push_back(event);
            }
        };
        tokio::time::timeout(limit, search)
            .await
            .unwrap_or_else(|_| Err(std::io::Error::other("the host did not answer in time")))
    }

    /// Imports modules.
    pub(crate) async fn import(
        &mut self,
        modules: &[String],
        limit: Duration,
    ) -> std::io::Result<Value> {
        self.ask(&json!({"op": "import", "modules": modules}))
            .await?;
        self.wait(&["imported"], None, limit).await
    }

    /// Forks a child and gives its process id.
    pub(crate) async fn fork(&mut self, request: Value) -> std::io::Result<u32> {
        let id = request["id"].as_str().unwrap_or_default().to_owned();
        self.ask(&request).await?;
        // A signal to a child that had just ended is answered with a problem, perhaps only now.
        let event = loop {
            let event = self.wait(&["forked", "problem"], None, FORK_LIMIT).await?;
            if event["op"] != "signal" {
                break event;
            }
        };
        if event["event"] == "problem" || event["id"] != id.as_str() {
            return Err(std::io::Error::other(format!("the host refused: {event}")));
        }
        let pid = event["pid"]
            .as_u64()
            .and_then(|pid| u32::try_from(pid).ok());
        pid.ok_or_else(|| std::io::Error::other("the host told no process id"))
    }

    /// Sends a signal to a child.
    pub(crate) async fn signal(&mut self, id: &str, signal: i32) -> std::io::Result<()> {
        self.ask(&json!({"op": "signal", "id": id, "signal": signal}))
            .await
    }

    /// Forgets events of children that are gone.
    pub(crate) fn forget(&mut self) {
        self.early.clear();
    }
}
