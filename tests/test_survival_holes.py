"""Reports with holes: what a power loss leaves in the middle of one, and what the commands make of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader.sandbox import Sandbox, SandboxSettings, SandboxState
from tests.outside import Serving, load, report_of, rows_of, run, write_pairs

UNLIMITED = SandboxSettings(rate_limit=1_000_000, daily_limit=None)
BLOCK = 4096


@pytest.fixture
def hubspot() -> Iterator[Serving[Sandbox]]:
    with Serving(lambda: Sandbox(UNLIMITED, state=SandboxState(100_000))) as serving:
        yield serving


def sent(serving: Serving[Sandbox]) -> int:
    return serving.ask(lambda sandbox: sandbox.state.calls["associate"])


def pairs(folder: Path, rows: int) -> Path:
    return write_pairs(folder / "pairs.csv", ((n, n + 10**6) for n in range(1, rows + 1)))


def lose(report: Path, *blocks: int) -> int:
    """Leave blocks of a report as a power loss leaves them; returns how many records they touch."""
    text = bytearray(report.read_bytes())
    before = {bytes(line) for line in text.splitlines()}
    for block in blocks:
        assert (block + 1) * BLOCK < len(text)
        text[block * BLOCK : (block + 1) * BLOCK] = bytes(BLOCK)
    report.write_bytes(text)
    return len(before - {bytes(line) for line in text.splitlines()})


def is_whole(report: Path, rows: int) -> None:
    assert [row["row"] for row in rows_of(report)] == [str(n) for n in range(1, rows + 1)]
    assert b"\0" not in report.read_bytes()


@pytest.mark.parametrize("blocks", [(3,), (1, 3, 4, 7)])
def test_good_records_behind_a_hole_are_kept(
    hubspot: Serving[Sandbox], tmp_path: Path, blocks: tuple[int, ...]
) -> None:
    file = pairs(tmp_path, 500)
    report = report_of(file)
    assert load(hubspot.url, file).code == 0
    whole = {row["row"]: row for row in rows_of(report)}
    eaten = lose(report, *blocks)
    assert 20 < eaten < 250
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == 500 + eaten
    is_whole(report, 500)
    kept = sum(row == whole[row["row"]] for row in rows_of(report))
    assert kept == 500 - eaten
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == 500 + eaten
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs.csv", "pairs.report.csv"]


def test_what_a_load_has_created_behind_a_hole_can_still_be_undone(
    hubspot: Serving[Sandbox], tmp_path: Path
) -> None:
    file = pairs(tmp_path, 500)
    report = report_of(file)
    assert load(hubspot.url, file, "--skip-existing").code == 0
    eaten = lose(report, 2)
    assert load(hubspot.url, file, "--skip-existing").code == 0
    assert Counter(row["status"] for row in rows_of(report)) == {"associated": 500 - eaten, "existing": eaten}
    undone = json.loads(run("undo", report, "--base-url", hubspot.url, "--yes", "--json").out)
    assert undone["counts"]["removed"] == 500 - eaten


def test_a_hole_and_a_torn_end_together(hubspot: Serving[Sandbox], tmp_path: Path) -> None:
    file = pairs(tmp_path, 300)
    report = report_of(file)
    assert load(hubspot.url, file).code == 0
    eaten = lose(report, 2)
    report.write_bytes(report.read_bytes()[:-30] + bytes(700))
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == 300 + eaten + 1
    is_whole(report, 300)


def test_a_hole_in_an_undo_report_is_mended_too(hubspot: Serving[Sandbox], tmp_path: Path) -> None:
    file = pairs(tmp_path, 300)
    assert load(hubspot.url, file, "--skip-existing").code == 0
    undo = ("undo", report_of(file), "--base-url", hubspot.url, "--yes")
    assert run(*undo).code == 0
    report = tmp_path / "pairs.undo.csv"
    whole = {row["row"]: row for row in rows_of(report)}
    eaten = lose(report, 2)
    assert run(*undo).code == 0
    is_whole(report, 300)
    assert sum(row == whole[row["row"]] for row in rows_of(report)) == 300 - eaten


def test_the_rest_of_a_cut_record_is_never_another_row(hubspot: Serving[Sandbox], tmp_path: Path) -> None:
    """Row 12 says in its own line what row 2 would say, but for the digit that the hole ends in."""
    file = write_pairs(tmp_path / "pairs.csv", [(7, 8) if n % 10 == 2 else (n, n + 99) for n in range(1, 30)])
    report = report_of(file)
    assert load(hubspot.url, file).code == 0
    lines = report.read_bytes().splitlines(keepends=True)
    twelfth = lines[12].replace(b",duplicate,", b",associated,")
    assert lines[2].startswith(b"2,") and twelfth.startswith(b"12,")  # noqa: PT018
    # Everything from the end of row 1 to the first digit of row 12 is gone.
    report.write_bytes(b"".join(lines[:2]) + bytes(BLOCK) + twelfth[1:] + b"".join(lines[13:]))
    before = sent(hubspot)
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == before + 10  # 2 to 11; 12 is a duplicate
    is_whole(report, 29)
    assert rows_of(report)[1]["status"] == "associated"
    assert rows_of(report)[11]["status"] == "duplicate"


@pytest.mark.parametrize("closed", [True, False])
def test_lines_inside_a_cell_that_a_hole_has_opened_are_never_rows(
    hubspot: Serving[Sandbox], tmp_path: Path, closed: bool
) -> None:
    """A note says what the report could say of another row, and a hole eats the quote before it."""
    forged = "3,contacts,3,companies,1000003,associated,200,1,HUBSPOT_DEFINED:279,no,,,,x,2026-01-01T00:00Z,"
    notes = {4: f"first\n{forged}\nlast"}
    rows = [(n, n + 10**6, notes.get(n, "")) for n in range(1, 8)]
    file = write_pairs(tmp_path / "pairs.csv", rows, ["note"])
    report = report_of(file)
    assert load(hubspot.url, file).code == 0
    text = report.read_bytes()
    third, note = text.index(b"\n3,contacts") + 1, text.index(b"first\n3,")
    end = len(text) if closed else text.index(b"\nlast") + 1
    report.write_bytes(text[:third] + bytes(BLOCK) + text[note:end])
    before = sent(hubspot)
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == before + (2 if closed else 5)
    is_whole(report, 7)
    assert [row["note"] for row in rows_of(report)] == [notes.get(n, "") for n in range(1, 8)]


def test_two_halves_around_a_hole_are_no_record(hubspot: Serving[Sandbox], tmp_path: Path) -> None:
    """Row 5 up to its association types, and row 9 from there on, have as many cells as one row."""
    file = pairs(tmp_path, 20)
    report = report_of(file)
    assert load(hubspot.url, file, "--skip-existing").code == 0
    lines = report.read_bytes().splitlines(keepends=True)
    first, second = lines[5], lines[9]
    joined = first[: first.index(b"HUBSPOT") + 3] + bytes(BLOCK) + second[second.index(b"HUBSPOT") + 3 :]
    report.write_bytes(b"".join(lines[:5]) + joined + b"".join(lines[10:]))
    refused = run("undo", report, "--base-url", hubspot.url, "--yes")
    assert refused.code == 2
    assert "has a hole of NUL bytes at line 6" in refused.err
    assert load(hubspot.url, file, "--skip-existing").code == 0
    is_whole(report, 20)
    statuses = [row["status"] for row in rows_of(report)]
    assert statuses == ["associated"] * 4 + ["existing"] * 5 + ["associated"] * 11


@pytest.mark.parametrize("command", ["undo", "verify", "summary"])
def test_what_can_not_mend_a_report_says_who_can(
    hubspot: Serving[Sandbox], tmp_path: Path, command: str
) -> None:
    file = pairs(tmp_path, 200)
    report = report_of(file)
    assert load(hubspot.url, file, "--skip-existing").code == 0
    lose(report, 2)
    damaged = report.read_bytes()
    options = {"undo": ("--yes", "--base-url", hubspot.url), "verify": ("--base-url", hubspot.url)}
    refused = run(command, report, *options.get(command, ()))
    assert refused.code == 2
    assert "has a hole of NUL bytes at line" in refused.err
    assert "Give the command that wrote the report once more" in refused.err
    assert report.read_bytes() == damaged
    assert load(hubspot.url, file, "--skip-existing").code == 0
    assert run(command, report, *options.get(command, ())).code == 0


@pytest.mark.parametrize("command", ["load", "check"])
@pytest.mark.parametrize("options", [("--only", "failed"), ()])
def test_a_report_with_a_hole_is_no_input(
    hubspot: Serving[Sandbox], tmp_path: Path, command: str, options: tuple[str, ...]
) -> None:
    """Rows are missing there, and the halves around the hole could look like one row."""
    file = write_pairs(tmp_path / "pairs.csv", ((9_000_404_000_000 + n, n) for n in range(1, 100)))
    report = report_of(file)
    assert load(hubspot.url, file).code == 1
    lose(report, 2)
    before = sent(hubspot)
    refused = run(command, report, *options, *(("--base-url", hubspot.url) if command == "load" else ()))
    assert refused.code == 2
    assert "a hole of NUL bytes" in refused.err
    assert sent(hubspot) == before


def test_a_hole_at_the_end_is_no_error_to_any_command(hubspot: Serving[Sandbox], tmp_path: Path) -> None:
    file = pairs(tmp_path, 50)
    report = report_of(file)
    assert load(hubspot.url, file, "--skip-existing").code == 0
    report.write_bytes(report.read_bytes() + bytes(BLOCK))
    assert "50 rows: 50 associated" in run("summary", report).out
    assert run("verify", report, "--base-url", hubspot.url).code == 0
    assert run("undo", report, "--base-url", hubspot.url, "--yes").code == 0
