//! When it ends, all of it ends.

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use alacard_sandbox::Kind;

use crate::support::{kinds, run, running, sh, soon, start, watched};

fn all() -> impl Iterator<Item = Kind> {
    kinds().into_iter().chain([Kind::None])
}

#[test]
fn daemons_left_behind_are_gone() {
    for kind in all() {
        let said = run(
            &sh(
                "setsid sleep 3001 >/dev/null 2>&1 & (setsid sh -c 'sleep 3001 & sleep 3001' >/dev/null 2>&1 &); sleep 0.2; exit 3",
            ),
            kind,
        );
        assert_eq!(said.code(), 3, "{kind:?} {said:?}");
        soon("daemons are gone", || running("sleep 3001") == 0);
    }
}

#[test]
fn a_supervisor_ends_what_it_did_not_keep() {
    for kind in kinds() {
        let said = run(
            &watched(2000, 100, "setsid sleep 3002 >/dev/null 2>&1 & sleep 0.1"),
            kind,
        );
        assert!(
            said.out.contains("signals: ") && !said.out.contains("signals: 0"),
            "{kind:?} {said:?}"
        );
        assert_eq!(running("sleep 3002"), 0, "{kind:?}");
    }
}

#[test]
fn killing_the_parent_ends_the_sandbox_and_is_said() {
    for kind in kinds() {
        let said = run(
            &watched(
                2000,
                100,
                "setsid sleep 3003 & sleep 0.1; kill -9 $PPID; sleep 3003",
            ),
            kind,
        );
        assert_eq!(said.ended.signal, Some(9), "{kind:?} {said:?}");
        soon("all is gone", || running("sleep 3003") == 0);
    }
}

#[test]
fn what_will_not_end_is_ended() {
    for kind in all() {
        let mut child = start(
            &sh("trap '' TERM INT HUP; setsid sleep 3004 & echo up; while true; do sleep 1; done"),
            kind,
        );
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "up\n");
        assert_eq!(child.wait(Duration::from_millis(50)).unwrap(), None);
        let start = Instant::now();
        child.kill_all().unwrap();
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "{kind:?} {:?}",
            start.elapsed()
        );
        assert_eq!(running("sleep 3004"), 0, "{kind:?}");
        assert!(
            child
                .wait(Duration::ZERO)
                .unwrap()
                .unwrap()
                .signal
                .is_some()
        );
    }
}

#[test]
fn a_dropped_sandbox_ends() {
    for kind in all() {
        let child = start(&sh("sleep 3005"), kind);
        soon("it is up", || running("sleep 3005") > 1);
        let work = child.view().work();
        drop(child);
        assert_eq!(running("sleep 3005"), 0, "{kind:?}");
        assert!(kind == Kind::Bubblewrap || !work.exists());
    }
}

/// The thread that asked may end; the sandbox stays.
#[test]
fn it_outlives_the_thread_that_started_it() {
    for kind in all() {
        let mut child = std::thread::spawn(move || start(&sh("sleep 0.4; exit 5"), kind))
            .join()
            .unwrap();
        let ended = child.wait(Duration::from_secs(10)).unwrap().unwrap();
        assert_eq!(ended.code, Some(5), "{kind:?}");
    }
}

/// This test starts itself as a second program, and kills that.
#[test]
fn it_does_not_outlive_the_program_that_wanted_it() {
    if let Some(kind) = std::env::var("SANDBOX_TEST_HOLD")
        .ok()
        .and_then(|name| Kind::from_name(&name))
    {
        let mut child = start(
            &sh("setsid sleep 3006 & echo $ALACARD_WORK > /dev/null; sleep 3006"),
            kind,
        );
        println!("work={}", child.view().work().display());
        child.wait(Duration::from_secs(20)).unwrap();
        return;
    }
    for kind in all() {
        let mut other = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "ends::it_does_not_outlive_the_program_that_wanted_it",
                "--nocapture",
            ])
            .env("SANDBOX_TEST_HOLD", kind.name())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        soon("it is up", || running("sleep 3006") > 1);
        let mut lines = BufReader::new(other.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let work = lines
            .find_map(|line| Some(line.split_once("work=")?.1.to_owned()))
            .unwrap();
        other.kill().unwrap();
        other.wait().unwrap();
        soon("it is gone", || running("sleep 3006") == 0);
        if kind != Kind::Bubblewrap {
            soon("its folder is gone", || {
                !std::path::Path::new(&work).exists()
            });
        }
    }
}
