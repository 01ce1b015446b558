"""Each input rule of the contract (section 2) by itself: what is read, what is refused, in which words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loader.errors import InputError, Stopped, UsageError
from loader.model import Pair
from loader.source import Columns, Source, open_input
from tests.campaigns.dirty_archives import PACK
from tests.campaigns.dirty_values import IDS, TYPES
from tests.support.reading import COLUMNS, read, refusal

HEADER = b"from_object_id,to_object_id,note\n"


@pytest.mark.parametrize(("cell", "value"), [form for form in IDS if '"' not in form[0]])
@pytest.mark.parametrize("side", ["from", "to"])
def test_ids(cell: str, value: str | None, side: str, tmp_path: Path) -> None:
    quoted = f'"{cell}"'
    line = f"{quoted},77777,n" if side == "from" else f"77777,{quoted},n"
    pairs, outcomes = read(tmp_path, HEADER + line.encode())
    assert [p.from_id if side == "from" else p.to_id for p in pairs] == ([value] if value else [])
    assert [(o.status, o.error_message.startswith("line 2: ")) for o in outcomes] == (
        [] if value else [("invalid", True)]
    )


@pytest.mark.parametrize(
    ("cell", "category"),
    [
        ("", "MISSING_ID"),
        ("0", "ID_OUT_OF_RANGE"),
        ("9223372036854775808", "ID_OUT_OF_RANGE"),
        ("12345678901234567890", "ID_OUT_OF_RANGE"),
        ("1.23457E+11", "DESTROYED_ID"),
        ('"1,23457E+11"', "DESTROYED_ID"),
        ('"1,234"', "BAD_ID"),
    ],
)
def test_the_reason_says_what_is_wrong_with_an_id(cell: str, category: str, tmp_path: Path) -> None:
    _, (outcome,) = read(tmp_path, HEADER + f"{cell},2,n\n".encode())
    assert outcome.error_category == category
    assert ("a spreadsheet has destroyed" in outcome.error_message) == (category == "DESTROYED_ID")


@pytest.mark.parametrize(("cell", "ok"), TYPES)
def test_types(cell: str, ok: bool, tmp_path: Path) -> None:
    data = f'from_object_type,from_object_id,to_object_id\n"{cell}",1,2\n'.encode()
    pairs, outcomes = read(tmp_path, data, Columns(to_type="deals"))
    assert [p.from_type for p in pairs] == ([cell.strip()] if ok else [])
    assert [o.error_category for o in outcomes] == ([] if ok else ["BAD_TYPE"])


def test_an_empty_type_cell_takes_the_option_and_is_invalid_without(tmp_path: Path) -> None:
    data = b"from_object_type,from_object_id,to_object_id\n,1,2\n"
    assert read(tmp_path, data)[0][0].from_type == "contacts"
    _, (outcome,) = read(tmp_path, data, Columns(to_type="deals"))
    assert outcome.error_category == "MISSING_TYPE"


def test_no_type_at_all_is_refused_with_the_option_that_says_it(tmp_path: Path) -> None:
    assert "--to-type" in refusal(tmp_path, HEADER, Columns(from_type="contacts")).hint


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ":", " ", "¦", "^"])
def test_delimiters(delimiter: str, tmp_path: Path) -> None:
    data = "from_object_id,to_object_id,note\n1,2,\n3,4,é\n".replace(",", delimiter).encode()
    told = "auto" if delimiter in ",;\t|" else delimiter
    pairs, _ = read(tmp_path, data, Columns(from_type="contacts", to_type="companies", delimiter=told))
    assert [(p.from_id, p.to_id, p.rest) for p in pairs] == [("1", "2", ","), ("3", "4", ",é")]


@pytest.mark.parametrize("delimiter", ["", "ab", "1", '"', "\n", "-", ".", "\0"])
def test_a_delimiter_that_ids_or_quotes_contain_is_refused(delimiter: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't separate"):
        read(tmp_path, HEADER, Columns(from_type="a", to_type="b", delimiter=delimiter))


def test_named_columns_match_without_case_and_spaces(tmp_path: Path) -> None:
    columns = Columns(from_type="contacts", to_type="deals", from_column="contact id", to_column=" DEAL ")
    pairs, _ = read(tmp_path, b" Contact ID ,x,Deal\n1,n,2\n", columns)
    assert pairs == [Pair(1, "contacts", "1", "deals", "2", ",n")]


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (HEADER + b'1,2,n\n"3\n4",5,n\n', 3, "holds a line end in 'from_object_id'"),
        (HEADER + b'1,2,"a\nb" c\n', 2, "goes on behind its closing quote"),
        (HEADER + b'1,2,"a\n3,4",x\n', 2, "swallows lines"),
        (HEADER + b'1,2,"a\r3,4,b\r5,6,c"\r', 2, "swallows lines"),
        (HEADER + b'1,2,"a\n3,4,"\n', 2, "swallows"),
        (HEADER + b'\r\n\n1,2,"a\n', 4, "column 3 ('note') and never closes"),
        (HEADER + b"1,2,a\n3,4,\xff\n", 3, "character 5: 0xFF is not UTF-8"),
        (HEADER + b"1,2,a\nNote,to_object_id,from_object_id\n", 3, "a second header"),
        (HEADER + b"1,2,a\nfrom_object_id,to_object_id,note,mail\n", 3, "a second header"),
        (HEADER + b"1,2,a\nfrom_object_id,to_object_id\n", 3, "a second header"),
        (b'"from_object_id,to_object_id\n1,2\n', 1, "in the header and never closes"),
        (b'\r\n\nfrom_object_id,to_object_id,"note\r\n1,2,x"\r\n3,4,y\r\n', 3, "name swallows lines"),
        (b'from_object_id,to_object_id,"note,mail\n1,2,x,m"\n3,4,y,m\n', 1, "name swallows lines"),
        (b'from_object_id,to_object_id,"note,mail\n1,2,x",m\n3,4,y,m\n', 1, "name swallows lines"),
        (b'from_object_id,to_object_id,"note\n1,2,"x"\n3,4,y\n', 1, "name spans several lines and goes on"),
        (b'from_object_id,to_object_id,note,"mail\n1,2,"\n3,4,y,m\n', 1, "name swallows lines"),
        (HEADER + b"1,2," + b"x" * (17 << 20), 2, "longer than 16 million characters"),
        (HEADER + b'1,2,"' + b"x\n" * (9 << 20) + b'"\n', 2, "does not close within 16 million"),
    ],
    ids=range(18),
)
def test_a_broken_structure_is_refused_with_its_line(
    data: bytes, line: int, words: str, tmp_path: Path
) -> None:
    error = refusal(tmp_path, data)
    assert (error.line, words in str(error)) == (line, True), str(error)


@pytest.mark.parametrize(
    "note", ["a\nb", "\n", "a\r\nb\n\nc", "12, 13\n14 and 15", 'he said ""yes""\nand went', "x,\ny,"]
)
@pytest.mark.parametrize(
    "template", ['{0},1,2,{0}\n3,4,5,"x"\n', '"x",1,2,{0}\n3,4,5,"x"\n', '{0},1,2,n\n3,4,5,"x"\n']
)
def test_honest_notes_of_several_lines_load(note: str, template: str, tmp_path: Path) -> None:
    data = "one,from_object_id,to_object_id,two\n" + template.format(f'"{note}"')
    pairs, outcomes = read(tmp_path, data.encode())
    assert [(p.from_id, p.to_id) for p in pairs] == [("1", "2"), ("4", "5")]
    assert f'"{note}"' in pairs[0].rest
    assert outcomes == []


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
    pairs, outcomes = read(tmp_path, f"{header}\n1,2,3\n".encode())
    assert [(p.from_id, p.to_id) for p in pairs] == [("2", "3") if header.startswith('"the') else ("1", "2")]
    assert outcomes == []


@pytest.mark.parametrize(
    ("data", "categories"),
    [
        (b"from_object_id,to_object_id\n1,2,\nfrom_object_id,to_object_id,\n", ["TOO_MANY_FIELDS"] * 2),
        (b"from_object_id,to_object_id,\n1,2,\nfrom_object_id,to_object_id\n", ["TOO_FEW_FIELDS"]),
        (b"from_object_id,to_object_id,\n1,2,\nFrom_object_id,to_object_id ,\n", ["BAD_ID"]),
        (HEADER + b"from_object_id,to_object_id,\n", ["BAD_ID"]),
    ],
    ids=range(4),
)
def test_the_same_header_again_is_an_invalid_row_with_and_without_a_last_delimiter(
    data: bytes, categories: list[str], tmp_path: Path
) -> None:
    _, outcomes = read(tmp_path, data)
    assert [outcome.error_category for outcome in outcomes] == categories


def test_a_line_of_two_quotes_is_a_record_and_a_blank_line_is_none(tmp_path: Path) -> None:
    pairs, outcomes = read(tmp_path, HEADER + b'\n""\n   \n1,2,n\n')
    assert [p.row for p in pairs] == [2]
    assert [(o.pair.row, o.error_category) for o in outcomes] == [(1, "TOO_FEW_FIELDS")]


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-16", "utf-32", "utf-7", "unicode_escape", "cp1252", "shift_jis", "ascii"]
)
def test_bytes_that_an_encoding_can_not_be_end_it_in_words(codec: str, tmp_path: Path) -> None:
    wrong = b"\x00\xd8" * 5 if codec in ("utf-16", "utf-32") else b"1,2,\x81\xff\xfe\\ud800\\x\xff+2AA-\n"
    data = HEADER.decode().encode(codec) + wrong
    assert re.search(r"line \d", str(refusal(tmp_path, data, COLUMNS, codec)))


@pytest.mark.parametrize("encoding", ["", "utf-99", "hex", "rot13", "zip", "base64"])
def test_what_is_no_text_encoding_is_refused(encoding: str, tmp_path: Path) -> None:
    assert "not a text encoding" in str(refusal(tmp_path, HEADER, COLUMNS, encoding))


def test_a_row_that_stray_quotes_swallow_by_half_is_noticed(tmp_path: Path) -> None:
    data = b'from_object_id,to_object_id,note,more\n1,2,n,"\n3,4,"\nlines",x\n'
    error = refusal(tmp_path, data)
    assert (error.line, "swallows lines" in str(error)) == (2, True)


@pytest.mark.parametrize("suffix", sorted(PACK))
def test_a_whole_archive_is_read(suffix: str, tmp_path: Path) -> None:
    text = HEADER + b"".join(b"%d,%d,\n" % (n, n * 3) for n in range(1, 40))
    pairs, _ = read(tmp_path, PACK[suffix](text), name=f"pairs.csv{suffix}")
    assert [pair.to_id for pair in pairs] == [str(n * 3) for n in range(1, 40)]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_what_follows_a_member_of_an_archive_must_be_another(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"pairs.csv{suffix}"
    path.write_bytes(PACK[suffix](HEADER + b"1,2,a\n") + b"x" + PACK[suffix](b"3,4,b\n")[1:])
    with open_input(str(path)) as file, pytest.raises(InputError, match="archive is damaged"):
        Source(file, COLUMNS).survey()


def test_a_line_end_that_two_blocks_share_is_counted_once(tmp_path: Path) -> None:
    filler = b"1,2," + b"x" * ((1 << 20) - len(HEADER) - len(b"1,2,") - 1)
    _, (outcome,) = read(tmp_path, HEADER + filler + b"\r\nbad,2,n\r\n")
    assert outcome.error_message.startswith("line 3: ")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_u_feff_at_the_head_of_a_line_is_text(encoding: str, tmp_path: Path) -> None:
    """U+FEFF is a byte-order mark only at the start of the file, not where a block of the reading begins."""
    notes = [f"\ufeff{number}" for number in range(1, 60_001)]
    lines = "".join(f"{note},{number},77\n" for number, note in enumerate(notes, 1))
    pairs, outcomes = read(tmp_path, ("note,from_object_id,to_object_id\n" + lines).encode(encoding))
    assert [pair.rest for pair in pairs] == [f",{note}" for note in notes]
    assert outcomes == []


def test_a_u_feff_in_a_line_longer_than_the_parser_s_buffer_is_text(tmp_path: Path) -> None:
    note = "x" * (1 << 18) + "\ufeff"
    pairs, _ = read(tmp_path, f"note,from_object_id,to_object_id\n{note},1,2\n".encode())
    assert pairs[0].rest == f",{note}"


def test_a_file_that_changes_between_the_two_readings_stops_the_run(tmp_path: Path) -> None:
    path = tmp_path / "input.csv"
    path.write_bytes(HEADER + b"1,2,a\n")
    with open_input(str(path)) as file:
        source = Source(file, COLUMNS)
        survey = source.survey()
        path.write_bytes(HEADER + b"1,3,a\n")
        with pytest.raises(Stopped) as caught:
            list(source.batches(survey))
    assert caught.value.reason == "input_changed"
