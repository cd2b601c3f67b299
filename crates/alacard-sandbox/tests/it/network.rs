//! Sockets lead nowhere. Without Python a shell can try little, so most is in `python.rs`; here
//! is what `bash` can do where it is.

use std::net::TcpListener;
use std::time::Duration;

use crate::support::{kinds, run};
use alacard_sandbox::Spec;

#[test]
fn a_listener_of_the_host_is_not_reached() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        "for there in tcp/127.0.0.1/{port} udp/127.0.0.1/{port} tcp/1.1.1.1/443 udp/8.8.8.8/53; do \
         (exec 3<>/dev/$there && echo x >&3 && echo REACHED $there) 2>/dev/null; done; true"
    );
    for kind in kinds() {
        let said = run(&Spec::new("/bin/bash").args(["-c", &script]), kind);
        let reached: Vec<&str> = said
            .out
            .lines()
            .filter(|line| !line.contains("udp/127"))
            .collect();
        assert!(reached.is_empty(), "{kind:?} {said:?}");
        std::thread::sleep(Duration::from_millis(50));
        assert!(listener.accept().is_err(), "{kind:?}");
    }
}
