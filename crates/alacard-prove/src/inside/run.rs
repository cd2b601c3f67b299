//! One notebook: a kernel is forked, its cells are executed in order, everything is cleared away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::net::UnixDatagram;
use tokio::sync::watch;

use super::cell::{self, Ground};
use super::frames::Frames;
use super::host::Host;
use super::kernel::{Kernel, Place};
use crate::wire::{Ended, Limits, RanReport, Report, RunOrder};

/// How long an endpoint may take until it is ready.
const ENDPOINT_LIMIT: Duration = Duration::from_secs(60);
/// Bytes of the kernel's own log that are kept.
const LOG_BYTES: usize = 4000;
/// SIGKILL.
const KILL: i32 = 9;

/// What a run is given by the inside.
pub(crate) struct Bench<'a> {
    pub(crate) host: &'a mut Host,
    pub(crate) frames: &'a mut Frames,
    /// Address of the twin hub.
    pub(crate) hub: &'a str,
    /// The Python of the sandbox: host, twin maker, commands.
    pub(crate) payload: &'a Path,
    /// The environment's interpreter.
    pub(crate) python: &'a Path,
    /// A fresh folder for everything of this run.
    pub(crate) folder: PathBuf,
    /// The names of kernel and endpoint at the host: new ones for each run, so that late news of
    /// an earlier one are not taken for this one's.
    pub(crate) kernel: String,
    pub(crate) endpoint: String,
    pub(crate) excess: watch::Receiver<Option<Ended>>,
}

/// The folders of one run.
struct Folders {
    /// The kernel's working folder.
    home: PathBuf,
    /// Sockets, connection file and log: not the notebook's.
    side: PathBuf,
}

impl Folders {
    fn make(folder: &Path) -> std::io::Result<Self> {
        let folders = Self {
            home: folder.join("notebook"),
            side: folder.join("side"),
        };
        std::fs::create_dir_all(&folders.home)?;
        std::fs::create_dir_all(&folders.side)?;
        Ok(folders)
    }
}

/// Executes a notebook. Reports of cells go out as they come.
pub(crate) async fn run(bench: &mut Bench<'_>, order: &RunOrder) -> std::io::Result<RanReport> {
    let folders = Folders::make(&bench.folder)?;
    let cache = folders.home.join(".cache/huggingface/hub");
    super::cached::lay_out(&cache, &order.cached)?;
    let started = Instant::now();
    let mut report = RanReport::of(Ended::Finished);
    let endpoint = match &order.endpoint {
        Some(spec) => Some(start_endpoint(bench, &folders, spec, order.limits).await?),
        None => None,
    };
    let environment = environment(bench, &folders, order, endpoint.as_deref());
    match start_kernel(bench, &folders, environment, order.limits).await {
        Ok(mut kernel) => {
            report.ready = started.elapsed().as_secs_f64();
            report.ended = cells(bench, &mut kernel, order, started).await?;
        }
        Err(message) => report.ended = Ended::NoKernel { message },
    }
    // What the watch ended looks like a lost kernel from here.
    if let Some(excess) = bench.excess.borrow().clone() {
        report.ended = excess;
    }
    let _ = bench.host.signal(&bench.kernel, KILL).await;
    if endpoint.is_some() {
        let _ = bench.host.signal(&bench.endpoint, KILL).await;
    }
    report.seconds = started.elapsed().as_secs_f64();
    report.endpoint = lines_of(&bench.folder.join("endpoint.jsonl"));
    report.installs = lines_of(&folders.side.join("installs.jsonl"));
    report.log = tail(&folders.side.join("log"));
    Ok(report)
}

async fn cells(
    bench: &mut Bench<'_>,
    kernel: &mut Kernel,
    order: &RunOrder,
    started: Instant,
) -> std::io::Result<Ended> {
    let mut ground = Ground {
        kernel,
        host: bench.host,
        id: &bench.kernel,
        excess: &mut bench.excess,
        cell_limit: order.limits.cell_seconds,
        run_end: started + Duration::from_secs(order.limits.seconds),
        run_limit: order.limits.seconds,
        output_bytes: order.limits.output_bytes,
    };
    for cell in &order.cells {
        bench
            .frames
            .tell(&Report::Begun { index: cell.index })
            .await?;
        let (mut report, ended) = cell::execute(&mut ground, cell).await;
        if !order.outputs {
            report.outputs.clear();
        }
        bench.frames.tell(&Report::Cell(Box::new(report))).await?;
        if let Some(ended) = ended {
            return Ok(ended);
        }
    }
    Ok(Ended::Finished)
}

