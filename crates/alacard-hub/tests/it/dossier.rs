//! From what was read to what is known, and when that is too little.

use alacard_hub::dossier::{Dossier, FileEntry, Gating, Origin, Provenance, Relation};
use alacard_hub::{Material, Reason, build, refusal, shelf};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Material of a Hub folder with these parts.
fn material(api: Value, card: &str, configs: &[(&str, Value)]) -> Material {
    let mut material = Material::empty(Origin::HubDir, "org/model");
    material.id = Some("org/model".to_owned());
    material.api = (!api.is_null()).then_some(api);
    material.card = (!card.is_empty()).then(|| card.as_bytes().to_vec());
    material.configs = configs
        .iter()
        .map(|(path, value)| ((*path).to_owned(), value.to_string().into_bytes()))
        .collect();
    material
}

fn from_api(api: Value) -> Dossier {
    build(&material(api, "", &[]))
}

fn task(dossier: &Dossier) -> Option<(&str, Provenance)> {
    dossier
        .task
        .as_ref()
        .map(|task| (task.value.as_str(), task.from))
}

#[test]
fn a_record_of_2022_has_no_id_and_null_fields() {
    let dossier = from_api(
        json!({"modelId": "me/bert", "sha": "9307f80326d099f833928c63c20e0b657f9b2302", "tags": ["pytorch", "bert", "fill-mask", "de", "license:mit", "dataset:x"],
        "pipeline_tag": null, "config": null, "siblings": [{"rfilename": "config.json"}, {"rfilename": "pytorch_model.bin"}], "downloads": 3, "library_name": "transformers"}),
    );
    assert_eq!(
        (dossier.id.as_deref(), dossier.name.as_str()),
        (Some("me/bert"), "bert")
    );
    assert_eq!(task(&dossier), Some(("fill-mask", Provenance::Api)));
    assert_eq!(
        dossier.task_reason.as_deref(),
        Some("The page has the tag `fill-mask`.")
    );
    assert_eq!(dossier.languages, ["de"]);
    assert_eq!(dossier.datasets, ["x"]);
    assert_eq!(dossier.licence.unwrap().value.id, "mit");
    assert!(dossier.gating.is_none() && dossier.parameters.is_none() && dossier.memory.is_none());
    assert!(dossier.notices.is_empty());
}

#[test]
fn gating_comes_in_three_types() {
    let gating = |value: Value| {
        from_api(json!({"id": "a/b", "gated": value}))
            .gating
            .map(|gating| gating.value)
    };
    assert_eq!(gating(json!(false)), Some(Gating::Open));
    assert_eq!(gating(json!("auto")), Some(Gating::Auto));
    assert_eq!(gating(json!("manual")), Some(Gating::Manual));
    assert_eq!(gating(json!(null)), None);
}

#[test]
fn the_order_of_sources_decides_the_task() {
    let config = [(
        "config.json",
        json!({"architectures": ["BertForMaskedLM"], "model_type": "bert"}),
    )];
    let card = "---\npipeline_tag: text-classification\n---\n# X\n";
    let all = material(json!({"id": "a/b", "pipeline_tag": "ner"}), card, &config);
    assert_eq!(
        task(&build(&all)),
        Some(("token-classification", Provenance::Api))
    );
    assert_eq!(
        build(&all).task_reason.as_deref(),
        Some("The Hub's record names this task, there called `ner`.")
    );
    assert_eq!(
        task(&build(&material(Value::Null, card, &config))),
        Some(("text-classification", Provenance::Card))
    );
    assert_eq!(
        task(&build(&material(Value::Null, "# X\n", &config))),
        Some(("fill-mask", Provenance::Config))
    );
    let example = "# X\n\n```python\nfrom transformers import pipeline\npipe = pipeline(\"translation\", model=\"org/model\")\n```\n";
    let dossier = build(&material(Value::Null, example, &[]));
    assert_eq!(task(&dossier), Some(("translation", Provenance::Card)));
    assert_eq!(dossier.library.unwrap().value, "transformers");
}

