"""`%pip` without a shell: only where a shell would change nothing."""

from __future__ import annotations

import shlex

import pytest

from alacard_host.packages import plain_words


@pytest.mark.parametrize(
    "line",
    [
        "install -q transformers==5.0.0 torch",
        "install \"transformers>=5\" 'a[b]<2'",
        "install -U pip",
        "list",
    ],
)
def test_plain_lines_are_read_as_a_shell_reads_them(line: str) -> None:
    assert plain_words(line) == shlex.split(line)


@pytest.mark.parametrize(
    "line",
    [
        "install a | cat",
        "install a>=1",
        "install $NAME",
        'install "$NAME"',
        "install a && echo done",
        "install a # a remark",
        "install 'a",
        "install *.whl",
    ],
)
def test_lines_that_need_a_shell_are_left_to_it(line: str) -> None:
    assert plain_words(line) is None
