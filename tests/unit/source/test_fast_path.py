"""Plain lines, which pandas reads: exactly what the rules make of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.source import Chunk, Columns, Layout
from loader.source.header import lay_out, read_header
from loader.source.input_file import Part
from loader.source.records import RecordReader
from loader.source.row_reader import RowReader
from loader.source.type_pairs import TypePairs

PART = Part("pairs.csv")
PLAIN = "from_object_id,to_object_id,note\n"
TYPED = "from_object_type,from_object_id,to_object_id\n"
#: What lines are made of: mostly plain, so that pandas gets to read some.
CELLS = st.sampled_from(
    [
        "1",
        "22",
        "007",
        " 3",
        "4\t",
        '"5"',
        '" 06 "',
        "9" * 18,
        "9223372036854775807",
        "9" * 19,
        "0",
        "5.0",
        "x",
        "",
    ]
)
TYPES = st.sampled_from(
    ["contacts", " deals", '"0-1"', "true", "nan", "1e5", "contcts", "p_x", "", "contacts\t"]
)
NOTES = st.sampled_from(
    ["", "n", '"a,b"', '"say ""hi"""', "\ufeff", "é", "1,2", '"x', "a\0b", '"two\nlines"', " "]
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def layout_of(header: str) -> Layout:
    columns = Columns(from_type="contacts", to_type="companies")
    return lay_out(read_header(header, columns, PART), columns, PART, text=header)


def by_the_rules(layout: Layout, text: str) -> list[Chunk]:
    rows = RowReader(layout, TypePairs(), with_rests=True)
    reader = RecordReader(layout.delimiter, layout.width)
    return [rows.records(records, PART) for records in reader.read(text, 2)]


def same(one: Chunk, other: Chunk) -> bool:
    return all(np.all(a == b) for a, b in zip(one, other, strict=True))


@given(st.lists(st.tuples(CELLS, CELLS, NOTES, ENDS), min_size=1, max_size=6), st.booleans())
def test_pandas_and_the_rules_agree(rows: list[tuple[str, str, str, str]], ends: bool) -> None:
    layout = replace(layout_of(PLAIN), trust_quotes=True)
    text = "".join(f"{a},{b},{note}{end}" for a, b, note, end in rows)
    text = text if ends else text.rstrip("\r\n")
    plain = RowReader(layout, TypePairs(), with_rests=True).plain(text, 2)
    if plain is not None:
        (chunk,) = by_the_rules(layout, text)
        assert same(plain, chunk), (plain, chunk)


@given(st.lists(st.tuples(TYPES, CELLS, CELLS), min_size=1, max_size=6))
def test_pandas_and_the_rules_agree_on_types(rows: list[tuple[str, str, str]]) -> None:
    layout = layout_of(TYPED)
    text = "".join(",".join(row) + "\n" for row in rows)
    types = TypePairs()
    plain = RowReader(layout, types, with_rests=True).plain(text, 2)
    if plain is not None:
        (chunk,) = by_the_rules(layout, text)
        assert same(plain, chunk._replace(types=plain.types))
        names = [types[i].from_type for i in plain.types.tolist()]
        assert names == [row[0].strip().strip('"') or "contacts" for row in rows]


@pytest.mark.parametrize(
    "line",
    [
        "1,2,n",
        " 1 ,\t2,n",
        "007,08,",
        '"1"," 2 ","a ""b"", c"',
        "1" * 19 + ",2,\u2028",
        "1,2,a\r3,4,b",
        "1,2,\ufeff",
    ],
)
def test_an_honest_line_is_plain(line: str) -> None:
    assert RowReader(layout_of(PLAIN), TypePairs(), with_rests=True).plain(f"{line}\n", 2) is not None


def test_a_line_in_any_doubt_is_left_to_the_rules() -> None:
    for line in (
        *("1,2", "1,2,3,4", "x,2,n", ",2,n", "1,2.0,n", "1,0,n", '1,2,"n', '1,2,"a" b', "", "1,2,a\0b"),
        *("1,2;3,n", "1," + "9" * 19 + ",n", "1," + "0" * 19 + "1,n", '1,2,"a\nb"', '1, "2",n'),
    ):
        plain = RowReader(layout_of(PLAIN), TypePairs(), with_rests=False).plain(f"{line}\n", 2)
        assert plain is None, line


@pytest.mark.parametrize("good", ["1,2,n", '"1"," 2 ","a ""b"""'])
def test_a_line_in_doubt_behind_many_plain_ones_is_noticed_at_once(good: str) -> None:
    """A pattern that matches a line in two ways takes twice as long for each line."""
    assert (
        RowReader(layout_of(PLAIN), TypePairs(), with_rests=False).plain(f"{good}\n" * 5000 + "x,2,b\n", 2)
        is None
    )


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " ", "^"])
def test_every_delimiter_has_plain_lines(delimiter: str) -> None:
    columns = Columns(from_type="contacts", to_type="companies", delimiter=delimiter)
    header = PLAIN.replace(",", delimiter)
    layout = lay_out(read_header(header, columns, PART), columns, PART, text=header)
    chunk = RowReader(layout, TypePairs(), with_rests=True).plain("1,2,n\n3,4,\n".replace(",", delimiter), 2)
    assert chunk is not None
    assert chunk.rests == [",n", ","]
