//! What an honest command can rely on.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use alacard_sandbox::{Kind, Launcher, SandboxError, Spec, Streams};

use crate::support::{LIMIT, kinds, launcher, run, sh};

#[test]
fn it_writes_in_its_folder_and_has_only_the_given_environment() {
    for kind in kinds() {
        let mut spec = sh(
            "echo hello > here && cat \"$ALACARD_WORK/here\"; env | sort; cd /; echo $HF_HOME; echo x > $TMPDIR/t",
        );
        spec.env.insert("HF_HOME".into(), "/work/hf".into());
        let said = run(&spec, kind);
        assert_eq!(said.code(), 0, "{kind:?} {said:?}");
        assert!(said.out.starts_with("hello\n"), "{said:?}");
        let names: Vec<&str> = said
            .out
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, _)| name)
            .collect();
        let known = [
            "ALACARD_SANDBOX",
            "ALACARD_WORK",
            "HF_HOME",
            "HOME",
            "LANG",
            "PATH",
            "PWD",
            "TMPDIR",
            "USER",
        ];
        for name in names {
            assert!(
                known.contains(&name) || name == "_" || name == "OLDPWD",
                "{kind:?} {name}"
            );
        }
        assert_eq!(
            said.out.contains("HF_HOME=/work/hf"),
            kind == Kind::Bubblewrap
        );
    }
}

#[test]
fn what_is_shown_is_read_where_the_view_says() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "shown").unwrap();
    for kind in kinds() {
        let mut spec = Spec::new("/bin/cat").args(["/twins/one/file"]);
        spec = spec.show(folder.path(), "/twins/one");
        let said = run(&spec, kind);
        assert_eq!(said.out, "shown", "{kind:?} {said:?}");
    }
}

#[test]
fn streams_go_through_and_the_status_comes_back() {
    for kind in kinds() {
        let spec = sh("read line; echo got $line; echo bad >&2; exit 7");
        let mut child = launcher().spawn(&spec, kind, Streams::piped()).unwrap();
        child.stdin.take().unwrap().write_all(b"a line\n").unwrap();
        let ended = child.wait(LIMIT).unwrap().unwrap();
        let mut out = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        assert_eq!(
            (ended.code, out.as_str()),
            (Some(7), "got a line\n"),
            "{kind:?}"
        );
        let said = run(&sh("kill -SEGV $$"), kind);
        assert_eq!(said.ended.signal, Some(11), "{kind:?} {said:?}");
    }
}

#[test]
fn a_long_order_arrives_whole() {
    for kind in kinds() {
        let mut spec = sh("echo ${#LONG_99} $COUNT");
        for number in 0..100 {
            spec.env.insert(format!("LONG_{number}"), "ä".repeat(2000));
        }
        spec.env.insert("COUNT".into(), "end".into());
        let said = run(&spec, kind);
        assert!(said.out.trim().ends_with("end"), "{kind:?} {said:?}");
    }
}

#[test]
fn errors_say_what_and_what_to_do() {
    let spec = Spec::new("/bin/true").show("/does/not/exist", "/x");
    let error = launcher()
        .spawn(&spec, Kind::None, Streams::no_input())
        .unwrap_err();
    assert!(matches!(error, SandboxError::Missing(_)) && error.hint().is_some());
    for place in ["relative", "/a/../b", "/", "/proc", "/work"] {
        let spec = Spec::new("/bin/true").show("/usr", place);
        let error = launcher()
            .spawn(&spec, Kind::None, Streams::no_input())
            .unwrap_err();
        assert!(matches!(error, SandboxError::BadPlace(_)), "{place}");
    }
    for kind in kinds() {
        let said = run(&Spec::new("/no/such/program"), kind);
        assert_ne!(said.code(), 0);
        assert!(said.err.contains("/no/such/program"), "{kind:?} {said:?}");
    }
}

#[test]
fn a_step_that_does_not_work_is_a_reason_and_not_a_hang() {
    let broken = Launcher::new("/bin/false", [""]).available();
    assert!(broken.best().is_none());
    let refusal = broken.require().unwrap_err();
    assert!(
        refusal.hint().unwrap().contains("--no-sandbox"),
        "{refusal}"
    );
    let missing = Launcher::new("/no/such/step", [""]).available();
    assert!(missing.bubblewrap.is_err() && missing.landlock.is_err());
}

#[test]
fn without_a_sandbox_limits_and_folder_still_hold() {
    let said = run(
        &sh("ulimit -n; ulimit -c; pwd; env | grep -c CARGO"),
        Kind::None,
    );
    assert!(said.out.starts_with("1024\n0\n/"), "{said:?}");
    assert!(said.out.ends_with("\n0\n"), "{said:?}");
}

#[test]
fn many_at_a_time_do_not_meet() {
    for kind in kinds() {
        let work = move |number: u32| {
            let script =
                format!("echo {number} > mine; sleep 0.2; ls; cat mine; cat /tmp/mine 2>/dev/null");
            (number, run(&sh(&script), kind))
        };
        let runs: Vec<_> = (0..16)
            .map(|number| std::thread::spawn(move || work(number)))
            .collect();
        for one in runs {
            let (number, said) = one.join().unwrap();
            assert_eq!(
                said.out,
                format!("mine\ntmp\n{number}\n"),
                "{kind:?} {said:?}"
            );
        }
    }
}

/// Not a benchmark: a bound that a loaded machine keeps, and the figure printed.
#[test]
fn starting_is_cheap() {
    for kind in kinds() {
        let mut times: Vec<Duration> = (0..20)
            .map(|_| {
                let start = Instant::now();
                assert_eq!(run(&Spec::new("/bin/true"), kind).code(), 0);
                start.elapsed()
            })
            .collect();
        times.sort();
        println!("{kind:?}: median {:?}, slowest {:?}", times[10], times[19]);
        assert!(times[10] < Duration::from_millis(500));
    }
}
