//! Starting a sandbox.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::available::{self, Availability};
use crate::child::Child;
use crate::plan::Plan;
use crate::{Kind, SandboxError, Spec, chunks, spawner};

/// The program that serves as the step between, which calls [`crate::confine::run`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Launcher {
    program: PathBuf,
    args: Vec<OsString>,
}

/// Standard streams of a command in a sandbox.
#[derive(Debug)]
pub struct Streams {
    /// Standard input.
    pub stdin: Stdio,
    /// Standard output.
    pub stdout: Stdio,
    /// Standard error.
    pub stderr: Stdio,
}

impl Streams {
    /// Pipes to all three.
    #[must_use]
    pub fn piped() -> Self {
        Self {
            stdin: Stdio::piped(),
            stdout: Stdio::piped(),
            stderr: Stdio::piped(),
        }
    }

    /// No input, pipes to the others.
    #[must_use]
    pub fn no_input() -> Self {
        Self {
            stdin: Stdio::null(),
            ..Self::piped()
        }
    }
}

impl Launcher {
    /// This very program, with the hidden command `__confine`.
    ///
    /// # Errors
    ///
    /// When the program cannot find itself.
    pub fn this_program() -> Result<Self, SandboxError> {
        let program =
            std::env::current_exe().map_err(SandboxError::system("this program's own path"))?;
        Ok(Self::new(program, ["__confine"]))
    }

    /// Another program that calls [`crate::confine::run`] when started with these arguments.
    pub fn new<A: Into<OsString>>(
        program: impl Into<PathBuf>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
        }
    }

    /// What works on this machine. Really tried, once a process.
    #[must_use]
    pub fn available(&self) -> Availability {
        available::cached(self)
    }

    /// Starts a command in a sandbox.
    ///
    /// # Errors
    ///
    /// When the specification cannot be carried out, or nothing could be started.
    pub fn spawn(&self, spec: &Spec, kind: Kind, streams: Streams) -> Result<Child, SandboxError> {
        spec.check()?;
        let bubblewrap = match kind {
            Kind::Bubblewrap => available::find()?,
            Kind::Landlock | Kind::None => available::Found::none(),
        };
        let work = work_folder(kind)?;
        let plan = Plan {
            spec: spec.clone(),
            kind,
            parent: std::process::id(),
            work: work
                .as_ref()
                .map_or_else(PathBuf::new, |work| work.path().to_path_buf()),
            disable_userns: bubblewrap.disable_userns(),
            bubblewrap: bubblewrap.path,
        };
        let command = self.command(&plan, streams)?;
        let child = spawner::spawn(command)
            .map_err(SandboxError::system("the sandbox could not be started"))?;
        Ok(Child::new(child, kind, plan.view(), work))
    }

    fn command(&self, plan: &Plan, streams: Streams) -> Result<Command, SandboxError> {
        let text = serde_json::to_string(plan)
            .map_err(|error| SandboxError::BadSpec(error.to_string()))?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env_clear()
            .envs(chunks::split(&text));
        command
            .stdin(streams.stdin)
            .stdout(streams.stdout)
            .stderr(streams.stderr);
        command.current_dir("/");
        Ok(command)
    }
}

/// The writable folder where the sandbox cannot make its own.
fn work_folder(kind: Kind) -> Result<Option<TempDir>, SandboxError> {
    if kind == Kind::Bubblewrap {
        return Ok(None);
    }
    let made = tempfile::Builder::new().prefix("alacard-").tempdir();
    let folder = made.map_err(SandboxError::system("a folder for the sandbox"))?;
    make_tmp(folder.path())?;
    Ok(Some(folder))
}

fn make_tmp(work: &Path) -> Result<(), SandboxError> {
    std::fs::create_dir(work.join("tmp")).map_err(SandboxError::system("a folder for the sandbox"))
}
