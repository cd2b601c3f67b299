//! Sources and recipes that cannot be used, without any network.

use std::fs::File;

use crate::bed::{Bed, Ran, assert_story};

/// Runs `generate` and expects that nothing was made.
fn refused(bed: &Bed, arguments: &[&str]) -> Ran {
    let ran = bed.run(&[&["generate", "--offline"], arguments].concat());
    assert_eq!(
        bed.files("alacard-out"),
        Vec::<String>::new(),
        "{arguments:?}"
    );
    assert_eq!(ran.stdout, "", "{arguments:?}");
    ran
}

/// Runs each and puts their stories one below the other.
fn stories(bed: &Bed, all: &[&[&str]]) -> String {
    let story = |arguments: &&[&str]| {
        let ran = refused(bed, arguments);
        format!(
            "$ generate {}\n{}",
            arguments.join(" ").escape_debug(),
            bed.story(&ran)
        )
    };
    all.iter().map(story).collect::<Vec<_>>().join("\n")
}

#[test]
fn sources_that_are_no_model() {
    let bed = Bed::new();
    let all: [&[&str]; 12] = [
        &["https://github.com/huggingface/transformers"],
        &["git@github.com:huggingface/transformers.git"],
        &["datasets/stanfordnlp/imdb"],
        &["https://huggingface.co/spaces/acme/demo"],
        &["https://huggingface.co/docs/transformers"],
        &["https://example.org/model"],
        &["nobody/nothing"],
        &["./missing-folder"],
        &["a/b/c"],
        &[""],
        &["ftp://huggingface.co/a/b"],
        &["https://["],
    ];
    assert_story!(stories(&bed, &all));
}

#[test]
fn ids_that_are_an_attack() {
    let bed = Bed::new();
    let long = format!("a/{}", "b".repeat(10_000));
    let all: [&[&str]; 10] = [
        &["../../etc/passwd-of-nobody"],
        &["org/.."],
        &["org/../../name"],
        &["https://huggingface.co/..%2f..%2fetc/passwd"],
        &["https://huggingface.co/org/name%00x"],
        &["org/na\u{1b}[31mme"],
        &["org/na\nme"],
        &["org/name\u{202e}gpj"],
        &["-org/name;rm -rf"],
        &[long.as_str()],
    ];
    let stories: String = all
        .iter()
        .map(|arguments| {
            let ran = refused(&bed, &[&["--"], *arguments].concat());
            assert_eq!(ran.code, Some(3), "{arguments:?}: {}", ran.stderr);
            let raw = |c: char| c.is_control() && c != '\n';
            assert!(!ran.stderr.contains(raw), "{arguments:?}: {:?}", ran.stderr);
            assert!(ran.stderr.len() < 1_000, "{}", ran.stderr.len());
            bed.story(&ran)
        })
        .collect();
    assert_story!(stories);
}

#[test]
fn a_hub_folder_is_not_left_by_an_id_or_a_revision() {
    let bed = Bed::new();
    bed.put(
        "secret/README.md",
        "---\npipeline_tag: text-generation\n---\n# secret",
    );
    bed.put(
        "hub/acme/x/README.md",
        "---\npipeline_tag: fill-mask\nlibrary_name: transformers\n---\n# x",
    );
    for id in [
        "acme/../../secret",
        "..",
        "acme/%2e%2e/%2e%2e/secret",
        "../secret/",
    ] {
        let ran = refused(&bed, &["--hub-dir", "hub", "--", id]);
        // `../secret/` is a folder that the user names, and there is none outside the hub folder.
        assert_eq!(ran.code, Some(3), "{id}: {}", ran.stderr);
    }
    let ran = refused(
        &bed,
        &[
            "acme/x",
            "--hub-dir",
            "hub",
            "--revision",
            "../../main\u{7}",
        ],
    );
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\u{7}'));
}

