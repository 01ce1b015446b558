"""Quoted cells of several lines: rows that a stray quote has swallowed, and honest notes."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

import pytest

from loader.source import Columns
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
    "a\r\nb\n\nc",
    "\n",
]
PAIRS = [("38012345671", "9012345672"), ("38012345673", "9012345674")]


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
        # What a delimiter in a note, or in the quotes around it, does to a swallowed row's number of cells.
        'note,from_object_id,to_object_id\n"Pipe, 3"",1001,2001\nHose 5",1002,2002\nother,1003,2003\n',
        'from_object_id,to_object_id,note\n1001,2001,"pipe 3""\n1002,2002,""Smith, John"\n1003,2003,x\n',
        'from_object_id,to_object_id,note\n1001,2001,"abc\n1002,2002,""a,b"\n',
        'from_object_id,to_object_id,note\n1001,2001,"\n1002,2002,""1,2"\n',
        'from_object_id,note,to_object_id\n1001,"Pipe, 3"",2001\n1002,""Hose, 5"",2002\n1003,x",2003\n',
        'note,from_object_id,to_object_id,x\na,1001,2001,"b\n""Smith, J"",1002,2002,c"\nd,1003,2003,e\n',
        # IDs that spreadsheets leave, several of them, and one that is missing.
        'from_object_id,to_object_id,note\n1001,2001,"a\n1002.0, 2002,b"\n1003,2003,c\n',
        'from_object_id,to_object_id,note\n1001,2001,"a\n1002,2002;2003,b"\n1003,2003,c\n',
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
        # Notes of several lines, of which one has lost its closing and the next its opening quote.
        'note,from_object_id,to_object_id\n"a\nb,1001,2001\nc\nd",1002,2002\nx,1003,2003\n',
        'from_object_id,note,to_object_id\n1001,"a\nb,2001\n1002,c\nd",2002\n1003,x,2003\n',
        'from_object_id,to_object_id,note\n1001,2001,"a\nb\n1002,2002,c\nd"\n1003,2003,x\n',
    ],
    ids=range(20),
)
def test_rows_that_a_stray_quote_has_swallowed_are_not_lost(data: str, tmp_path: Path) -> None:
    for end in ("\n", "\r\n", "\r"):
        error = refusal(tmp_path, data.replace("\n", end))
        assert error.line == 2, end
        assert "a quoted cell swallows lines that look like rows" in str(error), end
        assert error.hint.endswith("is genuine, add --trust-quotes."), end


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (HEADER + '1,2,n\n"3\n4",5,n\n', 3, "contains a line break in 'from_object_id'"),
        (HEADER + '1,2,"a\nb" c\n', 2, "spans several lines and has text after its closing quote"),
        (HEADER + '1,2,"a\n3,4",x\n', 2, "swallows lines"),
        (HEADER + '1,2,"a\r3,4,b\r5,6,c"\r', 2, "swallows lines"),
        (HEADER + '1,2,"a\n3,4,"\n', 2, "swallows lines"),
        ('from_object_id,to_object_id,note,more\n1,2,n,"\n3,4,"\nlines",x\n', 2, "swallows lines"),
        (HEADER + '\r\n\n1,2,"a\n', 4, "a quote opens in column 3 ('note') and never closes"),
        (HEADER + '1,2,a\n3,4,b,"\n', 3, "a quote opens in column 4 and never closes"),
    ],
    ids=range(8),
)
def test_a_quote_that_breaks_the_file_is_refused_with_its_line(
    data: str, line: int, words: str, tmp_path: Path
) -> None:
    error = refusal(tmp_path, data)
    assert (error.line, words in str(error)) == (line, True), str(error)


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_honest_notes_of_several_lines_are_read_in_every_column(
    place: int, quoting: Literal[0, 1], tmp_path: Path
) -> None:
    lines = read(tmp_path, text_of([*NOTES, "x"], place, quoting))
    assert [line.rest for line in lines] == [(note,) for note in (*NOTES, "x")]


def test_trust_quotes_takes_every_cell_for_text(tmp_path: Path) -> None:
    notes = ['a\n3,4,b\nc, "d"', "Ordered:\n38012345671,9012345672,x"]
    columns = Columns(from_type="contacts", to_type="companies", trust_quotes=True)
    lines = read(tmp_path, text_of(notes, 2, csv.QUOTE_MINIMAL) + '"5\n6",7,x\n', columns)
    assert [line.rest for line in lines] == [(note,) for note in (*notes, "x")]
    assert [line.category for line in lines] == ["", "", "BAD_ID"]


@pytest.mark.parametrize("cell", ["102\n", "\r\n102", "102\r"])
def test_a_line_end_around_an_id_is_white_space(cell: str, tmp_path: Path) -> None:
    lines = read(tmp_path, HEADER + f'"{cell}",2,n\n1,"{cell}",n\n')
    assert [line.ids for line in lines] == [("102", "2"), ("1", "102")]


def test_a_note_of_several_lines_in_a_row_of_another_width_is_one_invalid_row(tmp_path: Path) -> None:
    rows = '1,2,"two\nlines",,\n3,4,n,\n5,6,"two,\nlines"\n'
    lines = read(tmp_path, f"from_object_id,to_object_id,note,more\n{rows}")
    assert [line.category for line in lines] == ["TOO_MANY_FIELDS", "", "TOO_FEW_FIELDS"]
