//! Data on stdout, words on stderr; colours and bars only where a person looks.

use serde_json::Value;

use crate::bed::{Bed, Ran, assert_story};

const MODEL: [&str; 3] = ["generate", "openai/whisper-tiny", "--offline"];

/// Each line of stderr as JSON.
fn lines(ran: &Ran) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    ran.stderr.lines().map(parse).collect()
}

#[test]
fn messages_for_machines_are_one_object_a_line() {
    let bed = Bed::new();
    let ran = bed.run(&[&["--log-format", "json"], &MODEL[..]].concat());
    assert_eq!(ran.code, Some(0));
    let lines = lines(&ran);
    let stages: Vec<&str> = lines
        .iter()
        .filter(|l| l["event"] == "finished")
        .filter_map(|l| l["stage"].as_str())
        .collect();
    assert_eq!(
        stages,
        [
            "resolve", "research", "outline", "sections", "assemble", "check", "publish"
        ]
    );
    assert!(ran.stdout.ends_with("notebook.ipynb\n"), "{}", ran.stdout);
}

#[test]
fn errors_for_machines_have_the_reason_code() {
    let bed = Bed::new();
    let all: [(&[&str], Option<&str>); 4] = [
        (
            &["generate", "https://github.com/a/b"],
            Some("unsupported-source"),
        ),
        (
            &["generate", "nobody/nothing", "--offline"],
            Some("network"),
        ),
        (&["generate", "openai/whisper-tiny", "--ui", "grado"], None),
        (&["generate", "--no-such-flag"], None),
    ];
    for (arguments, reason) in all {
        let ran = bed.run(&[arguments, &["--log-format=json"]].concat());
        let last = lines(&ran).pop().unwrap();
        assert_eq!(last["level"], "error", "{arguments:?}");
        assert_eq!(last["reason"].as_str(), reason, "{arguments:?}");
    }
    let output = bed
        .alacard(&["bogus"])
        .env("ALACARD_LOG_FORMAT", "json")
        .output()
        .unwrap();
    assert_eq!(lines(&Ran::of(&output)).len(), 1);
}

#[test]
fn no_escape_sequence_where_nobody_looks() {
    let bed = Bed::new();
    for variables in [&[][..], &[("NO_COLOR", "1")]] {
        for arguments in [
            &MODEL[..],
            &["generate", "nobody/x", "--offline"],
            &["cards"],
            &["--help"],
        ] {
            let output = bed
                .alacard(arguments)
                .envs(variables.iter().copied())
                .output()
                .unwrap();
            let ran = Ran::of(&output);
            assert!(
                !ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'),
                "{arguments:?}"
            );
        }
    }
}

#[test]
fn colours_when_they_are_asked_for() {
    let bed = Bed::new();
    let ran = bed.run(&["generate", "https://github.com/a/b", "--color", "always"]);
    assert!(
        ran.stderr.starts_with("\u{1b}[1;31merror\u{1b}[0m: "),
        "{:?}",
        ran.stderr
    );
}

/// A terminal of `script`, where there is one: bars and colours appear, and `NO_COLOR` is obeyed.
#[cfg(target_os = "linux")]
#[test]
fn no_color_is_obeyed_on_a_terminal() {
    let bed = Bed::new();
    let on_terminal = |variables: &[(&str, &str)]| {
        let command = "\"$ALACARD\" generate https://github.com/a/b";
        let mut script = bed.program("script");
        script
            .args(["-qec", command, "/dev/null"])
            .envs(variables.iter().copied());
        script
            .output()
            .ok()
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    // Without the program there is no terminal to try this on.
    let Some(coloured) = on_terminal(&[("TERM", "xterm")]) else {
        return;
    };
    assert!(coloured.contains("\u{1b}[1;31merror"), "{coloured:?}");
    let plain = on_terminal(&[("TERM", "xterm"), ("NO_COLOR", "1")]).unwrap();
    assert!(
        plain.contains("error: ") && !plain.contains("\u{1b}[1;31m"),
        "{plain:?}"
    );
}

#[test]
fn quiet_says_nothing_but_errors() {
    let bed = Bed::new();
    let ran = bed.run(&[&MODEL[..], &["--quiet"]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(
        bed.run(&["generate", "nobody/x", "--offline", "-q"])
            .stderr
            .starts_with("error: ")
    );
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let bed = Bed::new();
    let commands = [
        "cards",
        "cards --json",
        "schema dossier",
        "completions bash",
        "completions zsh",
        "--help",
        "models search --offline",
        "shuffle --seed 1",
        "generate openai/whisper-tiny --offline --json",
        "model openai/whisper-tiny --offline --json",
    ];
    for command in commands {
        let script = format!("( \"$ALACARD\" {command}; echo $? >&3 ) 3>&2 | head -c 0");
        let output = bed.program("sh").args(["-c", &script]).output().unwrap();
        let ran = Ran::of(&output);
        assert_eq!(
            ran.stderr.lines().last(),
            Some("0"),
            "{command}: {}",
            ran.stderr
        );
        assert!(
            !ran.stderr.contains("panicked"),
            "{command}: {}",
            ran.stderr
        );
    }
    let script = "\"$ALACARD\" generate openai/whisper-tiny --offline --fresh >&- 2>&-";
    let output = bed.program("sh").args(["-c", script]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn help_and_wrong_use() {
    let bed = Bed::new();
    for arguments in [&["--help"][..], &["generate", "--help"], &["--version"]] {
        let ran = bed.run(arguments);
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
    let all: [&[&str]; 5] = [
        &["generate"],
        &["genrate", "x"],
        &["batch", "list"],
        &["check"],
        &["cards", "topics"],
    ];
    let stories = all.map(|arguments| {
        let ran = bed.run(arguments);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}"
        );
        format!("$ {}\n{}", arguments.join(" "), bed.story(&ran))
    });
    assert_story!(stories.join("\n"));
}
