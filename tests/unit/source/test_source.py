"""The input from end to end: surveyed, streamed, and read in the same way again."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loader.errors import Stopped, UsageError
from loader.source import Chunk, Columns, Survey
from loader.source.input_file import open_input
from loader.source.source import Source
from tests.support.reading import COLUMNS, Line, read_source
from tests.support.workbook import Value, workbook

HEADER = "from_object_id,to_object_id,note\n"
FIELDS = st.text(st.characters(codec="utf-8"), max_size=12)
IDS = st.integers(1, 2**63 - 1).map(str)
#: What files are made of, so that random text finds the corners of the format.
PIECES = st.lists(
    st.sampled_from(
        [
            *(",", ",", '"', '"', '""', "\n", "\n", "\r\n", "\r", " ", "\t", ";", "-"),
            *("1", "22", "0", "007", "5.0", "9" * 19, "x", "é", "\0", "\ufeff", "\u2028", "\x1a"),
            *("1,2,n\n", "3,4,\n", '5,6,"a\nb"\n', "from_object_id", "7;8", ",,\n"),
        ]
    ),
    max_size=40,
).map("".join)

#: Each example reads a file twice.
FEWER = settings(max_examples=settings().max_examples // 2)


def read(text: str, columns: Columns = COLUMNS) -> tuple[Survey, list[Line]] | None:
    """All that is read of a file of this text, or None if it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input.csv"
        path.write_text(text, encoding="utf-8", newline="")
        try:
            return read_source(Source(open_input(str(path)), columns))
        except UsageError:
            return None


@given(PIECES | FIELDS)
@FEWER
def test_any_text_below_a_header_is_accounted_for(body: str) -> None:
    found = read(HEADER + body)
    if found is None:
        return
    _, lines = found
    ids = {number.lstrip("0") for number in re.findall(r"[0-9]+", body)}
    for line in lines:
        if line.status in ("pair", "duplicate"):
            assert set(line.ids) <= ids


@given(FIELDS | PIECES)
@FEWER
def test_any_text_at_all_is_read_or_refused_in_words(text: str) -> None:
    read(text)


