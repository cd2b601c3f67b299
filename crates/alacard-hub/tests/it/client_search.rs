//! Searching against a fake Hub.

use alacard_hub::fake::{Answer, FakeModel};
use alacard_hub::{Query, Sort};
use serde_json::json;

use crate::client_support::Bench;

fn bench(count: usize) -> Bench {
    let bench = Bench::new();
    for number in 0..count {
        let model = FakeModel::new(&format!("org/bert-{number:03}"))
            .field("tags", json!(["license:mit"]))
            .field("safetensors", json!({"total": number}));
        bench.fake.add(model);
    }
    bench
}

#[test]
fn pages_are_followed_until_there_is_enough() {
    let bench = bench(250);
    let query = Query {
        words: "bert".to_owned(),
        limit: 220,
        ..Query::default()
    };
    let found = bench.hub().search(&query).unwrap();
    assert_eq!(found.len(), 220);
    assert_eq!(found[219].id, "org/bert-219");
    assert_eq!(found[219].license.as_deref(), Some("mit"));
    assert_eq!(bench.asked().len(), 3);
}

#[test]
fn filters_are_asked_for_in_the_words_of_the_hub() {
    let bench = bench(10);
    let query = Query {
        words: "bert".to_owned(),
        task: Some("fill-mask".to_owned()),
        library: Some("transformers".to_owned()),
        license: Some("mit".to_owned()),
        min_params: Some(5),
        max_params: Some(7_000_000_000),
        sort: Sort::Modified,
        limit: 3,
    };
    let found = bench.hub().search(&query).unwrap();
    assert_eq!(
        found
            .iter()
            .map(|model| model.parameters)
            .collect::<Vec<_>>(),
        [Some(5), Some(6), Some(7)]
    );
    let target = bench.fake.take_seen().remove(0).target;
    for part in [
        "search=bert",
        "pipeline_tag=fill-mask",
        "filter=transformers",
        "filter=license%3Amit",
        "num_parameters=min%3A5%2Cmax%3A7B",
        "sort=lastModified",
        "limit=3",
        "expand=safetensors",
    ] {
        assert!(target.contains(part), "{target} has no {part}");
    }
}

#[test]
fn a_link_to_another_host_is_not_followed() {
    let bench = bench(0);
    let page = Answer::new(200, "[]").with(
        "Link",
        "<http://127.0.0.1:1/api/models?cursor=x>; rel=\"next\"",
    );
    bench.fake.script("/api/models", [page]);
    assert!(bench.hub().search(&Query::default()).unwrap().is_empty());
    assert_eq!(bench.asked().len(), 1);
}

#[test]
fn entries_that_are_no_models_are_left_out() {
    let bench = bench(0);
    bench.fake.script(
        "/api/models",
        [Answer::new(
            200,
            r#"[{"id":"../x"},{"modelId":"a/b"},7,{"id":"c/d","likes":3}]"#,
        )],
    );
    let found = bench.hub().search(&Query::default()).unwrap();
    assert_eq!(
        found
            .iter()
            .map(|model| model.id.as_str())
            .collect::<Vec<_>>(),
        ["a/b", "c/d"]
    );
}
