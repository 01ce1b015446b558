"""Reports that another program has saved again or a person has edited: gone on with or refused, not lost."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from loader.simulator import Simulator
from tests.support.command import Serving, load, report_of, rows_of, run, write_pairs
from tests.support.loaded import beginning, let_stand_as_reported, report_of_load, sent, unlimited

ROWS = 30


@pytest.fixture
def hubspot() -> Iterator[Serving[Simulator]]:
    with unlimited() as serving:
        yield serving


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The finished report of `pairs`."""
    return report_of_load(pairs(tmp_path_factory.mktemp("loaded")))


def pairs(folder: Path) -> Path:
    """Good pairs, one that repeats another and so has no HTTP status, and notes that need quotes."""
    notes = {3: "two\nlines", 5: 'with "quotes", and a comma', 7: "é"}
    rows = [(n, n + 10**6, notes.get(n, "plain")) for n in range(1, ROWS)]
    return write_pairs(folder / "pairs.csv", [*rows[:8], (1, 1 + 10**6, "again"), *rows[8:]], ["note"])


# What other programs do when they save


def by_pandas(report: Path) -> None:
    frame = pd.read_csv(report)  # whose empty cells make the HTTP status a float
    frame["row"] = frame["row"].astype(float)
    frame["attempts"] = frame["attempts"].astype(float)
    frame.to_csv(report, index=False, lineterminator="\n")


def with_marks_and_crlf(report: Path) -> None:
    with report.open(encoding="utf-8", newline="") as old:
        rows = list(csv.reader(old))
    with report.open("w", encoding="utf-8-sig", newline="") as new:
        csv.writer(new, lineterminator="\r\n").writerows(rows)


def with_crlf(report: Path) -> None:
    with_marks_and_crlf(report)
    report.write_bytes(report.read_bytes()[3:])


def with_a_mark(report: Path) -> None:
    report.write_bytes(b"\xef\xbb\xbf" + report.read_bytes())


def with_quotes(report: Path) -> None:
    with report.open(encoding="utf-8", newline="") as old:
        rows = list(csv.reader(old))
    with report.open("w", encoding="utf-8", newline="") as new:
        csv.writer(new, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)


SAVED = [by_pandas, with_marks_and_crlf, with_crlf, with_a_mark, with_quotes]


@pytest.mark.parametrize("save", SAVED)
def test_a_finished_report_is_put_back_as_it_was(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes, save: Callable[[Path], None]
) -> None:
    file = pairs(tmp_path)
    report = report_of(file)
    report.write_bytes(whole)
    save(report)
    assert report.read_bytes() != whole
    again = load(hubspot.url, file)
    assert again.code == 0, again.err
    assert sent(hubspot) == 0
    assert report.read_bytes() == whole


@pytest.mark.parametrize("save", SAVED)
def test_a_report_that_is_not_finished_is_gone_on_with_in_one_form(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes, save: Callable[[Path], None]
) -> None:
    file = pairs(tmp_path)
    report = report_of(file)
    begun = beginning(whole, 20)
    report.write_bytes(begun)
    save(report)
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == ROWS - 20
    assert report.read_bytes().startswith(begun)
    assert b"\r" not in report.read_bytes()
    assert [row["row"] for row in rows_of(report)] == [str(n) for n in range(1, ROWS + 1)]


@pytest.mark.parametrize("save", SAVED)
def test_the_other_commands_read_what_other_programs_save(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes, save: Callable[[Path], None]
) -> None:
    report = report_of(pairs(tmp_path))
    report.write_bytes(whole)
    let_stand_as_reported(hubspot, report)
    save(report)
    assert "All 29 pairs are associated" in run("summary", report).out
    assert run("verify", report, "--base-url", hubspot.url).code == 0
    undone = json.loads(run("undo", report, "--base-url", hubspot.url, "--yes", "--json").out)
    assert undone["counts"]["removed"] == 29


# What nobody's crash leaves


def plain_pairs(folder: Path) -> Path:
    return write_pairs(folder / "pairs.csv", ((n, n + 10**6, "plain") for n in range(1, 31)), ["note"])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The finished report of `plain_pairs`."""
    return report_of_load(plain_pairs(tmp_path_factory.mktemp("plain")))


def in_each_row(pattern: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Changes every record, but not the header."""

    def change(text: bytes) -> bytes:
        header, _, rest = text.partition(b"\n")
        return header + b"\n" + re.sub(pattern, new, rest, flags=re.MULTILINE)

    return change


def quoted_and_damaged(text: bytes) -> bytes:
    lines = in_each_row(rb"^(\d+),", rb'"\1",')(text).splitlines(keepends=True)
    return b"".join([*lines[:5], lines[5][:30] + b"\n", *lines[6:]])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (in_each_row(rb"^(\d+),", rb"\1.5,"), 2),
        (in_each_row(rb"^(\d+),", rb"no. \1,"), 2),
        (in_each_row(rb",plain$", rb""), 2),
        (in_each_row(rb",plain$", rb",plain,"), 2),
        (quoted_and_damaged, 6),
        (lambda text: text + b"rubbish\nmore rubbish\n", 32),
        (lambda text: text + b"Sum" + b"," * 15 + b"\n", 32),
        (lambda text: text[: -len(text.splitlines()[-1]) - 1] + b"x" + text.splitlines()[-1] + b"\n", 31),
    ],
    ids=[
        "fractions for rows",
        "words for rows",
        "a column less",
        "a column more",
        "a damaged line between quoted ones",
        "several lines behind the end",
        "a line of sums",
        "the last row renamed",
    ],
)
def test_what_no_crash_leaves_is_refused_and_not_thrown_away(
    hubspot: Serving[Simulator], tmp_path: Path, plain: bytes, change: Callable[[bytes], bytes], line: int
) -> None:
    file = plain_pairs(tmp_path)
    report = report_of(file)
    changed = change(plain)
    report.write_bytes(changed)
    refused = load(hubspot.url, file)
    assert refused.code == 2
    assert f"is damaged at line {line}" in refused.err
    assert "Mend or delete that line" in refused.err
    assert "--overwrite" in refused.err
    assert report.read_bytes() == changed
    assert sent(hubspot) == 0
    assert f"is damaged at line {line}" in run("summary", report).err


@pytest.mark.parametrize("command", ["verify", "undo"])
def test_the_other_commands_refuse_what_no_crash_leaves(tmp_path: Path, plain: bytes, command: str) -> None:
    """They read reports as `summary` does, so one damage speaks for all."""
    report = report_of(plain_pairs(tmp_path))
    report.write_bytes(quoted_and_damaged(plain))
    refused = run(command, report)
    assert refused.code == 2
    assert "is damaged at line 6" in refused.err
    assert report.read_bytes() == quoted_and_damaged(plain)
