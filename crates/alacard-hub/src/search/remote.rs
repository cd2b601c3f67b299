//! The search of the Hub itself.

use url::Url;

use crate::client::{Client, Failure, Patience};
use crate::search::{ModelSummary, Query, Sort};

/// Entries of one page; the Hub allows 500 with these fields.
const PAGE: usize = 100;
/// Most pages that are asked for, however few of their entries are results.
const MAX_PAGES: usize = 20;
/// The fields that a summary needs; the Hub sends no others.
const FIELDS: [&str; 10] = [
    "createdAt",
    "downloads",
    "gated",
    "gguf",
    "lastModified",
    "library_name",
    "likes",
    "pipeline_tag",
    "safetensors",
    "tags",
];

/// Searches the Hub, page by page, until there are enough results.
pub(crate) fn on_hub(client: &Client, query: &Query) -> Result<Vec<ModelSummary>, Failure> {
    let mut found: Vec<ModelSummary> = Vec::new();
    let mut next = Some(address(client, query)?);
    for _ in 0..MAX_PAGES {
        let Some(url) = next.take().filter(|_| found.len() < query.limit()) else {
            break;
        };
        let (entries, link) = client.page(url, Patience::Short)?;
        // The Hub knows `num_parameters` only roughly; what it sends is checked again.
        found.extend(
            entries
                .iter()
                .filter_map(ModelSummary::of_record)
                .filter(|model| query.has_size(model)),
        );
        next = link;
    }
    found.truncate(query.limit());
    Ok(found)
}

/// The address of the first page.
fn address(client: &Client, query: &Query) -> Result<Url, Failure> {
    let mut url = client.address(&["api", "models"])?;
    let mut pairs = url.query_pairs_mut();
    for word in query.words.split_whitespace() {
        pairs.append_pair("search", word);
    }
    if let Some(task) = &query.task {
        pairs.append_pair("pipeline_tag", task);
    }
    if let Some(library) = &query.library {
        pairs.append_pair("filter", library);
    }
    if let Some(license) = &query.license {
        pairs.append_pair("filter", &format!("license:{license}"));
    }
    if let Some(bounds) = bounds(query) {
        pairs.append_pair("num_parameters", &bounds);
    }
    pairs.append_pair("sort", order(query.sort));
    pairs.append_pair("limit", &query.limit().clamp(1, PAGE).to_string());
    for field in FIELDS {
        pairs.append_pair("expand", field);
    }
    drop(pairs);
    Ok(url)
}

/// `min:…,max:…`.
fn bounds(query: &Query) -> Option<String> {
    let least = query
        .min_params
        .map(|least| format!("min:{}", short(least)));
    let most = query.max_params.map(|most| format!("max:{}", short(most)));
    let parts: Vec<String> = least.into_iter().chain(most).collect();
    (!parts.is_empty()).then(|| parts.join(","))
}

/// A count as the Hub writes it (`6B`), where that says the same.
fn short(count: u64) -> String {
    let units = [(1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")];
    let unit = units
        .into_iter()
        .find(|(size, _)| count > 0 && count.is_multiple_of(*size));
    unit.map_or_else(
        || count.to_string(),
        |(size, name)| format!("{}{name}", count / size),
    )
}

/// The Hub's name of an order.
fn order(sort: Sort) -> &'static str {
    match sort {
        Sort::Downloads => "downloads",
        Sort::Likes => "likes",
        Sort::Modified => "lastModified",
        Sort::Created => "createdAt",
        Sort::Trending => "trendingScore",
        Sort::Parameters => "num_parameters",
    }
}
