//! Too much of anything is named and ended, and the host does not notice.

use std::time::{Duration, Instant};

use alacard_sandbox::{Excess, Kind, What};

use crate::support::{kinds, run, running, sh, soon, watched};

fn excess(out: &str) -> Excess {
    let line = out
        .lines()
        .find(|line| line.starts_with("{\"what\""))
        .unwrap_or_else(|| panic!("no excess: {out}"));
    serde_json::from_str(line).unwrap()
}

#[test]
fn a_full_disk_is_an_error_inside() {
    let mut spec = sh(
        "dd if=/dev/zero of=big bs=1M count=200 2>&1; dd if=/dev/zero of=/tmp/big bs=1M count=200 2>&1; dd if=/dev/zero of=/dev/shm/big bs=1M count=200 2>&1; df -m /work /dev/shm",
    );
    spec.writable_mb = 32;
    spec.shm_mb = 16;
    spec.file_mb = 1000;
    let said = run(&spec, Kind::Bubblewrap);
    assert!(said.out.matches("No space left").count() >= 3, "{said:?}");
}

#[test]
fn many_empty_files_are_memory_too() {
    let mut spec = watched(
        60,
        100,
        "i=0; while true; do mkdir d$i || break; cd d$i; seq -f f%.0f 3000 | xargs touch; cd ..; i=$((i+1)); done",
    );
    spec.writable_mb = 4;
    let said = run(&spec, Kind::Bubblewrap);
    assert_eq!(excess(&said.out).what, What::Memory, "{said:?}");
}

#[test]
fn a_file_has_a_largest_size() {
    for kind in kinds() {
        let mut spec = sh("dd if=/dev/zero of=big bs=1M count=50 2>/dev/null; stat -c %s big");
        spec.file_mb = 5;
        let said = run(&spec, kind);
        assert!(
            said.out.trim().parse::<u64>().unwrap() <= 5 * 1024 * 1024,
            "{kind:?} {said:?}"
        );
    }
}

#[test]
fn a_folder_without_a_size_is_watched() {
    let script = "exec 9> gone; rm gone; i=0; while true; do dd if=/dev/zero bs=1M count=4 >&9 2>/dev/null; sleep 0.02; done";
    let mut spec = watched(4000, 100, script);
    spec.env.insert("WATCH_DISK_MB".into(), "64".into());
    for kind in kinds().into_iter().filter(|kind| *kind == Kind::Landlock) {
        let said = run(&spec, kind);
        let excess = excess(&said.out);
        assert_eq!(excess.what, What::Disk, "{said:?}");
        assert!(excess.used < 400 * 1024 * 1024, "{excess:?}");
    }
}

#[test]
fn what_eats_memory_is_ended_and_named() {
    let eat = "exec dd if=/dev/zero of=/dev/null bs=1500M count=20";
    for kind in kinds() {
        let start = Instant::now();
        let said = run(&watched(300, 100, eat), kind);
        let excess = excess(&said.out);
        println!("{kind:?}: {excess} after {:?}", start.elapsed());
        assert_eq!(excess.what, What::Memory, "{kind:?} {said:?}");
        assert!(
            excess.used > 300 << 20 && excess.used < 900 << 20,
            "{excess:?}"
        );
        assert!(said.out.contains("and 300 MB is the limit"), "{said:?}");
        assert_eq!(said.code(), 9);
    }
}

#[test]
fn a_fork_bomb_is_ended_and_named() {
    for kind in kinds() {
        if kind == alacard_sandbox::Kind::Landlock && nix::unistd::geteuid().is_root() {
            // Nothing bounds root's processes but the watch, and without a namespace to end it can
            // be outrun: said in docs/sandbox.md. Tried as another user only.
            println!("LEFT OUT: a fork bomb of root behind Landlock");
            continue;
        }
        for bomb in [
            "f() { f | f & }; f; sleep 3019",
            "while true; do sleep 3019 & done",
            "f() { setsid sh -c 'sleep 3019' & f & f & }; f; sleep 3019",
        ] {
            let start = Instant::now();
            let said = run(&watched(4000, 64, bomb), kind);
            println!(
                "{kind:?}: {} in {:?}",
                said.out.trim().replace('\n', " | "),
                start.elapsed()
            );
            assert_eq!(excess(&said.out).what, What::Processes, "{kind:?} {said:?}");
            assert!(start.elapsed() < Duration::from_secs(15), "{kind:?}");
            soon("the bomb is gone", || running("sleep 3019") == 0);
        }
    }
}

#[test]
fn computing_time_has_an_end() {
    for kind in kinds() {
        let mut spec = sh("while true; do :; done");
        spec.cpu_seconds = Some(1);
        let said = run(&spec, kind);
        assert_eq!(said.ended.signal, Some(9), "{kind:?} {said:?}");
    }
}

#[test]
fn an_honest_command_is_left_alone_and_measured() {
    for kind in kinds() {
        let said = run(&watched(300, 50, "sleep 0.3; echo fine"), kind);
        assert_eq!(said.code(), 0, "{kind:?} {said:?}");
        assert!(
            said.out.contains("fine") && said.out.contains("peak_mb"),
            "{said:?}"
        );
    }
}
