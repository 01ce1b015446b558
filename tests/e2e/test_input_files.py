"""The files that people have (contract, section 2) from outside: the command, a server, what it leaves."""

from __future__ import annotations

import gzip
import os
import shlex
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import TYPES, Finished, Serving, end, load, report_of, rows_of, run, start_warm

HEADER = "from_object_id,to_object_id,note\n"
SAMPLES = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=1_000_000))) as server:
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
    ("sample", "options", "columns", "statuses"),
    [
        (
            "hubspot_contacts.csv",
            ["--from-type", "contacts", "--to-type", "companies"],
            "to: 'Associated Company IDs' (companies, from --to-type; may hold several)",
            {"associated": 11, "empty": 4},
        ),
        (
            "hubspot_contacts.csv",
            ["--from-type", "contacts", "--to-type", "deals"],
            "to: 'Associated Deal IDs' (deals, from --to-type; may hold several)",
            {"associated": 4, "empty": 9},
        ),
        (
            "hubspot_pairs.csv",
            [],
            "from: 'Record ID - Contact' (contacts, from the header)",
            {"associated": 11},
        ),
        (
            "hubspot_contacts.xlsx",
            ["--from-type", "contacts", "--allow-empty", "--sheet", "Contacts"],
            "to: 'Associated Company IDs' (companies, from the header; may hold several)",
            {"associated": 11, "empty": 4},
        ),
    ],
)
def test_the_real_shapes_load(
    sample: str,
    options: list[str],
    columns: str,
    statuses: dict[str, int],
    serving: Serving[Simulator],
    tmp_path: Path,
) -> None:
    file = tmp_path / sample
    file.write_bytes((SAMPLES / sample).read_bytes())
    before = puts(serving)
    finished = run("load", file, "--base-url", serving.url, *options)
    assert finished.code == 0, finished.text
    assert columns in finished.err
    assert Counter(row["status"] for row in rows_of(report_of(file))) == statuses
    assert puts(serving) == before + statuses["associated"]


def test_each_of_several_ids_is_a_line_of_the_report_with_the_row_s_number(
    serving: Serving[Simulator], tmp_path: Path
) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text("Record ID,Name,Associated Company IDs\n101,Ada,201;x;202;201\n102,Bo,\n")
    finished = run("load", file, "--base-url", serving.url, "--from-type", "contacts")
    assert finished.code == 1, finished.text
    rows = rows_of(report_of(file))
    assert [(row["row"], row["to_object_id"], row["status"], row["Name"]) for row in rows] == [
        ("1", "201", "associated", "Ada"),
        ("1", "x", "invalid", "Ada"),
        ("1", "202", "associated", "Ada"),
        ("1", "201", "duplicate", "Ada"),
        ("2", "", "empty", "Bo"),
    ]


