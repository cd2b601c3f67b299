//! What stands beside an environment: where it comes from and how large it is.

use serde::{Deserialize, Serialize};

use super::interpreter::Interpreter;

/// `env.json` in the folder of an environment. It is written last: a folder without it is not
/// finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EnvRecord {
    /// Version of this format.
    pub schema_version: u32,
    /// The lock's hash, which is also the folder's name.
    pub lock_hash: String,
    /// The requirements that it was made for.
    pub requirements: Vec<String>,
    /// The Python of which it is made.
    pub python: Interpreter,
    /// How many packages it holds.
    pub packages: usize,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Bytes of the files that no hard link shares with uv's cache or another environment.
    pub own_bytes: u64,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// How long that took, in milliseconds.
    pub made_in_ms: u64,
    /// The version of uv that made it.
    pub uv: String,
    /// Files of bytecode that were linked from other environments, and that were compiled.
    pub bytecode: Bytecode,
}

/// Where the bytecode of an environment comes from.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Bytecode {
    /// Files linked from other environments.
    pub shared: u64,
    /// Whether everything that was left has been compiled.
    pub complete: bool,
}

/// The format that is written.
pub(crate) const SCHEMA_VERSION: u32 = 1;
