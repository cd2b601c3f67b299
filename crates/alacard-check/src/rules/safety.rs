//! What could harm the reader or their machine.

use super::{Pattern, occurs, pattern, shortened};
use crate::finding::Severity;
use crate::lesson::{Arg, Call, Lesson, Prefix};
use crate::rule::{Rule, Sink, Strict};

pub(crate) const RULES: &[Rule] = &[REMOTE_CODE, UNSAFE_LOAD, EVAL, SHELL, PORT, NO_TLS];

const REMOTE_CODE: Rule = Rule {
    id: "remote-code",
    sentence: "Code of a model's repository runs only when the reader has agreed to it, by a variable.",
    strict: Strict::Raise(Severity::Error),
    hint: "pass a variable that the reader sets: trust_remote_code=TRUST_REMOTE_CODE",
    failing: "%% code\nfrom transformers import AutoModel\nmodel = AutoModel.from_pretrained('org/name', revision='607a30d783dfa663caf39e06633721c8d4cfcd7e', trust_remote_code=True)\nmodel()",
    passing: "%% code\nfrom transformers import AutoModel\nTRUST_REMOTE_CODE = False\nmodel = AutoModel.from_pretrained('org/name', revision='607a30d783dfa663caf39e06633721c8d4cfcd7e', trust_remote_code=TRUST_REMOTE_CODE)\nmodel()",
    run: |lesson, sink| {
        for call in &lesson.facts.calls {
            if call.keyword("trust_remote_code") == Some(&Arg::Bool(true)) {
                sink.add(call.place, "code of the repository runs without a question");
            }
        }
    },
    ..Rule::BASE
};

const UNSAFE_LOAD: Rule = Rule {
    id: "unsafe-load",
    sentence: "Files from elsewhere are not loaded in a way that runs what is in them.",
    hint: "use safetensors, torch.load(…, weights_only=True), yaml.safe_load",
    failing: "%% code\nimport pickle\nprint(pickle.load(open('model.pkl', 'rb')))",
    passing: "%% code\nimport torch\nprint(torch.load('model.pt', weights_only=True))",
    run: |lesson, sink| {
        for call in lesson.facts.calls.iter().filter(|c| runs_what_it_loads(c)) {
            sink.add(
                call.place,
                format!(
                    "`{}` can run code that the file holds",
                    shortened(&call.name)
                ),
            );
        }
    },
    ..Rule::BASE
};

fn runs_what_it_loads(call: &Call) -> bool {
    let is = |key: &str, value: bool| call.keyword(key) == Some(&Arg::Bool(value));
    match call.name.as_str() {
        "pickle.load" | "pickle.loads" | "cPickle.load" | "dill.load" | "dill.loads"
        | "cloudpickle.load" | "joblib.load" | "pd.read_pickle" | "pandas.read_pickle"
        | "marshal.loads" | "shelve.open" | "yaml.unsafe_load" => true,
        // Since torch 2.6 weights_only is the default; older ones and `False` are not safe.
        "torch.load" => is("weights_only", false),
        "np.load" | "numpy.load" => is("allow_pickle", true),
        "yaml.load" => {
            !matches!(call.keyword("Loader").or(call.args.get(1)), Some(Arg::Name(n)) if n.ends_with("SafeLoader"))
        }
        _ => false,
    }
}

/// Names that a model's answer usually has.
static ANSWER: Pattern = Pattern::new(|| {
    pattern(
        r"(?i)(?:output|response|generated|completion|answer|reply|result|prediction|message|choices)",
    )
});

/// What a call or name in an argument is called.
fn origin(arg: &Arg) -> &str {
    match arg {
        Arg::Name(name) | Arg::Call(name) => name,
        _ => "",
    }
}

const EVAL: Rule = Rule {
    id: "eval",
    sentence: "Text is never run as code, least of all a model's answer.",
    hint: "parse it: json.loads, ast.literal_eval, or a table of functions",
    failing: "%% code\nanswer = pipe('2 + 2')\nprint(eval(answer))",
    passing: "%% code\nimport ast\nanswer = pipe('2 + 2')\nprint(ast.literal_eval(answer))",
    run: |lesson, sink| {
        for call in lesson
            .facts
            .calls
            .iter()
            .filter(|c| matches!(c.name.as_str(), "eval" | "exec"))
        {
            match call.first() {
                Some(Arg::Str(_)) | None => {}
                Some(arg) if occurs(&ANSWER, origin(arg)) => {
                    let message = format!(
                        "runs `{}`, which looks like a model's answer",
                        shortened(origin(arg))
                    );
                    sink.add_as(Severity::Error, call.place, message);
                }
                Some(_) => sink.add(call.place, "runs a text as code"),
            }
        }
    },
    ..Rule::BASE
};