/// Variables of the kernel: the twin hub, nothing of the host, and what the order adds.
fn environment(
    bench: &Bench<'_>,
    folders: &Folders,
    order: &RunOrder,
    endpoint: Option<&str>,
) -> BTreeMap<String, String> {
    let home = folders.home.display().to_string();
    let shims = bench.payload.join("alacard_shims");
    let programs = bench.python.parent().unwrap_or(bench.python);
    let path = format!(
        "{}:{}:/usr/local/bin:/usr/bin:/bin",
        shims.join("bin").display(),
        programs.display()
    );
    let mut all: BTreeMap<String, String> = [
        ("HF_ENDPOINT", bench.hub),
        ("PATH", &path),
        ("PYTHONPATH", &shims.join("site").display().to_string()),
        (
            "VIRTUAL_ENV",
            &programs.parent().unwrap_or(programs).display().to_string(),
        ),
        ("HF_HOME", &format!("{home}/.cache/huggingface")),
        ("XDG_CACHE_HOME", &format!("{home}/.cache")),
        ("HF_HUB_DISABLE_TELEMETRY", "1"),
        ("HF_HUB_DISABLE_XET", "1"),
        ("DISABLE_SAFETENSORS_CONVERSION", "1"),
        ("GRADIO_ANALYTICS_ENABLED", "False"),
        ("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false"),
        ("CUDA_VISIBLE_DEVICES", ""),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("MPLBACKEND", "module://matplotlib_inline.backend_inline"),
        (
            "ALACARD_INSTALLS",
            &folders.side.join("installs.jsonl").display().to_string(),
        ),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    for (name, value) in &order.env {
        let value = value.replace("{endpoint}", endpoint.unwrap_or_default());
        all.insert(name.clone(), value);
    }
    all
}

async fn start_kernel(
    bench: &mut Bench<'_>,
    folders: &Folders,
    environment: BTreeMap<String, String>,
    limits: Limits,
) -> Result<Kernel, String> {
    let say = |error: std::io::Error| error.to_string();
    let place = Place::make(&folders.side).map_err(say)?;
    let observe = UnixDatagram::bind(place.observe()).map_err(say)?;
    let request = json!({
        "op": "fork", "kind": "kernel", "id": bench.kernel, "folder": folders.home,
        "connection_file": place.connection_file(), "observe": place.observe(),
        "env": environment, "limits": host_limits(limits), "threads": 2,
    });
    bench.host.fork(request).await.map_err(say)?;
    let id = Some(bench.kernel.as_str());
    tokio::select! {
        kernel = Kernel::connect(&place, observe) => kernel,
        event = bench.host.wait(&["exited"], id, super::kernel::START_LIMIT) => Err(match event {
            Ok(event) => format!("the kernel ended while it started ({event}): {}", tail(&folders.side.join("log"))),
            Err(error) => error.to_string(),
        }),
    }
}

async fn start_endpoint(
    bench: &mut Bench<'_>,
    folders: &Folders,
    spec: &Value,
    limits: Limits,
) -> std::io::Result<String> {
    let mut spec = spec.clone();
    spec["port"] = 0.into();
    spec["log"] = bench
        .folder
        .join("endpoint.jsonl")
        .display()
        .to_string()
        .into();
    let place = folders.side.join("endpoint");
    std::fs::create_dir_all(&place)?;
    let request = json!({
        "op": "fork", "kind": "endpoint", "id": bench.endpoint, "folder": place,
        "spec": spec, "env": {"HF_HUB_OFFLINE": "1"}, "limits": host_limits(limits), "threads": 1,
    });
    bench.host.fork(request).await?;
    let ready = place.join("ready.json");
    let started = Instant::now();
    while started.elapsed() < ENDPOINT_LIMIT {
        let value = std::fs::read(&ready)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        if let Some(port) = value.and_then(|value| value["port"].as_u64()) {
            return Ok(format!("http://127.0.0.1:{port}"));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(std::io::Error::other("the endpoint did not start"))
}

/// Limits as the host sets them on each of its children.
pub(crate) fn host_limits(limits: Limits) -> Value {
    json!({
        "address_space_mb": 0, "file_mb": limits.file_mb, "open_files": 1024,
        "processes": limits.processes, "cpu_seconds": 0,
    })
}

/// JSON values, one a line; what is none is left out.
fn lines_of(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .take(1000)
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// The end of a text file.
pub(crate) fn tail(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    let from = bytes.len().saturating_sub(LOG_BYTES);
    String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()).into_owned()
}
