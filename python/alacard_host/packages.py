"""`%pip` in a notebook: answered in the kernel, since the environment is locked anyway.

The library starts a shell and a Python for each such line, a third of a second together. Here the same
answer is given at once; whatever needs a shell still gets one.
"""

from __future__ import annotations

import shlex
from typing import Any

ALWAYS = frozenset("`$#\\\n")
"""Characters that a shell reads even within quotes, or as the beginning of a remark."""

UNQUOTED = frozenset("|&;<>()*?{}~!")
"""Characters that mean something to a shell where they stand outside quotes."""


def install(shell: Any) -> None:
    """Replaces the shell's `%pip`."""
    original = shell.find_line_magic("pip")

    def pip(line: str) -> None:
        """Run the pip package manager within the current kernel."""
        words = plain_words(line)
        if words is None:
            original(line)
            return
        from alacard_shims.site.alacard_shim.__main__ import main

        main(["pip", *words])
        print("Note: you may need to restart the kernel to use updated packages.")

    shell.register_magic_function(pip, "line", "pip")


def plain_words(line: str) -> list[str] | None:
    """The words of a line that a shell would hand over as they stand; nothing where it would not."""
    if ALWAYS & set(line):
        return None
    try:
        words = shlex.split(line)
        parts = list(shlex.shlex(line, posix=False))
    except ValueError:
        return None
    unquoted = set("".join(part for part in parts if part[:1] not in "'\""))
    return None if UNQUOTED & unquoted else words
