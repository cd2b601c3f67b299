//! Files of any size: read in pieces, and taken up again where an answer was cut off.

use std::io::{self, Read};
use std::time::Duration;

use crate::client::follow::{self, Ask};
use crate::client::retry::Patience;
use crate::client::transport::{Answer, Opened, Trouble, reading};
use crate::client::{Client, Failure, Miss};

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;
/// A round of tries that brought as much is followed by another one.
const PROGRESS: u64 = 1 << 20;
/// An answer that brings less than [`SLOWEST`] bytes in this time counts as one that stopped.
const LOOK: Duration = Duration::from_secs(60);
/// See [`LOOK`].
const SLOWEST: u64 = 64 * 1024;

/// Where the bytes of a file go.
pub(crate) trait Sink {
    /// How many bytes it has.
    fn have(&self) -> u64;
    /// How many bytes the whole file has, when that is known.
    fn size(&self) -> Option<u64>;
    /// Takes more bytes.
    fn put(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Forgets the bytes it has.
    fn restart(&mut self) -> io::Result<()>;
}

/// Why a file was not read to its end.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The Hub's side.
    Hub(Failure),
    /// This side.
    Disk(io::Error),
}

impl Client {
    /// `GET /{id}/resolve/{rev}/{path}` into a sink, from where the sink is.
    pub(crate) fn stream(
        &self,
        id: &str,
        revision: &str,
        path: &str,
        sink: &mut dyn Sink,
    ) -> Result<(), Broken> {
        let mut parts: Vec<&str> = id.split('/').collect();
        parts.extend(["resolve", revision]);
        parts.extend(path.split('/'));
        let url = self.address(&parts).map_err(Broken::Hub)?;
        let home = self
            .home
            .as_ref()
            .ok_or(Broken::Hub(Failure::BadEndpoint))?;
        loop {
            let before = sink.have();
            let mut disk = None;
            let patience = Patience::Full;
            let done = self.persist(patience, &mut |tries| {
                let ask = Ask {
                    url: url.clone(),
                    home,
                    token: self.options.token.as_ref(),
                    etag: None,
                    limit: 0,
                    json: false,
                    from: Some(sink.have()),
                };
                self.piece(&ask, sink, &mut disk, patience, tries)
            });
            match (done, disk) {
                (_, Some(error)) => return Err(Broken::Disk(error)),
                (Ok(()), None) => return Ok(()),
                (Err(failure), None) => {
                    let more = sink.have().saturating_sub(before) >= PROGRESS;
                    if !(more && failure.is_temporary()) {
                        return Err(Broken::Hub(failure));
                    }
                }
            }
        }
    }

    /// One answer, as far as it goes.
    fn piece(
        &self,
        ask: &Ask<'_>,
        sink: &mut dyn Sink,
        disk: &mut Option<io::Error>,
        patience: Patience,
        tries: usize,
    ) -> Result<(), Miss> {
        let missed = |trouble| Miss::trouble(trouble, patience, tries);
        let opened = self
            .transport(ask.home)
            .and_then(|transport| follow::open(transport, ask))
            .map_err(missed)?;
        let mut keep = |done: io::Result<()>| {
            done.map_err(|error| {
                *disk = Some(error);
                missed(Trouble::Cancelled)
            })
        };
        if !fits(&opened.answer, sink) {
            keep(sink.restart())?;
            return Err(missed(Trouble::CutOff));
        }
        if let Some(miss) = Miss::status(&opened.answer) {
            return Err(miss);
        }
        if opened.answer.status != 206 && sink.have() > 0 {
            keep(sink.restart())?;
        }
        self.pour(opened, sink, &mut keep, &missed)
    }

    fn pour(
        &self,
        mut opened: Opened,
        sink: &mut dyn Sink,
        keep: &mut dyn FnMut(io::Result<()>) -> Result<(), Miss>,
        missed: &dyn Fn(Trouble) -> Miss,
    ) -> Result<(), Miss> {
        let mut buffer = vec![0; PIECE];
        let mut looked = (self.options.clock.now(), sink.have());
        loop {
            if self.options.is_cancelled() {
                return Err(missed(Trouble::Cancelled));
            }
            let read = opened.body.read(&mut buffer);
            let count = read.map_err(|error| missed(reading(&error)))?;
            if count == 0 {
                let short = sink.size().is_some_and(|size| sink.have() < size);
                return if short {
                    Err(missed(Trouble::CutOff))
                } else {
                    Ok(())
                };
            }
            keep(sink.put(buffer.get(..count).unwrap_or_default()))?;
            let now = self.options.clock.now();
            if now.saturating_sub(looked.0) > LOOK {
                if sink.have() < looked.1 + SLOWEST {
                    return Err(missed(Trouble::TooSlow));
                }
                looked = (now, sink.have());
            }
        }
    }
}

/// Whether an answer goes on where the sink is: a part that begins elsewhere, or a range that
/// the server does not have, does not.
fn fits(answer: &Answer, sink: &dyn Sink) -> bool {
    match answer.status {
        416 => sink.have() == 0,
        206 => begins_at(answer) == Some(sink.have()),
        _ => true,
    }
}

/// The first byte of a part: `Content-Range: bytes 5-9/10`.
fn begins_at(answer: &Answer) -> Option<u64> {
    let range = answer.header("content-range")?.strip_prefix("bytes ")?;
    range.split('-').next()?.trim().parse().ok()
}
