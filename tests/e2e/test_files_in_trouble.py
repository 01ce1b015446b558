"""The report and the input in trouble: the disk, other hands, other runs, closed outputs (issue 4)."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorState
from tests.support.command import TYPES, Serving, end, load, report_of, rows_of, run, start, write_pairs
from tests.support.loaded import UNLIMITED, beginning, report_of_load, sent, unlimited

SLOW = replace(UNLIMITED, latency=(0.05, 0.1))

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files, limits and modes")
unprivileged = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)


@pytest.fixture(scope="module")
def hubspot() -> Iterator[Serving[Simulator]]:
    with unlimited() as serving:
        yield serving


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The finished report of thirty `pairs`."""
    return report_of_load(pairs(tmp_path_factory.mktemp("loaded"), 30))


@pytest.fixture(scope="module")
def slow() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SLOW, state=SimulatorState(100_000))) as serving:
        yield serving


def pairs(folder: Path, rows: int, first: int = 1) -> Path:
    return write_pairs(folder / "pairs.csv", ((n, n + 10**6) for n in range(first, first + rows)))


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def fill_the_disk() -> None:
    """The file size limit stands in for the disk: a write beyond it fails as on a full one."""
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def is_whole(report: Path, rows: int) -> None:
    assert [row["row"] for row in rows_of(report)] == [str(n) for n in range(1, rows + 1)]


# The disk


@posix
def test_a_full_disk_stops_the_run_and_costs_nothing(hubspot: Serving[Simulator], tmp_path: Path) -> None:
    file = pairs(tmp_path, 500)
    full = run("load", file, "--base-url", hubspot.url, *TYPES, preexec_fn=fill_the_disk)
    assert full.code == 3
    assert "can't be written any more: File too large" in full.err
    assert "same command again" in full.err
    assert all(row["status"] == "associated" for row in rows_of(report_of(file)))
    assert load(hubspot.url, file).code == 0
    is_whole(report_of(file), 500)


@posix
def test_the_summary_of_a_run_that_filled_the_disk_counts_what_the_report_has(
    hubspot: Serving[Simulator], slow: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(
        tmp_path / "pairs.csv", [("oops", 1), *((n, n + 10**6) for n in range(1, 1000))]
    )  # the first is invalid
    full = run(
        "load", file, "--base-url", slow.url, *TYPES, "--workers", "20", "--json", preexec_fn=fill_the_disk
    )
    told = json.loads(full.out)
    there = Counter(row["status"] for row in rows_of(report_of(file)))
    assert there.total() > 20
    assert told["stopped"] == "report_unwritable"
    assert {status: count for status, count in told["counts"].items() if count} == there
    assert told["rows"] == there.total()
    assert told["not_sent"] == 1000 - there.total()
    assert f"Stopped with {1000 - there.total():,} rows to go" in full.err
    assert load(hubspot.url, file).code == 1
    is_whole(report_of(file), 1000)


@posix
def test_an_undo_that_filled_the_disk_counts_what_its_report_has(
    hubspot: Serving[Simulator], tmp_path: Path
) -> None:
    file = pairs(tmp_path, 1000, first=4_000_000)
    assert load(hubspot.url, file, "--skip-existing", "--method", "batch").code == 0
    undo = ("undo", report_of(file), "--base-url", hubspot.url, "--yes", "--json")
    told = json.loads(run(*undo, preexec_fn=fill_the_disk).out)
    there = rows_of(tmp_path / "pairs.undo.csv")
    assert told["stopped"] == "report_unwritable"
    assert told["counts"]["removed"] == len(there) < 1000
    assert told["not_sent"] == 1000 - len(there)
    assert run(*undo).code == 0


@posix
def test_no_room_for_the_ordered_copy(hubspot: Serving[Simulator], tmp_path: Path) -> None:
    """The report itself fits; putting it into order is refused by a folder in the copy's place."""
    file = write_pairs(
        tmp_path / "pairs.csv", [("9000503001000", 5), *((n, n + 10**6) for n in range(1, 200))]
    )
    copy = tmp_path / "pairs.report.csv.ordering"
    copy.mkdir()
    (copy / "in the way").touch()
    stopped = load(hubspot.url, file)
    assert stopped.code == 3
    assert "could not be put into input order" in stopped.err
    (copy / "in the way").unlink()
    copy.rmdir()
    before = sent(hubspot)
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == before
    is_whole(report_of(file), 200)


@unprivileged
def test_a_folder_that_may_not_be_written(hubspot: Serving[Simulator], tmp_path: Path) -> None:
    file = pairs(tmp_path, 3)
    tmp_path.chmod(0o500)
    try:
        refused = load(hubspot.url, file)
    finally:
        tmp_path.chmod(0o700)
    assert refused.code == 2
    assert "can't be locked: Permission denied" in refused.err


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ("missing/report.csv", "there is no directory"),
        (".", "not a regular file"),
        ("/dev/null", "/dev/null"),
    ],
)
def test_a_report_that_can_be_none(
    hubspot: Serving[Simulator], tmp_path: Path, report: str, words: str
) -> None:
    if os.name != "posix" and report.startswith("/dev"):
        pytest.skip("Windows has no /dev")
    (tmp_path / "here").mkdir()
    before = sent(hubspot)
    refused = load(hubspot.url, pairs(tmp_path, 3), "-o", tmp_path / "here" / report)
    assert refused.code == 2
    assert words in refused.err
    assert sent(hubspot) == before


