//! Environments, made with the real uv (ignored where there is none; the gate runs them).

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alacard_prove::environment::{EnvErrorKind, Environments, Keep, Settings, Uv, Wish};

fn real(folder: &Path) -> Settings {
    let mut settings = Settings::from_env(&|name| std::env::var(name).ok());
    settings.folder = folder.to_owned();
    settings
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn quiet(_: &str) {}

/// A `uv` that says what it is told.
fn fake(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("uv");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'uv 0.13.9 (test)'; exit 0; fi\n{script}\n"
    );
    std::fs::write(&path, text).unwrap();
    let mut mode = std::fs::metadata(&path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&path, mode).unwrap();
    path
}

/// A `python` that says it is one, for tests in which nothing is executed.
fn fake_python(folder: &Path) -> PathBuf {
    let path = folder.join("python");
    std::fs::write(
        &path,
        "#!/bin/sh\nprintf '%s\\n' \"$0\" 3.12.1 / linux-x86_64 cpython\n",
    )
    .unwrap();
    let mut mode = std::fs::metadata(&path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&path, mode).unwrap();
    path
}

#[test]
fn without_uv_the_hint_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(folder.path());
    settings.uv = Some(folder.path().join("no-uv"));
    let error = Uv::find(&settings).unwrap_err();
    assert_eq!(error.kind, EnvErrorKind::UvMissing);
    assert!(error.hint().unwrap().contains("pip install uv"));
    let environments = Environments::new(settings);
    assert!(environments.list().is_empty());
    assert!(
        environments
            .gc(Keep {
                nothing: true,
                ..Keep::default()
            })
            .unwrap()
            .removed
            .is_empty()
    );
}

#[test]
fn a_resolution_is_kept_and_asked_for_once() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let script = format!("echo x >> '{}'\necho 'b==2'; echo 'a==1'", count.display());
    let mut settings = Settings::new(folder.path().join("envs"));
    settings.uv = Some(fake(folder.path(), &script));
    settings.python = Some(fake_python(folder.path()));
    let calls = || {
        std::fs::read_to_string(&count)
            .unwrap_or_default()
            .lines()
            .count()
    };

    let lock = Environments::new(settings.clone())
        .lock(&texts(&["a", "b"]), "3.12")
        .unwrap();
    assert_eq!(lock.packages, ["a==1", "b==2"]);
    assert_eq!(calls(), 1);
    let again = Environments::new(settings.clone());
    assert_eq!(again.lock(&texts(&["b", "a"]), "3.12").unwrap(), lock);
    assert_eq!(calls(), 1);
    again.upgrade(&texts(&["a", "b"]), "3.12").unwrap();
    assert_eq!(calls(), 2);
}

#[test]
fn a_uv_that_hangs_or_fills_the_disk_is_an_error_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(folder.path().join("envs"));
    settings.python = Some(fake_python(folder.path()));
    settings.uv = Some(fake(folder.path(), "sleep 60"));
    settings.limits.lock = Duration::from_millis(300);
    let begun = Instant::now();
    let error = Environments::new(settings.clone())
        .lock(&texts(&["a"]), "3.12")
        .unwrap_err();
    assert_eq!(error.kind, EnvErrorKind::TimedOut);

    settings.limits.lock = Duration::from_secs(30);
    let cancel = Arc::new(AtomicBool::new(false));
    settings.cancel = Arc::clone(&cancel);
    let waiter = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        cancel.store(true, Ordering::SeqCst);
    });
    let error = Environments::new(settings.clone())
        .lock(&texts(&["a"]), "3.12")
        .unwrap_err();
    assert_eq!(error.kind, EnvErrorKind::Cancelled);
    waiter.join().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10));

    settings.cancel = Arc::default();
    settings.uv = Some(fake(
        folder.path(),
        "echo 'error: No space left on device (os error 28)' >&2; exit 2",
    ));
    let error = Environments::new(settings)
        .lock(&texts(&["a"]), "3.12")
        .unwrap_err();
    assert_eq!(error.kind, EnvErrorKind::DiskFull);
}

