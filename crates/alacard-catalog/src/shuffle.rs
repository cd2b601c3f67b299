//! Deals a hand of cards that go together, from a seed.

use std::collections::BTreeMap;

use alacard_hub::dossier::Dossier;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::recipe::{Difficulty, Prompts, Ui};
use crate::{Catalog, CatalogError, UnknownCard};

/// A model that can be dealt.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCard {
    /// Repository id.
    pub id: String,
    /// Pipeline tag.
    pub task: String,
    /// Whether it holds conversations.
    pub chat: bool,
    /// How likely it is to be dealt, compared with the others; above 0.
    pub weight: f64,
}

impl ModelCard {
    /// A card from what is known about a model. More downloads, more weight: by the square root,
    /// so that the most popular model does not come every time.
    pub fn of(id: &str, dossier: &Dossier) -> Self {
        let downloads = dossier.downloads.as_ref().map_or(0, |fact| fact.value);
        Self {
            id: id.to_owned(),
            task: dossier
                .task
                .as_ref()
                .map(|fact| fact.value.clone())
                .unwrap_or_default(),
            chat: dossier.talks(),
            weight: (downloads as f64).sqrt().max(1.0),
        }
    }
}

/// The models of the built-in shelf. Their weight is our own editorial order, not a
/// measurement.
pub fn shelf() -> Vec<ModelCard> {
    let card = |id: &str| {
        let dossier = alacard_hub::build(&alacard_hub::shelf::material(id)?);
        let weight = f64::from(alacard_hub::shelf::popularity(id).unwrap_or(1))
            .max(1.0)
            .sqrt();
        Some(ModelCard {
            weight,
            ..ModelCard::of(id, &dossier)
        })
    };
    alacard_hub::shelf::ids().filter_map(card).collect()
}

/// A dealt hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hand {
    /// Repository id.
    pub model: String,
    /// Topic id or the user's own words.
    pub topic: String,
    /// Prompt pack.
    pub prompts: Prompts,
    /// Difficulty.
    pub difficulty: Difficulty,
    /// UI component.
    pub ui: Ui,
    /// The seed that deals this hand again.
    pub seed: u64,
}

/// Why no hand could be dealt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DealError {
    /// A locked card does not exist.
    #[error("{0}")]
    Unknown(#[from] UnknownCard),
    /// The locked cards do not go together.
    #[error("no hand goes together with the locked cards")]
    Nothing,
    /// The catalogue cannot be read.
    #[error("{0}")]
    Catalog(#[from] CatalogError),
}

/// The kinds of card that can be locked.
const LOCKS: [&str; 5] = ["model", "topic", "prompts", "difficulty", "ui"];

/// Deals a hand from models: the locked cards stay, the others fit them.
///
/// # Errors
///
/// [`DealError`] for a lock that does not exist, or locks that do not go together.
pub fn deal(
    catalog: &Catalog,
    models: &[ModelCard],
    locks: &BTreeMap<String, String>,
    seed: u64,
) -> Result<Hand, DealError> {
    if let Some(unknown) = locks.keys().find(|lock| !LOCKS.contains(&lock.as_str())) {
        return Err(UnknownCard::new("card", unknown, LOCKS).into());
    }
    let mut dice = Dice(seed);
    let wanted: Option<Ui> = locked(locks, "ui")?;
    let pack: Option<Prompts> = locked(locks, "prompts")?;
    let mut fitting = Vec::new();
    for model in models {
        let (uis, packs) = compatible(catalog, model)?;
        let named = locks.get("model").is_none_or(|id| *id == model.id);
        if named
            && wanted.is_none_or(|ui| uis.contains(&ui))
            && pack.is_none_or(|p| packs.contains(&p))
        {
            fitting.push((model, uis, packs));
        }
    }
    let weights: Vec<f64> = fitting.iter().map(|(model, ..)| model.weight).collect();
    let (model, uis, packs) = dice.pick(&fitting, &weights).ok_or(DealError::Nothing)?;
    let topics = catalog.topic_ids();
    let topic = match locks.get("topic") {
        Some(topic) => topic.clone(),
        None => dice.even(&topics).cloned().ok_or(DealError::Nothing)?,
    };
    let difficulty = match locked(locks, "difficulty")? {
        Some(level) => level,
        // Half of all hands are for beginners.
        None => *dice
            .pick(Difficulty::ALL, &[2.0, 1.2, 0.8])
            .unwrap_or(&Difficulty::Beginner),
    };
    Ok(Hand {
        model: model.id.clone(),
        topic,
        prompts: pack
            .or_else(|| dice.even(packs).copied())
            .ok_or(DealError::Nothing)?,
        difficulty,
        ui: wanted
            .or_else(|| dice.even(uis).copied())
            .unwrap_or(Ui::None),
        seed,
    })
}

fn locked<T: std::str::FromStr<Err = UnknownCard>>(
    locks: &BTreeMap<String, String>,
    card: &str,
) -> Result<Option<T>, UnknownCard> {
    locks.get(card).map(|value| value.parse()).transpose()
}

/// UI components and prompt packs that go with a model.
fn compatible(
    catalog: &Catalog,
    model: &ModelCard,
) -> Result<(Vec<Ui>, Vec<Prompts>), CatalogError> {
    let task = catalog.task(&model.task)?;
    let mut uis = task.map(|task| task.ui.clone()).unwrap_or_default();
    uis.retain(|ui| *ui != Ui::None && (*ui != Ui::Chat || model.chat));
    uis.push(Ui::None);
    let packs = task
        .map(|task| task.packs.clone())
        .filter(|packs| !packs.is_empty());
    Ok((uis, packs.unwrap_or_else(|| Prompts::ALL.to_vec())))
}

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same on every machine for ever.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to 1, 53 bits.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn pick<'a, T>(&mut self, items: &'a [T], weights: &[f64]) -> Option<&'a T> {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (item, weight) in items.iter().zip(weights) {
            left -= weight;
            if left < 0.0 {
                return Some(item);
            }
        }
        items.last()
    }

    fn even<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let index = (self.unit() * items.len() as f64) as usize;
        items.get(index).or_else(|| items.last())
    }
}
