"""Quoted cells of several lines: rows that a stray quote has swallowed, and honest notes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from loader.simulator import Simulator
from tests.support.command import Serving, load, report_of, rows_of
from tests.support.loaded import sent, unlimited
from tests.support.reading import read, refusal

HEADER = "from_object_id,to_object_id,note\n"
NOTES = [
    "Call on May 3, 2024\nagreed",
    "Invalidenstr. 5, 10115\nBerlin",
    "Main St\n10115, Berlin",
    "Dear John,\n5, rue de Rivoli, 75001\nParis",
    "Mr X,\n10115, Berlin",
    '1. Pipe, 3"\n2. Hose, 5"\n3. other',
    'he wrote: "a, b",\n"c", 2, and "d"',
    "12, 13\n14 and 15",
    "sizes:\n3,5\n4,75",
    "IDs to merge:\n80011,80012,80013,80014,80015\n80016,80017,80018,80019,80020",
    "Ordered:\n1, 2, 3",
    "1,500,000 EUR\nin 2024, 1,200,000",
]
PAIRS = [("38012345671", "9012345672"), ("38012345673", "9012345674")]


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving[Simulator]]:
    with unlimited() as server:
        yield server


def text_of(notes: list[str], place: int, quoting: Literal[0, 1]) -> str:
    """A file with the notes in one of three columns; the pairs take turns, each with IDs of its own."""
    rows = [["from_object_id", "to_object_id"]]
    rows += [[str(int(one_id) + 10 * n) for one_id in PAIRS[n % 2]] for n in range(len(notes))]
    for row, note in zip(rows, ("note", *notes), strict=True):
        row.insert(place, note)
    out = io.StringIO(newline="")
    csv.writer(out, quoting=quoting).writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        # What a delimiter in a note, or in the quotes around it, does to a swallowed row's number of fields.
        'note,from_object_id,to_object_id\n"Pipe, 3"",1001,2001\nHose 5",1002,2002\nother,1003,2003\n',
        'from_object_id,to_object_id,note\n1001,2001,"pipe 3""\n1002,2002,""Smith, John"\n1003,2003,x\n',
        'from_object_id,to_object_id,note\n1001,2001,"abc\n1002,2002,""a,b"\n',
        'from_object_id,to_object_id,note\n1001,2001,"\n1002,2002,""1,2"\n',
        'from_object_id,note,to_object_id\n1001,"Pipe, 3"",2001\n1002,""Hose, 5"",2002\n1003,x",2003\n',
        # IDs that spreadsheets leave, and one that is missing.
        'from_object_id,to_object_id,note\n1001,2001,"a\n1002.0, 2002,b"\n1003,2003,c\n',
        'from_object_id,to_object_id,note\n1001,2001,"a\n,2002,b"\n1003,2003,c\n',
        'from_object_id,note,to_object_id\n1001,"a,\n1002,b",2002\n1003,c,2003\n',
        # Swallowed rows that are too long or too short, and quotes in different columns.
        'from_object_id,to_object_id,note\n1001,2001,"a\n1002,2002,b,c"\n1003,2003,d\n',
        'from_object_id,to_object_id,price\n1001,2001,"3""""\n1002,2002,1,50"\n1003,2003,2\n',
        'from_object_id,to_object_id,note,more\n1001,2001,x,"a\n1002,2002,b"\n1003,2003,c,d\n',
        'note,from_object_id,to_object_id\n"a,1001,2001,x\nb",1002,2002\n',
        'from_object_id,to_object_id,note,more\n1001,2001,"a,x\n1002,2002,b,y"\n1003,2003,c,z\n',
        'from_object_id,to_object_id,note\n1001,2001,"a\n1002",2002,b\n1003,2003,c\n',
        'note,from_object_id,to_object_id,more\na,1001,2001,"x\nb",1002,2002,y\n',
    ],
    ids=range(15),
)
def test_rows_that_a_stray_quote_has_swallowed_are_not_lost(data: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, data.encode())
    assert error.line == 2
    assert "a quoted cell swallows lines that look like rows" in str(error)


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("note", NOTES)
def test_honest_notes_of_several_lines_are_read_in_every_column(
    note: str, place: int, quoting: Literal[0, 1], tmp_path: Path
) -> None:
    pairs, outcomes = read(tmp_path, text_of([note, "x"], place, quoting).encode())
    assert outcomes == []
    # What a pair keeps of its row is text of CSV, with a delimiter at its head.
    assert [next(csv.reader(io.StringIO(pair.rest, newline="")))[1] for pair in pairs] == [note, "x"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_honest_notes_of_several_lines_load_in_every_column(
    place: int, serving: Serving[Simulator], tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(text_of([*NOTES, "x"], place, csv.QUOTE_MINIMAL), encoding="utf-8", newline="")
    finished = load(serving.url, file)
    assert finished.code == 0, finished.text
    assert [row["note"] for row in rows_of(report_of(file))] == [*NOTES, "x"]


def test_a_note_of_several_lines_in_a_row_of_another_width_is_one_invalid_row(
    serving: Serving[Simulator], tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    rows = '1,2,"two\nlines",,\n3,4,n,\n5,6,"two,\nlines"\n'
    file.write_text(f"from_object_id,to_object_id,note,more\n{rows}", encoding="utf-8")
    assert load(serving.url, file).code == 1
    assert [(row["status"], row["error_category"]) for row in rows_of(report_of(file))] == [
        ("invalid", "TOO_MANY_FIELDS"),
        ("associated", ""),
        ("invalid", "TOO_FEW_FIELDS"),
    ]


def test_what_looks_like_rows_may_be_genuine_and_the_hint_says_what_to_do_then(
    serving: Serving[Simulator], tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(HEADER + '1,2,a\n3,4,"Ordered:\n1, 2, 3"\n', encoding="utf-8")
    before = sent(serving)
    finished = load(serving.url, file)
    assert finished.code == 2, finished.text
    assert "If this is a genuine text, write it on one line, or leave 'note' out" in finished.err
    assert sent(serving) == before
    assert not report_of(file).exists()
