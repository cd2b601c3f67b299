//! Requests and answers on the wire.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::fake::{Answer, Delivery, Seen, State, answers, locked};

/// Longest head of a request that is read, in bytes.
const MAX_HEAD: u64 = 64 * 1024;

/// Answers each connection on a thread of its own until somebody asks to stop.
pub(super) fn accept(listener: &TcpListener, state: &Arc<Mutex<State>>, stop: &AtomicBool) {
    for stream in listener.incoming() {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let state = Arc::clone(state);
        // A client that goes away in the middle is part of the tests.
        std::thread::spawn(move || drop(serve(stream, &state)));
    }
}

/// Answers one request and closes the connection.
fn serve(stream: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let Some(request) = read_request(&stream)? else {
        return Ok(());
    };
    let answer = {
        let mut state = locked(state);
        state.seen.push(request.clone());
        answers::answer(&mut state, &request)
    };
    send(stream, &request, &answer)
}

fn read_request(stream: &TcpStream) -> io::Result<Option<Seen>> {
    let mut reader = BufReader::new(io::Read::take(stream, MAX_HEAD));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(None);
    };
    let (method, target) = (method.to_owned(), target.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            return Ok(Some(Seen {
                method,
                target,
                headers,
            }));
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
}

fn send(mut stream: TcpStream, request: &Seen, answer: &Answer) -> io::Result<()> {
    if answer.delivery == Delivery::Nothing {
        return Ok(());
    }
    let mut head = format!(
        "HTTP/1.1 {} Fake\r\nConnection: close\r\nContent-Length: {}\r\n",
        answer.status,
        answer.body.len()
    );
    for (name, value) in &answer.headers {
        // Writing to a string cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    if request.method == "HEAD" || answer.status == 304 {
        return stream.flush();
    }
    match answer.delivery {
        Delivery::Slow(size, pause) => {
            for piece in answer.body.chunks(size.max(1)) {
                stream.write_all(piece)?;
                stream.flush()?;
                std::thread::sleep(pause);
            }
        }
        Delivery::CutOff(length) => {
            stream.write_all(answer.body.get(..length).unwrap_or(&answer.body))?
        }
        Delivery::Whole | Delivery::Nothing => stream.write_all(&answer.body)?,
    }
    stream.flush()
}
