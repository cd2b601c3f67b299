//! One twin: the host forks a maker, its files are sent out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::frames::Frames;
use super::host::Host;
use super::run::host_limits;
use crate::wire::{Report, TwinOrder};

/// The maker's name at the host.
const MAKER: &str = "twin";
/// Files of one twin at most.
const MOST_FILES: usize = 2000;

/// Makes a twin below `folder` and sends its files.
pub(crate) async fn make(
    host: &mut Host,
    frames: &mut Frames,
    order: &TwinOrder,
    folder: &Path,
) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let request = json!({
        "op": "fork", "kind": "twin", "id": MAKER, "folder": folder, "spec": order.spec,
        // Whoever asks for a file that is not there should not be kept waiting for a network.
        "env": {"HF_HUB_OFFLINE": "1"},
        "limits": host_limits(order.limits), "threads": 2,
    });
    host.fork(request).await?;
    let limit = Duration::from_secs(order.limits.seconds);
    let event = match host.wait(&["exited"], Some(MAKER), limit).await {
        Ok(event) => event,
        Err(error) => {
            let _ = host.signal(MAKER, 9).await;
            json!({"message": error.to_string()})
        }
    };
    let about = read(&folder.join("twin.json"));
    let made = about.is_some() && event["status"] == 0;
    let about = about
        .filter(|_| made)
        .or_else(|| read(&folder.join("error.json")))
        .unwrap_or_else(|| json!({"stage": "maker", "error": format!("the maker ended: {event}")}));
    if made {
        send_all(frames, &folder.join("files")).await?;
    }
    frames.tell(&Report::Twin { about, made }).await
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

async fn send_all(frames: &mut Frames, root: &Path) -> std::io::Result<()> {
    for path in files_below(root)? {
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .display()
            .to_string();
        frames.send(&name, &path).await?;
    }
    Ok(())
}

/// Regular files below a folder, sorted.
fn files_below(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() && found.len() < MOST_FILES {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
