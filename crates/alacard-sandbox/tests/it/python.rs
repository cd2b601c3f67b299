//! The same with Python, which can try what a shell cannot. `ALACARD_TEST_PYTHON` names one.

use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

use alacard_sandbox::{Kind, Spec, confine};

use crate::support::{Said, kinds, launcher, run};

fn python() -> PathBuf {
    std::env::var_os("ALACARD_TEST_PYTHON").map_or_else(|| "/usr/bin/python3".into(), PathBuf::from)
}

/// Shows an interpreter, its environment and the installation behind it.
fn spec(code: &str) -> Spec {
    let python = python();
    let mut spec = Spec::new(&python).args(["-I", "-S", "-c", code]);
    let real = python.canonicalize().unwrap();
    for file in [python.as_path(), real.as_path()] {
        let root = file.parent().and_then(Path::parent).unwrap().to_path_buf();
        let known = spec.read_only.iter().any(|shown| shown.host == root);
        if !root.starts_with("/usr") && !known {
            spec = spec.show_in_place(root);
        }
    }
    spec
}

fn said(code: &str, kind: Kind) -> Said {
    let said = run(&spec(code), kind);
    assert_eq!(said.code(), 0, "{kind:?} {said:?}");
    said
}

#[test]
#[ignore = "needs Python"]
fn the_usual_works() {
    let code = "
import socket, subprocess, tempfile, threading, os, shutil, ssl, ctypes, multiprocessing, uuid, getpass
print(getpass.getuser(), os.path.expanduser('~') == os.environ['ALACARD_WORK'])
with tempfile.TemporaryDirectory() as d:
    open(d + '/a', 'w').write('x'); shutil.copy2(d + '/a', d + '/b'); os.rename(d + '/b', d + '/c')
print(subprocess.run(['/bin/echo', 'child'], capture_output=True).stdout)
a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))
s = socket.socket(socket.AF_UNIX); s.bind('ipc'); s.listen(); c = socket.socket(socket.AF_UNIX); c.connect('ipc')
s = socket.socket(); s.bind(('127.0.0.1', 23456)); s.listen()
c = socket.create_connection(('localhost', 23456), 2); print('tcp')
t = threading.Thread(target=lambda: None); t.start(); t.join(); print(os.cpu_count() > 0)
import mmap; mmap.mmap(-1, 4096).write(b'x')
";
    for kind in kinds() {
        let mut spec = spec(code);
        spec.ports = vec![23456];
        let said = run(&spec, kind);
        assert_eq!(said.code(), 0, "{kind:?} {said:?}");
        assert!(
            said.out.contains("tcp") && said.out.contains("child"),
            "{said:?}"
        );
    }
}

#[test]
#[ignore = "needs Python"]
fn no_socket_leads_out() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    tcp.set_nonblocking(true).unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_nonblocking(true).unwrap();
    let name = format!("alacard-test-{}", std::process::id());
    let abstract_one =
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    abstract_one.set_nonblocking(true).unwrap();
    let code = format!(
        "
import socket, ctypes, os
def attempt(what, f):
    try: f(); print('REACHED', what)
    except OSError as e: print('no', what, e.errno)
def tcp(family, address, proto=0, kind=socket.SOCK_STREAM):
    def f():
        s = socket.socket(family, kind, proto); s.settimeout(1); s.connect(address)
    return f
def udp(address):
    def f(): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', address)
    return f
def fast():
    s = socket.socket(); s.settimeout(1); s.sendto(b'x', 0x20000000, ('127.0.0.1', {tcp}))
v4, v6 = socket.AF_INET, socket.AF_INET6
attempt('tcp', tcp(v4, ('127.0.0.1', {tcp})))
attempt('mptcp', tcp(v4, ('127.0.0.1', {tcp}), 262))
attempt('sctp', tcp(v4, ('127.0.0.1', {tcp}), 132))
attempt('fast', fast)
attempt('mapped', tcp(v6, ('::ffff:127.0.0.1', {tcp})))
attempt('out', tcp(v4, ('1.1.1.1', 443)))
attempt('raw', lambda: socket.socket(v4, socket.SOCK_RAW, 1))
attempt('packet', lambda: socket.socket(17, socket.SOCK_RAW))
attempt('vsock', lambda: socket.socket(40, socket.SOCK_STREAM))
attempt('alg', lambda: socket.socket(38, socket.SOCK_SEQPACKET))
attempt('abstract', lambda: socket.socket(socket.AF_UNIX).connect(chr(0) + '{name}'))
try: udp(('127.0.0.1', {udp}))()
except OSError as e: print('no udp', e.errno)
attempt('dns', lambda: socket.getaddrinfo('example.org', 80))
",
        tcp = tcp.local_addr().unwrap().port(),
        udp = udp.local_addr().unwrap().port(),
    );
    for kind in kinds() {
        let said = said(&code, kind);
        let scoped = kind == Kind::Bubblewrap || launcher().available().landlock.unwrap() >= 6;
        let reached = said.out.lines().filter(|line| line.contains("REACHED"));
        let reached: Vec<&str> = reached
            .filter(|line| scoped || !line.contains("abstract"))
            .collect();
        assert!(reached.is_empty(), "{kind:?} {said:?}");
        assert!(
            tcp.accept().is_err() && udp.recv(&mut [0; 8]).is_err(),
            "{kind:?}"
        );
        assert!(!scoped || abstract_one.accept().is_err(), "{kind:?}");
    }
}

