//! Real weights in the Hub's cache of a run: as links to where they are shown, so that nobody
//! copies them into the memory that the run may write to.

use std::path::Path;

use crate::wire::Served;

/// Deepest folder of a repository.
const MAX_DEPTH: usize = 8;

/// Lays out repositories below `hub` as huggingface_hub does.
pub(super) fn lay_out(hub: &Path, repos: &[Served]) -> std::io::Result<()> {
    for repo in repos {
        let folder = hub.join(format!("models--{}", repo.id.replace('/', "--")));
        let refs = folder.join("refs");
        std::fs::create_dir_all(&refs)?;
        std::fs::create_dir_all(folder.join("blobs"))?;
        std::fs::write(refs.join("main"), &repo.sha)?;
        link_all(&repo.dir, &folder.join("snapshots").join(&repo.sha), 0)?;
    }
    Ok(())
}

fn link_all(from: &Path, to: &Path, depth: usize) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if !entry.file_type()?.is_dir() {
            std::os::unix::fs::symlink(entry.path(), place)?;
        } else if depth < MAX_DEPTH {
            link_all(&entry.path(), &place, depth + 1)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use alacard_hub::serve::Kind;

    use super::*;

    #[test]
    fn a_run_finds_the_files_under_the_commit() {
        let dir = tempfile::tempdir().unwrap();
        let files = dir.path().join("files");
        std::fs::create_dir_all(files.join("1_Pooling")).unwrap();
        std::fs::write(files.join("1_Pooling/config.json"), "{}").unwrap();
        std::fs::write(files.join("model.safetensors"), "weights").unwrap();
        let repo = Served {
            id: "org/name".to_owned(),
            aliases: Vec::new(),
            sha: "0".repeat(40),
            kind: Kind::Model,
            dir: files,
            record: serde_json::Map::new(),
        };
        let hub = dir.path().join("hub");
        lay_out(&hub, &[repo]).unwrap();
        let room = hub.join("models--org--name");
        let snapshot = room.join("snapshots").join("0".repeat(40));
        assert_eq!(
            std::fs::read(snapshot.join("model.safetensors")).unwrap(),
            b"weights"
        );
        assert!(snapshot.join("1_Pooling/config.json").exists());
        assert_eq!(
            std::fs::read_to_string(room.join("refs/main")).unwrap(),
            "0".repeat(40)
        );
    }
}
