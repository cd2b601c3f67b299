//! `alacard hub serve`: what it prints, what it serves, how it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::bed::Bed;

/// Starts the server and reads the first line of its output.
fn start(bed: &Bed, arguments: &[&str]) -> (Child, String) {
    let all = [&["hub", "serve"], arguments].concat();
    let mut child = bed
        .alacard(&all)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    (child, line.trim().to_owned())
}

/// Ends the server as Ctrl-C does: its exit code and its messages.
fn stop(mut child: Child) -> (Option<i32>, String) {
    let ended = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(ended.unwrap().success());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    (child.wait().unwrap().code(), said)
}

fn get(url: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
#[cfg(unix)]
fn it_prints_its_address_serves_and_ends_in_peace() {
    let bed = Bed::new();
    bed.put("models/org/name/config.json", "{}");
    let (child, url) = start(&bed, &["models"]);
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let answer = get(&url, "/org/name/resolve/main/config.json");
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("{}"),
        "{answer}"
    );
    let (code, said) = stop(child);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("HF_ENDPOINT={url}")), "{said}");
    assert!(!said.contains("GET"), "{said}");
}

#[test]
#[cfg(unix)]
fn it_tells_requests_and_open_doors_to_whoever_asks() {
    let bed = Bed::new();
    bed.put("models/org/name/config.json", "{}");
    let (child, line) = start(
        &bed,
        &["models", "--json", "--verbose", "--host", "0.0.0.0"],
    );
    let announced: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(announced["dir"], "models");
    let port = announced["url"]
        .as_str()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap();
    get(&format!("127.0.0.1:{port}"), "/api/models/org/none%1b");
    let (code, said) = stop(child);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("warning: Everybody who reaches this machine"),
        "{said}"
    );
    assert!(said.contains("401 GET /api/models/org/none%1b"), "{said}");
}

#[test]
fn what_cannot_be_served_is_said() {
    let bed = Bed::new();
    bed.put("a.txt", "");
    std::fs::create_dir(bed.path("empty")).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (arguments, code, words) in [
        (vec!["nowhere"], 2, "cannot be served"),
        (vec!["a.txt"], 2, "cannot be served"),
        (
            vec!["empty", "--host", "not an address"],
            2,
            "is no address",
        ),
        (vec!["empty", "--port", &port], 1, "cannot be listened on"),
        (vec!["empty", "--port", "65536"], 2, "65536"),
        (vec![], 2, "<DIR>"),
    ] {
        let ran = bed.run(&[&["hub", "serve"], arguments.as_slice()].concat());
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}
