//! The thread that starts processes.
//!
//! A process can ask to be ended when its parent ends, but what the kernel watches is the thread
//! that started it. So one thread starts them all and stays as long as the program.

use std::io;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

type Order = (Command, Sender<io::Result<Child>>);

static SPAWNER: OnceLock<Option<Sender<Order>>> = OnceLock::new();

pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    let gone = || io::Error::other("the thread that starts processes is gone");
    let orders = SPAWNER.get_or_init(start).as_ref().ok_or_else(gone)?;
    let (answer, answered) = channel();
    orders.send((command, answer)).map_err(|_| gone())?;
    answered.recv().map_err(|_| gone())?
}

fn start() -> Option<Sender<Order>> {
    let (orders, ordered) = channel::<Order>();
    let work = move || {
        while let Ok((mut command, answer)) = ordered.recv() {
            // Nobody waits any more: the child, if any, is dropped and ends by its own step.
            let _ = answer.send(command.spawn());
        }
    };
    std::thread::Builder::new()
        .name("sandbox-spawner".to_owned())
        .spawn(work)
        .ok()?;
    Some(orders)
}
