"""A finished report in the input's order: every record once, in one atomic step, or not at all."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.csvtext import encode_cells
from loader.errors import Stopped
from loader.model import Outcome, Pair, Status
from loader.report import put_in_order
from loader.report.layout import header, line

HEADER = f"{header(['note'])}\n"
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions, links and limits")


def text(row: int, note: str = "x") -> str:
    pair = Pair(row, "contacts", str(row), "companies", str(row), encode_cells([note]))
    return line(Outcome(pair, Status.ASSOCIATED, 1.79e9, 200, 1))


def write(path: Path, lines: list[str]) -> bytes:
    path.write_text(HEADER + "".join(lines), encoding="utf-8", newline="")
    return path.read_bytes()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.csv"


def is_alone(report: Path) -> bool:
    return list(report.parent.iterdir()) == [report]


@given(
    notes=st.dictionaries(st.integers(1, 300), st.text('a,"\n\r', max_size=8), max_size=30),
    seed=st.randoms(use_true_random=False),
)
def test_any_order_becomes_the_inputs(
    notes: dict[int, str], seed: random.Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    report = tmp_path_factory.mktemp("order") / "report.csv"
    ordered = [text(row, notes[row]) for row in sorted(notes)]
    whole = write(report, ordered)
    shuffled = ordered.copy()
    seed.shuffle(shuffled)
    write(report, shuffled)
    assert put_in_order(report) == (shuffled != ordered)
    assert report.read_bytes() == whole
    assert is_alone(report)


def test_late_rows_and_many_slices(report: Path) -> None:
    ordered = [text(row, "y\n" * 50_000 if row % 20_000 == 0 else "x") for row in range(1, 100_001)]
    whole = write(report, ordered)
    chance = random.Random(1)
    nearly = sorted(range(100_000), key=lambda index: index + chance.random() * 400)
    write(report, [ordered[index] for index in [*nearly[1:], nearly[0]]])
    assert put_in_order(report)
    assert report.read_bytes() == whole


def test_memory_is_a_slice_and_not_the_file(report: Path) -> None:
    ordered = [text(row, "y" * 1_000_000 + "\n") for row in range(1, 61)]
    whole = write(report, ordered)
    write(report, ordered[::-1])
    tracemalloc.start()
    assert put_in_order(report)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.read_bytes() == whole
    assert peak < 40 << 20 < len(whole)


def test_a_report_in_order_is_not_touched(report: Path) -> None:
    write(report, [text(1), text(2)])
    before = report.stat()
    assert put_in_order(report) is False
    assert (report.stat().st_ino, report.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_report_without_rows_is_in_order(report: Path) -> None:
    write(report, [])
    assert put_in_order(report) is False


def test_what_a_killed_run_left_is_overwritten(report: Path) -> None:
    report.with_name("report.csv.ordering").write_text("half a report of a killed run")
    write(report, [text(2), text(1)])
    assert put_in_order(report)
    assert report.read_text(encoding="utf-8") == HEADER + text(1) + text(2)
    assert is_alone(report)


@posix
def test_the_permissions_and_the_link_stay(tmp_path: Path) -> None:
    report, link = tmp_path / "real.csv", tmp_path / "link.csv"
    write(report, [text(2), text(1)])
    report.chmod(0o640)
    link.symlink_to(report)
    assert put_in_order(link)
    assert link.is_symlink()
    assert report.stat().st_mode & 0o777 == 0o640
    assert report.read_text(encoding="utf-8") == HEADER + text(1) + text(2)


def test_row_numbers_of_any_length_are_read(report: Path) -> None:
    ordered = [text(row) for row in (1, 9, 10, 4_294_967_294, 4_294_967_295)]
    whole = write(report, ordered)
    write(report, ordered[::-1])
    assert put_in_order(report)
    assert report.read_bytes() == whole


@pytest.mark.parametrize(
    "lines",
    [
        [text(2), text(1), text(2)],
        [text(2), "scribble\n"],
        [text(2), text(1)[:-1]],
        [text(2), "\n", text(1)],
        [text(2), text(4_294_967_296), text(1)],
        [text(2), text(18_446_744_073_709_551_617), text(1)],
        [text(2), text(1)[1:]],
        [text(2), "1;" + text(1)[2:]],
        [text(2), text(1, '"')[:-2] + "\n"],
    ],
)
def test_what_the_loader_did_not_write_is_left_as_it_is(report: Path, lines: list[str]) -> None:
    whole = write(report, lines)
    with pytest.raises(Stopped) as stopped:
        put_in_order(report)
    assert stopped.value.reason == "report_changed"
    assert report.read_bytes() == whole
    assert is_alone(report)


@posix
def test_a_full_disk_leaves_the_report_as_it_was(report: Path) -> None:
    whole = write(report, [text(row) for row in range(2000, 0, -1)])
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from loader.errors import Stopped; from loader.report import put_in_order\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try: put_in_order(Path(sys.argv[1]))\n"
        "except Stopped as stopped: print(stopped.reason)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, str(report)], capture_output=True, text=True, check=True
    )
    assert process.stdout == "report_unwritable\n"
    assert report.read_bytes() == whole
    assert is_alone(report)