def test_what_is_missing_is_told_with_a_command_that_works_as_printed(
    serving: Serving[Simulator], tmp_path: Path
) -> None:
    file = tmp_path / "my pairs.csv"
    file.write_text("Contact ID,Company ID\n1,2\n")
    words = ["'from_object_id'", "'to_object_id'", "object type the to-IDs", "'Contact ID', 'Company ID'"]
    finished = run("load", file, "--base-url", serving.url, "--from-type", "contacts")
    assert (finished.code, report_of(file).exists()) == (2, False)
    assert [word for word in words if word not in finished.err] == [], finished.err
    (command,) = (line for line in finished.err.splitlines() if "assoc-loader check" in line)
    program, *arguments = shlex.split(command[command.index("assoc-loader") :])
    assert program == "assoc-loader"
    assert run(*arguments).code == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'from_object_id,to_object_id,note\n1,2,a\n3,4,"b\n5,6,c\n', ["line 3", "never closes", "'note'"]),
        (b"from_object_id,to_object_id,note\n1,2,a\n3,4,caf\xe9\n", ["line 3", "0xE9", "--encoding cp1252"]),
        (
            b"from_object_id,to_object_id\n1,2\n\xef\xbb\xbfto_object_id,from_object_id\n2,1\n",
            ["line 3", "second"],
        ),
        (b"from_object_id,to_object_id\n1,2\n3" + b"\0" * 4096 + b"8\n", ["line 3", "hole of NUL bytes"]),
        # Without a time: the test's name is made of these bytes.
        (gzip.compress(b"from_object_id,to_object_id\n1,2\n", mtime=0), ["gzip archive", "ends in .gz"]),
    ],
    ids=range(5),
)
def test_a_file_that_can_not_be_trusted_is_refused_with_line_and_reason(
    data: bytes, words: list[str], serving: Serving[Simulator], tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    file.write_bytes(data)
    finished = refused(serving, file)
    assert [word for word in words if word not in finished.err] == [], finished.err


def test_a_genuine_text_that_reads_as_rows_loads_with_the_option_that_the_refusal_names(
    serving: Serving[Simulator], tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(HEADER + '101,201,"To merge:\n102,202,b"\n', encoding="utf-8")
    finished = refused(serving, file)
    assert "a quoted cell swallows lines that look like rows" in finished.err
    assert "--trust-quotes" in finished.err
    assert load(serving.url, file, "--trust-quotes").code == 0
    assert [row["note"] for row in rows_of(report_of(file))] == ["To merge:\n102,202,b"]


def test_a_packed_file_is_loaded(serving: Serving[Simulator], tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv.gz"
    file.write_bytes(gzip.compress((HEADER + "1,2,a\n3,4,b\n").encode()))
    assert load(serving.url, file).code == 0
    assert [row["note"] for row in rows_of(tmp_path / "pairs.report.csv")] == ["a", "b"]


def test_standard_input_is_kept_beside_the_report(serving: Serving[Simulator], tmp_path: Path) -> None:
    report, text = tmp_path / "out.report.csv", HEADER + '1,2,"two\nlines"\nx,3,\n1,2,\n'
    command = ("load", "-", "--base-url", serving.url, *TYPES, "--report", report)
    reading, writing = os.pipe()
    with open(reading) as stdin, open(writing, "w", encoding="utf-8") as pipe:
        process = start_warm(*command, stdin=stdin)
        pipe.write(text)
    assert end(process).code == 1
    assert [row["status"] for row in rows_of(report)] == ["associated", "invalid", "duplicate"]
    assert (tmp_path / "out.input.csv").read_text(encoding="utf-8") == text


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are files on POSIX only")
def test_a_pipe_has_no_folder_for_the_report(serving: Serving[Simulator], tmp_path: Path) -> None:
    pipe, report = tmp_path / "pipe", tmp_path / "out.report.csv"
    os.mkfifo(pipe)
    finished = refused(serving, pipe)
    assert "A pipe has no folder to put the report in: use --report" in finished.err
    writer = threading.Thread(target=pipe.write_text, args=(HEADER + "1,2,a\n",))
    writer.start()
    finished = load(serving.url, pipe, "--report", str(report))
    writer.join()
    assert finished.code == 0, finished.text
    assert [row["note"] for row in rows_of(report)] == ["a"]


@pytest.mark.skipif(sys.platform == "win32", reason="a closed standard input is a POSIX shell's <&-")
def test_a_closed_standard_input_is_refused_in_words(tmp_path: Path) -> None:
    load_it = [sys.executable, "-m", "loader", "load", "-", "--simulate", "--report", str(tmp_path / "r.csv")]
    shell = ["sh", "-c", 'exec "$@" <&-', "sh", *load_it, *TYPES]
    finished = subprocess.run(shell, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: standard input is ")


def test_neither_control_characters_nor_a_huge_cell_reach_the_screen(
    serving: Serving[Simulator], tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(HEADER + f"1\x1b[31m,2,a\n{'x' * 300_000},2,b\n")
    finished = load(serving.url, file)
    assert finished.code == 1
    assert "\x1b" not in finished.text
    assert len(finished.out) < 5000
