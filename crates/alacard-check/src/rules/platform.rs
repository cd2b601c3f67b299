//! Colab, Kaggle and other people's machines.

use super::{Pattern, matches, occurs, pattern, shortened};
use crate::finding::Severity;
use crate::lesson::{Arg, Lesson};
use crate::rule::{Rule, Sink, Strict};

pub(crate) const RULES: &[Rule] = &[SUDO, APT, WINDOWS, ABSOLUTE, MISSING_FILE, DEVICE];

const SUDO: Rule = Rule {
    id: "sudo",
    sentence: "No cell asks for root: Colab's cells have it, other machines ask for a password and hang.",
    strict: Strict::Raise(Severity::Error),
    hint: "drop `sudo`, or say in the text what to install",
    failing: "%% code\n!sudo ls",
    passing: "%% code\n!ls",
    run: |lesson, sink| {
        for line in lesson
            .shell
            .iter()
            .filter(|l| l.command.split_whitespace().any(|w| w == "sudo"))
        {
            sink.add(line.place, "`sudo` may wait for a password");
        }
    },
    ..Rule::BASE
};

static APT_INSTALL: Pattern = Pattern::new(|| {
    pattern(r"\bapt(?:-get)?\s+(?:[a-z-]+\s+)*(?:install|upgrade|dist-upgrade|remove)\b")
});
static APT_YES: Pattern =
    Pattern::new(|| pattern(r"(?:^|\s)(?:-[a-z]*y[a-z]*|--yes|--assume-yes|-qq)(?:\s|$)"));

const APT: Rule = Rule {
    id: "apt-question",
    sentence: "System packages are installed without a question that nobody answers.",
    strict: Strict::Raise(Severity::Error),
    hint: "write `apt-get install -y`",
    failing: "%% code\n!apt-get install ffmpeg",
    passing: "%% code\n!apt-get -qq install -y ffmpeg",
    run: |lesson, sink| {
        for line in lesson
            .shell
            .iter()
            .filter(|l| occurs(&APT_INSTALL, &l.command) && !occurs(&APT_YES, &l.command))
        {
            sink.add(
                line.place,
                "apt asks before it installs, and the cell hangs",
            );
        }
    },
    ..Rule::BASE
};

static WINDOWS_PATH: Pattern = Pattern::new(|| pattern(r"^[A-Za-z]:[\\/]"));

const WINDOWS: Rule = Rule {
    id: "windows-path",
    sentence: "No path begins with a drive letter.",
    hint: "use pathlib and a relative path",
    failing: "%% code\nopen(r'C:\\data\\cats.csv')",
    passing: "%% code\nimport pathlib\nprint(pathlib.Path('data') / 'cats.csv')",
    run: |lesson, sink| {
        for (place, text) in lesson
            .facts
            .strings
            .iter()
            .filter(|(_, t)| occurs(&WINDOWS_PATH, t))
        {
            sink.add(
                *place,
                format!("`{}` exists on one machine only", shortened(text)),
            );
        }
    },
    ..Rule::BASE
};

static ABSOLUTE_PATH: Pattern = Pattern::new(|| {
    pattern(
        r"^(?:/content/|/kaggle/|/home/|/Users/|/root/|/mnt/|/workspace/|/data/|/opt/|/media/|/gdrive/|~/)[^\s]*$",
    )
});

const ABSOLUTE: Rule = Rule {
    id: "absolute-path",
    sentence: "Paths are relative, because folders differ between Colab, Kaggle and the reader's machine.",
    strict: Strict::Raise(Severity::Error),
    hint: "use a path relative to the notebook",
    failing: "%% code\nprint(open('/content/drive/MyDrive/cats.csv').read())",
    passing: "%% code\nimport pathlib\npathlib.Path('cats.csv').write_text('cat')\nprint(open('cats.csv').read())",
    run: |lesson, sink| {
        for (place, text) in lesson
            .facts
            .strings
            .iter()
            .filter(|(_, t)| occurs(&ABSOLUTE_PATH, t))
        {
            sink.add(
                *place,
                format!(
                    "`{}` exists on one machine or service only",
                    shortened(text)
                ),
            );
        }
    },
    ..Rule::BASE
};

/// Calls that read the file named first.
const READERS: &[&str] = &[
    "open",
    "read_csv",
    "read_json",
    "read_parquet",
    "read_excel",
    "read_table",
    "imread",
    "loadtxt",
    "read_text",
    "read_bytes",
    "load_image",
    "read_image",
    "read_audio",
    "read_video",
];

static FILE_NAME: Pattern = Pattern::new(|| pattern(r"^[\w./-]+\.[A-Za-z0-9]{1,8}$"));

const MISSING_FILE: Rule = Rule {
    id: "missing-file",
    sentence: "A file that is read was made or downloaded by the notebook.",
    strict: Strict::Raise(Severity::Error),
    hint: "make the file in code, or download it first",
    failing: "%% code\nimport pandas as pd\nframe = pd.read_csv('cats.csv')\nprint(frame)",
    passing: "%% code\nimport pathlib\nimport pandas as pd\npathlib.Path('cats.csv').write_text('name\\nTom')\nframe = pd.read_csv('cats.csv')\nprint(frame)",
    run: missing_file,
    ..Rule::BASE
};

fn missing_file(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    for call in lesson
        .facts
        .calls
        .iter()
        .filter(|c| READERS.contains(&c.method()))
    {
        let Some(file) = call
            .first()
            .and_then(Arg::str)
            .filter(|f| occurs(&FILE_NAME, f))
        else {
            continue;
        };
        let writes = call
            .args
            .get(1)
            .or_else(|| call.keyword("mode"))
            .and_then(Arg::str)
            .is_some_and(|m| m.contains(['w', 'a', 'x']));
        let base = file.rsplit('/').next().unwrap_or(file);
        let made = lesson
            .written_files()
            .iter()
            .any(|w| w == file || w.ends_with(base));
        let fetched = lesson.shell.iter().any(|l| l.command.contains(base));
        if !writes && !made && !fetched && !file.starts_with('/') {
            sink.add(
                call.place,
                format!("nothing makes the file `{}`", shortened(file)),
            );
        }
    }
}

static CUDA: Pattern = Pattern::new(|| pattern(r"^cuda(?::\d+)?$"));

const DEVICE: Rule = Rule {
    id: "fixed-device",
    sentence: "The device is chosen at run time, so that the notebook also runs without a GPU.",
    severity: Severity::Note,
    strict: Strict::Raise(Severity::Warning),
    hint: "device = \"cuda\" if torch.cuda.is_available() else \"cpu\"",
    failing: "%% code\nimport torch\nx = torch.zeros(2).to('cuda')\nprint(x)",
    passing: "%% code\nimport torch\ndevice = 'cuda' if torch.cuda.is_available() else 'cpu'\nx = torch.zeros(2).to(device)\nprint(x)",
    run: |lesson, sink| {
        for call in lesson.facts.calls.iter().filter(|c| !c.guarded) {
            let moved = (call.method() == "to").then(|| call.first()).flatten();
            let named = call
                .keyword("device")
                .or_else(|| call.keyword("device_map"));
            let fixed = moved
                .or(named)
                .and_then(Arg::str)
                .is_some_and(|d| matches(&CUDA, d).next().is_some());
            if fixed
                || call.method() == "cuda"
                    && call.args.is_empty()
                    && call.name.contains('.')
                    && call.statement
            {
                sink.add(call.place, "the cell needs a GPU");
            }
        }
    },
    ..Rule::BASE
};
