//! Lines out, lines in.

use std::path::Path;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Stdin, Stdout};

use crate::wire::{Order, Report};

/// Longest order that is read, in bytes: a notebook with the small files of its models.
const LONGEST: u64 = 256 << 20;

/// The wall's two openings.
pub(crate) struct Frames {
    input: BufReader<Stdin>,
    output: Stdout,
}

impl Frames {
    pub(crate) fn new() -> Self {
        Self {
            input: BufReader::new(tokio::io::stdin()),
            output: tokio::io::stdout(),
        }
    }

    /// The next order; nothing when the outside is gone.
    pub(crate) async fn next(&mut self) -> std::io::Result<Option<Order>> {
        use tokio::io::AsyncReadExt;
        let mut line = String::new();
        let mut bounded = (&mut self.input).take(LONGEST);
        if bounded.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let order = serde_json::from_str(&line).map_err(std::io::Error::other)?;
        Ok(Some(order))
    }

    /// Sends a report.
    pub(crate) async fn tell(&mut self, report: &Report) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(report).map_err(std::io::Error::other)?;
        line.push(b'\n');
        self.output.write_all(&line).await?;
        self.output.flush().await
    }

    /// Sends a file: its line, then its bytes.
    pub(crate) async fn send(&mut self, path: &str, file: &Path) -> std::io::Result<()> {
        let bytes = tokio::fs::read(file).await?;
        self.tell(&Report::File {
            path: path.to_owned(),
            bytes: bytes.len() as u64,
        })
        .await?;
        self.output.write_all(&bytes).await?;
        self.output.flush().await
    }
}
