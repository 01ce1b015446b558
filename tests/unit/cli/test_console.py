"""What goes to which stream, and that no character and no reader that left ends a command."""

from __future__ import annotations

import io
import sys

import pytest

from loader.cli.console import accept_every_character, print_error, print_json, print_lines, suggesting
from loader.errors import InputError, UsageError
from loader.summary import Invocation
from loader.summary.terminal import Line


def test_an_error_says_what_is_wrong_what_to_do_and_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    invocation = Invocation("pairs.csv", {"from_type": "contacts", "base_url": "http://127.0.0.1:8080"})
    with pytest.raises(InputError) as caught, suggesting(invocation.load):
        raise InputError("No column holds the second ID", "Name it.", options={"to_column": "Company ID"})
    print_error(str(caught.value), caught.value.hint, caught.value.command)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "error: No column holds the second ID",
        "  Name it.",
        "  assoc-loader load pairs.csv --to-column 'Company ID' --from-type contacts "
        "--base-url http://127.0.0.1:8080",
    ]


def test_an_error_that_names_no_options_has_no_command() -> None:
    with pytest.raises(UsageError) as caught, suggesting(Invocation("pairs.csv").load):
        raise UsageError("wrong")
    assert caught.value.command == ""


def test_an_error_can_not_command_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_error("bad \x1b[2J name\n", "try\r")
    assert capsys.readouterr().err == "error: bad \\x1b[2J name \n  try\n"


@pytest.mark.parametrize(("encoding", "shown"), [("cp1252", "a -> ? …\n"), ("ascii", "a -> ? ...\n")])
def test_what_an_encoding_lacks_is_replaced(
    monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, newline="\n"))
    accept_every_character()
    assert print_lines([Line("a → 日 …")], "")
    assert raw.getvalue() == shown.encode(encoding)


class _Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_result_that_can_not_be_printed_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", _Full())
    assert not print_json({"a": 1}, "The load itself is as it was.")
    assert capsys.readouterr().err == (
        "error: The result can't be printed: No space left on device\n  The load itself is as it was.\n"
    )
