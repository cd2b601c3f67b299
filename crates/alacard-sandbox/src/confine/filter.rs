//! Filters of system calls.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

use super::calls;
use crate::{SandboxError, Spec};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Opening a connection in the first packet, which no rule on ports sees.
const FAST_OPEN: u64 = 0x2000_0000;

const UNIX: u64 = libc::AF_UNIX as u64;
const INET: u64 = libc::AF_INET as u64;
const INET6: u64 = libc::AF_INET6 as u64;
const NETLINK: u64 = libc::AF_NETLINK as u64;

/// The filters for a command in namespaces of its own.
pub(super) fn namespaced(spec: &Spec) -> Result<Vec<BpfProgram>, SandboxError> {
    let mut refused = refused()?;
    let families: &[u64] = if spec.loopback {
        &[UNIX, INET, INET6, NETLINK]
    } else {
        &[UNIX, NETLINK]
    };
    insert(
        &mut refused,
        libc::SYS_socket,
        vec![other_families(families)?],
    );
    Ok(vec![
        program(refused, libc::EPERM)?,
        program(unknown(), libc::ENOSYS)?,
    ])
}

/// The filters for a command on the host, where Landlock keeps it.
pub(super) fn shared(spec: &Spec) -> Result<Vec<BpfProgram>, SandboxError> {
    let mut refused = refused()?;
    let families: &[u64] = if spec.loopback {
        &[UNIX, INET, INET6]
    } else {
        &[UNIX]
    };
    let mut sockets = vec![other_families(families)?];
    for family in [INET, INET6] {
        sockets.extend(only_tcp(family)?);
    }
    insert(&mut refused, libc::SYS_socket, sockets);
    for (call, flags) in [
        (libc::SYS_sendto, 3),
        (libc::SYS_sendmsg, 2),
        (libc::SYS_sendmmsg, 3),
    ] {
        insert(
            &mut refused,
            call,
            vec![rule([masked(flags, FAST_OPEN, FAST_OPEN)?])?],
        );
    }
    let mut feigned = Rules::new();
    for call in calls::FEIGNED.into_iter().chain(calls::FEIGNED_HERE) {
        insert(&mut feigned, call, Vec::new());
    }
    Ok(vec![
        program(refused, libc::EPERM)?,
        program(unknown(), libc::ENOSYS)?,
        program(feigned, 0)?,
    ])
}

/// Sets the filters for a command on the host.
pub(super) fn set(spec: &Spec) -> Result<(), SandboxError> {
    for program in shared(spec)? {
        apply_filter(&program).map_err(|error| SandboxError::Filter(error.to_string()))?;
    }
    Ok(())
}

/// A filter that refuses new named sockets (pairs of them stay possible), as the bytes that
/// `PR_SET_SECCOMP` takes. No rule of Landlock hides the sockets of the host's other programs;
/// a process that has opened what it needs sets this before it runs what is not trusted.
///
/// # Errors
///
/// On a processor that the filter cannot be made for.
pub fn no_named_sockets() -> Result<Vec<u8>, SandboxError> {
    let mut rules = Rules::new();
    insert(&mut rules, libc::SYS_socket, vec![rule([equal(0, UNIX)?])?]);
    Ok(bytes(&program(rules, libc::EPERM)?))
}

/// A filter as the kernel reads it.
pub(super) fn bytes(program: &BpfProgram) -> Vec<u8> {
    let instructions = program.iter().flat_map(|instruction| {
        let code = instruction.code.to_ne_bytes();
        let k = instruction.k.to_ne_bytes();
        [&code[..], &[instruction.jt, instruction.jf], &k[..]].concat()
    });
    instructions.collect()
}

fn refused() -> Result<Rules, SandboxError> {
    let mut rules = Rules::new();
    for call in calls::REFUSED.into_iter().chain(calls::REFUSED_HERE) {
        insert(&mut rules, call, Vec::new());
    }
    if cfg!(target_arch = "x86_64") {
        // Calls that only the ABI with short pointers has.
        rules.extend((512..=547).map(|call| (call | SHORT_POINTERS, Vec::new())));
    }
    let spaces = calls::NAMESPACES.map(|flag| masked(0, flag, flag).and_then(|c| rule([c])));
    insert(
        &mut rules,
        libc::SYS_clone,
        spaces.into_iter().collect::<Result<_, _>>()?,
    );
    let orders = calls::ORDERS.map(|order| equal(1, order).and_then(|c| rule([c])));
    insert(
        &mut rules,
        libc::SYS_ioctl,
        orders.into_iter().collect::<Result<_, _>>()?,
    );
    Ok(rules)
}

fn unknown() -> Rules {
    let mut rules = Rules::new();
    for call in calls::UNKNOWN {
        insert(&mut rules, call, Vec::new());
    }
    rules
}

/// The mark of the ABI with short pointers, whose calls do the same under other numbers.
const SHORT_POINTERS: i64 = 0x4000_0000;

fn insert(rules: &mut Rules, call: libc::c_long, conditions: Vec<SeccompRule>) {
    if cfg!(target_arch = "x86_64") {
        rules.insert(call | SHORT_POINTERS, conditions.clone());
    }
    rules.insert(call, conditions);
}

fn other_families(known: &[u64]) -> Result<SeccompRule, SandboxError> {
    let conditions: Result<Vec<_>, _> = known.iter().map(|family| unequal(0, *family)).collect();
    rule(conditions?)
}

/// Refuses every other type, and every other protocol of that type: Landlock's rules know plain
/// TCP only.
fn only_tcp(family: u64) -> Result<Vec<SeccompRule>, SandboxError> {
    let stream = libc::SOCK_STREAM as u64;
    let tcp = libc::IPPROTO_TCP as u64;
    let others = (0..16).filter(|kind| *kind != stream);
    let mut rules = others
        .map(|kind| rule([equal(0, family)?, masked(1, 0xf, kind)?]))
        .collect::<Result<Vec<_>, _>>()?;
    rules.push(rule([equal(0, family)?, unequal(2, 0)?, unequal(2, tcp)?])?);
    Ok(rules)
}

fn program(rules: Rules, errno: i32) -> Result<BpfProgram, SandboxError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(failed)?;
    let action = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch).map_err(failed)?;
    BpfProgram::try_from(filter).map_err(failed)
}

fn rule(
    conditions: impl IntoIterator<Item = SeccompCondition>,
) -> Result<SeccompRule, SandboxError> {
    SeccompRule::new(conditions.into_iter().collect()).map_err(failed)
}

fn equal(argument: u8, value: u64) -> Result<SeccompCondition, SandboxError> {
    condition(argument, SeccompCmpOp::Eq, value)
}

fn unequal(argument: u8, value: u64) -> Result<SeccompCondition, SandboxError> {
    condition(argument, SeccompCmpOp::Ne, value)
}

fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompCondition, SandboxError> {
    condition(argument, SeccompCmpOp::MaskedEq(mask), value)
}

fn condition(argument: u8, op: SeccompCmpOp, value: u64) -> Result<SeccompCondition, SandboxError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, value).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> SandboxError {
    SandboxError::Filter(error.to_string())
}
