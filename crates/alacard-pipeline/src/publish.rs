//! The last stage: the files that people and machines take away.

use alacard_hub::dossier::Dossier;

use crate::folder::{Folder, io, sha256};
use crate::manifest::{Artifact, Manifest};
use crate::pipeline::{Hashes, Run, Stages, pretty, rfc3339};
use crate::proven::record_proof;
use crate::{Failure, Made, Metrics, Stage, assemble, instructions, validation};

/// Artifacts whose bytes depend on nothing but the inputs, in the order of the manifest.
const LISTED: [&str; 9] = [
    ".env.example",
    "dossier.json",
    "draft.ipynb",
    "findings.json",
    "instructions.md",
    "notebook.ipynb",
    "outline.json",
    "request.json",
    "validation.md",
];

/// Writes the published notebook and its companions, metrics and manifest last.
pub(crate) fn publish(
    folder: &mut Folder,
    dossier: Dossier,
    mut made: Made,
    hashes: &Hashes,
    run: &mut Stages<'_>,
) -> Result<Run, Failure> {
    run.stage(Stage::Publish, |_| {
        files(folder, &dossier, &mut made, hashes)
    })?;
    let metrics = Metrics::of(&made, run.seconds.clone(), run.reused.clone());
    folder.write_volatile("metrics.json", pretty(&metrics).as_bytes())?;
    let manifest = manifest(folder, &dossier, &made, hashes, run)?;
    folder.write_volatile("manifest.json", pretty(&manifest).as_bytes())?;
    folder.remember()?;
    let path = folder.path().to_path_buf();
    Ok(Run {
        notebook: path.join("notebook.ipynb"),
        folder: path,
        dossier,
        made,
        manifest,
        metrics,
    })
}

fn files(
    folder: &mut Folder,
    dossier: &Dossier,
    made: &mut Made,
    hashes: &Hashes,
) -> Result<(), Failure> {
    let starts = made.starts();
    assemble::record_starts(&mut made.notebook, starts);
    if let Some(proven) = &made.proven {
        record_proof(&mut made.notebook, proven);
        folder.write_volatile("proof.json", pretty(&proven.proof).as_bytes())?;
        folder.write_volatile(
            "requirements.lock",
            proven.lock.as_deref().unwrap_or_default().as_bytes(),
        )?;
    }
    let texts = [
        ("validation.md", validation::markdown(dossier, made)),
        ("instructions.md", instructions::markdown(dossier, made)),
        (".env.example", variables(made)),
        ("notebook.ipynb", made.notebook.to_json()),
    ];
    for (name, text) in texts {
        folder.write(name, &hashes.all, text.as_bytes())?;
    }
    Ok(())
}

/// Names of the variables that the notebook reads, without values.
fn variables(made: &Made) -> String {
    let head =
        "# Variables that the notebook reads. Copy this file to .env and fill in the values.\n";
    let names: String = made
        .outline
        .variables
        .iter()
        .map(|name| format!("{name}=\n"))
        .collect();
    if names.is_empty() {
        "# The notebook reads no variables.\n".to_owned()
    } else {
        format!("{head}{names}")
    }
}

fn manifest(
    folder: &Folder,
    dossier: &Dossier,
    made: &Made,
    hashes: &Hashes,
    run: &Stages<'_>,
) -> Result<Manifest, Failure> {
    Ok(Manifest {
        schema_version: 1,
        generator: format!("alacard {}", env!("CARGO_PKG_VERSION")),
        model: dossier.id.clone(),
        sha: dossier.sha.as_ref().map(|fact| fact.value.clone()),
        recipe_hash: hashes.recipe.clone(),
        seed: made.recipe.seed,
        route: made.chosen.route.as_str().to_owned(),
        lesson: made.chosen.lesson.clone(),
        starts: made.starts(),
        runs: made.verdict(|proof| proof.runs),
        proves: made.verdict(|proof| proof.proves),
        notebook: folder.path().join("notebook.ipynb"),
        started_at: rfc3339(run.started_at),
        finished_at: run.now(),
        artifacts: artifacts(folder, &hashes.all)?,
    })
}

fn artifacts(folder: &Folder, inputs: &str) -> Result<Vec<Artifact>, Failure> {
    let mut names: Vec<String> = LISTED.iter().map(|name| (*name).to_owned()).collect();
    names.extend(folder.names_in("sections", inputs));
    names.sort();
    let read = |name: String| {
        let path = folder.path().join(&name);
        let bytes = std::fs::read(&path).map_err(io("read", &path))?;
        Ok(Artifact {
            sha256: sha256(&bytes),
            bytes: bytes.len() as u64,
            name,
        })
    };
    names.into_iter().map(read).collect()
}
