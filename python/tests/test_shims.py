"""Install commands inside the sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SHIMS = Path(__file__).parent.parent / "alacard_shims"


def run(tmp_path: Path, *command: str) -> tuple[subprocess.CompletedProcess[str], list[dict[str, object]]]:
    log = tmp_path / "installs.jsonl"
    binaries = Path(sys.executable).parent
    environment = {
        "PATH": f"{SHIMS / 'bin'}{os.pathsep}{binaries}{os.pathsep}/usr/bin:/bin",
        "PYTHONPATH": str(SHIMS / "site"),
        "ALACARD_INSTALLS": str(log),
    }
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return done, [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    "command",
    [
        ("pip", "install", "-q", "-U", "pytest"),
        ("pip3", "install", "pytest>=1", "--index-url", "somewhere"),
        ("uv", "pip", "install", "--system", "pytest"),
        (sys.executable, "-m", "pip", "install", "pytest[testing]"),
        ("pip", "install", "git+https://example.org/pytest-dev/pytest.git@main"),
    ],
)
def test_what_is_there_is_satisfied(tmp_path: Path, command: tuple[str, ...]) -> None:
    done, noted = run(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert "already satisfied" in done.stdout
    assert [line["satisfied"] for line in noted] == [True]


@pytest.mark.parametrize("wanted", ["no-such-distribution", "pytest>=999"])
def test_what_is_missing_fails(tmp_path: Path, wanted: str) -> None:
    done, noted = run(tmp_path, "pip", "install", wanted)
    assert done.returncode == 1
    assert wanted in done.stderr
    assert noted[0]["satisfied"] is False


def test_requirement_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# ours\npytest  # the runner\n\n", encoding="utf-8")
    done, _ = run(tmp_path, "pip", "install", "-r", "requirements.txt")
    assert done.returncode == 0, done.stderr


def test_system_packages_are_only_noted(tmp_path: Path) -> None:
    done, noted = run(tmp_path, "apt-get", "install", "-y", "ffmpeg")
    assert done.returncode == 0
    assert noted == [{"command": "apt-get install -y ffmpeg", "satisfied": None}]
