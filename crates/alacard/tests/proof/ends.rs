//! Notebooks that will not end, or end what they should not: each is named for what it did, what
//! it had done before is kept, and the next proof is not touched by it.

use crate::bench::{Bench, Said};
use crate::escape::processes_with;

/// Proves a good cell and then a bad one, and then that all is well again.
fn after_a_good_cell(bad: &str, arguments: &[&str]) -> Said {
    let bench = Bench::new();
    let said = bench.prove(&["x = 1", bad, "y = 2"], arguments);
    assert_eq!(said.code, Some(5), "{}", said.told());
    assert_eq!(said.state(0), "ok", "{}", said.told());
    assert_eq!(said.state(2), "not-reached", "{}", said.told());
    assert_eq!(said.proof["runs"], false);
    said
}

#[test]
#[ignore = "needs uv and Python"]
fn a_loop_is_interrupted() {
    let said = after_a_good_cell("while True:\n    pass", &["--cell-timeout", "2"]);
    assert_eq!(
        (said.reason(), said.state(1)),
        ("cell-timeout", "timeout"),
        "{}",
        said.told()
    );
}

#[test]
#[ignore = "needs uv and Python"]
fn a_loop_that_ignores_interrupts_is_killed() {
    let stubborn = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    try:\n        pass\n    except KeyboardInterrupt:\n        pass";
    let said = after_a_good_cell(stubborn, &["--cell-timeout", "2"]);
    assert_eq!(said.reason(), "cell-timeout", "{}", said.told());
}

#[test]
#[ignore = "needs uv and Python"]
fn the_whole_notebook_has_a_limit() {
    let bench = Bench::new();
    let naps = ["import time; time.sleep(1)"; 6];
    let said = bench.prove(&naps, &["--timeout", "3"]);
    assert_eq!(said.reason(), "timeout", "{}", said.told());
}

#[test]
#[ignore = "needs uv and Python"]
fn memory_has_a_limit_with_numbers() {
    let said = after_a_good_cell(
        "hoard = []\nwhile True:\n    hoard.append(bytearray(16 << 20))",
        &["--memory", "400"],
    );
    assert_eq!(said.reason(), "out-of-memory", "{}", said.told());
    assert!(said.message().contains("400 MB"), "{}", said.message());
}

#[test]
#[ignore = "needs uv and Python"]
fn forking_without_end_is_ended() {
    let said = after_a_good_cell(
        "import os\nwhile True:\n    os.fork()",
        &["--cell-timeout", "30"],
    );
    assert_eq!(said.reason(), "too-many-processes", "{}", said.told());
}

#[test]
#[ignore = "needs uv and Python"]
fn a_full_disk_is_the_notebooks_own() {
    let fill =
        "with open('big', 'wb') as file:\n    while True:\n        file.write(bytes(16 << 20))";
    let said = after_a_good_cell(fill, &[]);
    assert_eq!(said.reason(), "disk-full", "{}", said.told());
}

#[test]
#[ignore = "needs uv and Python"]
fn a_gigabyte_of_output_is_bounded() {
    let bench = Bench::new();
    let said = bench.prove(
        &["line = 'x' * 1023\nfor _ in range(1 << 20):\n    print(line)"],
        &["--out", "out"],
    );
    said.all_ran();
    let size = std::fs::metadata(bench.path("out/notebook.ipynb"))
        .unwrap()
        .len();
    assert!(size < 4 << 20, "{size}");
}

#[test]
#[ignore = "needs uv and Python"]
fn leaving_without_a_word_is_named() {
    let said = after_a_good_cell("import os\nos._exit(7)", &[]);
    assert_eq!(
        (said.reason(), said.state(1)),
        ("kernel-died", "dead"),
        "{}",
        said.told()
    );
    assert!(
        said.message().contains("exit status 7"),
        "{}",
        said.message()
    );
}

#[test]
#[ignore = "needs uv and Python"]
fn a_segmentation_fault_is_named() {
    let said = after_a_good_cell("import ctypes\nctypes.string_at(1)", &[]);
    assert_eq!(said.reason(), "kernel-died", "{}", said.told());
    assert!(
        said.message().contains("segmentation fault"),
        "{}",
        said.message()
    );
}

#[test]
#[ignore = "needs uv and Python"]
fn nobody_types() {
    let said = after_a_good_cell("name = input('Who? ')", &[]);
    assert_eq!(said.reason(), "asks-for-input", "{}", said.told());
}

#[test]
#[ignore = "needs uv and Python"]
fn killing_the_parent_is_refused_or_named() {
    let said = after_a_good_cell(
        "import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)",
        &[],
    );
    assert!(
        ["cell-error", "kernel-died", "sandbox-lost"].contains(&said.reason()),
        "{}",
        said.told()
    );
}

#[test]
#[ignore = "needs uv and Python"]
fn a_host_that_was_killed_does_not_spoil_the_next_notebook() {
    let bench = Bench::new();
    let kill = "import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(5)";
    let killer = bench.notebook("killer.ipynb", &[kill]);
    let next = bench.notebook("next.ipynb", &["x = 1\nprint(x)"]);
    let files = [&killer, &next, &killer, &next].map(|path| path.display().to_string());
    let mut arguments = vec!["prove", "--offline", "--json", "--jobs", "1"];
    arguments.extend(files.iter().map(String::as_str));
    let output = bench.alacard(&arguments).output().unwrap();
    let proofs: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for number in [1, 3] {
        assert_eq!(proofs[number]["runs"], true, "{proofs:#}");
    }
}

#[test]
#[ignore = "needs uv and Python"]
fn killing_everybody_ends_the_sandbox_only() {
    let said = after_a_good_cell(
        "import os, signal, time\nos.kill(-1, signal.SIGKILL)\ntime.sleep(2)\nos.kill(os.getpid(), signal.SIGKILL)",
        &[],
    );
    assert!(
        ["cell-error", "kernel-died", "sandbox-lost"].contains(&said.reason()),
        "{}",
        said.told()
    );
}

/// The program is killed at many different moments; nothing of it is left afterwards.
#[test]
#[ignore = "needs uv and Python"]
fn a_killed_program_leaves_nothing_running() {
    let bench = Bench::new();
    let mark = format!("alacard-killed-{}", std::process::id());
    let cell = format!(
        "import subprocess, sys\np = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)', '{mark}'])\nimport time\ntime.sleep(0.2)"
    );
    let file = bench.notebook("notebook.ipynb", &[cell.as_str(); 5]);
    for wait in [50, 150, 300, 500, 700, 900, 1200, 1600, 2000] {
        let mut child = bench
            .alacard(&["prove", &file.display().to_string(), "--offline", "--json"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let gone = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        processes_with(&mark) == 0
    });
    assert!(gone, "{} left", processes_with(&mark));
}

#[test]
#[ignore = "needs uv and Python"]
fn sixteen_proofs_at_once_all_finish() {
    let bench = Bench::new();
    let file = bench.notebook(
        "notebook.ipynb",
        &["import time\ntime.sleep(0.3)", "assert 1 + 1 == 2"],
    );
    let name = file.display().to_string();
    let children: Vec<_> = (0..16)
        .map(|_| {
            let mut command = bench.alacard(&["prove", &name, "--offline", "--json"]);
            command
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in children {
        crate::bench::said(&child.wait_with_output().unwrap()).all_ran();
    }
}
