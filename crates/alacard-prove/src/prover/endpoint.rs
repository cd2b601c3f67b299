//! Lessons about an endpoint: what is served in the OpenAI wire format, and how a notebook finds it.

use std::collections::BTreeMap;

use alacard_notebook::Notebook;
use serde_json::{Value, json};

use crate::twins::Twin;

/// A token of nobody, for notebooks that log in to the Hub: the twin hub asks for none.
pub(super) const STANDIN_TOKEN: &str = "hf_standin";
/// What is to be served in the OpenAI wire format: when the notebook's lesson is one about an
/// endpoint.
pub(super) fn endpoint(notebook: &Notebook, twins: &[Twin]) -> Option<Value> {
    is_endpoint(notebook).then(|| {
        let models: Vec<Value> = twins
            .iter()
            .map(|twin| json!({"repo": twin.blueprint.id, "dir": twin.files, "task": twin.blueprint.task}))
            .collect();
        json!({"models": models})
    })
}

pub(super) fn is_endpoint(notebook: &Notebook) -> bool {
    let about = notebook.metadata.get("alacard");
    about.is_some_and(|about| about["recipe"]["runtime"] == "endpoint")
}

/// Variables that point a notebook's clients to the endpoint of the sandbox. `{endpoint}` stands
/// for its address.
pub(super) fn endpoint_variables(twins: &[Twin]) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::from([
        ("OPENAI_BASE_URL", "{endpoint}/v1".to_owned()),
        ("OPENAI_API_KEY", "sandbox".to_owned()),
        ("HF_TOKEN", "hf_sandbox".to_owned()),
        ("ALACARD_INFERENCE_ROUTER", "{endpoint}".to_owned()),
    ]);
    if let Some(twin) = twins.first() {
        let address = format!("{{endpoint}}/hf-inference/models/{}", twin.blueprint.id);
        variables.insert("INFERENCE_URL", address);
    }
    variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
