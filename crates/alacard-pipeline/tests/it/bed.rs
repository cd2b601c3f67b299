//! Dossiers of the built-in shelf, and a pipeline that never asks the network.

use std::sync::{Arc, LazyLock};

use alacard_catalog::Catalog;
use alacard_hub::dossier::Dossier;
use alacard_hub::{Hub, Options as HubOptions};
use alacard_pipeline::{Maker, Pipeline};

static MAKER: LazyLock<Maker> = LazyLock::new(|| Maker::offline(Arc::new(Catalog::builtin())));

/// One maker for all tests: the catalogue is read once.
pub(crate) fn maker() -> &'static Maker {
    &MAKER
}

pub(crate) fn pipeline() -> Pipeline {
    let hub = Hub::new(HubOptions {
        offline: true,
        ..HubOptions::default()
    });
    Pipeline::new(hub, maker().clone())
}

/// What the shelf knows about a model.
pub(crate) fn dossier(id: &str) -> Dossier {
    alacard_hub::build(&alacard_hub::shelf::material(id).unwrap())
}