@posix
def test_a_pipe_is_no_report(hubspot: Serving[Simulator], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    refused = load(hubspot.url, pairs(tmp_path, 3), "-o", pipe, timeout=20)
    assert refused.code == 2
    assert "not a regular file" in refused.err
    assert load(hubspot.url, pairs(tmp_path, 3), "-o", pipe, "--overwrite", timeout=20).code == 2


#: The disk's work of a whole minute, but not for the first lines.
SLOW_DISK = """
import os, time
calls, fsync = [], os.fsync
def slow_fsync(descriptor):
    calls.append(descriptor)
    if len(calls) > 2:
        time.sleep(60)
    fsync(descriptor)
os.fsync = slow_fsync
"""


@posix
def test_a_slow_disk_keeps_no_line_from_the_report(slow: Serving[Simulator], tmp_path: Path) -> None:
    """`kill -9` loses nothing that the operating system has, and that must not wait for the disk."""
    (tmp_path / "sitecustomize.py").write_text(SLOW_DISK)
    file = pairs(tmp_path, 3000)
    before = sent(slow)
    process = start(
        *("load", file, "--base-url", slow.url, *TYPES, "--workers", "10"), env={"PYTHONPATH": str(tmp_path)}
    )
    wait_until(lambda: sent(slow) - before > 400)
    process.kill()
    end(process)
    assert len(report_of(file).read_bytes().splitlines()) > 200


@posix
def test_a_report_behind_a_link_stays_where_it_lies(hubspot: Serving[Simulator], tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "link.csv").symlink_to(there / "real.csv")
    file = write_pairs(
        tmp_path / "pairs.csv", [("9000503001001", 5), *((n, n + 10**6) for n in range(1, 50))]
    )
    assert load(hubspot.url, file, "-o", tmp_path / "link.csv").code == 0
    assert (tmp_path / "link.csv").is_symlink()
    is_whole(there / "real.csv", 50)
    assert sorted(os.listdir(there)) == ["real.csv"]


# Other hands


@posix
def test_a_report_deleted_meanwhile_is_put_back(slow: Serving[Simulator], tmp_path: Path) -> None:
    file = pairs(tmp_path, 1000)
    process = start("load", file, "--base-url", slow.url, *TYPES, "--workers", "10")
    report = report_of(file)
    wait_until(lambda: report.exists() and report.stat().st_size > 5000)
    report.unlink()
    stopped = end(process)
    assert stopped.code == 3
    assert "was deleted or moved" in stopped.err
    assert len(rows_of(report)) > 20
    assert load(slow.url, file).code == 0
    is_whole(report, 1000)


@posix
def test_a_report_deleted_while_nothing_is_written_is_put_back(tmp_path: Path) -> None:
    file = pairs(tmp_path, 1000)
    report = report_of(file)
    with Serving(lambda: Simulator(SLOW)) as away:
        process = start(
            "load", file, "--base-url", away.url, *TYPES, "--workers", "20", "--outage-timeout", "3"
        )
        wait_until(lambda: report.exists() and report.stat().st_size > 5000)
    time.sleep(1)  # the outage has begun, and what was settled before is on the disk
    report.unlink()
    stopped = end(process)
    assert stopped.code == 3
    assert "was deleted or moved" in stopped.err
    assert len(rows_of(report)) > 20


@posix
@pytest.mark.parametrize("how", ["edited", "replaced"])
def test_a_report_that_others_write_is_left_to_them(
    slow: Serving[Simulator], tmp_path: Path, how: str
) -> None:
    file = pairs(tmp_path, 3000)
    process = start("load", file, "--base-url", slow.url, *TYPES, "--workers", "20")
    report = report_of(file)
    wait_until(lambda: report.exists() and report.stat().st_size > 5000)
    if how == "edited":
        with report.open("a") as other:
            other.write("hello\n")
    else:
        (tmp_path / "other").write_text("hello\n")
        (tmp_path / "other").replace(report)
    stopped = end(process)
    assert stopped.code == 3
    assert how in stopped.err
    assert "hello\n" in report.read_text()


def test_a_report_of_another_input_is_left_untouched(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes
) -> None:
    report = tmp_path / "pairs.report.csv"
    report.write_bytes(whole)
    before = sent(hubspot)
    other = write_pairs(tmp_path / "other.csv", ((n, n + 5) for n in range(1, 31)))
    refused = load(hubspot.url, other, "-o", report)
    assert refused.code == 2
    assert "is not the report of this input" in refused.err
    assert "--overwrite" in refused.err
    assert report.read_bytes() == whole
    assert sent(hubspot) == before


Rows = list[tuple[int, int]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda rows: [*rows[:4], (99, 99), *rows[5:]],
            "row 5, from_object_id is '5' in the report and '99'",
        ),
        (lambda rows: rows[:4] + rows[5:], "row 5, "),
        (lambda rows: [*rows[:4], (99, 99), *rows[4:]], "row 5, "),
        (lambda rows: rows[:7], "row 8, and the input has 7 rows"),
    ],
    ids=["a row changed", "a row removed", "a row inserted", "the end cut off"],
)
def test_an_input_changed_between_two_runs(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes, change: Callable[[Rows], Rows], words: str
) -> None:
    rows = [(n, n + 10**6) for n in range(1, 11)]
    file = write_pairs(tmp_path / "pairs.csv", change(rows))
    kept = beginning(whole, 10)
    report_of(file).write_bytes(kept)
    before = sent(hubspot)
    refused = load(hubspot.url, file)
    assert refused.code == 2
    assert words in refused.err
    assert report_of(file).read_bytes() == kept
    assert sent(hubspot) == before


