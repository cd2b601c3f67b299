//! The step between: this program, started once more, that shuts itself in and then becomes
//! the command.

mod bubblewrap;
mod calls;
mod filter;
mod files;
mod guardian;
mod landlock;
mod limits;

use std::convert::Infallible;
use std::os::unix::process::CommandExt as _;
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

/// Carries out the orders in the environment. With bubblewrap it does not come back unless
/// something failed: it has become bubblewrap. Else it comes back when the command has ended,
/// with the status to end with.
///
/// # Errors
///
/// When it was not started by [`crate::Launcher::spawn`], or the system refuses a limit.
pub fn run() -> Result<u8, SandboxError> {
    let text = chunks::join(|name| std::env::var(name).ok()).ok_or(SandboxError::NoPlan)?;
    let plan: Plan = serde_json::from_str(&text).map_err(|_| SandboxError::NoPlan)?;
    if std::env::var_os(INNER).is_some() {
        return inner(&plan).map(|never| match never {});
    }
    match plan.kind {
        Kind::Bubblewrap => outer_bubblewrap(&plan).map(|never| match never {}),
        Kind::Landlock | Kind::None => guardian::run(&plan, &text),
    }
}

fn outer_bubblewrap(plan: &Plan) -> Result<Infallible, SandboxError> {
    end_with(plan.parent, Signal::SIGKILL)?;
    limits::set(&plan.spec)?;
    limits::die_first();
    let arguments = bubblewrap::Arguments::new(plan)?;
    let mut command = Command::new(&plan.bubblewrap);
    command.args(&arguments.list).env_clear().envs(plan.env());
    // The open files that the arguments name stay open until here.
    let error = become_command(command, &plan.bubblewrap);
    drop(arguments);
    Err(error)
}

fn inner(plan: &Plan) -> Result<Infallible, SandboxError> {
    end_with(std::os::unix::process::parent_id(), Signal::SIGKILL)?;
    SigSet::all().thread_unblock().map_err(SandboxError::errno("signals"))?;
    nix::unistd::setsid().map_err(SandboxError::errno("a session of its own"))?;
    limits::set(&plan.spec)?;
    limits::die_first();
    let program = plan.program();
    let mut command = Command::new(&program);
    command.args(plan.args()).env_clear().envs(plan.env()).current_dir(&plan.work);
    if plan.kind == Kind::Landlock {
        landlock::restrict(plan)?;
        filter::set(&plan.spec)?;
    }
    Err(become_command(command, &program))
}

fn become_command(mut command: Command, program: &std::path::Path) -> SandboxError {
    let source = command.exec();
    SandboxError::System { what: format!("`{}` does not start", program.display()), source }
}

/// Asks for a signal when the parent ends, and looks whether it has ended already.
fn end_with(parent: u32, signal: Signal) -> Result<(), SandboxError> {
    prctl::set_pdeathsig(signal).map_err(SandboxError::errno("the signal at the parent's end"))?;
    match std::os::unix::process::parent_id() == parent {
        true => Ok(()),
        false => Err(SandboxError::Orphan),
    }
}
