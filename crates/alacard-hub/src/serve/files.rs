//! Files: whole, in part, or only their headers.

use std::io::{self, Seek, SeekFrom};

use crate::serve::body::Request;
use crate::serve::found::Found;
use crate::serve::place::Entry;
use crate::serve::range::{Part, part};
use crate::serve::reply::{Load, Reply};
use crate::serve::repos::Repos;

/// Ends of names whose files are text. They are never called anything that a browser would run.
const TEXT: [&str; 9] = [
    ".txt", ".md", ".json", ".jsonl", ".py", ".jinja", ".yaml", ".yml", ".csv",
];

/// The answer to `resolve`. A file that cannot be read is as good as none.
pub(super) fn reply(repos: &Repos, found: &Found, path: &str, request: &Request) -> Reply {
    let reply = found
        .place
        .entry(path)
        .and_then(|entry| sent(repos, &entry, request).ok());
    match reply {
        Some(reply) => reply.with("x-repo-commit", &found.sha),
        None => Reply::no_entry(&found.sha),
    }
}

fn sent(repos: &Repos, entry: &Entry, request: &Request) -> io::Result<Reply> {
    let mark = repos.marks().of(entry)?;
    let etag = format!("\"{}\"", mark.hex());
    let changed = request
        .if_range
        .as_ref()
        .is_some_and(|known| *known != etag);
    let range = request
        .range
        .as_deref()
        .filter(|_| request.method == "GET" && !changed);
    let mut file = entry.open()?;
    let reply = match part(range, entry.size) {
        Part::Whole => Reply::new(200, Load::File(file, entry.size)),
        Part::Some { start, length } => {
            file.seek(SeekFrom::Start(start))?;
            let last = start + length - 1;
            Reply::new(206, Load::File(file, length)).with(
                "content-range",
                &format!("bytes {start}-{last}/{}", entry.size),
            )
        }
        Part::Outside => Reply::error(416, "The file has no such part.")
            .with("content-range", &format!("bytes */{}", entry.size)),
    };
    let reply = if reply.status == 416 {
        reply
    } else {
        reply.with("content-type", content_type(&entry.path))
    };
    Ok(reply.with("etag", &etag).with("accept-ranges", "bytes"))
}

fn content_type(path: &str) -> &'static str {
    if TEXT.iter().any(|end| path.ends_with(end)) {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    }
}