#[test]
fn text_to_text_is_narrowed_where_something_tells_the_purpose() {
    let config = json!({"architectures": ["T5ForConditionalGeneration"], "model_type": "t5"});
    let told = |api: Value| from_api(api).task.map(|task| task.value);
    assert_eq!(
        told(json!({"id": "a/t5-summarizer", "config": config})).as_deref(),
        Some("summarization")
    );
    assert_eq!(
        told(json!({"id": "a/x", "tags": ["translation"], "config": config})).as_deref(),
        Some("translation")
    );
    assert_eq!(
        told(json!({"id": "a/x", "pipeline_tag": "text2text-generation"})).as_deref(),
        Some("text2text-generation")
    );
}

#[test]
fn the_architecture_wins_over_the_records_opinion_of_the_class() {
    let dossier = from_api(
        json!({"id": "a/b", "config": {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3"},
        "transformersInfo": {"auto_model": "AutoModelForMultimodalLM", "processor": "AutoTokenizer"}}),
    );
    assert_eq!(dossier.auto_model.unwrap().value, "AutoModelForCausalLM");
    let only =
        from_api(json!({"id": "a/b", "transformersInfo": {"auto_model": "AutoModelForCTC"}}));
    assert_eq!(only.auto_model.unwrap().value, "AutoModelForCTC");
    let hostile =
        from_api(json!({"id": "a/b", "transformersInfo": {"auto_model": "x\"); import os"}}));
    assert!(hostile.auto_model.is_none());
}

#[test]
fn the_context_of_an_offset_family_is_shorter_than_its_table() {
    let config = (
        "config.json",
        json!({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}),
    );
    let length = |configs: &[(&str, Value)]| {
        build(&material(Value::Null, "", configs))
            .context_length
            .map(|fact| fact.value)
    };
    assert_eq!(length(std::slice::from_ref(&config)), Some(512));
    assert_eq!(
        length(&[
            config,
            ("tokenizer_config.json", json!({"model_max_length": 500}))
        ]),
        Some(500)
    );
    assert_eq!(
        length(&[("tokenizer_config.json", json!({"model_max_length": 1e30}))]),
        None
    );
    assert_eq!(
        length(&[(
            "config.json",
            json!({"text_config": {"max_position_embeddings": 4096}})
        )]),
        Some(4096)
    );
}

#[test]
fn an_adapter_names_its_base_but_no_path_of_somebodys_disk() {
    let adapter = |base: &str| {
        [(
            "adapter_config.json",
            json!({"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 8, "target_modules": ["q_proj"], "base_model_name_or_path": base}),
        )]
    };
    let dossier = build(&material(Value::Null, "", &adapter("org/base")));
    let base = dossier.base.unwrap();
    assert_eq!(
        (base.value.models, base.value.relation, base.from),
        (
            vec!["org/base".to_owned()],
            Some(Relation::Adapter),
            Provenance::Config
        )
    );
    assert_eq!(dossier.library.unwrap().value, "peft");
    assert_eq!(dossier.task.unwrap().value, "text-generation");
    assert!(
        build(&material(Value::Null, "", &adapter("/root/base")))
            .base
            .is_none()
    );
}

#[test]
fn sizes_come_from_counts_and_files() {
    let dossier = from_api(
        json!({"id": "a/b", "safetensors": {"parameters": {"BF16": 100, "F32": 10}, "total": 110},
        "siblings": [{"rfilename": "model.safetensors", "size": 240}, {"rfilename": "pytorch_model.bin", "size": 300}]}),
    );
    assert_eq!(dossier.parameters.unwrap().value, 110);
    assert_eq!(dossier.memory.unwrap().bf16, 220);
    assert_eq!(dossier.weight_bytes.unwrap().value, 240);
    let unsized_files =
        from_api(json!({"id": "a/b", "safetensors": {"parameters": {"BF16": 100, "F32": 10}}}));
    assert_eq!(unsized_files.weight_bytes.unwrap().value, 240);
}

#[test]
fn custom_code_is_listed_and_said() {
    let mut material = material(
        Value::Null,
        "",
        &[(
            "config.json",
            json!({"auto_map": {"AutoModelForCausalLM": "modeling_x.XForCausalLM", "AutoConfig": "other/repo--configuration_x.XConfig"}}),
        )],
    );
    material.tree = Some(
        ["helpers.py", "scripts/train.py", "x.bin"]
            .iter()
            .map(|path| FileEntry {
                path: (*path).to_owned(),
                size: None,
            })
            .collect(),
    );
    let dossier = build(&material);
    assert_eq!(
        dossier.custom_code,
        [
            "helpers.py",
            "modeling_x.py",
            "other/repo--configuration_x.py"
        ]
    );
    assert!(
        dossier
            .notices
            .iter()
            .any(|notice| notice.id == "custom-code")
    );
}

#[test]
fn notices_tell_what_to_know() {
    let ids = |dossier: &Dossier| {
        dossier
            .notices
            .iter()
            .map(|notice| notice.id.clone())
            .collect::<Vec<_>>()
    };
    let dossier = from_api(
        json!({"id": "a/b", "gated": "manual", "cardData": {"license": ["cc-by-nc-4.0"]}, "pipeline_tag": "fill-mask"}),
    );
    assert_eq!(
        ids(&dossier),
        ["unpinned-revision", "gated", "restrictive-licence"]
    );
    let text = Material {
        card: Some(b"# X".to_vec()),
        ..Material::empty(Origin::Text, "text")
    };
    assert!(ids(&build(&text)).is_empty());
}

#[test]
fn what_cannot_be_used_is_refused() {
    let reason = |api: Value, card: &str| {
        refusal(&build(&material(api, card, &[]))).map(|refused| refused.reason)
    };
    assert_eq!(
        reason(
            json!({"id": "a/b", "disabled": true, "pipeline_tag": "fill-mask"}),
            ""
        ),
        Some(Reason::Disabled)
    );
    let scan =
        json!({"scansDone": true, "filesWithIssues": [{"path": "x.pkl", "level": "unsafe"}]});
    assert_eq!(
        reason(
            json!({"id": "a/b", "pipeline_tag": "fill-mask", "securityRepoStatus": scan}),
            ""
        ),
        Some(Reason::Unsafe)
    );
    assert_eq!(
        reason(
            Value::Null,
            "---\ntask_categories:\n- translation\n---\n# Data\n"
        ),
        Some(Reason::NotAModel)
    );
    assert_eq!(
        reason(Value::Null, "---\nsdk: gradio\napp_file: app.py\n---\n"),
        Some(Reason::NotAModel)
    );
    assert_eq!(
        reason(
            json!({"id": "a/b", "tags": []}),
            "# A model\n\nIt is good.\n"
        ),
        Some(Reason::NothingKnown)
    );
    assert_eq!(
        reason(
            Value::Null,
            "# A\n\n```python\nimport torch\nprint(torch.zeros(1))\n```\n"
        ),
        None
    );
    assert_eq!(
        reason(json!({"id": "a/b", "pipeline_tag": "robotics"}), ""),
        None
    );
}

#[test]
fn hostile_text_is_cut_and_cleaned() {
    let dossier = from_api(
        json!({"id": "../../etc", "pipeline_tag": "a\u{1b}[2Jb\"); x", "tags": ["x\u{202e}y", "z".repeat(10_000)], "author": 3, "library_name": ["a"]}),
    );
    assert_eq!(dossier.id.as_deref(), Some("org/model"));
    assert!(dossier.task.is_none() && dossier.author.is_none() && dossier.library.is_none());
    assert_eq!(dossier.tags.first().map(String::as_str), Some("xy"));
    assert!(dossier.tags.iter().all(|tag| tag.chars().count() <= 300));
}

#[test]
fn the_shelf_is_understood_whole() {
    assert!(shelf::ids().count() >= 50);
    for id in shelf::ids() {
        let dossier = build(&shelf::material(id).unwrap());
        assert_eq!(dossier.id.as_deref(), Some(id));
        assert!(refusal(&dossier).is_none(), "{id}");
        assert!(
            dossier
                .task
                .as_ref()
                .is_some_and(|task| task.from == Provenance::Shelf),
            "{id}"
        );
        assert!(
            dossier
                .library
                .as_ref()
                .is_some_and(|library| library.from == Provenance::Shelf),
            "{id}"
        );
        assert!(
            dossier.sha.is_none() && dossier.downloads.is_none() && dossier.as_of.is_some(),
            "{id}"
        );
        assert!(
            dossier
                .notices
                .iter()
                .any(|notice| notice.id == "unpinned-revision"),
            "{id}"
        );
    }
    for id in [
        "qwen/qwen3-0.6b",
        "openai/whisper-tiny",
        "sentence-transformers/all-MiniLM-L6-v2",
        "google/vit-base-patch16-224",
        "bert-base-uncased",
    ] {
        assert!(shelf::material(id).is_some(), "{id}");
    }
}

#[test]
fn the_shelf_knows_what_lessons_need() {
    let of = |id: &str| build(&shelf::material(id).unwrap());
    let chat = of("Qwen/Qwen3-0.6B");
    assert_eq!(
        (
            chat.context_length.unwrap().value,
            chat.chat_template.unwrap().value.tools
        ),
        (40_960, true)
    );
    let gguf = of("Qwen/Qwen2.5-0.5B-Instruct-GGUF").gguf.unwrap().value;
    assert_eq!(
        gguf.chosen.as_deref(),
        Some("qwen2.5-0.5b-instruct-q4_k_m.gguf")
    );
    let lora = of("nerijs/pixel-art-xl").diffusers.unwrap().value;
    assert_eq!(
        (lora.lora_file.as_deref(), lora.instance_prompt.as_deref()),
        (Some("pixel-art-xl.safetensors"), Some("pixel art"))
    );
    assert_eq!(
        of("sentence-transformers/all-MiniLM-L6-v2")
            .sentence_transformer
            .unwrap()
            .value
            .max_tokens,
        Some(256)
    );
    assert!(
        of("cross-encoder/ms-marco-MiniLM-L6-v2")
            .sentence_transformer
            .unwrap()
            .value
            .cross_encoder
    );
    assert!(
        !of("Qwen/Qwen3-Embedding-0.6B")
            .sentence_transformer
            .unwrap()
            .value
            .cross_encoder
    );
    assert_eq!(
        of("FacebookAI/roberta-base").mask_token.unwrap().value,
        "<mask>"
    );
    assert_eq!(
        of("openai/whisper-tiny").sampling_rate.unwrap().value,
        16_000
    );
    assert_eq!(
        of("google/vit-base-patch16-224").image_size.unwrap().value,
        224
    );
}

/// Any JSON, with keys that the Hub uses more often than not.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        prop::sample::select(vec![
            "id",
            "modelId",
            "sha",
            "tags",
            "cardData",
            "config",
            "siblings",
            "gated",
            "pipeline_tag",
            "library_name",
            "safetensors",
            "gguf",
            "license",
            "language",
            "base_model",
            "widgetData",
            "model-index",
            "architectures",
            "id2label",
            "tokenizer_config",
            "chat_template",
            "quantization_config",
            "auto_map",
            "securityRepoStatus",
            "rfilename",
            "parameters",
            "results",
        ])
        .prop_map(str::to_owned),
        ".{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
        ]
    })
}

proptest! {
    #[test]
    fn no_record_and_no_configuration_breaks_it(api in any_json(), config in any_json(), card in ".{0,200}") {
        let files = ["config.json", "tokenizer_config.json", "modules.json", "model_index.json", "adapter_config.json", "generation_config.json"];
        let configs: Vec<(&str, Value)> = files.iter().map(|file| (*file, config.clone())).collect();
        let material = material(api, &card, &configs);
        let dossier = build(&material);
        prop_assert_eq!(&dossier, &build(&material));
        let _ = refusal(&dossier);
        prop_assert!(serde_json::to_string(&dossier).is_ok());
    }
}
