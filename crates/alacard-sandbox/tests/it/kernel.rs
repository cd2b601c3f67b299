//! The kernel's own doors stay shut.

use alacard_sandbox::Kind;

use crate::support::{helper, kinds, run, sh, watched};

#[test]
fn nothing_is_mounted_and_no_namespace_is_made() {
    let script = "mkdir -p m; mount -t tmpfs none m 2>/dev/null && echo MOUNT; \
        unshare -U true 2>/dev/null && echo USER; unshare -r true 2>/dev/null && echo ROOT; \
        unshare -m true 2>/dev/null && echo MNT; unshare -n true 2>/dev/null && echo NET; \
        umount /proc 2>/dev/null && echo UMOUNT; mount -o remount,rw / 2>/dev/null && echo REMOUNT; \
        chroot . /bin/true 2>/dev/null && echo CHROOT; mknod disk b 8 0 2>/dev/null && echo DEVICE; \
        nsenter -t 1 -m true 2>/dev/null && echo ENTER; hostname other 2>/dev/null && echo NAME; \
        dmesg >/dev/null 2>&1 && echo LOG; date -s 2001-01-01 >/dev/null 2>&1 && echo TIME; true";
    for kind in kinds() {
        let said = run(&sh(script), kind);
        assert_eq!(
            (said.code(), said.out.as_str()),
            (0, ""),
            "{kind:?} {said:?}"
        );
    }
}

#[test]
fn there_are_no_rights_to_win() {
    for kind in kinds() {
        let said = run(
            &sh("grep -E 'NoNewPrivs|Seccomp:|CapEff' /proc/self/status; id -u"),
            kind,
        );
        assert!(said.out.contains("NoNewPrivs:\t1"), "{kind:?} {said:?}");
        assert!(said.out.contains("Seccomp:\t2"), "{kind:?} {said:?}");
        if kind == Kind::Bubblewrap {
            assert!(said.out.contains("CapEff:\t0000000000000000"), "{said:?}");
            assert!(said.out.ends_with("1000\n"), "{said:?}");
        }
    }
}

#[test]
fn programs_with_borrowed_rights_lend_none() {
    let script = "cp /bin/sh ./suid && chmod u+s ./suid; ./suid -p -c 'id -u; cat /etc/shadow' 2>/dev/null; \
        su -c 'cat /etc/shadow' 2>/dev/null; passwd -S 2>/dev/null; true";
    for kind in kinds() {
        let said = run(&sh(script), kind);
        assert!(!said.out.contains("root:"), "{kind:?} {said:?}");
    }
}

#[test]
fn processes_of_the_host_get_no_signal() {
    for kind in kinds() {
        let mut victim = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let script = format!(
            "kill -9 {} 2>/dev/null && echo HIT; kill -9 {} 2>/dev/null && echo HIT; true",
            victim.id(),
            std::process::id()
        );
        let said = run(&sh(&script), kind);
        if alacard_sandbox_scopes(kind) {
            assert!(victim.try_wait().unwrap().is_none(), "{kind:?} {said:?}");
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
    }
}

/// Before version 6 Landlock cannot hold signals back, and says so among the gaps.
fn alacard_sandbox_scopes(kind: Kind) -> bool {
    kind == Kind::Bubblewrap || crate::support::launcher().available().landlock.unwrap() >= 6
}

#[test]
fn processes_of_the_host_are_not_seen() {
    let said = run(&sh("ls /proc | grep -c '^[0-9]'"), Kind::Bubblewrap);
    assert!(said.out.trim().parse::<u32>().unwrap() < 10, "{said:?}");
    assert!(helper().exists());
}

#[test]
fn the_supervisor_is_closed_off() {
    let script = "p=$PPID; cat /proc/$p/environ >/dev/null 2>&1 && echo ENVIRON; cat /proc/$p/maps 2>/dev/null | grep -q . && echo MAPS; \
        readlink /proc/$p/fd/1 && echo FILES; readlink /proc/$p/exe && echo EXE; head -c 1 /proc/$p/mem >/dev/null 2>&1 && echo MEMORY; true";
    for kind in kinds() {
        let said = run(&watched(2000, 100, script), kind);
        assert_eq!(said.code(), 0, "{kind:?} {said:?}");
        for word in ["ENVIRON", "MAPS", "FILES", "EXE", "MEMORY"] {
            assert!(!said.out.contains(word), "{kind:?} {said:?}");
        }
    }
}
