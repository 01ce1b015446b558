"""The second run: the same command goes on, whatever happened to input, report or run in between."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from loader.simulator import SimulatorSettings
from tests.support.command import TYPES, Finished, end, report_of, rows_of, run, start_warm, wait_until
from tests.support.second_run import FAST, Account, checkpoint_of, column, pairs_file, statuses

PAIRS = [(1001 + n, 2001 + n) for n in range(10)]


@pytest.fixture
def account() -> Iterator[Account]:
    with Account() as account:
        yield account


def printed(ended: Finished) -> list[str]:
    """The commands that it prints to be copied."""
    lines = (line.strip() for line in ended.text.splitlines())
    return [line for line in lines if line.startswith("assoc-loader ")]


def test_a_pilot_then_the_rest(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    pilot = account.load(file, "--limit", "4")
    assert pilot.code == 0
    assert column(file, "status") == ["associated"] * 4 + ["not_sent"] * 6
    assert "6" in pilot.out
    assert "not_sent" not in pilot.out.replace("not sent", "")
    assert account.load(file, "--limit", "4").code == 0
    assert column(file, "status").count("associated") == 8
    assert account.load(file).code == 0
    assert account.puts == 10
    again = account.load(file)
    assert again.code == 0
    assert "Nothing sent" in again.text
    assert account.puts == 10


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        (lambda pairs: [*pairs, (3001, 4001)], 1),
        (lambda pairs: pairs[:5], 0),
        (lambda pairs: sorted(pairs, reverse=True), 0),
        (lambda pairs: [(3001, 4001), *pairs[::2]], 1),
        (lambda pairs: [*pairs[:-1], (1010, 2999)], 1),
    ],
    ids=["grown", "shrunk", "sorted", "filtered", "corrected"],
)
def test_only_what_was_never_settled_is_sent(
    account: Account, tmp_path: Path, change: object, sent: int
) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    changed = change(PAIRS)  # type: ignore[operator]
    pairs_file(tmp_path, changed)
    assert account.load(file).code == 0
    assert account.puts == 10 + sent
    gone = [pair for pair in PAIRS if pair not in changed]
    expected = [(str(n), str(a), str(b), "associated") for n, (a, b) in enumerate(changed, 1)]
    assert statuses(file) == expected + [("", str(a), str(b), "associated") for a, b in gone]


def test_a_corrected_row_is_a_new_pair(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("from_object_id,to_object_id\n1,2\n5.1E+11,4\n5,6\n")
    assert account.load(file).code == 1
    assert column(file, "status") == ["associated", "invalid", "associated"]
    file.write_text("from_object_id,to_object_id\n1,2\n3,4\n5,6\n")
    assert account.load(file).code == 0
    assert column(file, "status") == ["associated"] * 3
    assert account.puts == 3


def test_practice_first_then_the_real_thing(account: Account, tmp_path: Path) -> None:
    """The two "Start here" commands of --help: the second once sent nothing."""
    file = pairs_file(tmp_path, PAIRS)
    assert run("load", file, *TYPES, "--simulate").code == 0
    assert (tmp_path / "pairs.simulated.report.csv").exists()
    assert not report_of(file).exists()
    assert account.load(file, "--limit", "10").code == 0
    assert account.puts == 10


def test_practice_never_takes_the_place_of_the_real_thing(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--skip-existing").code == 0
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for option, path in (
        ("--report", report_of(file)),
        ("--checkpoint", checkpoint_of(file)),
        ("--checkpoint", notes),
    ):
        assert run("load", file, *TYPES, "--simulate", option, path).code == 2
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_each_simulated_load_starts_anew(tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    for _ in range(2):
        ended = run("load", file, *TYPES, "--simulate")
        assert ended.code == 0
        assert "SIMULATOR" in ended.out
        assert "10" in ended.out
        assert "Nothing sent" not in ended.text
        assert "edited" not in ended.text  # the first one's report
    assert not list(tmp_path.glob("*edited*"))


def test_two_accounts_are_never_one_load(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--limit", "2").code == 0
    with Account(999) as other:
        refused = other.load(file)
        assert refused.code == 2
        assert "62515" in refused.text
        assert "999" in refused.text
        assert other.puts == 0
    assert column(file, "status").count("associated") == 2


def test_another_account_is_noticed_also_with_nothing_left_to_send(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    with Account(999) as other:
        assert other.load(file).code == 2
    assert account.load(file, "--account-id", "999").code == 2


def test_the_same_export_for_another_type_is_another_load(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    command = (
        "load",
        str(file),
        "--from-type",
        "contacts",
        "--to-type",
        "deals",
        "--base-url",
        account.url,
        *FAST,
    )
    refused = run(*command)
    assert refused.code == 2
    assert "pairs.deals.report.csv" in refused.text
    assert "--limit 3" in run(*command, "--limit", "3").text  # the printed command is a pilot too
    assert run(*command, "--report", str(tmp_path / "pairs.deals.report.csv")).code == 0
    assert len(rows_of(tmp_path / "pairs.deals.report.csv")) == 10


def test_an_input_that_has_lost_its_pairs_is_refused(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, [(1, 2)])
    assert account.load(file).code == 0
    before = report_of(file).read_bytes()
    file.write_text("from_object_id,to_object_id\n", encoding="utf-8")
    ended = account.load(file)
    assert ended.code == 2
    assert "has no pairs any more" in ended.err
    assert report_of(file).read_bytes() == before


def test_a_report_without_its_checkpoint_is_not_guessed_at(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    report = report_of(file).read_bytes()
    checkpoint_of(file).unlink()
    refused = account.load(file)
    assert refused.code == 2
    assert "--overwrite" in refused.text
    checkpoint_of(file).touch()  # as a copy on a full disk leaves it
    assert account.load(file).code == 2
    assert report_of(file).read_bytes() == report
    assert account.load(file, "--overwrite").code == 0
    assert account.puts == 20


def test_overwrite_sets_the_earlier_load_aside(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--limit", "3").code == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert account.load(file, "--overwrite").code == 0
    assert account.puts == 13
    assert (tmp_path / "pairs.replaced-1.report.csv").read_bytes() == before[report_of(file).name]


@pytest.mark.parametrize("name", ["report.csv", "checkpoint.db"])
def test_a_load_that_was_set_aside_is_a_load_of_its_own(account: Account, tmp_path: Path, name: str) -> None:
    file = pairs_file(tmp_path, PAIRS[:4])
    assert account.load(file, "--skip-existing").code == 0
    pairs_file(tmp_path, PAIRS[4:])
    assert account.load(file, "--overwrite", "--skip-existing").code == 0
    new = report_of(file).read_bytes()
    aside = tmp_path / f"pairs.replaced-1.{name}"
    commands = printed(run("summary", aside))
    assert commands
    assert all("pairs.replaced-1.report.csv" in command for command in commands)
    assert account.run("undo", aside, "--yes").code == 0
    assert [account.has(*pair) for pair in PAIRS] == [False] * 4 + [True] * (len(PAIRS) - 4)
    assert report_of(file).read_bytes() == new, "the report of the other load"
    assert ",removed," in (tmp_path / "pairs.replaced-1.report.csv").read_text()


def test_an_input_that_changes_meanwhile_has_its_report_too(tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    with Account(settings=SimulatorSettings(rate_limit=1_000_000, latency=(0.1, 0.1))) as account:
        process = start_warm("load", file, "--base-url", account.url, *FAST, *TYPES, "--workers", "2")
        wait_until(lambda: account.puts > 0)
        with file.open("a") as more:
            more.write("77,88\n")
        stopped = end(process)
    assert stopped.code == 3
    assert stopped.text.count("was changed while it was being read") == 1
    assert column(file, "status")[-1] == "not_sent"
    assert len(column(file, "status")) == len(PAIRS) + 1
    assert printed(stopped)[-1].startswith("assoc-loader load")


@pytest.mark.parametrize(
    "log", ["pairs.checkpoint.db", "pairs.checkpoint.db-lock", "pairs.checkpoint.db-journal"]
)
def test_the_log_is_never_written_into_the_checkpoint(account: Account, tmp_path: Path, log: str) -> None:
    file = pairs_file(tmp_path, PAIRS)
    for command in (account.load, partial(account.run, "verify"), partial(account.run, "undo")):
        before = {path: path.read_bytes() for path in tmp_path.iterdir()}
        refused = command(file, "--log-file", tmp_path / log)
        assert refused.code == 2
        assert "Give the log file another name" in refused.text
        assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
        assert account.load(file).code == 0


def test_a_checkpoint_or_a_folder_is_no_place_for_a_report(account: Account, tmp_path: Path) -> None:
    file, other = pairs_file(tmp_path, PAIRS), pairs_file(tmp_path, PAIRS, "other.csv")
    assert account.load(file).code == 0
    (tmp_path / "folder").mkdir()
    shutil.copy(checkpoint_of(file), tmp_path / "copy.csv")
    before = {path.name for path in tmp_path.iterdir()}
    for name in (checkpoint_of(file).name, "copy.csv", "folder"):
        refused = account.load(other, "--report", tmp_path / name, "--overwrite")
        assert refused.code == 2, name
        assert {path.name for path in tmp_path.iterdir()} == before
    assert account.load(file).code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX")
def test_a_report_that_is_a_pipe_costs_nothing(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--limit", "1").code == 0
    report_of(file).unlink()
    os.mkfifo(report_of(file))
    ended = account.load(file)
    assert "it is not a file" in ended.text
    report_of(file).unlink()
    assert run("report", file).code == 0
    assert column(file, "status") == ["associated"] * len(PAIRS)


def test_the_report_of_a_load_is_no_input_of_it(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    refused = account.load(report_of(file))
    assert refused.code == 2
    assert "--retry" in refused.text


def test_retry_sends_what_was_refused_and_only_that(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    account.refuse(1003)
    assert account.load(file).code == 1
    assert column(file, "status").count("failed") == 1
    assert account.load(file).code == 1
    assert account.puts == 10
    account.heal()
    assert account.load(file, "--retry").code == 0
    assert account.puts == 11
    assert column(file, "status") == ["associated"] * 10


def test_the_three_files_may_be_moved_together(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--limit", "5").code == 0
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for path in (file, report_of(file), checkpoint_of(file)):
        path.rename(folder / path.name)
    moved = folder / file.name
    assert run("summary", moved).code == 0
    assert account.load(moved).code == 0
    assert account.puts == 10
    assert account.run("verify", checkpoint_of(moved)).code == 0


def test_two_inputs_of_one_stem_do_not_share_a_load(account: Account, tmp_path: Path) -> None:
    assert account.load(pairs_file(tmp_path, PAIRS, "pairs.csv")).code == 0
    other = pairs_file(tmp_path, [(1, 2)], "pairs.tsv")
    refused = account.load(other)
    assert refused.code == 2
    assert "--report" in refused.text
    for command in ("verify", "undo", "report", "summary"):
        ended = run(command, other) if command in ("report", "summary") else account.run(command, other)
        assert ended.code == 2
        assert "pairs.csv, not of" in ended.text


@pytest.mark.parametrize("method", ["put", "batch"])
def test_after_a_kill_the_same_command_goes_on_and_undo_takes_all_back(
    account: Account, tmp_path: Path, method: str
) -> None:
    """What was sent and not yet reported is not taken for something that existed before."""
    pairs = [(10_000 + n, 20_000 + n % 50) for n in range(3000 if method == "batch" else 100)]
    file = pairs_file(tmp_path, pairs)
    account.associate(*pairs[7])
    options = ("--skip-existing", "--method", method)
    process = start_warm("load", file, *TYPES, "--base-url", account.url, "--rate", "50/1", *options)
    wait_until(lambda: account.requests > (20 if method == "put" else 4))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert account.load(file, *options).code == 0
    rows = rows_of(report_of(file))
    assert [row["status"] for row in rows].count("existing") == 1
    assert {row["existed_before"] for row in rows if row["status"] == "associated"} == {"no"}
    assert account.run("undo", file, "--yes").code == 0
    assert [pair for pair in set(pairs) if account.has(*pair)] == [pairs[7]]


def test_a_second_run_at_the_same_time_is_refused(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, [(n, n) for n in range(5000, 5100)])
    process = start_warm("load", file, *TYPES, "--base-url", account.url, "--rate", "10/1")
    try:
        wait_until(lambda: account.puts > 3)
        for command in (("load", str(file), *TYPES), ("verify", str(file)), ("report", str(file))):
            more = () if command[0] == "report" else ("--base-url", account.url)
            refused = run(*command, *more)
            assert refused.code == 2
            assert str(process.pid) in refused.text
        looked = run("summary", file)
        assert looked.code == 0
        assert "has been running since" in looked.out
        assert "killed" not in looked.out
        assert "assoc-loader load" not in looked.out  # which would be refused as long as it runs
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
    assert "running" not in run("summary", file).out


def test_a_killed_run_is_not_called_running(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, [(n, n) for n in range(1, 100)])
    process = start_warm("load", file, *TYPES, "--base-url", account.url, "--rate", "10/1")
    wait_until(lambda: account.puts > 3)
    process.kill()
    process.communicate(timeout=20)
    assert "was killed" in run("summary", file).out


def test_a_refused_load_leaves_what_standard_input_was_saved_as(account: Account, tmp_path: Path) -> None:
    report, kept = tmp_path / "x.report.csv", tmp_path / "x.input.csv"
    command = ("load", "-", *TYPES, "--base-url", account.url, "--report", report)

    def pipe(text: str) -> int:
        with (tmp_path / "piped").open("w+") as file:
            file.write(text)
            file.seek(0)
            return run(*command, stdin=file).code

    header = "from_object_id,to_object_id\n"
    assert pipe(header + "1,2\n") == 0
    for text in ("<html>oops</html>\n", header + "7,8\n"):
        assert pipe(text) == 2
        assert kept.read_text() == header + "1,2\n"
    assert pipe(header + "1,2\n3,4\n") == 0
    assert run("summary", kept).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        *("x.report.csv", "x.input.csv", "x.checkpoint.db", "piped")
    }
    checkpoint_of(tmp_path / "x.csv").unlink()
    report.unlink()
    kept.write_text("of somebody else")
    assert pipe(header + "1,2\n") == 2
    assert kept.read_text() == "of somebody else"
