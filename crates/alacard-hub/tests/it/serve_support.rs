//! A server on a folder, and a client that sends exactly what it is told to.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use alacard_hub::serve::{Repos, Server};
use serde_json::Value;

pub(crate) const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// An answer.
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Status and error code.
    pub(crate) fn fault(&self) -> (u16, &str) {
        (self.status, self.header("x-error-code"))
    }
}

/// A connection that stays open.
pub(crate) struct Line(BufReader<TcpStream>);

impl Line {
    pub(crate) fn to(server: &Server) -> Self {
        let address = server.url().replace("http://", "");
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self(BufReader::new(stream))
    }

    pub(crate) fn ask(&mut self, method: &str, target: &str, headers: &[&str], body: &str) -> Got {
        let length = body.len();
        let more: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{more}\r\n{body}"
        );
        self.send(head.as_bytes(), method != "HEAD")
    }

    /// Sends bytes and reads one answer.
    pub(crate) fn send(&mut self, bytes: &[u8], has_body: bool) -> Got {
        // A server that has seen enough may close before everything was sent.
        let _ = self.0.get_mut().write_all(bytes);
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = BTreeMap::new();
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers
            .get("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; if has_body { length } else { 0 }];
        self.0.read_exact(&mut body).unwrap();
        Got {
            status,
            headers,
            body,
        }
    }
}

pub(crate) fn get(server: &Server, target: &str) -> Got {
    Line::to(server).ask("GET", target, &[], "")
}

pub(crate) fn head(server: &Server, target: &str) -> Got {
    Line::to(server).ask("HEAD", target, &[], "")
}

pub(crate) fn start(repos: Repos) -> Server {
    Server::start(([127, 0, 0, 1], 0).into(), repos).unwrap()
}

/// A server of everything below a folder.
pub(crate) fn mirror(dir: &Path) -> Server {
    start(Repos::from_dir(dir).unwrap())
}

/// The values of a field of a list.
pub(crate) fn field<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|entry| entry[name].as_str().unwrap())
        .collect()
}
