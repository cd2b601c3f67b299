//! What a run uses, looked at all the time, and what it leaves behind, ended.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use alacard_sandbox as sandbox;
use alacard_sandbox::{Excess, Kind, Scope, What};
use tokio::sync::watch;

use crate::wire::{Ended, LAST_WORD, Limits};

/// Pause between two looks. A run can take about 50 MB between them.
const EVERY: Duration = Duration::from_millis(30);
/// The same for the number of processes.
const CROWD: Duration = Duration::from_millis(10);
/// How long ending what was left behind may take.
const END_LIMIT: Duration = Duration::from_secs(5);
/// Bytes of memory that the machine keeps, whatever the limits say.
const RESERVE: u64 = 256 << 20;

/// How this process is shut in.
pub(crate) fn kind() -> Kind {
    let name = std::env::var("ALACARD_SANDBOX").unwrap_or_default();
    Kind::from_name(&name).unwrap_or(Kind::None)
}

/// A watch over one run.
pub(crate) struct Watch {
    inner: sandbox::Watch,
    _crowd: sandbox::Watch,
    excess: watch::Receiver<Option<Ended>>,
}

impl Watch {
    /// Watches everything in the sandbox but this process and the host.
    pub(crate) fn start(host: Option<u32>, work: &Path, limits: Limits) -> std::io::Result<Self> {
        let (sender, excess) = watch::channel(None);
        let mut except = vec![std::process::id()];
        except.extend(host);
        let scope = Scope::here(kind());
        let crowd = sandbox::Limits {
            processes: Some(limits.processes),
            except: except.clone(),
            ..sandbox::Limits::default()
        };
        let crowd =
            sandbox::Watch::start(scope, crowd, CROWD, leave).map_err(std::io::Error::other)?;
        let used = of_memory_and_disk(work, limits, except.clone());
        let tell = move |excess: Excess| {
            // What hoards is ended here and now: messages travel too slowly.
            let _ = sandbox::kill_others(scope, &except, END_LIMIT);
            sender.send_replace(Some(ended(excess)));
        };
        let inner =
            sandbox::Watch::start(scope, used, EVERY, tell).map_err(std::io::Error::other)?;
        Ok(Self {
            inner,
            _crowd: crowd,
            excess,
        })
    }

    /// Becomes something when a limit was passed.
    pub(crate) fn excess(&self) -> watch::Receiver<Option<Ended>> {
        self.excess.clone()
    }

    /// Ends the watch and gives the largest memory, in MB.
    pub(crate) fn stop(self) -> u64 {
        self.inner.usage().peak_memory >> 20
    }
}

fn of_memory_and_disk(work: &Path, limits: Limits, except: Vec<u32>) -> sandbox::Limits {
    // With bubblewrap the folder has a size of its own.
    let disk = (kind() != Kind::Bubblewrap).then(|| (work.to_owned(), limits.disk_mb << 20));
    sandbox::Limits {
        memory: Some(limits.memory_mb << 20),
        disk,
        reserve: Some(RESERVE),
        except,
        ..sandbox::Limits::default()
    }
}

/// A crowd multiplies faster than it can be ended one by one. With this process the sandbox ends,
/// and the kernel ends everything in it at once; the last word says why.
fn leave(excess: Excess) {
    let last = serde_json::to_string(&ended(excess)).unwrap_or_default();
    let _ = writeln!(std::io::stderr(), "{LAST_WORD}{last}");
    std::process::exit(i32::from(u8::MAX));
}

fn ended(excess: Excess) -> Ended {
    let mb = |bytes: u64| bytes.div_ceil(1 << 20);
    match excess.what {
        What::Memory => Ended::Memory {
            used: mb(excess.used),
            limit: mb(excess.limit),
        },
        What::Disk => Ended::Disk {
            used: mb(excess.used),
            limit: mb(excess.limit),
        },
        What::Processes => Ended::Processes {
            used: excess.used,
            limit: excess.limit,
        },
        What::Machine => Ended::Machine {
            left: mb(excess.used),
        },
    }
}

/// Ends every process of the sandbox but this one and the host.
pub(crate) fn end_others(host: Option<u32>) -> std::io::Result<()> {
    let keep: Vec<u32> = host.into_iter().collect();
    sandbox::kill_others(Scope::here(kind()), &keep, END_LIMIT).map_err(std::io::Error::other)?;
    Ok(())
}
