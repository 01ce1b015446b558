"""AssociationReader a report back: what it settles, what is only a torn end, and what must be refused."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.csvtext import encode_cells
from loader.errors import ReportError
from loader.model import Outcome, Pair, Status
from loader.report import STATUS_CODES, Settled, read_back, read_header, read_records
from loader.report.layout import header, line

OTHERS = ["name", "note"]
PAIRS = [
    Pair(1, "contacts", "11", "companies", "21", encode_cells(["Ann", "é"])),
    Pair(2, "contacts", "12", "companies", "22", encode_cells(['B "b"', "two\nlines, and\r\nthree"])),
    Pair(3, "contacts", "n/a, none", "companies", "", encode_cells(["", "1,contacts"])),
    Pair(4, "contacts", "14", "companies", "24", encode_cells(["😀", ""])),
]
STATUSES = [Status.ASSOCIATED, Status.FAILED, Status.INVALID, Status.GAVE_UP]
OUTCOMES = [
    Outcome(pair, status, 1.79e9, 200, 1, error_message="a\nb, c" if status is Status.FAILED else "")
    for pair, status in zip(PAIRS, STATUSES, strict=True)
]
HEADER = f"{header(OTHERS)}\n".encode()
LINES = [line(outcome).encode() for outcome in OUTCOMES]


def identities(pairs: list[Pair]) -> np.typing.NDArray[np.int64]:
    return np.array([hash(pair[1:6]) for pair in pairs], np.int64)


def back(path: Path, content: bytes | None = None, pairs: list[Pair] = PAIRS) -> Settled:
    """Read the report back, and hold that reading has not touched it."""
    if content is not None:
        path.write_bytes(content)
    try:
        return read_back(path, OTHERS, identities(pairs), lambda row: pairs[row - 1])
    finally:
        assert content is None or path.read_bytes() == content


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.csv"


def test_a_whole_report_settles_its_rows(report: Path) -> None:
    settled = back(report, HEADER + LINES[3] + LINES[0] + LINES[1])
    assert list(settled.statuses) == [
        STATUS_CODES[Status.ASSOCIATED],
        STATUS_CODES[Status.FAILED],
        0,
        STATUS_CODES[Status.GAVE_UP],
    ]
    assert settled.counts == {Status.ASSOCIATED: 1, Status.FAILED: 1, Status.GAVE_UP: 1}
    assert (settled.rows, settled.last_row, settled.in_order) == (3, 4, False)
    assert settled.end == settled.size == report.stat().st_size


def test_rows_in_ascending_order_are_in_order(report: Path) -> None:
    assert back(report, HEADER + LINES[0] + LINES[2]).in_order


def test_no_report_settles_nothing(report: Path) -> None:
    assert back(report) == Settled(bytearray(len(PAIRS)), {})
    assert not report.exists()


def test_an_input_that_has_grown_goes_on(report: Path) -> None:
    settled = back(report, HEADER + LINES[0], PAIRS)
    assert (settled.rows, len(settled.statuses)) == (1, len(PAIRS))


def test_a_report_cut_at_any_byte_settles_its_whole_records(report: Path) -> None:
    whole = HEADER + b"".join(LINES)
    ends = [len(HEADER)]
    for text in LINES:
        ends.append(ends[-1] + len(text))
    for size in range(len(whole) + 1):
        settled = back(report, whole[:size])
        kept = [end for end in ends if end <= size]
        assert (settled.end, settled.size) == (kept[-1] if kept else 0, size)
        assert settled.rows == max(0, len(kept) - 1)


@given(whole=st.integers(0, 4), torn=st.integers(0, 400), damage=st.binary(max_size=40))
def test_a_damaged_end_is_no_error(
    whole: int, torn: int, damage: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = HEADER + b"".join(LINES[:whole])
    rest = LINES[whole][: min(torn, len(LINES[whole]) - 1)] if whole < len(LINES) else b""
    if b"\n" in damage:
        damage = damage.replace(b"\n", b"\xff")
    settled = back(tmp_path_factory.mktemp("damage") / "report.csv", kept + rest + damage)
    assert (settled.end, settled.rows) == (len(kept), whole)


@pytest.mark.parametrize(
    "tail", [b"\0" * 9000, b'2,"' + b"\0" * 4000, b"2,contacts,1\xc3", b'2,contacts,"open\n\n', b"\n"]
)
def test_what_a_power_loss_leaves_is_cut_off(report: Path, tail: bytes) -> None:
    assert back(report, HEADER + LINES[0] + tail).end == len(HEADER + LINES[0])


def test_a_hole_takes_the_records_that_it_cuts_and_no_other(report: Path) -> None:
    kept, cut = HEADER + LINES[0], LINES[1][:9] + b"\0" * 4096 + LINES[2][5:]
    settled = back(report, kept + cut + LINES[3])
    assert (settled.rows, bool(settled.statuses[3]), settled.whole) == (2, True, False)
    assert settled.stretches == (
        (len(HEADER), len(kept)),
        (len(kept + cut), len(kept + cut + LINES[3])),
    )


@pytest.mark.parametrize("nuls", [1, 15])
def test_a_hole_may_be_as_short_as_the_rest_of_a_block(report: Path, nuls: int) -> None:
    long = Pair(1, "contacts", "11", "companies", "21", encode_cells(["Ann", ""]))
    size = len(HEADER + line(Outcome(long, Status.FAILED, 1.79e9, 200, 1)).encode())
    long = long._replace(rest=encode_cells(["Ann", "x" * (1024 - nuls - size)]))
    kept = HEADER + line(Outcome(long, Status.FAILED, 1.79e9, 200, 1)).encode()
    assert len(kept + b"\0" * nuls) == 1024
    settled = back(report, kept + b"\0" * nuls + LINES[1][9:] + LINES[3], [long, *PAIRS[1:]])
    assert settled.rows == 2
    with pytest.raises(ReportError, match="damaged at line 3"):
        back(report, kept + b"," + b"\0" * nuls + LINES[1][9:] + LINES[3], [long, *PAIRS[1:]])


def test_a_power_loss_before_the_end_of_an_edited_line_is_not_to_blame(report: Path) -> None:
    edited = LINES[0].replace(b"Ann", b'"Ann')
    with pytest.raises(ReportError, match="damaged at line 2, and good records follow"):
        back(report, HEADER + edited + LINES[3] + LINES[2] + b"\0" * 4096)


def test_nuls_in_the_cells_of_another_input_are_no_holes(report: Path) -> None:
    theirs = Pair(1, "contacts", "11", "companies", "21", encode_cells(["Bob" + "\0" * 61, "é"]))
    ours = theirs._replace(rest=encode_cells(["Ann" + "\0" * 61, "é"]))
    text = line(Outcome(theirs, Status.ASSOCIATED, 1.79e9, 200, 1)).encode()
    with pytest.raises(ReportError, match="column 'name' differs"):
        back(report, HEADER + text, [ours])
    assert back(report, HEADER + text, [theirs]).rows == 1


def test_a_header_lost_in_a_power_loss_is_a_fresh_report(report: Path) -> None:
    assert back(report, b"\0" * 4096).end == 0
    assert back(report, HEADER[:20] + b"\0" * 100).end == 0


@pytest.mark.parametrize(
    "middle",
    [
        LINES[1][:20] + b"\n",
        b"\n",
        LINES[1][:20],
        b'2,contacts,"12,companies\n',
        b"2,contacts,\xff\n",
        b"x" + LINES[1],
    ],
)
def test_damage_with_good_records_behind_it_is_refused_with_its_line(report: Path, middle: bytes) -> None:
    with pytest.raises(ReportError, match="damaged at line 3"):
        back(report, HEADER + LINES[0] + middle + LINES[2] + LINES[3])


@pytest.mark.parametrize("middle", [LINES[0][:20], b'1,"', LINES[0].replace(b"Ann", b'A"nn')])
def test_a_good_record_of_several_lines_shows_that_damage_is_no_end(report: Path, middle: bytes) -> None:
    with pytest.raises(ReportError, match="damaged at line 2"):
        back(report, HEADER + middle + b"\n" + LINES[1])


def test_a_row_of_another_input_is_refused_with_its_columns(report: Path) -> None:
    theirs = line(OUTCOMES[3]._replace(pair=PAIRS[3]._replace(from_id="999"))).encode()
    with pytest.raises(ReportError) as refused:
        back(report, HEADER + LINES[1] + theirs)
    assert "line 5, row 4, from_object_id is '999' in the report and '14' in the input" in str(refused.value)
    assert "--overwrite" in refused.value.hint


def test_the_values_of_other_columns_are_not_shown(report: Path) -> None:
    theirs = line(OUTCOMES[0]._replace(pair=PAIRS[0]._replace(rest=encode_cells(["secret", "é"])))).encode()
    with pytest.raises(ReportError, match="column 'name' differs") as refused:
        back(report, HEADER + theirs)
    assert "secret" not in str(refused.value)
    assert "Ann" not in str(refused.value)


def test_values_are_shown_short_and_harmless(report: Path) -> None:
    theirs = line(OUTCOMES[2]._replace(pair=PAIRS[2]._replace(to_id="\x1b[31m" + "9" * 500))).encode()
    with pytest.raises(ReportError) as refused:
        back(report, HEADER + theirs)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400 + len(str(report))


def test_without_the_inputs_row_the_message_names_the_reports(report: Path) -> None:
    report.write_bytes(HEADER + LINES[0])
    with pytest.raises(
        ReportError, match=r"line 2 \(row 1: from_object_type 'contacts', from_object_id '11'"
    ):
        read_back(report, OTHERS, identities(PAIRS[1:]))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER + LINES[0] + LINES[1] + LINES[0], "row 1 twice, at line 6"),
        (HEADER + b"9" + LINES[0], "line 2 is row 91, and the input has 4 rows"),
        (HEADER + b"0,a,b,c,d,failed,,1,,,,,,,,x,y\n", "is row 0"),
        (HEADER + LINES[0].replace(b"associated", b"done"), "unknown status 'done' at line 2"),
        (HEADER.replace(b",note", b""), "it lacks the input's column 'note'"),
        (HEADER.replace(b",note", b",note,more"), "it has column 'more'"),
        (HEADER.replace(b"name,note", b"note,name"), "another order"),
        (b"from_object_id,to_object_id\n1,2\n", "its first line is not a report's header"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "its first line is not a report's header"),
    ],
)
def test_a_report_that_is_not_this_inputs_is_refused(report: Path, content: bytes, said: str) -> None:
    with pytest.raises(ReportError, match=said):
        back(report, content)


def test_what_a_spreadsheet_does_when_it_saves_is_no_difference(report: Path) -> None:
    plain = [line(outcome).encode() for outcome in (OUTCOMES[0], OUTCOMES[3])]
    saved = b"\xef\xbb\xbf" + b"".join(text[:-1] + b"\r\n" for text in (HEADER, *plain))
    assert back(report, saved).rows == 2
    assert [record.row for record in read_records(report)] == [1, 4]


def test_only_a_regular_file_is_a_report(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="not a regular file"):
        back(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ReportError, match="not a regular file"):
            back(tmp_path / "pipe")


def test_reading_takes_memory_for_the_longest_record_and_no_more(report: Path) -> None:
    pairs = [Pair(row, "contacts", str(row), "companies", "1", ",,") for row in range(1, 40_001)]
    with report.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER.decode())
        file.writelines(line(Outcome(pair, Status.ASSOCIATED, 1.79e9, 200, 1)) for pair in pairs)
    salted = identities(pairs)
    tracemalloc.start()
    read_back(report, OTHERS, salted)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000 < report.stat().st_size


def test_records_are_read_with_their_types_and_lines(report: Path) -> None:
    report.write_bytes(HEADER + b"".join(LINES) + LINES[0][:30])
    records = list(read_records(report))
    assert read_header(report) == tuple(OTHERS)
    assert [(record.line, record.row, record.status) for record in records] == [
        (2, 1, Status.ASSOCIATED),
        (3, 2, Status.FAILED),
        (6, 3, Status.INVALID),
        (7, 4, Status.GAVE_UP),
    ]
    assert records[1].others == ('B "b"', "two\nlines, and\r\nthree")
    assert (records[1].http_status, records[1].error_message) == (200, "a b, c")


@pytest.mark.parametrize("content", [None, b"", b"a,b\n1,2\n", HEADER + b"\n" + LINES[0], HEADER[:-1]])
def test_what_is_no_report_is_refused_by_the_reading_commands(report: Path, content: bytes | None) -> None:
    if content is not None:
        report.write_bytes(content)
    with pytest.raises(ReportError):
        list(read_records(report))