const SHELL: Rule = Rule {
    id: "shell-text",
    sentence: "No shell is given a text that was put together at run time.",
    hint: "use subprocess.run with a list of words, and without shell=True",
    failing: "%% code\nimport os\nanswer = pipe('a file name')\nos.system('rm ' + answer)",
    passing: "%% code\nimport subprocess\nsubprocess.run(['ls', '-l'], check=True)",
    run: shell_text,
    ..Rule::BASE
};

fn shell_text(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    for call in &lesson.facts.calls {
        let shell = matches!(
            call.name.as_str(),
            "os.system" | "os.popen" | "subprocess.getoutput" | "subprocess.getstatusoutput"
        ) || call.name.starts_with("subprocess.")
            && call.keyword("shell") == Some(&Arg::Bool(true));
        let built = !matches!(call.first(), Some(Arg::Str(_)) | None) && call.words.is_empty();
        if shell && built {
            sink.add(
                call.place,
                format!(
                    "`{}` is given a text made at run time",
                    shortened(&call.name)
                ),
            );
        }
    }
    for line in lesson
        .shell
        .iter()
        .filter(|l| matches!(l.prefix, Prefix::Bang))
    {
        let inside = line
            .command
            .split_once('{')
            .and_then(|(_, rest)| rest.split_once('}'))
            .map(|(name, _)| name);
        if let Some(name) = inside.filter(|n| occurs(&ANSWER, n)) {
            sink.add(
                line.place,
                format!("the shell is given `{}`", shortened(name)),
            );
        }
    }
}

const PORT: Rule = Rule {
    id: "open-port",
    sentence: "Running all cells opens no network port and publishes nothing.",
    strict: Strict::Raise(Severity::Error),
    hint: "put the call into `if LAUNCH:` with `LAUNCH = False`, and show the function without it",
    failing: "%% code\nimport gradio as gr\ndemo = gr.Interface(fn=str.upper, inputs='text', outputs='text')\ndemo.launch()",
    passing: "%% code\nimport gradio as gr\nLAUNCH = False\ndemo = gr.Interface(fn=str.upper, inputs='text', outputs='text')\nif LAUNCH:\n    demo.launch()",
    run: |lesson, sink| {
        for call in lesson.facts.calls.iter().filter(|c| opens_port(lesson, c)) {
            if call.keyword("share") == Some(&Arg::Bool(true)) {
                sink.add(call.place, "publishes the app under a public address");
            } else if !call.guarded {
                sink.add(
                    call.place,
                    format!(
                        "`{}` opens a port when all cells are run",
                        shortened(&call.name)
                    ),
                );
            }
        }
        for line in lesson
            .shell
            .iter()
            .filter(|l| !l.guarded && serves(&l.command))
        {
            sink.add(line.place, "the command serves a port and does not end");
        }
    },
    ..Rule::BASE
};

fn opens_port(lesson: &Lesson<'_>, call: &Call) -> bool {
    let imported = |root: &str| lesson.facts.imports.iter().any(|i| i.root() == root);
    match call.method() {
        "launch" => imported("gradio"),
        "run" => call.name == "uvicorn.run" || call.name == "app.run" || call.name == "mcp.run",
        "serve_forever" => true,
        _ => false,
    }
}

fn serves(command: &str) -> bool {
    [
        "streamlit run",
        "uvicorn ",
        "python -m http.server",
        "ngrok ",
        "vllm serve",
        "ollama serve",
        "gradio ",
    ]
    .iter()
    .any(|c| command.starts_with(c))
}

const NO_TLS: Rule = Rule {
    id: "unverified-tls",
    sentence: "Certificates are checked.",
    severity: Severity::Error,
    hint: "remove verify=False",
    failing: "%% code\nimport requests\nprint(requests.get('https://example.org', verify=False).text)",
    passing: "%% code\nimport requests\nprint(requests.get('https://example.org', timeout=10).text)",
    run: |lesson: &Lesson<'_>, sink: &mut Sink<'_>| {
        for call in &lesson.facts.calls {
            let unchecked = call.keyword("verify") == Some(&Arg::Bool(false))
                && [
                    "get",
                    "post",
                    "put",
                    "Client",
                    "AsyncClient",
                    "request",
                    "Session",
                ]
                .contains(&call.method());
            if unchecked || call.name == "ssl._create_unverified_context" {
                sink.add(call.place, "the server's certificate is not checked");
            }
        }
    },
    ..Rule::BASE
};