def test_an_input_grown_at_its_end_goes_on(hubspot: Serving[Simulator], tmp_path: Path, whole: bytes) -> None:
    file = pairs(tmp_path, 15)
    report_of(file).write_bytes(beginning(whole, 10))
    before = sent(hubspot)
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == before + 5
    is_whole(report_of(file), 15)


@posix
@pytest.mark.parametrize("how", ["overwritten", "deleted", "cut off", "appended to"])
def test_an_input_changed_during_the_run(slow: Serving[Simulator], tmp_path: Path, how: str) -> None:
    """What was read in the first pass may be buffered, so the file is large and the change far behind."""
    rows = 300_000
    file = pairs(tmp_path, rows)
    process = start("load", file, "--base-url", slow.url, *TYPES, "--workers", "20")
    report = report_of(file)
    wait_until(lambda: report.exists() and report.stat().st_size > 3000)
    text = file.read_bytes()
    match how:
        case "overwritten":
            with file.open("r+b") as opened:
                opened.seek(len(text) - 1000)
                opened.write(b"9")
        case "deleted":
            file.unlink()
        case "cut off":
            os.truncate(file, len(text) - 5000)
        case _:
            with file.open("ab") as opened:
                opened.write(b"7,7\n")
    time.sleep(0.3)
    if how != "deleted":
        assert process.poll() is None, "it saw a change in what it had not come to yet"
    process.terminate()
    end(process)
    file.write_bytes(text)
    assert all(row["status"] == "associated" for row in rows_of(report))


def test_two_runs_on_one_report(slow: Serving[Simulator], tmp_path: Path) -> None:
    file = pairs(tmp_path, 1000)
    # So slow that the first outlives the others on the busiest machine.
    first = start("load", file, "--base-url", slow.url, *TYPES, "--workers", "2")
    wait_until(lambda: report_of(file).exists() and report_of(file).stat().st_size > 1000)
    second = load(slow.url, file)
    assert second.code == 2
    assert f"is in use by process {first.pid}" in second.err
    overwriting = load(slow.url, file, "--overwrite")
    assert overwriting.code == 2
    first.terminate()
    assert end(first).code == 143
    assert load(slow.url, file).code == 0
    is_whole(report_of(file), 1000)


# Closed and full outputs


@posix
@pytest.mark.parametrize("redirect", [">&-", "2>&-", ">&- 2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_closed_standard_streams(
    hubspot: Serving[Simulator], tmp_path: Path, redirect: str, options: tuple[str, ...]
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (9000404000001, 3)])
    finished = in_shell(hubspot, file, redirect, options)
    assert finished.returncode == 1, finished.stderr
    assert "Traceback" not in finished.stderr + finished.stdout
    assert "Exception" not in finished.stderr
    is_whole(report_of(file), 2)


@posix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("redirect", [">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full"])
def test_full_standard_streams(hubspot: Serving[Simulator], tmp_path: Path, redirect: str) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (9000404000001, 3)])
    finished = in_shell(hubspot, file, redirect, ())
    assert "Traceback" not in finished.stderr + finished.stdout
    assert "Exception" not in finished.stderr
    assert "inside assoc-loader" not in finished.stderr
    assert finished.returncode == 1
    if redirect == ">/dev/full":
        assert "The result can't be printed: No space left on device" in finished.stderr
    is_whole(report_of(file), 2)


