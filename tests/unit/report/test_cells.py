"""Text from the server can't do harm in a cell: no second line, no control, no formula."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.report.cells import LONGEST_TEXT, json_cell, server_cell, time_cell


def decoded(cell: str) -> str:
    """What a reader makes of the cell in its place among others."""
    ((_, text, _),) = csv.reader(io.StringIO(f"1,{cell},2\n", newline=""))
    return text


@pytest.mark.parametrize("make", [server_cell, json_cell])
@pytest.mark.parametrize(
    "formula",
    [
        *("=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "  =1"),
        *("\u3000=1", "\ufeff=1", "\u200b=1", "\u200d=1", "\x00=1"),
        *("\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "x;=1", "x; \uff1d1"),
    ],
)
def test_a_formula_is_made_harmless(make: object, formula: str) -> None:
    assert callable(make)
    for cell in decoded(make(formula)).split(";"):  # a spreadsheet splits there, if it separates lists so
        assert cell.strip()[0] not in "=+-@\uff1d\uff0b\uff0d\uff20"


@given(st.text(max_size=60))
def test_any_text_is_one_harmless_line(text: str) -> None:
    shown = decoded(server_cell(text))
    assert len(shown.splitlines()) <= 1
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert not shown.lstrip().startswith(("=", "+", "-", "@"))
    shown.encode()


def test_a_long_text_is_cut() -> None:
    assert len(decoded(server_cell("x y" * 5000))) == LONGEST_TEXT


@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_stays_json(ascii_only: bool) -> None:
    details = [{"code": "=1;=2", "context": {"id": ["\x1b[31m", "\x9d\u202e\U000e0001", "-5", "a" * 3000]}}]
    text = json.dumps(details, separators=(",", ":"), ensure_ascii=ascii_only)
    shown = decoded(json_cell(text))
    assert shown.isprintable()
    assert json.loads(shown) == [{**details[0], "code": "=1;'=2"}]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(1_700_000_000_123, "2023-11-14T22:13:20.123Z"), (1_700_000_001_000, "2023-11-14T22:13:21.000Z")],
)
def test_times_are_utc_with_milliseconds(milliseconds: int, text: str) -> None:
    assert time_cell(milliseconds) == text
