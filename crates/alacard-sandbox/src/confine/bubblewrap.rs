//! The arguments of bubblewrap.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::{files, filter};
use crate::SandboxError;
use crate::plan::Plan;
use crate::spec::WORK;

const MB: u64 = 1024 * 1024;

/// Parts of `/proc` that are the whole machine's. They are covered where they exist.
const COVERED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/driver",
    "/proc/fs",
    "/proc/kcore",
    "/proc/keys",
    "/proc/kpagecount",
    "/proc/kpageflags",
    "/proc/latency_stats",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/sysvipc",
];

/// Parts of `/proc` that steer the machine. They are read only.
const FIXED: [&str; 5] = [
    "/proc/sys",
    "/proc/irq",
    "/proc/bus",
    "/proc/sysrq-trigger",
    "/proc/mtrr",
];

/// Arguments, and the open files that they name by number.
pub(super) struct Arguments {
    pub(super) list: Vec<OsString>,
    files: Vec<File>,
}

impl Arguments {
    pub(super) fn new(plan: &Plan) -> Result<Self, SandboxError> {
        let mut arguments = Self {
            list: Vec::new(),
            files: Vec::new(),
        };
        arguments.namespaces(plan);
        arguments.system();
        arguments.settings()?;
        arguments.folders(plan);
        arguments.shown(plan);
        arguments.cover();
        arguments.close();
        arguments.filters(plan)?;
        arguments.add(["--chdir", WORK, "--"]);
        arguments.list.push(plan.program().into());
        arguments.list.extend(plan.args());
        Ok(arguments)
    }

    fn add<A: Into<OsString>>(&mut self, words: impl IntoIterator<Item = A>) {
        self.list.extend(words.into_iter().map(Into::into));
    }

    fn namespaces(&mut self, plan: &Plan) {
        self.add([
            "--unshare-all",
            "--unshare-user",
            "--die-with-parent",
            "--new-session",
        ]);
        if plan.disable_userns {
            self.add(["--disable-userns"]);
        }
        self.add(["--uid", "1000", "--gid", "1000", "--hostname", "sandbox"]);
        self.add(["--cap-drop", "ALL"]);
    }

    fn system(&mut self) {
        self.add(["--ro-bind", "/usr", "/usr"]);
        for folder in files::SYSTEM {
            match std::fs::read_link(folder) {
                Ok(target) => self.add([OsString::from("--symlink"), target.into(), folder.into()]),
                Err(_) => self.add(["--ro-bind-try", folder, folder]),
            }
        }
        self.add(["--ro-bind-try", files::PROCESSORS, files::PROCESSORS]);
        self.add(["--proc", "/proc", "--dev", "/dev"]);
        // The user outside may be root, and the kernel lets root write these without any rights.
        for path in FIXED {
            self.add(["--ro-bind-try", path, path]);
        }
    }

    fn settings(&mut self) -> Result<(), SandboxError> {
        for file in files::SETTINGS {
            self.add(["--ro-bind-try", file, file]);
        }
        for (path, text) in files::REPLACED {
            let number = self.open(path, text.as_bytes())?;
            self.add(["--perms", "0444", "--file", &number, path]);
        }
        Ok(())
    }

    fn open(&mut self, name: &str, bytes: &[u8]) -> Result<String, SandboxError> {
        let name = name.rsplit('/').next().unwrap_or_default();
        let file = files::inherited(name, bytes)?;
        let number = files::number(&file);
        self.files.push(file);
        Ok(number)
    }

    /// The folders that can be written, each with a size.
    fn folders(&mut self, plan: &Plan) {
        let work = (plan.spec.writable_mb * MB).to_string();
        let shared = (plan.spec.shm_mb * MB).to_string();
        self.add(["--perms", "1777", "--size", &shared, "--tmpfs", "/dev/shm"]);
        self.add(["--perms", "0755", "--size", &work, "--tmpfs", WORK]);
        self.add(["--perms", "1777", "--dir", "/work/tmp"]);
        let in_tmp = plan
            .spec
            .read_only
            .iter()
            .any(|shown| shown.inside.starts_with("/tmp"));
        match in_tmp {
            // What is shown there needs a folder that cannot be taken apart.
            true => self.add(["--perms", "1777", "--size", &shared, "--tmpfs", "/tmp"]),
            false => self.add(["--symlink", "work/tmp", "/tmp"]),
        }
    }

    fn shown(&mut self, plan: &Plan) {
        let mut shown: Vec<_> = plan.spec.read_only.iter().collect();
        // The outer before what is within it.
        shown.sort_by_key(|shown| shown.inside.components().count());
        for shown in shown {
            let words: [PathBuf; 3] =
                ["--ro-bind".into(), shown.host.clone(), shown.inside.clone()];
            self.add(words);
        }
    }

    fn cover(&mut self) {
        for path in COVERED.iter().map(Path::new) {
            if path.is_dir() {
                self.add(["--size", "4096", "--tmpfs"]);
                self.add([path, Path::new("--remount-ro"), path]);
            } else if path.exists() {
                self.add([Path::new("--ro-bind"), Path::new("/dev/null"), path]);
            }
        }
    }

    /// The root and the devices lie in memory as well, and nobody writes there.
    fn close(&mut self) {
        self.add(["--remount-ro", "/dev", "--remount-ro", "/"]);
    }

    fn filters(&mut self, plan: &Plan) -> Result<(), SandboxError> {
        for program in filter::namespaced(&plan.spec)? {
            let number = self.open("filter", &filter::bytes(&program))?;
            self.add(["--add-seccomp-fd", &number]);
        }
        Ok(())
    }
}
