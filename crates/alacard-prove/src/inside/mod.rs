//! The inner side of the wall: a supervisor that the sandbox starts. It serves the twin hub,
//! keeps the Python host, drives kernels and tells the outside what happened.

mod cached;
mod cell;
mod frames;
mod host;
mod kernel;
mod outputs;
mod run;
mod twin;
mod watch;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use alacard_hub::serve::{Repo, Repos, Server};
use serde_json::Value;

use crate::wire::{Order, Report, RunOrder, Served};
use frames::Frames;
use host::Host;

/// What the host itself writes below the working folder.
const HOST_LOG: &str = "host.log";
/// Other places of the sandbox that a notebook may write to.
const SHARED: [&str; 2] = ["/tmp", "/dev/shm"];
/// How long the imports of the host may take.
const IMPORT_LIMIT: Duration = Duration::from_secs(180);

/// Where things are in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsideArgs {
    /// The environment's interpreter.
    pub python: PathBuf,
    /// The Python of the sandbox.
    pub payload: PathBuf,
    /// The only place that may be written to.
    pub work: PathBuf,
}

/// Everything that lives as long as the sandbox.
struct Inside {
    args: InsideArgs,
    work: PathBuf,
    repos: Repos,
    hub: Server,
    host: Host,
    frames: Frames,
    /// What the host has imported, for one that must take its place.
    modules: Vec<String>,
    runs: u64,
}

/// Serves orders from standard input until there are none.
///
/// # Errors
///
/// When the pipes break, or the host or the hub cannot be started.
pub fn main(args: &InsideArgs) -> std::io::Result<()> {
    // Nobody in the sandbox may look into this process or take its pipes.
    alacard_sandbox::harden().map_err(std::io::Error::other)?;
    nix::sys::prctl::set_child_subreaper(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(args))
}

async fn serve(args: &InsideArgs) -> std::io::Result<()> {
    std::fs::create_dir_all(args.work.join("tmp"))?;
    let repos = Repos::default();
    let hub = Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), repos.clone())?;
    let mut inside = Inside {
        args: args.clone(),
        work: args.work.clone(),
        host: Host::start(&args.python, &args.work.join(HOST_LOG))?,
        frames: Frames::new(),
        repos,
        hub,
        modules: Vec::new(),
        runs: 0,
    };
    let hub = inside.hub.url();
    inside.frames.tell(&Report::Ready { hub }).await?;
    while let Some(order) = inside.frames.next().await? {
        if matches!(order, Order::Quit) {
            break;
        }
        if let Err(error) = inside.obey(order).await {
            let log = run::tail(&inside.work.join(HOST_LOG));
            let message = format!("{error}; {log}");
            inside.frames.tell(&Report::Trouble { message }).await?;
        }
    }
    Ok(())
}

impl Inside {
    async fn obey(&mut self, order: Order) -> std::io::Result<()> {
        self.revive().await?;
        match order {
            Order::Warm { modules } => self.warm(&modules).await,
            Order::Serve { repos } => self.publish(repos).await,
            Order::Twin(order) => {
                let folder = self.fresh()?;
                let result = twin::make(&mut self.host, &mut self.frames, &order, &folder).await;
                self.clear()?;
                result
            }
            Order::Run(order) => self.run(&order).await,
            Order::Quit => Ok(()),
        }
    }

    /// A host that ended since the last order (killed for memory, say) has a successor: otherwise
    /// every later notebook would fail for the fault of an earlier one.
    async fn revive(&mut self) -> std::io::Result<()> {
        if !self.host.ended() {
            return Ok(());
        }
        self.host = Host::start(&self.args.python, &self.args.work.join(HOST_LOG))?;
        if !self.modules.is_empty() {
            self.host.import(&self.modules, IMPORT_LIMIT).await?;
        }
        Ok(())
    }

    async fn warm(&mut self, modules: &[String]) -> std::io::Result<()> {
        self.modules = modules.to_vec();
        let event = self.host.import(modules, IMPORT_LIMIT).await?;
        let strings = |value: &Value| serde_json::from_value(value.clone()).unwrap_or_default();
        let report = Report::Warm {
            versions: strings(&event["versions"]),
            failed: strings(&event["failed"]),
        };
        self.frames.tell(&report).await
    }

    async fn publish(&mut self, repos: Vec<Served>) -> std::io::Result<()> {
        self.repos.clear();
        for served in repos {
            self.repos.insert(Repo {
                kind: served.kind,
                id: served.id,
                sha: served.sha,
                dir: served.dir,
                record: served.record,
                aliases: served.aliases,
                any_revision: true,
            });
        }
        self.hub.clear_log();
        self.frames.tell(&Report::Done).await
    }

    async fn run(&mut self, order: &RunOrder) -> std::io::Result<()> {
        let folder = self.fresh()?;
        self.hub.clear_log();
        let keep = self.host.pid();
        let watch = watch::Watch::start(keep, &self.work, order.limits)?;
        let mut bench = run::Bench {
            host: &mut self.host,
            frames: &mut self.frames,
            hub: &self.hub.url(),
            payload: &self.args.payload,
            python: &self.args.python,
            kernel: format!("kernel-{}", self.runs),
            endpoint: format!("endpoint-{}", self.runs),
            folder: folder.clone(),
            excess: watch.excess(),
        };
        let result = run::run(&mut bench, order).await;
        let peak = watch.stop();
        let cleared = self.clear();
        let mut report = result?;
        report.peak_mb = peak;
        report.spent = cleared.is_err();
        let asked = self.hub.asked();
        let files = asked
            .iter()
            .filter(|a| a.known_repo && a.status < 400 && a.method == "GET");
        report.served = files
            .filter_map(|a| Some((a.repo.clone()?, a.file.clone()?)))
            .collect();
        report.missing = self.hub.missing_repos().into_iter().collect();
        self.frames.tell(&Report::Ran(Box::new(report))).await
    }

    /// A new folder for one order.
    fn fresh(&mut self) -> std::io::Result<PathBuf> {
        self.runs += 1;
        let folder = self.work.join(format!("r{}", self.runs));
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Ends every process that an order left behind and removes what it wrote, wherever it could.
    fn clear(&mut self) -> std::io::Result<()> {
        let ended = watch::end_others(self.host.pid());
        self.host.forget();
        empty(&self.work, &[HOST_LOG]);
        let _ = std::fs::create_dir_all(self.work.join("tmp"));
        if watch::kind() == alacard_sandbox::Kind::Bubblewrap {
            // Ours alone. Without namespaces these are the machine's, and cannot be written to.
            SHARED
                .iter()
                .for_each(|folder| empty(Path::new(folder), &[]));
        }
        ended
    }
}

/// Empties a folder. What cannot be removed (a place where something read-only is shown) stays; a
/// link to another folder is not followed.
fn empty(folder: &Path, keep: &[&str]) {
    let is_real = std::fs::symlink_metadata(folder).is_ok_and(|meta| meta.is_dir());
    let entries = is_real.then(|| std::fs::read_dir(folder).ok()).flatten();
    for entry in entries.into_iter().flatten().flatten() {
        if keep.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let path = entry.path();
        let _ = if is_folder {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
    }
}
