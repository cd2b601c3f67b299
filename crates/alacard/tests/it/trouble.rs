//! Full disks, files in the way, Ctrl-C, killed runs, two runs at once: nothing half-written is
//! left, and the next run goes on.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::bed::{Bed, Ran, TIMED, assert_story, assert_whole, files, json};

/// Sends a signal by its name.
pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

fn shell(bed: &Bed, script: &str) -> Ran {
    Ran::of(&bed.program("sh").args(["-c", script]).output().unwrap())
}

#[test]
fn a_file_in_the_way_of_the_output_folder() {
    let bed = Bed::new();
    bed.put("in-the-way", "precious");
    let ran = bed.run(&[
        "generate",
        "openai/whisper-tiny",
        "--offline",
        "--quiet",
        "--out",
        "in-the-way",
    ]);
    assert_story!(bed.story(&ran));
    assert_eq!(
        std::fs::read_to_string(bed.path("in-the-way")).unwrap(),
        "precious"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_folder_in_which_nothing_can_be_made() {
    let bed = Bed::new();
    let ran = bed.run(&[
        "generate",
        "openai/whisper-tiny",
        "--offline",
        "--quiet",
        "--out",
        "/proc/nobody",
    ]);
    assert_story!(bed.story(&ran));
}

/// A limit on the size of files fails a write in the middle, as a full disk does.
#[test]
fn a_disk_that_fills_up_leaves_whole_files_and_the_next_run_goes_on() {
    let bed = Bed::new();
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$ALACARD\" generate openai/whisper-tiny --offline --quiet";
    let ran = shell(&bed, script);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("error: cannot write `alacard-out/"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("\n  hint: "), "{}", ran.stderr);
    assert_whole(&bed.path("alacard-out"));
    let folder = bed.make(&["openai/whisper-tiny"]);
    assert_eq!(json(&folder.join("metrics.json"))["reused"][0], "outline");
    let other = bed.make(&["openai/whisper-tiny", "--out", "other"]);
    for name in files(&other)
        .iter()
        .filter(|name| !TIMED.contains(&name.as_str()) && *name != ".state.json")
    {
        let read = |folder: &std::path::Path| std::fs::read(folder.join(name)).unwrap();
        assert!(read(&folder) == read(&other), "{name} differs");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_is_said() {
    let bed = Bed::new();
    bed.put("list", "openai/whisper-tiny\n");
    let ran = bed.run(&[
        "batch",
        "list",
        "--offline",
        "--out",
        "out",
        "--report",
        "/dev/full",
    ]);
    assert_story!(bed.story(&ran));
}

#[test]
fn a_report_is_replaced_whole_or_stays_what_it_was() {
    let bed = Bed::new();
    bed.put("list", "openai/whisper-tiny\n");
    bed.put("report.json", "precious");
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$ALACARD\" batch list --offline --out out --report report.json";
    assert_eq!(shell(&bed, script).code, Some(1));
    assert_eq!(
        std::fs::read_to_string(bed.path("report.json")).unwrap(),
        "precious"
    );
    let left: Vec<String> = bed
        .files("")
        .into_iter()
        .filter(|n| n.contains("report"))
        .collect();
    assert_eq!(left, ["report.json"]);
}

#[test]
fn a_mended_notebook_is_replaced_whole_or_stays_what_it_was() {
    let bed = Bed::new();
    let folder = bed.make(&["openai/whisper-tiny"]);
    let notebook = std::fs::read_to_string(folder.join("notebook.ipynb")).unwrap();
    let mut broken: serde_json::Value = serde_json::from_str(&notebook).unwrap();
    broken["cells"][0]["id"] = broken["cells"][1]["id"].clone();
    let path = bed.put("broken.ipynb", broken.to_string());
    let before = std::fs::read(&path).unwrap();
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$ALACARD\" check --fix broken.ipynb";
    let ran = shell(&bed, script);
    assert_eq!(ran.code, Some(1), "{} {}", ran.stdout, ran.stderr);
    assert!(std::fs::read(&path).unwrap() == before);
    assert_eq!(
        std::fs::read_dir(bed.work()).unwrap().count(),
        2,
        "a part was left behind"
    );
}

/// A list that keeps a batch busy for a while.
fn long_list(bed: &Bed) -> usize {
    let models = bed.run(&["cards", "model", "--json"]).json();
    let ids: Vec<&str> = models
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|m| m["id"].as_str())
        .collect();
    let lines: String = ids.iter().map(|id| format!("{id}\n")).collect();
    bed.put("list", lines);
    ids.len()
}

const BATCH: [&str; 6] = ["batch", "list", "--offline", "--out", "out", "--jobs=2"];

#[test]
fn ctrl_c_ends_a_batch_and_the_same_command_goes_on() {
    let bed = Bed::new();
    let sources = long_list(&bed);
    let child = bed
        .alacard(&BATCH)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until(|| !files(&bed.path("out")).is_empty());
    signal(&child, "INT");
    let ran = Ran::of(&child.wait_with_output().unwrap());
    assert_story!(bed.story(&ran));
    assert_whole(&bed.path("out"));
    let done = notebooks(&bed);
    assert!(
        done < sources,
        "the batch was over before it was interrupted"
    );
    let ran = bed.run(&BATCH);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(notebooks(&bed), sources);
}

fn notebooks(bed: &Bed) -> usize {
    let all = files(&bed.path("out"));
    all.iter()
        .filter(|name| name.ends_with("/notebook.ipynb"))
        .count()
}

fn wait_until(done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "nothing happened"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn ctrl_c_ends_a_run_that_waits_for_standard_input() {
    let bed = Bed::new();
    let mut child = bed
        .alacard(&["generate", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let input = child.stdin.take();
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(input);
}

/// Kills runs at moments spread over their whole length.
#[test]
fn killed_runs_leave_whole_files_and_the_next_one_goes_on() {
    let bed = Bed::new();
    let run = [
        "generate",
        "Qwen/Qwen3-0.6B",
        "--offline",
        "--quiet",
        "--fresh",
    ];
    let began = Instant::now();
    assert_eq!(bed.run(&run).code, Some(0));
    let whole = began.elapsed();
    std::fs::remove_dir_all(bed.path("alacard-out")).unwrap();
    for moment in 0..12 {
        let mut child = bed
            .alacard(&run)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * moment / 12);
        child.kill().unwrap();
        child.wait().unwrap();
        for name in files(&bed.path("alacard-out")) {
            let bytes = std::fs::read(bed.path("alacard-out").join(&name)).unwrap();
            // Temporary files may be left by a kill; nobody takes them for artifacts.
            if name.ends_with(".json") || name.ends_with(".ipynb") {
                assert!(
                    serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(),
                    "{name} is cut off"
                );
            }
        }
    }
    let folder = bed.make(&["Qwen/Qwen3-0.6B"]);
    assert_whole(&folder);
}

#[test]
fn two_runs_into_one_folder_at_once() {
    let bed = Bed::new();
    let start = |_| {
        bed.alacard(&["generate", "Qwen/Qwen3-0.6B", "--offline", "--fresh"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children: Vec<Child> = (0..3).map(start).collect();
    let ran: Vec<Ran> = children
        .into_iter()
        .map(|c| Ran::of(&c.wait_with_output().unwrap()))
        .collect();
    for one in &ran {
        assert_eq!(
            (one.code, &one.stdout),
            (Some(0), &ran[0].stdout),
            "{}",
            one.stderr
        );
    }
    assert_whole(&bed.path("alacard-out"));
    let shared = bed.path(ran[0].stdout.trim_end());
    let alone = bed.make(&["Qwen/Qwen3-0.6B", "--out", "alone"]);
    let read = |path: std::path::PathBuf| std::fs::read(path).unwrap();
    assert!(read(shared) == read(alone.join("notebook.ipynb")));
}
