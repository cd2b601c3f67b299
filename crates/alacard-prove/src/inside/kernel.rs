//! A kernel, driven over ZeroMQ's IPC sockets.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jupyter_protocol::connection_info::{ConnectionInfo, Transport};
use jupyter_protocol::messaging::{
    ExecuteRequest, InterruptRequest, JupyterMessage, JupyterMessageContent, KernelInfoRequest,
};
use jupyter_zmq_client as zmq;
use serde_json::Value;
use tokio::net::UnixDatagram;
use zeromq::SocketRecv;

/// How long a kernel may take until it answers.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(60);
/// How long the first word of the output channel is waited for before the question is repeated.
const SUBSCRIBED: Duration = Duration::from_millis(40);
/// Pause between two looks at whether the kernel's sockets are there.
const LOOK: Duration = Duration::from_millis(3);
/// Largest datagram of an observation, in bytes.
const DATAGRAM: usize = 256 << 10;

/// A message as JSON, whatever its type.
pub(crate) struct Message {
    /// `status`, `stream`, `execute_reply`, …
    pub(crate) kind: String,
    /// Id of the request that it answers.
    pub(crate) parent: String,
    /// Its content.
    pub(crate) content: Value,
}

/// Where a kernel's sockets are.
pub(crate) struct Place {
    /// The folder of the connection file and the sockets.
    pub(crate) folder: PathBuf,
    info: ConnectionInfo,
}

impl Place {
    /// Makes the folder and the connection file.
    pub(crate) fn make(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let info = ConnectionInfo {
            ip: folder.join("s").display().to_string(),
            transport: Transport::IPC,
            shell_port: 1,
            iopub_port: 2,
            stdin_port: 3,
            control_port: 4,
            hb_port: 5,
            key: uuid::Uuid::new_v4().simple().to_string(),
            signature_scheme: "hmac-sha256".to_owned(),
            kernel_name: Some("python3".to_owned()),
        };
        let text = serde_json::to_vec(&info).map_err(std::io::Error::other)?;
        std::fs::write(folder.join("kernel.json"), text)?;
        Ok(Self {
            folder: folder.to_owned(),
            info,
        })
    }

    /// The connection file.
    pub(crate) fn connection_file(&self) -> PathBuf {
        self.folder.join("kernel.json")
    }

    /// Where observations go.
    pub(crate) fn observe(&self) -> PathBuf {
        self.folder.join("observe")
    }

    fn sockets(&self) -> impl Iterator<Item = PathBuf> {
        let folder = self.folder.clone();
        [1, 2, 4]
            .into_iter()
            .map(move |port| folder.join(format!("s-{port}")))
    }
}

/// The connection to a kernel.
pub(crate) struct Kernel {
    shell: zmq::ClientShellConnection,
    control: zmq::ClientControlConnection,
    iopub: zmq::ClientIoPubConnection,
    observe: UnixDatagram,
}

impl Kernel {
    /// Connects and waits until the kernel answers and its outputs are heard.
    pub(crate) async fn connect(place: &Place, observe: UnixDatagram) -> Result<Self, String> {
        let started = Instant::now();
        while !place.sockets().all(|socket| socket.exists()) {
            if started.elapsed() > START_LIMIT {
                return Err("the kernel opened no sockets".to_owned());
            }
            tokio::time::sleep(LOOK).await;
        }
        let session = uuid::Uuid::new_v4().to_string();
        let say = |error: zmq::RuntimeError| error.to_string();
        let identity = zmq::peer_identity_for_session(&session).map_err(say)?;
        let mut kernel = Self {
            iopub: zmq::create_client_iopub_connection(&place.info, "", &session)
                .await
                .map_err(say)?,
            shell: zmq::create_client_shell_connection_with_identity(
                &place.info,
                &session,
                identity,
            )
            .await
            .map_err(say)?,
            control: zmq::create_client_control_connection(&place.info, &session)
                .await
                .map_err(say)?,
            observe,
        };
        kernel.greet(started).await?;
        Ok(kernel)
    }

    /// Asks who is there until the answer comes over the output channel too: a subscription takes
    /// effect at some time after it was asked for, and what is said before that is lost.
    async fn greet(&mut self, started: Instant) -> Result<(), String> {
        let mut asked = Vec::new();
        while started.elapsed() < START_LIMIT {
            let request = JupyterMessage::new(KernelInfoRequest {}, None);
            asked.push(request.header.msg_id.clone());
            self.shell
                .send(request)
                .await
                .map_err(|error| error.to_string())?;
            let heard = async {
                loop {
                    let message = read(&mut self.iopub.socket).await?;
                    if asked.contains(&message.parent) {
                        return Ok::<(), String>(());
                    }
                }
            };
            if let Ok(heard) = tokio::time::timeout(SUBSCRIBED, heard).await {
                return heard;
            }
        }
        Err("the kernel did not answer".to_owned())
    }

    /// Sends code and gives the request's id.
    pub(crate) async fn execute(&mut self, code: &str) -> Result<String, String> {
        let request = JupyterMessage::new(
            ExecuteRequest {
                code: code.to_owned(),
                ..ExecuteRequest::default()
            },
            None,
        );
        let id = request.header.msg_id.clone();
        self.shell
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        Ok(id)
    }

    /// Asks the kernel to stop what it does.
    pub(crate) async fn interrupt(&mut self) {
        let request = JupyterMessage::new(
            JupyterMessageContent::InterruptRequest(InterruptRequest {}),
            None,
        );
        // A kernel that cannot hear is ended by a signal next.
        let _ = self.control.send(request).await;
    }

    /// The next message of the output channel or the answers' channel. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Result<Message, String> {
        tokio::select! {
            biased;
            message = read(&mut self.iopub.socket) => message,
            message = read(&mut self.shell.socket) => message,
        }
    }

    /// Observations that have come in.
    pub(crate) fn observations(&self) -> Vec<Value> {
        let mut buffer = vec![0; DATAGRAM];
        let mut all = Vec::new();
        while let Ok(length) = self.observe.try_recv(&mut buffer) {
            let bytes = buffer.get(..length).unwrap_or_default();
            all.extend(serde_json::from_slice::<Value>(bytes).ok());
        }
        all
    }
}

/// Reads one message of any type.
async fn read(socket: &mut impl SocketRecv) -> Result<Message, String> {
    loop {
        let parts = socket.recv().await.map_err(|error| error.to_string())?;
        // The kernel and we are alone in the sandbox; what cannot be read is left out.
        if let Some(message) = parse(&parts.into_vec()) {
            return Ok(message);
        }
    }
}

fn parse(parts: &[impl AsRef<[u8]>]) -> Option<Message> {
    let at = parts
        .iter()
        .position(|part| part.as_ref() == b"<IDS|MSG>")?;
    let json = |offset: usize| -> Option<Value> {
        serde_json::from_slice(parts.get(at + offset)?.as_ref()).ok()
    };
    let (header, parent, content) = (json(2)?, json(3)?, json(5)?);
    Some(Message {
        kind: header["msg_type"].as_str()?.to_owned(),
        parent: parent["msg_id"].as_str().unwrap_or_default().to_owned(),
        content,
    })
}
