"""The input rules of the contract (section 2) from outside: the command, a server, the files it leaves."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader.model import OWN_COLUMNS
from loader.simulator import Simulator, SimulatorSettings
from tests.campaigns.dirty_archives import PACK
from tests.support.command import TYPES, Finished, Serving, end, load, report_of, rows_of, run, start

HEADER = "from_object_id,to_object_id,note\n"


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0))) as server:
        yield server


def puts(serving: Serving[Simulator]) -> int:
    return serving.ask(lambda simulator: sum(request.method == "PUT" for request in simulator.state.requests))


def refused(serving: Serving[Simulator], file: Path, *options: str) -> Finished:
    """Load a file that must not be loaded: exit 2, nothing sent, no report."""
    before = puts(serving)
    finished = load(serving.url, file, *options)
    assert finished.code == 2, finished.text
    assert puts(serving) == before
    assert not report_of(file).exists()
    return finished


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'from_object_id,to_object_id,note\n1,2,a\n3,4,"b\n5,6,c\n', ["line 3", "never closes", "'note'"]),
        (b'from_object_id,to_object_id,note\n1,2,"a\n3,4,b"\n', ["line 2", "swallows lines"]),
        (b'from_object_id,to_object_id,"note\n1,2,x\n3,4,y"\n5,6,z\n', ["line 1", "swallows lines"]),
        (b"from_object_id,to_object_id,note\n1,2,a\n3,4,caf\xe9\n", ["line 3", "0xE9", "--encoding cp1252"]),
        (b"contact,company\n1,2\n", ["'from_object_id'", "'contact', 'company'", "--from-column"]),
        (b"1,2\n3,4\n", ["line 1", "no header"]),
        (b"from_object_id,to_object_id,To_Object_ID\n1,2,3\n", ["2 times", "--to-column"]),
        (
            b"from_object_id,to_object_id\n1,2\nto_object_id,from_object_id\n2,1\n",
            ["line 3", "second header"],
        ),
        (b"", ["is empty"]),
        # Without a time: the test's name is made of these bytes.
        (gzip.compress(b"from_object_id,to_object_id\n1,2\n", mtime=0), ["gzip archive"]),
    ],
)
def test_a_broken_file_is_refused_with_line_and_reason(
    data: bytes, words: list[str], serving: Serving[Simulator], tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    file.write_bytes(data)
    finished = refused(serving, file)
    assert [word for word in words if word not in finished.err] == [], finished.err


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("head", ["  \n", "\n \u00a0\r\n\n", "\r \r", " \nsep={}\n  \n"])
def test_blank_lines_above_the_header_do_not_count_and_white_space_is_blank(
    head: str, delimiter: str, serving: Serving[Simulator], tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    text = head.format(delimiter) + HEADER.replace(",", delimiter) + f"x{delimiter}2{delimiter}\n"
    file.write_text(text, encoding="utf-8", newline="")
    assert load(serving.url, file).code == 1
    (row,) = rows_of(report_of(file))
    assert row["error_message"].startswith(f"line {len(text.splitlines())}: from_object_id 'x'")


@pytest.mark.parametrize("suffix", sorted(PACK))
def test_an_archive_cut_short_is_refused(suffix: str, serving: Serving[Simulator], tmp_path: Path) -> None:
    text = HEADER + "".join(f"{n},{n * 3},\n" for n in range(1, 40))
    file = tmp_path / f"pairs.csv{suffix}"
    file.write_bytes(PACK[suffix](text.encode())[:-9])
    assert suffix in refused(serving, file).err


def test_a_whole_archive_is_loaded(serving: Serving[Simulator], tmp_path: Path) -> None:
    """Of one kind, for all of them are opened in one place; `test_source_input` reads the others."""
    file = tmp_path / "pairs.csv.gz"
    file.write_bytes(gzip.compress((HEADER + "1,2,a\n3,4,b\n").encode()))
    assert load(serving.url, file).code == 0
    assert [row["note"] for row in rows_of(tmp_path / "pairs.report.csv")] == ["a", "b"]


def test_standard_input_needs_a_report_and_is_read_twice(serving: Serving[Simulator], tmp_path: Path) -> None:
    report = tmp_path / "out.csv"
    command = ("load", "-", "--base-url", serving.url, *TYPES, "--report", report)
    process = start(*command, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(HEADER + '1,2,"two\nlines"\nx,3,\n1,2,\n')
    process.stdin.close()
    process.stdin = None
    assert end(process).code == 1
    assert [row["status"] for row in rows_of(report)] == ["associated", "invalid", "duplicate"]


@pytest.mark.skipif(sys.platform == "win32", reason="a closed standard input is a POSIX shell's <&-")
def test_a_closed_standard_input_is_refused_in_words(tmp_path: Path) -> None:
    arguments = [
        sys.executable,
        "-m",
        "loader",
        "load",
        "-",
        "--simulate",
        "--report",
        str(tmp_path / "r.csv"),
    ]
    shell = ["sh", "-c", 'exec "$@" <&-', "sh", *arguments, *TYPES]
    finished = subprocess.run(shell, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: standard input is ")


def test_a_report_is_an_ordinary_input_of_another_load(serving: Serving[Simulator], tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(HEADER + "4041,2,x\n3,4,y\n")
    assert load(serving.url, file).code == 0
    other = tmp_path / "other.csv"
    other.write_bytes(report_of(file).read_bytes())
    assert run("load", other, "--base-url", serving.url).code == 0
    rows = rows_of(report_of(other))
    assert [(row["row"], row["status"], row["note"]) for row in rows] == [
        ("1", "associated", "x"),
        ("2", "associated", "y"),
    ]
    assert list(rows[0]) == [*OWN_COLUMNS, "note"]


def test_a_second_report_of_other_columns_in_a_report_is_refused(
    serving: Serving[Simulator], tmp_path: Path
) -> None:
    texts = []
    for header in ("note", "note,mail"):
        file = tmp_path / "pairs.csv"
        file.write_text(f"from_object_id,to_object_id,{header}\n1,2{',x' * len(header.split(','))}\n")
        assert load(serving.url, file, "--overwrite").code == 0
        texts.append(report_of(file).read_text(encoding="utf-8"))
    both = tmp_path / "both.csv"
    both.write_text("".join(texts), encoding="utf-8")
    assert "line 3: a second header" in refused(serving, both).err


def test_control_characters_of_a_cell_do_not_reach_the_screen(
    serving: Serving[Simulator], tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(HEADER + "1\x1b[31m,2,a\n")
    finished = load(serving.url, file)
    assert finished.code == 1
    assert "\x1b" not in finished.text
    assert "\x1b" not in rows_of(report_of(file))[0]["error_message"]


def test_the_result_shows_no_more_than_the_beginning_of_a_huge_cell(
    serving: Serving[Simulator], tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(f"from_object_id,to_object_id\n{'x' * 3_000_000},2\n", encoding="utf-8")
    finished = load(serving.url, file)
    assert finished.code == 1
    assert len(finished.out) < 5000
