//! One cell in a kernel: sent, listened to, stopped when it takes too long.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;

use super::host::Host;
use super::kernel::{Kernel, Message};
use super::outputs::Outputs;
use crate::wire::{CellOrder, CellReport, CellState, Ended, Seen};

/// How long a kernel may take to obey an interrupt, and again a signal.
const OBEY: Duration = Duration::from_secs(2);
/// How long the output channel may lag behind the answer.
const LAG: Duration = Duration::from_secs(2);
/// SIGINT and SIGKILL.
const SIGNALS: (i32, i32) = (2, 9);

/// What a cell runs in.
pub(crate) struct Ground<'a> {
    pub(crate) kernel: &'a mut Kernel,
    pub(crate) host: &'a mut Host,
    /// The kernel's name at the host.
    pub(crate) id: &'a str,
    /// Becomes something when a limit of the whole run was exceeded.
    pub(crate) excess: &'a mut watch::Receiver<Option<Ended>>,
    pub(crate) cell_limit: u64,
    /// When the whole run has to end, and after how many seconds that is.
    pub(crate) run_end: Instant,
    pub(crate) run_limit: u64,
    pub(crate) output_bytes: usize,
}

/// A cell's progress.
struct Progress {
    outputs: Outputs,
    count: Option<u64>,
    answer: Option<Value>,
    idle: bool,
}

impl Progress {
    fn complete(&self) -> bool {
        self.answer.is_some() && self.idle
    }

    fn take(&mut self, message: Message) {
        match message.kind.as_str() {
            "execute_reply" => self.answer = Some(message.content),
            "status" => self.idle |= message.content["execution_state"] == "idle",
            "execute_input" => self.count = message.content["execution_count"].as_u64(),
            kind => self.outputs.take(kind, &message.content),
        }
    }
}

/// Executes one cell. The second value tells why the run ends here, if it does.
pub(crate) async fn execute(
    ground: &mut Ground<'_>,
    order: &CellOrder,
) -> (CellReport, Option<Ended>) {
    let started = Instant::now();
    let mut progress = Progress {
        outputs: Outputs::new(ground.output_bytes),
        count: None,
        answer: None,
        idle: false,
    };
    let ended = match ground.kernel.execute(&order.code).await {
        Ok(request) => listen(ground, &request, started, &mut progress).await,
        Err(message) => Some(Ended::Lost { message }),
    };
    let state = state(&progress, ended.as_ref());
    let ended = ended.or((state == CellState::Error).then_some(Ended::Failed));
    let report = CellReport {
        index: order.index,
        state,
        seconds: started.elapsed().as_secs_f64(),
        execution_count: progress.count,
        error: progress.outputs.error().cloned(),
        printed: progress.outputs.printed(),
        outputs: progress.outputs.finish(),
        seen: seen(ground.kernel.observations()),
    };
    (report, ended)
}

fn state(progress: &Progress, ended: Option<&Ended>) -> CellState {
    match ended {
        Some(Ended::CellTimeout { .. } | Ended::Timeout { .. }) => CellState::Timeout,
        Some(_) => CellState::Dead,
        None if progress.outputs.error().is_some() => CellState::Error,
        None => match progress.answer.as_ref().map(|answer| &answer["status"]) {
            Some(status) if status == "ok" => CellState::Ok,
            _ => CellState::Error,
        },
    }
}

/// Listens until the cell is complete, the kernel is gone or a limit is reached.
async fn listen(
    ground: &mut Ground<'_>,
    request: &str,
    started: Instant,
    progress: &mut Progress,
) -> Option<Ended> {
    let cell_end = started + Duration::from_secs(ground.cell_limit);
    let end = cell_end.min(ground.run_end);
    loop {
        let until = match progress.answer {
            Some(_) => Instant::now() + LAG,
            None => end,
        };
        tokio::select! {
            message = ground.kernel.next() => match message {
                Ok(message) if message.parent == request => progress.take(message),
                Ok(_) => {}
                Err(message) => return Some(Ended::Lost { message }),
            },
            event = ground.host.event() => match event {
                Ok(event) => if let Some(ended) = gone(&event, ground.id) { return Some(ended) },
                Err(error) => return Some(Ended::Lost { message: error.to_string() }),
            },
            Ok(()) = ground.excess.changed() => {
                let excess = ground.excess.borrow().clone();
                if excess.is_some() {
                    let _ = ground.host.signal(ground.id, SIGNALS.1).await;
                    return excess;
                }
            }
            () = tokio::time::sleep_until(until.into()) => {
                if progress.answer.is_some() {
                    return None;
                }
                stop(ground, request, progress).await;
                return Some(if cell_end <= ground.run_end {
                    Ended::CellTimeout { limit: ground.cell_limit }
                } else {
                    Ended::Timeout { limit: ground.run_limit }
                });
            }
        }
        if progress.complete() {
            return None;
        }
    }
}

/// How the kernel ended, when the event says that it did.
fn gone(event: &Value, id: &str) -> Option<Ended> {
    let number = |key: &str| event[key].as_i64().and_then(|n| i32::try_from(n).ok());
    (event["event"] == "exited" && event["id"] == id).then(|| Ended::Died {
        status: number("status"),
        signal: number("signal"),
    })
}

/// Interrupts, then signals, then kills.
async fn stop(ground: &mut Ground<'_>, request: &str, progress: &mut Progress) {
    ground.kernel.interrupt().await;
    if obeyed(ground, request, progress).await {
        return;
    }
    let _ = ground.host.signal(ground.id, SIGNALS.0).await;
    if obeyed(ground, request, progress).await {
        return;
    }
    let _ = ground.host.signal(ground.id, SIGNALS.1).await;
}

async fn obeyed(ground: &mut Ground<'_>, request: &str, progress: &mut Progress) -> bool {
    let listen = async {
        while !progress.complete() {
            match ground.kernel.next().await {
                Ok(message) if message.parent == request => progress.take(message),
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        true
    };
    tokio::time::timeout(OBEY, listen).await.unwrap_or(false)
}

/// The last observation of the cell.
fn seen(observations: Vec<Value>) -> Option<Seen> {
    let mut cells = observations.into_iter().filter(|o| o["event"] == "cell");
    cells
        .next_back()
        .and_then(|value| serde_json::from_value(value).ok())
}