#[test]
#[ignore = "makes environments with uv"]
fn an_environment_is_made_once_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let environments = Environments::new(real(folder.path()));
    let lock = environments.lock(&texts(&["ipykernel"]), "3.12").unwrap();
    let made = environments
        .ensure(&lock, &texts(&["ipykernel"]), &quiet)
        .unwrap();
    let run = |code: &str| {
        Command::new(made.python())
            .args(["-I", "-c", code])
            .status()
            .unwrap()
            .success()
    };
    assert!(run("import ipykernel"));
    assert!(made.site_packages().join("ipykernel/__pycache__").is_dir());
    assert!(made.record.bytecode.complete && made.record.bytes > 1_000_000);
    assert_eq!(
        std::fs::read_to_string(made.folder.join("requirements.lock")).unwrap(),
        lock.text()
    );

    let begun = Instant::now();
    let found = environments
        .ensure(&lock, &texts(&["ipykernel"]), &quiet)
        .unwrap();
    assert!(begun.elapsed() < Duration::from_millis(200));
    assert_eq!(found.folder, made.folder);
    // In use: nothing removes it.
    let all = Keep {
        nothing: true,
        ..Keep::default()
    };
    let other = Environments::new(real(folder.path()));
    assert_eq!(
        other.gc(all).unwrap().in_use,
        *std::slice::from_ref(&lock.hash)
    );
    drop((made, found));
    let wish = Wish {
        own: texts(&["traitlets"]),
        ..Wish::default()
    };
    let prepared = other.prepare(&wish, "3.12", &quiet).unwrap();
    assert!(prepared.covered);
    assert_eq!(prepared.environment.lock.hash, lock.hash);
    drop(prepared);
    assert_eq!(other.gc(all).unwrap().removed.len(), 1);
    assert!(other.list().is_empty());
}

#[test]
#[ignore = "makes environments with uv"]
fn environments_share_bytecode() {
    let folder = tempfile::tempdir().unwrap();
    let environments = Environments::new(real(folder.path()));
    for (requirement, shares) in [("ipykernel", false), ("packaging", true)] {
        let requirements = texts(&[
            "ipykernel",
            requirement,
            if shares { "colorama" } else { "ipykernel" },
        ]);
        let lock = environments.lock(&requirements, "3.12").unwrap();
        let made = environments.ensure(&lock, &requirements, &quiet).unwrap();
        // Across file systems uv copies, and there is nothing to share.
        let linked = made.record.own_bytes < made.record.bytes / 2;
        assert_eq!(made.record.bytecode.shared > 100, shares && linked);
    }
}

#[test]
#[ignore = "asks the package index"]
fn what_cannot_be_resolved_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let environments = Environments::new(real(folder.path()));
    let fault =
        |requirements: &[&str]| environments.lock(&texts(requirements), "3.12").unwrap_err();
    let error = fault(&["alacard-there-is-no-such-package"]);
    assert_eq!(error.kind, EnvErrorKind::RequirementNotFound);
    assert_eq!(
        error.package.as_deref(),
        Some("alacard-there-is-no-such-package")
    );
    let error = fault(&["packaging==99.99"]);
    assert_eq!(error.kind, EnvErrorKind::RequirementNotFound);
    let error = fault(&["ipykernel==7.4.0", "traitlets==4.0.0"]);
    assert_eq!(error.kind, EnvErrorKind::Conflict);
    assert!(error.message.contains("traitlets"), "{error}");
    assert_eq!(
        fault(&["--index-url https://example.org"]).kind,
        EnvErrorKind::Other
    );
}

#[test]
#[ignore = "asks uv"]
fn no_network_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = real(folder.path());
    settings.variables.insert(
        "UV_DEFAULT_INDEX".to_owned(),
        "http://127.0.0.1:9/simple".to_owned(),
    );
    settings
        .variables
        .insert("UV_HTTP_RETRIES".to_owned(), "0".to_owned());
    settings
        .variables
        .insert("UV_NO_CACHE".to_owned(), "1".to_owned());
    let error = Environments::new(settings.clone())
        .lock(&texts(&["ipykernel"]), "3.12")
        .unwrap_err();
    assert_eq!(error.kind, EnvErrorKind::NoNetwork);
    settings.offline = true;
    let error = Environments::new(settings)
        .lock(&texts(&["ipykernel"]), "3.12")
        .unwrap_err();
    assert_eq!(error.kind, EnvErrorKind::NoNetwork);
    assert!(error.hint().unwrap().contains("UV_OFFLINE"));
}