@given(st.lists(st.tuples(IDS, FIELDS, IDS, FIELDS), max_size=8), st.sampled_from(["\n", "\r\n"]))
@FEWER
def test_what_the_csv_module_writes_comes_back(rows: list[tuple[str, str, str, str]], end: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    rows = [tuple(cell.replace("\0", "") for cell in row) for row in rows]  # type: ignore[misc]
    writer.writerows([("from_object_id", "one", "to_object_id", "two"), *rows])
    columns = Columns(from_type="contacts", to_type="companies", trust_quotes=True)
    found = read(text.getvalue(), columns)
    assert found is not None
    first: dict[tuple[str, str], int] = {}
    for number, (line, (from_id, one, to_id, two)) in enumerate(zip(found[1], rows, strict=True), 1):
        again = first.setdefault((from_id, to_id), number) < number
        assert (line.row, line.ids, line.rest) == (number, (from_id, to_id), (one, two))
        assert line.status == ("duplicate" if again else "pair")


def test_the_survey_counts_rows_and_pairs_apart(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    rows = "1,a,2;3\n4,b,\n,,\n5,c,x;6;6\n7,d,5.1E+10\n8,e,8\n"
    path.write_text(f"Record ID,Name,Associated Contact IDs\n{rows}")
    survey, lines = read_source(Source(open_input(str(path)), Columns(from_type="contacts")))
    assert (survey.rows, survey.pairs, survey.duplicates, survey.sendable) == (5, 4, 1, 3)
    assert (survey.empty, survey.invalid, survey.blank_rows, survey.lines) == (1, 3, 1, 8)
    assert survey.refused == {"BAD_ID": 1, "DESTROYED_ID": 1, "SELF_PAIR": 1}
    assert survey.type_pairs == {("contacts", "contacts"): 4}
    assert survey.pairs_by_types == {("contacts", "contacts"): 3}
    example = survey.examples["BAD_ID"][0]
    assert (example.row, example.line, example.from_id, example.to_id) == (3, 5, "5", "x")
    assert [line.row for line in lines] == [1, 1, 2, 3, 3, 3, 4, 5]


def test_only_a_few_examples_of_a_cause_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(HEADER + "x,1,\n" * 10)
    survey = Source(open_input(str(path)), COLUMNS).survey()
    assert [example.line for example in survey.examples["BAD_ID"]] == [2, 3, 4]


def test_the_first_reading_shows_its_chunks_and_how_far_it_has_come(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(HEADER + "1,2,\nx,4,\n")
    chunks: list[Chunk] = []
    seen: list[int] = []
    survey = Source(open_input(str(path)), COLUMNS).survey(seen=seen.append, visit=chunks.append)
    assert [(chunk.size, chunk.from_ids.tolist()) for chunk in chunks] == [(2, [1])]
    assert seen == [survey.rows]


@pytest.mark.parametrize(
    ("data", "columns", "encoding", "name"),
    [
        (
            "Record ID;Associated Deal IDs;x\n1;2;é\n".encode("cp1252"),
            Columns(from_type="contacts"),
            "cp1252",
            "a",
        ),
        (b"from_object_type\tfrom_object_id\tto_object_id\n0-1\t1\t2\n", COLUMNS, "auto", "a.tsv"),
        (b"Record ID - Deal,Record ID - Contact\n,2\n3,4\n", Columns(allow_empty=True), "auto", "a"),
        (
            workbook(sheets={"A": [], "B": [("Record ID", "Associated Deal IDs"), (1, "2;3"), (4, None)]}),
            Columns(from_type="2-7", sheet="B"),
            "auto",
            "a.xlsx",
        ),
    ],
)
def test_the_input_is_read_in_the_same_way_again(
    data: bytes, columns: Columns, encoding: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    source = Source(open_input(str(path)), columns, encoding=encoding)
    saved: dict[str, Any] = dict(source.reading)
    again = Source(open_input(str(path)), encoding=saved.pop("encoding"), columns=Columns(**saved))
    assert again.reading == source.reading
    assert read_source(again) == read_source(source)


@pytest.mark.parametrize("change", ["1,3,a\n", "1,2,a\n3,4,b\n", ""])
def test_a_file_that_changes_between_the_two_readings_stops_the_run(change: str, tmp_path: Path) -> None:
    path = tmp_path / "input.csv"
    path.write_text(HEADER + "1,2,a\n")
    source = Source(open_input(str(path)), COLUMNS)
    survey = source.survey()
    path.write_text(HEADER + change)
    with pytest.raises(Stopped) as caught:
        list(source.chunks(survey))
    assert caught.value.reason == "input_changed"


def test_the_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    prints = []
    for name, note in (("a", "x"), ("b", "x"), ("c", "y")):
        path = tmp_path / name
        path.write_text(f"{HEADER}1,2,{note}\n")
        prints.append(Source(open_input(str(path)), COLUMNS).survey().fingerprint)
    assert prints[0] == prints[1] != prints[2]


def test_an_input_without_rows_has_no_chunk(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(HEADER)
    survey, lines = read_source(Source(open_input(str(path)), COLUMNS))
    assert (survey.rows, lines) == (0, [])


def test_a_workbook_and_its_csv_twin_are_read_alike(tmp_path: Path) -> None:
    header = ("Record ID", "First Name", "Associated Company IDs")
    rows: list[tuple[Value, ...]] = [
        (101, "Ada, B", "201;202"),
        (102, 'say "hi"', 201),
        (103.0, "x\ny", "x"),
        ("0104", "", 5.1e16),
    ]
    book, twin = tmp_path / "contacts.xlsx", tmp_path / "contacts.csv"
    book.write_bytes(workbook(header, *rows))
    with twin.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows[:2], (103, "x\ny", "x"), ("0104", "", "5.1E+16")])
    one, other = (
        read_source(Source(open_input(str(path)), Columns(from_type="contacts")))[1] for path in (book, twin)
    )
    strip = re.compile("^(sheet row|line) [0-9]+: ")
    assert [line._replace(message=strip.sub("", line.message)) for line in one] == [
        line._replace(message=strip.sub("", line.message)) for line in other
    ]
