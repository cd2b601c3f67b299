//! Starting commands and hearing what they say.

use std::io::Read;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use alacard_sandbox::{Child, Ended, Kind, Launcher, Spec, Streams};

/// Nothing here may take longer.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// The example of this crate, which `cargo test` and `cargo build --all-targets` make.
pub(crate) fn helper() -> PathBuf {
    let me = std::env::current_exe().unwrap();
    let path = me
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples/confined");
    assert!(
        path.exists(),
        "build it first: cargo build -p alacard-sandbox --examples"
    );
    path
}

pub(crate) fn launcher() -> Launcher {
    Launcher::new(helper(), ["step"])
}

/// The kinds that work here. None at all fails: then these tests would show nothing.
pub(crate) fn kinds() -> Vec<Kind> {
    let available = launcher().available();
    let mut kinds = Vec::new();
    match &available.bubblewrap {
        Ok(_) => kinds.push(Kind::Bubblewrap),
        Err(reason) => println!("SKIPPED bubblewrap: {reason}"),
    }
    match &available.landlock {
        Ok(_) => kinds.push(Kind::Landlock),
        Err(reason) => println!("SKIPPED Landlock: {reason}"),
    }
    assert!(!kinds.is_empty(), "{}", available.require().unwrap_err());
    kinds
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) ended: Ended,
}

impl Said {
    pub(crate) fn code(&self) -> i32 {
        self.ended.code.unwrap_or(-1)
    }
}

pub(crate) fn sh(script: &str) -> Spec {
    Spec::new("/bin/sh").args(["-c", script])
}

/// A shell script under the small supervisor.
pub(crate) fn watched(memory_mb: u64, processes: u64, script: &str) -> Spec {
    Spec::new("/opt/confined")
        .args([
            "watch",
            &memory_mb.to_string(),
            &processes.to_string(),
            "--",
            "/bin/sh",
            "-c",
        ])
        .args([script])
        .show(helper(), "/opt/confined")
}

pub(crate) fn start(spec: &Spec, kind: Kind) -> Child {
    launcher().spawn(spec, kind, Streams::no_input()).unwrap()
}

pub(crate) fn run(spec: &Spec, kind: Kind) -> Said {
    finish(start(spec, kind), kind)
}

pub(crate) fn finish(mut child: Child, kind: Kind) -> Said {
    let out = reader(child.stdout.take().unwrap());
    let err = reader(child.stderr.take().unwrap());
    let ended = child.wait(LIMIT).unwrap();
    child.kill_all().unwrap();
    let said = Said {
        out: out.join().unwrap(),
        err: err.join().unwrap(),
        ended: ended.unwrap_or(Ended {
            code: None,
            signal: None,
        }),
    };
    assert!(ended.is_some(), "{kind:?} hangs: {said:?}");
    said
}

fn reader(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits for something to become true.
pub(crate) fn soon(what: &str, mut is: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < Duration::from_secs(10), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Processes of this machine whose command line holds these words.
pub(crate) fn running(words: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines
        .filter(|line| {
            String::from_utf8_lossy(line)
                .replace('\0', " ")
                .contains(words)
        })
        .count()
}
