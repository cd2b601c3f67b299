//! Files of the system that are seen inside, and small ones that replace the host's.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::os::fd::AsRawFd as _;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::SandboxError;

/// What a program of the system needs of `/etc`, as the host has it.
pub(super) const SETTINGS: [&str; 7] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/mime.types",
];

/// What would say something about the host, as the sandbox has it.
pub(super) const REPLACED: [(&str, &str); 4] = [
    ("/etc/passwd", "user:x:1000:1000:user:/work:/bin/sh\n"),
    ("/etc/group", "user:x:1000:\n"),
    (
        "/etc/hosts",
        "127.0.0.1 localhost sandbox\n::1 localhost sandbox\n",
    ),
    (
        "/etc/nsswitch.conf",
        "passwd: files\ngroup: files\nhosts: files\n",
    ),
];

/// Folders with programs and libraries, at the root.
pub(super) const SYSTEM: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// Numbers of processors, which libraries of numerics look for.
pub(super) const PROCESSORS: &str = "/sys/devices/system/cpu";

/// A file in memory that the next program inherits.
pub(super) fn inherited(name: &str, bytes: &[u8]) -> Result<File, SandboxError> {
    let made = memfd_create(name, MFdFlags::empty());
    let mut file = File::from(made.map_err(SandboxError::errno("a file in memory"))?);
    file.write_all(bytes)
        .map_err(SandboxError::system("a file in memory"))?;
    file.rewind()
        .map_err(SandboxError::system("a file in memory"))?;
    fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty()))
        .map_err(SandboxError::errno("a file in memory"))?;
    Ok(file)
}

/// Its number, as arguments name it.
pub(super) fn number(file: &File) -> String {
    file.as_raw_fd().to_string()
}
