//! Files of the host stay unread and unchanged.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;

use alacard_sandbox::Kind;

use crate::support::{kinds, run, sh};

#[test]
fn nothing_of_the_host_is_read() {
    let secret = tempfile::Builder::new()
        .prefix("secret")
        .tempdir_in("/var/tmp")
        .unwrap();
    std::fs::write(secret.path().join("key"), "the-secret").unwrap();
    let home = std::env::var("HOME").unwrap_or_else(|_| "/root".into());
    let script = format!(
        "for path in /etc/shadow {home} /root /home/* {key} /proc/1/root/etc/shadow \
         /proc/self/root/etc/shadow /proc/$PPID/root/root /proc/1/root/home /proc/$PPID/cwd/home /run /var /srv /boot /work/../etc/shadow; do \
           if [ -d \"$path\" ]; then ls \"$path\" >/dev/null 2>&1 && [ -n \"$(ls $path)\" ] && echo \"READ $path\"; \
           else cat \"$path\" 2>/dev/null && echo \"READ $path\"; fi; done; true",
        key = secret.path().join("key").display(),
    );
    for kind in kinds() {
        let said = run(&sh(&script), kind);
        assert_eq!(said.code(), 0, "{said:?}");
        assert!(!said.out.contains("READ"), "{kind:?} {said:?}");
        assert!(!said.out.contains("the-secret"), "{kind:?}");
    }
}

#[test]
fn the_environment_of_the_host_is_not_read() {
    let script =
        "for file in /proc/[0-9]*/environ; do tr '\\0' '\\n' < $file 2>/dev/null; done; true";
    for kind in kinds() {
        let said = run(&sh(script), kind);
        // This process has many variables of cargo or of a shell; none of them is seen.
        for (name, value) in std::env::vars().filter(|(_, value)| value.len() > 12) {
            assert!(
                !said.out.contains(&format!("{name}={value}")) || value.starts_with("/usr/"),
                "{kind:?} {name}"
            );
        }
        assert!(!said.out.contains("ALACARD_CONFINE"), "{kind:?} {said:?}");
    }
}

#[test]
fn nothing_is_written_outside() {
    let script = "for place in / /usr /usr/bin /etc /dev /dev/shm/.. /proc /sys /var /var/tmp /opt /home /root /run; do \
        (echo x > $place/alacard-outside) 2>/dev/null && echo WROTE $place; done; \
        (echo x >> /usr/bin/env) 2>/dev/null && echo WROTE env; \
        (echo x > /proc/sys/kernel/hostname) 2>/dev/null && echo WROTE sysctl; \
        (echo 1 > /proc/sys/vm/drop_caches) 2>/dev/null && echo WROTE drop; \
        for file in $(find /proc /sys -maxdepth 4 -type f -writable -not -path '/proc/[0-9]*' -not -path '/proc/self/*' -not -path '/proc/thread-self/*' -not -path '/proc/pressure/*' 2>/dev/null); do (: >> $file) 2>/dev/null && echo OPEN $file; done; \
        (echo h > /proc/sysrq-trigger) 2>/dev/null && echo WROTE sysrq; \
        mkdir /alacard-dir 2>/dev/null && echo WROTE mkdir; rm -rf /usr/bin/env 2>/dev/null; [ -e /usr/bin/env ] || echo GONE; true";
    for kind in kinds() {
        let said = run(&sh(script), kind);
        assert_eq!(said.out, "", "{kind:?} {said:?}");
        for place in [
            "/alacard-outside",
            "/usr/alacard-outside",
            "/var/tmp/alacard-outside",
            "/tmp/alacard-outside",
        ] {
            assert!(!std::path::Path::new(place).exists(), "{kind:?} {place}");
        }
    }
}

#[test]
fn what_is_shown_cannot_be_changed_in_any_way() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    std::fs::write(&file, "weights").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let before = std::fs::metadata(&file).unwrap();
    let script = "f=$1/model.safetensors; cd $ALACARD_WORK
        echo bad > $f; echo bad >> $f; rm -f $f; mv $f $f.2; ln $f hard && echo bad > hard
        ln -s $f soft; echo bad > soft; truncate -s 0 $f; : > $1/new; mkdir $1/dir
        ln -s /etc $1/link; chmod 777 $f; touch -d 2001-01-01 $f; chown 12:12 $f
        cp -f /usr/bin/env $f; mv -f soft $f; sed -i s/w/b/ $f; dd if=/dev/zero of=$f count=1; true";
    for kind in kinds() {
        let mut spec = sh(script).show(folder.path(), "/twins");
        spec = spec.args(["sh", "/twins"]);
        let said = run(&spec, kind);
        let after = std::fs::metadata(&file).unwrap();
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            "weights",
            "{kind:?} {said:?}"
        );
        assert_eq!(
            (before.mode(), before.uid(), before.mtime(), before.nlink()),
            (after.mode(), after.uid(), after.mtime(), after.nlink()),
            "{kind:?} {said:?}"
        );
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "{kind:?}"
        );
    }
}

#[test]
fn the_folder_is_gone_afterwards() {
    for kind in kinds().into_iter().chain([Kind::None]) {
        let said = run(&sh("echo x > left; echo $ALACARD_WORK"), kind);
        let work = said.out.trim();
        assert!(
            kind == Kind::Bubblewrap || work.contains("alacard-"),
            "{said:?}"
        );
        assert!(
            !std::path::Path::new(work).join("left").exists(),
            "{kind:?}"
        );
    }
}
