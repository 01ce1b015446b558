"""The report while it is being written: on disk in time, sound after any accident, no other file touched."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from loader.csvtext import encode_cells
from loader.errors import ReportError, Stopped
from loader.model import Outcome, OutcomeGroup, Pair, Status
from loader.report import ReportWriter, Settled, put_in_order, read_back
from loader.report.layout import header, line

OTHERS = ["note"]
HEADER = f"{header(OTHERS)}\n"
ROWS = 5000
posix = pytest.mark.skipif(os.name != "posix", reason="Windows lets nobody delete an open file")


def pair(row: int) -> Pair:
    note = "two\nlines" if row % 7 == 0 else "x"
    return Pair(row, "contacts", str(row), "companies", str(row), encode_cells([note]))


def outcome(row: int) -> Outcome:
    return Outcome(pair(row), Status.ASSOCIATED, 1.79e9, 200, 1)


def add(writer: ReportWriter, *rows: int) -> None:
    for row in rows:
        writer.add(OutcomeGroup([pair(row)], outcome(row)))


def lines(*rows: int) -> str:
    return HEADER + "".join(line(outcome(row)) for row in rows)


def back(report: Path, rows: int = ROWS) -> Settled:
    identities = np.array([hash(pair(row)[1:6]) for row in range(1, rows + 1)], np.int64)
    return read_back(report, OTHERS, identities)


def text(report: Path) -> str:
    return report.read_bytes().decode()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.csv"


def wait_until(report: Path, content: str) -> None:
    """Wait for the writing thread, which has no clock but the real one."""
    deadline = time.monotonic() + 30
    while text(report) != content:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_rows_that_end_together_stand_in_row_order(report: Path) -> None:
    writer = ReportWriter(report, OTHERS, back(report))
    add(writer, 3, 1, 7, 2)
    writer.close()
    assert text(report) == lines(1, 2, 3, 7)


@pytest.mark.parametrize(
    "parts", [[(1, 2), (3, 4)], [(3, 4), (1, 2)], [(1, 4), (2, 3)], [(2, 3, 5), (4,), (1,)]]
)
def test_lots_that_end_together_stand_in_row_order(report: Path, parts: list[tuple[int, ...]]) -> None:
    writer = ReportWriter(report, OTHERS, back(report))
    for part in parts:
        writer.add(OutcomeGroup([pair(row) for row in part], outcome(part[0])))
    assert writer.backlog in (0, sum(map(len, parts)))
    writer.close()
    assert text(report) == lines(*sorted(row for part in parts for row in part))


def test_a_fast_load_does_not_wait_for_the_next_tenth_of_a_second(report: Path) -> None:
    rounds, rows = 12, 10_000
    groups = [
        OutcomeGroup([pair(row) for row in range(first, first + rows)], outcome(first))
        for first in range(1, rounds * rows, rows)
    ]
    writer = ReportWriter(report, OTHERS, None)
    took = []
    for group in groups:
        began = time.monotonic()
        writer.add(group)
        while writer.backlog:
            time.sleep(0.001)
        took.append(time.monotonic() - began)
    writer.close()
    assert text(report) == lines(*range(1, rounds * rows + 1))
    assert min(took) < 0.06, "each round has waited for its turn"


def test_rows_are_on_disk_long_before_the_run_ends(report: Path) -> None:
    writer = ReportWriter(report, OTHERS, None)
    add(writer, 2)
    wait_until(report, lines(2))
    add(writer, 1)
    wait_until(report, lines(2, 1))
    assert writer.backlog == 0
    writer.close()
    assert text(report) == lines(2, 1)


def test_a_report_goes_on_behind_its_last_whole_record(report: Path) -> None:
    report.write_bytes((lines(1, 2) + line(outcome(7))[:-4]).encode())
    writer = ReportWriter(report, OTHERS, back(report))
    add(writer, 7)
    writer.close()
    assert text(report) == lines(1, 2, 7)


def test_a_torn_header_is_written_anew(report: Path) -> None:
    report.write_text(HEADER[:30])
    ReportWriter(report, OTHERS, back(report)).close()
    assert text(report) == HEADER


def test_an_existing_report_is_thrown_away_only_where_told(report: Path) -> None:
    never_read = Settled(bytearray(ROWS), {})
    report.write_bytes(lines(1).encode())
    with pytest.raises(ReportError, match="changed since it was read"):
        ReportWriter(report, OTHERS, never_read)
    assert text(report) == lines(1)
    ReportWriter(report, OTHERS, None).close()
    assert text(report) == HEADER


@pytest.mark.parametrize("name", [".", "none/report.csv"])
def test_a_report_that_cannot_be_opened_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReportError):
        ReportWriter(tmp_path / name, OTHERS, Settled(bytearray(ROWS), {}))


@posix
def test_a_new_report_has_the_users_permissions(report: Path) -> None:
    umask = os.umask(0o027)
    try:
        ReportWriter(report, OTHERS, None).close()
    finally:
        os.umask(umask)
    assert stat.S_IMODE(report.stat().st_mode) == 0o640


@posix
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    link.symlink_to(real)
    writer = ReportWriter(link, OTHERS, back(link))
    add(writer, 1)
    writer.close()
    assert link.is_symlink()
    assert text(real) == lines(1)


def stop(writer: ReportWriter, heard: list[Stopped]) -> Stopped:
    """Let the writer meet what was done to its file, and check that everybody hears of it."""
    add(writer, 2)
    with pytest.raises(Stopped) as stopped:
        writer.close()
    assert heard == [stopped.value]
    assert writer.failure is stopped.value
    return stopped.value


@posix
def test_a_deleted_report_is_put_back(report: Path) -> None:
    heard: list[Stopped] = []
    writer = ReportWriter(report, OTHERS, None, heard.append)
    add(writer, 1)
    wait_until(report, lines(1))
    report.unlink()
    assert stop(writer, heard).reason == "report_changed"
    assert text(report) == lines(1, 2)


@posix
def test_a_report_whose_directory_is_gone_is_said(tmp_path: Path) -> None:
    heard: list[Stopped] = []
    report = tmp_path / "gone" / "report.csv"
    report.parent.mkdir()
    writer = ReportWriter(report, OTHERS, None, heard.append)
    report.unlink()
    report.parent.rmdir()
    assert "could not be put back" in str(stop(writer, heard))


@posix
def test_a_file_that_has_replaced_the_report_is_not_touched(report: Path) -> None:
    heard: list[Stopped] = []
    writer = ReportWriter(report, OTHERS, None, heard.append)
    theirs = report.with_name("theirs.csv")
    theirs.write_bytes(HEADER.encode())
    theirs.replace(report)
    assert stop(writer, heard).reason == "report_changed"
    assert text(report) == HEADER


def test_an_edit_in_place_is_not_written_over(report: Path) -> None:
    heard: list[Stopped] = []
    writer = ReportWriter(report, OTHERS, None, heard.append)
    with report.open("ab") as file:
        file.write(b"a note of mine\n")
    assert stop(writer, heard).reason == "report_changed"
    assert text(report) == HEADER + "a note of mine\n"


def test_the_run_hears_of_a_failure_while_it_goes_on(report: Path) -> None:
    heard = threading.Event()
    writer = ReportWriter(report, OTHERS, None, lambda _: heard.set())
    with report.open("ab") as file:
        file.write(b"x")
    add(writer, 1)
    assert heard.wait(30)
    add(writer, 2)  # what is still under way may end; it is dropped
    assert writer.backlog == 0, "or the reader would wait for a disk that takes nothing"
    with pytest.raises(Stopped):
        writer.close()


FULL_DISK = """
import resource, sys; from pathlib import Path
from loader.errors import Stopped; from loader.report import ReportWriter
from tests.unit.report.test_writer import *
writer = ReportWriter(Path(sys.argv[1]), OTHERS, None)
add(writer, *range(1, 101))
wait_until(Path(sys.argv[1]), lines(*range(1, 101)))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
add(writer, *range(101, 1001))
try: writer.close()
except Stopped as stopped: print(stopped.reason)
"""


@posix
def test_a_full_disk_stops_the_run_and_tears_no_line(report: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(report)], capture_output=True, text=True, check=True
    )
    assert process.stdout == "report_unwritable\n"
    assert text(report) == lines(*range(1, 101))


KILLED = """
import sys, time; from pathlib import Path
from loader.report import put_in_order
from tests.unit.report.test_writer import *
report = Path(sys.argv[1])
settled = back(report)
writer = ReportWriter(report, OTHERS, settled)
left = [row for row in range(1, ROWS + 1) if not settled.statuses[row - 1]]
random.Random(len(left)).shuffle(left)
print("going", flush=True)
for row in left:
    add(writer, row)
    if row % 10 == 0: time.sleep(0.001)
writer.close()
put_in_order(report)
"""


def test_kills_lose_nothing_that_was_written_and_invent_nothing(report: Path) -> None:
    settled, kills = back(report), 0
    chance = random.Random(7)
    while settled.rows < ROWS:
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(report)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(chance.uniform(0.2, 0.5) if kills < 4 else 60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        process.stdout.close()
        before, settled = settled, back(report)
        lost = [row for row, code in enumerate(before.statuses, 1) if code and not settled.statuses[row - 1]]
        assert not lost
        assert settled.counts in ({}, {Status.ASSOCIATED: settled.rows})
    assert kills
    put_in_order(report)
    assert text(report) == lines(*range(1, ROWS + 1))