#[test]
#[ignore = "needs Python"]
fn calls_that_reach_past_a_sandbox_are_refused() {
    // Numbers of x86-64 and of the ABI with short pointers.
    let code = "
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
calls = {'ptrace': 101, 'process_vm_readv': 310, 'unshare': 272, 'setns': 308, 'mount': 165, 'bpf': 321,
  'perf_event_open': 298, 'keyctl': 250, 'add_key': 248, 'userfaultfd': 323, 'io_uring_setup': 425,
  'open_by_handle_at': 304, 'kexec_load': 246, 'init_module': 175, 'clone3': 435, 'memfd_create': 319,
  'pidfd_getfd': 438, 'fsopen': 430, 'shmget': 29, 'x32 ptrace': 0x40000000 + 521, 'x32 mount': 0x40000000 + 165}
if platform.machine() == 'x86_64':
    for name, number in calls.items():
        ctypes.set_errno(0)
        result = libc.syscall(number, 0, 0, 0, 0, 0, 0)
        print(name, result, ctypes.get_errno())
        assert result == -1 and ctypes.get_errno() in (1, 38), name
    for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000):
        assert libc.syscall(56, flag | 17, 0, 0, 0, 0) == -1, hex(flag)
print('end')
";
    for kind in kinds() {
        assert!(said(code, kind).out.ends_with("end\n"), "{kind:?}");
    }
}

#[test]
#[ignore = "needs Python"]
fn memory_that_hides_from_the_usual_count_is_found() {
    // Pages that only a shared folder of memory holds.
    let code = "
import os, mmap
fd = os.open('/dev/shm/x', os.O_CREAT | os.O_RDWR)
for _ in range(10000): os.write(fd, bytes(1 << 20))
";
    let mut spec = spec(code);
    spec.shm_mb = 400;
    spec.file_mb = 1000;
    let said = crate::support::run(&under_watch(spec, 200), Kind::Bubblewrap);
    assert!(said.out.contains("\"what\":\"memory\""), "{said:?}");
}

#[test]
#[ignore = "needs Python"]
fn pages_that_forks_share_count_once() {
    let code = "
import os, time
data = bytearray(150 << 20)
for _ in range(6):
    if os.fork() == 0: time.sleep(1.5); os._exit(0)
time.sleep(1.8)
";
    for kind in kinds() {
        let said = run(&under_watch(spec(code), 400), kind);
        assert!(!said.out.contains("\"what\""), "{kind:?} {said:?}");
        let peak = said.out.split_once("peak_mb\":").unwrap().1;
        let peak: u64 = peak.split('}').next().unwrap().parse().unwrap();
        assert!((150..400).contains(&peak), "{kind:?} {said:?}");
    }
}

fn under_watch(mut spec: Spec, memory_mb: u64) -> Spec {
    let mut args = vec![
        "watch".into(),
        memory_mb.to_string().into(),
        "100".into(),
        "--".into(),
    ];
    args.push(spec.program.clone().into_os_string());
    args.append(&mut spec.args);
    spec.args = args;
    spec.program = "/opt/confined".into();
    spec.show(crate::support::helper(), "/opt/confined")
}

#[test]
#[ignore = "needs Python"]
fn a_process_can_give_up_named_sockets() {
    let bytes = confine::no_named_sockets().unwrap();
    let code = format!(
        "
import ctypes, socket
code = bytes.fromhex('{hex}')
class Program(ctypes.Structure): _fields_ = [('length', ctypes.c_ushort), ('filter', ctypes.c_char_p)]
program = Program(len(code) // 8, code)
libc = ctypes.CDLL(None, use_errno=True)
before = socket.socket(socket.AF_UNIX)
assert libc.prctl(22, 2, ctypes.byref(program)) == 0
before.bind('ipc')
socket.socketpair(); socket.socket()
try: socket.socket(socket.AF_UNIX); print('OPEN')
except PermissionError: print('shut')
",
        hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    );
    for kind in kinds() {
        assert_eq!(said(&code, kind).out, "shut\n", "{kind:?}");
    }
}
