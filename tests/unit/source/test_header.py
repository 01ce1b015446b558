"""The header: its delimiter, where it begins, and what is said of one that can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader.errors import UsageError
from loader.model import OWN_COLUMNS
from loader.source import Columns
from tests.support.reading import COLUMNS, read, refusal

HEADER = "from_object_id,to_object_id,note\n"


def test_delimiters(tmp_path: Path) -> None:
    for delimiter in (",", ";", "\t", "|", ":", " ", "\u00a6", "^"):
        data = "from_object_id,to_object_id,note\n1,2,\n3,4,é\n".replace(",", delimiter)
        told = "auto" if delimiter in ",;\t|" else delimiter
        columns = Columns(from_type="contacts", to_type="companies", delimiter=told)
        assert [(line.ids, line.rest) for line in read(tmp_path, data, columns)] == [
            (("1", "2"), ("",)),
            (("3", "4"), ("é",)),
        ], delimiter


def test_a_delimiter_that_ids_or_quotes_contain_is_refused(tmp_path: Path) -> None:
    for delimiter in ("", "ab", "1", '"', "\n", "-", ".", "\0", "=", "'"):
        with pytest.raises(UsageError, match="can't separate"):
            read(tmp_path, HEADER, Columns(from_type="a", to_type="b", delimiter=delimiter))


def test_the_delimiter_is_the_one_that_gives_the_id_columns(tmp_path: Path) -> None:
    data = "from_object_id;to_object_id;a,b,c,d,e\n1;2;x,y,z,v,w\n"
    assert read(tmp_path, data)[0].ids == ("1", "2")


@pytest.mark.parametrize(
    "head", ["  \n", "\n \u00a0\r\n\n", "\r \r", " \nsep=,\n  \n", ",,\n", " , \n,,,,\n"]
)
def test_blank_lines_above_the_header_do_not_count(head: str, tmp_path: Path) -> None:
    lines = read(tmp_path, head + HEADER + "x,2,\n")
    number = len((head + HEADER).splitlines()) + 1
    assert [line.message[: len(f"line {number}: ")] for line in lines] == [f"line {number}: "]


def test_excel_s_own_first_line_names_the_delimiter(tmp_path: Path) -> None:
    assert read(tmp_path, "sep=^\nfrom_object_id^to_object_id\n1^2\n")[0].ids == ("1", "2")


@pytest.mark.parametrize(
    ("data", "line", "words", "hint"),
    [
        ("", None, "is empty: there is no header", "name the columns"),
        ("\ufeff \n\n", None, "is empty", ""),
        ("1,2\n3,4\n", 1, "there is no header; the first line holds data ('1', '2')", "a line with the"),
        ('"from_object_id,to_object_id\n1,2\n', 1, "a quote opens in the header and never closes", "stray"),
        ('"from_object_id,to_object_id"\n"1,2"\n', 1, "each line is one quoted cell", "columns"),
        ('"a;b"\n"1;2"\n', 1, "each line is one quoted cell", "columns"),
        ('"from_object_id", "to_object_id"\n1,2\n', 1, "there is no column 'to_object_id'", "a space before"),
        (
            "Contact ID;owner\n7;x\n",
            1,
            "The columns found (separated by semicolon): 'Contact ID', 'owner'",
            "Add --from-column NAME --to-column NAME.",
        ),
        (
            "Contact ID,Company ID\n7,8\n",
            1,
            "there is no column 'from_object_id'; there is no column 'to_object_id'. The columns found",
            "For example: assoc-loader check",
        ),
    ],
    ids=range(9),
)
def test_what_is_wrong_with_a_header(
    data: str, line: int | None, words: str, hint: str, tmp_path: Path
) -> None:
    error = refusal(tmp_path, data)
    assert (error.line, words in str(error), hint in error.hint) == (line, True, True), (error, error.hint)


def test_utf_16_without_a_mark_is_suspected(tmp_path: Path) -> None:
    assert "--encoding utf-16-le" in refusal(tmp_path, HEADER.encode("utf-16-le")).hint


@pytest.mark.parametrize(
    "header",
    [
        'from_object_id,to_object_id,"note\n(internal)"',
        'from_object_id,to_object_id,"note\r\n\r\n1, 2 or 3"',
        '"from_object_id\n",to_object_id,"price\n1,5"',
        '"the\nnote","from_object_id"," to_object_id\n"',
    ],
)
def test_a_column_name_of_several_lines_is_honest(header: str, tmp_path: Path) -> None:
    (line,) = read(tmp_path, f"{header}\n1,2,3\n")
    assert line.ids == (("2", "3") if header.startswith('"the') else ("1", "2"))


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        ('\r\n\nfrom_object_id,to_object_id,"note\r\n1,2,x"\r\n3,4,y\r\n', 3, "name swallows lines"),
        ('from_object_id,to_object_id,"note,mail\n1,2,x,m"\n3,4,y,m\n', 1, "name swallows lines"),
        ('from_object_id,to_object_id,"note,mail\n1,2,x",m\n3,4,y,m\n', 1, "name swallows lines"),
        ('from_object_id,to_object_id,"note\n1,2,"x"\n3,4,y\n', 1, "name spans several lines and has text"),
        ('from_object_id,to_object_id,note,"mail\n1,2,"\n3,4,y,m\n', 1, "name swallows lines"),
    ],
    ids=range(5),
)
def test_a_quote_in_the_header_that_swallowed_rows(data: str, line: int, words: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, data)
    assert (error.line, words in str(error)) == (line, True), str(error)


def test_trust_quotes_lets_a_column_name_hold_anything(tmp_path: Path) -> None:
    data = 'from_object_id,to_object_id,"note\n1,2,x"\n3,4,y\n'
    columns = Columns(from_type="contacts", to_type="companies", trust_quotes=True)
    assert [line.ids for line in read(tmp_path, data, columns)] == [("3", "4")]


@pytest.mark.parametrize("others", [(), ("note",), ("status", "note"), ("from_object_id",)])
def test_the_result_columns_of_a_report_are_dropped(others: tuple[str, ...], tmp_path: Path) -> None:
    cells = {"from_object_type": "contacts", "from_object_id": "1", "to_object_type": "deals"}
    cells |= {"to_object_id": "2", "status": "failed", "row": "9"}
    row = [cells.get(name, "") for name in OWN_COLUMNS] + [f"my {name}" for name in others]
    data = ",".join((*OWN_COLUMNS, *others)) + "\n" + ",".join(row) + "\n"
    (line,) = read(tmp_path, data, Columns())
    assert (line.row, line.ids, line.rest) == (1, ("1", "2"), tuple(f"my {name}" for name in others))


def test_a_header_that_lacks_a_report_s_columns_is_an_ordinary_one(tmp_path: Path) -> None:
    data = "row,from_object_id,to_object_id,status\n9,1,2,failed\n"
    assert read(tmp_path, data, COLUMNS)[0].rest == ("9", "failed")
