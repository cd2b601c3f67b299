//! Commands of strangers, run where they see nothing and reach nothing.
//!
//! [`Launcher::spawn`] starts a command in a sandbox: bubblewrap where it works, else Landlock
//! and seccomp. It sees a read-only world of a few system folders and what [`Spec::read_only`]
//! names, one writable folder of bounded size, no network but its own loopback, and no
//! environment but [`Spec::env`].
//!
//! The program that calls this crate starts itself once more as a small step between
//! ([`confine::run`]), which sets limits and then becomes bubblewrap or the command. So nothing
//! here forks by hand, and nothing is unsafe.
//!
//! Inside, a supervisor calls [`harden`] first, keeps a [`Watch`] on memory, processes and disk,
//! and ends what is left behind with [`kill_others`].

mod available;
mod child;
mod chunks;
pub mod confine;
mod disk;
mod error;
mod harden;
mod kill;
mod launcher;
mod memory;
mod plan;
mod processes;
mod sockets;
mod spawner;
mod spec;
mod view;
mod watch;

pub use available::{Availability, Version};
pub use child::{Child, Ended};
pub use error::SandboxError;
pub use harden::{harden, standing_back};
pub use kill::{Killed, kill_others};
pub use launcher::{Launcher, Streams};
pub use processes::Scope;
pub use spec::{Kind, ReadOnly, Spec};
pub use view::View;
pub use watch::{Excess, Limits, Usage, Watch, What};

/// What works on this machine, with this program as its own step between.
///
/// # Errors
///
/// When the program cannot find itself.
pub fn available() -> Result<Availability, SandboxError> {
    Ok(Launcher::this_program()?.available())
}

/// Starts a command in a sandbox, with this program as its own step between.
///
/// # Errors
///
/// When the specification cannot be carried out, or nothing could be started.
pub fn spawn(spec: &Spec, kind: Kind, streams: Streams) -> Result<Child, SandboxError> {
    Launcher::this_program()?.spawn(spec, kind, streams)
}
