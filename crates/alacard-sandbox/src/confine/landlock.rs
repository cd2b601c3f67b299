//! Rules of Landlock.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
    NetPort, RestrictionStatus, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::files;
use crate::SandboxError;
use crate::plan::Plan;

/// The newest version that is asked for; an older kernel enforces what it knows.
const NEWEST: ABI = ABI::V6;

/// Devices without anything of the host behind them.
const DEVICES: [&str; 5] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];

/// What can be read beside the system's programs. Of other processes Landlock shows only what
/// does not need the right to trace them: names and command lines, no environment, no memory.
const READABLE: [&str; 4] = ["/usr", "/proc", "/etc/hosts", "/etc/nsswitch.conf"];

/// The kernel's version of the interface, or why there is none.
pub(crate) fn abi() -> Result<i32, String> {
    // Rules bind the thread that makes them, so a thread that ends at once can try.
    let tried = std::thread::spawn(|| Ok::<_, RulesetError>(empty()?.restrict_self()?.landlock));
    match tried.join() {
        Ok(Ok(status)) => version(status),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the trial failed".to_owned()),
    }
}

fn version(status: LandlockStatus) -> Result<i32, String> {
    match status {
        LandlockStatus::Available {
            effective_abi,
            kernel_abi,
        } => Ok(kernel_abi.unwrap_or(effective_abi as i32)),
        LandlockStatus::NotEnabled => Err("it is switched off in this kernel".to_owned()),
        LandlockStatus::NotImplemented => Err("this kernel does not have it".to_owned()),
    }
}

fn empty() -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?
        .create()
}

/// Shuts this thread, and so the command that it becomes, in.
pub(super) fn restrict(plan: &Plan) -> Result<(), SandboxError> {
    let status = rules(plan).map_err(|error| SandboxError::Landlock(error.to_string()))?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err(SandboxError::Landlock(
            "this kernel does not have it".to_owned(),
        )),
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
    }
}

fn rules(plan: &Plan) -> Result<RestrictionStatus, RulesetError> {
    let system = READABLE
        .into_iter()
        .chain(files::SYSTEM)
        .chain(files::SETTINGS);
    let shown = plan.spec.read_only.iter().map(|shown| &shown.host);
    let read = AccessFs::from_read(NEWEST);
    let devices = AccessFs::ReadFile | AccessFs::WriteFile;
    let ports = if plan.spec.loopback {
        &plan.spec.ports[..]
    } else {
        &[]
    };
    empty()?
        .add_rules(path_beneath_rules(system.chain([files::PROCESSORS]), read))?
        .add_rules(path_beneath_rules(shown, read))?
        .add_rules(path_beneath_rules(DEVICES, devices))?
        .add_rules(path_beneath_rules([&plan.work], writable()))?
        .add_rules(ports.iter().map(|port| Ok::<_, RulesetError>(tcp(*port))))?
        .restrict_self()
}

/// Everything but making and steering devices.
fn writable() -> BitFlags<AccessFs> {
    AccessFs::from_all(NEWEST) & !(AccessFs::MakeBlock | AccessFs::MakeChar | AccessFs::IoctlDev)
}

fn tcp(port: u16) -> NetPort {
    NetPort::new(port, AccessNet::BindTcp | AccessNet::ConnectTcp)
}