/// A source package whose build fails with these words.
fn broken_package(folder: &Path, words: &str) {
    let name = "alacard_broken-1.0";
    let inside = folder.join("work").join(name);
    std::fs::create_dir_all(&inside).unwrap();
    let project = "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n\n[project]\nname = \"alacard-broken\"\nversion = \"1.0\"\n";
    std::fs::write(inside.join("pyproject.toml"), project).unwrap();
    std::fs::write(
        inside.join("PKG-INFO"),
        "Metadata-Version: 2.2\nName: alacard-broken\nVersion: 1.0\n",
    )
    .unwrap();
    let backend = format!(
        "def build_wheel(*args, **more):\n    raise SystemExit({words:?})\n\n\nbuild_sdist = build_wheel\n"
    );
    std::fs::write(inside.join("backend.py"), backend).unwrap();
    let tar = Command::new("tar")
        .arg("-czf")
        .arg(folder.join(format!("{name}.tar.gz")))
        .arg("-C")
        .arg(folder.join("work"))
        .arg(name)
        .status();
    assert!(tar.unwrap().success());
}

#[test]
#[ignore = "builds with uv"]
fn a_package_without_a_build_needs_a_compiler() {
    let folder = tempfile::tempdir().unwrap();
    let attempt = |words: &str, build: bool| {
        let packages = tempfile::tempdir().unwrap();
        broken_package(packages.path(), words);
        let mut settings = real(folder.path());
        settings.find_links = vec![packages.path().to_owned()];
        settings.build = build;
        settings
            .variables
            .insert("UV_NO_CACHE".to_owned(), "1".to_owned());
        let environments = Environments::new(settings);
        let wanted = texts(&["alacard-broken==1.0"]);
        environments
            .lock(&wanted, "3.12")
            .and_then(|lock| environments.ensure(&lock, &wanted, &quiet))
            .unwrap_err()
    };
    let error = attempt("never run", false);
    assert_eq!(error.kind, EnvErrorKind::NeedsCompiler);
    assert!(error.hint().unwrap().contains("ALACARD_ENV_BUILD"));
    let error = attempt("error: command gcc failed: No such file or directory", true);
    assert_eq!(error.kind, EnvErrorKind::NeedsCompiler);
    let error = attempt("KeyError: version", true);
    assert_eq!(error.kind, EnvErrorKind::BuildFailed);
    assert!(error.message.contains("KeyError"), "{error}");
    let leftovers = Environments::new(real(folder.path()))
        .gc(Keep::default())
        .unwrap()
        .leftovers;
    assert_eq!(leftovers, 0, "a failed maker cleans up after itself");
}

#[test]
#[ignore = "makes environments with uv"]
fn two_makers_make_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let lock = Environments::new(real(folder.path()))
        .lock(&texts(&["packaging"]), "3.12")
        .unwrap();
    let made: Vec<_> = std::thread::scope(|scope| {
        let maker = || {
            let environments = Environments::new(real(folder.path()));
            let said = RefCell::new(Vec::new());
            let made = environments
                .ensure(&lock, &texts(&["packaging"]), &|text| {
                    said.borrow_mut().push(text.to_owned())
                })
                .unwrap();
            (made, said.into_inner())
        };
        let makers: Vec<_> = (0..3).map(|_| scope.spawn(maker)).collect();
        makers
            .into_iter()
            .map(|maker| maker.join().unwrap())
            .collect()
    });
    let makers = made
        .iter()
        .filter(|(_, said)| said.iter().any(|text| text.starts_with("making")))
        .count();
    assert_eq!(makers, 1);
    assert!(
        made.iter()
            .all(|(environment, _)| environment.python().exists())
    );
}

#[test]
#[ignore = "makes environments with uv"]
fn a_half_made_environment_is_nobodys_environment() {
    let folder = tempfile::tempdir().unwrap();
    let environments = Environments::new(real(folder.path()));
    let requirements = texts(&["packaging"]);
    let lock = environments.lock(&requirements, "3.12").unwrap();
    // What a maker leaves that was killed before it was done.
    let half = folder.path().join(format!(".making-{}-1", lock.hash));
    std::fs::create_dir_all(half.join("bin")).unwrap();
    let broken = folder.path().join(&lock.hash);
    std::fs::create_dir_all(broken.join("lib")).unwrap();
    assert!(environments.list().is_empty() && environments.open(&lock.hash).is_none());
    let made = environments.ensure(&lock, &requirements, &quiet).unwrap();
    assert!(made.python().exists() && !half.exists());
    // One that is cancelled leaves nothing either.
    let mut settings = real(folder.path());
    settings.cancel = Arc::new(AtomicBool::new(true));
    let other = environments.lock(&texts(&["colorama"]), "3.12").unwrap();
    let error = Environments::new(settings)
        .ensure(&other, &texts(&["colorama"]), &quiet)
        .unwrap_err();
    assert!(
        matches!(
            error.kind,
            EnvErrorKind::Cancelled | EnvErrorKind::UvMissing
        ),
        "{error}"
    );
    assert!(!folder.path().join(&other.hash).exists());
}