#[test]
fn files_that_are_no_page() {
    let bed = Bed::new();
    std::fs::create_dir(bed.path("empty")).unwrap();
    bed.put("image.md", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    bed.put("utf16.md", b"\xff\xfe#\0 \0x\0");
    bed.put("blank.md", " \n\t\n");
    bed.put("prose.md", "# A walk\n\nWe went to the lake.\n");
    bed.put("weights/model.bin", b"\0\0\0\0");
    // Sparse: the size is what counts, and nothing of it may be read.
    File::create(bed.path("huge.md"))
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    let all: [&[&str]; 7] = [
        &["./empty"],
        &["./image.md"],
        &["./utf16.md"],
        &["./blank.md"],
        &["./prose.md"],
        &["./weights"],
        &["./huge.md"],
    ];
    assert_story!(stories(&bed, &all));
}

#[test]
fn standard_input_without_end_is_refused_by_size() {
    let bed = Bed::new();
    let script = "yes '# a line of text' | \"$ALACARD\" generate -";
    let output = bed.program("sh").args(["-c", script]).output().unwrap();
    assert_story!(bed.story(&Ran::of(&output)));
}

#[test]
fn front_matter_that_is_a_bomb_costs_nothing() {
    let bed = Bed::new();
    let levels: String = (1..30)
        .map(|n| {
            format!(
                "a{n}: &a{n} [{}]\n",
                vec![format!("*a{}", n - 1); 9].join(", ")
            )
        })
        .collect();
    let bombs = [
        ("aliases", format!("a0: &a0 [x]\n{levels}")),
        ("brackets", format!("deep: {}", "[".repeat(10_000))),
        ("braces", format!("deep: {}", "{a: ".repeat(10_000))),
        (
            "indented",
            (0..10_000)
                .map(|n| format!("{}a:\n", " ".repeat(n % 500)))
                .collect(),
        ),
        ("dashes", format!("deep:\n  {}x", "- ".repeat(10_000))),
        (
            "keys",
            (0..50_000).map(|n| format!("key{n}: value\n")).collect(),
        ),
    ];
    for (name, yaml) in bombs {
        let page =
            format!("---\npipeline_tag: fill-mask\nlibrary_name: transformers\n{yaml}\n---\n# x\n");
        let path = bed.put(&format!("{name}.md"), page);
        let began = std::time::Instant::now();
        let ran = bed.run(&["model", path.to_str().unwrap(), "--offline"]);
        assert!(
            matches!(ran.code, Some(0 | 3)),
            "{name}: {:?} {}",
            ran.code,
            ran.stderr
        );
        assert!(began.elapsed().as_secs() < 10, "{name} took too long");
    }
}

#[test]
fn ten_thousand_levels_of_anything_are_no_crash() {
    let bed = Bed::new();
    let n = 10_000;
    let pages = [
        ("quotes", format!("{} deep", ">".repeat(n))),
        ("lists", format!("{}deep", "- ".repeat(n))),
        (
            "emphasis",
            format!("{}deep{}", "*a ".repeat(n), "*".repeat(n)),
        ),
        ("links", format!("{}deep", "[".repeat(n))),
        ("html", format!("{}deep", "<div>".repeat(n))),
        (
            "code",
            format!(
                "```python\nimport os\nx = {}1{}\n```",
                "(".repeat(n),
                ")".repeat(n)
            ),
        ),
        (
            "nots",
            format!("```python\nimport os\nx = {}1\n```", "not ".repeat(n)),
        ),
        (
            "attributes",
            format!("```python\nimport os\nx = os{}\n```", ".a".repeat(n)),
        ),
        (
            "blocks",
            format!("```python\nimport os\n{}\n```", nested_ifs(n / 100)),
        ),
    ];
    for (name, body) in pages {
        let path = bed.put(&format!("{name}.md"), format!("# x\n\n{body}\n"));
        let ran = bed.run(&["generate", path.to_str().unwrap(), "--offline"]);
        assert!(
            matches!(ran.code, Some(0 | 3)),
            "{name}: {:?} {}",
            ran.code,
            ran.stderr
        );
    }
    let deep = format!("{}1{}", "[".repeat(n), "]".repeat(n));
    for file in ["config.json", "tokenizer_config.json", "model_index.json"] {
        bed.put(&format!("deep/{file}"), &deep);
    }
    bed.put("deep/hub/a/b/api.json", &deep);
    let ran = bed.run(&["model", "./deep", "--offline"]);
    assert!(
        matches!(ran.code, Some(0 | 3)),
        "{:?} {}",
        ran.code,
        ran.stderr
    );
    let ran = bed.run(&["model", "a/b", "--offline", "--hub-dir", "deep"]);
    assert!(
        matches!(ran.code, Some(0 | 3)),
        "{:?} {}",
        ran.code,
        ran.stderr
    );
}

fn nested_ifs(levels: usize) -> String {
    (0..levels)
        .map(|n| format!("{}if os:\n", " ".repeat(n)))
        .collect::<String>()
        + &format!("{}pass", " ".repeat(levels))
}

#[test]
fn cards_with_unknown_names_come_with_the_nearest_ones() {
    let bed = Bed::new();
    let model = "Qwen/Qwen3-0.6B";
    let all: [&[&str]; 9] = [
        &[model, "--difficulty", "beginer"],
        &[model, "--difficulty", "expert"],
        &[model, "--prompts", "quickstart"],
        &[model, "--ui", "streamlet"],
        &[model, "--format", "quick"],
        &[model, "--runtime", "remote"],
        &[model, "--language", "de"],
        &[model, "--seed", "-1"],
        &[model, "--hub-dir", "missing"],
    ];
    for arguments in all {
        assert_eq!(refused(&bed, arguments).code, Some(2), "{arguments:?}");
    }
    assert_story!(stories(&bed, &all));
}

#[test]
fn a_component_that_does_not_fit_is_said_with_those_that_do() {
    let bed = Bed::new();
    let ran = refused(&bed, &["openai/whisper-tiny", "--ui", "chat"]);
    assert_eq!(ran.code, Some(2));
    assert_story!(bed.story(&ran));
}

#[test]
fn a_topic_close_to_a_known_one_is_taken_and_remarked_on() {
    let bed = Bed::new();
    assert_story!(bed.story(&bed.run(&[
        "generate",
        "Qwen/Qwen3-0.6B",
        "--offline",
        "--topic",
        "sourdoh"
    ])));
}
