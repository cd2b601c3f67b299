"""The commands themselves: pip, uv, conda; apt and sudo are only noted."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

#: Options of pip and uv that take a value as their next word.
VALUED = {
    "-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--python",
    "--platform", "-t", "--target", "--prefix", "--root", "--cache-dir", "--timeout", "--retries",
    "--progress-bar", "-p", "--torch-backend", "--index-strategy", "--log", "--src", "--channel",
    "--name", "--trusted-host", "--upgrade-strategy", "--no-binary", "--only-binary", "--proxy",
}  # fmt: skip
#: A requirement: name, extras, versions.
REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*([^;@]*)")


def main(words: Sequence[str]) -> int:
    """Answers one command and gives its exit status."""
    name, rest = words[0], list(words[1:])
    if name == "sudo":
        return main(rest) if rest and rest[0] in {"apt", "apt-get", "pip", "pip3"} else note(words, None)
    if name in {"apt", "apt-get"}:
        print(f"{name}: nothing is installed inside the sandbox")
        return note(words, None)
    if name == "uv" and rest[:1] == ["pip"]:
        rest = rest[1:]
    verb = next((word for word in rest if not word.startswith("-")), "")
    if verb in {"install", "add", "sync"}:
        return install(words, rest[rest.index(verb) + 1 :])
    if verb in {"list", "freeze"}:
        for distribution in metadata.distributions():
            print(f"{distribution.metadata['Name']}=={distribution.version}")
        return 0
    if verb in {"uninstall", "remove"}:
        print("the environment is locked: nothing is removed")
        return note(words, None)
    print(f"{name} of a locked environment")
    return 0


def install(command: Sequence[str], arguments: Sequence[str]) -> int:
    """Looks whether everything that is asked for is there."""
    missing = []
    for text in requirements(arguments):
        found = satisfied(text)
        if found:
            print(f"Requirement already satisfied: {text} ({found})")
        else:
            missing.append(text)
    if missing:
        print(f"ERROR: not in the locked environment: {', '.join(missing)}", file=sys.stderr)
    note(command, not missing)
    return 1 if missing else 0


def requirements(arguments: Sequence[str]) -> list[str]:
    """The requirements among the arguments, those of requirement files too."""
    found: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in {"-r", "--requirement"}:
            found += from_file(Path(next(words, "")))
        elif word in {"-e", "--editable"}:
            found.append(next(words, ""))
        elif word in VALUED:
            next(words, None)
        elif not word.startswith("-"):
            found.append(word)
    return [text for text in found if text]


def from_file(path: Path) -> list[str]:
    """The requirements of a file; none when it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return [f"-r {path}"]
    stripped = (line.split(" #")[0].strip() for line in lines)
    return [line for line in stripped if line and not line.startswith(("#", "-"))]


def satisfied(text: str) -> str | None:
    """Name and version of what satisfies a requirement; nothing when it is not there."""
    name, versions = split(text)
    try:
        distribution = metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        return None
    if versions and not fits(distribution.version, versions):
        return None
    return f"{distribution.metadata['Name']} {distribution.version}"


def split(text: str) -> tuple[str, str]:
    """The distribution's name and the versions it may have."""
    egg = re.search(r"#egg=([A-Za-z0-9._-]+)", text)
    if egg:
        return egg.group(1), ""
    if "://" in text and "@" not in text.split("://")[0]:
        last = text.split("?")[0].split("@")[0] if text.startswith("git+") else text.split("?")[0]
        return last.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git").removesuffix(".zip"), ""
    match = REQUIREMENT.match(text)
    return (match.group(1), match.group(3).strip()) if match else (text, "")


def fits(version: str, versions: str) -> bool:
    """Whether a version is among those asked for; where nothing can tell, it is taken to be."""
    try:
        from packaging.specifiers import InvalidSpecifier, SpecifierSet
    except ImportError:
        return True
    try:
        return SpecifierSet(versions).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def note(command: Sequence[str], satisfied: bool | None) -> int:
    """Writes what was asked for and what came of it, for the proof."""
    path = os.environ.get("ALACARD_INSTALLS")
    if path:
        line = json.dumps({"command": " ".join(command)[:2000], "satisfied": satisfied})
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
