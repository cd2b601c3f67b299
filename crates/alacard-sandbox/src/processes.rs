//! Processes, as `/proc` shows them.

use std::path::Path;

use crate::Kind;

/// One process at one time. Numbers are used again, start times with them are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) state: char,
    started: u64,
}

impl Process {
    /// Whether it still runs.
    pub(crate) fn is_alive(&self) -> bool {
        read(self.pid).is_some_and(|now| now.started == self.started && now.is_running())
    }

    pub(crate) fn is_running(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

/// Whose processes are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of this process namespace but its first.
    Namespace,
    /// All descendants of this process, without itself.
    Below(u32),
}

impl Scope {
    /// Everything in this sandbox, asked by the command that was started in it.
    #[must_use]
    pub fn here(kind: Kind) -> Self {
        match kind {
            Kind::Bubblewrap => Self::Namespace,
            // The guardian, to which orphans fall.
            Kind::Landlock | Kind::None => Self::Below(std::os::unix::process::parent_id()),
        }
    }

    pub(crate) fn members(self) -> Vec<u32> {
        match self {
            Self::Namespace => all().into_iter().filter(|pid| *pid != 1).collect(),
            Self::Below(root) => below(root),
        }
    }
}

/// Whether this is a namespace of bubblewrap: its first process is one. The host's is not.
pub(crate) fn is_namespace() -> bool {
    let name = std::fs::read_to_string("/proc/1/comm").unwrap_or_default();
    name.trim_end() == "bwrap"
}

/// All processes that can be seen.
pub(crate) fn all() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect()
}

pub(crate) fn read(pid: u32) -> Option<Process> {
    parse(
        pid,
        &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?,
    )
}

/// The name in brackets may hold anything, so what counts comes after the last of them.
fn parse(pid: u32, stat: &str) -> Option<Process> {
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some(Process {
        pid,
        parent,
        state,
        started,
    })
}

/// All descendants of a process.
pub(crate) fn below(root: u32) -> Vec<u32> {
    if !Path::new("/proc/thread-self/children").exists() {
        return below_by_parents(root);
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        for child in children(pid) {
            found.push(child);
            open.push(child);
        }
    }
    found
}

/// The children of a process, of all its threads.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let lists = threads
        .flatten()
        .map(|thread| thread.path().join("children"));
    let texts = lists.filter_map(|list| std::fs::read_to_string(list).ok());
    texts.flat_map(|text| numbers(&text)).collect()
}

fn numbers(text: &str) -> Vec<u32> {
    text.split_ascii_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// For kernels without lists of children: everything, and who belongs to whom.
fn below_by_parents(root: u32) -> Vec<u32> {
    let everything: Vec<Process> = all().into_iter().filter_map(read).collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(
            everything
                .iter()
                .filter(|p| p.parent == parent)
                .map(|p| p.pid),
        );
        next += 1;
    }
    found.split_off(1)
}

/// Processes and threads of a user.
pub(crate) fn tasks_of(user: u32) -> u64 {
    all().into_iter().filter_map(|pid| tasks(pid, user)).sum()
}

fn tasks(pid: u32, user: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace().next()?.parse::<u64>().ok()
    };
    (field("Uid:")? == u64::from(user)).then(|| field("Threads:"))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_hide_the_numbers() {
        let line = "7 (a) R 1 (b)) S 5 7 7 0 -1 4 1 0 0 0 0 0 0 0 20 0 3 0 99 1 1";
        let process = parse(7, line).unwrap();
        assert_eq!(
            (process.parent, process.state, process.started),
            (5, 'S', 99)
        );
    }

    #[test]
    fn both_ways_find_the_same_descendants() {
        let mut child = std::process::Command::new("sleep")
            .arg("30")
            .spawn()
            .unwrap();
        let me = std::process::id();
        assert!(below(me).contains(&child.id()));
        assert!(below_by_parents(me).contains(&child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
