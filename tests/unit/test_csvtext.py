"""CSV text: whatever a cell holds comes back from the report as it was."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loader.csvtext import decode_cells, encode_cell, encode_cells

NASTY = st.text(alphabet=st.sampled_from("a,\";\n\r\t '=\\é\0\ufeff\u2028"), max_size=8)
CELLS = st.lists(st.one_of(NASTY, st.text(max_size=8)), max_size=6)


@given(CELLS)
@example([""])
@example(["", ""])
@example(["\r"])
@example(['"'])
def test_what_is_encoded_is_decoded_again(cells: list[str]) -> None:
    assert decode_cells("1" + encode_cells(cells)) == ["1", *cells]


@given(CELLS)
def test_any_other_csv_reader_reads_the_same(cells: list[str]) -> None:
    text = "1" + encode_cells(cells) + "\n"
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["1", *cells]]


@given(st.lists(st.text(alphabet='a,";\n ', max_size=6), max_size=5))
def test_it_is_what_the_csv_module_writes(cells: list[str]) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(["1", *cells])
    assert "1" + encode_cells(cells) + "\n" == written.getvalue()


def test_a_carriage_return_is_quoted_on_every_python() -> None:
    assert encode_cell("a\rb") == '"a\rb"'
    assert encode_cells(["a\rb", "c"]) == ',"a\rb",c'


def test_one_empty_cell_is_no_blank_line() -> None:
    assert encode_cells([]) == ""
    assert encode_cells([""]) == ","


def test_a_giant_cell_is_read_back() -> None:
    giant = 'x"' * 200_000
    assert decode_cells("1" + encode_cells([giant])) == ["1", giant]


@pytest.mark.parametrize("torn", ['1,"open', '1,"closed"early', "1,a\n2,b", '1,"a"\n2,b'])
def test_what_is_not_one_record_is_refused(torn: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode_cells(torn)
