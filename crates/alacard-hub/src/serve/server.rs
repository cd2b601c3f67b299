//! The server: sockets, threads, and the way from a request to its answer.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header, request};
use tokio::io::AsyncReadExt as _;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio_util::io::ReaderStream;

use crate::serve::body::{Request, answer};
use crate::serve::log::{Asked, Log};
use crate::serve::reply::{Load, Reply};
use crate::serve::repos::Repos;

/// Threads that read files and hash them.
const READERS: usize = 8;
/// Largest body of a request.
const MAX_BODY: usize = 1 << 20;
/// How long the body of a request may take.
const BODY_WAIT: Duration = Duration::from_secs(10);
/// How long answers under way may take when the server stops.
const STOP_WAIT: Duration = Duration::from_millis(700);
/// Pieces in which files are sent.
const PIECE: usize = 256 << 10;

/// Called for every request, when its answer is known.
pub type OnAsked = Arc<dyn Fn(&Asked) + Send + Sync>;

/// A running server. It ends when it is dropped; answers under way get a moment for their end.
pub struct Server {
    address: SocketAddr,
    log: Arc<Log>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What every request needs.
#[derive(Clone)]
struct Shared {
    repos: Repos,
    log: Arc<Log>,
    on_asked: Option<OnAsked>,
}

impl Server {
    /// Starts a server on an address; port 0 is any free one.
    ///
    /// # Errors
    /// When the address cannot be listened on, or threads cannot be started.
    pub fn start(address: SocketAddr, repos: Repos) -> io::Result<Self> {
        Self::launch(address, repos, None)
    }

    /// The same, telling every request to somebody.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_with(address: SocketAddr, repos: Repos, on_asked: OnAsked) -> io::Result<Self> {
        Self::launch(address, repos, Some(on_asked))
    }

    fn launch(address: SocketAddr, repos: Repos, on_asked: Option<OnAsked>) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(READERS)
            .thread_name("hub-files")
            .build()?;
        let log = Arc::new(Log::default());
        let shared = Shared {
            repos,
            log: Arc::clone(&log),
            on_asked,
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("hub-server".to_owned())
            .spawn(move || work(runtime, listener, shared, stopped))?;
        Ok(Self {
            address,
            log,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Its address, as `HF_ENDPOINT` takes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, oldest first; of very many, the last ten thousand.
    pub fn asked(&self) -> Vec<Asked> {
        self.log.asked()
    }

    /// The repositories that were asked for and are not there; those that are no models as
    /// `datasets/org/name` and `spaces/org/name`.
    pub fn missing_repos(&self) -> BTreeSet<String> {
        self.log.missing()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.log.clear();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // A server that has ended by itself does not listen.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Serves until somebody asks to stop.
fn work(runtime: Runtime, listener: TcpListener, shared: Shared, stopped: oneshot::Receiver<()>) {
    runtime.block_on(async {
        if let Err(error) = serve(listener, shared, stopped).await {
            tracing::warn!(%error, "the server of the Hub's protocol ended");
        }
    });
    runtime.shutdown_timeout(STOP_WAIT);
}

async fn serve(
    listener: TcpListener,
    shared: Shared,
    stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let app = Router::new().fallback(handle).with_state(shared);
    let (ending, ended) = oneshot::channel::<()>();
    let served = axum::serve(listener, app).with_graceful_shutdown(async move {
        let _ = stopped.await;
        let _ = ending.send(());
    });
    let late = async {
        let _ = ended.await;
        tokio::time::sleep(STOP_WAIT).await;
    };
    tokio::select! {
        done = served => done,
        () = late => Ok(()),
    }
}

/// Answers one request. Files are read on threads for that.
async fn handle(State(shared): State<Shared>, request: axum::extract::Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let mut request = taken(&parts);
    match tokio::time::timeout(BODY_WAIT, to_bytes(body, MAX_BODY)).await {
        Ok(Ok(bytes)) => request.body = bytes.to_vec(),
        _ => return response(Reply::error(400, "The request is too large or too slow.")),
    }
    let repos = shared.repos.clone();
    let answered = tokio::task::spawn_blocking(move || answer(&repos, &request)).await;
    let Ok((reply, asked)) = answered else {
        return response(Reply::error(404, "This request cannot be answered."));
    };
    if let Some(tell) = &shared.on_asked {
        tell(&asked);
    }
    shared.log.add(asked);
    response(reply)
}

/// What matters of a request.
fn taken(parts: &request::Parts) -> Request {
    let text = |name| {
        let value = parts.headers.get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    Request {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        range: text(header::RANGE),
        if_range: text(header::IF_RANGE),
        body: Vec::new(),
    }
}

/// An answer on its way to the wire.
fn response(reply: Reply) -> Response<Body> {
    let length = reply.length();
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::NOT_FOUND);
    let body = match reply.load {
        Load::Bytes(bytes) => Body::from(bytes),
        Load::File(file, length) => {
            let file = tokio::fs::File::from_std(file).take(length);
            Body::from_stream(ReaderStream::with_capacity(file, PIECE))
        }
        Load::Said(_) => Body::empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    response
}
