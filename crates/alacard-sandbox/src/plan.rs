//! The orders that the step between gets, handed over in its environment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::spec::{Kind, Spec};
use crate::view::View;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) spec: Spec,
    pub(crate) kind: Kind,
    /// The process that wants the sandbox; the sandbox does not outlive it.
    pub(crate) parent: u32,
    /// The writable folder on the host; empty with bubblewrap, which makes its own.
    pub(crate) work: PathBuf,
    pub(crate) bubblewrap: PathBuf,
    /// Whether this bubblewrap can forbid further user namespaces.
    pub(crate) disable_userns: bool,
}

impl Plan {
    pub(crate) fn view(&self) -> View {
        View::new(self.kind, &self.spec.read_only, &self.work)
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.view().real(&self.spec.program)
    }

    pub(crate) fn args(&self) -> Vec<OsString> {
        let view = self.view();
        self.spec
            .args
            .iter()
            .map(|arg| rewritten(&view, arg))
            .collect()
    }

    /// The environment of the command: what was given, and what every program expects.
    pub(crate) fn env(&self) -> BTreeMap<String, String> {
        let view = self.view();
        let work = view.work();
        let mut env = BTreeMap::from([
            ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("HOME".to_owned(), text(&work)),
            ("TMPDIR".to_owned(), text(&work.join("tmp"))),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("USER".to_owned(), "user".to_owned()),
        ]);
        env.extend(
            self.spec
                .env
                .iter()
                .map(|(key, value)| (key.clone(), view.text(value))),
        );
        env.insert("ALACARD_SANDBOX".to_owned(), self.kind.name().to_owned());
        env.insert("ALACARD_WORK".to_owned(), text(&work));
        env
    }
}

fn rewritten(view: &View, arg: &OsStr) -> OsString {
    match arg.to_str() {
        Some(arg) => view.text(arg).into(),
        None => arg.to_owned(),
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