@posix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
@pytest.mark.parametrize(
    ("command", "code"), [("check pairs.csv", 3), ("summary", 3), ("verify", 0), ("undo --yes", 0)]
)
def test_a_full_standard_output_of_the_other_commands(
    hubspot: Serving[Simulator], tmp_path: Path, command: str, code: int
) -> None:
    """Where the output was all that the command makes, its exit code must not say that all is well."""
    new = 5_000_000 + 10 * len(command)  # to the server that all share
    file = write_pairs(tmp_path / "pairs.csv", [(new, 2), (new + 1, 3)])
    assert load(hubspot.url, file, "--skip-existing").code == 0
    words = [file if word == "pairs.csv" else word for word in command.split()]
    words += [*TYPES, "--overwrite"] if "check" in words else [report_of(file)]
    words += [] if "summary" in words else ["--base-url", hubspot.url]
    with open("/dev/full", "w") as full:
        finished = run(*words, stdout=full)
    assert finished.code == code
    assert "The result can't be printed: No space left on device" in finished.err
    if "undo" in words:
        assert len(rows_of(tmp_path / "pairs.undo.csv")) == 2


@posix
def test_a_reader_that_leaves(hubspot: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (9000404000001, 3)])
    finished = in_shell(hubspot, file, "| true", ())
    assert "Traceback" not in finished.stderr
    assert "Exception" not in finished.stderr
    is_whole(report_of(file), 2)


@posix
def test_a_terminal_that_is_closed_meanwhile(slow: Serving[Simulator], tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    file = pairs(tmp_path, 500)
    process = start(
        "load", file, "--base-url", slow.url, *TYPES, "--workers", "10", stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    wait_until(lambda: report_of(file).exists() and report_of(file).stat().st_size > 1000)
    os.close(ours)
    finished = end(process)
    assert finished.code == 0
    assert "Finished: 500 of 500 pairs associated" in finished.out
    is_whole(report_of(file), 500)


def in_shell(
    hubspot: Serving[Simulator], file: Path, redirect: str, options: tuple[str, ...]
) -> subprocess.CompletedProcess[str]:
    command = f'exec "$0" -m loader load "$1" --base-url "$2" {" ".join([*TYPES, *options])} {redirect}'
    return subprocess.run(
        ["bash", "-c", command, sys.executable, str(file), hubspot.url],
        env={**os.environ, "HUBSPOT_ACCESS_TOKEN": "pat-test"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# Reports that come back from elsewhere, or from a kill, with nothing left to do


@pytest.mark.parametrize("tail", [b"11,contacts,1", b"\0" * 4096, b"\n", b'"', b"rubbish\n"])
@pytest.mark.parametrize("options", [("--limit", "10"), ()])
def test_damage_at_the_end_of_a_report_is_cut_off_where_nothing_is_left_to_do(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes, tail: bytes, options: tuple[str, ...]
) -> None:
    file = pairs(tmp_path, 30)
    report = report_of(file)
    sound = beginning(whole, 10) if options else whole
    report.write_bytes(sound + tail)
    before = sent(hubspot)
    again = load(hubspot.url, file, *options)
    assert again.code == 0, again.err
    assert report.read_bytes() == sound
    assert sent(hubspot) == before


def test_damage_at_the_end_of_an_undo_report_is_cut_off_too(
    hubspot: Serving[Simulator], tmp_path: Path
) -> None:
    file = pairs(tmp_path, 3, first=7_000_000)
    assert load(hubspot.url, file, "--skip-existing").code == 0
    undo = ("undo", report_of(file), "--base-url", hubspot.url, "--yes")
    assert run(*undo).code == 0
    report = tmp_path / "pairs.undo.csv"
    whole = report.read_bytes()
    report.write_bytes(whole + b"\0" * 50)
    assert run(*undo).code == 0
    assert report.read_bytes() == whole


@pytest.mark.parametrize("done", [10, 30])
def test_a_report_that_was_saved_with_quotes_is_gone_on_with(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes, done: int
) -> None:
    file = pairs(tmp_path, 30)
    report = report_of(file)
    report.write_bytes(beginning(whole, done) if done < 30 else whole)
    with report.open(encoding="utf-8", newline="") as old:
        rows = list(csv.reader(old))
    with report.open("w", encoding="utf-8", newline="") as new:
        csv.writer(new, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows[:1] + rows[:0:-1])
    again = load(hubspot.url, file)
    assert again.code == 0, again.err
    is_whole(report, 30)


def test_overwrite_throws_the_old_report_away_even_where_no_row_is_chosen(
    hubspot: Serving[Simulator], tmp_path: Path
) -> None:
    file = pairs(tmp_path, 3)
    assert load(hubspot.url, file).code == 0
    write_pairs(file, [])
    assert load(hubspot.url, file, "--overwrite").code == 0
    assert rows_of(report_of(file)) == []
