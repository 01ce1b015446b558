"""Text made fit to be read: nothing commands a terminal, and a copied command means what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.text import (
    command_line,
    duration,
    escape_controls,
    one_line,
    pluralize,
    quote_cell,
    shown_path,
    truncate,
)

EVIL = "\x1b]0;owned\x07\x1b[2Jgone\u202e\r\nnext\x00\x9b31m"


@given(st.text())
def test_escaped_text_is_printable_and_plain_text_stays_as_it_is(text: str) -> None:
    assert escape_controls(text).isprintable()
    if text.isprintable():
        assert escape_controls(text) == text


def test_a_users_own_text_is_shown_as_it_is_with_its_controls_as_escapes() -> None:
    assert escape_controls(EVIL) == r"\x1b]0;owned\x07\x1b[2Jgone\u202e  next\x00\x9b31m"


def test_a_servers_text_loses_what_it_would_do_to_a_terminal() -> None:
    assert one_line(EVIL) == "\ufffd]0;owned\ufffd\ufffd[2Jgone\ufffd next\ufffd\ufffd31m"
    assert one_line("a\udcff") == "a\ufffd"
    assert one_line("two\n\n  lines\u2028here") == "two lines here"
    assert one_line(404) == "404"


@given(st.text(), st.integers(1, 40))
def test_a_servers_text_is_one_printable_line_of_bounded_length(text: str, longest: int) -> None:
    line = one_line(text, longest)
    assert line.isprintable()
    assert len(line) <= longest


def test_a_cell_is_quoted_on_one_line_and_cut() -> None:
    assert quote_cell("5.1E+10") == "'5.1E+10'"
    assert quote_cell("a\tb\u200b") == r"'a b\u200b'"
    assert quote_cell("x" * 50) == f"'{'x' * 39}…'"


def test_truncate_keeps_what_fits() -> None:
    assert (truncate("four", 4), truncate("fives", 4)) == ("four", "fiv…")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)))
def test_a_shell_reads_the_words_back(words: list[str]) -> None:
    line = command_line(words)
    assert line.isprintable()
    shown = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout
    assert [os.fsdecode(word) for word in shown.split(b"\0")[:-1]] == (words or [""])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3599, "1 h 00 min"),
        (25_500, "7 h 05 min"),
        (190_000, "2 d 5 h"),
        (259_190, "3 d 0 h"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_path_is_shown_as_a_command_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path, shown in (
        (str(tmp_path / "pairs.csv"), "pairs.csv"),
        ("-pairs.csv", "./-pairs.csv"),
        (str(tmp_path / "-"), "./-"),
        ("-", "-"),
        ("/elsewhere/pairs.csv", "/elsewhere/pairs.csv"),
    ):
        assert shown_path(path) == shown


def test_numbers() -> None:
    assert (pluralize(1, "pair"), pluralize(2000, "pair")) == ("1 pair", "2,000 pairs")
    assert pluralize(2, "company", "companies") == "2 companies"
