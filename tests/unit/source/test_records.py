"""Text into records: cells, the lines they begin on, and what the csv module refuses."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from loader.source.records import RecordReader

CELLS = st.text(st.sampled_from('ab1 ,;"\n\r\0é\u2028\x1c'), max_size=6)


def read(text: str, width: int = 2, line: int = 2) -> tuple[list[tuple[int, list[str]]], str]:
    """Each record with the line on which it begins, and the text that is left over."""
    reader = RecordReader(",", width)
    found = []
    for records in reader.read(text, line):
        found += [(n, records.row(i)) for i, n in enumerate(records.lines)]
        for column in range(width):
            assert records.column(column, width) == [
                row[column] if len(row) == width else "" for row in map(records.row, range(len(records.rows)))
            ]
    return found, text[reader.end :]


@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]], end: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    begins = []
    for row in rows:
        begins.append(2 + len(io.StringIO(text.getvalue(), newline="").readlines()))
        writer.writerow(row)
    assert read(text.getvalue()) == (list(zip(begins, rows, strict=True)), "")


@given(
    st.lists(
        st.lists(st.text(st.sampled_from('ab"\u2028 \0'), max_size=4), min_size=1, max_size=4),
        min_size=1,
        max_size=8,
    )
)
def test_text_without_quoted_cells_is_split(rows: list[list[str]]) -> None:
    rows = [[cell.lstrip('"') for cell in row] for row in rows]
    text = "".join(",".join(row) + "\n" for row in rows)
    assert read(text) == ([(n, row) for n, row in enumerate(rows, 2)], "")


def test_text_behind_a_closing_quote_is_kept_and_the_rest_is_read() -> None:
    text = '1,"a\nb" x\n"2",3\n"4" ,"5\n\n6"\n7,8\n'
    found, left = read(text)
    assert found == [(2, ["1", '"a\nb" x']), (4, ["2", "3"]), (5, ['"4" ', "5\n\n6"]), (8, ["7", "8"])]
    assert left == ""


def test_lines_and_broken_cells_are_told() -> None:
    (records,) = RecordReader(",", 2).read('1,"a\nb" x\n"2","3\n"\n"4" ,5\n', 1)
    assert list(records.multiline) == [0, 1]
    assert {i: record.broken for i, record in records.broken.items()} == {0: (1,), 2: (0,)}


def test_a_record_whose_quote_does_not_close_is_left_over() -> None:
    assert read('1,2\n3,"4\n5,6\n') == ([(2, ["1", "2"])], '3,"4\n5,6\n')
    assert RecordReader(",", 2).open_quote('3,"4\n5,6\n') == 1
    assert [RecordReader(",", 2).is_open(text) for text in ('"3,4\n', '"3,4"\n')] == [True, False]


def test_many_records_come_in_pieces_with_the_right_lines() -> None:
    rows = [[str(n), f'"x\n{n}"' if n % 3 == 0 else '"y"' if n % 3 == 1 else '"z" bad'] for n in range(5000)]
    found, _ = read("".join(",".join(row) + "\n" for row in rows), line=1)
    assert [row[0] for _, row in found] == [row[0] for row in rows]
    line = 1
    for (begin, _), row in zip(found, rows, strict=True):
        assert begin == line
        line += 1 + row[1].count("\n")
