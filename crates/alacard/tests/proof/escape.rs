//! What a notebook must not reach. The cells themselves assert that they could not: a proof in
//! which all cells ran is the evidence.

use crate::bench::{Bench, cache};

/// Asserts inside the sandbox that code fails with an operating system's or network error.
fn fails(code: &str) -> String {
    let body: String = code.lines().map(|line| format!("    {line}\n")).collect();
    format!("try:\n{body}except OSError:\n    pass\nelse:\n    raise AssertionError('it worked')\n")
}

#[test]
#[ignore = "needs uv and Python"]
fn files_of_the_host_are_not_there() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("home")).unwrap();
    let secret = bench.path("home/secret.txt");
    std::fs::write(&secret, "do-not-show").unwrap();
    let other = bench.path("another-run");
    std::fs::create_dir_all(&other).unwrap();
    let reads = [
        "open('/etc/shadow').read()".to_owned(),
        format!("open({:?}).read()", secret.display().to_string()),
        format!(
            "__import__('os').listdir({:?})",
            other.display().to_string()
        ),
        "open('/proc/1/environ', 'rb').read()".to_owned(),
    ];
    let cells: Vec<String> = reads.iter().map(|code| fails(code)).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    bench.prove(&cells, &[]).all_ran();
}

#[test]
#[ignore = "needs uv and Python"]
fn variables_of_the_host_are_not_there() {
    let bench = Bench::new();
    let cell = "import os, glob\nassert 'SECRET_OF_THE_HOST' not in os.environ\nseen = b''\nfor path in glob.glob('/proc/[0-9]*/environ'):\n    try:\n        seen += open(path, 'rb').read()\n    except OSError:\n        pass\nassert b'do-not-show' not in seen\n";
    bench.prove(&[cell], &[]).all_ran();
}

#[test]
#[ignore = "needs uv and Python"]
fn there_is_no_network() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let cells = [
        fails(&format!(
            "import socket\nsocket.create_connection(('127.0.0.1', {port}), 3)"
        )),
        fails("import socket\nsocket.create_connection(('1.1.1.1', 53), 3)"),
        fails(
            "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.connect(('1.1.1.1', 53))\ns.send(b'x')",
        ),
        fails("import socket\nsocket.getaddrinfo('example.org', 80)"),
    ];
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    Bench::new().prove(&cells, &[]).all_ran();
}

#[test]
#[ignore = "needs uv and Python"]
fn nothing_can_be_written_outside() {
    let bench = Bench::new();
    let before = std::fs::read_dir(cache()).unwrap().count();
    let twins = cache().join("twins/planted");
    let writes = [
        "open('/usr/planted', 'w')".to_owned(),
        "open('/planted', 'w').write('x')\nimport os\nos.link('/planted', '/usr/planted')"
            .to_owned(),
        format!("open({:?}, 'w')", twins.display().to_string()),
        "import sys, os\nopen(os.path.join(sys.prefix, 'planted'), 'w')".to_owned(),
    ];
    let cells: Vec<String> = writes.iter().map(|code| fails(code)).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    bench.prove(&cells, &[]).all_ran();
    assert!(!twins.exists());
    assert_eq!(std::fs::read_dir(cache()).unwrap().count(), before);
}

#[test]
#[ignore = "needs uv and Python"]
fn the_supervisor_cannot_be_read() {
    let cell = "import os, glob\nme = os.getpid()\nfound = 0\nfor path in glob.glob('/proc/[0-9]*'):\n    pid = int(path[6:])\n    if pid == me:\n        continue\n    for name in ('mem', 'fd/0', 'environ'):\n        try:\n            os.close(os.open(f'{path}/{name}', os.O_RDONLY | os.O_NONBLOCK))\n            found += 1\n        except OSError:\n            pass\nassert found == 0, found\n";
    Bench::new().prove(&[cell], &[]).all_ran();
}

#[test]
#[ignore = "needs uv and Python"]
fn daemons_do_not_outlive_the_run() {
    let mark = format!("alacard-daemon-{}", std::process::id());
    let cell = format!(
        "import subprocess, sys\nfor _ in range(3):\n    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)', '{mark}'], start_new_session=True)\nprint('left')\n"
    );
    Bench::new().prove(&[&cell], &[]).all_ran();
    assert_eq!(processes_with(&mark), 0);
}

/// Processes of this machine whose command line has a mark.
pub(crate) fn processes_with(mark: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines
        .filter(|line| String::from_utf8_lossy(line).contains(mark))
        .count()
}
