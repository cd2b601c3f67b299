//! What a teacher is told.

use alacard_catalog::{Catalog, recipe::Recipe, route::Chosen};
use alacard_hub::dossier::Dossier;

use crate::Takes;

/// Everything a teacher may use. Nothing else reaches it.
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a> {
    /// What is known about the model.
    pub dossier: &'a Dossier,
    /// What was chosen.
    pub recipe: &'a Recipe,
    /// The route and the lesson that it leads to.
    pub chosen: &'a Chosen,
    /// Tasks, topics, packs, lessons.
    pub catalog: &'a Catalog,
    /// What the model was found to take, where a first notebook was executed to find out.
    pub takes: Option<&'a Takes>,
}
