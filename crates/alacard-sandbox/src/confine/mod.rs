//! The step between: this program, started once more, that shuts itself in and then becomes
//! the command.

mod bubblewrap;
mod calls;
mod files;
mod filter;
mod guardian;
mod landlock;
mod limits;

use std::convert::Infallible;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};

use crate::plan::Plan;
use crate::spec::Kind;
use crate::{SandboxError, chunks};

pub use filter::no_named_sockets;
pub(crate) use landlock::abi as landlock_abi;

/// Says that this is the inner of two steps.
const INNER: &str = "ALACARD_CONFINE_INNER";

/// Carries out the orders in the environment: starts this program once more as the inner step,
/// which becomes the command, and stays as its guardian. Comes back when the command has ended
/// and all that it left behind, with the status to end with.
///
/// # Errors
///
/// When it was not started by [`crate::Launcher::spawn`], or the system refuses a limit.
pub fn run() -> Result<u8, SandboxError> {
    let text = chunks::join(|name| std::env::var(name).ok()).ok_or(SandboxError::NoPlan)?;
    let plan: Plan = serde_json::from_str(&text).map_err(|_| SandboxError::NoPlan)?;
    if std::env::var_os(INNER).is_none() {
        return guardian::run(&plan, &text);
    }
    inner(&plan).map(|never| match never {})
}

fn inner(plan: &Plan) -> Result<Infallible, SandboxError> {
    end_with(std::os::unix::process::parent_id(), Signal::SIGKILL)?;
    SigSet::all()
        .thread_unblock()
        .map_err(SandboxError::errno("signals"))?;
    limits::set(&plan.spec)?;
    limits::die_first();
    match plan.kind {
        Kind::Bubblewrap => bubblewrapped(plan),
        Kind::Landlock | Kind::None => on_the_host(plan),
    }
}

fn bubblewrapped(plan: &Plan) -> Result<Infallible, SandboxError> {
    let arguments = bubblewrap::Arguments::new(plan)?;
    let mut command = Command::new(&plan.bubblewrap);
    command.args(&arguments.list).env_clear().envs(plan.env());
    // The open files that the arguments name stay open until here.
    let error = become_command(command, &plan.bubblewrap);
    drop(arguments);
    Err(error)
}

fn on_the_host(plan: &Plan) -> Result<Infallible, SandboxError> {
    nix::unistd::setsid().map_err(SandboxError::errno("a session of its own"))?;
    let program = plan.program();
    let mut command = without_rights(plan)?;
    command
        .args(plan.args())
        .env_clear()
        .envs(plan.env())
        .current_dir(&plan.work);
    if plan.kind == Kind::Landlock {
        landlock::restrict(plan)?;
        filter::set(&plan.spec)?;
    }
    Err(become_command(command, &program))
}

/// Root's rights reach past Landlock: into processes that have closed themselves off, among
/// others. The system's own tool takes them away; where it is missing, root gets no sandbox.
fn without_rights(plan: &Plan) -> Result<Command, SandboxError> {
    let program = plan.program();
    if plan.kind != Kind::Landlock || !nix::unistd::geteuid().is_root() {
        return Ok(Command::new(program));
    }
    let tool = Path::new("/usr/bin/setpriv");
    if !tool.exists() {
        return Err(SandboxError::Landlock(
            "root needs `setpriv` of util-linux for it".to_owned(),
        ));
    }
    let mut command = Command::new(tool);
    command.args([
        "--inh-caps=-all",
        "--ambient-caps=-all",
        "--bounding-set=-all",
        "--",
    ]);
    command.arg(program);
    Ok(command)
}

fn become_command(mut command: Command, program: &Path) -> SandboxError {
    let source = command.exec();
    SandboxError::System {
        what: format!("`{}` does not start", program.display()),
        source,
    }
}

/// Asks for a signal when the parent ends, and looks whether it has ended already.
fn end_with(parent: u32, signal: Signal) -> Result<(), SandboxError> {
    prctl::set_pdeathsig(signal).map_err(SandboxError::errno("the signal at the parent's end"))?;
    match std::os::unix::process::parent_id() == parent {
        true => Ok(()),
        false => Err(SandboxError::Orphan),
    }
}
